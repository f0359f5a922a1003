/* load.mjs - a source of the page as a module for node */
import * as esbuild from "esbuild";

export async function load(name) {
	const { outputFiles } = await esbuild.build({ entryPoints: [new URL(`../src/${name}.ts`, import.meta.url).pathname],
		bundle: true, format: "esm", write: false });
	return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString("base64")}`);
}
