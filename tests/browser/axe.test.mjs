/* axe.test.mjs - each page on a phone and on a desk, dark and light: axe finds nothing serious, and nothing is wider than the screen
 *
 * With SHOTS=folder it keeps a picture of each: look at them.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { eventually, open_page, shoot, start_browser } from "./browser.mjs";
import { FakeServer } from "./fake_server.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PAGES = [["bench", ""], ["events", "#events"], ["protection", "#protection"], ["instruments", "#instruments"], ["instrument", "#instruments/furnace"]];
const LOOKS = [
	["phone_dark", { viewport: { width: 360, height: 740 }, colorScheme: "dark", locale: "fr-FR" }],
	["desk_light", { viewport: { width: 1280, height: 800 }, colorScheme: "light", locale: "en-GB" }],
	["wall_dark", { viewport: { width: 2560, height: 1440 }, colorScheme: "dark", locale: "en-GB" }],
];

let browser;
let server;
let url;

before(async () => {
	browser = await start_browser();
	server = new FakeServer({ outputs: true, alarms: 3, trips: 2, protection: true });
	server.synoptic = readFileSync(new URL("../../benches/demo/bench.svg", import.meta.url), "utf8");
	server.people = { anna: "correct horse" };
	server.may = ["read", "operate", "protect"];
	server.role = "admin";
	server.holder = "user:bert";
	server.force("alarm.a0", "unacknowledged", "good", "good");
	server.force("alarm.a1", "returned", "good", "good");
	server.force("trip.t0", "tripped", "good", "good");
	server.force("trip.no_h2", "bypassed", "good", "good");
	server.force("T_bed", null, "bad", "no_answer");
	server.down.set("daq", "no_answer");
	const cause = server.happened("trip_fired", "t0", 5000, { severity: "error", text: "trip 't0': fired" });
	server.happened("bypass_began", "no_h2", 4000, { severity: "warning", values: [1800], principal: "user:anna", note: "a test", cause });
	for (let i = 0; i < 15; i++)
		server.happened("alarm_on", "a0", 3000 + i);
	url = await server.start();
});

after(async () => {
	await browser.close();
	await server.stop();
});

for (const [look, options] of LOOKS)
	test(`nothing serious: ${look}`, async () => {
		const { page, close } = await open_page(browser, url, options);
		await page.locator('.sign-in input[name="username"]').fill("anna");
		await page.locator('.sign-in input[name="password"]').fill("correct horse");
		await page.keyboard.press("Enter");
		await page.locator('[data-state="running"]').waitFor();
		await page.evaluate(axe);
		const found = [];
		for (const [name, at] of PAGES) {
			await page.evaluate((hash) => { location.hash = hash; }, at);
			await page.locator(`main[data-page="${at.replace("#", "").split("/")[0]}"] section`).first().waitFor();
			await eventually(async () => assert.equal(await page.locator("[data-guard], .device, .device-page, li.event, .canvas canvas").count() > 0, true));
			await shoot(page, `${name}_${look}`);
			const { violations } = await page.evaluate(() => window.axe.run(document, { preload: false, resultTypes: ["violations"] }));
			for (const v of violations.filter((one) => one.impact === "serious" || one.impact === "critical"))
				found.push(`${name}: ${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.html.slice(0, 160)} (${n.any[0]?.message ?? ""})`).join(" | ")}`);
			const wide = await page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth);
			if (wide > 0)
				found.push(`${name}: ${wide} px wider than the screen`);
		}
		assert.deepEqual(found, []);
		await close();
	});
