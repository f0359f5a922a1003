/* page.test.mjs - the page in Chromium against a bench with faults on command: what does a person see? */
import assert from "node:assert/strict";
import { test } from "node:test";
import { coloured_pixels, eventually, rig, row, shoot, value_of, wait_until } from "./browser.mjs";
import { FakeServer } from "./fake_server.mjs";

let server;
let url;
const open = rig(async () => {
	server = new FakeServer();
	url = await server.start();
}, () => server.stop());

/* A page that has its values. Whatever a test does, nothing may leave the origin. */
async function ready(options, before_it) {
	const p = await open(url, options, before_it);
	await p.page.locator('[data-state="running"]').waitFor();
	await row(p.page, "T_bed").waitFor();
	return p;
}

const has_class = async (locator, name) => (await locator.getAttribute("class")).split(" ").includes(name);
const is_bad = (page, name) => has_class(row(page, name), "bad");
const reason_of = (page, name) => row(page, name).locator(".reason").innerText();
const seen = (page) => page.locator("tr[data-channel]").evaluateAll((all) => all.map((r) => r.dataset.channel));

test("the head tells bench, state, instruments and time", async () => {
	server.down.set("io", "no_answer");
	const { page } = await ready();
	assert.equal(await page.locator("h1").innerText(), "Temperature-programmed reduction, bench 1");
	await eventually(async () => assert.match(await page.locator(".head").innerText(), /4 of 5 up/));
	const shown = await page.locator(".clock strong").innerText();
	assert.match(shown, /^\d\d:\d\d:\d\d$/);
	await wait_until("the clock to go on", async () => (await page.locator(".clock strong").innerText()) !== shown);
	await eventually(async () => assert.equal(await page.title(), "Temperature-programmed reduction, bench 1"));
	await shoot(page, "head");
});

test("the table shows values, units and limits, and follows the stream", async () => {
	server.force("T_bed", 123.456, "good", "good");
	const { page } = await ready();
	await wait_until("the forced value", async () => (await value_of(page, "T_bed")) === "123.46");
	const cells = await row(page, "T_bed").locator("td").allInnerTexts();
	assert.deepEqual(cells.slice(0, 9), ["float", "123.46", "°C", "0", "800", "", "", "R", ""]);
	const heads = await page.locator("thead th").allInnerTexts();
	assert.deepEqual(heads.slice(0, 10), ["Name", "Type", "Value", "Unit", "Min", "Max", "SP", "Ramp", "RW", "Valve"]);
	const [table, room] = await page.locator("table").evaluate((t) => [t.offsetWidth, t.parentElement.clientWidth]);
	assert.ok(table <= room, `the table is ${table} wide, its room ${room}`);
	assert.equal(await value_of(page, "V_H2"), "open");
	assert.equal(await value_of(page, "door"), "on");
	assert.equal(await value_of(page, "note"), "ready");
	server.force("T_bed", 124.5, "good", "good");
	await wait_until("the next value", async () => (await value_of(page, "T_bed")) === "124.50");
});

test("the bench's channels come first; those of instruments and health are folded", async () => {
	const { page } = await ready();
	await eventually(async () => {
		const groups = await page.locator("tr.group button").allInnerTexts();
		assert.match(groups[0], /^▾\s*Bench/);
		assert.match(groups[1], /^▸\s*furnace · Eurotherm/);
		assert.match(groups.at(-1), /^▸\s*Controller's own health/);
	});
	assert.equal((await seen(page))[0], "T_bed");
	assert.equal(await row(page, "mbc.control.cpu").count(), 0);
	await page.locator("tr.group button").last().click();
	await wait_until("a health value", async () => (await value_of(page, "mbc.control.cpu")) === "1.500");
});

test("a bad value is grey, struck out and told why; neighbours stay good", async () => {
	const { page } = await ready();
	server.force("P_in", null, "bad", "no_answer");
	server.force("LEL_room", 101, "uncertain", "out_of_range");
	await wait_until("bad", () => is_bad(page, "P_in"));
	assert.equal(await value_of(page, "P_in"), "—");
	assert.equal(await reason_of(page, "P_in"), "no answer");
	assert.match(await row(page, "P_in").locator(".remedy").innerText(), /check the unit number/);
	assert.equal(await row(page, "P_in").locator(".symbol").innerText(), "✕");
	const style = await row(page, "P_in").locator("td.value").evaluate((cell) => {
		const grey = getComputedStyle(document.documentElement).getPropertyValue("--grey").trim();
		const probe = document.body.appendChild(document.createElement("i"));
		probe.style.color = grey;
		const wanted = getComputedStyle(probe).color;
		probe.remove();
		return [getComputedStyle(cell).color === wanted, getComputedStyle(cell).textDecorationLine];
	});
	assert.deepEqual(style, [true, "line-through"]);
	await wait_until("uncertain", () => has_class(row(page, "LEL_room"), "uncertain"));
	assert.equal(await value_of(page, "LEL_room"), "101.00");
	assert.equal(await reason_of(page, "LEL_room"), "outside its range");
	assert.equal(await is_bad(page, "T_bed"), false);
	server.release("P_in");
	await wait_until("good again", async () => !(await is_bad(page, "P_in")));
	assert.match(await value_of(page, "P_in"), /^2\.\d+$/);
});

test("a silent stream greys everything, and news bring it back", async () => {
	const { page } = await ready();
	server.silent = true;
	await page.locator('[data-state="lost"]').waitFor();
	const rows = await page.locator("tr[data-channel]").count();
	await wait_until("all rows bad", async () => (await page.locator("tr[data-channel].bad").count()) === rows);
	assert.equal(rows, 11);
	assert.equal(await reason_of(page, "T_bed"), "connection lost");
	assert.match(await page.locator(".banner").innerText(), /No news from the server since \d\d:\d\d:\d\d/);
	assert.equal(await page.locator(".tile:not(.bad)").count(), 0);
	await eventually(async () => assert.match(await page.title(), /Connection lost/));
	await shoot(page, "lost");
	server.silent = false;
	await page.locator('[data-state="running"]').waitFor();
	await wait_until("all rows good", async () => (await page.locator("tr[data-channel].bad").count()) === 0);
});

test("a server that dies and comes back is found again", async () => {
	const { page } = await ready();
	server.refusing = true;
	server.cut_streams();
	await page.locator('[data-state="lost"]').waitFor();
	server.refusing = false;
	server.force("T_bed", 77, "good", "good");
	await page.locator('[data-state="running"]').waitFor();
	await wait_until("the new value", async () => (await value_of(page, "T_bed")) === "77.00");
});

test("values whose stream never opens do not stay good", async () => {
	server.refusing_streams = true;
	const p = await open(url);
	await row(p.page, "T_bed").waitFor();
	await p.page.locator('[data-state="lost"]').waitFor();
	await wait_until("T_bed bad", () => is_bad(p.page, "T_bed"));
	server.refusing_streams = false;
	await p.page.locator('[data-state="running"]').waitFor();
	await wait_until("T_bed good", async () => !(await is_bad(p.page, "T_bed")));
});

test("a controller that stops without a word about its values leaves none of them good", async () => {
	const { page } = await ready();
	server.only_beats = true;
	server.state = "controller_down";
	await page.locator('[data-state="controller_down"]').waitFor();
	await wait_until("all bad", async () => (await page.locator("tr[data-channel]:not(.bad)").count()) === 0);
	assert.equal(await reason_of(page, "T_bed"), "the controller does not run");
});

test("a stopped controller is told, and no value stays good", async () => {
	const { page } = await ready();
	server.state = "controller_down";
	await page.locator('[data-state="controller_down"]').waitFor();
	await wait_until("all bad", async () => (await page.locator("tr[data-channel]:not(.bad)").count()) === 0);
	assert.equal(await reason_of(page, "T_bed"), "the controller does not run");
	assert.match(await page.locator(".banner").innerText(), /Its supervisor restarts it/);
});

/* The list is made when it is asked for, and given when the test says so. */
function hold_lists() {
	const answer = server.answer.bind(server);
	const held = [];
	server.answer = (req, res) => {
		if (req.url === "/api/v1/channels") {
			const end = res.end.bind(res);
			res.end = (body) => held.push(() => end(body));
		}
		return answer(req, res);
	};
	return { held, release() {
		server.answer = answer;
		held.forEach((go) => go());
	} };
}

test("what changes while the list is on its way is shown, though it changes only once", async () => {
	const lists = hold_lists();
	const p = await open(url);
	const { page } = p;
	await wait_until("the list was asked for", () => lists.held.length > 0);
	await wait_until("the page listens", () => server.streams.size > 0);
	server.force("V_H2", "closed", "good", "good");
	await new Promise((done) => setTimeout(done, 3 * server.period_ms));
	lists.release();
	await row(page, "V_H2").waitFor();
	await eventually(async () => assert.equal(await value_of(page, "V_H2"), "closed"));
});

test("with another bench file no value stands as good before its list is there: it may have another unit", async () => {
	const { page } = await ready();
	await eventually(async () => assert.match(await row(page, "T_bed").getAttribute("class"), /good/));
	const lists = hold_lists();
	server.rows = server.rows.map((r) => (r[0] === "T_bed" ? r.with(3, "K") : r));
	server.tell("changed", { generation: 2 });
	await eventually(async () => assert.match(await row(page, "T_bed").innerText(), /the bench file may be another one/));
	lists.release();
	await eventually(async () => assert.match(await row(page, "T_bed").getAttribute("class"), /good/));
	assert.equal(await row(page, "T_bed").locator("td.unit").innerText(), "K");
});

test("an address that cannot be read leaves no page standing with old values", async () => {
	const { page } = await ready();
	for (const at of ["events", "kiosk", "instruments", "sequence/runs"]) {
		await page.evaluate((hash) => { location.hash = hash; }, `#${at}/%E0%A4%A`);
		await page.locator(`main[data-page="${at.split("/")[0]}"] :is(section, ul, a, nav)`).first().waitFor({ state: "attached" });
		assert.equal(await page.locator("tr[data-channel]").count(), 0);
	}
});

test("a changed channel list is taken over", async () => {
	const { page } = await ready();
	server.rows.splice(1, 1);
	server.rows.unshift(["T_new", "A new one", "float", "degC", 0, 100, "daq", () => 21.5]);
	server.tell("changed", { generation: 2 });
	await row(page, "T_new").waitFor();
	await wait_until("its value", async () => (await value_of(page, "T_new")) === "21.50");
	assert.equal(await row(page, "T_furn").count(), 0);
	assert.equal(await page.locator('[data-tile="T_furn"]').count(), 0);
});

test("the plot draws the first bench channels; clicks add and remove", async () => {
	const { page } = await ready();
	const tiles = () => page.locator("[data-tile]").evaluateAll((all) => all.map((t) => t.dataset.tile));
	const plotted = (...names) => eventually(async () => assert.deepEqual(await tiles(), names));
	const told = (text) => eventually(async () => assert.match(await page.locator(".channels .message").innerText(), text));
	await plotted("T_bed", "T_furn", "N2_flow", "H2_flow");
	await wait_until("lines in the plot", async () => (await coloured_pixels(page)) > 200);
	await row(page, "total").click();
	await plotted("T_bed", "T_furn", "N2_flow", "H2_flow", "total");
	await row(page, "T_bed").locator("button").press("Enter");
	await plotted("T_furn", "N2_flow", "H2_flow", "total");
	await row(page, "P_in").click();
	await told(/two axes, now °C and mL\/min/);
	await row(page, "note").click();
	await told(/note is not a number/);
	for (const name of await tiles())
		await page.locator(`[data-tile="${name}"] button`).click();
	await page.locator(".canvas").waitFor({ state: "detached" });
	await page.reload();
	await page.locator('[data-state="running"]').waitFor();
	await row(page, "T_bed").waitFor();
	await page.getByText("Choose channels in the table").waitFor();
	await plotted();
});

test("a tick between a choice and its drawing does no harm", async () => {
	/* The timers of the page run when the test says so, at the worst moment. */
	const { page, complaints } = await ready({}, () => {
		window.test_ticks = [];
		const real = window.setInterval;
		window.setInterval = (work, ms) => (window.test_ticks.push(work), real(work, ms));
	});
	await page.locator(".canvas canvas").waitFor();
	for (const name of ["T_furn", "N2_flow"])
		await page.locator(`[data-tile="${name}"] button`).evaluate((button) => {
			button.click();
			for (const tick of window.test_ticks)
				tick();
		});
	await row(page, "total").evaluate((one) => {
		one.click();
		for (const tick of window.test_ticks)
			tick();
	});
	await page.locator('[data-tile="total"]').waitFor();
	await wait_until("lines in the plot", async () => (await coloured_pixels(page)) > 200);
	assert.deepEqual(complaints, []);
});

test("a bad value is a gap in the plot", async () => {
	server.period_ms = 50;
	const { page } = await ready();
	for (const name of ["T_furn", "N2_flow", "H2_flow"])
		await page.locator(`[data-tile="${name}"] button`).click();
	await page.getByRole("button", { name: "1 min", exact: true }).click();
	await wait_until("a line", async () => (await coloured_pixels(page)) > 20);
	server.force("T_bed", null, "bad", "no_answer");
	await wait_until("bad", () => is_bad(page, "T_bed"));
	/* In time, the rightmost columns of the drawing hold no line any more. */
	await eventually(async () => {
		const [last, edge] = await page.locator(".canvas").evaluate((box) => {
			const canvas = box.querySelector("canvas");
			const over = box.querySelector(".u-over").getBoundingClientRect();
			const right = (over.right - canvas.getBoundingClientRect().left) * devicePixelRatio;
			const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
			let last_line = 0;
			for (let i = 0; i < data.length; i += 4)
				if (data[i + 3] > 200 && data[i + 2] - data[i] > 90)
					last_line = Math.max(last_line, (i / 4) % canvas.width);
			return [last_line, right];
		});
		assert.ok(last > 0 && last < edge - 8, `line ends at ${last}, plot at ${edge}`);
	});
});

test("pause holds the plot, resume lets it go on, the window can be chosen", async () => {
	const { page } = await ready();
	const picture = () => page.locator(".canvas canvas").evaluate((c) => c.toDataURL());
	await page.locator(".pause").click();
	await page.locator(".held").waitFor();
	/* The past of what is held may still come in; then nothing moves any more. */
	let held;
	await wait_until("the plot to stand still", async () => {
		held = await picture();
		await page.waitForTimeout(1300);
		return (await picture()) === held;
	});
	await page.locator(".pause").click();
	await wait_until("the plot to go on", async () => (await picture()) !== held);
	await page.getByRole("button", { name: "10 min" }).click();
	await page.locator('button[aria-pressed="true"]', { hasText: "10 min" }).waitFor();
});

test("the cursor reads the lines, a drag holds and enlarges", async () => {
	server.force("T_bed", 55, "good", "good");
	const { page } = await ready();
	await reads(page, "T_bed", 0.995, /^55\.00 at \d\d:/);
	const box = await page.locator(".u-over").boundingBox();
	await page.mouse.move(box.x + box.width - 5, box.y + 50);
	await page.mouse.down();
	await page.mouse.move(box.x + box.width - 100, box.y + 60, { steps: 5 });
	await page.mouse.up();
	await page.locator(".held").waitFor();
});

/* Of a colour of the drawing that is about `wanted` [r, g, b], translucent or not: how many pixels, and where. */
const find_colour = (page, variable, far = 40) => page.locator(".canvas").evaluate((box, [name, limit]) => {
	const canvas = box.querySelector("canvas");
	const hex = getComputedStyle(box).getPropertyValue(name).trim();
	const wanted = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
	const over = box.querySelector(".u-over").getBoundingClientRect();
	const corner = canvas.getBoundingClientRect();
	const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
	const found = { n: 0, left: Infinity, right: -1, top: Infinity };
	for (let i = 0; i < data.length; i += 4) {
		const x = (i / 4) % canvas.width - (over.left - corner.left) * devicePixelRatio;
		const y = Math.floor(i / 4 / canvas.width) - (over.top - corner.top) * devicePixelRatio;
		const outside = x < 1 || x > over.width * devicePixelRatio - 1 || y < 1 || y > over.height * devicePixelRatio - 1;
		if (outside || data[i + 3] < 20 || wanted.some((c, k) => Math.abs(c - data[i + k]) > limit))
			continue;
		found.n++;
		found.left = Math.min(found.left, x / over.width / devicePixelRatio);
		found.right = Math.max(found.right, x / over.width / devicePixelRatio);
		found.top = Math.min(found.top, y / over.height / devicePixelRatio);
	}
	return found;
}, [variable, far]);

const only = async (page, name) => {
	for (const tile of await page.locator("[data-tile]").evaluateAll((all) => all.map((t) => t.dataset.tile)))
		if (tile !== name)
			await page.locator(`[data-tile="${tile}"] button`).click();
};
/* No question is under way. One may still be about to be asked: wait for what it brings as well. */
const settled = (page) => wait_until("an answer", async () =>
	(await page.locator(".asking").count()) === 0 && (await page.locator('.canvas[aria-busy="false"]').count()) === 1);
const press = (page, name) => page.locator(".plot").getByRole("button", { name, exact: true }).click();
const stretch = async (page) => {
	const text = await page.locator(".stretch").innerText();
	const [from, to] = text.split(" – ");
	return [from, to.length > 8 ? to : `${from.slice(0, 10)} ${to}`].map((t) => new Date(t.replace(" ", "T")).getTime());
};
const questions = (kind) => server.questions.filter((q) => q.includes(kind));

/* Move the cursor to a moment of the window that is shown, and a few pixels around it; what its tile then says. */
async function read_at(page, name, share, pixels = 0) {
	const box = await page.locator(".u-over").boundingBox();
	const x = box.x + box.width * share + pixels;
	await page.mouse.move(x, box.y + 40);
	await page.mouse.move(x, box.y + 42);
	return page.locator(`[data-tile="${name}"] .tile-cursor`).innerText();
}

/* Until it says what fits `pattern`: answers come when they come, and an interval is about a pixel. */
async function reads(page, name, share, pattern) {
	await eventually(async () => {
		let text = "";
		for (const pixels of [0, -1, 1, -2, 2, -3, 3]) {
			text = await read_at(page, name, share, pixels);
			if (pattern.test(text))
				return;
		}
		assert.match(text, pattern);
	});
}

/* Until the stretch that is shown passes `check(from, to)`. */
const shows = (page, what, check) => wait_until(what, async () =>
	(await page.locator(".stretch").count()) === 1 && check(...await stretch(page)));
const runs = (page) => page.locator(".held").waitFor({ state: "detached" });

/* Is `time` so long before some moment between `since` and now? */
const was_ago = (time, ago_ms, since) => time > since - ago_ms - 2000 && time < Date.now() - ago_ms + 2000;

test("what was recorded before the page was opened is joined to what it sees itself", async () => {
	const { page } = await ready();
	await only(page, "T_bed");
	await wait_until("each value is asked, few as they are", () => questions("raw=1").length > 0);
	await wait_until("a line over the whole window", async () => {
		const line = await find_colour(page, "--line0");
		return line.left < 0.05 && line.right > 0.95;
	});
	await reads(page, "T_bed", 0.1, /^\d+\.\d+ at \d\d:/);
	await reads(page, "T_bed", 0.97, /^\d+\.\d+ at \d\d:/);
	await settled(page);
	const asked = server.questions.length;
	await page.waitForTimeout(3000);
	assert.equal(server.questions.length, asked, "what is there is not asked again");
});

test("seven days: one single spike is drawn, a gap is shown with its cause, now goes back", async () => {
	const { page, complaints } = await ready();
	await only(page, "T_bed");
	await press(page, "1 d");
	await wait_until("a day", async () => (await find_colour(page, "--line0", 20)).n > 500);
	await press(page, "7 d");
	await reads(page, "T_bed", 1 / 7, /790/);
	const points = Number(/points=(\d+)/.exec(questions("points=").at(-1))[1]);
	assert.ok(points > 300 && points <= 2000, `${points} points`);
	/* It reaches to the top, where the line never comes: the axis goes to it as well. */
	await eventually(async () => {
		const spike = await find_colour(page, "--line0", 20);
		assert.ok(spike.top < 0.1, `the drawing begins at ${spike.top} of the height`);
	});
	await reads(page, "T_bed", 2.25 / 7, /nothing recorded: the computer was off, at \d{4}-/);
	await page.locator('.u-over[title="nothing recorded: the computer was off"]').waitFor();
	await eventually(async () => {
		const hatch = await find_colour(page, "--grey", 12);
		assert.ok(Math.abs(hatch.left - 2 / 7) < 0.02 && Math.abs(hatch.right - 2.5 / 7) < 0.02, JSON.stringify(hatch));
	});
	await shoot(page, "seven_days");
	const pressed = Date.now();
	await press(page, "Earlier");
	await shows(page, "half a window earlier", (from, to) =>
		Math.abs(to - from - 7 * 86400e3) < 2000 && was_ago(to, 3.5 * 86400e3, pressed));
	await reads(page, "T_bed", 4.5 / 7, /790/);
	await press(page, "Now");
	await runs(page);
	await press(page, "Earlier");
	await page.locator(".held").waitFor();
	await press(page, "Later"); /* later than now is now */
	await runs(page);
	assert.deepEqual(complaints, []);
});

test("keys, shift-drag, the wheel and a date move the plot; the answer kept is that of what is shown", async () => {
	const { page } = await ready();
	await only(page, "T_bed");
	await press(page, "1 h");
	await page.locator('button[aria-pressed="true"]', { hasText: "1 h" }).waitFor();
	await page.locator(".canvas").focus();
	const pressed = Date.now();
	await page.keyboard.press("ArrowLeft");
	await shows(page, "half an hour earlier", (_, to) => was_ago(to, 1800e3, pressed));
	await page.keyboard.press("-");
	await shows(page, "two hours", (from, to) => Math.abs(to - from - 7200e3) < 2000);
	const [from] = await stretch(page);
	const box = await page.locator(".u-over").boundingBox();
	await page.keyboard.down("Shift");
	await page.mouse.move(box.x + 100, box.y + 50);
	await page.mouse.down();
	await page.mouse.move(box.x + 100 + box.width / 4, box.y + 50, { steps: 8 });
	await page.mouse.up();
	await page.keyboard.up("Shift");
	await shows(page, "a quarter of it earlier", (panned) => Math.abs(from - panned - 1800e3) < 60e3);
	await page.mouse.wheel(0, -500);
	await shows(page, "the wheel enlarges", (zoomed_from, zoomed_to) => zoomed_to - zoomed_from < 5400e3);
	await page.keyboard.press("End");
	await runs(page);
	const there = new Date(Date.now() - 3 * 86400e3);
	there.setSeconds(0, 0);
	const local = new Date(there.getTime() - there.getTimezoneOffset() * 60e3).toISOString().slice(0, 16);
	await page.locator('.go-to input').fill(local);
	await shows(page, "that day", (first, last) => Math.abs((first + last) / 2 - there.getTime()) < 2000);
	await reads(page, "T_bed", 0.5, /\d at \d{4}-/);
});

test("scrolling fast asks few questions, one at a time", async () => {
	const { page } = await ready();
	await press(page, "1 d");
	await wait_until("a day", async () => (await find_colour(page, "--line0", 20)).n > 500);
	await settled(page);
	const before = server.questions.length;
	const pressed = Date.now();
	/* Faster than any drawing: none of the steps may be lost. */
	await page.locator(".canvas").evaluate((canvas) => {
		for (let i = 0; i < 20; i++)
			canvas.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft", bubbles: true, cancelable: true }));
	});
	await shows(page, "ten days earlier", (_, to) => was_ago(to, 10 * 86400e3, pressed));
	const [from] = await stretch(page);
	await wait_until("the place where it stopped is asked", () => server.questions.slice(before).some((q) =>
		Math.abs(Date.parse(new URL(q, url).searchParams.get("from")) - from) < 1000));
	await settled(page);
	assert.ok(server.questions.length - before < 5, `${server.questions.length - before} questions for 20 steps`);
});

test("a past that cannot be read is told, asked again, and the present goes on", async () => {
	server.history_busy = true;
	const { page } = await ready();
	await only(page, "T_bed");
	const told = page.locator(".note [role=status]");
	await wait_until("the trouble is told", async () => /cannot be read from the server now/.test(await told.innerText()));
	server.force("T_bed", 99, "good", "good");
	await wait_until("a live value", async () => /99\.00/.test(await page.locator('[data-tile="T_bed"]').innerText()));
	await wait_until("it is asked again", () => server.asked_at.length > 2);
	const pauses = server.asked_at.slice(1).map((t, k) => t - server.asked_at[k]);
	assert.ok(pauses.every((ms) => ms > 900), `it is not asked without a pause: ${pauses}`);
	server.history_busy = false;
	await wait_until("it is well again", async () => (await told.innerText()) === "");
	await wait_until("the line is there", async () => (await find_colour(page, "--line0")).left < 0.05);
});

test("a channel of which nothing is recorded is named; the others have their past", async () => {
	server.unrecorded.add("T_furn");
	const { page } = await ready();
	await wait_until("it is named", async () => /Nothing is recorded of T_furn:/.test(await page.locator(".note").innerText()));
	await reads(page, "T_bed", 0.1, /^\d/);
	await reads(page, "T_furn", 0.1, /^—/);
});

test("a bench without a history: as ever, and the buttons say why not", async () => {
	server.has_history = false;
	const { page } = await ready();
	for (const name of ["1 h", "8 h", "1 d", "7 d", "Earlier", "Later", "Now"]) {
		const button = page.locator(".plot").getByRole("button", { name, exact: true });
		assert.equal(await button.isDisabled(), true, name);
		assert.match(await button.getAttribute("title"), /history: no/);
	}
	assert.equal(await page.locator(".go-to input").isDisabled(), true);
	await press(page, "10 min");
	await wait_until("lines in the plot", async () => (await coloured_pixels(page)) > 200);
	assert.deepEqual(server.questions, []);
	assert.equal((await page.locator(".note").innerText()).trim(), "");
});

test("the filter finds names, titles, units and problems", async () => {
	const { page } = await ready();
	const field = page.locator('input[type="search"]');
	const finds = (...names) => eventually(async () => assert.deepEqual(await seen(page), names));
	await field.fill("hydrogen");
	await finds("H2_flow", "V_H2");
	assert.match(await page.locator(".shown").innerText(), /^2 of \d+ channels$/);
	await field.fill("mbc. cpu");
	await finds("mbc.control.cpu");
	await field.fill("no such thing");
	await page.getByText("No channel matches").waitFor();
	await field.fill("");
	await page.locator('input[type="checkbox"]').check();
	await finds();
	server.force("daq.ai2", null, "bad", "no_answer");
	await wait_until("the problem", async () => (await seen(page)).join() === "daq.ai2");
});

test("instruments tell state, reason and remedy; details and trace open by keyboard", async () => {
	server.down.set("io", "no_answer");
	const { page } = await ready();
	const card = page.locator('[data-instrument="io"]');
	await card.waitFor();
	assert.match(await card.innerText(), /down[^]*no answer: check the unit number/);
	assert.equal(await page.locator("[data-instrument]").first().getAttribute("data-instrument"), "io");
	await card.press("Enter");
	const dialog = page.locator("dialog[open]");
	await dialog.waitFor();
	await wait_until("the trace", async () => /read holding 0\.\.9/.test(await dialog.locator("pre").innerText()));
	assert.match(await dialog.locator("pre").innerText(), /00 07 00 00 00 17 01 03 14 00 FA \(cut\)/);
	await eventually(async () => assert.match(await dialog.locator("dl").innerText(), /Requests\s+1200/));
	await page.keyboard.press("Escape");
	await dialog.waitFor({ state: "hidden" });
});

/* The bench of all tests has no alarms. */
async function with_alarms(n, options) {
	await server.stop();
	server = new FakeServer({ alarms: n });
	url = await server.start();
	return ready(options);
}

const alarms_of = (page) => page.locator(".alarms li").evaluateAll((all) => all.map((li) => li.dataset.alarm));
const alarm_text = (page, name) => page.locator(`[data-alarm="${name}"]`).innerText();

test("alarms that are not normal stand above all else, those that wait for somebody first", async () => {
	const { page } = await with_alarms(5);
	await page.getByText("All are normal.").waitFor();
	assert.deepEqual(await alarms_of(page), []);
	server.force("alarm.a0", "shelved", "good", "good");
	server.force("alarm.a1", "acknowledged", "good", "good");
	server.force("alarm.a2", null, "bad", "no_answer");
	server.force("alarm.a3", "unacknowledged", "good", "good");
	await wait_until("four alarms", async () => (await alarms_of(page)).join() === "a3,a2,a1,a0");
	assert.match(await alarm_text(page, "a3"), /Alarm 3 — Look at it\s+not acknowledged\s+since \d\d:\d\d:\d\d/);
	assert.match(await alarm_text(page, "a2"), /not known whether it is normal: no answer/);
	assert.match(await page.locator(".alarms h2").innerText(), /4 of 5/);
	const [alarms, plot] = await page.locator(".alarms, .plot").evaluateAll((all) => all.map((e) => e.getBoundingClientRect().top));
	assert.ok(alarms < plot);
	await shoot(page, "alarms");
	server.force("alarm.a3", "returned", "good", "good");
	await wait_until("it is over", async () => /over, not acknowledged/.test(await alarm_text(page, "a3")));
	server.release("alarm.a3");
	await wait_until("it is gone", async () => (await alarms_of(page)).join() === "a2,a1,a0");
});

test("while nobody knows, no alarm is said to be normal", async () => {
	const { page } = await with_alarms(2);
	server.force("alarm.a1", "unacknowledged", "good", "good");
	await wait_until("the alarm", async () => (await alarms_of(page)).join() === "a1");
	server.release("alarm.a1");
	await page.getByText("All are normal.").waitFor();
	server.state = "controller_down";
	await page.getByText("What the alarms say now is not known").waitFor();
	assert.equal(await page.getByText("All are normal.").count(), 0);
	server.state = "running";
	await page.getByText("All are normal.").waitFor();
	server.force("alarm.a0", "unacknowledged", "good", "good");
	await wait_until("the alarm", async () => (await alarms_of(page)).join() === "a0");
	server.silent = true;
	await page.getByText("What the alarms say now is not known").waitFor();
	assert.deepEqual(await alarms_of(page), ["a0"]);
	assert.equal(await page.locator(".alarm.old").count(), 1);
});

test("a thousand alarms at once are counted, and the page goes on", async () => {
	const { page } = await with_alarms(1000);
	for (let i = 0; i < 1000; i++)
		server.force(`alarm.a${i}`, "unacknowledged", "good", "good");
	await page.getByText("and 900 more").waitFor();
	assert.equal((await alarms_of(page)).length, 100);
	server.force("T_bed", 124.5, "good", "good");
	await wait_until("the next value", async () => (await value_of(page, "T_bed")) === "124.50");
});

test("a bench without alarms has no such part; in French they have French words", async () => {
	const { page } = await ready();
	assert.equal(await page.locator(".alarms").count(), 0);
	const { page: french } = await with_alarms(1, { locale: "fr-FR" });
	server.force("alarm.a0", "shelved", "good", "good");
	await french.getByText("mise de côté").waitFor();
	assert.match(await french.locator(".alarms h2").innerText(), /Alarmes\s+1 sur 1/);
});

test("French by the browser's language, and by the switch, which is remembered", async () => {
	server.force("P_in", null, "bad", "no_answer");
	const { page } = await ready({ locale: "fr-FR" });
	assert.equal(await page.locator('[data-state="running"]').innerText(), "● En marche");
	assert.equal(await reason_of(page, "P_in"), "pas de réponse");
	assert.equal(await page.locator("html").getAttribute("lang"), "fr");
	await page.locator(".language").click();
	await eventually(async () => assert.equal(await reason_of(page, "P_in"), "no answer"));
	assert.equal(await page.locator("thead th").first().innerText(), "Name");
	await page.reload();
	await page.locator('[data-state="running"]').waitFor();
	assert.equal(await page.locator("html").getAttribute("lang"), "en");
});

test("a phone shows it without scrolling sideways", async () => {
	server.force("P_in", null, "bad", "no_answer");
	server.down.set("io", "no_answer");
	const { page } = await ready({ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
	await wait_until("lines in the plot", async () => (await coloured_pixels(page)) > 50);
	const [wide, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
	assert.ok(wide <= 390 && window === 390, `page ${wide}, window ${window}`);
	await row(page, "total").tap();
	await page.locator('[data-tile="total"]').waitFor();
	await shoot(page, "phone");
});

test("two thousand channels stay usable", async () => {
	await server.stop();
	server = new FakeServer({ extra: 2000 });
	url = await server.start();
	const { page } = await ready();
	await page.locator('input[type="search"]').fill("rack");
	await page.getByText(/^2000 of \d+ channels$/).waitFor();
	assert.ok((await page.locator("tr[data-channel]").count()) < 900, "what is far from the screen is not drawn");
	/* All of them change five times a second. The page goes on painting and listening to its user all the same. */
	const shown = await value_of(page, "rack0.c0");
	await wait_until("a change on the screen", async () => (await value_of(page, "rack0.c0")) !== shown);
	await wait_until("the last row, by scrolling", async () => {
		await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
		return (await row(page, "rack19.c1999").count()) === 1;
	});
	const below = await value_of(page, "rack19.c1999");
	await wait_until("a change at the end", async () => (await value_of(page, "rack19.c1999")) !== below);
	await page.evaluate(() => scrollTo(0, 0));
	await page.locator('input[type="search"]').fill("rack7.c1987");
	await wait_until("the row", async () => (await seen(page)).join() === "rack7.c1987");
	await page.locator('input[type="search"]').fill("");
	await wait_until("all of the bench", async () => (await page.locator("tr[data-channel]").count()) === 11);
	await page.getByRole("button", { name: /^rack7/ }).click();
	await row(page, "rack7.c7").waitFor();
	server.silent = true;
	await page.locator('[data-state="lost"]').waitFor();
	await wait_until("all rows bad", async () => (await page.locator("tr[data-channel]:not(.bad)").count()) === 0);
});

test("nothing leaves the origin, nothing breaks the content security policy", async () => {
	const { page, strangers, complaints } = await ready();
	await page.locator('[data-instrument="daq"]').click();
	await page.waitForTimeout(1500); /* in which something might leave */
	await page.keyboard.press("Escape");
	await row(page, "total").click();
	await page.mouse.move(400, 250);
	await page.waitForTimeout(500);
	assert.deepEqual(strangers, []);
	assert.deepEqual(complaints, []);
});
