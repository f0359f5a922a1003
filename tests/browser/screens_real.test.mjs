/* screens_real.test.mjs - each page on the demonstration bench in each language, on a phone, a desk and a wall, dark and light: nothing is wider than the screen, no button is cut off
 *
 * A picture of each is kept in SHOTS, else in `screenshots` of the build folder: look at them. What the bench shows is made as wide as it gets: an alarm, an
 * instrument that is dead, values that are bad with their reason, somebody who holds the bench, a sequence that asks.
 */
import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { eventually, open_page, sign_in, start_browser } from "./browser.mjs";
import { BUILD, demo_bench, not_built as skip, PASSWORD } from "./real_bench.mjs";

const SIZES = { phone: { width: 360, height: 740 }, desk: { width: 1280, height: 800 }, wall: { width: 2560, height: 1440 } };
const LANGUAGES = { en: "en-GB", fr: "fr-FR" };
const A4 = { width: 794, height: 1123 };
const MOST = 3200; /* pixels of height that are kept of a long page */

/* Name, address, what is there when it is there. */
const PAGES = [
	["bench", "", ".drawing .bound.good"],
	["trends", "#trends/c=T_bed,N2_flow,P_in", ".stack .panel canvas"],
	["sequence", "#sequence", ".sequence-question"],
	["sequence_runs", "#sequence/runs", ".runs a"],
	["sequence_card", "#sequence/card", ".door-card [data-output]"],
	["sequence_editor", "#sequence/edit/methanation", '.editor [data-row="20"]'],
	["events", "#events", "li.event"],
	["protection", "#protection", "tr[data-losses]"],
	["instruments", "#instruments", '.device[data-device="daq"]'],
	["instrument", "#instruments/furnace", ".device-page"],
	["instrument_add", "#instruments/+add", "[data-kind]"],
	["file", "#file", '[data-check="good"]'],
	["file_versions", "#file/versions", "[data-version]"],
	["sharing", "#sharing", ".sharing section"],
	["admin", "#admin", "tr[data-account]"],
	["help", "#help", ".first-steps li"],
	["api", "#help/api", ".api-head"],
	["kiosk", "#kiosk/T_bed,T_furn,N2_flow,CO2_flow,P_in,V_react", ".kiosk-tile"],
];

const place = process.env.SHOTS ?? (existsSync(BUILD) ? join(BUILD, "screenshots") : null);

let bench;
let browser;

before(async () => {
	if (skip)
		return;
	if (place !== null)
		mkdirSync(place, { recursive: true });
	bench = await demo_bench();
	await bench.user("maria", "--role", "root");
	await bench.user("anna", "--may", "read,operate");
	await bench.mbc(["twin", "--set", "daq.door=0", "--set", "daq.ai1=90", "--fault", "GC=dead"]); /* the cabinet is open, the water trap is full */
	await bench.mbc(["sequence", "start", "leak-test", "--set", "sample=A1"]);
	browser = await start_browser();
});

after(async () => {
	await browser?.close();
	await bench?.end();
});

/* In the page: what a person would call broken; a line each. */
function look_for_faults() {
	const found = [];
	const name = (e) => `${e.tagName.toLowerCase()}.${e.className} "${e.textContent.trim().slice(0, 40)}"`;
	const wide = document.scrollingElement.scrollWidth - innerWidth;
	if (wide > 0) {
		const scrolls = (e) => e !== null && (getComputedStyle(e).overflowX !== "visible" || scrolls(e.parentElement));
		const culprits = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !scrolls(e.parentElement)).slice(0, 3).map(name);
		found.push(`${wide} px wider than the screen: ${culprits}`);
	}
	for (const e of document.querySelectorAll("button, a.button, summary, [role=button]"))
		if (e.clientWidth > 0 && (e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 2))
			found.push(`cut off: ${name(e)}: ${e.scrollWidth} x ${e.scrollHeight} in ${e.clientWidth} x ${e.clientHeight}`);
	if (![...document.querySelectorAll("h1, h2")].some((e) => e.checkVisibility() && e.textContent.trim() !== ""))
		found.push("no heading");
	return found;
}

async function keep(page, name) {
	if (place === null)
		return;
	const { width, height } = page.viewportSize();
	const all = await page.evaluate(() => document.documentElement.scrollHeight);
	await page.screenshot({ path: join(place, `${name}.png`), fullPage: true, clip: { x: 0, y: 0, width, height: Math.min(Math.max(all, height), Math.max(MOST, height)) } });
}

/* On each size, dark and light. */
async function look(page, name, found) {
	for (const [size, viewport] of Object.entries(SIZES)) {
		await page.setViewportSize(viewport);
		for (const colorScheme of ["light", "dark"]) {
			await page.emulateMedia({ colorScheme });
			await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
			const full = `${name}_${size}_${colorScheme}`;
			for (const fault of await page.evaluate(look_for_faults))
				found.push(`${full}: ${fault}`);
			if (size !== "wall" || colorScheme === "light") /* the largest ones take the longest, and are those of the desk in the dark */
				await keep(page, full);
		}
	}
}

for (const [language, locale] of Object.entries(LANGUAGES))
	test(`each page in ${language}: nothing wider than the screen, no button cut off, a heading, nothing complained of`, { skip }, async () => {
		const { page, complaints, strangers, close } = await open_page(browser, bench.url, { locale, reducedMotion: "reduce" });
		const found = [];
		/* A server without TLS has no certificate to show: its page asks, and says so. Nothing else may be missing. */
		page.on("response", (r) => r.status() === 404 && !/\/certificates\//.test(r.url()) && found.push(`404 ${r.url()}`));
		await page.locator(".sign-in form").waitFor();
		await look(page, `sign_in_${language}`, found);
		await sign_in(page, "maria", PASSWORD);
		await eventually(async () => assert.ok(await page.locator('[data-channel="alarm.door"], .alarm').count() > 0));
		const word = await page.locator("nav.pages a").allInnerTexts();
		assert.equal(word.length, 11, String(word));
		for (const [name, hash, there] of PAGES) {
			await page.setViewportSize(SIZES.desk);
			await page.evaluate((to) => { location.hash = to; }, hash);
			await page.locator(there).first().waitFor({ state: "attached" }).catch((error) => found.push(`${name}: ${error.message.split("\n")[0]} ${there}`));
			await look(page, `${name}_${language}`, found);
			if (name === "sequence_card") {
				await page.setViewportSize(A4);
				await page.emulateMedia({ media: "print", colorScheme: "light" });
				found.push(...await page.evaluate(look_for_faults));
				await keep(page, `card_print_${language}`);
				await page.emulateMedia({ media: "screen" });
			}
		}
		assert.deepEqual(found, []);
		assert.deepEqual(strangers, []);
		assert.deepEqual(complaints.filter((c) => !/status of (404|429|503)/.test(c)), []); /* on a busy computer the server says so, and is asked again */
		await close();
	});
