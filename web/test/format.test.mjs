/* format.test.mjs - times and ages as people read them */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as esbuild from "esbuild";

/* Without the words, which are made from other files when the page is built. */
const no_words = { name: "no-words", setup(build) {
	build.onResolve({ filter: /i18n$/ }, () => ({ path: "words", namespace: "none" }));
	build.onLoad({ filter: /.*/, namespace: "none" }, () => ({ contents: "export const words = () => ({});" }));
} };
const { outputFiles } = await esbuild.build({ entryPoints: [new URL("../src/format.ts", import.meta.url).pathname], bundle: true, format: "esm", write: false,
	plugins: [no_words] });
const { format_age } = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString("base64")}`);

test("what a clock that was set back has stamped is as old as nobody knows", () => {
	assert.equal(format_age(-3_600_000), "?");
	assert.equal(format_age(-2001), "?");
	assert.equal(format_age(-1500), "0\u00a0s", "two clocks never agree to the millisecond");
	assert.equal(format_age(90_000), "90\u00a0s");
});
