/* notes.test.mjs - notes of runs, runs begun and ended on the page; whom people call: on the card and the Help page; against a bench that exists only here */
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { assert_accessible } from "./axe.mjs";
import { eventually, open_page, shoot, start_browser, wait_until } from "./browser.mjs";
import { FakeServer } from "./fake_server.mjs";

const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };
const ago = (s) => new Date(Date.now() - s * 1000).toISOString();
const run = (number, end, more = {}) => ({ run: number, title: "Ageing", begin: ago(7200), end, seconds: 3600, started_by: "user:bob", stopped_by: null, bench_hash: "0",
	fields: { sample: "A12" }, notes: [], sequences: [], alarms: [], events: 3, events_left_out: 0, ...more });

let browser;
let server;
let url;
let opened;

before(async () => {
	browser = await start_browser();
});

after(() => browser.close());

beforeEach(async () => {
	server = new FakeServer({ sequences: true, outputs: true, alarms: 1 });
	server.people = { anna: "correct horse" };
	server.may = ["read", "operate"];
	server.runs = [run(6, ago(3600)), run(7, null)];
	url = await server.start();
	opened = [];
});

afterEach(async () => {
	for (const p of opened)
		await p.close();
	await server.stop();
});

async function signed_in(part, options = {}) {
	const p = await open_page(browser, url, options);
	opened.push(p);
	await p.page.locator('.sign-in input[name="username"]').fill("anna");
	await p.page.locator('.sign-in input[name="password"]').fill("correct horse");
	await p.page.keyboard.press("Enter");
	await p.page.locator('[data-state="running"]').first().waitFor();
	await p.page.evaluate((hash) => { location.hash = hash; }, `#${part}`);
	await p.page.locator(`main[data-page="${part.split("/")[0]}"]`).waitFor();
	return p;
}

const asked = () => server.run_orders.map((o) => [o.path.replace("/api/v1/", ""), o.body.text ?? o.body.title ?? ""]);

test("a note to the run that is open, and to one that has ended; what came is shown as it was written", async () => {
	const { page, complaints } = await signed_in("sequence/runs");
	const note = page.getByLabel("Note to run 7");
	const write = page.getByRole("button", { name: "Write the note" });
	await note.waitFor();
	assert.equal(await write.isEnabled(), false, "nothing to write");
	await note.fill("new <b>gas</b> bottle\nétage 2");
	await write.click();
	await page.getByText("✓ noted in run 7").waitFor();
	assert.deepEqual(asked(), [["runs/7/notes", "new <b>gas</b> bottle étage 2"]]);
	await eventually(async () => assert.equal(await note.inputValue(), ""));
	await page.getByRole("link", { name: "Run 6 Ageing" }).click();
	const one = page.locator('.one-run[data-run="6"]');
	await one.getByLabel("Note to run 6").fill("the bottle was empty");
	await one.getByRole("button", { name: "Write the note" }).click();
	await one.locator("li", { hasText: "the bottle was empty" }).waitFor();
	assert.match(await one.locator("li", { hasText: "the bottle was empty" }).innerText(), /user:anna/);
	await assert_accessible(page, "one run, noted");
	await page.evaluate(() => { location.hash = "#sequence/runs/7"; });
	await page.locator('.one-run[data-run="7"] li', { hasText: "new <b>gas</b> bottle étage 2" }).waitFor();
	await shoot(page, "run_noted");
	assert.deepEqual(complaints, []);
});

test("as long as nobody knows what became of it, it is asked again under the same id, and is one note; what is refused says why and stays typed", async () => {
	const { page } = await signed_in("sequence/runs/7");
	const note = page.getByLabel("Note to run 7");
	const write = page.getByRole("button", { name: "Write the note" });
	await note.fill("valve was stiff");
	server.run_fault = "lost";
	await write.click();
	await page.locator(".note-form .verdict.unknown").waitFor();
	assert.equal(await note.inputValue(), "valve was stiff");
	server.run_fault = 507;
	await eventually(async () => {
		await write.click();
		assert.match(await page.locator(".note-form .verdict").innerText(), /no room on the disk/);
	});
	await eventually(async () => {
		await write.click();
		assert.match(await page.locator(".note-form .verdict").innerText(), /noted in run 7/);
	});
	assert.ok(server.run_orders.length >= 3);
	assert.equal(new Set(server.run_orders.map((o) => o.body.id)).size, 1, "one id");
	assert.deepEqual(server.runs[1].notes.map((n) => n.text), ["valve was stiff"]);
	/* The same words later are another note. */
	await eventually(async () => assert.equal(await note.inputValue(), ""));
	await note.fill("valve was stiff");
	await eventually(async () => {
		await write.click({ timeout: 1000 }).catch(() => undefined);
		assert.equal(server.runs[1].notes.length, 2);
	});
	await note.fill("é".repeat(501));
	await page.getByText("✕ 2 bytes too long").waitFor();
	assert.equal(await write.isEnabled(), false);
	await note.fill("é".repeat(500));
	await page.getByText("0 bytes left").waitFor();
	assert.equal(await write.isEnabled(), true);
});

test("a run is ended with two touches, and begun with what the bench asks", async () => {
	const { page, complaints } = await signed_in("sequence/runs", PHONE);
	const end = page.getByRole("button", { name: "End run 7" });
	await end.tap();
	assert.deepEqual(asked(), []);
	await page.locator("button.twice.armed").waitFor();
	await wait_until("two touches", async () => {
		await page.locator("button.twice").first().tap({ timeout: 1000 }).catch(() => undefined);
		return server.runs[1].end !== null;
	});
	await page.locator(".begin-run summary").waitFor();
	await page.locator(".begin-run summary").tap();
	await page.getByLabel("Title", { exact: true }).first().fill("second try");
	await page.getByRole("button", { name: "Begin a run" }).tap();
	assert.equal(server.runs.length, 2, "without its sample nothing is asked");
	await page.getByLabel("Sample (needed)").fill("Pt-12");
	await assert_accessible(page, "a run is begun");
	assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 360, "nothing is wider than the screen");
	await shoot(page, "run_begin_phone");
	await page.getByRole("button", { name: "Begin a run" }).tap();
	await page.getByLabel("Note to run 8").waitFor();
	assert.deepEqual([server.runs[2].title, server.runs[2].fields], ["second try", { sample: "Pt-12" }]);
	assert.deepEqual(complaints, []);
});

test("who only reads writes nothing, and is told who may", async () => {
	server.may = ["read"];
	server.runs[1].notes = [{ time: ago(60), seconds: 1, who: "user:bob", text: "to be read" }];
	const { page } = await signed_in("sequence/runs/7");
	await page.getByText("to be read").waitFor();
	await page.getByText("Whoever signs in and may operate the whole bench writes notes here").waitFor();
	assert.equal(await page.locator(".note-form").count(), 0);
	await page.evaluate(() => { location.hash = "#sequence/runs"; });
	await page.locator(".runs tbody tr").first().waitFor();
	assert.deepEqual([await page.locator(".begin-run").count(), await page.getByRole("button", { name: "End run 7" }).count()], [0, 0]);
});

test("whom people call: on the card, which stays one page, and on the Help page; to be filled in by hand where none is said", async () => {
	server.contacts = Array.from({ length: 10 }, (_, n) => ({ name: `Person <b>${n}</b>`, phone: `+33 (0)1 23-45-67-8${n}`, role: n === 0 ? "responsible" : "" }));
	const { page, complaints } = await signed_in("sequence/card");
	const phones = page.locator(".card-phones");
	await eventually(async () => assert.match(await phones.innerText(), /Person <b>0<\/b> \(responsible\)\s+\+33 \(0\)1 23-45-67-80[^]*Person <b>9<\/b>\s+\+33 \(0\)1 23-45-67-89/));
	assert.equal(await phones.locator("dd").count(), 10);
	await assert_accessible(page, "card with phone numbers");
	await shoot(page, "card_phones");
	await page.emulateMedia({ media: "print" });
	const pdf = (await page.pdf({ preferCSSPageSize: true })).toString("latin1");
	assert.equal((pdf.match(/\/Type\s*\/Page\b(?!s)/g) ?? []).length, 1, "one page");
	await page.emulateMedia({ media: "screen" });
	await page.evaluate(() => { location.hash = "#help"; });
	const link = page.locator(".contacts").getByRole("link", { name: "+33 (0)1 23-45-67-83" });
	await link.waitFor();
	assert.equal(await link.getAttribute("href"), "tel:+33123456783");
	await assert_accessible(page, "help with phone numbers");
	await shoot(page, "help_contacts");
	assert.deepEqual(complaints, []);
});

test("without contacts the card has blank lines, and Help no list", async () => {
	const { page } = await signed_in("sequence/card");
	await page.locator(".card-phones").getByText("Responsible person").waitFor();
	assert.deepEqual(await page.locator(".card-phones dd").allInnerTexts(), ["", "", ""]);
	await page.evaluate(() => { location.hash = "#help"; });
	await page.locator(".help").waitFor();
	assert.equal(await page.locator(".contacts").count(), 0);
});
