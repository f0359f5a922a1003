/* tabs.test.mjs - several tabs of one browser on one bench: one of them listens to the server, all show what it hears */
import { after, afterEach, before, beforeEach, test } from "node:test";
import { row, start_browser, value_of, wait_until } from "./browser.mjs";
import { FakeServer } from "./fake_server.mjs";

let browser;
let server;
let url;
let context;

before(async () => {
	browser = await start_browser();
});

after(() => browser.close());

beforeEach(async () => {
	server = new FakeServer();
	url = await server.start();
	context = await browser.newContext({ viewport: { width: 1000, height: 700 }, locale: "en-GB" });
});

afterEach(async () => {
	await context.close();
	await server.stop();
});

async function open_tab() {
	const page = await context.newPage();
	page.setDefaultTimeout(60000);
	await page.goto(url);
	await page.locator('[data-state="running"]').waitFor();
	await row(page, "T_bed").waitFor();
	return page;
}

async function open_tabs(n) {
	const tabs = [];
	for (let i = 0; i < n; i++)
		tabs.push(await open_tab());
	return tabs;
}

const class_of = (page, name) => row(page, name).getAttribute("class");

async function all_show(tabs, value, text) {
	server.force("T_bed", value, "good", "good");
	for (const page of tabs)
		await wait_until(`${text} in each tab`, async () =>
			(await value_of(page, "T_bed")) === text && /\bgood\b/.test(await class_of(page, "T_bed")));
}

const one_stream = () => wait_until("one stream", () => server.streams.size === 1);

test("eight tabs have one stream, and all follow it", async () => {
	const tabs = await open_tabs(8);
	await one_stream();
	await all_show(tabs, 123.456, "123.46");
	server.force("T_bed", 0, "bad", "no_answer");
	for (const page of tabs)
		await wait_until("the fault in each tab", async () => /\bbad\b/.test(await class_of(page, "T_bed")));
});

test("when the tab that listens is closed another one goes on", async () => {
	const [first, ...others] = await open_tabs(3);
	await one_stream();
	await first.close();
	await all_show(others, 222.5, "222.50");
	await one_stream();
	await others.shift().close();
	await all_show(others, 333.5, "333.50");
});

test("a tab that is opened later has the values that do not change", async () => {
	server.force("T_bed", 77.25, "good", "good");
	await open_tab();
	const late = await open_tab();
	await wait_until("the value", async () => (await value_of(late, "T_bed")) === "77.25");
	await one_stream();
});

test("when the server's stream breaks, all tabs say so, and all come back", async () => {
	const tabs = await open_tabs(2);
	server.refusing_streams = true;
	server.cut_streams();
	for (const page of tabs)
		await page.locator('[data-state="lost"]').waitFor();
	for (const page of tabs)
		await wait_until("no value is good", async () => /\bbad\b/.test(await class_of(page, "T_bed")));
	server.refusing_streams = false;
	for (const page of tabs)
		await page.locator('[data-state="running"]').waitFor();
	await all_show(tabs, 44.5, "44.50");
	await one_stream();
});

test("a tab that passes nothing on leaves no other one without values", async () => {
	await context.addInitScript(() => {
		const post = BroadcastChannel.prototype.postMessage;
		BroadcastChannel.prototype.postMessage = function (data) {
			if (!window.is_mute)
				post.call(this, data);
		};
	});
	const tabs = await open_tabs(2);
	await one_stream();
	await tabs[0].evaluate(() => {
		window.is_mute = true;
	});
	await wait_until("a stream of its own", () => server.streams.size === 2);
	await all_show(tabs, 55.5, "55.50");
	await tabs[0].evaluate(() => {
		window.is_mute = false;
	});
	await one_stream();
	await all_show(tabs, 66.5, "66.50");
});
