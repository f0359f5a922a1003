/* watch.test.mjs - who holds the bench, events and alarms, protection, instruments: on a bench that exists only here */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { eventually, rig, shoot, sign_in } from "./browser.mjs";
import { FakeServer } from "./fake_server.mjs";

let server;
let url;
const open = rig(async () => {
	server = new FakeServer({ outputs: true, alarms: 3, trips: 2, protection: true });
	url = await server.start();
}, () => server.stop());

const visit = (options, at = "") => open(url + at, options);

/* Accounts with this role and grants; anna is signed in. */
async function signed_in({ role = "user", may = ["read", "operate"], at = "", ...options } = {}) {
	server.people = { anna: "correct horse" };
	server.role = role;
	server.may = may;
	const p = await visit(options);
	await sign_in(p.page, "anna", "correct horse");
	if (at !== "")
		await p.page.evaluate((hash) => { location.hash = hash; }, at);
	return p;
}

/* ---- who holds the bench ---- */

test("nobody holds it: it is taken, handed over by name, and let go", async () => {
	const { page, complaints } = await signed_in();
	server.verdict_of = ({ path, body }) => {
		if (path === "/api/v1/hold")
			server.holder = body.take ? "user:anna" : body.to ? `user:${body.to}` : null;
		return { verdict: "verified", text: "" };
	};
	await page.locator(".hold-open").click();
	await page.locator(".hold-box").getByRole("button", { name: "Take the bench" }).click();
	await eventually(async () => assert.match(await page.locator(".held-by").innerText(), /Held by you\s+since \d\d:/));
	await shoot(page, "hold_mine");
	await page.locator(".hold-open").click();
	await page.locator(".hold-box").getByRole("button", { name: "Hand over" }).click();
	await eventually(async () => assert.match(await page.locator(".hold-box .message").innerText(), /Write the name/));
	await page.locator(".hold-box input").fill("bert");
	await shoot(page, "hold_box");
	await page.keyboard.press("Enter");
	await eventually(async () => assert.match(await page.locator(".held-by").innerText(), /Held by bert/));
	assert.deepEqual(server.orders.map(({ body: { id, ...rest } }) => rest), [{ take: true }, { to: "bert" }]);
	server.holder = "user:anna";
	await eventually(async () => assert.match(await page.locator(".held-by").innerText(), /Held by you/));
	await page.locator(".hold-open").click();
	await page.locator(".hold-box").getByRole("button", { name: "Nobody is to hold it" }).click();
	await page.locator(".held-by").waitFor({ state: "detached" });
	assert.deepEqual(complaints, []);
});

test("another holds it: what is refused names who; only an administrator takes it by force, with a reason; in French", async () => {
	server.holder = "user:bert";
	const { page } = await signed_in({ locale: "fr-FR" });
	await eventually(async () => assert.match(await page.locator(".held-by").innerText(), /Tenu par bert/));
	server.verdict_of = () => ({ verdict: "refused", text: "user:bert holds the bench since 2026-03-01T12:34:56Z; ask for it" });
	const field = page.locator('tr[data-channel="N2_flow"] input.set');
	await field.fill("8");
	await field.press("Enter");
	await eventually(async () => assert.match(await page.locator('tr[data-channel="N2_flow"] p.verdict').innerText(), /refusé.*user:bert holds the bench/));
	await page.locator(".hold-open").click();
	assert.equal(await page.locator(".hold-box form").count(), 0);
	const admin = await signed_in({ role: "admin" });
	await admin.page.locator(".hold-open").click();
	await admin.page.getByRole("button", { name: "Take it by force" }).click();
	await eventually(async () => assert.match(await admin.page.locator(".hold-box .message").innerText(), /Write in a few words why/));
	server.verdict_of = () => {
		server.holder = "user:anna";
		return { verdict: "verified", text: "" };
	};
	await admin.page.locator(".hold-box input").fill("a leak");
	await admin.page.keyboard.press("Enter");
	await eventually(async () => assert.match(await admin.page.locator(".held-by").innerText(), /Held by you/));
	const { id, ...body } = server.orders.at(-1).body;
	assert.deepEqual(body, { take: true, force: true, reason: "a leak" });
});

test("whoever holds it is shown without accounts too; nothing is pressed there; after a lost stream it is old", async () => {
	server.holder = "maria";
	const { page } = await visit();
	await eventually(async () => assert.match(await page.locator(".held-by").innerText(), /Held by maria \(at the bench's computer\)/));
	assert.equal(await page.locator(".hold-open").count(), 0);
	server.silent = true;
	await page.locator(".held-by.old").waitFor();
});

test("instruments and holder of which the server does not tell any more are old, though values come", async () => {
	server.holder = "maria";
	const { page } = await visit();
	await page.locator(".held-by:not(.old)").waitFor();
	await page.locator('.card[data-instrument="daq"].up').waitFor();
	const answer = server.answer.bind(server);
	server.answer = (req, res) => (/^\/api\/v1\/(bench|instruments|hold)$/.test(req.url) ? void res.writeHead(503).end() : answer(req, res));
	await page.getByText("The server does not tell how the instruments are now").waitFor();
	assert.equal(await page.locator('[data-state="running"]').count(), 1, "values still come");
	assert.equal(await page.locator('.card[data-instrument="daq"].old').count(), 1);
	assert.equal(await page.locator(".held-by:not(.old)").count(), 0);
	server.answer = answer;
	await page.locator('.card[data-instrument="daq"].up').waitFor();
	await page.locator(".held-by:not(.old)").waitFor();
});

test("after a changed bench file that cannot be asked for, what protects is said to be of the one before", async () => {
	const { page } = await visit({}, "#protection");
	await page.locator('[data-guard="t0"]').waitFor();
	server.has_protection = false;
	server.tell("changed", { generation: 2 });
	await page.getByText("may be of the bench file before").waitFor();
	server.has_protection = true;
	await page.getByText("may be of the bench file before").waitFor({ state: "detached" });
});

/* ---- events and alarms ---- */

const HOUR = 3_600_000;

test("alarms stand in a table, those that wait first; all are acknowledged, the horn is silenced, one is shelved", async () => {
	const { page, complaints } = await signed_in({ at: "#events" });
	await page.getByText("All are normal.").waitFor();
	assert.equal(await page.locator("tr[data-alarm]").count(), 0);
	server.force("alarm.a1", "unacknowledged", "good", "good");
	server.force("alarm.a2", "latched_acknowledged", "good", "good");
	await eventually(async () => assert.deepEqual(await page.locator("tr[data-alarm]").evaluateAll((all) => all.map((r) => r.dataset.alarm)), ["a1", "a2"]));
	assert.match(await page.locator('tr[data-alarm="a1"]').innerText(), /not acknowledged[^]*high[^]*a1[^]*Alarm 1[^]*Look at it/);
	await page.locator(".check input").check();
	await eventually(async () => assert.equal(await page.locator("tr[data-alarm]").count(), 3));
	await page.locator(".ack-all").click();
	await page.locator(".silence").click();
	await page.locator('tr[data-alarm="a2"]').getByRole("button", { name: "Reset a2" }).click();
	await page.locator('tr[data-alarm="a1"]').getByRole("button", { name: "Shelve a1" }).click();
	await page.locator(".shelve-box input").fill("the sensor is replaced");
	await page.keyboard.press("Enter");
	await eventually(async () => assert.deepEqual(server.orders.map((o) => o.path.slice(8)), ["alarms/ack", "silence", "alarms/a2/reset", "alarms/a1/shelve"]));
	assert.equal(await page.getByRole("button", { name: /out of service/i }).count(), 0, "it takes the grant 'protect'");
	await shoot(page, "events_alarms");
	server.silent = true;
	await page.locator("tr.alarm-row.old").first().waitFor();
	assert.equal(await page.locator(".ack-all").isDisabled(), true);
	assert.deepEqual(complaints, []);
});

for (const [where, at, row] of [["beside the bench", "", "li[data-alarm]"], ["in the table", "#events", "tr[data-alarm]"]])
	test(`alarm rows stay under the pointer, new ones come below and are told: ${where}`, async () => {
		const { page } = await visit({}, at);
		const names = () => page.locator(row).evaluateAll((all) => all.map((r) => r.dataset.alarm));
		server.force("alarm.a1", "acknowledged", "good", "good");
		await eventually(async () => assert.deepEqual(await names(), ["a1"]));
		await page.locator(row).hover();
		server.force("alarm.a2", "unacknowledged", "good", "good");
		await eventually(async () => assert.deepEqual(await names(), ["a1", "a2"], "the one that waits comes first, but not under the pointer"));
		await page.getByText("1 new, below").waitFor();
		server.force("alarm.a1", "normal", "good", "good");
		await eventually(async () => assert.match(await page.locator(row).first().innerText(), /normal/));
		assert.deepEqual(await names(), ["a1", "a2"]);
		await page.mouse.move(0, 0);
		await eventually(async () => assert.deepEqual(await names(), ["a2"]));
		assert.equal(await page.getByText("1 new, below").count(), 0);
	});

test("more trips than fit are told, and shown when wanted; the clock names its zone", async () => {
	const mine = new FakeServer({ trips: 70 });
	const p = await open(await mine.start(), { timezoneId: "Asia/Kolkata" });
	try {
		for (let i = 0; i < 70; i++)
			mine.force(`trip.t${i}`, "tripped", "good", "good");
		await eventually(async () => assert.match(await p.page.locator(".trips-more").innerText(), /and 20 more/));
		assert.equal(await p.page.locator("li[data-trip]").count(), 50);
		await p.page.locator(".trips-more button").click();
		await eventually(async () => assert.equal(await p.page.locator("li[data-trip]").count(), 70));
		assert.equal(await p.page.locator(".trips-more").count(), 0);
		assert.match(await p.page.locator(".clock").innerText(), /UTC\+05:30/);
	} finally {
		await p.close();
		await mine.stop();
	}
});

test("whoever has the grant takes an alarm out of service, with a reason", async () => {
	const { page } = await signed_in({ at: "#events", may: ["read", "operate", "protect"] });
	server.force("alarm.a1", "acknowledged", "good", "good");
	await page.getByRole("button", { name: "Out of service a1" }).click();
	await page.locator(".shelve-box input").fill("the oven is apart");
	await page.keyboard.press("Enter");
	await eventually(async () => assert.equal(server.orders[0]?.path, "/api/v1/alarms/a1/out"));
	assert.equal(server.orders[0].body.reason, "the oven is apart");
});

test("statistics: how often and how long, worst first, standing and chattering", async () => {
	for (let i = 0; i < 12; i++) {
		server.happened("alarm_on", "a0", 20 * HOUR - i * 30_000);
		server.happened("alarm_off", "a0", 20 * HOUR - i * 30_000 - 10_000);
	}
	server.happened("alarm_chatters", "a0", 19.9 * HOUR, { values: [12] });
	server.happened("alarm_on", "a2", 2 * HOUR);
	server.happened("alarm_off", "a2", 1 * HOUR);
	server.force("alarm.a1", "acknowledged", "good", "good");
	const { page } = await visit({}, "#events");
	const line = (name) => page.locator(`tr[data-statistics="${name}"]`);
	await line("a0").waitFor();
	await eventually(async () => assert.deepEqual(await page.locator("tr[data-statistics]").evaluateAll((all) => all.map((r) => r.dataset.statistics)), ["a0", "a2", "a1"]));
	assert.match(await line("a0").innerText(), /12\s+120\ss\s|12\s+2\smin/);
	assert.match(await line("a0").innerText(), /chattering, told 1 ×/);
	assert.match(await line("a1").innerText(), /standing/);
	assert.match(await page.locator(".statistics").innerText(), /13 came, 13 a day; at most 12 in ten minutes.*alarm flood/s);
	await page.getByRole("button", { name: "7 days" }).click();
	await eventually(async () => assert.match(await page.locator(".statistics").innerText(), /13 came, 1.9 a day/));
	await shoot(page, "events_statistics");
});

test("what happened: newest first, live, with who and why; filtered; older ones by scrolling; saved", async () => {
	const cause = server.happened("trip_fired", "t0", 2 * HOUR, { severity: "error", text: "trip 't0': fired" });
	server.happened("safe_state_began", "cold", 2 * HOUR - 1, { cause, principal: "user:anna", text: "=safe state 'cold': begun" });
	for (let i = 0; i < 450; i++)
		server.happened("output_written", "N2_flow", HOUR - i * 1000, { text: `output 'N2_flow': set: ${i}` });
	const { page, complaints } = await visit({}, "#events");
	const first = () => page.locator("li.event").first().innerText();
	await eventually(async () => assert.match(await first(), /set: 449/));
	server.happened("command_refused", "H2_flow", 0, { severity: "warning", principal: "user:anna", text: "'H2_flow': refused: an interlock" });
	await eventually(async () => assert.match(await first(), /refused: an interlock\s+user:anna/));
	await shoot(page, "events_log");
	/* Older ones come when the end of the list comes to the screen. */
	await eventually(async () => {
		await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
		assert.equal(await page.locator("li.event").count(), 453);
	});
	await page.locator(".event-filter").fill("safe begun");
	await eventually(async () => assert.equal(await page.locator("li.event").count(), 1));
	await page.locator(".event-head").click();
	await eventually(async () => assert.match(await page.locator("li.event dl").innerText(), /Who\s+user:anna\s+Because\s+\S+ \S+ · trip 't0': fired/));
	const [saved] = await Promise.all([page.waitForEvent("download"), page.locator(".save-csv").click()]);
	assert.equal(saved.suggestedFilename(), "events-tpr-1.csv");
	let csv = "";
	for await (const part of await saved.createReadStream())
		csv += part;
	assert.match(csv, /^time,id,kind,[^]*,user:anna,'=safe state 'cold': begun,\r\n$/, "no formula");
	await page.locator(".event-filter").fill("");
	await page.locator('input[name="kind"]').fill("trip_fired");
	await page.keyboard.press("Enter");
	await eventually(async () => assert.equal(await page.locator("li.event").count(), 1));
	server.silent = true;
	await page.getByText("The page does not hear the bench: newer events").waitFor();
	assert.deepEqual(complaints, []);
});

test("whoever sees some channels alone has the alarms and no events", async () => {
	server.reads = "N2_*";
	const { page } = await signed_in({ at: "#events" });
	await page.locator("#alarm-table-title").waitFor();
	assert.equal(await page.locator("#log-title, #statistics-title").count(), 0);
});

/* ---- protection ---- */

const guard = (page, name) => page.locator(`tr[data-guard="${name}"]`);

test("what protects is told: trips, interlocks, safe states in their order, losses; what is due", async () => {
	const { page, complaints } = await visit({}, "#protection");
	await guard(page, "t0").waitFor();
	await eventually(async () => assert.match(await guard(page, "t0").innerText(), /✓ ready[^]*T_bed > 700 degC for 1 s \(or unknown for 5 s\)[^]*cold[^]*thermal fuse[^]*2026-01-10, (due 2027-01-10|▲ overdue)/));
	assert.match(await guard(page, "t1").innerText(), /nobody said[^]*nobody wrote down when/);
	assert.match(await guard(page, "no_h2").innerText(), /✓ free[^]*V_H2 is open and N2_flow < 20/);
	await eventually(async () => assert.match(await page.locator('[data-safe="cold"]').innerText(), /of the whole bench[^]*at rest[^]*V_H2 to closed[^]*now open[^]*T_furn to 0\.\d+ °C within 2 s, after line 1, else line 3/));
	assert.match(await page.locator('[data-losses="T_furn"]').innerText(), /heat\s+closed\s+by its watchdog\s+▲ stays, no watchdog\s+not concerned\s+\? UNKNOWN/);
	assert.equal(await page.locator(".protection tr button").count(), 0, "nobody is signed in");
	await shoot(page, "protection");
	server.force("trip.t0", "tripped", "good", "good");
	server.force("safe.cold", "not_confirmed", "good", "good");
	await eventually(async () => assert.match(await guard(page, "t0").innerText(), /■ tripped[^]*mbc trip reset t0/));
	await eventually(async () => assert.match(await page.locator('[data-safe="cold"]').innerText(), /■ NOT confirmed/));
	server.silent = true;
	await page.getByText("How it stands now is not known").waitFor();
	await eventually(async () => assert.match(await guard(page, "t1").innerText(), /\? not known/));
	assert.deepEqual(complaints, []);
});

test("a trip is reset with a comment, one is bypassed with reason and end by who has the grant; in French", async () => {
	const { page } = await signed_in({ at: "#protection", may: ["read", "operate", "protect"], locale: "fr-FR" });
	server.force("trip.t0", "tripped", "good", "good");
	await page.getByRole("button", { name: "Réarmer t0" }).click();
	await page.locator(".shelve-box input").fill("le ventilateur était arrêté");
	await page.keyboard.press("Enter");
	await eventually(async () => assert.equal(server.orders[0]?.path, "/api/v1/trips/t0/reset"));
	assert.equal(server.orders[0].body.reason, "le ventilateur était arrêté");
	assert.equal(await page.getByRole("button", { name: "Contourner t1" }).count(), 0, "the bench file does not allow it");
	await page.getByRole("button", { name: "Contourner no_h2" }).click();
	assert.deepEqual(await page.locator(".shelve-box option").allInnerTexts(), ["5 minutes", "15 minutes", "30 minutes", "1 heure"]);
	await page.locator(".shelve-box select").selectOption("30min");
	await page.locator(".shelve-box input").fill("étalonnage");
	await shoot(page, "protection_bypass");
	await page.keyboard.press("Enter");
	await eventually(async () => assert.equal(server.orders[1]?.path, "/api/v1/trips/no_h2/bypass"));
	assert.deepEqual([server.orders[1].body.for, server.orders[1].body.reason], ["30min", "étalonnage"]);
	server.happened("bypass_began", "no_h2", 60_000, { values: [1800], principal: "user:anna", note: "étalonnage" });
	server.force("trip.no_h2", "bypassed", "good", "good");
	server.force("interlock.no_h2", "bypassed", "good", "good");
	await eventually(async () => assert.match(await guard(page, "no_h2").innerText(), /◇ contourné[^]*par user:anna jusqu'à \S+.* : étalonnage/));
	await page.getByRole("button", { name: "Finir le contournement no_h2" }).click();
	await eventually(async () => assert.equal(server.orders[2]?.path, "/api/v1/trips/no_h2/end"));
	await shoot(page, "protection_fr");
});

test("whoever only operates bypasses nothing; the Bench page resets, too", async () => {
	const { page } = await signed_in({ at: "#protection" });
	await guard(page, "t0").waitFor();
	assert.equal(await page.getByRole("button", { name: /^Bypass/ }).count(), 0);
	server.force("trip.t0", "tripped", "good", "good");
	await page.locator(".pages").getByRole("link", { name: "Bench" }).click();
	await page.locator('[data-trip="t0"]').getByRole("button", { name: "Reset t0" }).waitFor();
});

/* ---- instruments ---- */

const device = (page, name) => page.locator(`.device[data-device="${name}"]`);

test("a panel for each instrument: health, rate, channels; those that are down first; a setpoint is typed there", async () => {
	server.counts = true;
	const { page, complaints } = await signed_in({ at: "#instruments" });
	await device(page, "furnace").waitFor();
	assert.match(await device(page, "furnace").innerText(), /furnace[^]*up[^]*T_furn/);
	await eventually(async () => assert.match(await device(page, "daq").innerText(), /▲ [45]\.\d\/s of (10|9\.\d|11)\/s asked/), 60000);
	await eventually(async () => assert.match(await device(page, "io").innerText(), /(10|9\.\d|11)\/s of (10|9\.\d|11)\/s asked/));
	server.down.set("io", "no_answer");
	await eventually(async () => assert.equal(await page.locator(".device").first().getAttribute("data-device"), "io"));
	assert.match(await device(page, "io").innerText(), /✕ io[^]*down[^]*no answer: check the unit number/);
	const row_there = page.locator('[data-panel-channel="N2_flow"]');
	await row_there.locator("input.set").fill("12");
	await row_there.locator("input.set").press("Enter");
	await eventually(async () => assert.equal(server.orders[0]?.path, "/api/v1/channels/N2_flow"));
	await eventually(async () => assert.match(await row_there.locator("p.verdict").innerText(), /verified/));
	await shoot(page, "instruments");
	server.silent = true;
	await device(page, "furnace").and(page.locator(".old")).waitFor();
	await page.locator('[data-panel-channel="T_furn"].bad').waitFor();
	assert.deepEqual(complaints, []);
});

test("one instrument: identity, counters, histogram, its last exchanges, at an address of its own", async () => {
	const { page } = await visit({ locale: "fr-FR" }, "#instruments/furnace");
	await page.locator('.device-page[data-device="furnace"]').waitFor();
	assert.match(await page.locator(".histogram").innerText(), /≤ 4\.0\sms\s+700 \(58\.4 %\)/);
	await eventually(async () => assert.match(await page.locator(".trace pre").innerText(), /→ read holding/));
	await shoot(page, "instrument_fr");
	await page.getByRole("link", { name: "Tous les instruments" }).click();
	await device(page, "daq").getByRole("link").first().click();
	await page.locator('.device-page[data-device="daq"]').waitFor();
	await page.goBack();
	await device(page, "daq").waitFor();
	await page.evaluate(() => { location.hash = "#instruments/nothing"; });
	await page.getByText("Ce banc n'a pas d'instrument nothing.").waitFor();
});

/* ---- the drawing ---- */

const BOUND = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 100"><title>My bench</title>
<text id="t" x="10" y="30" data-channel="T_bed">T</text><text x="10" y="60" data-channel="N2_flow" data-unit="no">N</text>
<path id="v" d="M200 20V50L240 20V50Z" style="fill:currentColor;stroke:#888" data-channel="V_H2" data-state="open"/><text x="10" y="90" data-channel="P_inn">?</text></svg>`;

test("the drawing shows values; what is not good is grey with a symbol; a lost stream greys all; what it names wrongly is told", async () => {
	server.synoptic = BOUND;
	const { page, complaints } = await visit();
	const text = (name) => page.locator(`.drawing text[data-channel="${name}"]`);
	await eventually(async () => assert.match(await text("T_bed").evaluate((t) => t.firstChild.textContent), /^\d+\.\d+ °C$/));
	assert.match(await text("N2_flow").evaluate((t) => t.firstChild.textContent), /^\d+\.\d+$/);
	assert.equal(await page.locator(".drawing path").getAttribute("class"), "bound good is-so");
	assert.equal(await page.locator(".drawing svg").getAttribute("aria-label"), "My bench");
	assert.match(await page.locator(".synoptic .message").innerText(), /no channel of this bench: P_inn/);
	server.force("V_H2", "closed", "good", "good");
	await eventually(async () => assert.equal(await page.locator(".drawing path").getAttribute("class"), "bound good is-not-so"));
	server.force("T_bed", null, "bad", "no_answer");
	server.force("alarm.a0", "unacknowledged", "good", "good");
	await eventually(async () => assert.match(await text("T_bed").evaluate((t) => t.textContent), /^■ ✕ —.*T_bed: no answer/));
	await shoot(page, "synoptic");
	server.silent = true;
	await eventually(async () => assert.match(await text("N2_flow").getAttribute("class"), /bound bad/));
	await page.locator(".synoptic button").click();
	await page.locator(".drawing").waitFor({ state: "hidden" });
	await page.reload();
	await page.locator('.synoptic button[aria-expanded="false"]').waitFor();
	assert.deepEqual(complaints, []);
});

test("of a hostile drawing nothing runs, nothing leaves, nothing is taken for a part of the page", async () => {
	server.synoptic = `<?xml version="1.0"?><?xml-stylesheet href="https://evil.example/a.css"?>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:h="http://www.w3.org/1999/xhtml" viewBox="0 0 10 10" onload="window.hit=1">
<script>window.hit=2</script><h:script>window.hit=3</h:script><style>@import url(https://evil.example/b.css); main{display:none}</style>
<foreignObject width="9" height="9"><h:img src="https://evil.example/c.png" onerror="window.hit=4"/></foreignObject>
<image href="https://evil.example/d.png" width="5" height="5"/><use xlink:href="https://evil.example/e.svg#x"/><a href="javascript:window.hit=5"><text y="5">press</text></a>
<animate attributeName="x" onbegin="window.hit=6"/><set attributeName="onclick" to="window.hit=7"/>
<rect id="page" class="banner" x="1" y="1" width="3" height="3" fill="url(https://evil.example/f#g)" stroke="url(#g)" style="background:url(https://evil.example/h);fill:u\\72l(//evil.example/i)" onclick="window.hit=8"/>
<linearGradient id="g" xlink:href="https://evil.example/k#l"><stop offset="0" stop-color="red"/></linearGradient><text y="9">&lt;b&gt;kept&lt;/b&gt;</text></svg>`;
	const { page, complaints } = await visit();
	await page.locator(".drawing rect").waitFor({ state: "attached" });
	assert.deepEqual(await page.locator(".drawing *").evaluateAll((all) => all.map((e) => e.localName)), ["svg", "rect", "linearGradient", "stop", "text"]);
	assert.deepEqual(await page.locator(".drawing rect").evaluate((r) => [...r.attributes].map((a) => `${a.name}=${a.value}`)),
		["id=drawing-page", "x=1", "y=1", "width=3", "height=3", "stroke=url(#drawing-g)"]);
	assert.equal(await page.locator(".drawing text").textContent(), "<b>kept</b>");
	await page.locator(".drawing rect").dispatchEvent("click");
	assert.equal(await page.evaluate(() => window.hit), undefined);
	assert.deepEqual(complaints, []);
});

test("what is no drawing says so; a bench without one has no such part; the one of the demonstration draws", async () => {
	const { page } = await visit();
	await page.locator('[data-state="running"]').waitFor();
	assert.equal(await page.locator(".synoptic").count(), 0);
	server.synoptic = "<svg xmlns='http://www.w3.org/2000/svg'><g></svg>";
	await page.reload();
	await page.getByText("is no SVG that can be read").waitFor();
	server.synoptic = readFileSync(new URL("../../benches/demo/bench.svg", import.meta.url), "utf8");
	await page.reload();
	await eventually(async () => assert.ok(await page.locator(".drawing text.bound.good").count() >= 4));
	await shoot(page, "synoptic_demo");
});
