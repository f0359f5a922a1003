/* kiosk_acts.test.mjs - acting at a display with a PIN: who acts stands in the head, and what may be done is large; at the end it only shows */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, rig, serious_faults, shoot, sign_in, wait_until } from "./browser.mjs";
import { FakeServer } from "./fake_server.mjs";

let server;
let url;
const open = rig(async () => {
	server = new FakeServer({ outputs: true, alarms: 1, sequences: true });
	server.people = { wall: "display display" };
	server.kiosk = true;
	server.may = ["read"];
	server.pins = { anna: "4711" };
	url = await server.start();
}, () => server.stop());

async function visit(options = {}) {
	const p = await open(url, options);
	await sign_in(p.page, "wall", "display display");
	await p.page.evaluate(() => { location.hash = "#kiosk/T_furn,N2_flow,T_bed"; });
	await p.page.locator(".kiosk-tile").first().waitFor();
	return p;
}

const tile = (page, name) => page.locator(`li[data-tile="${name}"]`);
const pad = async (page, keys) => {
	for (const key of keys)
		await page.locator(`dialog[open] .pad [data-key="${key}"]`).click();
};

async function operate(page, pin = "4711") {
	await page.locator("button.act").click();
	await page.locator('.act-box input[name="who"]').fill("anna");
	await pad(page, pin);
	await page.locator('.act-box button[type="submit"]').click();
}

test("name and PIN with a keypad; wrong ones say so; then the head says who acts, until Done", async () => {
	const { page } = await visit();
	assert.equal(await page.locator(".kiosk-set, .safe-state").count(), 0, "a display only shows");
	await operate(page, "1234");
	await eventually(async () => assert.match(await page.locator(".act-box .message").innerText(), /do not belong together/));
	assert.equal(await page.locator('.act-box input[name="pin"]').inputValue(), "");
	assert.deepEqual(await serious_faults(page), []);
	await shoot(page, "kiosk_pin");
	server.wait_s = 30;
	await pad(page, "4711");
	await page.locator('.act-box button[type="submit"]').click();
	await eventually(async () => assert.match(await page.locator(".act-box .message").innerText(), /Try again in 30 s/));
	server.wait_s = 0;
	await pad(page, ["9", "erase", "4", "7", "1", "1"]);
	await page.locator('.act-box button[type="submit"]').click();
	await eventually(async () => assert.match(await page.locator(".acting").innerText(), /anna operates\s+[12]:\d\d left/));
	await page.locator(".safe-state").waitFor();
	await page.locator(".act-done").click();
	await page.locator("button.act").waitFor();
	assert.equal(server.acting, null);
	await wait_until("nothing can be set", async () => (await page.locator(".kiosk-set, .safe-state").count()) === 0);
	await page.locator("button.act").click();
	await page.locator(".act-names button", { hasText: "anna" }).click();
	assert.equal(await page.locator('.act-box input[name="who"]').inputValue(), "anna");
});

test("while somebody acts: a setpoint by the keypad, an alarm acknowledged, the sequence paused and aborted, the safe state; all with the proof that the page has", async () => {
	server.sequence.state = "running";
	server.force("alarm.a0", "unacknowledged", "good", "good");
	const { page } = await visit();
	await operate(page);
	await tile(page, "N2_flow").locator(".kiosk-set").click();
	await eventually(async () => assert.equal(await page.locator(".set-box input.set").inputValue(), "60"));
	await pad(page, ["4", "2", ".", "5"]);
	assert.equal(await page.locator(".set-box input.set").inputValue(), "42.5");
	await shoot(page, "kiosk_set");
	assert.deepEqual(await serious_faults(page), []);
	await page.locator(".set-box .go").click();
	await eventually(async () => assert.deepEqual(server.orders.map((o) => [o.path, o.body.target]), [["/api/v1/channels/N2_flow", 42.5]]));
	await eventually(async () => assert.match(await page.locator(".set-box .verdict").innerText(), /✓/));
	await page.locator(".set-box .close").click();
	assert.equal(await tile(page, "T_bed").locator(".kiosk-set").count(), 0, "what is no output is not set");
	await page.getByRole("button", { name: "Acknowledge a0" }).click();
	await eventually(async () => assert.equal(server.orders.at(-1).path, "/api/v1/alarms/a0/ack"));
	await page.getByRole("button", { name: "PAUSE", exact: true }).click();
	await eventually(async () => assert.equal(server.orders.at(-1).path, "/api/v1/sequence/pause"));
	const abort = page.locator(".abort");
	await abort.click();
	await page.waitForTimeout(600);
	await abort.click();
	await eventually(async () => assert.equal(server.orders.at(-1).path, "/api/v1/sequence/abort"));
	await page.locator(".safe-state").click();
	await page.waitForTimeout(600);
	await page.locator(".safe-state").click();
	await eventually(async () => assert.equal(server.orders.at(-1).path, "/api/v1/safe"));
	await shoot(page, "kiosk_acting");
});

test("when the server ends it, an open box closes and the page only shows", async () => {
	const { page } = await visit();
	await operate(page);
	await tile(page, "N2_flow").locator(".kiosk-set").click();
	await page.locator(".set-box").waitFor();
	server.acting = null;
	await page.locator("button.act").waitFor();
	await eventually(async () => assert.match(await page.locator(".acting").innerText(), /Nobody operates any more/));
	await wait_until("the box is closed", async () => (await page.locator(".set-box, .kiosk-set").count()) === 0);
});

for (const [name, options] of Object.entries({ phone: { viewport: { width: 360, height: 740 }, locale: "fr-FR" }, wall: { viewport: { width: 1920, height: 1080 }, colorScheme: "dark" } }))
	test(`acting on ${name}: nothing sideways, nothing serious for axe, keys for gloves`, async () => {
		server.sequence.state = "running";
		server.force("alarm.a0", "unacknowledged", "good", "good");
		const { page } = await visit(options);
		await operate(page);
		await page.locator(".safe-state").waitFor();
		const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
		assert.ok(wide <= 0, `${wide} px too wide`);
		assert.deepEqual(await serious_faults(page), []);
		await shoot(page, `kiosk_acts-${name}`);
		await tile(page, "T_furn").locator(".kiosk-set").click();
		const keys = await page.locator(".set-box .pad button").evaluateAll((all) => all.map((b) => Math.min(b.getBoundingClientRect().width, b.getBoundingClientRect().height)));
		assert.ok(Math.min(...keys) >= 48, `${Math.min(...keys)} px are too small for gloves`);
		assert.deepEqual(await serious_faults(page), []);
		await shoot(page, `kiosk_set-${name}`);
	});
