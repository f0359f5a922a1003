/* file_real.test.mjs - the editors of the bench file and of sequences on a bench that this test starts, with an account; MBC_BUILD says where mbc is
 *
 * The files that they write are the bench's own, and the compiler is the real one.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { assert_accessible } from "./axe.mjs";
import { eventually, open_page, shoot, start_browser, wait_until } from "./browser.mjs";

const MBC = `${process.env.MBC_BUILD ?? new URL("../../build", import.meta.url).pathname}/mbc`;
const PASSWORD = "correct horse battery";
const BENCH = "bench: pages\nhistory: no\ntick: 100 ms\nsequences: sequences\nserve: {listen: \"127.0.0.1:0\"}\nchannels:\n  A: {calc: 3}\n";
const WAIT = "sequence \"Wait\"\nstep 10 \"A\"\n  wait 1 s\nend\n";
const skip = !existsSync(MBC) && "mbc is not built";

let place;
let file;
let bench;
let url;
let browser;
let page;
let opened;

/* Where it listens, out of what it says at its start. */
function started(child) {
	return new Promise((done, fail) => {
		let said = "";
		const timer = setTimeout(() => fail(new Error(`it did not start: ${said}`)), 60_000);
		const take = (bytes) => {
			said += bytes;
			const found = /http:\/\/127\.0\.0\.1:\d+\//.exec(said);
			if (found) {
				clearTimeout(timer);
				done(found[0]);
			}
		};
		child.stdout.on("data", take);
		child.stderr.on("data", take);
		child.on("exit", (code) => fail(new Error(`it ended with ${code}: ${said}`)));
	});
}

before(async () => {
	if (skip)
		return;
	place = mkdtempSync(join(tmpdir(), "mbc-test-"));
	file = join(place, "bench.yaml");
	writeFileSync(file, BENCH);
	mkdirSync(join(place, "sequences"));
	writeFileSync(join(place, "sequences/wait.seq"), WAIT);
	const env = { ...process.env, MBC_RUN_DIR: join(place, "run"), MBC_STATE_DIR: join(place, "state"), MBC_USERS: "one" }; /* its files are its user's own */
	bench = spawn(MBC, ["run", file], { env, cwd: place, stdio: ["ignore", "pipe", "pipe"] });
	url = await started(bench);
	await eventually(() => {
		const made = spawnSync(MBC, ["user", "add", "--role", "root", "maria", "--bench", "pages"], { env, cwd: place, input: `${PASSWORD}\n`, timeout: 60_000 });
		assert.equal(made.status, 0, String(made.stderr));
	});
	browser = await start_browser();
	opened = await open_page(browser, url);
	page = opened.page;
	await eventually(async () => {
		await page.goto(url);
		await page.locator('.sign-in input[name="username"]').waitFor({ timeout: 5000 });
	});
	await page.locator('.sign-in input[name="username"]').fill("maria");
	await page.locator('.sign-in input[name="password"]').fill(PASSWORD);
	await page.keyboard.press("Enter");
	await page.locator('[data-state="running"]').first().waitFor();
});

after(async () => {
	await browser?.close();
	if (bench && bench.exitCode === null) {
		const ended = new Promise((done) => bench.on("exit", done));
		bench.kill("SIGTERM");
		await ended;
	}
	if (place)
		rmSync(place, { recursive: true, force: true });
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
