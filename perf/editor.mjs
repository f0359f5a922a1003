/* editor.mjs - what a key takes in the editor of the bench file, whose text may have 4 MB
 *
 * node perf/editor.mjs, after `npm ci --ignore-scripts` in web/ and tests/browser/; SIZE=n and KEYS=n in the environment: another text, more keys. Beside the page stands a bare
 * textarea of the same text: the least that the browser itself takes. Times are of the page's main thread as Chromium counts them, by key.
 */
import { createServer } from "node:http";
import { loadavg } from "node:os";
import { FakeFile, FakeServer } from "../tests/browser/fake_server.mjs";
import { open_page, start_browser } from "../tests/browser/browser.mjs";

const KEYS = Number(process.env.KEYS ?? 12);
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const ms = (list) => `${median(list).toFixed(0)} ms (${Math.min(...list).toFixed(0)} to ${Math.max(...list).toFixed(0)})`;
const head = "# the bench\nbench: tpr-1\nchannels:\n";
let text = head;
for (let k = 0; text.length < (process.env.SIZE ?? 3_900_000); k++)
	text += `  T_${k}: {read: ai${k % 8}, unit: degC, range: 0 to 800 degC}   # of oven ${k}\n`;

async function metrics(cdp) {
	const { metrics: list } = await cdp.send("Performance.getMetrics");
	return Object.fromEntries(list.map((m) => [m.name, m.value * 1000]));
}

/* A key in the middle of the text, KEYS times; each until the frame behind it has been made. */
async function type(page, keys = "x") {
	const cdp = await page.context().newCDPSession(page);
	await cdp.send("Performance.enable");
	await page.locator("textarea").evaluate((a) => {
		const at = a.value.indexOf("\n", a.value.length / 2);
		a.focus();
		a.setSelectionRange(at, at);
		a.scrollTop = a.scrollHeight / 2;
	});
	await page.waitForTimeout(1500);
	const took = { wall: [], task: [], script: [], layout: [], style: [] };
	for (let k = 0; k < KEYS; k++) {
		const before = await metrics(cdp);
		const began = performance.now();
		await page.keyboard.press(keys);
		await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
		took.wall.push(performance.now() - began);
		const after = await metrics(cdp);
		for (const [name, of] of [["task", "TaskDuration"], ["script", "ScriptDuration"], ["layout", "LayoutDuration"], ["style", "RecalcStyleDuration"]])
			took[name].push(after[of] - before[of]);
	}
	return took;
}

const tell = (what, took) => console.log(`| ${what} | ${ms(took.task)} |  | of which script ${ms(took.script)}, layout ${ms(took.layout)}; from the key to the second frame ${ms(took.wall)} |`);

const browser = await start_browser();
const server = new FakeServer({ outputs: true });
server.people = { anna: "correct horse" };
server.may = ["read", "operate", "configure", "protect"];
server.bench_file = new FakeFile(text, {});
const bench = await open_page(browser, await server.start());
await bench.page.locator('.sign-in input[name="username"]').fill("anna");
await bench.page.locator('.sign-in input[name="password"]').fill("correct horse");
await bench.page.keyboard.press("Enter");
await bench.page.locator('[data-state="running"]').first().waitFor();
await bench.page.evaluate(() => { location.hash = "#file"; });
await bench.page.locator('[data-check="good"]').waitFor();
tell(`a key in a bench file of ${(text.length / 1e6).toFixed(1)} MB, ${text.split("\n").length} lines`, await type(bench.page));
await bench.close();
await server.stop();
const http = createServer((req, res) => res.setHeader("content-type", "text/html; charset=utf-8").end(
	`<!doctype html><title>perf</title><textarea wrap="off" spellcheck="false" style="width: 900px; height: 600px; font: 15px/24px monospace; white-space: pre">${text}</textarea>`));
await new Promise((done) => http.listen(0, "127.0.0.1", done));
const { page, close } = await open_page(browser, `http://127.0.0.1:${http.address().port}/`);
tell("the same in a bare textarea", await type(page));
await close();
http.close();
await browser.close();
console.log(`load ${loadavg()[0].toFixed(1)}`);
