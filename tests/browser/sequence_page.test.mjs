/* sequence_page.test.mjs - the Sequence page: how far it is, steps, buttons and reasons, GO TO STEP, START with a rehearsal, runs, the card for the door */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { assert_accessible } from "./axe.mjs";
import { eventually, rig, shoot, sign_in, wait_until } from "./browser.mjs";
import { FakeFile, FakeServer } from "./fake_server.mjs";

const RUNNING = { state: "running", name: "tpr", step: 20, title: "Heat", comment: "slowly", step_time: 3600, current_step_time: 900,
	total_time: 7200, time: 1800, time_left: 5400, reason: "" };
const MBC = `${process.env.MBC_BUILD ?? new URL("../../build", import.meta.url).pathname}/mbc`;
const GOLDEN = new URL("../golden/lines/table.seq", import.meta.url).pathname;
const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };

let server;
let url;
const open = rig(async () => {
	server = new FakeServer({ sequences: true, outputs: true, alarms: 3 });
	server.commands = ["sequence"];
	url = await server.start();
}, () => server.stop());

async function ready(part = "", options = {}, storage = null) {
	const p = await open(`${url}#sequence${part}`, options, storage);
	await p.page.locator('[data-state="running"]').first().waitFor();
	await p.page.locator('main[data-page="sequence"]').waitFor();
	return p;
}

async function with_token(part = "", options = {}) {
	const p = await ready(part, options);
	await p.page.locator("button.token").click();
	await p.page.locator(".token-box input").fill(server.token);
	await p.page.keyboard.press("Enter");
	await p.page.locator('button.token[aria-pressed="true"]').waitFor();
	return p;
}

const ago = (s) => new Date(Date.now() - s * 1000).toISOString();
const step = (number, title, begin, end, ended) => ({ number, title, comment: "", begin: ago(begin), begin_seconds: 0, end: end === null ? null : ago(end),
	end_seconds: null, planned: 600, held: 0, ended });
const part = (more = {}) => ({ name: "tpr", title: "Reduction", version: 3, start_event: 5, started_by: "anna", begin: ago(1800), begin_seconds: 0, end: null, end_seconds: null,
	ended: null, parameters: { hot: 450, temps: [250, 300] }, metadata: { sample: "A12" }, files: [], steps: [step(10, "Purge", 1800, 900, "skipped"), step(20, "Heat", 900, null, null)],
	marks: [], results: [{ time: ago(100), seconds: 1, name: "leak_rate", value: 3.5, low: -2, high: 2, judged: "outside" }], guards: [], skipped: [{ time: ago(900), seconds: 1, text: "by a person" }],
	questions: [{ question: "Trap filled?", begin: ago(880), end: ago(870), answer: "ok" }], holds: [], interruptions: [],
	records: [{ name: "tpr", every: 1, begin: ago(800), end: ago(100), left_open: false }], ...more });
const one_run = (run, more = {}) => ({ run, title: "Reduction", begin: ago(1800), end: null, seconds: 1800, started_by: "anna", stopped_by: null, bench_hash: "0",
	fields: { sample: "A12", operator: "anna" }, notes: [], sequences: [part()], alarms: [], events: 3, events_left_out: 0, ...more });
const old_run = (run, title, who, days, fields) => one_run(run, { title, started_by: who, begin: ago(days * 86400), end: ago(days * 86400 - 3600), seconds: 3600, fields,
	sequences: [part({ end: ago(days * 86400 - 3600), ended: "complete" })] });

const run = (more = {}) => {
	Object.assign(server.sequence, RUNNING, more);
	server.runs = [old_run(6, "Leak test", "bob", 3, { sample: "B7" }), one_run(7)];
};
const sequence = (page) => page.locator("section.sequence.large");
const button = (page, name) => sequence(page).getByRole("button", { name, exact: true });
const sent = () => server.orders.map((o) => [o.path.replace("/api/v1/sequence/", ""), Object.fromEntries(Object.entries(o.body).filter(([k]) => k !== "id"))]);
const state_of = (page, number) => page.locator(`.steps [data-step="${number}"]`).getAttribute("data-state");
const fits = async (page, width) => assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, "nothing is wider than the screen");

test("how far it is, its steps out of the run, the planned end; a lost stream leaves nothing that looks good", async () => {
	run();
	const { page, complaints, strangers } = await ready();
	await sequence(page).getByText("0:15:00 of 1:00:00").waitFor();
	await sequence(page).getByText("0:30:00 of 2:00:00").waitFor();
	const bars = sequence(page).getByRole("progressbar");
	assert.deepEqual(await bars.evaluateAll((all) => all.map((b) => b.value)), [0.25, 0.25]);
	await eventually(async () => assert.match(await sequence(page).locator(".planned-end").innerText(), /^Planned end (\S+ )?\d\d:\d\d:\d\d$/));
	await eventually(async () => assert.deepEqual([await state_of(page, 10), await state_of(page, 20), await state_of(page, 30)], ["skipped", "now", "ahead"]));
	assert.match(await page.locator('.steps [data-step="10"]').innerText(), /Purge[^]*skipped 0:15:00/);
	assert.equal(await page.locator(".steps [aria-current=step]").count(), 1);
	await assert_accessible(page, "under test");
	await shoot(page, "sequence_page");
	run({ state: "held", reason: "guard lag" });
	await sequence(page).getByText("It is held: its end moves on").waitFor();
	server.silent = true;
	await sequence(page).getByText("How the sequence stands now is not known").waitFor();
	await eventually(async () => assert.equal(await bars.count(), 0));
	await sequence(page).locator(".seq-title.old").waitFor();
	assert.equal(await page.locator(".steps [aria-current=step]").count(), 0, "no step is said to run");
	await eventually(async () => assert.equal(await state_of(page, 30), "", "nor is one said never to have been reached"));
	await shoot(page, "sequence_page_lost");
	server.silent = false;
	await eventually(async () => assert.equal(await bars.count(), 2));
	assert.deepEqual(complaints, []);
	assert.deepEqual(strangers, []);
});

test("without a bar where nobody knows how long it takes; what became of the steps is not made up", async () => {
	run({ step_time: null, total_time: null, time_left: null });
	server.runs = [];
	const { page } = await ready();
	await sequence(page).getByText("how long it takes is not known").first().waitFor();
	assert.equal(await sequence(page).getByRole("progressbar").count(), 0);
	await page.getByText("What became of the steps before is not recorded yet").waitFor();
	assert.deepEqual([await state_of(page, 10), await state_of(page, 20)], ["", "now"]);
	await sequence(page).getByText("Its planned end is not known.").waitFor();
});

test("why a button is shut is written, once for all that have the same reason", async () => {
	run();
	const { page } = await ready();
	const reasons = sequence(page).locator(".sequence-reasons li");
	await eventually(async () => assert.deepEqual(await reasons.allInnerTexts(), ["It takes a token: press Commands at the top right."]));
	const { page: other } = await with_token();
	await eventually(async () => assert.deepEqual(await sequence(other).locator(".sequence-reasons li").allInnerTexts(),
		["START, RESUME: It means nothing now: the sequence is running."]));
	await button(other, "PAUSE").click();
	await wait_until("it is asked", () => server.orders.length === 1);
	assert.deepEqual(sent(), [["pause", {}]]);
});

test("GO TO STEP holds, shows each output that differs, and goes on with RESUME alone", async () => {
	run();
	const { page } = await with_token();
	await wait_until("GO TO STEP", () => button(page, "GO TO STEP").isEnabled());
	await button(page, "GO TO STEP").click();
	const box = page.locator("dialog.goto-box");
	await box.getByLabel("Go to step").selectOption("30");
	assert.deepEqual(server.orders, [], "nothing is asked before");
	server.verdict_of = (o) => {
		if (o.path.endsWith("goto"))
			run({ state: "held", reason: "go to another step" });
		return { verdict: "verified", text: o.path.endsWith("goto") ? "held; RESUME goes there; T_furn is 450 degC, normally 20 degC; 2 more: mbc log" : "" };
	};
	server.events = ["T_furn is 450 degC, normally 20 degC", "V_H2 is open, normally closed", "N2_flow is unknown, normally 50 mL/min"].map((note, k) =>
		({ time: new Date().toISOString(), id: 20 + k, kind: "sequence_note", severity: "warning", subject: "tpr", cause: 19, principal: null, note, text: note }));
	await box.getByRole("button", { name: "Hold and compare" }).click();
	await eventually(async () => assert.deepEqual(await box.locator(".differs tbody tr").evaluateAll((all) => all.map((r) => [...r.cells].map((c) => c.innerText))),
		[["T_furn", "450 degC", "20 degC"], ["V_H2", "open", "closed"], ["N2_flow", "unknown", "50 mL/min"]]));
	assert.deepEqual(sent(), [["goto", { step: 30 }]]);
	await assert_accessible(page, "GO TO STEP");
	await shoot(page, "sequence_goto");
	const go = box.getByRole("button", { name: "RESUME: go to 30 — Cool" });
	await wait_until("RESUME", () => go.isEnabled());
	await go.click();
	await box.waitFor({ state: "detached" });
	assert.deepEqual(sent(), [["goto", { step: 30 }], ["resume", {}]]);
});

test("GO TO STEP: where somebody else went on, RESUME is not offered any more; an answer that cannot be read is no sameness", async () => {
	run();
	const { page } = await with_token();
	await wait_until("GO TO STEP", () => button(page, "GO TO STEP").isEnabled());
	await button(page, "GO TO STEP").click();
	const box = page.locator("dialog.goto-box");
	server.verdict_of = () => {
		run({ state: "held", reason: "go to another step" });
		return { verdict: "verified", text: "held; RESUME goes there; T_furn steht auf 450" };
	};
	await box.getByRole("button", { name: "Hold and compare" }).click();
	/* It can be pressed as soon as the page has heard that it is held. */
	await wait_until("RESUME", async () => (await box.getByRole("button", { name: /^RESUME/ }).count()) === 1 && box.getByRole("button", { name: /^RESUME/ }).isEnabled());
	assert.equal(await box.getByText("All outputs are as").count(), 0);
	run();
	await box.getByRole("button", { name: "Hold and compare" }).waitFor();
	assert.equal(await box.getByRole("button", { name: /^RESUME/ }).count(), 0);
});

test("START: Enter in a field starts nothing; nor does a box of another bench file", async () => {
	const { page } = await with_token();
	await wait_until("START", () => button(page, "START").isEnabled());
	await button(page, "START").click();
	const box = page.locator("dialog.sequence-box");
	await box.locator('input[name="sample"]').fill("A12");
	await wait_until("START in the box", () => box.getByRole("button", { name: "START" }).isEnabled());
	await box.locator('input[name="sample"]').press("Enter");
	await new Promise((done) => setTimeout(done, 500));
	assert.deepEqual(server.orders, []);
	const bench = server.bench.bind(server);
	server.bench = () => ({ ...bench(), generation: 2 });
	server.tell("changed", { generation: 2 });
	await box.getByText("The bench file is another one by now").waitFor();
	assert.equal(await box.getByRole("button", { name: "START" }).isDisabled(), true);
});

test("START: what is typed is looked at at once; a rehearsal with it, told apart from what is typed later", async () => {
	const { page, complaints } = await with_token();
	await wait_until("START", () => button(page, "START").isEnabled());
	await button(page, "START").click();
	const box = page.locator("dialog.sequence-box");
	const why = (name) => box.locator(`#slot-${name}-why`).innerText();
	await box.locator('input[name="hot"]').fill("700");
	await eventually(async () => assert.equal(await why("hot"), "✕ it lies from 200 °C to 600 °C"));
	const rehearse = box.getByRole("button", { name: "Rehearse" });
	await rehearse.click();
	await eventually(async () => assert.match(await box.locator(".rehearsal-why").innerText(), /^hot: it lies from 200/));
	assert.equal(server.rehearsals.length, 0);
	await box.locator('input[name="hot"]').fill("460");
	await eventually(async () => assert.equal(await why("hot"), ""));
	await rehearse.click();
	await box.getByText("✓ It comes to its end after 1:12:00.").waitFor();
	await box.getByText("Cold trap filled?").waitFor();
	await box.getByText("Not played, their channels have no value: GC").waitFor();
	await box.locator(".picture svg path.l").waitFor({ state: "attached" });
	assert.equal(await box.locator(".picture script, .picture style, .picture [onclick]").count(), 0, "shapes and texts alone");
	assert.deepEqual(server.rehearsals, [{ name: "tpr", form: "json", body: { set: { hot: 460, temps: "250, 300" } } },
		{ name: "tpr", form: "svg", body: { set: { hot: 460, temps: "250, 300" } } }]);
	assert.deepEqual(server.orders, [], "nothing was asked of the bench");
	await assert_accessible(page, "START");
	await shoot(page, "sequence_rehearsal");
	await box.locator('input[name="hot"]').fill("470");
	await box.getByText("These are not the values that are typed now").waitFor();
	const table = { complete: false, ends: "aborted", why: "trip too_hot", where: 20, takes_s: 900, at_most_s: null, at_most_notes: null, steps: [], steps_left_out: 0,
		events: [], events_left_out: 0, gases: [], energy: [], not_played: [] };
	server.rehearsal_of = () => ({ status: 200, table, picture: "" });
	await rehearse.click();
	await box.getByText("✕ It does not come to its end: aborted in step 20: trip too_hot").waitFor();
	server.rehearsal_of = () => ({ status: 429, detail: "another rehearsal is under way" });
	await rehearse.click();
	await box.getByText("another rehearsal is under way").waitFor();
	server.rehearsal_of = () => new Promise(() => undefined);
	await rehearse.click();
	await box.getByRole("button", { name: "Stop it" }).click();
	await eventually(async () => assert.equal(await rehearse.isEnabled(), true));
	assert.deepEqual(complaints.filter((text) => !/status of 429/.test(text)), []);
});

test("runs: found by text, sequence, person, day; one of them, with its tables and what can be downloaded", async () => {
	run();
	server.runs.unshift(old_run(5, "Reduction", "bob", 30, { sample: "A11" }));
	server.runs[2].notes = [{ time: ago(60), seconds: 1, who: "anna", text: "valve was stiff" }];
	server.events = [
		{ time: ago(50), id: 31, kind: "sequence_command", severity: "info", subject: "GC.inject", cause: 5, principal: null, note: "A12-250-1", text: "sequence starts 'GC.inject'" },
		{ time: ago(49), id: 32, kind: "sequence_command_sent", severity: "info", subject: "GC.inject", cause: 31, principal: null, note: null, text: "the device took the start" },
		{ time: ago(9), id: 33, kind: "sequence_command_done", severity: "info", subject: "GC.inject", cause: 31, principal: null, note: null, text: "done" }];
	const { page, complaints } = await ready("/runs");
	const rows = page.locator(".runs tbody tr");
	const shown = (want) => eventually(async () => assert.deepEqual(await rows.evaluateAll((all) => all.map((r) => r.dataset.run)), want));
	await shown(["7", "6", "5"]);
	await page.getByLabel("Text", { exact: true }).fill("a1 redu");
	await shown(["7", "5"]);
	await page.getByLabel("Person").selectOption("bob");
	await shown(["5"]);
	await page.getByLabel("Text", { exact: true }).fill("");
	await shown(["6", "5"]);
	await page.getByLabel("Title").selectOption("Leak test");
	await shown(["6"]);
	await page.getByLabel("Title").selectOption("");
	await page.getByLabel("Person").selectOption("");
	await page.getByLabel("From").fill(new Date(Date.now() - 10 * 86400e3).toISOString().slice(0, 10));
	await shown(["7", "6"]);
	await page.getByLabel("To", { exact: true }).fill(new Date(Date.now() - 20 * 86400e3).toISOString().slice(0, 10));
	await page.getByText("No run matches.").waitFor();
	await page.getByLabel("To", { exact: true }).fill("");
	await assert_accessible(page, "runs");
	await shoot(page, "sequence_runs");
	await page.getByRole("link", { name: "Run 7 Reduction" }).press("Enter");
	const one = page.locator('.one-run[data-run="7"]');
	await one.getByText("valve was stiff").waitFor();
	await one.getByText("✕ outside").waitFor();
	await one.getByText("Trap filled?").waitFor();
	await one.getByText("taken by the device").waitFor({ state: "detached" });
	await eventually(async () => assert.match(await one.locator('section[aria-label="Injections and other commands of instruments"] tbody').innerText(), /GC\.inject\s+A12-250-1[^]*done/));
	assert.match(await one.innerText(), /mbc record note "TEXT" \(run 7 has to be open\)/);
	const links = await one.locator(".downloads a").evaluateAll((all) => all.map((a) => a.getAttribute("href")));
	assert.deepEqual(links.filter((l) => l.includes(".zip")), ["api/v1/runs/7.zip", "api/v1/runs/7.zip?format=csv-fr"]);
	await one.locator(".get-values input").fill("T_bed, mfc_n2.ai0");
	await eventually(async () => assert.deepEqual(await one.locator(".downloads a[download^=run-]").evaluateAll((all) => all.map((a) => a.getAttribute("href"))),
		["csv", "csv-fr", "xlsx"].map((f) => `api/v1/history?channels=T_bed,mfc_n2.ai0&since=run:7&format=${f}`)));
	server.runs[2].notes.push({ time: ago(1), seconds: 2, who: "bob", text: "changed the trap" });
	await one.getByText("changed the trap").waitFor(); /* an open run is asked for again */
	await assert_accessible(page, "one run");
	await shoot(page, "sequence_run");
	await page.goBack();
	await shown(["7", "6"]);
	assert.equal(await page.getByLabel("From").inputValue(), new Date(Date.now() - 10 * 86400e3).toISOString().slice(0, 10), "as it was left");
	assert.deepEqual(complaints, []);
});

test("the card for the door: one page, black on white, and nothing old on it", async () => {
	run();
	server.outputs.H2_flow.target = 12.5;
	const { page } = await ready("/card", { colorScheme: "dark" });
	const card = page.locator(".door-card");
	await card.getByText("Reduction version 3").waitFor();
	await eventually(async () => assert.match(await card.innerText(), /7 · sample A12[^]*anna/));
	assert.match(await card.locator('[data-output="H2_flow"]').innerText(), /fuel gas[^]*12\.50?0? mL\/min/);
	assert.equal(await card.locator('[data-output="N2_flow"]').count(), 0);
	assert.match(await card.innerText(), /Alarm 0: Look at it/);
	assert.match(await card.locator(".card-end").innerText(), /^\d{4}-\d\d-\d\d \d\d:\d\d$/);
	assert.deepEqual(await card.evaluate((c) => [getComputedStyle(c).color, getComputedStyle(c).backgroundColor]), ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]);
	await assert_accessible(page, "card");
	await shoot(page, "sequence_card");
	await page.emulateMedia({ media: "print" });
	assert.equal(await page.locator("header").isVisible(), false);
	assert.equal(await page.locator(".no-print").isVisible(), false);
	const pdf = (await page.pdf({ preferCSSPageSize: true })).toString("latin1");
	assert.equal((pdf.match(/\/Type\s*\/Page\b(?!s)/g) ?? []).length, 1, "one page");
	await page.emulateMedia({ media: "screen" });
	server.silent = true;
	await eventually(async () => assert.match(await card.locator('[data-output="H2_flow"]').innerText(), /not known\s+not known/));
	await eventually(async () => assert.match(await card.innerText(), /State\s+not known/));
});

test("another run of the same sequence in the same step, begun while nobody looked, is not taken for the one before", async () => {
	run();
	const { page } = await ready("/card");
	const card = page.locator(".door-card");
	await eventually(async () => assert.match(await card.innerText(), /7 · sample A12[^]*anna/));
	await page.evaluate(() => { location.hash = "#help"; });
	await page.locator('main[data-page="help"]').waitFor();
	server.runs = [old_run(7, "Reduction", "anna", 1, { sample: "A12" }), one_run(8, { started_by: "bob", fields: { sample: "B1" }, sequences: [part({ started_by: "bob" })] })];
	await new Promise((done) => setTimeout(done, 5000));
	await page.evaluate(() => { location.hash = "#sequence/card"; });
	await eventually(async () => assert.match(await card.innerText(), /8 · sample B1[^]*bob/));
	assert.doesNotMatch(await card.innerText(), /anna/);
});

test("by keyboard alone: to the page, a button of it, the runs", async () => {
	run({ state: "complete" });
	const p = await open(url);
	const { page } = p;
	const link = page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Sequence" });
	await link.waitFor();
	await wait_until("the link by Tab", async () => {
		await page.keyboard.press("Tab");
		return link.evaluate((a) => a === document.activeElement);
	});
	await page.keyboard.press("Enter");
	await page.locator('main[data-page="sequence"]').waitFor();
	const runs = page.getByRole("link", { name: "Runs" });
	await runs.waitFor();
	await wait_until("Runs by Tab", async () => {
		await page.keyboard.press("Tab");
		return runs.evaluate((a) => a === document.activeElement);
	});
	await page.keyboard.press("Enter");
	await page.locator('.runs [data-run="7"]').waitFor();
});

test("French, a phone of 360 pixels, dark, targets for gloves", async () => {
	run();
	const { page } = await with_token("", { locale: "fr-FR", colorScheme: "dark", ...PHONE });
	await sequence(page).getByText("0:15:00 sur 1:00:00").waitFor();
	await eventually(async () => assert.equal(await state_of(page, 10), "skipped"));
	await fits(page, 360);
	const small = await sequence(page).locator(":scope > .bar button").evaluateAll((all) => all.filter((b) => b.getBoundingClientRect().height < 44).map((b) => b.textContent));
	assert.deepEqual(small, []);
	await assert_accessible(page, "phone");
	await page.screenshot({ path: process.env.SHOTS ? `${process.env.SHOTS}/sequence_page_phone.png` : undefined, fullPage: true });
	for (const part of ["runs", "runs/7", "card"]) {
		await page.evaluate((p) => {
			location.hash = `#sequence/${p}`;
		}, part);
		await page.locator(part === "runs" ? ".runs table" : part === "card" ? ".door-card" : ".one-run[data-run]").waitFor();
		await fits(page, 360);
		await assert_accessible(page, part);
		await page.screenshot({ path: process.env.SHOTS ? `${process.env.SHOTS}/sequence_phone_${part.replace("/", "_")}.png` : undefined, fullPage: true });
	}
	run({ state: "complete" });
	await page.evaluate(() => {
		location.hash = "#sequence";
	});
	await wait_until("START", () => button(page, "DÉMARRER").isEnabled());
	await button(page, "DÉMARRER").tap();
	const box = page.locator("dialog.sequence-box");
	await box.getByRole("button", { name: "Répéter" }).tap();
	await box.getByText("✓ Elle va à son terme après 1:12:00.").waitFor();
	await fits(page, 360);
	await page.screenshot({ path: process.env.SHOTS ? `${process.env.SHOTS}/sequence_phone_start.png` : undefined });
});

test("a screen on the wall: nothing is cut off", async () => {
	run();
	const { page } = await ready("", { viewport: { width: 3840, height: 2160 } });
	await sequence(page).getByText("0:15:00 of 1:00:00").waitFor();
	await fits(page, 3840);
	await shoot(page, "sequence_wall");
});

/* What a server says of a text, by the real compiler. */
function compiled(text) {
	const place = mkdtempSync(join(tmpdir(), "mbc-test-"));
	writeFileSync(join(place, "x.seq"), text);
	const done = spawnSync(MBC, ["sequence", "lines", join(place, "x.seq")], { encoding: "utf8" });
	rmSync(place, { recursive: true });
	const errors = [...done.stderr.matchAll(/x\.seq:(\d+):(\d+): (error|warning): (.*) \[(\S+)\]/g)]
		.map((m) => ({ line: Number(m[1]), column: Number(m[2]), kind: m[3], text: m[4].split("; ")[0], remedy: m[4].split("; ")[1] ?? null, code: m[5] }));
	return { errors, tree: done.status === 0 ? JSON.parse(done.stdout) : null };
}

test("a server that cannot check sequences has no editor", async () => {
	const { page } = await ready("/edit");
	await page.locator(".parts a").first().waitFor();
	await page.waitForTimeout(500);
	assert.equal(await page.getByRole("link", { name: "Editor" }).count(), 0);
	assert.equal(await page.locator(".editor").count(), 0);
});

test("the editor: text and table are one, and what the table does not know stays as it is", { skip: !existsSync(MBC) && "mbc is not built" }, async () => {
	server.check_of = compiled;
	server.parts = { "sequences/leak.seq": "", "sequences/tpr.seq": readFileSync(GOLDEN, "utf8").replace("Table", "Reduction") };
	const before_it = readFileSync(GOLDEN, "utf8");
	const { page, complaints } = await with_token("/edit");
	const editor = page.locator(".editor");
	const area = editor.getByLabel("Text of the sequence");
	const text = () => area.inputValue();
	await editor.getByLabel("Of this bench").selectOption("tpr");
	await wait_until("the text of the bench", async () => (await text()) === before_it.replace("Table", "Reduction"));
	await editor.locator('input[accept=".seq"]').setInputFiles(GOLDEN);
	await wait_until("the file", async () => (await text()) === before_it);
	await editor.getByText("✓ nothing is wrong").waitFor();
	const row = (n) => editor.locator(`[data-row="${n}"]`);
	await row(10).waitFor();
	assert.deepEqual(await editor.locator("thead th").allInnerTexts().then((l) => l.slice(0, 5)), ["Step", "V_N2", "N2_flow", "H2_flow", "T_furn"]);
	assert.match(await row(20).innerText(), /T\s*⇢ 5 K\/min[^]*wait until T_bed/);
	assert.match(await row(30).locator("td.rest").innerText(), /repeat 2 as n/);
	await assert_accessible(page, "editor");
	await shoot(page, "sequence_editor");
	/* A value in the box of a row. */
	await row(10).getByRole("button", { name: "10 — Purge", exact: true }).click();
	const box = page.locator("dialog.row-box");
	await box.getByLabel("Value").nth(1).fill("60 mL_n/min ; abort");
	await box.getByRole("button", { name: "Take over" }).click();
	await box.getByText("is no part of one line").waitFor();
	await box.getByLabel("Value").nth(1).fill("60 mL_n/min");
	await assert_accessible(page, "row");
	await shoot(page, "sequence_editor_row");
	await box.getByRole("button", { name: "Take over" }).click();
	await box.waitFor({ state: "detached" });
	assert.equal(await text(), before_it.replace("N2_flow = 50 mL_n/min  # the bottle", "N2_flow = 60 mL_n/min  # the bottle"));
	await wait_until("it is checked", () => row(20).getByRole("button", { name: /^Copy/ }).isEnabled());
	await row(20).getByRole("button", { name: /^Copy/ }).click();
	await row(25).waitFor();
	await row(30).getByRole("button", { name: /^Remove/ }).click();
	await editor.getByText("Step 30 is named elsewhere in the text").waitFor();
	await editor.getByRole("button", { name: "Undo" }).click();
	await eventually(async () => assert.equal(await row(25).count(), 0));
	await editor.getByRole("button", { name: "Undo" }).click();
	assert.equal(await text(), before_it);
	/* A fault that is typed: it is told, and the table waits. */
	await area.fill(before_it.replace("wait 10 min ", "wayt 10 min "));
	await editor.locator(".faults .error").first().waitFor();
	assert.equal(await row(10).count(), 0);
	await editor.locator(".faults button").first().click();
	await eventually(async () => assert.match(await area.evaluate((a) => (a === document.activeElement ? a.value.slice(a.selectionStart, a.selectionEnd) : "")), /wayt 10 min/));
	await area.fill(before_it);
	await row(40).waitFor();
	await editor.locator('input[accept^=".csv"]').setInputFiles({ name: "t.csv", mimeType: "text/csv",
		buffer: Buffer.from("title;duration [min];T_furn [degC];T_furn ramp [K/min]\nWarm;30;120,5;5\n") });
	await row(50).waitFor();
	assert.match(await text(), /step 50 "Warm"\n {2}start ramp T_furn to 120\.5 degC at 5 K\/min\n {2}wait 30 min\nend/);
	const saved = page.waitForEvent("download");
	await editor.getByRole("button", { name: "Save as a file" }).click();
	assert.equal((await saved).suggestedFilename(), "table.seq");
	assert.deepEqual(complaints, []);
	await page.setViewportSize({ width: 360, height: 740 });
	await fits(page, 360);
	await shoot(page, "sequence_editor_phone");
});

test("a sequence is saved on the bench by who may configure it, over just the one that was read", async () => {
	const text = "sequence \"Reduction\"\nstep 10 \"A\"\nend\n";
	server.people = { anna: "correct horse" };
	server.may = ["read", "operate", "configure"];
	server.check_of = (t) => ({ errors: t.includes("wrong") ? [{ line: 1, column: 1, kind: "error", text: "wrong", remedy: null, code: null }] : [], tree: null });
	server.bench_file = new FakeFile("bench: tpr-1\n", { "sequences/tpr.seq": text });
	const p = await open(url);
	const { page } = p;
	await sign_in(page, "anna", "correct horse");
	await page.evaluate(() => { location.hash = "#sequence/edit/tpr"; });
	const editor = page.locator(".editor");
	const area = editor.getByLabel("Text of the sequence");
	await eventually(async () => assert.equal(await area.inputValue(), text));
	await area.fill(`${text}# wrong\n`);
	await editor.getByText("It is saved on the bench when it has no errors.").waitFor();
	await area.fill(`${text}# mine\n`);
	await wait_until("it can be saved", () => editor.getByRole("button", { name: "Save on the bench", exact: true }).isEnabled());
	await assert_accessible(page, "saving");
	await shoot(page, "sequence_editor_save");
	await editor.getByRole("button", { name: "Save on the bench", exact: true }).click();
	await page.locator('[data-became="taken"]').waitFor();
	assert.equal(server.bench_file.parts["sequences/tpr.seq"], `${text}# mine\n`);
	/* Somebody else writes it: nothing is lost, and it is told. */
	server.bench_file.parts["sequences/tpr.seq"] = "theirs";
	await editor.getByRole("button", { name: "Save on the bench", exact: true }).click();
	await editor.getByText("it is another one by now").waitFor();
	assert.equal(await area.inputValue(), `${text}# mine\n`);
	await editor.getByLabel("Name on the bench").fill("../x");
	await editor.getByRole("button", { name: "Save on the bench as a new one" }).click();
	await editor.getByText("A name is made of letters").waitFor();
	await editor.getByLabel("Name on the bench").fill("tpr-2");
	await page.keyboard.press("Enter");
	await page.locator('[data-became="taken"]').waitFor();
	assert.equal(server.bench_file.parts["sequences/tpr-2.seq"], `${text}# mine\n`);
	await page.setViewportSize({ width: 360, height: 740 });
	await fits(page, 360);
});
