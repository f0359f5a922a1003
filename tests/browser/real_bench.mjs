/* real_bench.mjs - the programs of MBC_BUILD (else ../../build) as a test starts them: a bench in a folder of its own, and its orderly end */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { eventually } from "./browser.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const BUILD = process.env.MBC_BUILD ?? join(ROOT, "build");
const MBC = join(BUILD, "mbc");
const PATIENCE_MS = 60_000;

export const PASSWORD = "correct horse battery";
export const not_built = !existsSync(MBC) && "mbc is not built";

/* Below those that the kernel gives to connections, which would take it again before it is used. */
export async function free_port() {
	for (;;) {
		const port = 10000 + Math.floor(Math.random() * 22000);
		const is_free = await new Promise((done) => {
			const server = createServer();
			server.once("error", () => done(false));
			server.listen(port, "127.0.0.1", () => server.close(() => done(true)));
		});
		if (is_free)
			return port;
	}
}

export class RealBench {
	/* text: the bench file, with `bench: NAME` and its `serve:`; files: { "sequences/x.seq": text } beside it */
	constructor(name, text, files = {}) {
		this.name = name;
		this.place = mkdtempSync(join(tmpdir(), "mbc-test-"));
		this.file = join(this.place, "bench.yaml");
		for (const [path, content] of Object.entries({ "bench.yaml": text, ...files })) {
			mkdirSync(dirname(join(this.place, path)), { recursive: true });
			writeFileSync(join(this.place, path), content);
		}
		for (const sub of ["run", "state"])
			mkdirSync(join(this.place, sub), { mode: 0o700 });
		this.env = { ...process.env, MBC_RUN_DIR: join(this.place, "run"), MBC_STATE_DIR: join(this.place, "state"), MBC_USERS: "one" }; /* its files are its user's own */
		this.children = [];
		this.running = null;
		this.url = null;
	}

	/* A program, when it has said `what`: the child, and what was found. It is read on, lest it wait for us. */
	start(words, what) {
		const child = spawn(MBC, words, { env: this.env, cwd: this.place, stdio: ["ignore", "pipe", "pipe"] });
		this.children.push(child);
		return new Promise((done, fail) => {
			let said = "";
			const timer = setTimeout(() => fail(new Error(`'mbc ${words[0]}' did not start: ${said}`)), PATIENCE_MS);
			const take = (bytes) => {
				said = (said + bytes).slice(-100_000);
				const found = what.exec(said);
				if (found) {
					clearTimeout(timer);
					done({ child, found });
				}
			};
			child.stdout.on("data", take);
			child.stderr.on("data", take);
			child.once("exit", (code) => {
				clearTimeout(timer);
				fail(new Error(`'mbc ${words[0]}' ended with ${code}: ${said}`));
			});
		});
	}

	/* Its simulated instruments, on all of its links: they say a line of each. */
	async twin(links) {
		await this.start(["twin", this.file], new RegExp(`(?:[^\\n]*\\n){${links}}`));
	}

	async run() {
		const { child, found } = await this.start(["run", this.file], new RegExp(`bench '${this.name}': (http:\\S+)`));
		this.running = child;
		this.url = found[1];
		return this.url;
	}

	/* The command line of this bench: what it prints. `mbc twin` takes its file instead of its name. */
	mbc(words, input = "") {
		return new Promise((done, fail) => {
			const child = execFile(MBC, words[0] === "twin" ? [...words, this.file] : [...words, "--bench", this.name], { env: this.env, cwd: this.place, timeout: PATIENCE_MS },
				(error, out, err) => (error ? fail(new Error(`mbc ${words.join(" ")}: ${err || error}`)) : done(out)));
			child.stdin.on("error", () => undefined); /* it may have ended without reading */
			child.stdin.end(input);
		});
	}

	/* An account, known to the server when this comes back; the gate may not be there at once. */
	async user(name, ...grants) {
		await eventually(() => this.mbc(["user", "add", ...grants, name], `${PASSWORD}\n`), PATIENCE_MS);
		await eventually(async () => assert.ok((await (await fetch(new URL("api/v1/session", this.url))).json()).accounts), PATIENCE_MS);
	}

	/* Process id of each of the bench's own processes by its short name, as the kernel tells them. */
	pids() {
		const { pid } = this.running;
		const found = { supervise: pid };
		for (const child of readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" "))
			try {
				found[readFileSync(`/proc/${child}/comm`, "utf8").trim().replace(/^mbc-/, "")] = Number(child);
			} catch {
				/* It has just ended. */
			}
		return found;
	}

	/* The bench, as by Ctrl-C; its simulated instruments stay. */
	async stop() {
		await this.#end(this.running);
		this.running = null;
	}

	async end() {
		for (const child of this.children.toReversed()) /* the bench before its instruments */
			await this.#end(child);
		rmSync(this.place, { recursive: true, force: true });
	}

	async #end(child) {
		if (child.exitCode !== null || child.signalCode !== null)
			return;
		const ended = new Promise((done) => child.once("exit", done));
		child.kill("SIGCONT"); /* a test may have stopped it */
		child.kill("SIGTERM");
		await ended;
	}
}

/* The demonstration bench, as `mbc demo` has it, on ports that are free here; started anew it has the same ones. */
export async function demo_bench() {
	const text = [`bench: demo\nextends: "${join(ROOT, "benches/demo/bench.yaml")}"\nlinks:\n`];
	for (const link of ["flow_line", "inputs", "outputs"])
		text.push(`  ${link}: {tcp: "127.0.0.1:${await free_port()}"}\n`);
	const bench = new RealBench("demo", "");
	text.push(`  furnace_line: {serial: "${join(bench.place, "line")}"}\nserve: {listen: "127.0.0.1:${await free_port()}"}\n`);
	writeFileSync(bench.file, text.join(""));
	try {
		await bench.twin(4);
		await bench.run();
	} catch (error) {
		await bench.end();
		throw error;
	}
	return bench;
}
