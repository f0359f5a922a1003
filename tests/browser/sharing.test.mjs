/* sharing.test.mjs - what everybody sees, and which channels: against a bench that exists only here */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, rig, serious_faults, shoot, sign_in, wait_until } from "./browser.mjs";
import { FakeAdmin, FILE } from "./fake_admin.mjs";
import { FakeServer } from "./fake_server.mjs";

let server;
let url;
const open = rig(async () => {
	server = new FakeServer({ outputs: true, extra: 20 });
	server.people = { anna: "correct horse" };
	server.may = ["read", "operate", "configure"];
	server.role = "admin";
	server.admin = new FakeAdmin();
	const shown = (name) => server.channel(server.rows.find((r) => r[0] === name));
	server.admin.shared = () => ({ time: new Date().toISOString(), is_on: true, address: "https://0.0.0.0:8444/", links_required: true, channels: ["T_bed", "P_in"].map(shown) });
	url = await server.start();
}, () => server.stop());

async function visit(options = {}) {
	const p = await open(url, options);
	await sign_in(p.page, "anna", "correct horse");
	await p.page.evaluate(() => { location.hash = "#sharing"; });
	await p.page.locator(".sharing").waitFor();
	return p;
}

const tick = (page, name) => page.locator(`li[data-tick="${name}"] input`);
const asked = (method) => server.admin.asked.filter((a) => a.method === method);

test("what an outsider sees is live, with its address and who may; when it is not known, nothing stands there as good", async () => {
	server.force("T_bed", 512.25, "good", "good");
	server.force("P_in", 0, "bad", "no_answer");
	const { page } = await visit();
	const shared = (name) => page.locator(`tr[data-shared="${name}"]`);
	await eventually(async () => assert.match(await shared("T_bed").innerText(), /512\.25 °C\s+✓ good/));
	assert.match(await shared("P_in").innerText(), /✕ no answer/);
	assert.match(await page.locator(".shared dl").innerText(), /https:\/\/127\.0\.0\.1:8444\/\s+Who\s+only who has a link/);
	assert.equal(await page.locator("tr[data-shared]").count(), 2);
	server.force("T_bed", 300, "good", "good");
	await eventually(async () => assert.match(await shared("T_bed").innerText(), /300/));
	await page.getByText("api/v1/channels.xml").first().waitFor();
	server.refusing = true;
	server.cut_streams();
	await eventually(async () => assert.match(await page.locator(".shared .message").innerText(), /not known now/));
	assert.match(await shared("T_bed").innerText(), /✕/);
	server.refusing = false;
	server.admin.shared = () => ({ time: new Date().toISOString(), is_on: false, address: null, links_required: false, channels: [] });
	await eventually(async () => assert.match(await page.locator(".shared").innerText(), /Nothing leaves the house/));
});

test("a tick changes that one list, after the difference was looked at; what a pattern shows is told so", async () => {
	const { page } = await visit();
	await tick(page, "T_bed").waitFor();
	assert.equal(await tick(page, "T_bed").isChecked(), true);
	assert.equal(await tick(page, "P_in").isChecked(), false);
	assert.equal(await tick(page, "rack1.c1").isDisabled(), true);
	assert.match(await page.locator('li[data-tick="rack1.c1"]').innerText(), /by the pattern rack\*\.c\?/);
	await tick(page, "P_in").click();
	await tick(page, "N2_flow").click();
	await eventually(async () => assert.equal(await tick(page, "N2_flow").isChecked(), true));
	await tick(page, "N2_flow").click();
	await tick(page, "T_bed").click();
	await eventually(async () => assert.match(await page.locator(".changes").innerText(), /2 changes/));
	assert.equal(server.admin.asked.length, 0, "nothing is asked before one looks");
	await page.getByRole("button", { name: "Look at the difference" }).click();
	const box = page.locator(".diff-box");
	await eventually(async () => assert.match(await box.locator(".diff").innerText(), /-\s+channels: \[T_bed, "rack\*\.c\?"\].*\n\+\s+channels: \["rack\*\.c\?", P_in\]/));
	assert.deepEqual(await serious_faults(page), []);
	await shoot(page, "sharing_diff");
	assert.equal(asked("PUT").length, 0);
	server.admin.delay_ms = 300;
	await box.getByRole("button", { name: "Write and take up" }).dblclick();
	await eventually(async () => assert.match(await page.locator(".choose .verdict").innerText(), /✓ written and taken up/));
	assert.equal(asked("PUT").length, 1);
	assert.equal(server.admin.file, FILE.replace('[T_bed, "rack*.c?"]', '["rack*.c?", P_in]'));
	await wait_until("the file is read anew", async () => (await page.locator(".changes").count()) === 0);
	assert.equal(await tick(page, "P_in").isChecked(), true);
});

test("errors of the check are shown and not written; another's change is told; back is byte by byte", async () => {
	const { page } = await visit();
	await tick(page, "P_in").click();
	await tick(page, "P_in").click();
	await wait_until("no change", async () => (await page.locator(".changes").count()) === 0);
	await tick(page, "P_in").click();
	server.admin.errors = [{ file: "bench.yaml", line: 6, column: 5, kind: "error", text: "no channel 'x'", remedy: "look at the name", code: "E1" }];
	await page.getByRole("button", { name: "Look at the difference" }).click();
	await eventually(async () => assert.match(await page.locator(".diff-box .broken").innerText(), /bench\.yaml:6: no channel 'x': look at the name/));
	assert.equal(await page.getByRole("button", { name: "Write and take up" }).count(), 0);
	await page.keyboard.press("Escape");
	server.admin.errors = [];
	await page.waitForTimeout(500);
	await page.getByRole("button", { name: "Look at the difference" }).click();
	server.admin.file += "# another hand\n";
	await page.getByRole("button", { name: "Write and take up" }).click();
	await eventually(async () => assert.match(await page.locator(".diff-box .verdict").innerText(), /✕ it is another file by now/));
	assert.match(server.admin.file, /another hand/);
});

test("where there is no public server, or the list is not understood, or the file is not for them: what to do", async () => {
	server.admin.file = "bench: tpr-1\n";
	const { page } = await visit();
	await eventually(async () => assert.match(await page.locator(".choose").innerText(), /no public server yet[\s\S]*serve:\s+public:\s+listen/));
	server.admin.file = "serve:\n  public:\n    channels: [a,\n      b]\n";
	await page.reload();
	await eventually(async () => assert.match(await page.locator(".choose").innerText(), /one that this page does not edit/));
	assert.equal(await page.locator("li[data-tick]").count(), 0);
});

test("flat pages are switched off by a tick, as a difference of the file first; where they are off it is said", async () => {
	const { page } = await visit();
	const box = page.locator('li[data-flat="json"] input');
	await box.waitFor();
	assert.equal(await box.isChecked(), true);
	await box.click();
	await eventually(async () => assert.equal(await box.isChecked(), false));
	await page.getByRole("button", { name: "Look at the difference" }).click();
	await eventually(async () => assert.match(await page.locator(".diff-box pre").innerText(), /json: no/));
	await page.getByRole("button", { name: "Write and take up" }).click();
	await wait_until("it is written", async () => /json: no/.test(server.admin.file));
	const before = server.admin.shared;
	server.admin.shared = () => ({ ...before(), has_json: false, has_xml: true });
	await eventually(async () => assert.match(await page.locator(".servers").last().innerText(), /\/json\s+switched off in the bench file/));
});

for (const [name, options] of Object.entries({ phone: { viewport: { width: 360, height: 740 }, locale: "fr-FR" }, desk: { colorScheme: "dark" }, wall: { viewport: { width: 2560, height: 1440 } } }))
	test(`sharing on ${name}: nothing sideways, nothing serious for axe`, async () => {
		const { page } = await visit(options);
		await tick(page, "P_in").click();
		await page.locator("tr[data-shared]").first().waitFor();
		await page.locator(".changes").waitFor();
		const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
		assert.ok(wide <= 0, `${wide} px too wide`);
		assert.deepEqual(await serious_faults(page), []);
		await shoot(page, `sharing-${name}`);
	});
