/* accounts.test.mjs - signing in and out on the page, against a bench with accounts that exists only here */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, rig, row, shoot } from "./browser.mjs";
import { FakeServer } from "./fake_server.mjs";

let server;
let url;
const open = rig(async () => {
	server = new FakeServer({ outputs: true, alarms: 1 });
	server.people = { anna: "correct horse" };
	url = await server.start();
}, () => server.stop());

const visit = (options) => open(url, options);

async function sign_in(page, password = "correct horse") {
	await page.locator('.sign-in input[name="username"]').fill("anna");
	await page.locator('.sign-in input[name="password"]').fill(password);
	await page.keyboard.press("Enter");
}

test("nothing of the bench is there before one has signed in; a wrong password says so", async () => {
	const { page, complaints } = await visit();
	await page.locator(".sign-in form").waitFor();
	assert.equal(await page.locator("tr[data-channel], .head").count(), 0);
	await shoot(page, "sign_in");
	await sign_in(page, "wrong horse");
	await eventually(async () => assert.match(await page.locator(".sign-in .message").innerText(), /do not belong together/));
	server.wait_s = 30;
	await sign_in(page, "wrong horse");
	await eventually(async () => assert.match(await page.locator(".sign-in .message").innerText(), /Try again in 30 s/));
	server.wait_s = 0;
	await sign_in(page);
	await row(page, "T_furn").waitFor();
	await page.locator('[data-state="running"]').waitFor();
	assert.equal(await page.locator(".me-name").innerText(), "anna");
	assert.equal(await page.evaluate(() => document.cookie), "", "no script can read it");
	assert.equal(complaints.filter((c) => !/401|429/.test(c)).length, 0, complaints.join("\n"));
	await shoot(page, "signed_in");
});

test("whoever may operate sets values without a token, and signs out", async () => {
	const { page } = await visit();
	await sign_in(page);
	await row(page, "T_furn").waitFor();
	server.verdict_of = () => ({ verdict: "verified", text: "" });
	const field = row(page, "N2_flow").locator("input.set");
	await field.fill("8");
	await field.press("Enter");
	await eventually(async () => assert.ok(server.orders.length > 0 || await page.locator("dialog.question").count() > 0));
	if (server.orders.length === 0)
		await page.locator("dialog.question").getByRole("button", { name: "Set" }).click();
	await eventually(async () => assert.equal(server.orders[0]?.path, "/api/v1/channels/N2_flow"));
	await page.locator(".sign-out").click();
	await page.locator(".sign-in form").waitFor();
	assert.equal(server.sessions.size, 0);
	assert.equal(await page.locator("tr[data-channel]").count(), 0);
});

test("another tab is signed in as well; whoever has a cookie and no proof signs in again", async () => {
	const { page } = await visit();
	await sign_in(page);
	await row(page, "T_furn").waitFor();
	const second = await page.context().newPage();
	await second.goto(url);
	await row(second, "T_furn").waitFor();
	server.verdict_of = () => ({ verdict: "verified", text: "" });
	const field = row(second, "N2_flow").locator("input.set");
	await field.fill("8");
	await field.press("Enter");
	await eventually(async () => assert.ok(server.orders.length > 0 || await second.locator("dialog.question").count() > 0));
	if (server.orders.length === 0)
		await second.locator("dialog.question").getByRole("button", { name: "Set" }).click();
	await eventually(async () => assert.equal(server.orders[0]?.path, "/api/v1/channels/N2_flow"));
	/* A proof of another session is refused, and the page asks for the password; with none it does so from the beginning. */
	await second.evaluate(() => localStorage.setItem("mbc.proof", "proof-of-another"));
	await second.locator(".sign-out").click();
	await second.locator(".sign-in form").waitFor();
	assert.equal(server.sessions.size, 1);
	await page.reload();
	await page.locator(".sign-in form").waitFor();
	await page.evaluate(() => { globalThis.is_before = true; });
	await sign_in(page);
	await eventually(async () => assert.equal(await page.evaluate(() => globalThis.is_before), undefined)); /* the page begins anew: nothing is pressed in the old one */
	await row(page, "T_furn").waitFor();
	await page.locator(".sign-out").click();
	await page.locator(".sign-in form").waitFor();
	assert.equal(server.sessions.size, 0);
	await second.close();
});

test("whoever only reads has no field; an account that ends meanwhile ends the page; in French", async () => {
	server.may = ["read"];
	const { page } = await visit({ locale: "fr-FR" });
	await page.getByRole("heading", { name: "Se connecter" }).waitFor();
	await sign_in(page);
	await row(page, "T_furn").waitFor();
	assert.equal(await page.locator("td input, td select, .safe-state").count(), 0);
	server.sessions.clear();
	await page.getByRole("heading", { name: "Se connecter" }).waitFor();
	assert.equal(await page.locator("tr[data-channel]").count(), 0);
});

test("an account with a second factor is asked for its code, and no other; in French as well", async () => {
	server.code = "287082";
	const { page } = await visit();
	await page.locator(".sign-in form").waitFor();
	assert.equal(await page.locator('.sign-in input[name="code"]').count(), 0);
	await sign_in(page, "wrong horse");
	await eventually(async () => assert.match(await page.locator(".sign-in .message").innerText(), /do not belong together/));
	assert.equal(await page.locator('.sign-in input[name="code"]').count(), 0);
	await sign_in(page);
	const code = page.locator('.sign-in input[name="code"]');
	await code.waitFor();
	assert.equal(await page.locator(".sign-in .message").innerText(), "");
	await eventually(async () => assert.equal(await page.evaluate(() => document.activeElement.name), "code"));
	await page.locator(".sign-in .language").click();
	await eventually(async () => assert.match(await page.locator(".sign-in").innerText(), /Les six chiffres/));
	await page.locator(".sign-in .language").click();
	await shoot(page, "sign_in_code");
	await code.fill("000000");
	await page.keyboard.press("Enter");
	await eventually(async () => assert.match(await page.locator(".sign-in .message").innerText(), /A code is good once/));
	await code.fill("287 082");
	await page.keyboard.press("Enter");
	await row(page, "T_furn").waitFor();
	assert.equal(await page.locator(".me-name").innerText(), "anna");
});
