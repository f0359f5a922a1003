/* trends.mjs - what the Trends page takes: a million points read and drawn; a day of eight channels, from the click to the picture
 *
 * node perf/trends.mjs [FOLDER], after `npm ci --ignore-scripts` in web/ and tests/browser/. Chromium draws by software here, without a graphics card. The first part runs
 * the page's own modules on an answer in a canvas of 1280 x 720, and ends when a pixel has been read back; the second clicks on the page itself.
 * FOLDER: a web/src of another commit (`git worktree add`), with node_modules beside it, whose modules take turns with these.
 */
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { loadavg } from "node:os";
import { resolve } from "node:path";
import { FakeServer } from "../tests/browser/fake_server.mjs";
import { open_page, start_browser } from "../tests/browser/browser.mjs";

const esbuild = createRequire(new URL("../web/package.json", import.meta.url))("esbuild");
const src = new URL("../web/src/", import.meta.url).pathname;

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const ms = (list) => `${median(list).toFixed(1)} ms (${Math.min(...list).toFixed(1)} to ${Math.max(...list).toFixed(1)})`;

async function harness(src, name) {
	const { outputFiles } = await esbuild.build({
		stdin: { contents: `
			import { curve_of, reach } from "./trends/curves";
			import { paint_band, paint_line } from "./trends/paint";
			import { History } from "./history";
			import { join, read_answer } from "./past";
			globalThis.${name} = { curve_of, reach, paint_band, paint_line, History, join, read_answer };`, resolveDir: src, loader: "ts" },
		bundle: true, format: "iife", minify: true, write: false,
	});
	return outputFiles[0].text;
}

/* In the page. `raw`: one channel with each of its values; else channels of intervals with least, most and mean. */
function work({ channels, points, raw, times, names }) {
	const T = 1_800_000_000;
	const iso = (s) => new Date(s * 1000).toISOString();
	const value = (k, c) => 100 * c + 50 * Math.sin(k / 5000) + Math.round(Math.sin(k * 12.9898) * 1000) / 1000;
	const range = (make) => Array.from({ length: points }, (_, k) => make(k));
	const one = (c) => (raw ? { name: `c${c}`, type: "float", samples: range((k) => [T + k, value(k, c)]) } :
		{ name: `c${c}`, type: "float", mean: range((k) => value(k, c)), min: range((k) => value(k, c) - 5), max: range((k) => value(k, c) + 5),
			count: range(() => 9), quality: range(() => null), first: range((k) => value(k, c)), last: range((k) => value(k, c)) });
	const text = JSON.stringify({ from: iso(T), to: iso(T + points), recorded: iso(T + points), gaps: [], ...(raw ? {} : { points, interval: 1, time: range((k) => T + k) }),
		channels: Array.from({ length: channels }, (_, c) => one(c)) });
	const canvas = document.createElement("canvas");
	canvas.width = 1280;
	canvas.height = 720;
	document.body.append(canvas);
	const ctx = canvas.getContext("2d", { willReadFrequently: false });
	const all = names.map(() => ({ parse: [], read: [], curves: [], draw: [] }));
	for (let k = 0; k < times * names.length; k++) {
		const { curve_of, reach, paint_band, paint_line, History, join, read_answer } = globalThis[names[k % names.length]];
		const took = all[k % names.length];
		let t = performance.now();
		const next = (what) => {
			const now = performance.now();
			took[what].push(now - t);
			t = now;
		};
		const answer = JSON.parse(text);
		next("parse");
		const past = read_answer(answer, T * 1000);
		next("read");
		const from = T * 1000;
		const to = (T + points) * 1000;
		const curves = answer.channels.map(({ name }, c) =>
			curve_of({ name, run: null, unit: "", colour: c % 8, dash: 0 }, join(new History(), past, name), from, to));
		const reaches = curves.map((c) => reach(c, from, to));
		next("curves");
		ctx.clearRect(0, 0, 1280, 720);
		const place = { left: 0, top: 0, width: 1280, height: 720, from, to, low: Math.min(...reaches.map((r) => r[0])), high: Math.max(...reaches.map((r) => r[1])), ratio: 1 };
		for (const c of curves)
			paint_band(ctx, c, place, "#0b5cad");
		for (const c of curves)
			paint_line(ctx, c, place, "#c8420a");
		ctx.getImageData(0, 0, 1, 1);
		next("draw");
	}
	return all.map((took) => ({ ...took, megabytes: text.length / 1e6 }));
}

const browser = await start_browser();
const other = process.argv[2];
const sources = [["these", src], ...(other ? [["others", resolve(other)]] : [])];
const scripts = await Promise.all(sources.map(([name, folder]) => harness(folder, name)));
const http = createServer((req, res) => res.end("<!doctype html><title>perf</title>"));
await new Promise((done) => http.listen(0, "127.0.0.1", done));
for (const [name, question] of [
	["10 channels of 100 000 intervals, the most that one question gives", { channels: 10, points: 100_000, raw: false, times: 7 }],
	["one channel of 1 000 000 recorded values", { channels: 1, points: 1_000_000, raw: true, times: 7 }],
	["8 channels of 2 000 intervals, what the page asks for", { channels: 8, points: 2000, raw: false, times: 25 }],
]) {
	const { page, close } = await open_page(browser, `http://127.0.0.1:${http.address().port}/`);
	for (const script of scripts)
		await page.evaluate(script);
	const all = await page.evaluate(work, { ...question, names: sources.map(([s]) => s) });
	all.forEach((took, k) => console.log(`| ${name}${other ? ` (${sources[k][0]})` : ""}: drawn | ${ms(took.draw)} | ${question.points * question.channels === 1_000_000 ? "<= 100 ms" : ""} | made into curves ${ms(took.curves)}; read ${ms(took.read)}; ` +
		`JSON of ${took.megabytes.toFixed(1)} MB parsed ${ms(took.parse)} |`));
	await close();
}
http.close();

/* A day of eight channels: until the answer is drawn, and how long the server of this file itself took of it. */
const server = new FakeServer();
const url = await server.start();
let answering = 0;
const answer_history = server.answer_history.bind(server);
server.answer_history = (...args) => {
	const began = performance.now();
	answer_history(...args);
	answering += performance.now() - began;
};
const clicks = [];
const servers = [];
for (let k = 0; k < 5; k++) {
	const { page, close } = await open_page(browser, `${url}#trends/c=T_bed,T_furn,N2_flow,H2_flow,total,P_in,LEL_room,furnace.ai0&span=60000`);
	await page.locator('[data-state="running"]').waitFor();
	await page.locator('.stack[aria-busy="false"]').waitFor();
	await page.waitForTimeout(3000);
	answering = 0;
	clicks.push(await page.evaluate(() => new Promise((done) => {
		const began = performance.now();
		let asked = false;
		[...document.querySelectorAll(".choices button")].find((b) => b.textContent === "1 d").click();
		const look = () => {
			const busy = document.querySelector(".stack").getAttribute("aria-busy") === "true";
			asked ||= busy;
			if (asked && !busy)
				requestAnimationFrame(() => done(performance.now() - began));
			else
				requestAnimationFrame(look);
		};
		look();
	})));
	servers.push(answering);
	await close();
}
console.log(`| a day of 8 channels, from the click to drawn | ${ms(clicks)} |  | of this the server of the tests, in JavaScript, ${ms(servers)}; 150 ms the page waits for another wish |`);
console.log(`load ${loadavg()[0].toFixed(1)}`);
await browser.close();
await server.stop();
