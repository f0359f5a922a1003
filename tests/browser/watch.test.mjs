/* watch.test.mjs - who holds the bench, events and alarms, protection, instruments: on a bench that exists only here */
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { eventually, open_page, shoot, start_browser } from "./browser.mjs";
import { FakeServer } from "./fake_server.mjs";

let browser;
let server;
let url;
let opened;

before(async () => {
	browser = await start_browser();
});

after(() => browser.close());

beforeEach(async () => {
	server = new FakeServer({ outputs: true, alarms: 3, trips: 2 });
	url = await server.start();
	opened = [];
});

afterEach(async () => {
	for (const p of opened) {
		assert.deepEqual(p.strangers, []);
		await p.close();
	}
	await server.stop();
});

async function visit(options, at = "") {
	const p = await open_page(browser, url + at, options);
	opened.push(p);
	return p;
}

/* Accounts with this role and grants; anna is signed in. */
async function signed_in({ role = "user", may = ["read", "operate"], at = "", ...options } = {}) {
	server.people = { anna: "correct horse" };
	server.role = role;
	server.may = may;
	const p = await visit(options);
	await p.page.locator('.sign-in input[name="username"]').fill("anna");
	await p.page.locator('.sign-in input[name="password"]').fill("correct horse");
	await p.page.keyboard.press("Enter");
	await p.page.locator('[data-state="running"]').waitFor();
	if (at !== "")
		await p.page.evaluate((hash) => { location.hash = hash; }, at);
	return p;
}

/* ---- who holds the bench ---- */

test("nobody holds it: it is taken, handed over by name, and let go", async () => {
	const { page, complaints } = await signed_in();
	server.verdict_of = ({ path, body }) => {
		if (path === "/api/v1/hold")
			server.holder = body.take ? "user:anna" : body.to ? `user:${body.to}` : null;
		return { verdict: "verified", text: "" };
	};
	await page.locator(".hold-open").click();
	await page.locator(".hold-box").getByRole("button", { name: "Take the bench" }).click();
	await eventually(async () => assert.match(await page.locator(".held-by").innerText(), /Held by you\s+since \d\d:/));
	await shoot(page, "hold_mine");
	await page.locator(".hold-open").click();
	await page.locator(".hold-box").getByRole("button", { name: "Hand over" }).click();
	await eventually(async () => assert.match(await page.locator(".hold-box .message").innerText(), /Write the name/));
	await page.locator(".hold-box input").fill("bert");
	await shoot(page, "hold_box");
	await page.keyboard.press("Enter");
	await eventually(async () => assert.match(await page.locator(".held-by").innerText(), /Held by bert/));
	assert.deepEqual(server.orders.map(({ body: { id, ...rest } }) => rest), [{ take: true }, { to: "bert" }]);
	server.holder = "user:anna";
	await eventually(async () => assert.match(await page.locator(".held-by").innerText(), /Held by you/));
	await page.locator(".hold-open").click();
	await page.locator(".hold-box").getByRole("button", { name: "Nobody is to hold it" }).click();
	await page.locator(".held-by").waitFor({ state: "detached" });
	assert.deepEqual(complaints, []);
});

test("another holds it: what is refused names who; only an administrator takes it by force, with a reason; in French", async () => {
	server.holder = "user:bert";
	const { page } = await signed_in({ locale: "fr-FR" });
	await eventually(async () => assert.match(await page.locator(".held-by").innerText(), /Tenu par bert/));
	server.verdict_of = () => ({ verdict: "refused", text: "user:bert holds the bench since 2026-03-01T12:34:56Z; ask for it" });
	const field = page.locator('tr[data-channel="N2_flow"] input.set');
	await field.fill("8");
	await field.press("Enter");
	await eventually(async () => assert.match(await page.locator('tr[data-channel="N2_flow"] p.verdict').innerText(), /refusé.*user:bert holds the bench/));
	await page.locator(".hold-open").click();
	assert.equal(await page.locator(".hold-box form").count(), 0);
	const admin = await signed_in({ role: "admin" });
	await admin.page.locator(".hold-open").click();
	await admin.page.getByRole("button", { name: "Take it by force" }).click();
	await eventually(async () => assert.match(await admin.page.locator(".hold-box .message").innerText(), /Write in a few words why/));
	server.verdict_of = () => {
		server.holder = "user:anna";
		return { verdict: "verified", text: "" };
	};
	await admin.page.locator(".hold-box input").fill("a leak");
	await admin.page.keyboard.press("Enter");
	await eventually(async () => assert.match(await admin.page.locator(".held-by").innerText(), /Held by you/));
	const { id, ...body } = server.orders.at(-1).body;
	assert.deepEqual(body, { take: true, force: true, reason: "a leak" });
});

test("whoever holds it is shown without accounts too; nothing is pressed there; after a lost stream it is old", async () => {
	server.holder = "maria";
	const { page } = await visit();
	await eventually(async () => assert.match(await page.locator(".held-by").innerText(), /Held by maria \(at the bench's computer\)/));
	assert.equal(await page.locator(".hold-open").count(), 0);
	server.silent = true;
	await page.locator(".held-by.old").waitFor();
});
