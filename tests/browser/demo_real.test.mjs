/* demo_real.test.mjs - the demonstration bench over real wires: its server killed and all of it started anew under open pages; two operators at once; one who only reads
 *
 * No clock decides what is tested: what has to happen before something else is held back until it has.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { eventually, open_page, row, shoot, sign_in, start_browser, value_of, wait_until } from "./browser.mjs";
import { demo_bench, not_built as skip, PASSWORD } from "./real_bench.mjs";

let bench;
let browser;
const opened = [];

before(async () => {
	if (skip)
		return;
	bench = await demo_bench();
	browser = await start_browser();
});

after(async () => {
	await browser?.close();
	await bench?.end();
});

/* In the page: did it ever leave a value looking good while it said that it hears nothing? Rows are painted a frame or two after the head. */
function watch() {
	globalThis.lies = [];
	let frames = 0;
	const look = () => {
		const state = document.querySelector("[data-state]")?.dataset.state;
		const good = [...document.querySelectorAll("tr[data-channel], .kiosk-tile")].filter((e) => !e.classList.contains("bad"));
		frames = (state === "lost" || state === "controller_down") && good.length > 0 ? frames + 1 : 0;
		if (frames === 10)
			globalThis.lies.push(`${state}: ${good.map((e) => e.dataset.channel ?? e.dataset.tile)}`);
		requestAnimationFrame(look);
	};
	requestAnimationFrame(look);
}

async function visit(hash = "", who = null) {
	const p = await open_page(browser, bench.url + hash, {}, watch);
	opened.push(p);
	if (who !== null)
		await sign_in(p.page, who, PASSWORD);
	else
		await p.page.locator('[data-state="running"]').first().waitFor();
	if (!hash.startsWith("#kiosk"))
		await row(p.page, "T_bed").waitFor();
	return p.page;
}

const is_state = (page, state) => page.locator(`[data-state="${state}"]`).first().waitFor();
const good_rows = (page) => page.locator("tr[data-channel]:not(.bad), .kiosk-tile:not(.bad), .drawing .bound.good").count();
const all_bad = (page) => wait_until("no value looks good", async () => (await good_rows(page)) === 0);
const lies = async (pages) => (await Promise.all(pages.map((page) => page.evaluate(() => globalThis.lies)))).flat();

/* It is the same page as before, not one that was loaded again; and its values go on. */
async function lives(page) {
	await is_state(page, "running");
	await wait_until("good values", async () => (await good_rows(page)) > 0);
	assert.equal(await page.evaluate(() => globalThis.mark), "here since then");
	if (await row(page, "T_bed").count() === 0)
		return;
	await wait_until("T_bed is good", async () => !(await row(page, "T_bed").getAttribute("class")).split(" ").includes("bad"));
	const before_it = await value_of(page, "T_bed");
	await wait_until("T_bed goes on", async () => (await value_of(page, "T_bed")) !== before_it);
}

let watching = [];

test("the server is killed under open pages: they say so, show nothing old as good, and come back by themselves", { skip }, async () => {
	watching = [await visit(), await visit("#kiosk/T_bed,N2_flow")];
	for (const page of watching) {
		await page.evaluate(() => { globalThis.mark = "here since then"; });
		await lives(page);
	}
	/* While its parent stands still nobody starts it again. */
	const { serve, supervise } = bench.pids();
	process.kill(supervise, "SIGSTOP");
	process.kill(serve, "SIGKILL");
	for (const page of watching) {
		await is_state(page, "lost");
		await all_bad(page);
		assert.match(await page.locator(".banner.lost").innerText(), /No news from the server since \d\d:\d\d:\d\d: all values below are old/);
	}
	assert.match(await row(watching[0], "T_bed").locator(".reason").innerText(), /connection lost/);
	assert.match(await watching[0].title(), /^✕ Connection lost/);
	await shoot(watching[0], "demo_lost");
	process.kill(supervise, "SIGCONT");
	for (const page of watching) {
		await lives(page);
		await page.locator(".banner.back").getByText(/^Connected again since \d\d:\d\d:\d\d; nothing was heard since \d\d:\d\d:\d\d\./).waitFor();
	}
	await shoot(watching[0], "demo_back");
	assert.notEqual(bench.pids().serve, serve);
	assert.deepEqual(await lies(watching), []);
});

test("killed while its parent is there: however fast that is, the values go on, and none was old", { skip }, async () => {
	for (let n = 0; n < 2; n++) {
		const { serve } = bench.pids();
		process.kill(serve, "SIGKILL");
		await wait_until("another server", () => ![undefined, serve].includes(bench.pids().serve));
		for (const page of watching)
			await lives(page);
	}
	assert.deepEqual(await lies(watching), []);
});

test("the controller is killed: the page says what has stopped, and goes on with the next one", { skip }, async () => {
	const [page] = watching;
	const { control, supervise } = bench.pids();
	process.kill(supervise, "SIGSTOP");
	process.kill(control, "SIGKILL");
	await is_state(page, "controller_down");
	await all_bad(page);
	process.kill(supervise, "SIGCONT");
	await lives(page);
	assert.deepEqual(await lies(watching), []);
});

test("the whole bench ends and is started anew under open pages", { skip }, async () => {
	const { url } = bench;
	await bench.stop();
	for (const page of watching) {
		await is_state(page, "lost");
		await all_bad(page);
	}
	assert.equal(await bench.run(), url);
	for (const page of watching)
		await lives(page);
	assert.deepEqual(await lies(watching), []);
	await bench.mbc(["safe", "--release"]); /* as a person at the computer does: it went to its safe state when it ended */
});

/* ---- people ---- */

let anna;
let bert;

const field = (page, name) => row(page, name).locator(".set");
const says = (page, name, pattern) => eventually(async () => assert.match(await row(page, name).locator("p.verdict").innerText(), pattern));
const asks = (page, name, value) => wait_until(`${name} is asked to be ${value}`, async () => (await field(page, name).inputValue()) === value);
const holder = (page, name) => page.locator(`[data-holder="user:${name}"]`).waitFor();
const api = (page, path) => page.evaluate((at) => fetch(`api/v1/${at}`).then((r) => r.json()), path);

async function type(page, name, text) {
	await field(page, name).fill(text);
	await field(page, name).press("Enter");
}

/* The next request of this page waits until it is let go. */
async function hold_back(page, path) {
	let let_go;
	let arrived;
	const gate = new Promise((done) => { let_go = done; });
	const body = new Promise((done) => { arrived = done; });
	await page.route(`**/api/v1/${path}?*`, async (route) => {
		arrived(route.request().postDataJSON());
		await gate;
		await route.continue();
	}, { times: 1 });
	return { body, let_go };
}

test("with the first accounts nobody is let in without one", { skip }, async () => {
	await bench.user("anna", "--may", "read,operate");
	await bench.user("bert", "--may", "read,operate");
	await bench.user("carl", "--may", "read");
	for (const page of watching)
		await page.reload();
	for (const page of watching) {
		await page.locator(".sign-in form").waitFor();
		assert.equal(await page.locator("tr[data-channel], .kiosk-tile, .head").count(), 0);
	}
	for (const p of opened.splice(0))
		await p.close();
});

test("two operators: one takes the bench, the other sees who and is refused; it is handed over", { skip }, async () => {
	[anna, bert] = [await visit("", "anna"), await visit("", "bert")];
	await type(anna, "CO2_flow", "11");
	await says(anna, "CO2_flow", /✓ 11\.000 mL_n\/min verified/);
	await asks(bert, "CO2_flow", "11");
	await anna.locator(".hold-open").click();
	await anna.locator(".hold-box").getByRole("button", { name: "Take the bench" }).click();
	for (const page of [anna, bert])
		await holder(page, "anna");
	await anna.locator(".hold").getByText("Held by you").waitFor();
	await bert.locator(".hold").getByText("Held by anna").waitFor();
	await type(bert, "CO2_flow", "12");
	await says(bert, "CO2_flow", /✕ 12\.000 mL_n\/min refused: .*user:anna holds the bench since/);
	await asks(bert, "CO2_flow", "11");
	await bert.locator(".hold-open").click();
	assert.equal(await bert.locator(".hold-box").getByRole("button", { name: "Take the bench" }).count(), 0, "who holds it is asked for it");
	await shoot(bert, "demo_held_by_another");
	await bert.keyboard.press("Escape");
	await type(anna, "CO2_flow", "13");
	await says(anna, "CO2_flow", /✓ 13\.000 mL_n\/min verified/);
	await asks(bert, "CO2_flow", "13");
	await anna.locator(".hold-open").click();
	await anna.locator(".hold-box input").fill("bert");
	await anna.locator(".hold-box").getByRole("button", { name: "Hand over" }).click();
	for (const page of [anna, bert])
		await holder(page, "bert");
	await type(bert, "CO2_flow", "14");
	await says(bert, "CO2_flow", /✓ 14\.000 mL_n\/min verified/);
	await type(anna, "CO2_flow", "15");
	await says(anna, "CO2_flow", /✕ 15\.000 mL_n\/min refused: .*user:bert holds the bench since/);
	await asks(anna, "CO2_flow", "14");
	await bert.locator(".hold-open").click();
	await bert.locator(".hold-box").getByRole("button", { name: "Nobody is to hold it" }).click();
	for (const page of [anna, bert])
		await page.locator(".hold-open").getByText("Take the bench").waitFor();
});

test("both change the same setpoint in one moment: each is told what became of theirs, and both see the one that counts", { skip }, async () => {
	const held = [await hold_back(anna, "channels/CO2_flow"), await hold_back(bert, "channels/CO2_flow")];
	await type(anna, "CO2_flow", "21");
	await type(bert, "CO2_flow", "22");
	assert.deepEqual((await Promise.all(held.map((h) => h.body))).map((b) => b.target), [21, 22]);
	for (const { let_go } of held)
		let_go();
	const said = [];
	for (const [page, value] of [[anna, "21"], [bert, "22"]]) {
		/* Done, and undone by the other one later; or overtaken by it. */
		await says(page, "CO2_flow", new RegExp(`^(✓ ${value}\\.000 mL_n/min verified|✕ ${value}\\.000 mL_n/min failed: .+)`));
		said.push(await row(page, "CO2_flow").locator("p.verdict").innerText());
	}
	const target = String((await api(anna, "channels/CO2_flow.target")).value);
	assert.ok(["21", "22"].includes(target), target);
	assert.match(said[["21", "22"].indexOf(target)], /✓/, `${target} is what counts: ${said}`);
	for (const page of [anna, bert]) {
		await asks(page, "CO2_flow", target);
		await wait_until("the measured value", async () => Math.abs(Number(await value_of(page, "CO2_flow")) - Number(target)) < 0.5);
	}
	/* What is typed stays while the other one sets; nothing of theirs is overwritten by looking. */
	await field(anna, "CO2_flow").fill("2");
	await type(bert, "CO2_flow", "9");
	await says(bert, "CO2_flow", /✓ 9\.000 mL_n\/min verified/);
	await wait_until("the page of anna shows what came of it", async () => Math.abs(Number(await value_of(anna, "CO2_flow")) - 9) < 0.5);
	assert.equal(await field(anna, "CO2_flow").inputValue(), "2");
	await field(anna, "CO2_flow").press("Escape");
	await asks(anna, "CO2_flow", "9");
});

const panel = (page) => page.locator("section.sequence");
const button = (page, name) => panel(page).getByRole("button", { name, exact: true });

async function press(page, name) {
	await wait_until(`${name} may be pressed`, () => button(page, name).isEnabled());
	await page.waitForTimeout(500); /* what was there for a moment only was not looked at */
	await button(page, name).click();
}

test("both answer the same question: the first answer counts, the other one is told", { skip }, async () => {
	for (const page of [anna, bert])
		await page.evaluate(() => { location.hash = "#sequence"; });
	await wait_until("START", () => button(anna, "START").isEnabled());
	await button(anna, "START").click();
	const box = anna.locator("dialog.sequence-box");
	await box.getByLabel("Sequence").selectOption("leak-test");
	await box.locator('input[name="sample"]').fill("A1");
	await anna.waitForTimeout(500);
	await box.getByRole("button", { name: "START", exact: true }).click();
	await box.waitFor({ state: "detached" });
	for (const page of [anna, bert])
		await panel(page).locator(".sequence-question", { hasText: "Outlet of the reactor closed?" }).waitFor();
	const late = await hold_back(bert, "sequence/answer");
	await press(bert, "abort");
	const { question_id } = await late.body;
	const first = await hold_back(anna, "sequence/answer");
	await press(anna, "ok");
	assert.equal((await first.body).question_id, question_id, "both answer what both saw");
	first.let_go();
	await eventually(async () => assert.match(await panel(anna).locator(":scope > .verdict").innerText(), /✓ Answer ok done/));
	late.let_go();
	await eventually(async () => assert.match(await panel(bert).locator(":scope > .verdict").innerText(), /✕ Answer abort refused: that question is answered or over/));
	for (const page of [anna, bert])
		await panel(page).locator(".sequence-question").waitFor({ state: "detached" });
	await shoot(bert, "demo_answered");
	assert.equal((await api(bert, "sequence")).state, "running");
	/* Whoever sees that it must end, ends it: two touches to its own way down, two more to the safe state. */
	for (let n = 0; n < 2; n++) {
		await press(bert, "ABORT");
		await press(bert, "Press again: ABORT");
		await panel(bert).locator(`[data-seq-state="${n === 0 ? "aborting" : "aborted"}"]`).waitFor();
	}
	await panel(anna).locator('[data-seq-state="aborted"]').waitFor();
});

test("who only reads sees all values and no field, and the server refuses what no field is there for", { skip }, async () => {
	const carl = await visit("", "carl");
	await wait_until("good values", async () => (await good_rows(carl)) > 0);
	assert.equal(await row(carl, "T_furn").locator("td.rw").innerText(), "RW");
	for (const hash of ["", "#sequence", "#events", "#protection", "#instruments"]) {
		await carl.evaluate((to) => { location.hash = to; }, hash);
		await carl.locator(`main[data-page="${hash.slice(1)}"] section`).first().waitFor();
		assert.equal(await carl.locator("td input, td select, td.sp button, button.mode, .safe-state, .hold-open, .alarm-acts button, .sequence-buttons button:enabled").count(), 0, hash);
	}
	const links = await carl.locator("nav.pages a").allInnerTexts();
	assert.ok(links.includes("Trends"));
	assert.deepEqual(links.filter((text) => ["Bench file", "Administration"].includes(text)), []);
	await carl.evaluate(() => { location.hash = "#admin"; });
	await row(carl, "T_bed").waitFor();
	const refused = await carl.evaluate(async () => {
		const ask = (path, method, body) => fetch(`api/v1/${path}`, { method, body: JSON.stringify(body),
			headers: { "Content-Type": "application/json", "X-Mbc": localStorage.getItem("mbc.proof") } }).then((r) => r.status);
		return [await ask("channels/CO2_flow?wait=5s", "PUT", { target: 1 }), await ask("safe?wait=5s", "POST", {}), await ask("hold?wait=5s", "POST", { take: true })];
	});
	assert.deepEqual(refused, [403, 403, 403]);
	assert.equal((await api(carl, "hold")).holder, null);
	await shoot(carl, "demo_reader");
	watching = [anna, bert, carl];
});

test("started anew under pages of people: their sessions are over, and they are told to sign in, with no value left", { skip }, async () => {
	await anna.evaluate(() => { location.hash = ""; });
	await row(anna, "T_bed").waitFor();
	await bench.stop();
	for (const page of watching)
		await is_state(page, "lost");
	await all_bad(anna);
	await bench.run();
	for (const page of watching) {
		await page.locator(".sign-in form").waitFor();
		assert.equal(await page.locator("tr[data-channel], .head").count(), 0);
	}
	assert.deepEqual(await lies([anna]), []);
	await sign_in(anna, "anna", PASSWORD);
	await row(anna, "T_bed").waitFor();
	await wait_until("good values", async () => (await good_rows(anna)) > 0);
	for (const p of opened)
		assert.deepEqual(p.strangers, []);
});
