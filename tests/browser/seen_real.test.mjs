/* seen_real.test.mjs - two pages of one running bench that this test starts: a press is for what was on its page, and is refused when that is over
 *
 * The request of the slower page is held back until the other one has pressed: no clock decides what is tested. MBC_BUILD says where mbc is.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { eventually, open_page, sign_in, start_browser } from "./browser.mjs";
import { not_built as skip, PASSWORD, RealBench } from "./real_bench.mjs";

const BENCH = `bench: two
history: no
tick: 100 ms
sequences: sequences
serve: {listen: "127.0.0.1:0"}
channels:
  A: {calc: 3}
alarms:
  high: {when: A > 2, do: look, priority: low}
`;
const WALK = `sequence "Walk" version 1
meta sample text required
param hot = 40 (30 .. 50)
step 10 "One" entry always
  ask "Filled?" answers yes, no timeout 1 h -> abort
  wait 1 h
end
step 20 "Two" entry always
  wait 1 h
end
step 30 "Three" entry always
  wait 1 h
end
on hold > 2 h -> abort
`;

let bench;
let browser;
let pages = [];

async function visit() {
	const { page } = await open_page(browser, bench.url);
	await sign_in(page, "maria", PASSWORD);
	return page;
}

before(async () => {
	if (skip)
		return;
	bench = new RealBench("two", BENCH, { "sequences/walk.seq": WALK });
	await bench.run();
	await bench.user("maria", "--role", "root");
	browser = await start_browser();
	pages = [await visit(), await visit()];
});

after(async () => {
	await browser?.close();
	await bench?.end();
});

const panel = (page) => page.locator("section.sequence");
const button = (page, name) => panel(page).getByRole("button", { name, exact: true });
const shows = (page, what, text) => eventually(async () => assert.equal(await panel(page).locator(`[data-field="${what}"] dd`).innerText(), text));
const says = (page, pattern) => eventually(async () => assert.match(await panel(page).locator(":scope > .verdict").innerText(), pattern));

/* The next request of this page waits until it is let go; *body: what it says. */
async function hold_back(page, path) {
	let let_go;
	let arrived;
	const gate = new Promise((done) => { let_go = done; });
	const body = new Promise((done) => { arrived = done; });
	await page.route(`**/api/v1/${path}?*`, async (route) => {
		arrived(route.request().postDataJSON());
		await gate;
		await route.continue();
	}, { times: 1 });
	return { body, let_go };
}

/* The second page presses for what it sees, the first one is faster. */
async function outrun(path, slow, fast) {
	const held = await hold_back(pages[1], path);
	await slow(pages[1]);
	const body = await held.body;
	await fast(pages[0]);
	held.let_go();
	return body;
}

const press = (name) => async (page) => {
	await eventually(async () => assert.ok(await button(page, name).isEnabled()));
	await page.waitForTimeout(500); /* what was there for a moment only was not looked at */
	await button(page, name).click();
};

test("START, with all that it is told in one request", { skip }, async () => {
	const box = pages[0].locator("dialog.sequence-box");
	await press("START")(pages[0]);
	await box.locator('input[name="sample"]').fill("A1");
	await pages[0].waitForTimeout(500);
	await box.locator("button.go").click();
	await box.waitFor({ state: "detached" });
	for (const page of pages)
		await shows(page, "state", "running");
});

test("an answer to a question that somebody else has answered", { skip }, async () => {
	const body = await outrun("sequence/answer", press("no"), async (page) => {
		await press("yes")(page);
		await eventually(async () => assert.match(await panel(page).locator(":scope > .verdict").innerText(), /✓ Answer yes done/));
		await panel(page).locator(".sequence-question").waitFor({ state: "detached" });
	});
	assert.ok(body.question_id > 0);
	await says(pages[1], /✕ Answer no refused: that question is answered or over/);
});

test("SKIP STEP of a step that somebody else has skipped", { skip }, async () => {
	const body = await outrun("sequence/skip", press("SKIP STEP"), async (page) => {
		await press("SKIP STEP")(page);
		await shows(page, "step", "20 — Two");
	});
	assert.ok(body.step_id > 0);
	await says(pages[1], /✕ SKIP STEP refused: the step that was looked at is over: step 20 'Two' executes now/);
	await shows(pages[1], "step", "20 — Two");
	/* And once it has been looked at, it is skipped. */
	await press("SKIP STEP")(pages[1]);
	await says(pages[1], /✓ SKIP STEP done/);
	for (const page of pages)
		await shows(page, "step", "30 — Three");
});

test("RESUME of a hold that leads elsewhere by now", { skip }, async () => {
	await press("PAUSE")(pages[0]);
	for (const page of pages)
		await shows(page, "state", "held");
	const body = await outrun("sequence/resume", press("RESUME"), async (page) => {
		await panel(page).getByLabel("Go to step").selectOption("10");
		await press("GO TO STEP")(page);
		await says(page, /✓ GO TO STEP 10 done/);
	});
	assert.ok(body.hold_id > 0);
	await says(pages[1], /✕ RESUME refused: it is not held as it was/);
	await shows(pages[1], "step", "30 — Three");
});

test("a page acknowledges what it has shown, and says so", { skip }, async () => {
	const [page] = pages;
	const held = await hold_back(page, "alarms/ack");
	await page.evaluate(() => { location.hash = "#events"; });
	await page.locator("button.ack-all:enabled").waitFor();
	await page.waitForTimeout(500);
	await page.locator("button.ack-all").click();
	const body = await held.body;
	held.let_go();
	const { seen } = await page.evaluate(() => fetch("api/v1/alarms").then((r) => r.json()));
	assert.ok(seen > 0);
	assert.equal(body.seen, seen);
	await page.locator("button.ack-all:disabled").waitFor();
});
