/* scan_real.test.mjs - what is on a link that the bench does not use is found from the page, and fills in the form; MBC_BUILD says where mbc is */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { assert_accessible } from "./axe.mjs";
import { eventually, open_page, shoot, start_browser, wait_until } from "./browser.mjs";

const MBC = `${process.env.MBC_BUILD ?? new URL("../../build", import.meta.url).pathname}/mbc`;
const PASSWORD = "correct horse battery";
const bench = (name, more, instruments) => `bench: ${name}\n${more}links:\n  io: {tcp: "127.0.0.1:${port}"}\n  gone: {tcp: "127.0.0.1:${nobody}"}\n${instruments}`;
const skip = !existsSync(MBC) && "mbc is not built";

let place;
let file;
let port;
let nobody;
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
	port = await free_port();
	nobody = await free_port();
	writeFileSync(file, bench("scans", "history: no\ntick: 100 ms\nserve: {listen: \"127.0.0.1:0\"}\n", "instruments:\n  pc: {use: system}\n"));
	/* The twin listens at both, and has nothing at the second one. */
	writeFileSync(join(place, "twin.yaml"), bench("twin", "serve: no\n", "instruments:\n  box: {use: keysight-344xx, link: io}\n"));
	env = { ...process.env, MBC_RUN_DIR: join(place, "run"), MBC_STATE_DIR: join(place, "state"), MBC_USERS: "one" }; /* its files are its user's own */
	await started(["twin", join(place, "twin.yaml")], new RegExp(`${port}`));
	const url = await started(["run", file], /http:\/\/127\.0\.0\.1:\d+\//);
	await eventually(() => {
		const made = spawnSync(MBC, ["user", "add", "--role", "root", "maria", "--bench", "scans"], { env, cwd: place, input: `${PASSWORD}\n`, timeout: 60_000 });
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

test("found by keyboard, and taken into the form", { skip }, async () => {
	await page.evaluate(() => { location.hash = "#instruments/+add"; });
	const part = page.locator(".add-scan summary");
	await part.waitFor();
	await part.focus();
	await page.keyboard.press("Enter");
	await page.locator("#scan-link").selectOption("io");
	await page.getByRole("button", { name: "Scan", exact: true }).press("Enter");
	const take = page.locator('[data-take^="use: keysight-344xx"]').first();
	await take.waitFor({ timeout: 90_000 });
	await assert_accessible(page, "what a scan found");
	await shoot(page, "scan");
	await page.setViewportSize({ width: 360, height: 740 });
	await wait_until("it fits a phone", () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
	await shoot(page, "scan_360");
	await page.setViewportSize({ width: 1280, height: 800 });
	await take.press("Enter");
	await page.locator("#add-name").waitFor();
	assert.equal(await page.locator("#add-link").inputValue(), "io");
	await page.locator(".add-preview", { hasText: "link: io" }).waitFor();
});

test("in French, a wire on which nobody answers", { skip }, async () => {
	await page.evaluate(() => { location.hash = "#instruments"; });
	await page.getByRole("button", { name: "Français" }).click();
	await page.evaluate(() => { location.hash = "#instruments/+add"; });
	await page.locator(".add-scan summary").click();
	await page.locator("#scan-link").selectOption("gone");
	await page.getByRole("button", { name: "Chercher", exact: true }).click();
	await page.locator('[data-scanned="gone"]').waitFor({ timeout: 90_000 });
	assert.match(await page.locator('[data-scanned="gone"]').innerText(), /Personne ne répond/);
	await assert_accessible(page, "une recherche en vain");
	assert.deepEqual(opened.complaints, []);
	assert.deepEqual(opened.strangers, []);
});
