/* openapi.test.mjs - the explorer reads the server's own description */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { load } from "./load.mjs";

const { address, curl, example_of, missing, operations } = await load("openapi");
const doc = JSON.parse(readFileSync(new URL("../../src/serve/openapi.json", import.meta.url), "utf8"));
const all = operations(doc);
const find = (id) => all.find((op) => op.id === id);

test("each operation of the description is one", () => {
	const n = Object.values(doc.paths).flatMap((methods) => Object.keys(methods).filter((m) => m !== "parameters")).length;
	assert.equal(all.length, n);
	assert.equal(new Set(all.map((op) => op.id)).size, n);
	for (const op of all) {
		assert.notEqual(op.summary, "", op.id);
		assert.notEqual(op.answers.length, 0, op.id);
		for (const [, name] of op.path.matchAll(/\{(\w+)\}/g))
			assert.ok(op.params.some((p) => p.in === "path" && p.name === name), `${op.id} does not describe ${name}`);
	}
});

test("an address has what was told, and nothing else", () => {
	const op = find("GET /api/v1/history/{name}");
	assert.deepEqual(missing(op, {}), ["name"]);
	assert.equal(address(op, {}), "api/v1/history/{name}");
	assert.equal(address(op, { name: "T bed/1", from: "-1h", to: "2026-03-01T12:00:00+01:00", x: "" }),
		"api/v1/history/T%20bed%2F1?from=-1h&to=2026-03-01T12:00:00%2B01:00");
	assert.deepEqual(missing(op, { name: "T_bed" }), []);
});

test("a body has an example of its schema, however deep", () => {
	const schema = { type: "object", properties: { a: { $ref: "#/components/schemas/A" }, b: { type: ["integer", "null"] }, c: { enum: ["x", "y"] } } };
	assert.deepEqual(example_of(schema, { paths: {}, components: { schemas: { A: { type: "array", items: { type: "string" } } } } }), { a: [""], b: 0, c: "x" });
	const round = { $ref: "#/components/schemas/R" };
	assert.doesNotThrow(() => example_of(round, { paths: {}, components: { schemas: { R: { type: "array", items: round } } } }));
	assert.equal(example_of({ $ref: "#/components/schemas/none" }, { paths: {} }), null);
});

test("a line for a shell cannot be broken out of", () => {
	const line = curl(find("PUT /api/v1/channels/{name}"), { name: "it's; rm -rf /" }, "http://127.0.0.1:8080/", doc);
	assert.match(line, /^curl -X PUT -H 'Authorization: Bearer TOKEN' -H 'Content-Type: application\/json' -d '\{.*\}' 'http/);
	assert.match(line, /it'\\''s%3B%20rm%20-rf%20%2F'$/);
	assert.match(curl(find("GET /api/v1/stream"), {}, "http://h/", doc), /^curl -N '/);
});
