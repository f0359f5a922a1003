/* try_real.test.mjs - an instrument of a bench that runs is asked from its page, by keyboard, in both languages, and when it has gone; MBC_BUILD says where mbc is */
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
const bench = (name, more) => `bench: ${name}\n${more}links:\n  io: {tcp: "127.0.0.1:${port}"}\ninstruments:\n  box: {use: moxa-iologik-e1242, link: io, mode: voltage}\n`;
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
	port = await free_port();
	writeFileSync(file, bench("tries", "history: no\ntick: 100 ms\nserve: {listen: \"127.0.0.1:0\"}\n"));
	writeFileSync(join(place, "twin.yaml"), bench("twin", "serve: no\n"));
	env = { ...process.env, MBC_RUN_DIR: join(place, "run"), MBC_STATE_DIR: join(place, "state"), MBC_USERS: "one" }; /* its files are its user's own */
	await started(["twin", join(place, "twin.yaml")], new RegExp(`${port}`));
	const url = await started(["run", file], /http:\/\/127\.0\.0\.1:\d+\//);
	await eventually(() => {
		const made = spawnSync(MBC, ["user", "add", "--role", "root", "maria", "--bench", "tries"], { env, cwd: place, input: `${PASSWORD}\n`, timeout: 60_000 });
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

test("asked by keyboard: values, quality, exchanges", { skip }, async () => {
	await page.evaluate(() => { location.hash = "#instruments/box"; });
	const go = page.getByRole("button", { name: "Try", exact: true });
	await go.focus();
	await page.keyboard.press("Enter");
	await page.locator('[data-trial="answers"]').waitFor();
	await eventually(async () => assert.match(await page.locator('[data-tried="box.ai1"]').innerText(), /\d.*good/is));
	assert.match(await page.locator(".trial .exchanges").innerText(), /→[\s\S]*←/);
	await assert_accessible(page, "an instrument that was asked");
	await shoot(page, "try");
	await page.setViewportSize({ width: 360, height: 740 });
	await wait_until("it fits a phone", () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
	await shoot(page, "try_360");
	await page.setViewportSize({ width: 1280, height: 800 });
});

test("in French, of a device that has gone", { skip }, async () => {
	const twin = children[0];
	const ended = new Promise((done) => twin.on("exit", done));
	twin.kill("SIGTERM");
	await ended;
	await page.locator(".device-page dd.down").first().waitFor();
	await page.getByRole("button", { name: "Français" }).click();
	await page.getByRole("button", { name: "Essayer", exact: true }).click();
	await page.locator('[data-trial="silent"]').waitFor({ timeout: 60_000 });
	assert.match(await page.locator(".trial").innerText(), /Rien de compréhensible/);
	assert.match(await page.locator('[data-tried="box.ai1"]').innerText(), /—/);
	await assert_accessible(page, "un instrument sans réponse");
	assert.deepEqual(opened.complaints, []);
	assert.deepEqual(opened.strangers, []);
});
