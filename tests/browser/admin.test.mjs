/* admin.test.mjs - administration: accounts, tokens, the audit, one's own password, against a bench that exists only here */
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { eventually, open_page, row, serious_faults, shoot, start_browser, wait_until } from "./browser.mjs";
import { FakeAdmin } from "./fake_admin.mjs";
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
	server = new FakeServer({ outputs: true });
	server.people = { anna: "correct horse" };
	server.may = ["read", "operate", "configure", "protect"];
	server.role = "root";
	server.admin = new FakeAdmin();
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

async function visit(hash = "#admin", options = {}) {
	const p = await open_page(browser, url, options);
	opened.push(p);
	await p.page.locator('.sign-in input[name="username"]').fill("anna");
	await p.page.locator('.sign-in input[name="password"]').fill("correct horse");
	await p.page.keyboard.press("Enter");
	await p.page.locator('[data-state="running"]').waitFor();
	await p.page.evaluate((to) => { location.hash = to; }, hash);
	return p;
}

const line = (page, name) => page.locator(`tr[data-account="${name}"]`);
const box = (page) => page.locator("dialog[open]");
const part = (page, title) => box(page).locator(".part").filter({ has: page.getByRole("heading", { name: title, exact: true }) });
const asked = (method, path) => server.admin.asked.filter((a) => a.method === method && a.path === path);

async function open_account(page, name) {
	await line(page, name).getByRole("button").click();
	await box(page).waitFor();
}

/* Two deliberate touches, farther apart than a double click. */
async function twice(page, button) {
	await button.click();
	await page.waitForTimeout(600);
	await button.click();
}

test("an account is added with grants and an end, once however often it is clicked; a refusal is told in the server's words", async () => {
	const { page, complaints } = await visit();
	await line(page, "bert").waitFor();
	assert.match(await line(page, "bert").innerText(), /operate N2_\* \(until 2126-01-01/);
	await page.getByRole("button", { name: "Add an account" }).click();
	await box(page).locator('input[name="name"]').fill("carl");
	await box(page).locator('input[name="password"]').fill("battery staple");
	await box(page).locator('input[name="may-operate"]').check();
	await box(page).locator('input[name="only-operate"]').fill("H2_*");
	await box(page).locator('input[name="until-operate"]').fill("2127-01-01T10:00");
	server.admin.delay_ms = 300;
	await box(page).locator('button[type="submit"]').dblclick();
	await eventually(async () => assert.match(await box(page).locator(".verdict").innerText(), /✓ carl may sign in/));
	assert.equal(asked("POST", "accounts").length, 1);
	const { body } = asked("POST", "accounts")[0];
	assert.equal(body.role, "user");
	assert.equal(body.password, "battery staple");
	assert.deepEqual(body.grants.map((g) => [g.may, g.only]), [["read", "*"], ["operate", "H2_*"]]);
	assert.match(body.grants[1].until, /^2127-01-01T\d\d:00:00Z$/);
	assert.equal(await box(page).locator('input[name="password"]').inputValue(), "", "a password does not stay in a field");
	await box(page).locator('input[name="name"]').fill("carl");
	await box(page).locator('input[name="password"]').fill("battery staple");
	await box(page).locator('button[type="submit"]').click();
	await eventually(async () => assert.match(await box(page).locator(".verdict.refused").innerText(), /never given twice/));
	await page.keyboard.press("Escape");
	await line(page, "carl").waitFor();
	assert.equal(complaints.filter((c) => !/401|409/.test(c)).length, 0, complaints.join("\n"));
});

test("what is not touched stays as it is; role, grants, password, PIN, disable: each with its verdict", async () => {
	const { page } = await visit();
	await line(page, "bert").waitFor();
	await open_account(page, "bert");
	const rights = part(page, "Role and grants");
	await rights.locator('input[name="only-read"]').fill("N2_*, T_*");
	await rights.getByRole("button", { name: "Save" }).click();
	await eventually(async () => assert.match(await rights.locator(".verdict").innerText(), /✓ saved/));
	assert.deepEqual(asked("PATCH", "accounts/bert")[0].body,
		{ grants: [{ may: "read", only: "N2_*, T_*", until: null }, { may: "operate", only: "N2_*", until: "2126-01-01T00:00:00Z" }] });
	const password = part(page, "Password");
	await password.locator("input").fill("another horse");
	await password.getByRole("button", { name: "Set" }).click();
	await eventually(async () => assert.match(await password.locator(".verdict").innerText(), /✓/));
	assert.deepEqual(asked("PATCH", "accounts/bert")[1].body, { password: "another horse" });
	const pin = part(page, "PIN");
	await pin.getByRole("button", { name: "No PIN any more" }).click();
	await eventually(async () => assert.match(await pin.locator(".verdict").innerText(), /no PIN any more/));
	assert.deepEqual(asked("PATCH", "accounts/bert")[2].body, { pin: null });
	const ends = part(page, "Ends");
	await ends.getByRole("button", { name: "Disable" }).click();
	await ends.getByRole("button", { name: "Once more: Disable" }).waitFor();
	assert.equal(asked("PATCH", "accounts/bert").length, 3, "one touch does nothing");
	await page.waitForTimeout(600);
	await ends.getByRole("button", { name: "Once more: Disable" }).click();
	await eventually(async () => assert.match(await ends.locator(".verdict").innerText(), /disabled/));
	server.admin.refuse = () => ({ status: 409, detail: "it would leave no open root account; make another one root first" });
	await page.waitForTimeout(500); /* sooner it would be the second half of a double click */
	await ends.getByRole("button", { name: "Enable" }).click();
	await eventually(async () => assert.match(await ends.locator(".verdict.refused").innerText(), /no open root account/));
	await shoot(page, "admin_account");
	await page.keyboard.press("Escape");
	await eventually(async () => assert.match(await line(page, "bert").innerText(), /disabled/));
});

test("a second factor is shown once: as text, as an address, as a QR code", async () => {
	const { page } = await visit();
	await line(page, "bert").waitFor();
	await open_account(page, "bert");
	const factor = part(page, "Second factor");
	await twice(page, factor.getByRole("button"));
	await factor.locator("svg[role=img]").waitFor();
	assert.match(await factor.innerText(), /JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP/);
	assert.match(await factor.innerText(), /otpauth:\/\/totp\/tpr-1:bert/);
	await shoot(page, "admin_factor");
	assert.deepEqual(await serious_faults(page), []);
	await page.keyboard.press("Escape");
	await open_account(page, "bert");
	assert.equal(await part(page, "Second factor").locator("svg").count(), 0);
	await twice(page, part(page, "Second factor").getByRole("button").nth(1));
	await eventually(async () => assert.equal(asked("DELETE", "accounts/bert/second-factor").length, 1));
});

test("a token is made, shown once and removed", async () => {
	const { page } = await visit();
	await page.locator('tr[data-token="lims"]').waitFor();
	await page.getByRole("button", { name: "Make a token" }).click();
	await box(page).locator('input[name="name"]').fill("plc");
	await box(page).locator('input[name="may-set"]').check();
	await box(page).locator('button[type="submit"]').dblclick();
	await box(page).locator(".once code").waitFor();
	assert.match(await box(page).locator(".once code").innerText(), /^[0-9a-f]{64}$/);
	await box(page).getByRole("button", { name: /^Copy/ }).click();
	await eventually(async () => assert.match(await box(page).locator(".copy").innerText(), /copied|marked/));
	assert.deepEqual(asked("POST", "tokens").map((a) => a.body), [{ name: "plc", only: "*", reads: "*", until: null, may: ["set"] }]);
	await page.keyboard.press("Escape");
	await page.locator('tr[data-token="plc"]').waitFor();
	assert.equal(await page.getByText("c0ffee").count(), 0);
	await twice(page, page.locator('tr[data-token="lims"]').getByRole("button"));
	await wait_until("it is gone", async () => (await page.locator('tr[data-token="lims"]').count()) === 0);
});

test("the audit goes on, is filtered, and says when it is not whole", async () => {
	const { page } = await visit();
	const audit = page.locator(".audit");
	await audit.locator('tr[data-record="230"]').waitFor();
	assert.match(await audit.locator(".whole").innerText(), /whole: 230 lines/);
	assert.equal(await audit.locator("tr[data-record]").count(), 100);
	await audit.getByRole("button", { name: "Go on" }).click();
	await audit.locator('tr[data-record="31"]').waitFor();
	assert.equal(await audit.locator("tr[data-record]").count(), 200);
	server.admin.faults = ["line 12 is not what was written"];
	await audit.locator('input[name="who"]').fill("token:lims");
	await audit.locator('input[name="act"]').fill("set");
	await audit.locator('button[type="submit"]').click();
	await eventually(async () => assert.match(await audit.getByRole("alert").first().innerText(), /line 12 is not what was written/));
	await eventually(async () => assert.equal(await audit.locator("tr[data-record]").count(), 39));
	assert.match(await audit.locator("tr[data-record]").first().innerText(), /token:lims/);
});

test("health has a meaning for each channel; what is done at the computer is a line to copy; who is no administrator has no such page", async () => {
	const { page } = await visit();
	const health = page.locator('tr[data-health="mbc.control.cpu"]');
	await health.waitFor();
	await eventually(async () => assert.match(await health.innerText(), /1\.500? %\s+processor time of the controller/));
	await page.getByText("mbc backup verify", { exact: false }).first().waitFor();
	await page.locator(".language").first().click();
	await eventually(async () => assert.match(await health.innerText(), /temps de processeur/));
	server.role = "user";
	const { page: other } = await visit();
	await row(other, "T_furn").waitFor();
	assert.equal(await other.getByRole("link", { name: "Administration" }).count(), 0);
});

test("one's own password and PIN: the old one is asked, another one signs in anew", async () => {
	const { page } = await visit("");
	await page.locator(".me-name").click();
	const own = page.locator(".own-box");
	await own.locator('input[name="password"]').fill("wrong");
	await own.locator('input[name="new"]').fill("battery staple");
	await own.locator('input[name="again"]').fill("battery stable");
	await own.locator('button[type="submit"]').click();
	await eventually(async () => assert.match(await own.locator(".message").innerText(), /differ/));
	await own.locator('input[name="again"]').fill("battery staple");
	await own.locator('button[type="submit"]').click();
	await eventually(async () => assert.match(await own.locator(".verdict").innerText(), /not the password/));
	assert.deepEqual(await serious_faults(page), []);
	await own.locator('input[name="password"]').fill("correct horse");
	await own.locator('input[name="pin"]').fill("4711");
	await page.waitForTimeout(500); /* sooner it would be the second half of a double click */
	await own.locator('button[type="submit"]').click();
	await page.locator(".sign-in form").waitFor();
	assert.deepEqual(server.admin.asked.at(-1).body, { password: "correct horse", new_password: "battery staple", pin: "4711" });
});

for (const [name, options] of Object.entries({ phone: { viewport: { width: 360, height: 740 }, locale: "fr-FR" }, desk: { colorScheme: "dark" },
	wall: { viewport: { width: 2560, height: 1440 } } }))
	test(`administration on ${name}: nothing sideways, nothing serious for axe`, async () => {
		const { page } = await visit("#admin", options);
		await page.locator("tr[data-record]").first().waitFor();
		await line(page, "bert").waitFor();
		await page.locator("tr[data-token]").first().waitFor();
		const wide = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
		assert.ok(await wide() <= 0, `${await wide()} px too wide`);
		assert.deepEqual(await serious_faults(page), []);
		await shoot(page, `admin-${name}`);
		await open_account(page, "bert");
		assert.deepEqual(await serious_faults(page), []);
		const inside = await box(page).evaluate((b) => b.scrollWidth - b.clientWidth);
		assert.ok(inside <= 0, `the box is ${inside} px too wide`);
		await shoot(page, `admin-box-${name}`);
	});
