/* sequence.test.mjs - the sequence panel, against a bench with faults on command: what it shows, what may be pressed, what is sent */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, rig, shoot, wait_until } from "./browser.mjs";
import { FakeServer } from "./fake_server.mjs";

const RUNNING = { state: "running", name: "tpr", step: 20, title: "Heat", comment: "slowly", step_time: 3725.9, current_step_time: 61.2,
	total_time: 97200, time: 600, time_left: 93600, reason: "" };
const NAMES = ["START", "PAUSE", "SAFE PAUSE", "RESUME", "SKIP STEP", "GO TO STEP", "ABORT"];

let server;
let url;
const open = rig(async () => {
	server = new FakeServer({ sequences: true });
	server.commands = ["sequence"];
	url = await server.start();
}, () => server.stop());

async function ready(options) {
	const p = await open(url, options);
	await p.page.locator('[data-state="running"]').waitFor();
	return p;
}

async function with_token(options) {
	const p = await ready(options);
	await p.page.locator("button.token").click();
	await p.page.locator(".token-box input").fill(server.token);
	await p.page.keyboard.press("Enter");
	await p.page.locator('button.token[aria-pressed="true"]').waitFor();
	return p;
}

const run = (more = {}) => Object.assign(server.sequence, RUNNING, more);
const panel = (page) => page.locator("section.sequence");
const button = (page, name) => panel(page).locator(":scope > .bar").getByRole("button", { name, exact: true });
const field = (page, what) => panel(page).locator(`[data-field="${what}"] dd`);
const shows = (page, what, text) => eventually(async () => assert.equal(await field(page, what).innerText(), text));
const says = (page, pattern) => eventually(async () => assert.match(await panel(page).locator(":scope > .verdict").innerText(), pattern));
const sent = () => server.orders.map((o) => [o.method, o.path.replace("/api/v1/sequence/", ""), Object.fromEntries(Object.entries(o.body).filter(([k]) => k !== "id"))]);
const open_now = (page, names) => eventually(async () => {
	const enabled = [];
	for (const name of NAMES)
		if (await button(page, name).isEnabled())
			enabled.push(name);
	assert.deepEqual(enabled, names);
});

test("a bench without sequences has no panel", async () => {
	await server.stop();
	server = new FakeServer();
	url = await server.start();
	const { page } = await ready();
	await page.locator('tr[data-channel="T_bed"]').waitFor();
	assert.equal(await panel(page).count(), 0);
});

test("the fields follow the channels; what is not known is a dash, what is old is struck out", async () => {
	const { page, complaints } = await ready();
	await shows(page, "state", "idle");
	await shows(page, "step", "—");
	await shows(page, "time_left", "—");
	run();
	await shows(page, "name", "tpr");
	await shows(page, "step", "20 — Heat");
	await shows(page, "comment", "slowly");
	await shows(page, "step_time", "1:02:05");
	await shows(page, "current_step_time", "0:01:01");
	await shows(page, "total_time", "27:00:00");
	await shows(page, "time_left", "26:00:00");
	await shows(page, "reason", "—");
	run({ state: "held", reason: "guard too_hot: T_bed" });
	await shows(page, "state", "held");
	await shows(page, "reason", "guard too_hot: T_bed");
	assert.deepEqual(complaints, []);
	await shoot(page, "sequence");
	server.silent = true;
	await panel(page).getByText("How the sequence stands now is not known").waitFor();
	assert.equal(await panel(page).locator('.bad[data-field="state"]').count(), 1);
	server.silent = false;
	await eventually(async () => assert.equal(await panel(page).locator(".bad").count(), 0));
	server.state = "controller_down";
	await panel(page).getByText("How the sequence stands now is not known").waitFor();
});

test("without a token, or where the bench does not open it, nothing can be pressed, and the reason is told", async () => {
	run();
	const { page } = await ready();
	await shows(page, "state", "running");
	await open_now(page, []);
	assert.equal(await button(page, "PAUSE").getAttribute("title"), "It takes a token: press Commands at the top right.");
	server.commands = ["set"];
	await eventually(async () => assert.match(await button(page, "ABORT").getAttribute("title"), /does not open sequences to tokens/));
	server.commands = ["sequence"];
	const { page: other } = await with_token();
	await open_now(other, ["PAUSE", "SAFE PAUSE", "SKIP STEP", "GO TO STEP", "ABORT"]);
	assert.equal(await button(other, "RESUME").getAttribute("title"), "It means nothing now: the sequence is running.");
	assert.deepEqual(server.orders, []);
});

test("START tells all parameters and fields in one request", async () => {
	const { page } = await with_token();
	await open_now(page, ["START"]);
	await button(page, "START").click();
	const box = page.locator("dialog.sequence-box");
	await box.getByText("Reduction").waitFor();
	assert.match(await box.innerText(), /hot[^]*°C\s*200 to 600 °C[^]*2 values, separated by commas[^]*has to be told/);
	const go = box.getByRole("button", { name: "START" });
	const refused = async (name, text, pattern) => {
		await box.locator(`input[name="${name}"]`).fill(text);
		await go.click();
		await eventually(async () => assert.match(await box.locator(".message").innerText(), pattern));
	};
	await refused("hot", "700", /^hot: it lies from 200 °C to 600 °C/);
	await refused("hot", "4,5", /^hot: the decimal sign is a point/);
	await refused("hot", "", /^hot: has to be told/);
	await refused("hot", "460", /^sample: has to be told/);
	await refused("temps", "250", /^temps: 2 values/);
	await refused("sample", "x".repeat(64), /^temps: 2 values/);
	await refused("temps", "250, 310", /^sample: at most 63 bytes/);
	assert.deepEqual(server.orders, []);
	await box.locator('input[name="sample"]').fill("Cu/ZnO 12");
	server.verdict_of = () => ({ verdict: "pending", text: "" });
	await go.click();
	await eventually(async () => assert.match(await box.locator(".verdict").innerText(), /… START tpr asked, no verdict yet/));
	await eventually(async () => assert.equal(sent().length, 1)); /* what is asked is on its way when it is said to be */
	assert.equal(await field(page, "state").innerText(), "idle", "nothing is shown before it is so");
	server.verdicts.get(server.orders[0].body.id).verdict = "verified";
	await box.waitFor({ state: "detached" });
	await says(page, /✓ START tpr done/);
	assert.deepEqual(sent(), [["POST", "start", { name: "tpr", values: { hot: 460, temps: "250, 310", sample: "Cu/ZnO 12" } }]]);
});

test("what is refused ends START, and what was typed stays", async () => {
	const { page } = await with_token();
	await open_now(page, ["START"]);
	await button(page, "START").click();
	const box = page.locator("dialog.sequence-box");
	await box.locator('input[name="sample"]').fill("A1");
	server.verdict_of = () => ({ verdict: "refused", text: "hot: 450 is outside of 460 to 600 degC. temps: it has 3 values" });
	await box.getByRole("button", { name: "START" }).click();
	await eventually(async () => assert.match(await box.locator(".verdict").innerText(), /✕ START tpr refused: hot: 450 is outside of 460 to 600 degC. temps: it has 3 values/));
	assert.deepEqual(sent().map((o) => o[1]), ["start"]);
	assert.equal(await box.locator('input[name="sample"]').inputValue(), "A1");
	await box.locator("select").selectOption("leak");
	assert.equal(await box.locator("input").count(), 0);
	server.verdict_of = () => ({ verdict: "verified", text: "" });
	await box.getByRole("button", { name: "START" }).click();
	await box.waitFor({ state: "detached" });
	assert.deepEqual(sent().slice(1), [["POST", "start", { name: "leak", values: {} }]]);
});

test("PAUSE, SAFE PAUSE, RESUME, SKIP STEP: each where it means something, and a double click is one press", async () => {
	run();
	const { page } = await with_token();
	await open_now(page, ["PAUSE", "SAFE PAUSE", "SKIP STEP", "GO TO STEP", "ABORT"]);
	await button(page, "SKIP STEP").dblclick();
	await says(page, /✓ SKIP STEP done/);
	await shows(page, "step", "20 — Heat");
	await button(page, "PAUSE").click();
	await says(page, /✓ PAUSE done/);
	await shows(page, "state", "running");
	run({ state: "held" });
	await open_now(page, ["SAFE PAUSE", "RESUME", "SKIP STEP", "GO TO STEP", "ABORT"]);
	await button(page, "SAFE PAUSE").click();
	await says(page, /✓ SAFE PAUSE done/);
	server.verdict_of = () => ({ verdict: "refused", text: "a trip is not reset; see 'mbc trip'" });
	await button(page, "RESUME").click();
	await says(page, /✕ RESUME refused: a trip is not reset/);
	run({ state: "aborting" });
	await open_now(page, ["ABORT"]);
	run({ state: "aborted" });
	await open_now(page, ["START"]);
	assert.deepEqual(sent(), [["POST", "skip", {}], ["POST", "pause", {}], ["POST", "safe-pause", {}], ["POST", "resume", {}]]);
});

test("GO TO STEP offers the steps with an entry, and says which outputs differ", async () => {
	run();
	const { page } = await with_token();
	await open_now(page, ["PAUSE", "SAFE PAUSE", "SKIP STEP", "GO TO STEP", "ABORT"]);
	const steps = panel(page).getByLabel("Go to step");
	assert.deepEqual(await steps.locator("option").allInnerTexts(), ["20 — Heat", "30 — Cool"]);
	await steps.selectOption("30");
	server.verdict_of = () => ({ verdict: "verified", text: "held; RESUME goes there; T is 450 degC, normally 20 degC" });
	await button(page, "GO TO STEP").click();
	await says(page, /✓ GO TO STEP 30 done: held; RESUME goes there; T is 450 degC, normally 20 degC/);
	run({ state: "held", reason: "go to another step" });
	await wait_until("RESUME", () => button(page, "RESUME").isEnabled());
	await button(page, "RESUME").click();
	await wait_until("it is asked", () => server.orders.length === 2);
	assert.deepEqual(sent(), [["POST", "goto", { step: 30 }], ["POST", "resume", {}]]);
	run({ name: "leak", state: "running" });
	await eventually(async () => assert.equal(await button(page, "GO TO STEP").getAttribute("title"), "No step of this sequence has an entry."));
});

test("ABORT takes two deliberate touches, and works while the server cannot say what may be pressed", async () => {
	run();
	server.sequences_fault = true;
	const { page } = await with_token();
	await open_now(page, ["ABORT"]);
	assert.equal(await button(page, "PAUSE").getAttribute("title"), "The server is asked what may be pressed now.");
	await button(page, "ABORT").dblclick();
	await panel(page).locator(".abort.armed").waitFor();
	await page.waitForTimeout(500);
	assert.deepEqual(server.orders, [], "a double click is one touch");
	await button(page, "Press again: ABORT").click();
	await says(page, /✓ ABORT done/);
	assert.deepEqual(sent(), [["POST", "abort", {}]]);
	server.sequences_fault = false;
	await open_now(page, ["PAUSE", "SAFE PAUSE", "SKIP STEP", "GO TO STEP", "ABORT"]);
});

test("a question has its answers as buttons, and only as long as it is asked", async () => {
	server.asks = { text: "Valve open?", answers: ["yes", "no"] };
	run({ question: 7, reason: "Valve open?" });
	const { page } = await with_token();
	const asked = panel(page).getByRole("group", { name: "It asks" });
	await asked.getByText("Valve open?").waitFor();
	assert.deepEqual(await asked.getByRole("button").allInnerTexts(), ["yes", "no"]);
	await page.waitForTimeout(500);
	await asked.getByRole("button", { name: "yes" }).dblclick();
	await says(page, /✓ Answer yes done/);
	server.asks = { text: "Bottle shut?", answers: ["yes", "hold"] };
	run({ question: 9, reason: "Bottle shut?" });
	await asked.getByText("Bottle shut?").waitFor();
	await asked.getByRole("button", { name: "hold" }).waitFor();
	server.asks = null;
	run({ question: 0 });
	await asked.waitFor({ state: "detached" });
	assert.deepEqual(sent(), [["POST", "answer", { value: "yes" }]]);
});

test("French words, and a phone of 360 pixels", async () => {
	run();
	const { page } = await with_token({ locale: "fr-FR", viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true });
	await shows(page, "state", "en marche");
	assert.match(await panel(page).innerText(), /Séquence testée\s+tpr/);
	await button(page, "SAUTER L'ÉTAPE").tap();
	await says(page, /✓ SAUTER L'ÉTAPE fait/);
	run({ state: "complete" });
	await wait_until("START", () => button(page, "DÉMARRER").isEnabled());
	await button(page, "DÉMARRER").tap();
	await page.locator("dialog.sequence-box").getByText("2 valeurs, séparées par des virgules").waitFor();
	assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 360);
	await shoot(page, "sequence_phone");
});
