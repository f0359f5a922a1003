/* kiosk.test.mjs - the view for a display of the laboratory: what stands two metres away is true, and readable */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, rig, row, serious_faults, shoot, wait_until } from "./browser.mjs";
import { FakeServer } from "./fake_server.mjs";

let server;
let url;
const open = rig(async () => {
	server = new FakeServer({ alarms: 2 });
	url = await server.start();
}, () => server.stop());

async function ready(hash, options = {}) {
	const p = await open(url + hash, options);
	await p.page.locator('[data-state="running"]').waitFor();
	return p;
}

const tile = (page, name) => page.locator(`li[data-tile="${name}"]`);
const has = async (locator, name) => (await locator.getAttribute("class")).split(" ").includes(name);

test("the channels of the address are shown large, and what is not good says so", async () => {
	server.force("T_bed", 512.25, "good", "good");
	server.force("P_in", 0, "bad", "no_answer");
	const { page } = await ready("#kiosk/T_bed,P_in");
	await wait_until("the value", async () => (await tile(page, "T_bed").locator(".digits").innerText()) === "512.25");
	assert.equal(await page.locator(".kiosk-tile").count(), 2);
	const size = await tile(page, "T_bed").locator(".kiosk-value").evaluate((e) => parseFloat(getComputedStyle(e).fontSize));
	assert.ok(size >= 60, `${size} px are not read at two metres`);
	await wait_until("a bad one", async () => has(tile(page, "P_in"), "bad"));
	assert.match(await tile(page, "P_in").innerText(), /✕/);
	assert.equal(await page.getByRole("navigation").count(), 0);
	server.refusing_streams = true;
	server.cut_streams();
	await page.locator('[data-state="lost"]').waitFor();
	await wait_until("nothing is good any more", async () => has(tile(page, "T_bed"), "bad"));
});

test("a trip that has fired is told, and one of which nobody knows; none without", async () => {
	await server.stop();
	server = new FakeServer({ trips: 3 });
	url = await server.start();
	const { page } = await ready("#kiosk/T_bed");
	await tile(page, "T_bed").waitFor();
	const line = page.locator(".kiosk-alarm[data-trips]");
	assert.equal(await line.count(), 0);
	server.force("trip.t1", "tripped", "good", "good");
	server.force("trip.t2", null, "bad", "no_answer");
	await eventually(async () => assert.match(await line.innerText(), /t1: tripped, t2: /));
	assert.deepEqual((await serious_faults(page)), []);
	server.force("trip.t1", "ready", "good", "good");
	server.force("trip.t2", "ready", "good", "good");
	await line.waitFor({ state: "detached" });
});

test("an alarm is told in words, the worst first", async () => {
	const { page } = await ready("#kiosk/T_bed");
	await tile(page, "T_bed").waitFor();
	assert.equal(await page.locator(".kiosk-alarm").count(), 0);
	server.force("alarm.a0", "unacknowledged", "good", "good");
	await eventually(async () => assert.match(await page.locator(".kiosk-alarm").innerText(), /a0.*not acknowledged/s));
	await wait_until("its channel", async () => has(tile(page, "T_bed"), "in-alarm"));
	server.force("alarm.a1", "acknowledged", "good", "good");
	await eventually(async () => assert.match(await page.locator(".kiosk-alarm").innerText(), /a0.*and 1 more/s));
});

test("channels are chosen, stand in the address, and come back with it", async () => {
	const { page } = await ready("#kiosk");
	await page.locator(".kiosk-tile").first().waitFor();
	await page.getByRole("button", { name: "Choose channels" }).click();
	const box = page.locator(".kiosk-choose");
	const marks = box.locator("input:checked");
	for (let n = await marks.count(); n > 0; n--) {
		await marks.first().uncheck();
		await wait_until("one less", async () => (await marks.count()) === n - 1);
	}
	await box.getByRole("searchbox").fill("P_in");
	await box.getByRole("checkbox").first().check();
	await box.getByRole("button", { name: "Show 1" }).click();
	await wait_until("one tile", async () => (await page.locator(".kiosk-tile").count()) === 1);
	assert.match(page.url(), /#kiosk\/P_in$/);
	await page.reload();
	await tile(page, "P_in").waitFor();
	await page.goto(`${url}#kiosk/P_in,no_such`);
	await page.getByText("This bench has no channel no_such").waitFor();
	await page.getByRole("link", { name: "All pages" }).click();
	await row(page, "T_bed").waitFor();
});

for (const [name, options] of Object.entries({ phone: { viewport: { width: 360, height: 740 } }, wall: { viewport: { width: 1920, height: 1080 } },
	dark: { colorScheme: "dark", locale: "fr-FR" } }))
	test(`the display on ${name}: nothing sideways, nothing serious for axe`, async () => {
		server.force("alarm.a0", "unacknowledged", "good", "good");
		const { page, complaints } = await ready("#kiosk", options);
		await page.locator(".kiosk-tile").first().waitFor();
		await page.locator(".kiosk-alarm").waitFor();
		const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
		assert.ok(wide <= 0, `${wide} px too wide`);
		assert.deepEqual(await serious_faults(page), []);
		assert.deepEqual(complaints, []);
		await shoot(page, `kiosk-${name}`);
	});
