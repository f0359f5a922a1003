/* rows.ts - the table beside the text of a sequence: rows out of the tree that the compiler makes, and lines of text out of an edited row. Pure.
 *
 * The text is the truth. The tree (`mbc sequence lines`) tells on which lines steps and statements stand; nothing here reads the language. A line that an edit does not
 * concern is not touched, whatever stands on it; one that it does concern is written anew in the one form, with its comment. After each edit the text is parsed again by the
 * compiler: rows of an older text are of no use.
 *
 * What a row can show: a `set`, `ramp` or `start ramp` that stands alone on its line and whose output the step writes nowhere else, and how the step ends: `wait`, `dwell`
 * or `wait until` as the last statement. All other lines are `rest`: text.
 */

/* ---- the tree ---- */

interface Action {
	do: string;
	text?: string;
	state?: string;
	step?: number;
	until?: string;
	timeout?: string;
	then?: Action;
}

export interface Statement {
	do: string;
	first_line: number;
	joined?: boolean;
	comment?: string; /* "# ..." */
	[key: string]: unknown;
}

interface Item {
	step?: number;
	include?: string;
	first_line: number;
	last_line?: number; /* of a step: that of its end */
	title?: string;
	entry?: "always" | "when";
	when?: string;
	body?: Statement[];
	before?: string[]; /* lines above it that mean nothing */
	comment?: string;
	joined?: boolean;
	end?: { joined?: boolean };
}

export interface Tree {
	sequence?: string;
	guards: unknown[];
	steps: Item[];
	handlers: unknown[];
}

/* ---- rows ---- */

export interface Setting {
	output: string;
	value: string;
	rate: string; /* of a ramp; "": it is set */
	waits: boolean; /* a ramp that the step waits for */
}

/* How a step ends. */
export interface Ending {
	kind: "wait" | "dwell" | "until";
	text: string; /* the time, or the condition */
	timeout: string; /* of a condition */
	orelse: string; /* the action, as it is written; of a condition */
}

export interface Row {
	place: number; /* among the items of the tree */
	include: string | null; /* a file in the place of a step: nothing of it can be edited here */
	number: number;
	title: string;
	comment: string; /* without its sign */
	settings: Setting[];
	ending: Ending | null;
	rest: string[]; /* its other lines, as they are */
}

/* An edit that cannot be made; a word of a list, and what it is about. */
export class NoEdit extends Error {
	constructor(readonly why: "referenced" | "no_number" | "joined" | "edge" | "twice" | "name" | "text" | "csv", readonly about = "") {
		super(`${why} ${about}`);
	}
}

export const lines_of = (text: string): string[] => text.split("\n");

const quote = (text: string) => `"${text.replace(/[\\"]/g, "\\$&")}"`;

/* An action in its one form; null: one that is not written here. */
function action_text(a: Action | undefined): string | null {
	if (a === undefined)
		return null;
	if ((a.do === "hold" || a.do === "skip") && a.until === undefined)
		return a.text === undefined ? a.do : `${a.do} ${quote(a.text)}`;
	if (a.do === "abort")
		return "abort";
	if (a.do === "trip")
		return `trip ${a.state}`;
	return a.do === "step" ? `step ${a.step}` : null;
}

const text_of = (s: Statement, key: string): string | null => (typeof s[key] === "string" ? s[key] as string : null);

/* All statements in it, those of its blocks too. */
function* inner(value: unknown): Generator<Statement> {
	if (typeof value !== "object" || value === null)
		return;
	if (!Array.isArray(value) && typeof (value as Statement).do === "string" && typeof (value as Statement).first_line === "number")
		yield value as Statement;
	for (const part of Object.values(value))
		yield* inner(part);
}

interface Assign {
	output: string;
	value: string;
}

const assigns_of = (s: Statement): Assign[] => (s.do === "set" ? s.values as Assign[] : s.do === "ramp" ? [{ output: s.output as string, value: s.to as string }] : []);

/* Statements that stand alone on their lines. */
function alone(item: Item): Set<Statement> {
	const on_line = new Map<number, number>();
	for (const s of inner(item.body))
		on_line.set(s.first_line, (on_line.get(s.first_line) ?? 0) + 1);
	const bounds = [item.first_line, item.last_line];
	return new Set((item.body ?? []).filter((s) => on_line.get(s.first_line) === 1 && !bounds.includes(s.first_line) && s.joined !== true));
}

const is_plain_ramp = (s: Statement) => s.do === "ramp" && typeof s.at === "string" && s.holdback === undefined && s.over === undefined;

function ending_of(s: Statement | undefined): Ending | null {
	if (s === undefined)
		return null;
	const time = text_of(s, "time");
	if (s.do === "wait" && time !== null)
		return { kind: "wait", text: time, timeout: "", orelse: "" };
	if (s.do === "dwell" && time !== null && s.guaranteed === undefined)
		return { kind: "dwell", text: time, timeout: "", orelse: "" };
	const orelse = action_text(s.else as Action | undefined);
	if (s.do !== "wait until" || orelse === null)
		return null;
	return { kind: "until", text: text_of(s, "until") ?? "", timeout: text_of(s, "timeout") ?? "", orelse };
}

/* What of a step a row shows, by statement. */
function read_step(item: Item): { settings: Map<Setting, Statement>; ending: { e: Ending; of: Statement } | null; shown: Set<Statement> } {
	const writes = new Map<string, number>();
	for (const s of inner(item.body))
		for (const a of assigns_of(s))
			writes.set(a.output, (writes.get(a.output) ?? 0) + 1);
	const settings = new Map<Setting, Statement>();
	const shown = new Set<Statement>();
	const free = alone(item);
	for (const s of free) {
		const own = assigns_of(s);
		if (own.length === 0 || (s.do === "ramp" && !is_plain_ramp(s)) || own.some((a) => writes.get(a.output) !== 1))
			continue;
		shown.add(s);
		for (const a of own)
			settings.set({ ...a, rate: text_of(s, "at") ?? "", waits: s.do === "ramp" && s.background !== true }, s);
	}
	const last = item.body?.at(-1);
	const e = last !== undefined && free.has(last) ? ending_of(last) : null;
	if (e !== null)
		shown.add(last!);
	return { settings, ending: e === null ? null : { e, of: last! }, shown };
}

export function rows_of(tree: Tree, text: string): Row[] {
	const lines = lines_of(text);
	return tree.steps.map((item, place) => {
		if (item.step === undefined)
			return { place, include: item.include ?? "", number: 0, title: "", comment: "", settings: [], ending: null, rest: [] };
		const { settings, ending, shown } = read_step(item);
		const taken = new Set([...shown].map((s) => s.first_line));
		const rest = lines.slice(item.first_line, item.last_line! - 1).filter((_, k) => !taken.has(item.first_line + 1 + k));
		return { place, include: null, number: item.step, title: item.title ?? "", comment: (item.comment ?? "").replace(/^#\s*/, ""), settings: [...settings.keys()],
			ending: ending?.e ?? null, rest };
	});
}

/* ---- lines ---- */

const INDENT = "  ";

export const setting_text = (s: Setting): string =>
	(s.rate === "" ? `set ${s.output} = ${s.value}` : `${s.waits ? "" : "start "}ramp ${s.output} to ${s.value} at ${s.rate}`);

export function ending_text(e: Ending): string {
	if (e.kind !== "until")
		return `${e.kind} ${e.text}`;
	return `wait until ${e.text} timeout ${e.timeout} else ${e.orelse}`;
}

/* A cell becomes a part of a line: it may not end it, begin another statement or a comment. */
function must_be_one(text: string): string {
	const bare = text.trim();
	if (bare === "" || /[\n\r;#]/.test(bare.replace(/"(?:[^"\\]|\\.)*"/g, "")))
		throw new NoEdit("text", text);
	return bare;
}

const must_be_name = (name: string): string => {
	if (!/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)?$/.test(name))
		throw new NoEdit("name", name);
	return name;
};

const clean_setting = (s: Setting): Setting => ({ output: must_be_name(s.output), value: must_be_one(s.value), rate: s.rate.trim() === "" ? "" : must_be_one(s.rate), waits: s.waits });
const clean_ending = (e: Ending): Ending => (e.kind === "until" ? { ...e, text: must_be_one(e.text), timeout: must_be_one(e.timeout), orelse: must_be_one(e.orelse) }
	: { kind: e.kind, text: must_be_one(e.text), timeout: "", orelse: "" });

/* A title is one line; braces name something in it, and stay what they are. */
const clean_title = (title: string): string => {
	if (/[\n\r]/.test(title) || title.length > 255)
		throw new NoEdit("text", title);
	return title;
};

/* The line of a statement anew: its indent and its comment stay, and how far that stands from it. */
function anew(line: string, comment: string | undefined, code: string): string {
	const indent = /^\s*/.exec(line)![0];
	const end = line.endsWith("\r") ? "\r" : "";
	const bare = end === "" ? line : line.slice(0, -1);
	const tail = comment !== undefined && bare.trimEnd().endsWith(comment) ? `${/\s*$/.exec(bare.trimEnd().slice(0, -comment.length))![0] || "  "}${comment}` : "";
	return `${indent}${code}${tail}${end}`;
}

/* Lines by number, changed one by one: null takes a line away, `behind` adds some. */
class Patch {
	private lines: string[];
	private changed = new Map<number, string | null>();
	private behind = new Map<number, string[]>();

	constructor(text: string) {
		this.lines = lines_of(text);
	}

	line(n: number): string {
		return this.lines[n - 1]!;
	}

	put(n: number, line: string | null): void {
		this.changed.set(n, line);
	}

	add(n: number, line: string): void {
		this.behind.set(n, [...(this.behind.get(n) ?? []), this.line(n)?.endsWith("\r") ? `${line}\r` : line]);
	}

	text(): string {
		return this.lines.flatMap((line, k) => {
			const now = this.changed.has(k + 1) ? this.changed.get(k + 1)! : line;
			return [...(now === null ? [] : [now]), ...(this.behind.get(k + 1) ?? [])];
		}).join("\n");
	}
}

const same_setting = (a: Setting, b: Setting) => a.value === b.value && a.rate === b.rate && (a.rate === "" || a.waits === b.waits);

function step_line(item: Item, row: Row): string {
	const entry = item.entry === undefined ? "" : item.entry === "always" ? " entry always" : ` entry when ${item.when}`;
	return `step ${row.number} ${quote(clean_title(row.title))}${entry}`;
}

/* A statement that goes leaves its comment. */
function take_away(p: Patch, s: Statement): void {
	const line = p.line(s.first_line);
	p.put(s.first_line, s.comment === undefined ? null : `${/^\s*/.exec(line)![0]}${s.comment}${line.endsWith("\r") ? "\r" : ""}`);
}

function indent_in(p: Patch, item: Item): string {
	const first = item.body?.[0];
	return first !== undefined && first.first_line > item.first_line ? /^\s*/.exec(p.line(first.first_line))![0] : `${/^\s*/.exec(p.line(item.first_line))![0]}${INDENT}`;
}

/* One `set` line whose outputs are others now, or have other values; those that became ramps, or are no more, are not on it. */
function edit_set(p: Patch, s: Statement, wanted: Map<string, Setting>): void {
	const before = assigns_of(s);
	const now = before.filter((a) => wanted.get(a.output)?.rate === "").map((a) => ({ output: a.output, value: wanted.get(a.output)!.value }));
	if (now.length === before.length && now.every((a, k) => a.value === before[k]!.value))
		return;
	if (now.length === 0)
		take_away(p, s);
	else
		p.put(s.first_line, anew(p.line(s.first_line), s.comment, `set ${now.map((a) => `${a.output} = ${a.value}`).join(", ")}`));
}

/* Where a new statement goes: before what ends the step. */
function last_of(item: Item, ending: Statement | null): number {
	const before = (item.body ?? []).filter((s) => s !== ending);
	if (ending !== null)
		return ending.first_line - 1 - ((ending as { before?: string[] }).before?.length ?? 0);
	return before.length === 0 ? item.first_line : item.last_line! - 1;
}

/* The text with this row in the place of the one that it was. */
export function edit_row(tree: Tree, text: string, row: Row): string {
	const item = tree.steps[row.place]!;
	if (item.step === undefined)
		throw new NoEdit("joined");
	const p = new Patch(text);
	const { settings, ending } = read_step(item);
	const was = rows_of(tree, text)[row.place]!;
	if (!Number.isInteger(row.number) || row.number < 0)
		throw new NoEdit("text", String(row.number));
	const wanted = new Map(row.settings.map((s) => [s.output, clean_setting(s)]));
	if (wanted.size !== row.settings.length)
		throw new NoEdit("twice");
	if (row.title !== was.title || row.number !== was.number) {
		const on_it = [...inner(item.body)].some((s) => s.first_line === item.first_line);
		if (on_it || item.joined === true)
			throw new NoEdit("joined");
		if (row.number !== was.number && is_referenced(tree, was.number))
			throw new NoEdit("referenced", String(was.number));
		p.put(item.first_line, anew(p.line(item.first_line), item.comment, step_line(item, row)));
	}
	const indent = indent_in(p, item);
	const end_at = ending === null ? null : ending.of;
	const place = last_of(item, end_at);
	/* Those that were: changed in their places. */
	const new_ones: Setting[] = [];
	for (const s of new Set(settings.values())) {
		if (s.do === "set") {
			edit_set(p, s, wanted);
			continue;
		}
		const output = s.output as string;
		const now = wanted.get(output);
		if (now === undefined || now.rate === "")
			take_away(p, s);
		else if (!same_setting(now, [...settings.keys()].find((k) => k.output === output)!))
			p.put(s.first_line, anew(p.line(s.first_line), s.comment, setting_text(now)));
	}
	for (const now of wanted.values()) {
		const before = [...settings.keys()].find((k) => k.output === now.output);
		if (before === undefined || (before.rate === "") !== (now.rate === ""))
			new_ones.push(now);
	}
	/* An output that the text of this row writes elsewhere, too, is not ours to add. */
	for (const now of new_ones)
		if (!settings.has([...settings.keys()].find((k) => k.output === now.output)!) && [...inner(item.body)].some((s) => assigns_of(s).some((a) => a.output === now.output)))
			throw new NoEdit("twice", now.output);
	/* What is reached in another way now stays where it was. */
	for (const now of new_ones) {
		const before = [...settings].find(([k]) => k.output === now.output);
		p.add(before === undefined ? place : before[1].first_line, `${indent}${setting_text(now)}`);
	}
	edit_ending(p, item, ending, row.ending === null ? null : clean_ending(row.ending), indent);
	return p.text();
}

function edit_ending(p: Patch, item: Item, was: { e: Ending; of: Statement } | null, now: Ending | null, indent: string): void {
	if (was === null) {
		if (now !== null)
			p.add(item.body?.length === 0 || item.last_line! - 1 < item.first_line ? item.first_line : item.last_line! - 1, `${indent}${ending_text(now)}`);
		return;
	}
	if (now === null)
		take_away(p, was.of);
	else if (ending_text(now) !== ending_text(was.e))
		p.put(was.of.first_line, anew(p.line(was.of.first_line), was.of.comment, ending_text(now)));
}

/* ---- whole rows ---- */

/* Does anything lead to this step by its number? */
export function is_referenced(tree: Tree, number: number): boolean {
	const look = (value: unknown): boolean => {
		if (typeof value === "string")
			return new RegExp(`\\bstep\\s*(?:[=!<>]=?|in)[^a-z]*\\b${number}\\b`).test(value);
		if (typeof value !== "object" || value === null)
			return false;
		if (!Array.isArray(value)) {
			const o = value as { do?: string; step?: number; in?: unknown };
			if ((o.do === "step" && o.step === number) || (Array.isArray(o.in) && o.in.includes(number)))
				return true;
		}
		return Object.values(value).some(look);
	};
	return look([tree.guards, tree.handlers, tree.steps.map((s) => s.body ?? [])]);
}

/* The lines of an item with what stands above it, from 1; the last is part of it. */
function block(tree: Tree, place: number): [number, number] {
	const item = tree.steps[place]!;
	if (item.joined === true || item.end?.joined === true || tree.steps[place + 1]?.joined === true)
		throw new NoEdit("joined");
	return [item.first_line - (item.before?.length ?? 0), item.last_line ?? item.first_line];
}

/* A number that is free behind this step; beyond an included file nobody knows here which ones it has. */
function number_behind(tree: Tree, place: number): number {
	const here = tree.steps[place]?.step ?? 0;
	const next = tree.steps[place + 1];
	if (next?.step === undefined)
		return here + (next === undefined ? 10 - (here % 10) : 1);
	if (next.step - here < 2)
		throw new NoEdit("no_number", `${here}, ${next.step}`);
	const middle = Math.floor((here + next.step) / 2);
	const tens = Math.ceil((here + 1) / 10) * 10;
	return tens < next.step ? tens : middle;
}

export function step_text(row: Omit<Row, "place" | "include" | "rest" | "comment">): string[] {
	return [`step ${row.number} ${quote(clean_title(row.title))}`, ...row.settings.map((s) => `${INDENT}${setting_text(clean_setting(s))}`),
		...(row.ending === null ? [] : [`${INDENT}${ending_text(clean_ending(row.ending))}`]), "end"];
}

function insert(text: string, behind: number, block_lines: string[]): string {
	const lines = lines_of(text);
	const end = lines[behind - 1]?.endsWith("\r") ? "\r" : "";
	return [...lines.slice(0, behind), ...block_lines.map((l) => `${l}${end}`), ...lines.slice(behind)].join("\n");
}

/* A new step behind this one. */
export function add_row(tree: Tree, text: string, place: number, title: string): string {
	const [, last] = block(tree, place);
	return insert(text, last, ["", ...step_text({ number: number_behind(tree, place), title, settings: [], ending: { kind: "wait", text: "1 min", timeout: "", orelse: "" } })]);
}

/* The same once more behind it, with all that is in it; what stands above it stays above the first. */
export function copy_row(tree: Tree, text: string, place: number): string {
	const item = tree.steps[place]!;
	if (item.step === undefined || [...inner(item.body)].some((s) => s.first_line === item.first_line))
		throw new NoEdit("joined");
	const [, last] = block(tree, place);
	const lines = lines_of(text).slice(item.first_line - 1, last).map((l) => l.replace(/\r$/, ""));
	lines[0] = lines[0]!.replace(/^(\s*step\s+)\d+/, `$1${number_behind(tree, place)}`);
	return insert(text, last, ["", ...lines]);
}

export function remove_row(tree: Tree, text: string, place: number): string {
	const item = tree.steps[place]!;
	if (item.step !== undefined && is_referenced(tree, item.step))
		throw new NoEdit("referenced", String(item.step));
	const [first, last] = block(tree, place);
	return lines_of(text).filter((_, k) => k + 1 < first || k + 1 > last).join("\n");
}

/* With the one behind it. Numbers rise, so they change places, too: what leads to one of them would lead elsewhere. */
export function move_row(tree: Tree, text: string, place: number, by: -1 | 1): string {
	const upper = by < 0 ? place - 1 : place;
	const [a, b] = [tree.steps[upper], tree.steps[upper + 1]];
	if (a?.step === undefined || b?.step === undefined)
		throw new NoEdit("edge");
	for (const n of [a.step, b.step])
		if (is_referenced(tree, n))
			throw new NoEdit("referenced", String(n));
	const [first_a, last_a] = block(tree, upper);
	const [first_b, last_b] = block(tree, upper + 1);
	const lines = lines_of(text);
	const numbered = (item: Item, first: number, last: number, number: number) => lines.slice(first - 1, last).map((l, k) =>
		(first + k === item.first_line ? l.replace(/^(\s*step\s+)\d+/, `$1${number}`) : l));
	return [...lines.slice(0, first_a - 1), ...numbered(b, first_b, last_b, a.step), ...lines.slice(last_a, first_b - 1), ...numbered(a, first_a, last_a, b.step),
		...lines.slice(last_b)].join("\n");
}

/* ---- CSV ---- */

/* RFC 4180, with the separator that its first line has most of. */
export function read_csv(text: string): { cells: string[][]; is_french: boolean } {
	const head = text.replace(/^\uFEFF/, "");
	const first = head.split("\n", 1)[0]!;
	const count = (c: string) => first.split(c).length;
	const mark = [",", ";", "\t"].reduce((best, c) => (count(c) > count(best) ? c : best));
	const cells: string[][] = [[]];
	const pattern = new RegExp(`(?:"((?:[^"]|"")*)"|([^"${mark}\\r\\n]*))(${mark}|\\r?\\n|$)`, "y");
	while (pattern.lastIndex < head.length) {
		const m = pattern.exec(head);
		if (m === null)
			throw new NoEdit("csv", `line ${cells.length}`);
		cells.at(-1)!.push((m[1]?.replace(/""/g, "\"") ?? m[2] ?? "").trim());
		if (m[3] !== mark && m[3] !== "")
			cells.push([]);
	}
	return { cells: cells.filter((row) => row.some((c) => c !== "")), is_french: mark === ";" };
}

interface Column {
	what: "number" | "title" | "duration" | "until" | "timeout" | "else" | "value" | "rate";
	output: string;
	unit: string;
}

function column_of(head: string): Column {
	const m = /^(.*?)\s*(?:\[([^\]]*)\])?$/.exec(head)!;
	const [name, unit] = [m[1]!.trim(), (m[2] ?? "").trim()];
	const own = ["number", "title", "duration", "until", "timeout", "else"] as const;
	const what = own.find((w) => w === name.toLowerCase());
	if (what !== undefined)
		return { what, output: "", unit };
	const ramp = /^(.+) ramp$/.exec(name);
	return { what: ramp ? "rate" : "value", output: must_be_name(ramp ? ramp[1]! : name), unit };
}

const with_unit = (cell: string, unit: string, is_french: boolean): string => {
	const text = is_french ? cell.replace(/^([+-]?\d+),(\d+)/, "$1.$2") : cell;
	return unit !== "" && /^[+-]?[\d.]+(?:[eE][+-]?\d+)?$/.test(text) ? `${text} ${unit}` : text;
};

/* Steps out of a table with the columns number, title, duration, until, timeout, else, and for each output NAME and NAME ramp; with their units in brackets. Behind the row at
 * `place`. */
export function import_csv(tree: Tree, text: string, place: number, csv: string): string {
	const { cells, is_french } = read_csv(csv);
	if (cells.length < 2)
		throw new NoEdit("csv");
	const columns = cells[0]!.map(column_of);
	const [, last] = block(tree, place);
	let number = tree.steps[place]?.step ?? 0;
	const blocks = cells.slice(1).flatMap((row) => {
		const get = (what: Column["what"], output = ""): string => {
			const k = columns.findIndex((c) => c.what === what && c.output === output);
			return k < 0 || row[k] === undefined || row[k] === "" ? "" : with_unit(row[k], columns[k]!.unit, is_french);
		};
		number = get("number") === "" ? number + 10 - (number % 10) : Number(get("number"));
		if (!Number.isInteger(number) || number < 0)
			throw new NoEdit("csv", get("number"));
		const settings = columns.filter((c) => c.what === "value" && get("value", c.output) !== "").map((c) =>
			({ output: c.output, value: get("value", c.output), rate: get("rate", c.output), waits: get("duration") === "" && get("until") === "" }));
		const ending: Ending | null = get("until") !== "" ? { kind: "until", text: get("until"), timeout: get("timeout") || "1 h", orelse: get("else") || "hold" }
			: get("duration") === "" ? null : { kind: "wait", text: get("duration"), timeout: "", orelse: "" };
		return ["", ...step_text({ number, title: get("title") || `Step ${number}`, settings, ending })];
	});
	return insert(text, last, blocks);
}
