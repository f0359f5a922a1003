/* real.test.mjs - the page of a running mbc, at the address in MBC_URL: do its values live? With MBC_TOKEN, a token of that
 * bench, which opens `set`: what becomes of a value that is set? That bench is benches/demo, or has its T_furn, V_H2, V_N2 and
 * interlock. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { coloured_pixels, eventually, open_page, row, shoot, start_browser, value_of, wait_until } from "./browser.mjs";

const url = process.env.MBC_URL;
let browser;
let opened;

before(async () => {
	assert.ok(url, "MBC_URL is not set; give the address of a running bench, such as http://127.0.0.1:8080/");
	browser = await start_browser();
	opened = await open_page(browser, url);
	await opened.page.locator('[data-state="running"]').waitFor();
});

after(() => browser?.close());

/* The bench page, wherever the test before came to its end. */
async function to_bench() {
	const { page } = opened;
	await page.goto(url);
	await page.evaluate(() => { location.hash = ""; });
	await row(page, "T_bed").waitFor();
	return page;
}

test("T_bed is there, good, and changes", async () => {
	const { page } = opened;
	await row(page, "T_bed").waitFor();
	await wait_until("a good T_bed", async () => /\bgood\b/.test(await row(page, "T_bed").getAttribute("class")));
	const before_it = await value_of(page, "T_bed");
	assert.match(before_it, /^-?\d/);
	await wait_until("another T_bed", async () => (await value_of(page, "T_bed")) !== before_it, 30000);
});

test("the table agrees with the API", async () => {
	const { page } = opened;
	const { channels } = await (await fetch(new URL("api/v1/channels", url))).json();
	await page.locator("tr.group button[aria-expanded=false]").evaluateAll((all) => all.forEach((button) => button.click()));
	/* Rows far from the screen are not drawn: look at all of it, a screen at a time. */
	const names = new Set();
	await eventually(async () => {
		const height = await page.evaluate(() => document.body.scrollHeight);
		for (let y = 0; y < height; y += 600) {
			await page.evaluate((top) => scrollTo(0, top), y);
			await page.waitForTimeout(100);
			for (const name of await page.locator("tr[data-channel]").evaluateAll((all) => all.map((r) => r.dataset.channel)))
				names.add(name);
		}
		assert.deepEqual([...names].sort(), channels.map((c) => c.name).sort());
	});
	await page.evaluate(() => scrollTo(0, 0));
});

test("the plot draws", async () => {
	const { page } = opened;
	assert.ok((await page.locator("[data-tile]").count()) > 0);
	await wait_until("lines in the plot", async () => (await coloured_pixels(page)) > 50);
	await page.locator(".drawing text.bound.good").first().waitFor();
	await eventually(async () => assert.equal(await page.locator(".drawing .bound.bad").count(), 0));
	await shoot(page, "real");
});

test("what was recorded before the page was opened is there after a reload", async () => {
	const { page } = opened;
	const since = (await (await fetch(new URL("api/v1/gaps", url))).json()).gaps.find((g) => g.from === null).to;
	await wait_until("ten seconds of record", () => Date.now() - Date.parse(since) > 10000, 60000);
	await page.reload();
	await page.locator('[data-state="running"]').waitFor();
	const open_since = Date.now();
	/* The window begins a minute ago at the latest: find a moment at which the page was not open yet. */
	await wait_until("a value from before", async () => {
		/* The drawing above it may have come meanwhile, and pushed it below the screen. */
		await page.locator(".u-over").first().scrollIntoViewIfNeeded();
		const box = await page.locator(".u-over").first().boundingBox();
		for (let share = 0.02; share < 1; share += 0.03) {
			await page.mouse.move(box.x + box.width * share, box.y + 40);
			const text = await page.locator('[data-tile="T_bed"] .tile-cursor').innerText();
			const found = /^\d.* at (?:(\S+) )?(\d\d:\d\d:\d\d)$/.exec(text);
			const time = found && new Date(`${found[1] ?? new Date().toLocaleDateString("sv")}T${found[2]}`).getTime();
			if (time && time < open_since - 4000)
				return true;
		}
		return false;
	}, 60000);
	await shoot(page, "real_past");
});

/* Who started the bench says where it is: `mbc record` finds it by MBC_RUN_DIR and MBC_STATE_DIR. */
const mbc = (...words) => promisify(execFile)(`${process.env.MBC_BUILD}/mbc`, words, { timeout: 60_000 });
const cannot_record = !(process.env.MBC_BUILD && process.env.MBC_RUN_DIR) && "MBC_BUILD and MBC_RUN_DIR are not set";

test("Trends: two runs recorded, laid over each other, exported; one channel against another", { skip: cannot_record }, async () => {
	const { page } = opened;
	for (const title of ["first ramp", "second ramp"]) {
		await mbc("record", "start", "--title", title);
		await new Promise((done) => setTimeout(done, 4000));
		await mbc("record", "stop");
	}
	const all = await eventually(async () => {
		const { runs } = await (await fetch(new URL("api/v1/runs", url))).json();
		const two = runs.filter((r) => r.end !== null && /ramp$/.test(r.title)).slice(-2);
		assert.equal(two.length, 2);
		return two;
	});
	await page.goto(`${url}#trends/c=T_bed,T_furn`);
	await page.locator(".choose-runs summary").click();
	for (const { run } of all)
		await page.locator(`[data-choose-run="${run}"] input`).check();
	await eventually(async () => assert.match(await page.locator('[data-curve="T_bed"] .legend-runs').innerText(), /first ramp[^]*second ramp/));
	const box = () => page.locator(".stack .u-over").first().boundingBox();
	await wait_until("values of both runs under the pointer", async () => {
		const { x, y, width, height } = await box();
		await page.mouse.move(x + width * (0.4 + Math.random() / 10), y + height / 2);
		const texts = await page.locator('[data-curve="T_bed"] .legend-runs .at-cursor').allInnerTexts();
		return texts.length === 2 && texts.every((t) => /^-?\d/.test(t));
	});
	await page.locator("button.cursors").click();
	await eventually(async () => assert.match(await page.locator(`[data-readout="T_bed ${all[0].run}"]`).innerText(), /\d/));
	await shoot(page, "real_trends");
	await page.locator(".export summary").click();
	for (const [format, begins] of [["csv", "seconds,"], ["csv-fr", "\ufeffseconds;"], ["json", "{"], ["xlsx", "PK"]]) {
		const link = await page.locator(`.export-link[data-format="${format}"]`).evaluate((a) => a.href);
		const answer = await eventually(async () => { /* 503: others ask, too */
			const got = await fetch(link);
			assert.equal(got.status, 200, link);
			return got;
		});
		const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(await answer.arrayBuffer());
		assert.equal(text.slice(0, begins.length), begins, link);
		if (format === "csv")
			for (const { run } of all)
				assert.match(text.split("\n")[0], new RegExp(`T_bed run ${run}`));
	}
	/* What is over is not asked for again and again: there comes a time without a question. (A question is two requests: in
	 * intervals, then each value; the last seconds of the runs may still be on their way to the disk, which asks once more.) */
	let asked = 0;
	const count = (request) => { asked += request.url().includes("/history?"); };
	page.on("request", count);
	await wait_until("no more questions about runs that are over", async () => {
		asked = 0;
		await page.waitForTimeout(5000);
		return asked === 0;
	}, 60000);
	page.off("request", count);
	await page.locator("select.axis").selectOption("channel");
	await page.locator("select.x-channel").selectOption("T_furn");
	await eventually(async () => assert.match(await page.evaluate(() => location.hash), /axis=channel&x=T_furn/));
	await shoot(page, "real_trends_x");
});

test("instruments answer, and their exchanges can be read", async () => {
	const page = await to_bench();
	await page.locator(".card.up").first().waitFor();
	await page.locator(".card.up").first().click();
	await wait_until("a trace", async () => (await page.locator("dialog pre").innerText()).includes("→"));
	await shoot(page, "real_trace");
	await page.keyboard.press("Escape");
});

test("the links at the foot answer", async () => {
	const page = await to_bench();
	const links = await page.locator("footer a").evaluateAll((all) => all.map((a) => a.href));
	assert.ok(links.length >= 5);
	for (const link of links)
		assert.equal((await fetch(link)).status, 200, link);
});

test("without a token the page has no field", async () => {
	const page = await to_bench();
	await row(page, "T_furn").waitFor();
	assert.equal(await page.locator("td input, td select, td.sp button, .safe-state").count(), 0);
	assert.equal(await row(page, "T_furn").locator("td.rw").innerText(), "RW");
});

test("with a token: set, verified, measured; refused outside the range and by an interlock", { skip: !process.env.MBC_TOKEN && "MBC_TOKEN is not set" }, async () => {
	const page = await to_bench();
	const says = (name, pattern) => eventually(async () => assert.match(await row(page, name).locator("p.verdict").innerText(), pattern));
	const agree = () => page.locator("dialog.question").getByRole("button", { name: "Set" }).click();
	await page.locator("button.token").click();
	await page.locator(".token-box input").fill(process.env.MBC_TOKEN);
	await page.keyboard.press("Enter");
	const flow = row(page, "CO2_flow").locator("input.set");
	for (const value of ["12", "8"]) {
		await flow.fill(value);
		await flow.press("Enter");
		await says("CO2_flow", new RegExp(`✓ ${value}\\.000 mL_n/min verified`));
		await wait_until("what was asked", async () => (await flow.inputValue()) === value);
		await wait_until("the measured value", async () => Math.abs(Number(await value_of(page, "CO2_flow")) - Number(value)) < 0.5);
	}
	await flow.fill("51");
	await flow.press("Enter");
	await says("CO2_flow", /✕ 51 not sent: outside what may be set: from 0\.000 mL_n\/min to 50\.000 mL_n\/min/);
	await flow.press("Escape");
	/* The same by the server, which does not believe pages. */
	const answer = await fetch(new URL("api/v1/channels/CO2_flow?wait=5s", url), { method: "PUT", body: JSON.stringify({ target: 51 }),
		headers: { Authorization: `Bearer ${process.env.MBC_TOKEN}`, "Content-Type": "application/json" } });
	assert.equal(answer.status, 409);
	const h2 = row(page, "V_H2");
	await h2.locator("select").selectOption("open");
	await h2.locator("select").press("Enter");
	await agree();
	await says("V_H2", /✓ open verified/);
	const n2 = row(page, "N2_flow").locator("input.set");
	await n2.fill("5");
	await n2.press("Enter");
	await agree();
	await says("N2_flow", /✕ 5\.00 mL_n\/min refused: .*no_h2_without_n2/);
	await shoot(page, "real_set");
});

test("with a token: a sequence is rehearsed, started, held, led to another step, seen in its run", { skip: !process.env.MBC_TOKEN && "MBC_TOKEN is not set" }, async () => {
	const { page } = opened;
	await page.evaluate(() => {
		location.hash = "#sequence";
	});
	const panel = page.locator("section.sequence.large");
	const button = (name) => panel.getByRole("button", { name, exact: true });
	const state = (word) => panel.locator(`[data-seq-state="${word}"]`).waitFor();
	await wait_until("START", () => button("START").isEnabled());
	await button("START").click();
	const box = page.locator("dialog.sequence-box");
	await box.getByLabel("Sequence").selectOption("purge-and-warm-up");
	await box.locator('input[name="T_warm"]').fill("250");
	await box.getByText("✕ it lies from 60 °C to 200 °C").waitFor();
	await box.locator('input[name="T_warm"]').fill("100");
	await box.locator('input[name="note"]').fill("from the page");
	await box.getByRole("button", { name: "Rehearse" }).click();
	await box.getByText(/^✓ It comes to its end after 0:\d\d:\d\d\.$/).waitFor();
	await box.locator(".picture path.l").first().waitFor({ state: "attached" });
	await shoot(page, "real_rehearsal");
	await box.getByRole("button", { name: "START", exact: true }).click();
	await box.waitFor({ state: "detached" });
	await state("running");
	await page.locator('.steps [data-step="10"][aria-current="step"]').waitFor();
	await panel.getByText(/^Planned end/).waitFor();
	await panel.getByRole("link", { name: /^Run \d+$/ }).waitFor();
	await shoot(page, "real_sequence");
	await wait_until("GO TO STEP", () => button("GO TO STEP").isEnabled());
	await button("GO TO STEP").click();
	await box.getByLabel("Go to step").selectOption("900");
	await box.getByRole("button", { name: "Hold and compare" }).click();
	await state("held");
	await wait_until("RESUME", () => box.getByRole("button", { name: /^RESUME: go to 900/ }).isEnabled());
	await shoot(page, "real_goto");
	await box.getByRole("button", { name: "Leave it held" }).click();
	await wait_until("ABORT", () => button("ABORT").isEnabled());
	await button("ABORT").click();
	await page.waitForTimeout(500); /* two touches, and not a double click */
	await button("Press again: ABORT").click();
	await page.locator('.steps [data-step="900"][aria-current="step"]').waitFor();
	await panel.getByRole("link", { name: /^Run \d+$/ }).click();
	await page.locator('.one-run').getByText("from the page").first().waitFor();
	const zip = await fetch(new URL(await page.locator(".downloads a").first().getAttribute("href"), url));
	assert.equal(zip.status, 200);
	await zip.body.cancel();
	await shoot(page, "real_run");
	await page.evaluate(() => {
		location.hash = "#sequence/card";
	});
	await page.locator('.door-card [data-output="T_furn"]').getByText("heat").waitFor();
	await page.locator(".door-card").getByText("Empty the water trap").waitFor();
	await shoot(page, "real_card");
	await page.evaluate(() => {
		location.hash = "#sequence";
	});
	/* A second ABORT leads to the safe state at once: nothing goes on when the tests are over. */
	await wait_until("ABORT", () => button("ABORT").isEnabled());
	await button("ABORT").click();
	await page.waitForTimeout(500);
	await button("Press again: ABORT").click();
	await state("aborted");
});

/* What the server says of the bench, on the pages that tell it. */
const api = async (path) => (await fetch(new URL(`api/v1/${path}`, url))).json();
const to_page = (page, at) => page.evaluate((hash) => { location.hash = hash; }, at);

test("alarms, statistics and events are those of the server", async () => {
	const { page } = opened;
	await to_page(page, "#events");
	const { alarms } = await api("alarms?all=1");
	await page.locator(".check input").check();
	await eventually(async () => assert.deepEqual((await page.locator("tr[data-alarm]").evaluateAll((all) => all.map((r) => r.dataset.alarm))).sort(),
		alarms.map((a) => a.name).sort()));
	await eventually(async () => {
		const { events } = await api("events?limit=1");
		assert.ok(await page.locator(`li.event[data-event="${events[0].id}"]`).count() > 0, `event ${events[0].id}`);
	});
	await page.locator(".statistics p", { hasText: "a day" }).waitFor();
	await shoot(page, "real_events");
});

test("what protects is that of the server; the states are known", async () => {
	const { page } = opened;
	await to_page(page, "#protection");
	const told = await api("protection");
	await eventually(async () => assert.deepEqual(await page.locator("tr[data-guard]").evaluateAll((all) => all.map((r) => r.dataset.guard)),
		[...told.trips, ...told.interlocks].map((t) => t.name)));
	await eventually(async () => assert.match(await page.locator("tr[data-guard]").first().innerText(), /ready|pending|tripped/));
	assert.equal(await page.locator("tr[data-losses]").count(), told.losses.length);
	await shoot(page, "real_protection");
});

test("each instrument has a panel, and answers as often as it is asked", async () => {
	const { page } = opened;
	await to_page(page, "#instruments");
	const { instruments } = await api("instruments");
	await eventually(async () => assert.deepEqual((await page.locator(".device").evaluateAll((all) => all.map((d) => d.dataset.device))).sort(), instruments.map((i) => i.name).sort()));
	await eventually(async () => assert.match(await page.locator('.device[data-device="daq"]').innerText(), /\d\/s of \d+(\.\d)?\/s asked/));
	await shoot(page, "real_instruments");
	await to_page(page, "");
	await row(page, "T_bed").waitFor();
});

test("nothing left the origin, nothing broke the content security policy", () => {
	assert.deepEqual(opened.strangers, []);
	/* A refusal is an answer like another, but the browser's console calls it an error. */
	assert.deepEqual(opened.complaints.filter((text) => !/status of 409/.test(text)), []);
});
