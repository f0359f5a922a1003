/* trends.test.mjs - the Trends page in Chromium against a bench with faults on command */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { eventually, rig, shoot, wait_until } from "./browser.mjs";
import { FakeServer } from "./fake_server.mjs";

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

let server;
let url;
const open = rig(async () => {
	server = new FakeServer({ alarms: 1 });
	url = await server.start();
	server.happened("instrument_down", "furnace", 20 * 60_000, { severity: "warning", text: "instrument 'furnace': down: no answer" });
	server.happened("sequence_step", "tpr", 10 * 60_000, { text: "sequence 'tpr': step 20 Heat" });
	server.happened("trip", "gas", 5 * 60_000, { severity: "error", text: "trip 'gas': tripped" });
	server.happened("sequence_sets", "T_furn", 4 * 60_000, { text: "sequence sets 'T_furn'" });
}, () => server.stop(), (p) => p.may_complain || assert.deepEqual(p.complaints, []));

async function ready(rest, options, before_it) {
	const p = await open(`${url}#trends/${rest}`, options, before_it);
	await p.page.locator('[data-state="running"]').waitFor();
	await p.page.locator(".trends").waitFor();
	return p;
}

const word = (page, key) => page.evaluate((k) => new URLSearchParams(location.hash.replace(/^#trends\/?/, "")).get(k), key);
const panels = (page) => page.locator(".stack .panel").evaluateAll((all) => all.map((p) => p.dataset.units));
const legend = (page) => page.locator(".legend > li").evaluateAll((all) => all.map((l) => l.dataset.curve));

/* Pixels of a panel that have a strong colour. */
const coloured = (page, k = 0) => page.locator(".stack .panel canvas").nth(k).evaluate((canvas) => {
	const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
	let n = 0;
	for (let i = 0; i < data.length; i += 4)
		if (data[i + 3] > 200 && Math.max(data[i], data[i + 1], data[i + 2]) - Math.min(data[i], data[i + 1], data[i + 2]) > 90)
			n++;
	return n;
});
const drawn = (page, k = 0) => wait_until("lines in the plot", async () => (await coloured(page, k)) > 100);
const history = () => server.questions.filter((q) => q.startsWith("/api/v1/history"));
const asked = (key) => history().map((q) => new URLSearchParams(q.split("?")[1]).get(key));

async function hover(page, share, k = 0) {
	const box = await page.locator(".stack .u-over").nth(k).boundingBox();
	await page.mouse.move(box.x + box.width * share, box.y + box.height * 0.6);
}

const cell = (page, row, k) => page.locator(`[data-readout="${row}"] td`).nth(k).innerText();

test("from the bench's plot to the Trends page: the same channels, in panels by unit on one time axis", async () => {
	const p = await open(url);
	const { page } = p;
	await page.getByRole("link", { name: "Trends" }).click();
	await eventually(async () => assert.deepEqual(await legend(page), ["T_bed", "T_furn", "N2_flow", "H2_flow"]));
	await eventually(async () => assert.deepEqual(await panels(page), ["degC mL/min"]));
	await drawn(page);
	await eventually(async () => assert.equal(await word(page, "c"), "T_bed,T_furn,N2_flow,H2_flow"));
	await page.goBack();
	await page.locator('[data-page=""]').waitFor();
});

test("channels are found by search, in groups of their unit; more units go into panels below", async () => {
	const { page } = await ready("c=T_bed");
	await page.locator(".choose summary").click();
	const found = page.locator(".chooser");
	await found.locator('input[type="search"]').fill("inlet");
	await found.getByLabel("P_in").check();
	await found.locator('input[type="search"]').fill("mL/min hydrogen");
	await eventually(async () => assert.deepEqual(await found.locator("legend").allInnerTexts(), ["mL/min"]));
	await found.getByLabel("H2_flow").check();
	await eventually(async () => assert.deepEqual(await panels(page), ["degC bar", "mL/min"]));
	assert.deepEqual(await legend(page), ["T_bed", "P_in", "H2_flow"]);
	await drawn(page, 0);
	await drawn(page, 1);
	await found.locator('input[type="search"]').fill("analyser");
	await eventually(async () => assert.equal(await found.locator("label").count(), 0), "a text cannot be plotted");
	const [a, b] = await page.locator(".stack .u-over").evaluateAll((all) => all.map((o) => [o.getBoundingClientRect().left, o.clientWidth]));
	assert.deepEqual(a, b, "both panels have the same time at the same place");
	await shoot(page, "trends_panels");
});

test("a spike of one second is seen in seven days, and the gap beside it, with its cause", async () => {
	const { page } = await ready("c=T_bed&span=604800000");
	await drawn(page);
	await page.locator(".faults summary").click();
	await eventually(async () => assert.match(await page.locator(".faults li").first().innerText(), /nothing recorded: the computer was off/));
	/* Six of seven days ago; the axis goes up to the spike. */
	await wait_until("the spike under the pointer", async () => {
		for (let share = 0.135; share < 0.152; share += 0.001) {
			await hover(page, share);
			if (/790/.test(await page.locator('[data-curve="T_bed"] .at-cursor').innerText()))
				return true;
		}
		return false;
	});
	await hover(page, 0.32);
	await eventually(async () => assert.match(await page.locator(".tip").innerText(), /nothing recorded: the computer was off/));
	await shoot(page, "trends_week");
});

test("the keyboard moves, zooms and comes back to now; the address follows", async () => {
	const { page } = await ready("c=T_bed,T_furn");
	await drawn(page);
	await page.locator(".stack").focus();
	await page.keyboard.press("ArrowLeft");
	await page.locator(".held").waitFor();
	await eventually(async () => assert.notEqual(await word(page, "end"), null));
	assert.ok(Number(await word(page, "end")) < Date.now() - 20 * 60_000);
	const end = Number(await word(page, "end"));
	await page.keyboard.press("+");
	await eventually(async () => assert.equal(await word(page, "span"), "1800000"));
	assert.equal(Number(await word(page, "end")), end);
	await page.keyboard.press("End");
	await eventually(async () => assert.equal(await word(page, "end"), null));
	assert.equal(await page.locator(".held").count(), 0);
});

test("drag enlarges a part, the wheel zooms when the plot has the focus, shift and drag pans", async () => {
	const { page } = await ready("c=T_bed");
	await drawn(page);
	const box = await page.locator(".stack .u-over").boundingBox();
	const at = (share) => [box.x + box.width * share, box.y + box.height / 2];
	await page.mouse.move(...at(0.25));
	await page.mouse.down();
	await page.mouse.move(...at(0.5), { steps: 5 });
	await page.mouse.up();
	await eventually(async () => assert.ok(Math.abs(Number(await word(page, "span")) - 900_000) < 20_000));
	const end = Number(await word(page, "end"));
	assert.ok(Math.abs(end - (Date.now() - 1_800_000)) < 200_000);
	await page.keyboard.down("Shift");
	await page.mouse.move(...at(0.5));
	await page.mouse.down();
	await page.mouse.move(...at(0.75), { steps: 5 });
	await page.mouse.up();
	await page.keyboard.up("Shift");
	await eventually(async () => assert.ok(Math.abs(end - Number(await word(page, "end")) - 225_000) < 20_000));
	await page.locator(".stack").focus();
	await page.mouse.wheel(0, -400);
	await eventually(async () => assert.ok(Number(await word(page, "span")) < 600_000));
});

test("on a phone one finger pans, two zoom, a tap tells a mark", async () => {
	const { page } = await ready("c=T_bed", { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
	await drawn(page);
	await page.locator("details.told", { hasText: "Events and steps (3)" }).waitFor();
	const over = page.locator(".stack .u-over");
	await over.scrollIntoViewIfNeeded();
	const box = await over.boundingBox();
	const y = box.y + box.height / 2;
	await wait_until("the words of the trip at a tap", async () => {
		const minutes = 5 + (Date.now() - server.born) / 60_000;
		await page.touchscreen.tap(box.x + box.width * (1 - minutes / 60), y);
		return await page.locator(".tip").isVisible() && /tripped/.test(await page.locator(".tip").textContent());
	});
	const devtools = await page.context().newCDPSession(page);
	const touch = (type, ...xs) => devtools.send("Input.dispatchTouchEvent", { type, touchPoints: xs.map((share, id) => ({ x: box.x + box.width * share, y, id })) });
	await touch("touchStart", 0.3);
	for (const x of [0.35, 0.45, 0.55, 0.6])
		await touch("touchMove", x);
	await touch("touchEnd");
	await page.locator(".held").waitFor();
	await eventually(async () => assert.notEqual(await word(page, "end"), null));
	await page.locator("button.now").click();
	await eventually(async () => assert.equal(await word(page, "end"), null));
	await over.scrollIntoViewIfNeeded();
	await touch("touchStart", 0.4, 0.6);
	for (const d of [0.12, 0.16, 0.2])
		await touch("touchMove", 0.5 - d, 0.5 + d);
	await touch("touchEnd");
	await eventually(async () => assert.ok(Number(await word(page, "span") ?? 3_600_000) < 3_000_000));
});

test("earlier runs are laid over each other, each with its own line, from their beginning or from a step", async () => {
	const { page } = await ready("c=T_bed,P_in");
	await page.locator(".choose-runs summary").click();
	for (const run of [1, 3])
		await page.locator(`[data-choose-run="${run}"] input`).check();
	await eventually(async () => assert.equal(await page.locator("select.axis").inputValue(), "run"));
	await eventually(async () => assert.deepEqual(await page.locator('[data-curve="T_bed"] [data-run]').allInnerTexts().then((all) => all.map((t) => t.trim())),
		["run 1 reduction of Pt-11", "run 3 reduction of Pt-13"]));
	await eventually(() => assert.ok(asked("since").includes("run:1,run:3")));
	await drawn(page);
	const looks = await page.locator(".legend-runs line").evaluateAll((all) => all.map((l) => `${l.getAttribute("class")} ${l.getAttribute("stroke-dasharray")}`));
	assert.equal(new Set(looks).size, 4);
	/* Behind the end of the shorter one it has no value. */
	await hover(page, 0.9);
	await eventually(async () => assert.match(await page.locator('[data-curve="T_bed"] [data-run="1"] .at-cursor').innerText(), /^\d/));
	assert.equal(await page.locator('[data-curve="T_bed"] [data-run="3"] .at-cursor').innerText(), "—");
	await shoot(page, "trends_runs");
	await page.locator("select.axis").selectOption("step");
	await page.locator("select.step").selectOption({ label: "20 Heat" });
	await eventually(() => assert.ok(asked("since").includes("run:1/step:20,run:3/step:20")));
	await eventually(async () => assert.equal(await word(page, "step"), "20"));
	await page.locator("details.told", { hasText: "Events and steps" }).locator("summary").click();
	await eventually(async () => assert.match((await page.locator("details.told li", { hasText: "step 30 Cool" }).first().innerText()), /run [13]: step 30 Cool/));
});

test("one channel against another, of the clock and of earlier runs", async () => {
	const { page } = await ready("c=N2_flow,P_in&span=600000");
	await drawn(page);
	await page.locator("select.axis").selectOption("channel");
	await page.locator("select.x-channel").selectOption("T_bed");
	await drawn(page);
	await eventually(() => assert.ok(asked("channels").includes("T_bed,N2_flow,P_in")));
	assert.deepEqual(await panels(page), ["mL/min bar"]);
	await page.locator(".stack").focus();
	await page.keyboard.press("+");
	await eventually(async () => assert.match(await word(page, "band"), /^[\d.]+_[\d.]+$/));
	await page.locator("button.all").click();
	await eventually(async () => assert.equal(await word(page, "band"), null));
	await page.locator(".choose-runs summary").click();
	await page.locator('[data-choose-run="2"] input').check();
	await eventually(() => assert.ok(asked("since").includes("run:2")));
	assert.equal(await page.locator("select.axis").inputValue(), "channel");
	await drawn(page);
	await shoot(page, "trends_x");
});

test("a pair of cursors reads values, difference, slope, mean, least and most; by keys alone", async () => {
	const { page } = await ready("c=T_bed&axis=run&runs=1");
	await drawn(page);
	await page.locator("button.cursors").press("Enter");
	await page.locator('[data-readout="T_bed 1"]').waitFor();
	await eventually(async () => assert.equal(await word(page, "cursors"), "1200000_2400000"));
	const a = page.getByRole("slider", { name: "Cursor A" });
	await a.focus();
	await page.keyboard.press("Home");
	await eventually(async () => assert.equal(await word(page, "cursors"), "0_2400000"));
	await page.getByRole("slider", { name: "Cursor B" }).focus();
	await page.keyboard.press("End");
	await eventually(async () => assert.equal(await word(page, "cursors"), "0_3600000"));
	await eventually(async () => assert.match(await page.locator(".readout p").innerText(), /Δt \+3600 s \(1:00:00\)/));
	/* A sine of 40 and a faster one of 1 around 431. */
	const [mean, least, most] = await Promise.all([4, 5, 6].map(async (k) => Number((await cell(page, "T_bed 1", k)).split(" ")[0])));
	assert.ok(Math.abs(mean - 431) < 3, `mean ${mean}`);
	assert.ok(least > 389 && least < 393 && most > 469 && most < 473, `${least} ${most}`);
	/* With the mouse. */
	const grip = await a.boundingBox();
	const over = await page.locator(".stack .u-over").boundingBox();
	await page.mouse.move(grip.x + grip.width / 2, grip.y + grip.height / 2);
	await page.mouse.down();
	await page.mouse.move(over.x + over.width / 2, grip.y + grip.height / 2, { steps: 4 });
	await page.mouse.up();
	await eventually(async () => assert.ok(Math.abs(Number((await word(page, "cursors")).split("_")[0]) - 1_800_000) < 30_000));
	await shoot(page, "trends_cursors");
});

test("events and steps are marks with words at the pointer, and a list for those who have none; limits of alarms are lines", async () => {
	const { page } = await ready("c=T_bed&limits=1");
	await drawn(page);
	const list = page.locator("details.told", { hasText: "Events and steps (3)" });
	await list.locator("summary").click();
	assert.match(await list.locator("li").last().innerText(), /trip 'gas': tripped/);
	await wait_until("the words of the trip at the pointer", async () => {
		for (let share = 0.9; share < 0.93; share += 0.002) {
			await hover(page, share);
			if (/tripped/.test(await page.locator(".tip").textContent()) && await page.locator(".tip").isVisible())
				return true;
		}
		return false;
	});
	await shoot(page, "trends_marks");
	await list.getByRole("button").first().click();
	await eventually(async () => assert.notEqual(await word(page, "end"), null), "a place in the past is held");
	await page.locator("button.marks").click();
	await eventually(async () => assert.equal(await page.locator("details.told", { hasText: "Events and steps" }).count(), 0));
});

test("stretches that were not good, and those that have been made coarser, are told", async () => {
	const born = Date.now() / 1000;
	server.poor = { name: "T_bed", from: born - 1800, to: born - 1200, reason: "no_answer" };
	server.thinned_until = born - 3000;
	const { page } = await ready("c=T_bed,T_furn");
	await drawn(page);
	await page.locator(".faults summary").click();
	await eventually(async () => assert.match((await page.locator(".faults li").allInnerTexts()).join("\n"), /T_bed, .*: no answer/i));
	assert.match((await page.locator(".faults li").allInnerTexts()).join("\n"), /T_furn: values before .* have been made coarser/);
	await hover(page, 0.6);
	await eventually(async () => assert.match(await page.locator(".tip").innerText(), /T_bed: no answer/i));
});

test("a view is kept under its name, opened again, sent by its address", async () => {
	const { page } = await ready("c=T_bed,P_in&span=28800000&limits=1");
	await drawn(page);
	await page.locator(".views summary").click();
	await page.locator(".views input").fill("night shift");
	await page.locator(".views input").press("Enter");
	await page.locator(".open-view").waitFor();
	const sent = await page.evaluate(() => location.href);
	await page.locator('[data-curve="P_in"] .remove').click();
	await eventually(async () => assert.equal(await word(page, "c"), "T_bed"));
	await page.locator(".open-view", { hasText: "night shift" }).click();
	await eventually(async () => assert.equal(await word(page, "c"), "T_bed,P_in"));
	await page.reload();
	await page.locator(".views summary").click();
	assert.deepEqual(await page.locator(".open-view").allInnerTexts(), ["night shift"]);
	await page.keyboard.press("Escape");
	await page.locator(".open-view").waitFor({ state: "hidden" });
	await page.keyboard.press("Enter");
	await page.locator(".views .remove").click();
	await eventually(async () => assert.equal(await page.locator(".open-view").count(), 0));
	/* Somebody else, in a browser of their own. */
	const other = await open(sent);
	await eventually(async () => assert.deepEqual(await legend(other.page), ["T_bed", "P_in"]));
	assert.equal(await other.page.locator('.choices button[aria-pressed="true"]').innerText(), "8 h");
	/* Another address in the same tab, as by the browser's way back. */
	await other.page.evaluate(() => { location.hash = "#trends/c=T_furn"; });
	await eventually(async () => assert.deepEqual(await legend(other.page), ["T_furn"]));
	/* Away and back: the last view is there. */
	await other.page.getByRole("link", { name: "Bench" }).click();
	await other.page.getByRole("link", { name: "Trends" }).click();
	await eventually(async () => assert.deepEqual(await legend(other.page), ["T_furn"]));
});

test("the export asks for just what is shown, and the picture is one", async () => {
	const { page } = await ready("c=T_bed,P_in&end=1800000000000&span=3600000");
	await page.locator(".export summary").click();
	const links = await page.locator(".export-link").evaluateAll((all) => all.map((a) => [a.dataset.format, a.getAttribute("href")]));
	assert.deepEqual(links.map(([f]) => f), ["csv", "csv-fr", "xlsx", "json"]);
	for (const [format, link] of links) {
		const q = new URLSearchParams(link.split("?")[1]);
		assert.ok(link.startsWith("api/v1/history?"), link);
		assert.deepEqual([q.get("channels"), q.get("from"), q.get("to"), q.get("format")],
			["T_bed,P_in", "2027-01-15T07:00:00.000Z", "2027-01-15T08:00:00.000Z", format]);
	}
	await page.getByLabel("Each recorded value").check();
	assert.match(await page.locator(".export-link").first().getAttribute("href"), /raw=1/);
	const [download] = await Promise.all([page.waitForEvent("download"), page.locator("button.png").click()]);
	assert.equal(download.suggestedFilename(), "trends.png");
	const bytes = [];
	for await (const chunk of await download.createReadStream())
		bytes.push(chunk);
	assert.equal(Buffer.concat(bytes).subarray(1, 4).toString(), "PNG");
	assert.ok(Buffer.concat(bytes).length > 5000);
	if (process.env.SHOTS)
		await download.saveAs(`${process.env.SHOTS}/trends_picture.png`);
});

test("after a lost stream nothing old is shown as good, and the line ends", async () => {
	const p = await ready("c=T_bed");
	const { page } = p;
	p.may_complain = true;
	await page.locator('[data-curve="T_bed"] .now-value.good').waitFor();
	server.silent = true;
	await page.locator('[data-state="lost"]').waitFor();
	await page.locator('[data-curve="T_bed"] .now-value.bad').waitFor();
	assert.match(await page.locator('[data-curve="T_bed"] .now-state').innerText(), /connection lost/);
	await shoot(page, "trends_lost");
	server.silent = false;
	await page.locator('[data-curve="T_bed"] .now-value.good').waitFor();
});

test("a server that cannot read the record now is told, and asked again by itself", async () => {
	server.history_busy = true;
	const p = await ready("c=T_bed");
	const { page } = p;
	p.may_complain = true;
	await eventually(async () => assert.match(await page.locator(".trends .note").innerText(), /cannot be read from the server now/));
	server.history_busy = false;
	await eventually(async () => assert.doesNotMatch(await page.locator(".trends .note").innerText(), /cannot be read/));
	await drawn(page);
});

test("addresses of nonsense, of channels and runs that are not there, break nothing", async () => {
	const p = await ready("c=T_bed,nowhere,note&axis=run&runs=99&cursors=a_b&%zz");
	const { page } = p;
	p.may_complain = true;
	await eventually(async () => assert.match(await page.locator('[data-curve="nowhere"]').innerText(), /This bench has no channel nowhere now/));
	assert.match(await page.locator('[data-curve="note"]').innerText(), /not a number/);
	await page.locator(".choose-runs summary").click();
	await page.locator('[data-choose-run="1"] input').waitFor();
});

test("ten thousand channels: the first that fit are listed, and the search finds the last", async () => {
	await server.stop();
	server = new FakeServer({ extra: 10_000 });
	server.only_beats = true;
	url = await server.start();
	const { page } = await ready("c=T_bed");
	await page.locator(".choose summary").click();
	await eventually(async () => assert.match(await page.locator(".chooser .count").innerText(), /the first 60 of 10\d+/));
	await page.locator(".chooser input[type=search]").fill("rack19.c9999");
	await page.getByLabel("rack19.c9999").check();
	await eventually(async () => assert.deepEqual(await legend(page), ["T_bed", "rack19.c9999"]));
});

for (const [name, options] of [
	["phone, dark, French", { viewport: { width: 360, height: 740 }, colorScheme: "dark", locale: "fr-FR", hasTouch: true, isMobile: true }],
	["desk, light", { viewport: { width: 1280, height: 800 }, colorScheme: "light" }],
	["wall, dark", { viewport: { width: 2560, height: 1440 }, colorScheme: "dark" }],
])
	test(`axe finds nothing serious, and nothing is wider than the screen: ${name}`, async () => {
		const { page } = await ready("c=T_bed,T_furn,P_in&limits=1", options);
		await drawn(page);
		await page.locator("button.cursors").click();
		await page.locator(".readout table").waitFor();
		const lefts = (part) => page.locator(`.readout ${part}`).evaluateAll((all) => all.slice(0, 9).map((one) => Math.round(one.getBoundingClientRect().left)));
		assert.deepEqual(await lefts("tbody tr:first-child > *"), await lefts("thead th"), "values stand under their heads");
		await shoot(page, `trends_${name.replace(/\W+/g, "_")}`);
		for (const part of [".choose", ".choose-runs", ".faults", ".export"])
			await page.locator(`${part} summary`).click();
		await page.locator(".chooser label").first().waitFor();
		await page.locator(".runs label").first().waitFor();
		/* By the debugger, which no content security policy concerns. */
		await page.evaluate(readFileSync(axe, "utf8"));
		const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
		const serious = found.violations.filter((v) => v.impact === "serious" || v.impact === "critical")
			.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 160)).join(" | ")}`);
		await shoot(page, `trends_axe_${name.replace(/\W+/g, "_")}`);
		assert.deepEqual(serious, []);
		const [wide, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
		assert.ok(wide <= screen, `${wide} of ${screen}`);
	});

test("both languages have all words", async () => {
	const { page } = await ready("c=T_bed", { locale: "fr-FR" });
	await drawn(page);
	assert.match(await page.locator(".trends").innerText(), /Courbes[^]*Horloge[^]*Curseurs[^]*Seuils d'alarme/);
	assert.doesNotMatch(await page.locator(".trends").innerText(), /\b(Export|Views|Cursors|Channels|Earlier)\b/);
});
