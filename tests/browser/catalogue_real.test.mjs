/* catalogue_real.test.mjs - an instrument of the catalogue is added on a bench that runs, beside a twin of it: form, editor, check, apply, live value; MBC_BUILD says where mbc is */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { assert_accessible } from "./axe.mjs";
import { eventually, open_page, shoot, start_browser, wait_until } from "./browser.mjs";

const MBC = `${process.env.MBC_BUILD ?? new URL("../../build", import.meta.url).pathname}/mbc`;
const PASSWORD = "correct horse battery";
const BENCH = "# ours\nbench: adds   # a remark\nhistory: no\ntick: 100 ms\nserve: {listen: \"127.0.0.1:0\"}\ninstruments:\n  pc: {use: system}   # this computer\n\nchannels:\n  A: {calc: 3}\n";
const skip = !existsSync(MBC) && "mbc is not built";

let place;
let file;
let port;
let env;
let browser;
let page;
let opened;
const children = [];

/* A program of ours, and what it says until `what` is in it. */
function started(words, what) {
	const child = spawn(MBC, words, { env, cwd: place, stdio: ["ignore", "pipe", "pipe"] });
	children.push(child);
	return new Promise((done, fail) => {
		let said = "";
		const timer = setTimeout(() => fail(new Error(`it did not start: ${said}`)), 60_000);
		const take = (bytes) => {
			said += bytes;
			const found = what.exec(said);
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

const free_port = () => new Promise((done) => {
	const server = createServer().listen(0, "127.0.0.1", () => {
		const { port: found } = server.address();
		server.close(() => done(found));
	});
});

before(async () => {
	if (skip)
		return;
	place = mkdtempSync(join(tmpdir(), "mbc-test-"));
	file = join(place, "bench.yaml");
	writeFileSync(file, BENCH);
	port = await free_port();
	writeFileSync(join(place, "twin.yaml"), `bench: twin\nserve: no\nlinks:\n  io: {tcp: "127.0.0.1:${port}"}\ninstruments:\n  box: {use: moxa-iologik-e1242, link: io, mode: voltage}\n`);
	env = { ...process.env, MBC_RUN_DIR: join(place, "run"), MBC_STATE_DIR: join(place, "state"), MBC_USERS: "one" }; /* its files are its user's own */
	await started(["twin", join(place, "twin.yaml")], new RegExp(`${port}`));
	const url = await started(["run", file], /http:\/\/127\.0\.0\.1:\d+\//);
	await eventually(() => {
		const made = spawnSync(MBC, ["user", "add", "--role", "root", "maria", "--bench", "adds"], { env, cwd: place, input: `${PASSWORD}\n`, timeout: 60_000 });
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
	for (const child of children.reverse())
		if (child.exitCode === null) {
			const ended = new Promise((done) => child.on("exit", done));
			child.kill("SIGTERM");
			await ended;
		}
	if (place)
		rmSync(place, { recursive: true, force: true });
});

const field = (id) => page.locator(`#${id}`);
const fault = (id) => page.locator(`[data-field="${id}"] .fault`);

test("an instrument: found, its form, the lines in the editor, applied, its live value", { skip }, async () => {
	await page.evaluate(() => { location.hash = "#instruments"; });
	await page.getByRole("button", { name: "Add an instrument" }).click();
	await page.locator("[data-kind]").first().waitFor();
	await assert_accessible(page, "the catalogue");
	await page.getByLabel("Find").fill("MOXA e1242");
	await wait_until("few are left", async () => (await page.locator("[data-kind]").count()) <= 3);
	/* By keyboard. */
	await page.locator('[data-kind="moxa-iologik-e1242"]').focus();
	await page.keyboard.press("Enter");
	await field("add-name").waitFor();
	await assert_accessible(page, "the form of an instrument");
	await page.setViewportSize({ width: 360, height: 740 });
	await wait_until("it fits a phone", () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
	await shoot(page, "catalogue_form_360");
	await page.setViewportSize({ width: 1280, height: 800 });
	/* What is missing or wrong is said at its place, and nothing goes on. */
	await field("add-name").fill("7 boxes");
	await field("add-address").fill("127.0.0.1");
	await fault("add-name").waitFor();
	await fault("add-address").waitFor();
	await fault("param-mode").waitFor();
	await page.getByRole("button", { name: "To the editor" }).click();
	assert.equal(await page.evaluate(() => document.activeElement.id), "add-name");
	await field("add-name").fill("pc");
	assert.match(await fault("add-name").innerText(), /taken/);
	await field("add-name").fill("box");
	await field("add-link-name").fill("io");
	await field("add-address").fill(`127.0.0.1:${port}`);
	await field("param-mode").selectOption("voltage");
	await page.locator(".add-preview", { hasText: "mode: voltage" }).waitFor();
	assert.match(await page.locator(".add-try pre").textContent(), new RegExp(`mbc try --link tcp:127.0.0.1:${port} --with mode=voltage moxa-iologik-e1242`));
	await shoot(page, "catalogue_form");
	await page.getByRole("button", { name: "To the editor" }).click();
	const wanted = BENCH.replace("instruments:\n", `links:\n  io: {tcp: "127.0.0.1:${port}"}\ninstruments:\n`)
		.replace("# this computer\n", "# this computer\n  box:\n    use: moxa-iologik-e1242\n    link: io\n    mode: voltage\n");
	await eventually(async () => assert.equal(await page.locator(".code textarea").inputValue(), wanted));
	assert.equal(readFileSync(file, "utf8"), BENCH, "nothing is written before it is applied");
	await page.locator(".difference .plus").getByText("use: moxa-iologik-e1242").waitFor();
	const apply = page.getByRole("button", { name: "Apply", exact: true });
	await wait_until("it can be applied", () => apply.isEnabled());
	await apply.click();
	await page.locator('[data-became="taken"]').waitFor();
	assert.equal(readFileSync(file, "utf8"), wanted);
	await page.evaluate(() => { location.hash = "#instruments/box"; });
	await eventually(async () => assert.match(await page.locator('[data-panel-channel="box.ai1"]').innerText(), /\b(5|4\.9+\d*|5\.0+\d*)\b.*good/is));
	await page.evaluate(() => { location.hash = "#bench"; });
	await page.locator('[data-instrument="box"].up').waitFor();
});

test("in French; a link that is there is chosen", { skip }, async () => {
	await page.evaluate(() => { location.hash = "#instruments/+add"; });
	await page.getByRole("button", { name: "Français" }).click();
	await page.getByLabel("Chercher").fill("e1242");
	await page.locator('[data-kind="moxa-iologik-e1242"]').click();
	/* Somebody writes the file meanwhile: nothing of it is lost, as nothing is typed in the editor. */
	const theirs = `# theirs\n${readFileSync(file, "utf8")}`;
	writeFileSync(file, theirs);
	await field("add-link").selectOption("io");
	assert.equal(await field("add-address").count(), 0);
	await field("param-mode").selectOption("voltage");
	await page.locator(".add-preview", { hasText: "link: io" }).waitFor();
	await assert_accessible(page, "le formulaire");
	await page.getByRole("button", { name: "Vers l'éditeur" }).click();
	await eventually(async () => assert.equal(await page.locator(".code textarea").inputValue(),
		theirs.replace("    mode: voltage\n", "    mode: voltage\n  moxa_iologik_e1242:\n    use: moxa-iologik-e1242\n    link: io\n    mode: voltage\n")));
	assert.equal(readFileSync(file, "utf8"), theirs);
	assert.deepEqual(opened.complaints, []);
	assert.deepEqual(opened.strangers, []);
});
