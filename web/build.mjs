/* build.mjs - make the page's files: node build.mjs OUTPUT_FOLDER
 *
 * The same input gives the same bytes: no time, no path, no source map. The texts of quality reasons and of
 * gaps come from the controller's own tables, so that page and API can never say different things about the same token.
 */
import * as esbuild from "esbuild";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2];
if (!out) {
	console.error("build.mjs: no output folder given; run: node build.mjs dist");
	process.exit(1);
}

/* Rows of quality.def as { token: [text en, text fr, remedy en, remedy fr] }, of gap.def as { token: [en, fr] }. */
function read_table(path) {
	const text = readFileSync(path, "utf8").replace(/\/\*[^]*?\*\//g, "");
	const table = {};
	const take = (token, list) =>
		table[token] = [...list.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((m) => JSON.parse(m[0]));
	for (const row of text.matchAll(/QUALITY\(\w+,\s*\w+,\s*"(\w+)"((?:,\s*"(?:[^"\\]|\\.)*"){4})/g))
		take(row[1], row[2]);
	for (const row of text.matchAll(/GAP\((\w+)((?:,\s*"(?:[^"\\]|\\.)*"){2})\)/g))
		take(row[1], row[2]);
	if (!("good" in table) && !("computer_off" in table))
		throw new Error(`${path}: no rows understood; adapt read_table in build.mjs`);
	return table;
}

const tables = {
	name: "tables",
	setup(build) {
		build.onLoad({ filter: /\.def$/ }, (args) => ({
			contents: JSON.stringify(read_table(args.path)),
			loader: "json",
			watchFiles: [args.path],
		}));
	},
};

/* src/words: a file a language, English first. */
const languages = {
	name: "languages",
	setup(build) {
		const folder = join(here, "src/words");
		build.onResolve({ filter: /^words$/ }, () => ({ path: "words", namespace: "languages" }));
		build.onLoad({ filter: /.*/, namespace: "languages" }, () => {
			const found = readdirSync(folder).map((name) => name.replace(/\.ts$/, "")).sort((a, b) => (b === "en") - (a === "en") || (a < b ? -1 : 1));
			const lines = found.map((name) => `import ${name} from "./${name}";`);
			return { contents: `${lines.join("\n")}\nexport default { ${found.join(", ")} };`, resolveDir: folder };
		});
	},
};

/* The licences of what is bundled travel with it. */
function licences() {
	const texts = ["preact", "uplot"].map((name) => {
		const text = readFileSync(join(here, "node_modules", name, "LICENSE"), "utf8").trim();
		return `${name}\n\n${text.replace(/\r/g, "")}`;
	});
	return `/*! This file contains:\n\n${texts.join("\n\n")}\n*/`;
}

mkdirSync(out, { recursive: true });
await esbuild.build({
	absWorkingDir: here,
	entryPoints: { app: "src/app.tsx" },
	outdir: join(process.cwd(), out),
	bundle: true,
	minify: true,
	format: "iife",
	target: ["es2020", "chrome100", "firefox100", "safari15"],
	charset: "utf8",
	legalComments: "none",
	footer: { js: licences() },
	plugins: [tables, languages],
	logLevel: "warning",
});
for (const name of ["index.html", "favicon.svg"])
	copyFileSync(join(here, "src", name), join(out, name));
writeFileSync(join(out, "manifest"), [
	"index.html text/html; charset=utf-8",
	"app.js text/javascript; charset=utf-8",
	"app.css text/css; charset=utf-8",
	"favicon.svg image/svg+xml",
	"",
].join("\n"));
