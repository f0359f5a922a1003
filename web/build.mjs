/* build.mjs - make the page's files: node build.mjs OUTPUT_FOLDER
 *
 * The same input gives the same bytes: no time, no path, no source map. The texts of quality reasons and of
 * gaps come from the controller's own tables, so that page and API can never say different things about the same token.
 */
import * as esbuild from "esbuild";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

const files_of = (folder, end) => readdirSync(join(here, folder), { recursive: true }).map(String).filter((name) => name.endsWith(end)).sort();

/* src/words: a file a language, English first; each is loaded when it is spoken. What the switch says of a language stands there in its own words. */
const languages = {
	name: "languages",
	setup(build) {
		const folder = join(here, "src/words");
		build.onResolve({ filter: /^words$/ }, () => ({ path: "words", namespace: "languages" }));
		build.onLoad({ filter: /.*/, namespace: "languages" }, () => {
			const found = files_of("src/words", ".ts").map((name) => name.slice(0, -3)).sort((a, b) => (b === "en") - (a === "en"));
			const shows = Object.fromEntries(found.map((name) => [name, /language_show: (".*"),/.exec(readFileSync(join(folder, `${name}.ts`), "utf8"))[1]]));
			return {
				contents: `export const loaders = { ${found.map((name) => `${name}: () => import("./${name}")`).join(", ")} };\n`
					+ `export const shows = { ${found.map((name) => `${name}: ${shows[name]}`).join(", ")} };`,
				resolveDir: folder,
			};
		});
	},
};

/* One sheet for all pages, app.css first: a page that is loaded later finds its own there. */
const styles = {
	name: "styles",
	setup(build) {
		build.onResolve({ filter: /^styles$/ }, () => ({ path: "styles", namespace: "styles" }));
		build.onLoad({ filter: /.*/, namespace: "styles" }, () => ({
			contents: ["app.css", ...files_of("src", ".css").filter((name) => name !== "app.css")].map((name) => `import "./${name}";`).join("\n"),
			resolveDir: join(here, "src"),
		}));
		build.onResolve({ filter: /\.css$/ }, (args) =>
			(/\.tsx?$/.test(args.importer) ? { path: args.path, namespace: "elsewhere" } : undefined));
		build.onLoad({ filter: /.*/, namespace: "elsewhere" }, () => ({ contents: "", loader: "js" }));
	},
};

/* The licences of what is bundled travel with it. */
function licences() {
	const texts = ["preact", "uplot"].map((name) => {
		const text = readFileSync(join(here, "node_modules", name, "LICENSE"), "utf8").trim();
		return `${name}\n\n${text.replace(/\r/g, "")}`;
	});
	return `The scripts of this page contain:\n\n${texts.join("\n\n")}\n`;
}

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
await esbuild.build({
	absWorkingDir: here,
	entryPoints: { app: "src/app.tsx" },
	outdir: join(process.cwd(), out),
	bundle: true,
	splitting: true,
	chunkNames: "[name]-[hash]",
	minify: true,
	format: "esm",
	target: ["es2020", "chrome100", "firefox100", "safari15"],
	charset: "utf8",
	legalComments: "none",
	plugins: [tables, languages, styles],
	logLevel: "warning",
});
for (const name of ["index.html", "favicon.svg"])
	copyFileSync(join(here, "src", name), join(out, name));
writeFileSync(join(out, "licences.txt"), licences());
const TYPES = { html: "text/html; charset=utf-8", js: "text/javascript; charset=utf-8", css: "text/css; charset=utf-8", svg: "image/svg+xml", txt: "text/plain; charset=utf-8" };
writeFileSync(join(out, "manifest"), readdirSync(out).sort().map((name) => `${name} ${TYPES[name.split(".").at(-1)]}\n`).join(""));
