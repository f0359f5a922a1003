/* file.test.mjs - the page of the bench file: text, check while one types, difference, applying, what waits, versions; against a bench that exists only here */
import assert from "node:assert/strict";
import { test } from "node:test";
import { assert_accessible } from "./axe.mjs";
import { eventually, rig, shoot, sign_in, wait_until } from "./browser.mjs";
import { FakeFile, FakeServer } from "./fake_server.mjs";

const TEXT = `# the bench\nbench: tpr-1\nchannels:\n  T_bed: {read: ai0, unit: degC, range: 0 to 800 degC}\n${Array.from({ length: 60 }, (_, k) => `  C_${k}: {calc: ${k}}\n`).join("")}`;
const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, colorScheme: "dark", locale: "fr-FR" };
const WALL = { viewport: { width: 2560, height: 1440 }, colorScheme: "dark" };

let server;
let url;
const open = rig(async () => {
	server = new FakeServer({ outputs: true });
	server.people = { anna: "correct horse" };
	server.may = ["read", "operate", "configure", "protect"];
	server.bench_file = new FakeFile(TEXT, { "parts/gases.yaml": "gases:\n  N2: {}\n", "sequences/tpr.seq": "sequence \"tpr\"\n" });
	url = await server.start();
}, () => server.stop());

async function visit(rest = "", options = {}) {
	const p = await open(url, options);
	await sign_in(p.page, "anna", "correct horse");
	await p.page.evaluate((hash) => { location.hash = hash; }, `#file${rest}`);
	return p;
}

async function ready(options) {
	const p = await visit("", options);
	await checked(p.page, "good");
	return p;
}

const area = (page) => page.locator(".code textarea");
const checked = (page, how) => page.locator(`[data-check="${how}"]`).waitFor();
const apply = (page) => page.getByRole("button", { name: "Apply", exact: true });
const became = (page, state) => page.locator(`[data-became="${state}"]`).first().waitFor();
const fits = async (page, width) => assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, "nothing is wider than the screen");

test("lines are numbered and coloured, those far away are not drawn; parts are read, not written", async () => {
	const { page, complaints } = await ready();
	assert.equal(await area(page).inputValue(), TEXT);
	assert.equal(await page.locator('.code-line[data-line="1"] .c-comment').innerText(), "# the bench");
	assert.equal(await page.locator('.code-line[data-line="2"] .c-word').innerText(), "bench");
	assert.match((await page.locator('.code-line[data-line="4"] .c-number').allInnerTexts()).join("|"), /800 degC/);
	server.bench_file.text = `${"  x: 1\n".repeat(20000)}# the last\n`;
	await page.getByRole("button", { name: "Read again" }).click();
	await eventually(async () => assert.equal((await area(page).inputValue()).length, server.bench_file.text.length));
	await area(page).evaluate((a) => { a.scrollTop = a.scrollHeight; });
	await eventually(async () => assert.equal(await page.locator('.code-line[data-line="20001"]').innerText(), "# the last\n"));
	assert.ok(await page.locator(".code-line").count() < 120, "the others are not drawn");
	const [line, box] = [await page.locator('.code-line[data-line="20001"]').boundingBox(), await area(page).boundingBox()];
	assert.ok(line.y > box.y && line.y < box.y + box.height, "it is where the text is");
	await page.locator(".parts-list summary").click();
	await page.getByRole("link", { name: "parts/gases.yaml" }).click();
	await eventually(async () => assert.equal(await area(page).inputValue(), "gases:\n  N2: {}\n"));
	assert.ok(await area(page).evaluate((a) => a.readOnly));
	assert.equal(await page.getByRole("button", { name: "Apply" }).count(), 0);
	assert.deepEqual(complaints.filter((c) => !/401/.test(c)), []);
});

test("another size of the window: all lines that can be seen are drawn", async () => {
	const { page } = await ready({ viewport: { width: 360, height: 740 } });
	await area(page).fill("# as many as there were not when it was drawn first\n".repeat(600));
	await area(page).evaluate((a) => { a.scrollTop = 0; });
	await page.locator('.code-line[data-line="1"]').waitFor();
	for (const viewport of [{ width: 740, height: 360 }, { width: 1280, height: 1400 }]) {
		await page.setViewportSize(viewport);
		await eventually(async () => {
			const [box, last] = await page.evaluate(() => [document.querySelector(".code textarea"), [...document.querySelectorAll(".code-line")].at(-1)].map((e) => e.getBoundingClientRect().bottom));
			assert.ok(last >= box, `drawn until ${last} of ${box}`);
		}, 20000);
	}
});

test("checked while one types: one question at a time, the last wish wins, a busy server is asked again", async () => {
	const { page } = await ready();
	server.bench_file.check_ms = 1500;
	server.bench_file.checks = [];
	const type = async (more) => {
		await area(page).fill(`${TEXT}${more}`);
		await page.waitForTimeout(700);
	};
	await type("a: 1\n");
	await type("b: 1\n");
	await type("  c: wrong\n");
	await checked(page, "wrong");
	assert.equal(server.bench_file.most, 1, "one at a time");
	assert.ok(server.bench_file.checks.at(-1).endsWith("wrong\n"));
	server.bench_file.check_ms = 0;
	server.bench_file.busy = 1;
	await area(page).fill(TEXT);
	await page.getByText("another question of this kind is under way").waitFor();
	await checked(page, "good");
});

test("errors lead to their line and column, in another file too", async () => {
	const { page } = await ready();
	await area(page).fill(`${TEXT}  U_x: wrong\n  y: odd\n`);
	await checked(page, "wrong");
	const line = TEXT.split("\n").length;
	await page.locator(`.code-line.error[data-line="${line}"]`).waitFor({ state: "attached" });
	assert.equal(await apply(page).isEnabled(), false);
	assert.match(await page.locator(".faults .error").innerText(), new RegExp(`${line}:8.*unknown key 'wrong'; use 'right'`));
	await assert_accessible(page, "errors");
	await shoot(page, "file_errors");
	await page.locator(".faults .error button").click();
	await eventually(async () => assert.equal(await area(page).evaluate((a) => a.value.slice(a.selectionStart, a.selectionEnd)), "wrong"));
	assert.ok(await area(page).evaluate((a) => a.scrollTop) > 0);
	await page.locator(".faults .warning button").click();
	await eventually(async () => assert.equal(await area(page).evaluate((a) => a.value.slice(a.selectionStart, a.selectionEnd)), "N2: {}"));
	await page.getByRole("link", { name: "Edit", exact: true }).click();
	await eventually(async () => assert.ok((await area(page).inputValue()).includes("wrong"), "what was typed is still there"));
});

test("what it changes is shown, and applied", async () => {
	const { page } = await ready();
	assert.equal(await apply(page).isEnabled(), false);
	await page.getByText("Nothing to apply").waitFor();
	await area(page).fill(`${TEXT}  U_new: {calc: 3}\n`);
	await page.locator(".meaning", { hasText: "New channels" }).getByText("U_new").waitFor();
	assert.match(await page.locator(".difference .plus").allInnerTexts().then((t) => t.join("")), /U_new/);
	await page.getByLabel("Reason (optional)").fill("a remark");
	await apply(page).click();
	await became(page, "taken");
	assert.deepEqual(server.bench_file.asked, [["file", { text: `${TEXT}  U_new: {calc: 3}\n`, reason: "a remark" }]]);
	await page.getByText("Nothing to apply").waitFor();
	await shoot(page, "file_applied");
	/* Again, over that one. */
	await area(page).fill(TEXT);
	await wait_until("it can be applied", () => apply(page).isEnabled());
	await apply(page).click();
	await wait_until("it is written", () => server.bench_file.text === TEXT);
});

test("what weakens protection asks for a reason, waits, and can be dropped", async () => {
	const { page } = await ready();
	await area(page).fill(`${TEXT}  weak: 1\n`);
	await page.locator(".meaning.weaker").getByText("trip   weak: 1").waitFor();
	await apply(page).click();
	await page.getByText("Protection becomes weaker: say why.").waitFor();
	assert.deepEqual(server.bench_file.asked, []);
	await page.getByLabel("Reason, since protection becomes weaker").fill("another oven");
	await apply(page).click();
	await became(page, "waits");
	await page.locator("section.waits").getByText("waits until T_furn is safe").waitFor();
	await assert_accessible(page, "waits");
	await shoot(page, "file_waits");
	server.bench_file.pending.needs_reason = true;
	await page.locator("section.waits").getByRole("button", { name: "Give the reason" }).waitFor();
	await page.locator("section.waits input").fill("because");
	await page.locator("section.waits").getByRole("button", { name: "Give the reason" }).click();
	await wait_until("the reason came", () => server.bench_file.asked.at(-1)[0] === "reason");
	const drop = page.locator("section.waits").getByRole("button", { name: "Drop it" });
	await drop.click();
	await page.waitForTimeout(500);
	await page.getByRole("button", { name: "Press again to do it" }).click();
	await became(page, "dropped");
	await eventually(async () => assert.equal(await page.locator("section.waits").count(), 0));
});

test("without 'protect' nothing is weakened; a program is started from here for nobody", async () => {
	server.may = ["read", "configure"];
	const { page } = await ready();
	await area(page).fill(`${TEXT}  weak: 1\n`);
	await page.locator(".apply").getByText("needs the grant 'protect'").waitFor();
	assert.equal(await apply(page).isEnabled(), false);
	await area(page).fill(`${TEXT}  helper: 1\n`);
	await page.locator(".apply").getByText("done at the computer of the bench").waitFor();
	assert.equal(await apply(page).isEnabled(), false);
});

test("somebody else was faster: it says so, shows what they changed, and a person decides", async () => {
	const { page } = await ready();
	await area(page).fill(`${TEXT}  mine: 1\n`);
	await wait_until("it can be applied", () => apply(page).isEnabled().then((is) => is || page.getByText("Nothing to apply").count().then(() => false)));
	server.bench_file.text = TEXT.replace("bench: tpr-1", "bench: tpr-1 # theirs");
	await apply(page).click();
	const conflict = page.locator("section.conflict");
	await conflict.waitFor();
	assert.match(await conflict.locator(".plus").innerText(), /^\+bench: tpr-1 # theirs/);
	assert.match(await conflict.locator(".minus").innerText(), /^-bench: tpr-1/);
	assert.ok((await area(page).inputValue()).endsWith("mine: 1\n"));
	await assert_accessible(page, "conflict");
	await shoot(page, "file_conflict");
	await conflict.getByRole("button", { name: "Go on with mine" }).click();
	await wait_until("it can be applied", () => apply(page).isEnabled());
	await apply(page).click();
	await wait_until("it is written", () => server.bench_file.text.endsWith("mine: 1\n"));
	await page.getByText("Nothing to apply").waitFor();
	/* And the other way: theirs is taken. */
	await area(page).fill(`${TEXT}  other: 1\n`);
	await wait_until("it can be applied", () => apply(page).isEnabled());
	server.bench_file.text = `${TEXT}  theirs: 1\n`;
	await apply(page).click();
	await conflict.getByRole("button", { name: "Take theirs" }).click();
	await page.waitForTimeout(500);
	await conflict.getByRole("button", { name: "Press again" }).click();
	await eventually(async () => assert.ok((await area(page).inputValue()).endsWith("theirs: 1\n")));
});

test("an answer that is lost: what is on the disk says what became of it", async () => {
	const { page } = await ready();
	/* A browser asks a second time by itself, and hears that it is another file by now; or gives up. */
	for (const [hang_ups, more] of [[1, "U_once"], [1000, "U_ever"]]) {
		server.bench_file.hang_ups = hang_ups;
		await area(page).fill(`${TEXT}  ${more}: {calc: 3}\n`);
		await wait_until("it can be applied", () => apply(page).isEnabled());
		await apply(page).click();
		await page.getByText("Whether it is taken up is not known yet").waitFor();
		assert.ok(server.bench_file.text.includes(more));
		await page.getByText("Nothing to apply").waitFor();
		assert.equal(await page.locator("section.conflict").count(), 0);
	}
});

test("versions: what going back would change, and the way back", async () => {
	server.bench_file.run(`${TEXT}  U_two: {calc: 3}\n`, "user:bert");
	server.bench_file.text = server.bench_file.runs().text;
	const { page } = await visit("/versions");
	await page.locator('[data-version="2"]').getByText("runs").waitFor();
	await page.locator('[data-version="1"]').getByRole("button").click();
	await page.locator(".difference .minus").getByText("U_two").waitFor();
	await assert_accessible(page, "versions");
	await shoot(page, "file_versions");
	await page.getByRole("button", { name: "Go back to version 1" }).click();
	await became(page, "taken");
	await page.getByText("kept as version 7").waitFor();
	assert.deepEqual(server.bench_file.asked, [["undo", { to: 1, reason: undefined }]]);
	await page.locator('[data-version="3"]').getByText("runs").waitFor();
});

test("who may not configure has no link to it, and sees the bench at its address", async () => {
	server.may = ["read", "operate"];
	const { page } = await visit();
	await page.locator('main[data-page=""]').waitFor();
	assert.equal(await page.locator('nav.pages a[href="#file"]').count(), 0);
});

test("on a phone in French and dark, and on a wall: all of it fits, by keyboard too", async () => {
	const { page } = await visit("", PHONE);
	await checked(page, "good");
	await page.locator(".code textarea").fill(`${TEXT}  weak: 1\n`);
	await page.locator(".meaning.weaker").waitFor();
	await fits(page, 360);
	await assert_accessible(page, "phone");
	await shoot(page, "file_phone");
	await page.evaluate(() => { location.hash = "#file/versions"; });
	await page.locator("[data-version]").first().waitFor();
	await fits(page, 360);
	await assert_accessible(page, "versions on a phone");
	const { page: wall } = await ready(WALL);
	await area(wall).fill(`${TEXT}  U_key: 1\n`);
	await wait_until("it can be applied", () => apply(wall).isEnabled());
	await fits(wall, 2560);
	await assert_accessible(wall, "wall");
	await shoot(wall, "file_wall");
	await wall.getByLabel("Reason (optional)").focus();
	await wall.keyboard.type("by keyboard");
	await wall.keyboard.press("Enter");
	await became(wall, "taken");
});
