/* admin_real.test.mjs - administration, sharing and acting at a display on a bench that runs: the programs of MBC_BUILD (else ../../build), in a folder of their own */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { eventually, open_page, row, serious_faults, shoot, start_browser, wait_until } from "./browser.mjs";

const program = join(process.env.MBC_BUILD ?? fileURLToPath(new URL("../../build", import.meta.url)), "mbc");
const PASSWORD = "correct horse battery";
const BENCH = `bench: page_admin
serve:
  listen: "127.0.0.1:0"
  public:                        # for visitors
    listen: "127.0.0.1:0"
    tls: own
    channels:
      - load                     # of the computer
instruments:
  pc: {use: system-monitor, every: 200 ms}
channels:
  load: {read: pc.cpu, unit: "%", title: Load of it}
  memory: {read: pc.memory, unit: "%"}
`;

let browser;
let folder;
let env;
let running;
let url;
const opened = [];

before(async () => {
	folder = mkdtempSync(join(tmpdir(), "mbc-test-"));
	env = { ...process.env, MBC_RUN_DIR: join(folder, "run"), MBC_STATE_DIR: join(folder, "state"), MBC_USERS: "one" };
	for (const sub of ["run", "state"])
		mkdirSync(join(folder, sub), { mode: 0o700 });
	writeFileSync(join(folder, "bench.yaml"), BENCH);
	running = spawn(program, ["run", join(folder, "bench.yaml")], { env, cwd: folder });
	let said = "";
	for (const out of [running.stdout, running.stderr])
		out.on("data", (part) => { said += part; });
	await wait_until("the bench runs", () => {
		url = /bench 'page_admin': (http:\S+)/.exec(said)?.[1];
		assert.equal(running.exitCode, null, said);
		return url !== undefined;
	}, 60000);
	const made = spawnSync(program, ["user", "add", "--role", "root", "maria", "--bench", "page_admin"], { env, cwd: folder, input: `${PASSWORD}\n`, encoding: "utf8" });
	assert.equal(made.status, 0, made.stderr);
	await wait_until("accounts are known", async () => (await (await fetch(new URL("api/v1/session", url))).json()).accounts, 60000);
	browser = await start_browser();
});

after(async () => {
	await browser?.close();
	if (running && running.exitCode === null) {
		const ended = new Promise((done) => running.once("exit", done));
		running.kill("SIGTERM");
		await ended;
	}
	if (folder)
		rmSync(folder, { recursive: true, force: true });
});

async function visit(name, hash) {
	const p = await open_page(browser, url);
	opened.push(p);
	await p.page.locator('.sign-in input[name="username"]').fill(name);
	await p.page.locator('.sign-in input[name="password"]').fill(PASSWORD);
	await p.page.keyboard.press("Enter");
	await p.page.locator('[data-state="running"]').waitFor();
	await row(p.page, "load").waitFor();
	await p.page.evaluate((to) => { location.hash = to; }, hash);
	return p;
}

const line = (page, name) => page.locator(`tr[data-account="${name}"]`);
const box = (page) => page.locator("dialog[open]");
const part = (page, title) => box(page).locator(".part").filter({ has: page.getByRole("heading", { name: title, exact: true }) });

async function add(page, name, more) {
	await page.getByRole("button", { name: "Add an account" }).click();
	await box(page).locator('input[name="name"]').fill(name);
	await box(page).locator('input[name="password"]').fill(PASSWORD);
	await more();
	await box(page).locator('button[type="submit"]').click();
	await eventually(async () => assert.match(await box(page).locator(".verdict").innerText(), /✓/));
	await page.keyboard.press("Escape");
	await line(page, name).waitFor();
}

test("root adds people, gives a PIN, makes a token and a second factor, and finds it on record", async () => {
	const { page } = await visit("maria", "#admin");
	await line(page, "maria").waitFor();
	await add(page, "anna", async () => {
		await box(page).locator('input[name="may-operate"]').check();
		await box(page).locator('input[name="until-operate"]').fill("2126-01-01T10:00");
	});
	await add(page, "wall", () => box(page).locator('input[name="kiosk"]').check());
	await line(page, "anna").getByRole("button").click();
	await part(page, "PIN").locator("input").fill("4711");
	await part(page, "PIN").getByRole("button", { name: "Set" }).click();
	await eventually(async () => assert.match(await part(page, "PIN").locator(".verdict").innerText(), /✓ the PIN is set/));
	/* Saved as it stands: what the server told is what it takes. */
	await part(page, "Role and grants").getByRole("button", { name: "Save" }).click();
	await eventually(async () => assert.match(await part(page, "Role and grants").locator(".verdict").innerText(), /✓ saved/));
	const factor = part(page, "Second factor").getByRole("button");
	await factor.click();
	await page.waitForTimeout(600);
	await factor.click();
	await part(page, "Second factor").locator("svg[role=img]").waitFor();
	await page.keyboard.press("Escape");
	await eventually(async () => assert.match(await line(page, "anna").innerText(), /read; operate \(until 2126-01-01 10:00:00\)[\s\S]*Second factor, PIN/));
	await line(page, "maria").getByRole("button").click();
	await part(page, "Ends").getByRole("button", { name: "Disable" }).click();
	await page.waitForTimeout(600);
	await part(page, "Ends").getByRole("button", { name: /Disable/ }).click();
	await eventually(async () => assert.match(await part(page, "Ends").locator(".verdict").innerText(), /✕ .*root/));
	await page.keyboard.press("Escape");
	await page.getByRole("button", { name: "Make a token" }).click();
	await box(page).locator('input[name="name"]').fill("lims");
	await box(page).locator('button[type="submit"]').click();
	const token = await box(page).locator(".once code").innerText();
	await wait_until("the token opens the bench", async () => (await fetch(new URL("api/v1/channels", url), { headers: { Authorization: `Bearer ${token}` } })).ok);
	await page.keyboard.press("Escape");
	await page.locator('tr[data-token="lims"]').waitFor();
	const audit = page.locator(".audit");
	await audit.locator('input[name="act"]').fill("user_pin");
	await audit.locator('button[type="submit"]').click();
	await eventually(async () => assert.match(await audit.locator("tr[data-record]").first().innerText(), /user:maria[\s\S]*user_pin anna/));
	assert.match(await audit.locator(".whole").innerText(), /whole/);
	await shoot(page, "real_admin");
	assert.deepEqual(await serious_faults(page), []);
});

async function twice(page, button) {
	await button.click();
	await page.waitForTimeout(600);
	await button.click();
}

const PHRASE = "some words that do not belong together";

test("root makes a certificate anew and puts the old one back; a key is never shown", async () => {
	const { page } = await visit("maria", "#admin");
	const part_of = (which) => page.locator(`[data-certificate="${which}"]`);
	const own = part_of("public");
	await eventually(async () => assert.match(await own.innerText(), /✓ shown now/), 60000);
	await eventually(async () => assert.match(await part_of("serve").innerText(), /tls: own/), 60000);
	const fingerprint = () => own.locator("code").innerText();
	const first = await fingerprint();
	const file = join(folder, "state/page_admin/certificate-public.pem");
	const pem = readFileSync(file, "utf8");
	await twice(page, own.getByRole("button", { name: "Make a new one" }));
	await wait_until("another one", async () => (await fingerprint()) !== first, 60000);
	await eventually(async () => assert.match(await own.innerText(), /✓ shown now/), 60000);
	await own.getByRole("button", { name: "Replace it" }).click();
	await box(page).locator('textarea[name="pem"]').fill(pem);
	await box(page).locator('button[type="submit"]').click();
	await eventually(async () => assert.match(await box(page).locator(".verdict").innerText(), /✓ taken/), 60000);
	await page.keyboard.press("Escape");
	await wait_until("the first again", async () => (await fingerprint()) === first, 60000);
	await eventually(async () => assert.match(await own.innerText(), /✓ shown now/), 60000);
	assert.ok(readFileSync(file, "utf8").includes("PRIVATE KEY"));
	assert.ok(!(await page.content()).includes("PRIVATE KEY"));
	await shoot(page, "real_certificates");
	assert.deepEqual(await serious_faults(page), []);
});

test("root makes a backup, looks at it, downloads it whole, and removes it; the command line opens it", async () => {
	const { page } = await visit("maria", "#admin");
	const making = page.getByRole("button", { name: "Make a backup" }).first();
	await wait_until("the list", () => making.isEnabled(), 60000);
	await making.click();
	await box(page).locator('input[name="phrase"]').fill(PHRASE);
	await box(page).locator('input[name="again"]').fill(PHRASE);
	await box(page).locator('input[name="history"]').check();
	await box(page).locator('button[type="submit"]').click();
	const last = page.locator("[data-last]");
	await eventually(async () => assert.match(await last.innerText(), /✓ .*is made/), 60000);
	const kept = page.locator("tr[data-backup]");
	const name = await kept.getAttribute("data-backup");
	const [file] = await Promise.all([page.waitForEvent("download"), kept.getByRole("link", { name: /Download/ }).click()]);
	assert.equal(file.suggestedFilename(), name);
	const away = join(folder, "away.mbc");
	await file.saveAs(away);
	assert.deepEqual(readFileSync(away), readFileSync(join(folder, "state/page_admin/backups", name)));
	const looked = spawnSync(program, ["backup", "verify", away, "--passphrase-file", "-"], { env, cwd: folder, input: `${PHRASE}\n`, encoding: "utf8" });
	assert.equal(looked.status, 0, looked.stderr);
	for (const [phrase, said] of [["some other words", /✕ .*is not good: .*passphrase/], [PHRASE, /✓ .*is whole/]]) {
		await wait_until("nothing is under way", () => kept.getByRole("button", { name: /Look at it/ }).isEnabled(), 60000);
		await kept.getByRole("button", { name: /Look at it/ }).click();
		await box(page).locator('input[name="phrase"]').fill(phrase);
		await box(page).locator('button[type="submit"]').click();
		await eventually(async () => assert.match(await last.innerText(), said), 60000);
	}
	await shoot(page, "real_backups");
	/* As the page says it is brought back. */
	await kept.getByRole("button", { name: /Bring it back/ }).click();
	const line = await box(page).locator("code").nth(1).innerText();
	await page.keyboard.press("Escape");
	const [, , from, ...rest] = line.split(" ");
	assert.equal(from, name);
	const back = spawnSync(program, ["restore", away, ...rest], { env: { ...env, MBC_STATE_DIR: join(folder, "elsewhere"), MBC_RUN_DIR: join(folder, "elsewhere") }, cwd: folder, input: `${PHRASE}\n`, encoding: "utf8" });
	assert.equal(back.status, 0, back.stdout + back.stderr);
	assert.equal(readFileSync(join(folder, "page_admin/bench.yaml"), "utf8"), readFileSync(join(folder, "bench.yaml"), "utf8"));
	await twice(page, kept.getByRole("button", { name: "Remove" }));
	await wait_until("it is gone", async () => (await kept.count()) === 0, 60000);
	assert.deepEqual(await serious_faults(page), []);
	const acts = spawnSync(program, ["audit", "--json", "--bench", "page_admin"], { env, cwd: folder, encoding: "utf8" }).stdout;
	for (const act of ["backup_make", "backup_made", "backup_file", "backup_remove", "certificate_make", "certificate_put"])
		assert.match(acts, new RegExp(`"who":"user:maria"[^\n]*"act":"${act}"`));
	assert.ok(!acts.includes(PHRASE));
});

test("a tick shows a channel to everybody, and only that line of the bench file is another one", async () => {
	const { page } = await visit("maria", "#sharing");
	await page.locator('tr[data-shared="load"]').waitFor();
	await page.locator('li[data-tick="memory"] input').click();
	await page.getByRole("button", { name: "Look at the difference" }).click();
	await eventually(async () => assert.match(await page.locator(".diff-box .diff").innerText(), /\+\s+- memory/));
	await shoot(page, "real_sharing");
	await page.getByRole("button", { name: "Write and take up" }).click();
	await eventually(async () => assert.match(await page.locator(".choose .verdict").innerText(), /✓ written and taken up/), 90000);
	await page.locator('tr[data-shared="memory"]').waitFor();
	assert.equal(readFileSync(join(folder, "bench.yaml"), "utf8"), BENCH.replace("of the computer\n", "of the computer\n      - memory\n"));
});

test("at a display somebody acts with a PIN, with the proof that the page has, until Done", async () => {
	const { page } = await visit("wall", "#kiosk/load,memory");
	await page.locator("button.act").click();
	await page.locator('.act-box input[name="who"]').fill("anna");
	for (const digit of "4711")
		await page.locator(`.act-box [data-key="${digit}"]`).click();
	await page.locator('.act-box button[type="submit"]').click();
	await eventually(async () => assert.match(await page.locator(".acting").innerText(), /anna operates\s+[12]:\d\d left/));
	assert.equal(await page.locator('[data-state="running"]').count(), 1);
	await page.locator(".act-done").click();
	await page.locator("button.act").waitFor();
	const acts = spawnSync(program, ["audit", "--json", "--bench", "page_admin"], { env, cwd: folder, encoding: "utf8" }).stdout;
	assert.match(acts, /"who":"user:anna"[^\n]*"act":"kiosk_act"/);
});
