/* hands.test.mjs - setting values on the page, against a bench with faults on command: what is sent, and what is never said */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, rig, row, shoot, value_of, wait_until } from "./browser.mjs";
import { FakeServer } from "./fake_server.mjs";

let server;
let url;
const open = rig(async () => {
	server = new FakeServer({ outputs: true, alarms: 3, trips: 2 });
	server.commands = ["set", "mode", "safe", "ack", "shelve"];
	url = await server.start();
}, () => server.stop());

async function ready(options) {
	const p = await open(url, options);
	await p.page.locator('[data-state="running"]').waitFor();
	await row(p.page, "T_furn").waitFor();
	return p;
}

async function with_token(options, token = server.token) {
	const p = await ready(options);
	await p.page.locator("button.token").click();
	await p.page.locator(".token-box input").fill(token);
	await p.page.keyboard.press("Enter");
	await p.page.locator('button.token[aria-pressed="true"]').waitFor();
	return p;
}

const field = (page, name) => row(page, name).locator(".set");
const verdict = (page, name) => row(page, name).locator("p.verdict");
const says = (page, name, pattern) => eventually(async () => assert.match(await verdict(page, name).innerText(), pattern));
const sp = (page, name, text) => eventually(async () => assert.match(await row(page, name).locator("td.sp").innerText(), text));

async function type(page, name, text) {
	await field(page, name).fill(text);
	await field(page, name).press("Enter");
}

test("without a token nothing can be set, and a bench that opens nothing has no door", async () => {
	const { page } = await ready();
	await sp(page, "T_furn", /^120\.00 °C\s*by hand · manual/);
	assert.equal(await row(page, "T_furn").locator("td.ramp").innerText(), "20 K/min");
	assert.equal(await row(page, "T_furn").locator("td.rw").innerText(), "RW");
	assert.equal(await row(page, "N2_flow").locator("td.valve").innerText(), "auto");
	assert.equal(await page.locator("td input, td select, td.sp button, .safe-state, .alarm-acts button").count(), 0);
	server.commands = [];
	await page.reload();
	await row(page, "T_furn").waitFor();
	await page.locator('[data-state="running"]').waitFor();
	assert.equal(await page.locator("button.token").count(), 0);
	assert.deepEqual(server.orders, []);
});

test("what a bench does not open to tokens has no field", async () => {
	server.commands = ["ack"];
	const { page } = await with_token();
	server.force("alarm.a0", "unacknowledged", "good", "good");
	await page.getByRole("button", { name: "Acknowledge a0" }).waitFor();
	assert.equal(await page.locator("td input, td select, td.sp button, .safe-state").count(), 0);
	assert.equal(await page.getByRole("button", { name: "Shelve a0" }).count(), 0);
});

test("Enter sends; the value shown is the measured one, the field what was asked", async () => {
	const { page, complaints } = await with_token();
	server.verdict_of = () => ({ verdict: "pending", text: "" });
	await type(page, "T_furn", "150");
	await says(page, "T_furn", /… 150\.00 °C asked, no verdict yet/);
	assert.equal(await field(page, "T_furn").inputValue(), "120", "nothing is shown before it is so");
	const [order] = server.orders;
	assert.equal(order.method, "PUT");
	assert.equal(order.path, "/api/v1/channels/T_furn");
	assert.match(order.query, /^wait=/);
	assert.equal(order.body.target, 150);
	assert.match(order.body.id, /^page-[0-9a-f]{20}$/);
	server.outputs.T_furn.target = 150;
	server.outputs.T_furn.working = 121;
	await wait_until("what was asked", async () => (await field(page, "T_furn").inputValue()) === "150");
	await sp(page, "T_furn", /now at 121\.00 °C/);
	server.outputs.T_furn.working = 150;
	server.verdicts.set(order.body.id, { verdict: "verified", text: "" });
	await says(page, "T_furn", /✓ 150\.00 °C verified/);
	await eventually(async () => assert.match(await page.locator(".unseen").innerText(), /^T_furn ✓ 150\.00 °C verified/));
	await wait_until("nothing is on its way", async () => !/now at/.test(await row(page, "T_furn").locator("td.sp").innerText()));
	assert.equal(server.orders.length, 1);
	assert.deepEqual(complaints, []);
	await shoot(page, "set");
});

test("what is typed is looked at before it is sent; Escape and leaving give it up", async () => {
	const { page } = await with_token();
	for (const [text, why] of [["12,5", /decimal sign is a point: write 12\.5/], ["hot", /this is no number/], ["701", /from 0\.00 °C to 700\.00 °C/],
		["-1", /outside what may be set/], ["1e999", /this is no number/], ["", /this is no number/]]) {
		await type(page, "T_furn", text);
		await says(page, "T_furn", why);
	}
	await type(page, "count", "2.5");
	await says(page, "count", /whole number/);
	await field(page, "T_furn").fill("130");
	await field(page, "T_furn").press("Escape");
	assert.equal(await field(page, "T_furn").inputValue(), "120");
	await field(page, "T_furn").fill("131");
	await page.locator('input[type="search"]').focus();
	await says(page, "T_furn", /✕ 131 not sent: left without Enter/);
	assert.equal(await field(page, "T_furn").inputValue(), "120");
	/* While somebody types, news of the bench do not take the field away. */
	await field(page, "T_furn").fill("13");
	server.outputs.T_furn.target = 140;
	server.force("T_furn", 77, "good", "good");
	await wait_until("news", async () => (await value_of(page, "T_furn")) === "77.00");
	assert.equal(await field(page, "T_furn").inputValue(), "13");
	await field(page, "T_furn").press("Escape");
	await wait_until("what was asked", async () => (await field(page, "T_furn").inputValue()) === "140");
	assert.deepEqual(server.orders, []);
});

test("a ramp goes along, choices and switches send their words, whole numbers all their digits", async () => {
	const { page } = await with_token();
	await row(page, "T_furn").locator(".set-ramp").fill("0");
	await type(page, "T_furn", "200");
	await says(page, "T_furn", /a ramp is a number above 0/);
	await row(page, "T_furn").locator(".set-ramp").fill("7.5");
	await field(page, "T_furn").press("Enter");
	await says(page, "T_furn", /✓ 200\.00 °C, 7\.5 K\/min verified/);
	assert.equal(server.orders[0].body.ramp_per_min, 7.5);
	await row(page, "door").getByRole("button", { name: "off" }).click();
	await says(page, "door", /✓ off verified/);
	assert.equal(server.orders[1].body.target, false);
	assert.equal(await row(page, "door").getByRole("button", { name: "on" }).getAttribute("aria-pressed"), "true", "it is still on");
	await type(page, "count", "900");
	await says(page, "count", /✓ 900 verified/);
	assert.equal(server.orders[2].body.target, "900");
	await field(page, "V_H2").selectOption("closed");
	await row(page, "V_H2").getByRole("button", { name: "Set V_H2" }).click();
	await page.locator("dialog.question[open]").waitFor();
	assert.match(await page.locator("dialog.question").innerText(), /V_H2 from open to closed\. *the bottle is open/);
	await page.locator("dialog.question").getByRole("button", { name: "Set" }).click();
	await says(page, "V_H2", /✓ closed verified/);
	assert.deepEqual([server.orders[3].body.target, server.orders[3].body.confirm], ["closed", true]);
});

test("what can hurt asks first, with old and new value; Cancel sends nothing", async () => {
	const { page } = await with_token();
	await type(page, "H2_flow", "20");
	const dialog = page.locator("dialog.question");
	await dialog.waitFor();
	assert.match(await dialog.innerText(), /H2_flow from 10\.000 mL\/min to 20\.000 mL\/min\. *This output can hurt: fuel gas/);
	assert.equal(await dialog.getByRole("button", { name: "Cancel" }).evaluate((b) => b === document.activeElement), true);
	await page.keyboard.press("Enter");
	await dialog.waitFor({ state: "detached" });
	await type(page, "H2_flow", "20");
	await dialog.waitFor();
	await page.keyboard.press("Escape");
	await dialog.waitFor({ state: "detached" });
	assert.deepEqual(server.orders, []);
	await type(page, "H2_flow", "20");
	await dialog.getByRole("button", { name: "Set" }).click();
	await says(page, "H2_flow", /✓ 20\.000 mL\/min verified/);
	assert.equal(server.orders.length, 1);
	assert.equal("confirm" in server.orders[0].body, false, "what the bench does not ask is not said");
});

test("the second half of a double click is no answer to a question, for no other alarm, and no second switch", async () => {
	server.commands = ["set", "mode", "ack"];
	const { page } = await with_token();
	await field(page, "V_H2").selectOption("closed");
	await row(page, "V_H2").getByRole("button", { name: "Set V_H2" }).evaluate((b) => {
		b.click();
		return new Promise((done) => {
			const look = () => {
				const go = document.querySelector("dialog.question[open] button.go");
				if (go)
					go.click();
				return go ? done() : requestAnimationFrame(look);
			};
			look();
		});
	});
	const dialog = page.locator("dialog.question");
	assert.equal(await dialog.isVisible(), true);
	assert.deepEqual(server.orders, []);
	await page.evaluate(() => { location.hash = "#kiosk"; });
	await page.locator('main[data-page="kiosk"]').waitFor();
	await page.evaluate(() => { location.hash = "#"; });
	await row(page, "T_furn").waitFor();
	assert.equal(await dialog.count(), 0, "a question does not come up again on the way back");
	server.verdict_of = (o) => {
		if (o.body.mode)
			server.outputs.T_furn.mode = o.body.mode;
		return { verdict: "verified", text: "" };
	};
	await row(page, "T_furn").locator("button.mode").dblclick();
	await says(page, "T_furn", /verified/);
	for (const name of ["alarm.a0", "alarm.a1"])
		server.force(name, "unacknowledged", "good", "good");
	const acks = page.locator(".alarm-acts button", { hasText: "Acknowledge" });
	await eventually(async () => assert.equal(await acks.count(), 2));
	await acks.evaluateAll((all) => all.forEach((b) => b.click()));
	await wait_until("one is acknowledged", () => server.orders.length >= 2);
	await new Promise((done) => setTimeout(done, 500));
	assert.deepEqual(server.orders.map((o) => o.body.mode ?? o.path.split("/").slice(-2).join()), ["automatic", "a0,ack"]);
});

test("each verdict has its words, and the server's", async () => {
	const { page } = await with_token();
	for (const [told, text, pattern] of [["refused", "interlock 'no_h2': V_H2 is open", /✕ 130\.00 °C refused: interlock 'no_h2': V_H2 is open/],
		["failed", "the device did not take it", /✕ 131\.00 °C failed: the device did not take it/],
		["unknown", "the line died", /\? 132\.00 °C unknown: look at the value: the line died/],
		["accepted", "", /✓ 133\.00 °C accepted by the device/]]) {
		server.verdict_of = () => ({ verdict: told, text });
		await type(page, "T_furn", String(130 + server.orders.length));
		await says(page, "T_furn", pattern);
	}
	assert.equal(new Set(server.orders.map((o) => o.body.id)).size, 4);
	server.token = "another";
	await type(page, "T_furn", "140");
	await says(page, "T_furn", /✕ 140\.00 °C refused: nobody has this token/);
});

test("an answer that is lost is asked for; the same wish is one command", async () => {
	const { page } = await with_token();
	server.order_fault = "hang up";
	server.verdict_of = () => ({ verdict: "pending", text: "" });
	await type(page, "T_furn", "150");
	await says(page, "T_furn", /\? 150\.00 °C unknown: look at the value: the server did not answer/);
	await type(page, "T_furn", "150");
	await wait_until("the second press", () => server.orders.length >= 2);
	assert.equal(new Set(server.orders.map((o) => o.body.id)).size, 1);
	server.order_fault = null;
	for (const v of server.verdicts.values())
		v.verdict = "verified";
	await says(page, "T_furn", /✓ 150\.00 °C verified/);
});

test("pressed again while it is under way, it is sent once", async () => {
	const { page } = await with_token();
	server.verdict_of = () => ({ verdict: "pending", text: "" });
	await row(page, "door").getByRole("button", { name: "off" }).dblclick();
	await says(page, "door", /… off asked/);
	await row(page, "door").getByRole("button", { name: "off" }).click();
	server.verdicts.get(server.orders[0].body.id).verdict = "verified";
	await says(page, "door", /✓ off verified/);
	assert.equal(server.orders.length, 1);
});

test("a page that does not hear the bench sends nothing, and says so", async () => {
	const { page } = await with_token();
	server.silent = true;
	await page.locator('[data-state="lost"]').waitFor();
	await type(page, "T_furn", "150");
	await says(page, "T_furn", /✕ 150\.00 °C not sent: this page does not hear the bench now/);
	assert.equal(await field(page, "T_furn").inputValue(), "", "what was asked is not known now");
	await page.locator(".safe-state").click();
	await page.waitForTimeout(500);
	await page.locator(".safe-state").click();
	await eventually(async () => assert.match(await page.locator(".safe .verdict").innerText(), /not sent: this page does not hear/));
	assert.deepEqual(server.orders, []);
	server.silent = false;
	await page.locator('[data-state="running"]').waitFor();
	await wait_until("what was asked", async () => (await field(page, "T_furn").inputValue()) === "120");
});

test("the token stays in the tab, goes into no address, and can be forgotten", async () => {
	const { page } = await with_token();
	assert.equal(await page.evaluate(() => JSON.stringify(localStorage).includes("secret-token")), false);
	assert.equal(page.url().includes("secret"), false);
	await page.reload();
	await field(page, "T_furn").waitFor();
	const other = await page.context().newPage();
	await other.goto(url);
	await row(other, "T_furn").waitFor();
	await other.locator('button.token[aria-pressed="false"]').waitFor();
	assert.equal(await other.locator("td input").count(), 0);
	await other.locator("button.token").click();
	await other.locator(".token-box input").fill("with a blank");
	await other.keyboard.press("Enter");
	await other.getByText("This is no token").waitFor();
	await page.bringToFront();
	await page.locator("button.token").click();
	await page.locator(".token-box .forget").click();
	await page.locator('button.token[aria-pressed="false"]').waitFor();
	await eventually(async () => assert.equal(await page.locator("td input").count(), 0));
	assert.equal(await page.evaluate(() => sessionStorage.length), 0);
});

test("manual and automatic are asked for; who holds the output is told", async () => {
	const { page } = await with_token();
	const mode = row(page, "T_furn").locator("button.mode");
	assert.equal(await mode.innerText(), "manual");
	await mode.click();
	await says(page, "T_furn", /✓ automatic verified/);
	assert.deepEqual(server.orders.map((o) => [o.path, o.body.mode]), [["/api/v1/channels/T_furn", "automatic"]]);
	assert.equal(await mode.innerText(), "manual", "until the controller says otherwise");
	server.outputs.T_furn.mode = "automatic";
	server.outputs.T_furn.owner = "safe_state";
	await wait_until("automatic", async () => (await mode.innerText()) === "automatic");
	await sp(page, "T_furn", /safe state/);
});

test("the safe state takes two deliberate touches", async () => {
	const { page } = await with_token();
	const button = page.locator(".safe-state");
	assert.equal(await button.innerText(), "Safe state");
	await button.dblclick();
	await page.locator(".safe-state.armed").waitFor();
	assert.deepEqual(server.orders, [], "a double click is one touch");
	await page.locator(".safe-state:not(.armed)").waitFor();
	await button.focus();
	await page.keyboard.press("Enter");
	await page.locator(".safe-state.armed").waitFor();
	await page.waitForTimeout(500);
	await page.keyboard.press("Enter");
	await eventually(async () => assert.match(await page.locator(".safe .verdict").innerText(), /✓ Safe state verified/));
	assert.deepEqual(server.orders.map((o) => `${o.method} ${o.path}`), ["POST /api/v1/safe"]);
	assert.doesNotMatch(await page.locator("body").innerText(), /emergency/i);
});

test("alarms are acknowledged and shelved from the list, and stand at their channel", async () => {
	const { page } = await with_token();
	server.force("alarm.a0", "unacknowledged", "good", "good");
	const mark = row(page, "T_bed").locator(".on-alarm");
	await wait_until("the alarm at its channel", async () => (await mark.innerText()) === "■");
	assert.equal(await mark.getAttribute("title"), "Alarm a0: not acknowledged");
	assert.match(await page.locator('[data-alarm="a0"]').innerText(), /Alarm 0 — Look at it/);
	await page.getByRole("button", { name: "Acknowledge a0" }).click();
	await eventually(async () => assert.match(await page.locator('[data-alarm="a0"] .verdict').innerText(), /✓ Acknowledge verified/));
	assert.match(await page.locator('[data-alarm="a0"]').innerText(), /not acknowledged/, "until the controller says otherwise");
	await page.getByRole("button", { name: "Shelve a0" }).click();
	const box = page.locator("dialog.shelve-box");
	await box.locator("select").selectOption("1h");
	await box.getByRole("button", { name: "Shelve" }).click();
	await box.getByText("Write in a few words why").waitFor();
	await box.locator("input").fill("probe out");
	await page.keyboard.press("Enter");
	await wait_until("it is asked", () => server.orders.length === 2);
	assert.deepEqual(server.orders.map((o) => o.path), ["/api/v1/alarms/a0/ack", "/api/v1/alarms/a0/shelve"]);
	assert.deepEqual([server.orders[1].body.for, server.orders[1].body.reason], ["1h", "probe out"]);
	/* Its verdict moves what stands behind it: a button that moves while it is pressed is not pressed. */
	await eventually(async () => assert.match(await page.locator('[data-alarm="a0"] .verdict').innerText(), /✓ Shelve/));
	server.force("alarm.a0", "shelved", "good", "good");
	await page.getByRole("button", { name: "Take back a0" }).click();
	await wait_until("it is asked", () => server.orders.at(-1).path === "/api/v1/alarms/a0/unshelve");
	server.release("alarm.a0");
	await wait_until("normal", async () => (await mark.innerText()) === "");
});

test("trips: their state, and the command that resets them", async () => {
	const { page } = await with_token();
	await page.getByText("2, all ready.").waitFor();
	server.force("trip.t1", "tripped", "good", "good");
	const trip = page.locator('[data-trip="t1"]');
	await trip.waitFor();
	assert.match(await trip.innerText(), /Trip 1 \(when T_bed > 700 degC: to cold\)\s+tripped/);
	assert.match(await trip.innerText(), /by a person at the command line[^]*mbc trip reset t1 --comment "\.\.\."/);
	await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
	await trip.getByRole("button", { name: "Copy" }).click();
	await trip.getByText("Copied").waitFor();
	assert.equal(await page.evaluate(() => navigator.clipboard.readText()), 'mbc trip reset t1 --comment "..."');
	server.state = "controller_down";
	await page.getByText("How the trips stand now is not known").waitFor();
	assert.equal(await page.getByText("all ready").count(), 0);
	assert.deepEqual(server.orders, []);
});

test("French words, and a phone of 360 pixels", async () => {
	const { page } = await with_token({ locale: "fr-FR", viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true });
	await type(page, "T_furn", "12,5");
	await says(page, "T_furn", /✕ 12,5 non envoyé : le signe décimal est un point : écrire 12\.5/);
	await type(page, "H2_flow", "20");
	await page.locator("dialog.question").waitFor();
	assert.match(await page.locator("dialog.question").innerText(), /Régler H2_flow \?[^]*de 10\.000 mL\/min à 20\.000 mL\/min/);
	await page.locator("dialog.question").getByRole("button", { name: "Annuler" }).tap();
	await sp(page, "T_furn", /à la main/);
	assert.equal(await page.locator(".safe-state").innerText(), "État sûr");
	assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 360);
	await shoot(page, "hands_phone");
});
