/* file_real.test.mjs - the editors of the bench file and of sequences on a bench that this test starts, with an account; MBC_BUILD says where mbc is
 *
 * The files that they write are the bench's own, and the compiler is the real one.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { assert_accessible } from "./axe.mjs";
import { eventually, open_page, shoot, sign_in, start_browser, wait_until } from "./browser.mjs";
import { not_built as skip, PASSWORD, RealBench } from "./real_bench.mjs";

const BENCH = "bench: pages\nhistory: no\ntick: 100 ms\nsequences: sequences\nserve: {listen: \"127.0.0.1:0\"}\nchannels:\n  A: {calc: 3}\n";
const WAIT = "sequence \"Wait\"\nstep 10 \"A\"\n  wait 1 s\nend\n";

let place;
let file;
let bench;
let browser;
let page;
let opened;

before(async () => {
	if (skip)
		return;
	bench = new RealBench("pages", BENCH, { "sequences/wait.seq": WAIT });
	({ place, file } = bench);
	await bench.run();
	await bench.user("maria", "--role", "root");
	browser = await start_browser();
	opened = await open_page(browser, bench.url);
	page = opened.page;
	await sign_in(page, "maria", PASSWORD);
});

after(async () => {
	await browser?.close();
	await bench?.end();
});

const go = (hash) => page.evaluate((to) => { location.hash = to; }, hash);
const area = () => page.locator(".code textarea");
const apply = () => page.getByRole("button", { name: "Apply", exact: true });

test("the bench file: read, checked by the compiler, applied; somebody else was faster; back again", { skip }, async () => {
	await go("#file");
	await eventually(async () => assert.equal(await area().inputValue(), BENCH));
	await area().fill(`${BENCH}  B: {calc: A + }\n`);
	await page.locator(".faults .error").first().waitFor();
	assert.match(await page.locator(".faults .error").first().innerText(), /8:\d+/);
	await area().fill(`${BENCH}  B: {calc: A + 1}\n`);
	await page.locator(".meaning", { hasText: "New channels" }).getByText("B", { exact: true }).waitFor();
	await page.locator(".difference .plus").getByText("B: {calc: A + 1}").waitFor();
	await assert_accessible(page, "the bench file");
	await shoot(page, "file_real");
	await apply().click();
	await page.locator('[data-became="taken"]').waitFor();
	assert.equal(readFileSync(file, "utf8"), `${BENCH}  B: {calc: A + 1}\n`);
	await wait_until("the channel is there", async () => (await page.evaluate(() => fetch("api/v1/channels").then((r) => r.json()))).channels.some((c) => c.name === "B" && c.value === 4));
	/* At the computer somebody writes the file. */
	await area().fill(`${BENCH}  B: {calc: A + 2}\n`);
	await wait_until("it can be applied", () => apply().isEnabled());
	writeFileSync(file, `# theirs\n${BENCH}`);
	await apply().click();
	await page.locator("section.conflict .plus").getByText("# theirs").waitFor();
	assert.equal(readFileSync(file, "utf8"), `# theirs\n${BENCH}`);
	await page.getByRole("button", { name: "Go on with mine" }).click();
	await wait_until("it can be applied", () => apply().isEnabled());
	await apply().click();
	await page.locator('[data-became="taken"]').waitFor();
	assert.equal(readFileSync(file, "utf8"), `${BENCH}  B: {calc: A + 2}\n`);
	await go("#file/versions");
	await page.locator('[data-version="1"]').getByRole("button").click();
	await page.locator(".meaning", { hasText: "Channels that go" }).getByText("B", { exact: true }).waitFor();
	await page.getByRole("button", { name: "Go back to version 1" }).click();
	await page.locator('[data-became="taken"]').waitFor();
	assert.equal(readFileSync(file, "utf8"), BENCH);
	await go("#file/part/sequences/wait.seq");
	await eventually(async () => assert.equal(await area().inputValue(), WAIT));
});

test("a sequence: read, edited as a table, checked against the bench, saved and listed", { skip }, async () => {
	await go("#sequence/edit/wait");
	const editor = page.locator(".editor");
	const text = editor.getByLabel("Text of the sequence");
	await eventually(async () => assert.equal(await text.inputValue(), WAIT));
	await editor.locator('[data-row="10"]').waitFor();
	await text.fill(WAIT.replace("wait 1 s", "set Nothing = 3"));
	await editor.locator(".faults .error").getByText(/Nothing/).first().waitFor();
	await editor.locator('[data-row="10"]').waitFor();
	await text.fill(WAIT.replace("1 s", "2 s"));
	await wait_until("it can be saved", () => editor.getByRole("button", { name: "Save on the bench", exact: true }).isEnabled());
	await editor.getByRole("button", { name: "Save on the bench", exact: true }).click();
	await page.locator('[data-became="taken"]').waitFor();
	assert.equal(readFileSync(join(place, "sequences/wait.seq"), "utf8"), WAIT.replace("1 s", "2 s"));
	await editor.getByLabel("Name on the bench").fill("wait-longer");
	await editor.getByRole("button", { name: "Save on the bench as a new one" }).click();
	await eventually(() => assert.ok(existsSync(join(place, "sequences/wait-longer.seq"))));
	await wait_until("it is listed", async () => (await page.evaluate(() => fetch("api/v1/sequences").then((r) => r.json()))).sequences.some((s) => s.name === "wait-longer"));
	await shoot(page, "sequence_editor_real");
	assert.deepEqual(opened.strangers, []);
	assert.deepEqual(opened.complaints.filter((c) => !/status of (401|409|429|503)/.test(c)), []);
});
