/* axe.mjs - what axe finds on the page that is shown: nothing serious may be among it */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export async function assert_accessible(page, where) {
	await page.evaluate(source);
	const found = await page.evaluate(async () => (await globalThis.axe.run(document, { resultTypes: ["violations"] })).violations
		.filter((v) => v.impact === "serious" || v.impact === "critical")
		.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.html.slice(0, 140)} ${n.any.map((c) => c.message).join(" ")}`).join(" | ")}`));
	assert.deepEqual(found, [], where);
}
