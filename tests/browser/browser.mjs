/* browser.mjs - Debian's Chromium with a fresh profile, and a page that is watched: no address but its own, no errors */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, afterEach, before, beforeEach } from "node:test";
import { chromium } from "playwright-core";

const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
	"--disable-background-networking", "--disable-component-update", "--disable-sync"];

export const start_browser = () =>
	chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });

/* A page at `url` in a context of its own; `before_it` runs in the page before its own script. `strangers` collects requests that leave the origin, `complaints` whatever
 * the browser's console reports as an error, breaches of the content security policy among them. */
export async function open_page(browser, url, options = {}, before_it = null) {
	const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en-GB", ...options });
	const page = await context.newPage();
	page.setDefaultTimeout(60000); /* on a loaded machine too */
	const strangers = [];
	const complaints = [];
	await context.route("**/*", (route) => {
		if (new URL(route.request().url()).origin === new URL(url).origin)
			return route.continue();
		strangers.push(route.request().url());
		return route.abort();
	});
	page.on("console", (m) => m.type() === "error" && complaints.push(m.text()));
	page.on("pageerror", (e) => complaints.push(String(e)));
	if (before_it)
		await page.addInitScript(before_it);
	await page.goto(url);
	return { page, strangers, complaints, close: () => context.close() };
}

/* For a file of tests: one browser; what `start` sets up anew before each test and `stop` ends behind it; gives open(url, options, before_it), open_page() whose
 * pages are closed then. Whatever a test does, nothing may leave the origin; `look_at` each page for more. */
export function rig(start, stop, look_at = () => undefined) {
	let browser;
	let opened = [];

	before(async () => {
		browser = await start_browser();
	});
	after(() => browser?.close());
	beforeEach(async () => {
		opened = [];
		await start();
	});
	afterEach(async () => {
		try {
			for (const p of opened) {
				assert.deepEqual(p.strangers, []);
				look_at(p);
				await p.close();
			}
		} finally {
			await stop();
		}
	});
	return async (...where) => {
		const p = await open_page(browser, ...where);
		opened.push(p);
		return p;
	};
}

/* On the page that asks for it; back when the bench is shown. */
export async function sign_in(page, name, password) {
	await page.locator('.sign-in input[name="username"]').fill(name);
	await page.locator('.sign-in input[name="password"]').fill(password);
	await page.keyboard.press("Enter");
	await page.locator('[data-state="running"]').first().waitFor();
}

export const row = (page, name) => page.locator(`tr[data-channel="${name}"]`);
export const value_of = (page, name) => row(page, name).locator("td.value").innerText();

/* Number of pixels of the plot that have a strong colour: lines, neither paper nor ink nor grid. */
export const coloured_pixels = (page) => page.locator(".canvas canvas").evaluate((canvas) => {
	const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
	let n = 0;
	for (let i = 0; i < data.length; i += 4) {
		const [r, g, b, a] = data.slice(i, i + 4);
		if (a > 200 && Math.max(r, g, b) - Math.min(r, g, b) > 90)
			n++;
	}
	return n;
});

/* Ask until `check` gives something true; fail with `what` after `limit_ms`. Generous: a loaded machine is slow, not wrong. */
export async function wait_until(what, check, limit_ms = 40000) {
	const end = Date.now() + limit_ms;
	for (;;) {
		if (await check())
			return;
		if (Date.now() > end)
			throw new Error(`not seen within ${limit_ms} ms: ${what}`);
		await new Promise((done) => setTimeout(done, 50));
	}
}

/* Try `check` until it throws no more; after `limit_ms`, what it threw last. The page draws behind its events: what follows
 * from a click or a message is to be waited for. */
export async function eventually(check, limit_ms = 40000) {
	const end = Date.now() + limit_ms;
	for (;;) {
		try {
			return await check();
		} catch (error) {
			if (Date.now() > end)
				throw error;
		}
		await new Promise((done) => setTimeout(done, 50));
	}
}

/* With SHOTS=folder, keep a picture of what a person would see. */
export async function shoot(page, name) {
	if (process.env.SHOTS)
		await page.screenshot({ path: `${process.env.SHOTS}/${name}.png` });
}

/* What axe finds serious or worse in what is shown now, a line each. */
export async function serious_faults(page) {
	await page.evaluate(readFileSync(new URL("node_modules/axe-core/axe.min.js", import.meta.url), "utf8"));
	const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
	return violations.filter((v) => v.impact === "serious" || v.impact === "critical")
		.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(" ")}: ${n.failureSummary}`));
}
