/* help.test.mjs - the pages' links, the help, and the API explorer */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, rig, row, serious_faults, shoot, wait_until } from "./browser.mjs";
import { FakeServer } from "./fake_server.mjs";

let server;
let url;
const open = rig(async () => {
	server = new FakeServer();
	url = await server.start();
}, () => server.stop());

async function ready(hash = "", options = {}) {
	const p = await open(url + hash, options);
	await p.page.locator('[data-state="running"]').waitFor();
	return p;
}

const step = (page, n) => page.locator(".first-steps li").nth(n - 1);
const has = async (locator, name) => (await locator.getAttribute("class")).split(" ").includes(name);

test("links lead to the pages, the browser's way back leads back, and an address that is no page shows the bench", async () => {
	const { page } = await ready();
	await row(page, "T_bed").waitFor();
	await page.getByRole("navigation").getByRole("link", { name: "Help" }).click();
	await page.getByRole("heading", { name: "What mbc is not", exact: true }).waitFor();
	assert.equal(await page.getByRole("link", { name: "Help" }).getAttribute("aria-current"), "page");
	await page.goBack();
	await row(page, "T_bed").waitFor();
	await page.goto(`${url}#no-such-page/x`);
	await row(page, "T_bed").waitFor();
});

test("a page that the server does not give is told, and tried again", async () => {
	const { page } = await ready();
	await row(page, "T_bed").waitFor();
	let is_away = true;
	await page.route(/\/help-[^/]*\.js$/, (route) => (is_away ? route.fulfill({ status: 503, body: "" }) : route.fallback()));
	await page.getByRole("navigation").getByRole("link", { name: "Help" }).click();
	await page.getByText("This page cannot be loaded from the server now").waitFor();
	await page.getByRole("button", { name: "Load anew" }).waitFor();
	await page.getByRole("navigation").getByRole("link", { name: "Bench", exact: true }).click();
	await row(page, "T_bed").waitFor();
	is_away = false;
	await page.getByRole("navigation").getByRole("link", { name: "Help" }).click();
	await page.getByRole("heading", { name: "What mbc is not", exact: true }).waitFor();
});

test("five steps say how far they are", async () => {
	server.down.set("io", "no_answer");
	const { page } = await ready("#help");
	await page.locator(".safety-first").getByText("not a safety instrumented system").waitFor();
	await wait_until("an instrument that is down", async () => has(step(page, 2), "open"));
	assert.match(await step(page, 2).innerText(), /Not up: io/);
	assert.ok(await has(step(page, 1), "open"));
	await page.getByRole("checkbox").check();
	await wait_until("read", async () => has(step(page, 1), "done"));
	await page.reload();
	await wait_until("remembered", async () => has(step(page, 1), "done"));
	server.down.delete("io");
	await wait_until("all are up", async () => has(step(page, 2), "done"));
	server.refusing_streams = true;
	server.cut_streams();
	await page.locator('[data-state="lost"]').waitFor();
	await wait_until("nothing is called done that is not known", async () => has(step(page, 2), "unknown"));
});

test("each reason of a quality is found with its remedy, in both languages", async () => {
	const { page } = await ready("#help");
	await page.getByRole("searchbox", { name: "Search in reasons" }).fill("sensor_fault");
	await eventually(async () => assert.equal(await page.locator(".help tbody tr").count(), 1));
	const text = await page.locator(".help tbody tr").innerText();
	await page.locator(".language").click();
	await page.getByRole("heading", { name: "Ce que mbc n'est pas", exact: true }).waitFor();
	await eventually(async () => assert.notEqual(await page.locator(".help tbody tr").innerText(), text));
});

test("the explorer lists the server's own description, and asks what only asks", async () => {
	const { page, strangers } = await ready("#help/api");
	const search = page.getByRole("searchbox", { name: "Search in addresses" });
	await search.fill("GET /api/v1/channels/{name}");
	await page.locator(".api-head").first().click();
	const card = page.locator('[data-operation="GET /api/v1/channels/{name}"]');
	assert.ok(await card.getByRole("button", { name: "Ask" }).isDisabled());
	await card.getByText("tell first: name").waitFor();
	await card.getByLabel("name").fill("T_bed");
	await card.getByRole("button", { name: "Ask" }).click();
	await card.locator(".api-answer").waitFor();
	assert.match(await card.locator(".api-answer").innerText(), /"name": "T_bed"/);
	assert.match(await card.locator(".api-curl").innerText(), /^curl 'http:\/\/127\.0\.0\.1:\d+\/api\/v1\/channels\/T_bed'$/);
	await card.getByLabel("name").fill("nobody");
	await card.getByRole("button", { name: "Ask" }).click();
	await eventually(async () => assert.match(await card.locator(".api-status").innerText(), /^404/));
	await search.fill("PUT /api/v1/channels/{name}");
	await page.locator(".api-head").first().click();
	const put = page.locator('[data-operation="PUT /api/v1/channels/{name}"]');
	await put.getByText("not tried from here").waitFor();
	assert.equal(await put.getByRole("button", { name: "Ask" }).count(), 0);
	assert.deepEqual(strangers, []);
});

for (const [name, options] of Object.entries({ phone: { viewport: { width: 360, height: 740 } }, wall: { viewport: { width: 2560, height: 1440 } },
	dark: { colorScheme: "dark" } }))
	test(`help and explorer on ${name}: nothing sideways, nothing serious for axe`, async () => {
		for (const hash of ["#help", "#help/api"]) {
			const { page, complaints } = await ready(hash, options);
			await page.locator(hash === "#help" ? ".first-steps" : ".api-head").first().waitFor();
			if (hash !== "#help")
				await page.locator(".api-head").first().click();
			const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
			assert.ok(wide <= 0, `${hash} is ${wide} px too wide`);
			assert.deepEqual(await serious_faults(page), []);
			assert.deepEqual(complaints, []);
			await shoot(page, `help-${name}${hash.replace(/[#/]/g, "-")}`);
		}
	});
