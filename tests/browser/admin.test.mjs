/* admin.test.mjs - administration: accounts, tokens, the audit, one's own password, against a bench that exists only here */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, rig, row, serious_faults, shoot, sign_in, wait_until } from "./browser.mjs";
import { FakeAdmin } from "./fake_admin.mjs";
import { FakeServer } from "./fake_server.mjs";

let server;
let url;
const open = rig(async () => {
	server = new FakeServer({ outputs: true });
	server.people = { anna: "correct horse" };
	server.may = ["read", "operate", "configure", "protect"];
	server.role = "root";
	server.admin = new FakeAdmin();
	url = await server.start();
}, () => server.stop());

async function visit(hash = "#admin", options = {}) {
	const p = await open(url, options);
	await sign_in(p.page, "anna", "correct horse");
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
	assert.equal(complaints.filter((c) => !/401|404|409/.test(c)).length, 0, complaints.join("\n"));
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
	await page.getByText("mbc doctor", { exact: false }).first().waitFor();
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

const server_part = (page, which) => page.locator(`[data-certificate="${which}"]`);
const PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
const KEY = "-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n";

test("a certificate is seen, made anew with two touches, and followed until it is shown", async () => {
	server.admin.in_the_way = 2; /* somebody else asks at the same time */
	const { page } = await visit();
	const own = server_part(page, "serve");
	await own.locator("dl").waitFor();
	const text = await own.innerText();
	assert.match(text, /bench-3, localhost, 127\.0\.0\.1/);
	assert.match(text, /Signed by\s+itself/);
	assert.match(text, /in 400 days/);
	assert.match(text, /14:CF:F8:C6:AB/);
	assert.match(text, /✓ shown now/);
	await eventually(async () => assert.match(await server_part(page, "public").innerText(), /shows no certificate: 'tls: own'/));
	assert.equal(await server_part(page, "public").getByRole("button").count(), 0);
	await own.getByRole("button", { name: "Make a new one" }).click();
	await page.waitForTimeout(600);
	assert.equal(asked("POST", "certificates/serve").length, 0, "one touch does nothing");
	await own.getByRole("button", { name: "Once more: Make a new one" }).click();
	await eventually(async () => assert.match(await own.innerText(), /77:77:77:77[\s\S]*… not shown yet|77:77:77:77[\s\S]*✓ shown now/));
	await eventually(async () => assert.match(await own.innerText(), /77:77:77:77[\s\S]*✓ shown now/));
	server.admin.certificates.public = { ...server.admin.certificates.serve, kind: "files", file: "/etc/ssl/bench.pem", until: new Date(Date.now() + 3.5 * 86_400_000).toISOString(), refused: "the key does not fit" };
	await page.evaluate(() => { location.hash = ""; });
	await row(page, "T_furn").waitFor();
	await page.evaluate(() => { location.hash = "#admin"; });
	const files = server_part(page, "public");
	await eventually(async () => assert.match(await files.innerText(), /▲ .*in 3 days[\s\S]*not taken up: the key does not fit[\s\S]*replace them where they are/));
	assert.equal(await files.getByRole("button", { name: /new one|Replace/ }).count(), 0);
});

test("a certificate that is given: looked at in the page, sent once as one text with the key last, and not kept in it", async () => {
	const { page, complaints } = await visit();
	const own = server_part(page, "serve");
	await own.getByRole("button", { name: "Replace it" }).click();
	const go = box(page).locator('button[type="submit"]');
	const said = async (pattern) => eventually(async () => assert.match(await box(page).locator(".verdict").innerText(), pattern));
	for (const [pem, pattern] of [["nothing", /no certificate/], [PEM, /no private key/], [PEM + KEY.replaceAll("PRIVATE", "ENCRYPTED PRIVATE"), /locked by a passphrase/]]) {
		await box(page).locator('textarea[name="pem"]').fill(pem);
		await page.waitForTimeout(500); /* sooner it would be the second half of a double click */
		await go.click();
		await said(pattern);
	}
	assert.equal(asked("PUT", "certificates/serve").length, 0, "what could only be refused is not sent");
	await box(page).locator('textarea[name="pem"]').fill("");
	await box(page).locator('input[type="file"]').setInputFiles([{ name: "a.key", mimeType: "text/plain", buffer: Buffer.from(KEY) }, { name: "b.pem", mimeType: "text/plain", buffer: Buffer.from(PEM) }]);
	server.admin.refuse = () => ({ status: 422, detail: "the key is not that of the certificate" });
	await page.waitForTimeout(500);
	await go.click();
	await said(/✕ the key is not that of the certificate/);
	server.admin.refuse = null;
	assert.deepEqual(await serious_faults(page), []);
	await page.waitForTimeout(500);
	await go.dblclick();
	await said(/✓ taken/);
	const sent = asked("PUT", "certificates/serve").map((a) => a.body.text);
	assert.equal(sent.length, 2);
	assert.ok(sent[1].indexOf("BEGIN CERTIFICATE") < sent[1].indexOf("PRIVATE KEY"));
	assert.equal(await box(page).locator('input[type="file"]').evaluate((i) => i.files.length), 0, "a key does not stay in a field");
	await page.keyboard.press("Escape");
	await eventually(async () => assert.match(await own.innerText(), /CN=lab root[\s\S]*99:99:99:99[\s\S]*✓ shown now/));
	assert.equal(complaints.filter((c) => !/401|404|422/.test(c)).length, 0, complaints.join("\n"));
});

test("a backup: passphrase typed twice, followed, stopped, looked at, downloaded, removed; the lines that bring it back", async () => {
	const { page } = await visit();
	const first = page.locator('tr[data-backup="tpr-1-20260301T080000Z.mbc"]');
	await first.waitFor();
	assert.match(await first.innerText(), /123 MB/);
	const making = page.getByRole("button", { name: "Make a backup" }).first();
	await making.click();
	await box(page).locator('input[name="phrase"]').fill("correct horse battery");
	await box(page).locator('input[name="again"]').fill("correct horse batter");
	await box(page).locator('button[type="submit"]').click();
	await eventually(async () => assert.match(await box(page).locator(".verdict").innerText(), /differ/));
	await box(page).locator('input[name="again"]').fill("correct horse battery");
	await box(page).locator('input[name="history"]').check();
	await page.waitForTimeout(500);
	await box(page).locator('button[type="submit"]').dblclick();
	const busy = page.locator('[data-busy="make"]');
	await busy.waitFor();
	assert.equal(await box(page).count(), 0);
	assert.deepEqual(asked("POST", "backups").map((a) => a.body), [{ passphrase: "correct horse battery", history: true }]);
	assert.match(await busy.innerText(), /20260302T090000Z\.mbc is being made[\s\S]*1\.0 MB so far/);
	assert.ok(await making.isDisabled());
	assert.deepEqual(await serious_faults(page), []);
	server.admin.busy.bytes = 7_000_000;
	await eventually(async () => assert.match(await busy.innerText(), /7\.0 MB so far/));
	await twice(page, busy.getByRole("button"));
	const last = page.locator("[data-last]");
	await eventually(async () => assert.match(await last.innerText(), /✕ .*was not made: it was ended as asked/));
	/* Without secrets; it is made. */
	await making.click();
	await box(page).getByLabel("left out").check();
	assert.equal(await box(page).locator('input[type="password"]').count(), 0);
	await box(page).locator('button[type="submit"]').click();
	await busy.waitFor();
	assert.deepEqual(asked("POST", "backups")[1].body, { history: false });
	server.admin.end(true);
	const second = page.locator('tr[data-backup="tpr-1-20260302T090000Z.mbc"]');
	await second.waitFor();
	await eventually(async () => assert.match(await last.innerText(), /✓ .*is made, read back and found good/));
	/* Looked at. */
	const rows = await page.locator("tr[data-backup]").count();
	await second.getByRole("button", { name: /Look at it/ }).click();
	await box(page).locator('input[name="phrase"]').fill("another passphrase");
	await box(page).locator('button[type="submit"]').click();
	const looked_at = page.locator('[data-busy="verify"]');
	await looked_at.waitFor();
	await twice(page, looked_at.getByRole("button")); /* looking can be stopped, too: it stays */
	await eventually(async () => assert.match(await last.innerText(), /✕ .*is not good: the look at it was ended/));
	assert.equal(await page.locator("tr[data-backup]").count(), rows);
	await second.getByRole("button", { name: /Look at it/ }).click();
	await box(page).locator('input[name="phrase"]').fill("another passphrase");
	await box(page).locator('button[type="submit"]').click();
	await looked_at.waitFor();
	server.admin.end(false, "the passphrase is another one");
	await eventually(async () => assert.match(await last.innerText(), /✕ .*is not good: the passphrase is another one/));
	/* Brought back by people. */
	await second.getByRole("button", { name: /Bring it back/ }).click();
	await eventually(async () => assert.match(await box(page).innerText(), /mbc restore tpr-1-20260302T090000Z\.mbc --into tpr-1 --passphrase-file -/));
	assert.deepEqual(await serious_faults(page), []);
	await shoot(page, "admin_restore");
	await page.keyboard.press("Escape");
	const [file] = await Promise.all([page.waitForEvent("download"), second.getByRole("link", { name: /Download/ }).click()]);
	assert.equal(file.suggestedFilename(), "tpr-1-20260302T090000Z.mbc");
	await twice(page, first.getByRole("button", { name: /Remove/ }));
	await wait_until("it is gone", async () => (await first.count()) === 0);
	assert.equal(asked("DELETE", "backups/tpr-1-20260301T080000Z.mbc").length, 1);
});

test("who is not root is told why there are neither certificates nor backups, and the server is not asked", async () => {
	server.role = "admin";
	const { page } = await visit();
	await line(page, "bert").waitFor();
	await eventually(async () => assert.match(await page.locator(".admin").innerText(), /they are for the role root/));
	assert.equal(server.admin.asked.filter((a) => /^(certificates|backups)/.test(a.path)).length, 0);
	assert.equal(await page.getByRole("button", { name: "Make a backup" }).count(), 0);
});

test("with keys alone: the box opens, its fields come one after the other, Escape leads back to its button", async () => {
	const { page } = await visit();
	await page.locator("tr[data-backup]").first().waitFor();
	await page.getByRole("button", { name: "Make a backup" }).first().focus();
	await page.keyboard.press("Enter");
	await box(page).waitFor();
	for (let i = 0; i < 12 && (await page.evaluate(() => document.activeElement?.getAttribute("name"))) !== "phrase"; i++)
		await page.keyboard.press("Tab");
	await page.keyboard.type("correct horse battery");
	await page.keyboard.press("Tab");
	await page.keyboard.type("correct horse battery");
	await page.keyboard.press("Enter");
	await page.locator('[data-busy="make"]').waitFor();
	assert.equal(asked("POST", "backups").length, 1);
	server.admin.end(true);
	await page.locator('tr[data-backup="tpr-1-20260302T090000Z.mbc"]').waitFor();
	const verify = page.locator('tr[data-backup="tpr-1-20260302T090000Z.mbc"]').getByRole("button", { name: /Look at it/ });
	await verify.focus();
	await page.keyboard.press("Enter");
	await box(page).waitFor();
	await page.keyboard.press("Escape");
	await wait_until("the focus is back", () => verify.evaluate((b) => b === document.activeElement));
});

for (const [name, options] of Object.entries({ phone: { viewport: { width: 360, height: 740 }, locale: "fr-FR" }, desk: { colorScheme: "dark" },
	wall: { viewport: { width: 2560, height: 1440 } } }))
	test(`administration on ${name}: nothing sideways, nothing serious for axe`, async () => {
		const { page } = await visit("#admin", options);
		await page.locator("tr[data-record]").first().waitFor();
		await line(page, "bert").waitFor();
		await page.locator("tr[data-token]").first().waitFor();
		await page.locator("tr[data-backup]").first().waitFor();
		await server_part(page, "serve").locator("dl").waitFor();
		server.admin.busy = { act: "make", name: "tpr-1-20260302T090000Z.mbc", bytes: 1_000_000 };
		const wide = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
		assert.ok(await wide() <= 0, `${await wide()} px too wide`);
		assert.deepEqual(await serious_faults(page), []);
		await shoot(page, `admin-${name}`);
		await open_account(page, "bert");
		assert.deepEqual(await serious_faults(page), []);
		const inside = await box(page).evaluate((b) => b.scrollWidth - b.clientWidth);
		assert.ok(inside <= 0, `the box is ${inside} px too wide`);
		await shoot(page, `admin-box-${name}`);
		await page.keyboard.press("Escape");
		server.admin.end(true);
		for (const [i, button] of [server_part(page, "serve").locator(".bar button").last(), page.locator("tr[data-backup]").first().locator("td button").nth(0),
			page.locator("tr[data-backup]").first().locator("td button").nth(1), page.locator("section[aria-labelledby=backups-title] > .bar button")].entries()) {
			await button.click();
			await box(page).waitFor();
			assert.deepEqual(await serious_faults(page), []);
			const over = await box(page).evaluate((b) => b.scrollWidth - b.clientWidth);
			assert.ok(over <= 0, `box ${i} is ${over} px too wide`);
			await shoot(page, `admin-house-${i}-${name}`);
			await page.keyboard.press("Escape");
		}
	});
