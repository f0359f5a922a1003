/* file.test.mjs - the pure parts of the editor of the bench file: colours, differences, one question at a time */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as esbuild from "esbuild";

async function load(name) {
	const { outputFiles } = await esbuild.build({ entryPoints: [new URL(`../src/${name}`, import.meta.url).pathname], bundle: true, format: "esm", write: false });
	return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString("base64")}`);
}
const { yaml_colours } = await load("yaml_colours.ts");
const { line_diff } = await load("line_diff.ts");
const { Checker, Again } = await load("checker.ts");

const colour = (line) => yaml_colours(line).filter((p) => p.kind !== "plain").map((p) => [p.kind, p.text]);
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
/* A generator of whole numbers that is the same each time. */
const numbers = (seed) => () => (seed = (seed * 1103515245 + 12345) % 2147483648) >> 8;

test("keys, texts, numbers with units, comments; together they are the line", () => {
	assert.deepEqual(colour("  T_bed: {range: 0 to 800 degC, on: true} # hot"), [["word", "T_bed"], ["word", "range"], ["number", "0 "], ["number", "800 degC"], ["word", "on"],
		["number", "true"], ["comment", " # hot"]].map(([k, t]) => [k, t === "0 " ? "0 to" : t]));
	assert.deepEqual(colour("title: \"a # b: 3\""), [["word", "title"], ["text", "\"a # b: 3\""]]);
	assert.deepEqual(colour("# all of it: 3"), [["comment", "# all of it: 3"]]);
	assert.deepEqual(colour("note: it's fine http://x:8080#y"), [["word", "note"], ["number", "8080"]]);
	const next = numbers(7);
	const signs = " :#'\"{}[],-ab3.%&*\\\t";
	for (let n = 0; n < 3000; n++) {
		const line = Array.from({ length: next() % 40 }, () => signs[next() % signs.length]).join("");
		assert.equal(yaml_colours(line).map((p) => p.text).join(""), line);
	}
	for (const bench of ["demo"])
		for (const line of readFileSync(new URL(`../../benches/${bench}/bench.yaml`, import.meta.url), "utf8").split("\n"))
			assert.equal(yaml_colours(line).map((p) => p.text).join(""), line);
	const begun = performance.now();
	yaml_colours("'".repeat(2000));
	yaml_colours("\"\\".repeat(1000));
	yaml_colours("1".repeat(2000));
	assert.ok(performance.now() - begun < 5000, "no line takes long");
});

test("a difference put in place gives the other text", () => {
	assert.equal(line_diff("a\nb\n", "a\nb\n"), "");
	assert.equal(line_diff("a\nb\nc\n", "a\nB\nc\n"), "@@ -1 +1 @@\n a\n-b\n+B\n c\n ");
	const next = numbers(3);
	for (let n = 0; n < 40; n++) {
		const was = Array.from({ length: next() % 30 }, () => `line ${next() % 9}`);
		const is = was.flatMap((l) => (next() % 6 === 0 ? [] : next() % 6 === 0 ? [l, `new ${next() % 5}`] : [l]));
		const told = line_diff(was.join("\n"), is.join("\n")).split("\n");
		if (was.join("\n") === is.join("\n"))
			continue;
		/* Each piece says where it is: put in place by its signs it gives the other text. */
		const out = [...was];
		let moved = 0;
		let at = 0;
		for (const l of told) {
			const head = /^@@ -(\d+) \+(\d+) @@$/.exec(l);
			if (head)
				at = Number(head[1]) - 1 + moved;
			else if (l[0] === " ")
				assert.equal(out[at++], l.slice(1));
			else if (l[0] === "-") {
				assert.equal(out.splice(at, 1)[0], l.slice(1));
				moved--;
			} else {
				out.splice(at++, 0, l.slice(1));
				moved++;
			}
		}
		assert.equal(out.join("\n"), is.join("\n"), `${was}|${is}`);
	}
	const big = Array.from({ length: 30000 }, (_, k) => `${k}`);
	const begun = performance.now();
	assert.ok(line_diff(big.join("\n"), [...big].reverse().join("\n")).length > 0);
	assert.ok(performance.now() - begun < 20000, "however much differs");
});

test("one question at a time, the last wish wins, what is old is told to nobody", async () => {
	const asked = [];
	const told = [];
	const answers = [];
	const checker = new Checker((text) => {
		asked.push(text);
		return new Promise((done, fail) => answers.push({ done, fail }));
	}, (of, answer, why) => told.push([of, answer, why]), 20);
	const until = async (n) => {
		for (let k = 0; k < 500 && answers.length < n; k++)
			await pause(10);
		assert.equal(answers.length, n);
	};
	checker.want("a", 0);
	await until(1);
	checker.want("b", 0);
	checker.want("c", 0);
	await pause(50);
	assert.deepEqual(asked, ["a"]);
	answers[0].done("of a");
	await until(2);
	assert.deepEqual([asked, told], [["a", "c"], []]);
	answers[1].fail(new Again("busy"));
	await until(3);
	assert.deepEqual(told, [["c", null, "busy"]]);
	answers[2].done("of c");
	await pause(50);
	assert.deepEqual(told.at(-1), ["c", "of c", ""]);
	checker.want("d", 0);
	await until(4);
	answers[3].fail(new Error("no"));
	await pause(80);
	assert.deepEqual(told.at(-1), ["d", null, "no"]);
	assert.equal(answers.length, 4, "what was refused is not asked again");
	checker.want("e", 0);
	checker.stop();
	await pause(50);
	assert.equal(answers.length, 4);
});
