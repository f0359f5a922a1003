/* fake_server.mjs - a bench that exists only here: the API of the page, with faults on command
 *
 * Serves web/dist under the headers of the real server, on a free loopback port. By hand: node fake_server.mjs 8099
 */
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "../../web/dist");
const OPENAPI = new URL("../../src/serve/openapi.json", import.meta.url);
const HEADERS = {
	"Content-Security-Policy": "default-src 'self'",
	"X-Content-Type-Options": "nosniff",
	"Referrer-Policy": "no-referrer",
	"Cache-Control": "no-store",
};
const TEXTS = {
	good: ["good", ""],
	no_answer: ["no answer", "check the unit number, wiring and 'timeout'"],
	source_bad: ["computed from a bad value", "look at the channels it is computed from"],
	out_of_range: ["outside its range", "check the sensor, the scale and 'range'"],
	controller_down: ["the controller does not run", "see the log of 'mbc run'"],
};

/* name, title, type, unit, min, max, instrument, value at time t (s) */
const BENCH = [
	["T_bed", "Catalyst bed", "float", "degC", 0, 800, "daq", (t) => 431 + 40 * Math.sin(t / 25) + Math.sin(t * 3)],
	["T_furn", "Furnace", "float", "degC", 0, 700, "furnace", (t) => 450 + 30 * Math.sin(t / 25 + 0.5)],
	["N2_flow", "Nitrogen, carrier", "float", "mL/min", 0, 100, "mfc_n2", (t) => 60 + 0.3 * Math.sin(t * 2)],
	["H2_flow", "Hydrogen", "float", "mL/min", 0, 50, "mfc_h2", (t) => (t % 30 < 15 ? 10 : 20) + 0.1 * Math.sin(t)],
	["total", "Total flow", "float", "mL/min", null, null, null, (t) => 75 + 5 * Math.sin(t / 10)],
	["P_in", "Pressure at the inlet", "float", "bar", 0, 10, "daq", (t) => 2.01 + 0.01 * Math.sin(t)],
	["V_H2", "Hydrogen valve", "choice", "", null, null, "io", () => "open"],
	["LEL_room", "Gas detector", "float", "%LEL", 0, 100, "daq", () => 1.25],
	["door", "Cabinet door", "bool", "", null, null, "io", () => true],
	["count", "Injections", "uint", "", null, null, "io", (t) => Math.floor(t / 60) % 1000],
	["note", "Message of the analyser", "text", "", null, null, "io", () => "ready"],
];
/* Outputs: what may be asked of them, and what the controller says about them. */
const OUTPUTS = {
	T_furn: { set_min: 0, set_max: 700, ramp_per_min: 20, hazard: null, asks_confirm: false, target: 120 },
	N2_flow: { set_min: 0, set_max: 100, ramp_per_min: null, hazard: null, asks_confirm: false, target: 60 },
	H2_flow: { set_min: 0, set_max: 50, ramp_per_min: 60, hazard: "fuel", asks_confirm: false, target: 10 },
	V_H2: { set_min: null, set_max: null, ramp_per_min: null, hazard: null, asks_confirm: true, target: "open", choices: ["closed", "open"],
		confirm: "the bottle is open" },
	door: { set_min: null, set_max: null, ramp_per_min: null, hazard: null, asks_confirm: false, target: true },
	count: { set_min: 0, set_max: 1000, ramp_per_min: null, hazard: null, asks_confirm: false, target: 3 },
};
/* Sequences: what is told before START, where one may go. */
const SEQUENCES = [
	{ name: "tpr", title: "Reduction", version: 3,
		parameters: [
			{ name: "hot", kind: "number", unit: "degC", required: false, value: 450, min: 200, max: 600 },
			{ name: "temps", kind: "list", unit: "degC", required: false, value: null, values: [250, 300] }],
		fields: [
			{ name: "sample", kind: "text", unit: null, required: true, value: null },
			{ name: "operator", kind: "text", unit: null, required: false, value: null }],
		steps: [
			{ number: 10, title: "Purge", comment: "with nitrogen", has_entry: false },
			{ number: 20, title: "Heat", comment: null, has_entry: true },
			{ number: 30, title: "Cool", comment: null, has_entry: true }] },
	{ name: "leak", title: "Leak test", version: 0, parameters: [], fields: [], steps: [{ number: 10, title: "Close", comment: null, has_entry: false }] },
];
const IDLE = { state: "idle", name: "", step: null, title: "", comment: "", step_time: null, current_step_time: null, total_time: null, time: null,
	time_left: null, reason: "", question: 0 };
const REHEARSAL = { bench: "tpr-1", sequence: "tpr", title: "Reduction", version: 3, level: "channels", complete: true, ends: "complete", why: null, where: null,
	takes_s: 4320, at_most_s: 9000, at_most_notes: null, parameters: {}, steps: [
		{ number: 10, title: "Purge", begins_s: 0, takes_s: 600, planned_s: 590, ends: "done" },
		{ number: 20, title: "Heat", begins_s: 600, takes_s: 3000, planned_s: 2900, ends: "done" },
		{ number: 30, title: "Cool", begins_s: 3600, takes_s: 720, planned_s: 700, ends: "done" }],
	steps_left_out: 0, events: [{ at_s: 610, step: 20, kind: "question", subject: "", text: "Cold trap filled?" }], events_left_out: 0,
	gases: [{ channel: "H2_flow", amount: 150.5, unit: "mL" }], energy: [{ channel: "heater", amount: null, unit: "J" }], not_played: ["GC"], rehearsed_in_s: 0.2 };
const PICTURE = `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 240"><style>.t{font-size:15px}</style><rect width="100%" height="100%" fill="#fff"/>
<text x="60.0" y="18.0" class="t">Reduction</text><rect class="b1" x="60" y="40" width="300" height="160"><title>20 Heat</title></rect>
<path class="l c0" d="M60 190L360 60L900 60"/><script>alert(1)</script></svg>`;
const VALVES = { N2_flow: "auto" };
const INSTRUMENTS = [
	["furnace", "Eurotherm 3216 temperature controller"],
	["daq", "Moxa ioLogik E1242"],
	["io", "Moxa ioLogik E1212"],
	["mfc_n2", "Mass flow controller"],
	["mfc_h2", "Mass flow controller"],
];

/* The record: a value each second for 30 days, but for half a day five days ago; one single spike six days ago. */
const DAY = 86400;
const RECORDED_S = 30 * DAY;
const GAP_S = [5 * DAY, 4.5 * DAY];
const SPIKE_S = 6 * DAY;
const SPIKE = 790;

/* Three earlier runs, two hours and a day apart: how long ago they began, how long they took; each with three steps. */
const RUNS = [[2 * DAY, 3600, "reduction of Pt-11"], [DAY, 3000, "reduction of Pt-12"], [7200, 1800, "reduction of Pt-13"]];
const STEPS = [[10, "Purge", 0, 0.2], [20, "Heat", 0.2, 0.7], [30, "Cool", 0.7, 1]]; /* begin, end: of the run's length */

/* A bench file and its versions: what the compiler would say is a line that says "wrong", what weakens protection one that says "weak". */
const NO_CHANGES = { new: [], gone: [], units: [], programs: [], weaker: [], stronger: [], changed: [] };
const sha256 = (text) => createHash("sha256").update(text).digest("hex");

export class FakeFile {
	constructor(text, parts = {}) {
		this.text = text;
		this.parts = parts;
		this.asked = []; /* [path, body] that change something */
		this.checks = []; /* texts */
		this.checking = 0; /* at this moment, and the most at once */
		this.most = 0;
		this.check_ms = 0;
		this.pending = null; /* {text, needs_reason, who, reason, weaker, stronger, changed} */
		this.hang_ups = 0; /* so often a file is written, and nothing is said */
		this.busy = 0; /* so many questions are refused with 429 */
		this.versions = [{ version: 1, time: iso(Date.now() - 60_000), who: "root", hash: "a".repeat(64), path: "/bench.yaml", files: 1, runs: true, never_ran: false, text }];
	}

	read(query) {
		const part = query.get("part");
		if (part !== null && !(part in this.parts))
			return [404, { detail: "the bench is made of no such file" }];
		const text = part === null ? this.text : this.parts[part];
		return [200, { file: part ?? "bench.yaml", sha256: sha256(text), text, parts: Object.keys(this.parts) }];
	}

	runs() {
		return this.versions.find((v) => v.runs);
	}

	faults(text) {
		return text.split("\n").flatMap((l, k) => (l.includes("wrong") ? [{ file: "bench.yaml", line: k + 1, column: l.indexOf("wrong") + 1, kind: "error", text: "unknown key 'wrong'",
			remedy: "use 'right'", code: "keys" }] : l.includes("odd") ? [{ file: "parts/gases.yaml", line: 2, column: 3, kind: "warning", text: "odd", remedy: null, code: null }] : []));
	}

	changes(was, is) {
		const has = (t, l) => t.split("\n").includes(l);
		const added = is.split("\n").filter((l) => !has(was, l));
		return { ...NO_CHANGES, new: added.filter((l) => l.startsWith("  U_")).map((l) => l.trim().split(":")[0]), weaker: added.filter((l) => l.includes("weak")).map((l) => `trip ${l}`),
			programs: added.filter((l) => l.includes("helper")).map(() => "/bin/sh") };
	}

	diff(was, is) {
		if (was === is)
			return "";
		const [a, b] = [was.split("\n"), is.split("\n")];
		return `--- bench.yaml  now\n+++ bench.yaml  checked\n@@ -1 +1 @@\n${a.filter((l) => !b.includes(l)).map((l) => `-${l}\n`).join("")}${b.filter((l) => !a.includes(l)).map((l) => `+${l}\n`).join("")}`;
	}

	async check(text) {
		this.checks.push(text);
		this.most = Math.max(this.most, ++this.checking);
		await new Promise((done) => setTimeout(done, this.check_ms));
		this.checking--;
		const errors = this.faults(text);
		const good = errors.every((e) => e.kind === "warning");
		const changes = good ? this.changes(this.runs().text, text) : null;
		return [200, { errors, good, changes, needs_reason: changes && changes.weaker.length > 0, diff: this.diff(this.text, text) }];
	}

	run(text, who, reason) {
		const weaker = this.changes(this.runs().text, text).weaker;
		if (weaker.length > 0) {
			this.pending = { text: "waits until T_furn is safe", needs_reason: reason === undefined, who, reason: reason ?? null, weaker, stronger: [], changed: [], of: text };
			return { state: reason === undefined ? "needs_reason" : "waits", text: "it weakens: trip weak" };
		}
		for (const v of this.versions)
			v.runs = false;
		const version = this.versions[0].version + 1;
		this.versions.unshift({ ...this.versions[0], version, time: iso(Date.now()), who, hash: sha256(text), runs: true, never_ran: false, text });
		return { state: "taken", text: "" };
	}

	put({ text, sha256: of, reason }) {
		this.asked.push(["file", { text, reason }]);
		if (of !== sha256(this.text))
			return [409, { detail: "the bench file is another one by now" }];
		if (this.faults(text).some((f) => f.kind === "error"))
			return [422, { detail: "it has errors", errors: this.faults(text) }];
		this.text = text;
		return [200, { kept: null, sha256: sha256(text), written: 1, ...this.run(text, "user:anna", reason) }];
	}

	put_part(part, { text, sha256: of }) {
		this.asked.push([part, { text, of: of ?? "" }]);
		const was = this.parts[part];
		if ((was === undefined ? "" : sha256(was)) !== (of ?? ""))
			return [409, { detail: was === undefined ? "it is not there any more" : of === undefined ? "there is a sequence of this name already" : "it is another one by now" }];
		this.parts[part] = text;
		return [200, { kept: null, sha256: sha256(text), written: 1, state: "taken", text: "" }];
	}

	undo({ to, reason }) {
		this.asked.push(["undo", { to, reason }]);
		this.text = this.versions.find((v) => v.version === to).text;
		return [200, { kept: 7, sha256: sha256(this.text), written: 1, ...this.run(this.text, "user:anna", reason) }];
	}

	async answer(method, path, query, body) {
		if (this.busy > 0) {
			this.busy--;
			return [429, { detail: "another question of this kind is under way" }];
		}
		if (path === "file")
			return method !== "PUT" ? this.read(query) : query.get("part") === null ? this.put(body) : this.put_part(query.get("part"), body);
		if (path === "file/check")
			return this.check(body.text);
		if (path === "versions")
			return [200, { versions: this.versions.map(({ text: _, ...v }) => v) }];
		const diff = /^versions\/(\d+)\/diff$/.exec(path);
		if (diff) {
			const of = (n) => this.versions.find((v) => v.version === Number(n)).text;
			const [was, is] = [of(diff[1]), query.get("to") === null ? this.runs().text : of(query.get("to"))];
			return [200, { from: Number(diff[1]), to: null, changes: this.changes(was, is), diff: this.diff(was, is) }];
		}
		if (path === "undo")
			return this.undo(body);
		this.asked.push([path, body]);
		if (this.pending === null)
			return [409, { detail: "no bench file waits" }];
		if (path === "reason") {
			Object.assign(this.pending, { needs_reason: false, reason: body.reason, who: "user:anna" });
			return [200, { state: "waits", text: "pending: T_furn is not safe" }];
		}
		this.pending = null;
		return [200, { state: "dropped", text: "the bench file that waited is dropped" }];
	}
}

const iso = (ms) => new Date(ms).toISOString();

export class FakeServer {
	constructor({ extra = 0, alarms = 0, outputs = false, trips = 0, sequences = false, protection = false } = {}) {
		const rows = [...BENCH];
		this.outputs = outputs ? structuredClone(OUTPUTS) : {};
		for (const [name, o] of Object.entries(this.outputs)) {
			const [, , type, unit] = BENCH.find((b) => b[0] === name);
			o.working = o.target;
			o.owner = "manual";
			o.mode = "manual";
			rows.push([`${name}.target`, "asked", type, unit, null, null, null, () => o.target]);
			rows.push([`${name}.working`, "sent", type, unit, null, null, null, () => o.working]);
			rows.push([`${name}.owner`, "held by", "choice", "", null, null, null, () => o.owner]);
			rows.push([`${name}.mode`, "mode", "choice", "", null, null, null, () => o.mode]);
		}
		for (let i = 0; i < trips; i++)
			rows.push([`trip.t${i}`, `Trip ${i}`, "choice", "", null, null, null, () => "ready"]);
		this.counts = false; /* counters of instruments go on */
		this.synoptic = null; /* an SVG, as text */
		this.has_protection = protection;
		if (protection)
			rows.push(["trip.no_h2", "No hydrogen", "choice", "", null, null, null, () => "ready"],
				["interlock.no_h2", "No hydrogen without nitrogen", "choice", "", null, null, null, () => "free"],
				["safe.cold", "Cold and inert", "choice", "", null, null, null, () => "idle"]);
		this.sequence = sequences ? { ...IDLE } : null; /* by channel; null: it is bad, not yet known */
		this.asks = null; /* {text, answers} */
		this.sequences = SEQUENCES;
		this.sequences_fault = false;
		this.run_orders = []; /* notes, begins and ends: {path, body} */
		this.run_ids = new Map();
		this.run_fault = null; /* of the next one of them */
		this.record = { free: false, fields: [{ name: "sample", title: "Sample", needed: true }, { name: "operator", title: "", needed: false }] };
		this.contacts = null; /* what the bench file has; told to who has signed in */
		this.runs = sequences ? [] : null; /* as /runs/ID tells them, oldest first; null: the three of RUNS */
		this.bench_file = null; /* a FakeFile */
		this.parts = null; /* {name: text}: files that the bench is made of */
		this.check_of = null; /* (text) => {errors, tree}; null: this server cannot check sequences */
		this.rehearsals = []; /* {name, form, body} that were asked */
		this.rehearsal_of = () => ({ status: 200, table: REHEARSAL, picture: PICTURE }); /* what tests change; may be a promise */
		for (const [name, v] of Object.entries(this.sequence ?? {}))
			rows.push([`sequence.${name}`, name, name === "state" ? "choice" : typeof v === "string" ? "text" : name.includes("time") ? "float" : "uint",
				name.includes("time") ? "s" : "", null, null, null, () => this.sequence[name]]);
		this.commands = []; /* what tokens may ask */
		this.token = "secret-token";
		this.people = null; /* name: password, when the bench has accounts */
		this.may = ["read", "operate"];
		this.role = "user";
		this.admin = null; /* a FakeAdmin, when tests manage the bench */
		this.kiosk = false; /* sessions are those of a display */
		this.acting = null; /* {name, until}: who acts there */
		this.pins = {};
		this.holder = null; /* who holds the bench: "user:anna" */
		this.sessions = new Map(); /* cookie: name */
		this.proofs = new Map(); /* cookie: proof, where it is that of the cookie before */
		this.orders = []; /* {method, path, body} that came with the token */
		this.verdicts = new Map(); /* id -> {status, body}; asked again, it is answered with it */
		this.verdict_of = () => ({ verdict: "verified", text: "" }); /* of a command: what tests change */
		this.order_fault = null; /* "hang up": take it, and say nothing */
		for (const [name] of INSTRUMENTS)
			for (let i = 0; i < 4; i++)
				rows.push([`${name}.ai${i}`, `Input ${i}`, "float", "V", 0, 10, name, (t) => 5 + Math.sin(t / (i + 3))]);
		for (let i = 0; i < extra; i++)
			rows.push([`rack${i % 20}.c${i}`, `Extra ${i}`, "float", "V", 0, 10, `rack${i % 20}`, (t) => Math.sin(t + i) * 10]);
		for (let i = 0; i < alarms; i++)
			rows.push([`alarm.a${i}`, `Alarm ${i}`, "choice", "", null, null, null, () => "normal"]);
		rows.push(["mbc.control.cpu", "processor time of the controller", "float", "%", null, null, null, () => 1.5]);
		rows.push(["mbc.serve.streams", "open event streams", "uint", "", null, null, null, () => this.streams.size]);
		this.rows = rows;
		this.forced = new Map(); /* name -> {value, quality, reason} */
		this.streams = new Set();
		this.state = "running";
		this.silent = false;
		this.refusing = false;
		this.refusing_streams = false;
		this.only_beats = false;
		this.tick = 0;
		this.down = new Map(); /* instrument -> reason */
		this.period_ms = 200;
		this.has_history = true;
		this.history_busy = false; /* its process is being started again */
		this.unrecorded = new Set(); /* names */
		this.events = []; /* oldest first: happened() */
		this.questions = []; /* addresses */
		this.asked_at = []; /* of the same, performance.now() */
	}

	/* What was recorded of a row at a whole second: null in the gap. */
	sample(row, s) {
		const born = Math.floor(this.born / 1000);
		if (s < born - RECORDED_S || (s >= born - GAP_S[0] && s < born - GAP_S[1]))
			return null;
		return row[0] === "T_bed" && s === born - SPIKE_S ? SPIKE : row[7](s);
	}

	gaps() {
		const born = Math.floor(this.born / 1000);
		return [
			{ from: null, to: iso((born - RECORDED_S) * 1000), cause: "first_start", text: "recording began", missed: 0 },
			{ from: iso((born - GAP_S[0]) * 1000), to: iso((born - GAP_S[1]) * 1000), cause: "computer_off", text: "the computer was off", missed: 0 },
		];
	}

	/* Least, most, mean of an interval, from at most 20 of its values and the spike. */
	interval(row, from, to) {
		const spike = Math.floor(this.born / 1000) - SPIKE_S;
		const at = spike >= from && spike < to ? [spike] : [];
		for (let s = Math.ceil(from); s < to; s += Math.max(1, Math.floor((to - from) / 20)))
			at.push(s);
		const values = at.map((s) => this.sample(row, s)).filter((v) => v !== null).map(Number);
		if (values.length === 0)
			return { mean: null, min: null, max: null, first: null, last: null, count: 0 };
		return { mean: values.reduce((a, b) => a + b) / values.length, min: Math.min(...values), max: Math.max(...values),
			first: values[0], last: values.at(-1), count: Math.max(1, Math.round(to - from)) };
	}

	/* What an interval tells of its values: nothing, or what a test wants. */
	quality_at(row, s) {
		return this.poor?.name === row[0] && s >= this.poor.from && s < this.poor.to ? this.poor.reason : null;
	}

	history(query) {
		const rows = query.get("channels").split(",").map((name) => this.rows.find((r) => r[0] === name));
		const from = Date.parse(query.get("from")) / 1000;
		const to = Date.parse(query.get("to")) / 1000;
		const points = Number(query.get("points"));
		const now = Date.now() / 1000;
		const answer = { from: iso(from * 1000), to: iso(to * 1000), recorded: iso(now * 1000),
			gaps: this.gaps().filter((g) => (g.from === null || Date.parse(g.from) < to * 1000) && Date.parse(g.to) > from * 1000) };
		const head = ([name, title, type, unit, , , instrument]) => ({ name, title, type, unit, instrument });
		if (query.get("raw") === "1") {
			const samples = (row) => {
				const list = [];
				for (let s = Math.ceil(from); s < Math.min(to, now); s++)
					if (this.sample(row, s) !== null)
						list.push([s, this.sample(row, s)]);
				return list;
			};
			return { ...answer, channels: rows.map((row) => ({ ...head(row), samples: samples(row) })) };
		}
		const interval = (to - from) / points;
		const time = Array.from({ length: points }, (_, k) => from + k * interval);
		const columns = (row) => {
			const all = time.map((t) => this.interval(row, t, Math.min(t + interval, now)));
			return Object.fromEntries(["mean", "min", "max", "count", "first", "last"].map((k) => [k, all.map((one) => one[k])]));
		};
		return { ...answer, points, interval, time,
			channels: rows.map((row) => ({ ...head(row), ...columns(row), quality: time.map((t) => this.quality_at(row, t)),
				...(this.thinned_until && this.thinned_until > from ? { thinned_until: this.thinned_until } : {}) })) };
	}

	/* ---- runs and events ---- */

	runs_recorded() {
		const born = Math.floor(this.born / 1000);
		return RUNS.map(([ago, seconds, title], k) => ({ run: k + 1, title, begin: iso((born - ago) * 1000), end: iso((born - ago + seconds) * 1000), seconds,
			started_by: "marie", stopped_by: "marie", bench_hash: "00", fields: { sample: title.split(" ").at(-1) } }));
	}

	run(number) {
		if (this.runs)
			return this.runs.find((r) => r.run === number);
		const run = this.runs_recorded().find((r) => r.run === number);
		if (!run)
			return null;
		const steps = STEPS.map(([n, title, from, to]) => ({ number: n, title, comment: null, begin: iso(Date.parse(run.begin) + from * run.seconds * 1000),
			begin_seconds: from * run.seconds, end: null, end_seconds: to * run.seconds, planned: 1, held: 0, ended: "complete" }));
		return { ...run, notes: [{ time: run.begin, seconds: 60, who: "marie", text: "flow corrected" }],
			sequences: [{ name: "tpr", title: "Reduction", version: 3, steps, marks: [{ seconds: run.seconds / 2, text: "peak" }] }], alarms: [], events: 5, events_left_out: 0 };
	}

	/* Runs over each other: times count from the beginning of each, or of its step. Behind its end a run has no values. */
	over(query) {
		const span = (text) => (text === null ? null : Number(/^(-?[\d.]+) s$/.exec(text)[1]));
		const runs = query.get("since").split(",").map((word) => {
			const [, number, , step] = /^run:(\d+)(\/step:(.*))?$/.exec(word);
			const run = this.run(Number(number));
			const zero = step === undefined ? null : run?.sequences[0].steps.find((s) => String(s.number) === step || s.title === step);
			const begin = run && Date.parse(run.begin) / 1000 + (zero?.begin_seconds ?? 0);
			return run && { run, begin, length: run.seconds - (zero?.begin_seconds ?? 0), step: zero ? `${zero.number} ${zero.title}` : null };
		});
		if (runs.includes(null))
			return null;
		const from = span(query.get("from")) ?? 0;
		const to = span(query.get("to")) ?? Math.max(...runs.map((r) => r.length));
		const rows = query.get("channels").split(",").map((name) => this.rows.find((r) => r[0] === name));
		const points = Number(query.get("points"));
		const raw = query.get("raw") === "1";
		const interval = (to - from) / points;
		const time = raw ? [] : Array.from({ length: points }, (_, k) => from + k * interval);
		const line = (row, { run, begin, length, step }) => {
			const [name, title, type, unit, , , instrument] = row;
			const head = { name: `${name} run ${run.run}${step === null ? "" : ` step ${step}`}`, title, type, unit, instrument, run: run.run, step };
			if (raw) {
				const samples = [];
				for (let t = Math.ceil(from); t < Math.min(to, length); t++)
					if (this.sample(row, begin + t) !== null)
						samples.push([t, this.sample(row, begin + t)]);
				return { ...head, samples };
			}
			const all = time.map((t) => this.interval(row, begin + t, begin + Math.min(t + interval, length)));
			return { ...head, ...Object.fromEntries(["mean", "min", "max", "count", "first", "last"].map((k) => [k, all.map((one) => one[k])])),
				quality: time.map((t) => (t >= length ? "run_over" : null)) };
		};
		return { from, to, recorded: iso(Date.now()), since: runs.map((r) => ({ run: r.run.run, title: r.run.title, step: r.step, open: false, begin: iso(r.begin * 1000),
			seconds: r.length, gaps: [] })), ...(raw ? {} : { points, interval, time }),
			channels: runs.flatMap((r) => rows.map((row) => line(row, r))) };
	}

	answer_history(req, res, json) {
		const { pathname, searchParams } = new URL(req.url, "http://localhost");
		const refuse = (status, type, more) => {
			res.writeHead(status, { ...HEADERS, ...more, "Content-Type": "application/problem+json" });
			res.end(JSON.stringify({ type: `urn:mbc:problem:${type}`, title: type, status, detail: type, instance: pathname }));
		};
		this.questions.push(req.url);
		this.asked_at.push(performance.now());
		if (!this.has_history || this.history_busy)
			return refuse(503, "no-history", { "Retry-After": "1" });
		if (pathname === "/api/v1/gaps")
			return json({ from: iso(0), to: iso(Date.now()), recorded: iso(Date.now()), gaps: this.gaps() });
		if (searchParams.get("channels").split(",").some((n) => this.unrecorded.has(n) || !this.rows.some((r) => r[0] === n)))
			return refuse(404, "unknown-channel");
		if (searchParams.has("since"))
			return this.over(searchParams) ? json(this.over(searchParams)) : refuse(404, "unknown-run");
		return json(this.history(searchParams));
	}

	value(row) {
		const [name, , , , , , , at] = row;
		const now = Date.now();
		const own = { value: at(now / 1000), quality: "good", reason: "good", time: iso(now) };
		if (own.value === null)
			return { ...own, quality: "bad", reason: "not_yet_measured" };
		if (this.state !== "running" && !name.startsWith("mbc.supervise"))
			return { ...own, value: null, quality: "bad", reason: "controller_down" };
		return { ...own, ...this.forced.get(name) };
	}

	channel(row) {
		const [name, title, type, unit, min, max, instrument] = row;
		const v = this.value(row);
		const [reason_text, remedy] = TEXTS[v.reason] ?? [v.reason, ""];
		const o = this.outputs[name];
		if (o)
			return { name, title, type, unit, min, max, ...v, reason_text, remedy, age_ms: 40, access: "write", confirm: o.confirm ?? null,
				instrument, choices: o.choices ?? [], target: o.target, working: o.working, owner: o.owner, mode: o.mode, valve: VALVES[name] ?? null,
				set_min: o.set_min, set_max: o.set_max, ramp_per_min: o.ramp_per_min, hazard: o.hazard, asks_confirm: o.asks_confirm };
		return { name, title, type, unit, min, max, ...v, reason_text, remedy, age_ms: 40, access: "read", confirm: null, instrument };
	}

	instrument([name, title]) {
		const reason = this.down.get(name) ?? "good";
		const [reason_text, remedy] = TEXTS[reason];
		return {
			name, title, codec: "modbus", address: "127.0.0.1:1502 unit 1",
			state: reason === "good" ? "up" : "down", reason, reason_text, remedy,
			since: iso(this.born), last_answer: iso(Date.now()), identity: null, at_once: 1,
			counters: { requests: 1200 + this.asked(10), answers: 1198 + this.asked(name === "daq" ? 5 : 10), timeouts: 2, errors: 0, refused: 0, stray: 0, skipped: 0, bytes_out: 14400, bytes_in: 35000, connects: 1 },
			reply: { last_ms: 4.2, max_ms: 22, p50_ms: 4, p99_ms: 9, histogram: [{ below_ms: 4, count: 700 }, { below_ms: 8, count: 400 }, { below_ms: 32, count: 98 }] },
		};
	}

	/* So many a second since the start, when they count. */
	asked(rate) {
		return !this.counts ? 0 : Math.floor(((Date.now() - this.born) / 1000) * rate);
	}

	trace() {
		const t = Date.now();
		return { lines: [
			{ time: iso(t - 300), kind: "note", verdict: "good", meaning: "connected to 127.0.0.1:1502", bytes: "", truncated: false },
			{ time: iso(t - 200), kind: "sent", verdict: "good", meaning: "read holding 0..9", bytes: "00 07 00 00 00 06 01 03 00 00 00 0A", truncated: false },
			{ time: iso(t - 196), kind: "received", verdict: "good", meaning: "10 registers in 4 ms", bytes: "00 07 00 00 00 17 01 03 14 00 FA", truncated: true },
			{ time: iso(t - 50), kind: "received", verdict: "no_answer", meaning: "no reply in 500 ms", bytes: "", truncated: false },
		] };
	}

	bench(req) {
		return {
			bench: "tpr-1", title: "Temperature-programmed reduction, bench 1", state: this.state, version: "0.1.0",
			generation: 1, config: "0123456789abcdef", tick_ms: 100, uptime_s: 100, time: iso(Date.now()), pending: this.bench_file?.pending ?? null,
			commands: this.commands, safe_state: "cold", time_is_good: true, channels: this.rows.length, instruments: INSTRUMENTS.length, ticks_lost: 0, history: this.has_history, synoptic: this.synoptic !== null,
			record: this.record, contacts: req && this.who(req) !== null ? this.contacts ?? [] : null,
		};
	}

	under_test() {
		const { state } = this.sequence;
		const [running, held] = [state === "running", state === "held"];
		const over = ["idle", "stopped", "aborted", "complete"].includes(state);
		return { time: iso(Date.now()), state, question: this.asks, buttons: { start: over, pause: running, safe_pause: running || held, resume: held,
			skip: running || held, goto: running || held, abort: !over } };
	}

	who(req) {
		return this.sessions.get(/mbc-session=(\w+)/.exec(req.headers.cookie ?? "")?.[1]) ?? null;
	}

	/* Does it bear what was told to the page that signed in? */
	proves(req) {
		const cookie = /mbc-session=(\w+)/.exec(req.headers.cookie ?? "")?.[1];
		return req.headers["x-mbc"] === (this.proofs.get(cookie) ?? `proof-${cookie}`);
	}

	/* At a display: somebody with a PIN, for two minutes from now. */
	act(name) {
		this.acting = { name, until: iso(Date.now() + 120_000) };
	}

	may_now() {
		return this.acting ? [...this.may, "operate"] : this.may;
	}

	sign(req, res, text, problem) {
		const headers = { ...HEADERS, "Content-Type": "application/json" };
		if (req.headers["x-mbc"] === undefined)
			return problem(403, "no header of the page");
		if (req.method === "DELETE" && !this.proves(req))
			return problem(403, "with a cookie, send the proof", { type: "urn:mbc:problem:stranger" });
		if (req.method === "DELETE" && req.url.endsWith("?acting=1")) {
			this.acting = null;
			return res.writeHead(204, headers).end();
		}
		if (req.method === "DELETE") {
			this.sessions.clear();
			return res.writeHead(204, { ...headers, "Set-Cookie": "mbc-session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict" }).end();
		}
		const { name, password, code, pin } = JSON.parse(text);
		if (this.wait_s > 0) {
			res.writeHead(429, { ...HEADERS, "Content-Type": "application/problem+json", "Retry-After": String(this.wait_s) });
			return res.end(JSON.stringify({ status: 429, detail: "too many wrong passwords" }));
		}
		if (pin !== undefined) {
			if (!this.kiosk || !this.proves(req))
				return problem(403, "a PIN is good at a display alone");
			if (this.pins[name] !== pin)
				return problem(401, "wrong");
			this.act(name);
			const old = /mbc-session=(\w+)/.exec(req.headers.cookie)[1];
			const next = `${old}a`;
			this.sessions.set(next, this.who(req));
			this.proofs.set(next, this.proofs.get(old) ?? `proof-${old}`);
			res.writeHead(200, { ...headers, "Set-Cookie": `mbc-session=${next}; Path=/; HttpOnly; SameSite=Strict` });
			return res.end(JSON.stringify({ signed_in: true }));
		}
		if (this.people?.[name] === undefined || this.people[name] !== password)
			return problem(401, "wrong");
		if (this.code !== undefined && code === undefined) {
			res.writeHead(401, { ...HEADERS, "Content-Type": "application/problem+json" });
			return res.end(JSON.stringify({ type: "urn:mbc:problem:code-needed", status: 401, detail: "a code is needed" }));
		}
		if (this.code !== undefined && code !== this.code)
			return problem(401, "wrong");
		const cookie = `s${this.sessions.size + 1}`;
		this.sessions.set(cookie, name);
		res.writeHead(200, { ...headers, "Set-Cookie": `mbc-session=${cookie}; Path=/; HttpOnly; SameSite=Strict` });
		return res.end(JSON.stringify({ signed_in: true, proof: `proof-${cookie}` }));
	}

	/* A command: known tokens only, and each id once. What it does to the bench is for the test to say. */
	async order(req, res, path) {
		const problem = (status, detail, more = {}) => {
			res.writeHead(status, { ...HEADERS, "Content-Type": "application/problem+json" });
			res.end(JSON.stringify({ type: "urn:mbc:problem:x", title: "x", status, detail, instance: path, ...more }));
		};
		let text = "";
		for await (const part of req)
			text += part;
		if (path === "/api/v1/session" && req.method !== "PATCH")
			return this.sign(req, res, text, problem);
		const signed = this.who(req) !== null && !("authorization" in req.headers);
		if (signed && !this.proves(req))
			return problem(403, "with a cookie, send the proof", { type: "urn:mbc:problem:stranger" });
		if (!signed && req.headers.authorization !== `Bearer ${this.token}`)
			return problem(401, "nobody has this token");
		const body = JSON.parse(text || "{}");
		const managed = await this.admin?.order(req.method, path.slice("/api/v1/".length), body, this.who(req));
		if (managed) {
			if (managed.ends)
				this.sessions.clear();
			res.writeHead(managed.status, { ...HEADERS, "Content-Type": managed.status < 300 ? "application/json" : "application/problem+json" });
			return res.end(managed.data === null ? "" : JSON.stringify(managed.data));
		}
		if (this.bench_file !== null && path.startsWith("/api/v1/bench/"))
			return void this.file_asked(req, res, path, body);
		if (path === "/api/v1/sequences/check" && this.check_of) {
			res.writeHead(200, { ...HEADERS, "Content-Type": "application/json" });
			return res.end(JSON.stringify(this.check_of(body.text)));
		}
		const rehearsal = /^\/api\/v1\/sequences\/(\w+)\/rehearse$/.exec(path);
		if (rehearsal) {
			const form = /form=svg/.test(req.url) ? "svg" : "json";
			this.rehearsals.push({ name: rehearsal[1], form, body });
			const r = await this.rehearsal_of(body, form);
			if (r.status !== 200)
				return problem(r.status, r.detail);
			res.writeHead(200, { ...HEADERS, "Content-Type": form === "svg" ? "image/svg+xml" : "application/json" });
			return res.end(form === "svg" ? r.picture : JSON.stringify(r.table));
		}
		if (this.runs && (path.startsWith("/api/v1/runs/") || path.startsWith("/api/v1/record/")))
			return this.about_run(req, res, path, body, problem);
		const order = { method: req.method, path, body, query: req.url.split("?")[1] ?? "" };
		this.orders.push(order);
		if (!this.verdicts.has(body.id))
			this.verdicts.set(body.id, this.verdict_of(order));
		if (this.order_fault === "hang up")
			return req.socket.destroy();
		const v = this.verdicts.get(body.id);
		const status = { verified: 200, accepted: 200, pending: 202, refused: 409, failed: 502, unknown: 504 }[v.verdict];
		if (status >= 400)
			return problem(status, v.text, { id: body.id, verdict: v.verdict });
		res.writeHead(status, { ...HEADERS, "Content-Type": "application/json" });
		res.end(JSON.stringify({ id: body.id, verdict: v.verdict, text: v.text, event: null }));
	}

	/* Notes, and runs that are begun and ended: each id once. `run_fault`: "lost" does it, and nobody knows; a status: it is not done. */
	about_run(req, res, path, body, problem) {
		this.run_orders.push({ path, body });
		const fault = this.run_fault;
		this.run_fault = null;
		if (typeof fault === "number")
			return problem(fault, "there is no room on the disk for it");
		if (!this.may_now().includes("operate"))
			return problem(403, "runs and notes need the grant 'operate' for all channels");
		const open = this.runs.findLast((r) => r.end === null);
		const note = /^\/api\/v1\/runs\/(\d+)\/notes$/.exec(path);
		let run = note ? this.run(Number(note[1])) : path.endsWith("/start") ? null : open;
		if (note && !run)
			return problem(404, `there is no run ${note[1]}`);
		if (!note && (run === null) === (open !== undefined) && !this.run_ids.has(body.id))
			return problem(409, open ? `run ${open.run} is open` : "no run is open");
		if (!this.run_ids.has(body.id)) {
			if (note)
				run.notes.push({ time: iso(Date.now()), seconds: 0, who: `user:${this.who(req)}`, text: body.text });
			else if (run)
				Object.assign(run, { end: iso(Date.now()), stopped_by: `user:${this.who(req)}` });
			else
				this.runs.push(run = { run: (this.runs.at(-1)?.run ?? 0) + 1, title: body.title ?? "", begin: iso(Date.now()), end: null, seconds: 0, started_by: `user:${this.who(req)}`, stopped_by: null,
					bench_hash: "0", fields: body.fields ?? {}, notes: [], sequences: [], alarms: [], events: 0, events_left_out: 0 });
			this.run_ids.set(body.id, run.run);
		}
		if (fault === "lost")
			return problem(504, "the recorder ended before it answered; ask again with the same id, which is not done twice");
		run ??= this.run(this.run_ids.get(body.id));
		res.writeHead(200, { ...HEADERS, "Content-Type": "application/json" });
		res.end(JSON.stringify({ run: run.run, title: run.title }));
	}

	async file_asked(req, res, path, body) {
		const [status, data] = !this.may.includes("configure") ? [403, { detail: "it needs the grant 'configure'" }]
			: await this.bench_file.answer(req.method, path.slice("/api/v1/bench/".length), new URL(req.url, "http://localhost").searchParams, body);
		if (req.method === "PUT" && this.bench_file.hang_ups-- > 0)
			return void req.socket.destroy();
		res.writeHead(status, { ...HEADERS, "Content-Type": status === 200 ? "application/json" : "application/problem+json" });
		res.end(JSON.stringify(status === 200 ? data : { type: "urn:mbc:problem:x", title: "x", status, ...data }));
	}

	answer(req, res) {
		const json = (data) => {
			res.writeHead(200, { ...HEADERS, "Content-Type": "application/json" });
			res.end(JSON.stringify(data));
		};
		const path = req.url.split("?")[0];
		if (this.refusing)
			return req.socket.destroy();
		if (req.method !== "GET")
			return void this.order(req, res, path);
		if (path === "/api/v1/session") {
			const name = this.who(req);
			return json({ accounts: this.people !== null, name, role: name && this.role, may: name ? this.may_now() : [], reads: name && (this.reads ?? "*"),
				kiosk: name !== null && this.kiosk, acting: name && this.acting });
		}
		if (this.people !== null && path.startsWith("/api/") && this.who(req) === null)
			return res.writeHead(401, { ...HEADERS, "Content-Type": "application/problem+json" })
				.end(JSON.stringify({ status: 401, detail: "sign in first" }));
		const managed = this.admin?.get(path.slice("/api/v1/".length), new URL(req.url, "http://localhost").searchParams);
		if (managed && managed.status !== 200)
			return res.writeHead(managed.status, { ...HEADERS, "Content-Type": "application/problem+json" }).end(JSON.stringify(managed.data));
		if (managed)
			return json(managed.data);
		if (path === "/api/v1/events")
			return json(this.answer_events(new URL(req.url, "http://localhost").searchParams));
		if (path === "/api/v1/synoptic" && this.synoptic !== null) {
			res.writeHead(200, { ...HEADERS, "Content-Type": "text/plain; charset=utf-8" });
			return res.end(this.synoptic);
		}
		if (path === "/api/v1/protection" && this.has_protection)
			return json(this.protection());
		if (path === "/api/v1/hold")
			return json({ holder: this.holder, since: this.holder && iso(this.born) });
		if (path.startsWith("/api/v1/commands/")) {
			const id = path.split("/").at(-1);
			const v = this.verdicts.get(id);
			if (!v)
				return res.writeHead(404, { ...HEADERS, "Content-Type": "application/problem+json" })
					.end(JSON.stringify({ status: 404, detail: "no command of this id is known" }));
			return json({ id, verdict: v.verdict, text: v.text, event: null });
		}
		if (path === "/api/v1/alarms")
			return json({ time: iso(Date.now()), alarms: this.rows.filter((r) => r[0].startsWith("alarm.")).map(([name, title]) => ({
				name: name.slice(6), title, state: "normal", since: null, priority: "high", do: "Look at it",
				condition: name === "alarm.a0" ? "T_bed > 500 degC" : "P_in > 9 bar", latched: false, can_be_shelved: true })) });
		if (path === "/api/v1/trips")
			return json({ time: iso(Date.now()), trips: this.rows.filter((r) => r[0].startsWith("trip.")).map(([name, title]) => ({
				name: name.slice(5), title, state: "ready", since: null, condition: "T_bed > 700 degC", safe_state: "cold",
				protected_by: "thermal fuse", latched: true, can_be_bypassed: false })) });
		if (this.sequence && path.startsWith("/api/v1/sequence") && this.sequences_fault)
			return res.writeHead(503, HEADERS).end();
		if (this.sequence && path === "/api/v1/sequences")
			return json({ time: iso(Date.now()), sequences: this.sequences });
		if (this.sequence && path === "/api/v1/sequence")
			return json(this.under_test());
		if (this.bench_file !== null && path.startsWith("/api/v1/bench/"))
			return void this.file_asked(req, res, path, null);
		if (path === "/api/v1/bench/file" && this.parts) {
			const part = new URL(req.url, "http://localhost").searchParams.get("part");
			return json({ file: part ?? "bench.yaml", sha256: "0", text: part === null ? "" : this.parts[part], parts: Object.keys(this.parts) });
		}
		if (path === "/api/v1/runs")
			return json({ runs: (this.runs ?? this.runs_recorded()).map(({ run, title, begin, end, seconds, started_by, stopped_by, bench_hash, fields }) =>
				({ run, title, begin, end, seconds, started_by, stopped_by, bench_hash, fields })) });
		if (path === "/api/v1/bench")
			return json(this.bench(req));
		if (path === "/api/v1/channels")
			return json({ time: iso(Date.now()), channels: this.rows.map((r) => this.channel(r)) });
		if (/^\/api\/v1\/channels\/[^/]+$/.test(path)) {
			const found = this.rows.find((r) => r[0] === decodeURIComponent(path.split("/").at(-1)));
			if (found)
				return json(this.channel(found));
			return res.writeHead(404, { ...HEADERS, "Content-Type": "application/problem+json" })
				.end(JSON.stringify({ status: 404, detail: "no such channel" }));
		}
		if (path === "/api/v1/openapi.json") {
			const described = JSON.parse(readFileSync(OPENAPI, "utf8"));
			const check = "/api/v1/sequences/check"; /* a server without it has no editor */
			if (this.check_of)
				described.paths[check] ??= {};
			else
				delete described.paths[check];
			return json(described);
		}
		if (path === "/api/v1/instruments")
			return json({ instruments: INSTRUMENTS.map((i) => this.instrument(i)) });
		if (/^\/api\/v1\/instruments\/\w+\/trace$/.test(path))
			return json(this.trace());
		if (path === "/api/v1/history" || path === "/api/v1/gaps")
			return this.answer_history(req, res, json);
		if (path.startsWith("/api/v1/runs/"))
			return this.run(Number(path.slice(13))) ? json(this.run(Number(path.slice(13)))) : res.writeHead(404, HEADERS).end();
		if (path === "/api/v1/stream" && this.refusing_streams)
			return res.writeHead(503, HEADERS).end();
		if (path === "/api/v1/stream")
			return this.stream(req, res);
		return this.file(path === "/" ? "index.html" : path.slice(1), res);
	}

	file(name, res) {
		const manifest = readFileSync(join(dist, "manifest"), "utf8").trim().split("\n");
		const line = manifest.find((l) => l.startsWith(`${name} `));
		res.writeHead(line ? 200 : 404, { ...HEADERS, "Content-Type": line ? line.slice(name.length + 1) : "text/plain" });
		res.end(line ? readFileSync(join(dist, name)) : `no such page: ${name}`);
	}

	stream(req, res) {
		res.writeHead(200, { ...HEADERS, "Content-Type": "text/event-stream" });
		res.write(this.rows.map((row) => `event: update\ndata: ${JSON.stringify({ name: row[0], ...this.value(row) })}\n\n`).join(""));
		this.beat(res);
		this.streams.add(res);
		req.on("close", () => this.streams.delete(res));
	}

	send(res, kind, data) {
		res.write(`event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`);
	}

	beat(res) {
		this.send(res, "heartbeat", { time: iso(Date.now()), tick: this.tick, state: this.state });
	}

	step() {
		const last = (this.last ??= new Map());
		this.tick++;
		if (this.silent)
			return;
		const news = []; /* written at once: thousands of writes a second would starve the test that runs in this process too */
		for (const row of this.only_beats ? [] : this.rows) {
			const u = { name: row[0], ...this.value(row) };
			const key = JSON.stringify([u.value, u.quality, u.reason]);
			if (last.get(row[0]) === key)
				continue;
			last.set(row[0], key);
			news.push(`event: update\ndata: ${JSON.stringify(u)}\n\n`);
		}
		for (const res of news.length > 0 ? this.streams : [])
			res.write(news.join(""));
		if (this.tick % Math.round(1000 / this.period_ms) === 0)
			for (const res of this.streams)
				this.beat(res);
	}

	protection() {
		const trip = { state: "ready", since: null, condition: "T_bed > 700 degC", for_s: 1, on_bad_s: 5, safe_state: "cold", protected_by: "thermal fuse", tested: "2026-01-10",
			test_every_s: 365 * DAY, latched: true, reset_after_s: 5, bypass_max_s: 3600 };
		const line = { after: null, otherwise: null, is_otherwise: false, within_s: 2, ramp_per_min: null };
		const lost = { mains: "closed", computer: "by_watchdog", network: "stays_no_watchdog", air: "not_concerned", instrument: "unknown" };
		return { time: iso(Date.now()),
			trips: [{ name: "t0", title: "Trip 0", ...trip }, { name: "t1", title: "Trip 1", ...trip, protected_by: "", tested: null, bypass_max_s: null }],
			interlocks: [{ name: "no_h2", title: "No hydrogen without nitrogen", state: "free", since: null, forbids: "V_H2 is open and N2_flow < 20", trip }],
			safe_states: [{ name: "cold", title: "Cold and inert", is_on_stop: true, state: "idle", since: null, lines: [{ ...line, output: "V_H2", value: "closed" },
				{ ...line, output: "T_furn", value: 0, after: 1, otherwise: 3 }, { ...line, output: "N2_flow", value: 60, is_otherwise: true }] }],
			restore: ["N2_flow", "T_furn"], losses: [{ name: "T_furn", hazard: "heat", ...lost }, { name: "V_H2", hazard: "fuel", ...lost, instrument: "closed" }],
			heartbeat: "io.beat", heartbeat_drop_out_s: 2 };
	}

	/* Something happened, `ago` ms before now. */
	happened(kind, subject, ago = 0, more = {}) {
		const id = this.events.length + 1;
		this.events.push({ time: iso(Date.now() - ago), id, kind, class: "plain", severity: "info", subject, reason: null, cause: null, principal: null, values: [],
			note: null, text: `${kind} of ${subject}`, boot: "1", stamp_ns: id, ...more });
		return id;
	}

	answer_events(query) {
		const from = query.get("from") === null ? 0 : Date.parse(query.get("from"));
		const to = query.get("to") === null ? Infinity : Date.parse(query.get("to"));
		const fits = this.events.filter((e) => Date.parse(e.time) >= from && Date.parse(e.time) < to &&
			(query.get("kind") ?? e.kind) === e.kind && (query.get("subject") ?? e.subject) === e.subject &&
			e.id < Number(query.get("before") ?? Infinity));
		const limit = Number(query.get("limit") ?? 1000);
		return { from: iso(from), to: iso(Date.now()), omitted: Math.max(0, fits.length - limit), events: fits.slice(-limit) };
	}

	/* Faults and changes that tests ask for. */
	force(name, value, quality, reason) {
		this.forced.set(name, { value, quality, reason });
	}

	release(name) {
		this.forced.delete(name);
	}

	tell(kind, data) {
		for (const res of this.streams)
			this.send(res, kind, data);
	}

	cut_streams() {
		for (const res of this.streams)
			res.destroy();
	}

	async start(port = 0) {
		this.born = Date.now();
		this.http = createServer((req, res) => this.answer(req, res));
		await new Promise((done) => this.http.listen(port, "127.0.0.1", done));
		this.timer = setInterval(() => this.step(), this.period_ms);
		this.url = `http://127.0.0.1:${this.http.address().port}/`;
		return this.url;
	}

	async stop() {
		clearInterval(this.timer);
		this.http.closeAllConnections();
		await new Promise((done) => this.http.close(done));
	}
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	const server = new FakeServer({ extra: Number(process.argv[3] ?? 0), outputs: true, alarms: 3, trips: 2, sequences: true });
	server.commands = ["set", "mode", "safe", "ack", "shelve", "sequence"];
	console.log(await server.start(Number(process.argv[2] ?? 0)));
}
