/* page.mjs - what the page takes: 600 channels at 10 Hz on a screen, and the first paint
 *
 * node perf/page.mjs [URL], after `npm ci --ignore-scripts` in web/ and tests/browser/. The processor time of the page's main thread is the kernel's own count of it, so
 * that other work on the computer does not stand in it; Chromium draws by software here, which is other threads' work. With the URL of a running bench, such as that
 * of `mbc demo`, the first paint is measured there, else on the server of the tests.
 */
import { readFileSync, readdirSync } from "node:fs";
import { loadavg } from "node:os";
import { FakeServer } from "../tests/browser/fake_server.mjs";
import { open_page, start_browser } from "../tests/browser/browser.mjs";

const HZ = 100; /* ticks of the kernel in /proc, on Linux */
const CHANNELS = 600;
const SECONDS = 20;

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

/* The main thread of the one renderer that has worked most since the beginning of the measurement: the page's. */
function main_threads() {
	const found = new Map();
	for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
		try {
			if (!readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("--type=renderer"))
				continue;
			const fields = readFileSync(`/proc/${pid}/task/${pid}/stat`, "utf8").replace(/^.*\) /, "").split(" ");
			found.set(pid, (Number(fields[11]) + Number(fields[12])) / HZ);
		} catch {
			/* it has gone meanwhile */
		}
	}
	return found;
}

async function share_of(page, seconds) {
	const before = main_threads();
	await page.waitForTimeout(seconds * 1000);
	return Math.max(...[...main_threads()].map(([pid, s]) => s - (before.get(pid) ?? s))) / seconds;
}

const browser = await start_browser();
const server = new FakeServer({ extra: CHANNELS });
server.period_ms = 100;
const url = await server.start();
for (const [what, hash] of [["the table, all groups open", ""], ["Trends, eight lines", "#trends/c=T_bed,T_furn,N2_flow,H2_flow,total,P_in,LEL_room,furnace.ai0"],
	["Display", "#kiosk/T_bed,T_furn,N2_flow,H2_flow,total,P_in"]]) {
	const { page, close } = await open_page(browser, url + hash);
	await page.locator('[data-state="running"]').waitFor();
	if (hash === "")
		await page.evaluate(() => {
			for (const group of document.querySelectorAll('tr button[aria-expanded="false"]'))
				group.click();
		});
	await page.waitForTimeout(3000);
	const rows = await page.locator("tr[data-channel]").count();
	console.log(`| ${CHANNELS} channels at 10 Hz, ${what} | ${(100 * await share_of(page, SECONDS)).toFixed(0)} % of a core | <= 30 % | main thread of the page, ${SECONDS} s${rows > 0 ? `; ${rows} rows drawn` : ""} |`);
	await close();
}

const target = process.argv[2] ?? url;
const paints = [];
let bytes = 0; /* packed, where the server packs them */
const values = [];
for (let k = 0; k < 7; k++) {
	const { page, close } = await open_page(browser, target);
	await page.locator("tr[data-channel]").first().waitFor();
	paints.push(await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime));
	values.push(await page.evaluate(() => performance.now()));
	bytes = await page.evaluate(() => performance.getEntriesByType("resource").filter((e) => /\.(js|css)$/.test(e.name)).reduce((sum, e) => sum + e.encodedBodySize, 0));
	await close();
}
console.log(`| first paint; first values in the table${process.argv[2] ? ", a running bench" : ""} | ${median(paints).toFixed(0)} ms; ${median(values).toFixed(0)} ms | <= 1 s | a fresh profile each time |`);
if (process.argv[2])
	console.log(`| scripts and style that the bench page loads, packed | ${(bytes / 1000).toFixed(0)} kB | <= 120 kB |  |`);
console.log(`load ${loadavg()[0].toFixed(1)}`);
await browser.close();
await server.stop();
