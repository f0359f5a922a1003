/* list.ts - the one list `serve: public: channels:` and the switches `serve: json:` and `xml:` in the text of a bench file: read, and rewritten so that nothing else changes. Pure
 *
 * A bench file has no anchors, tags or several documents (the compiler refuses them), so lines and their indentation say where a key is. What is
 * written in another way than those understood here (a list over several lines in brackets, a text over several lines) is told as such, and left
 * to people. Whatever comes out is checked by the server before it is written.
 */

interface Item {
	name: string;
	from: number; /* of the name as it is written, with its quotes */
	to: number;
}

export interface Found {
	kind: "flow" | "block";
	items: Item[];
	at: number; /* flow: behind '['; block: unused */
	indent: string; /* block: before '-' */
}

export type Where = Found | "no_public" | "not_understood";

interface Line {
	from: number;
	to: number; /* without its end */
	indent: number;
	is_empty: boolean; /* nothing, or a comment alone */
}

function lines_of(text: string): Line[] {
	const lines: Line[] = [];
	for (let from = 0; from <= text.length;) {
		let to = text.indexOf("\n", from);
		const end = to < 0 ? text.length : to;
		to = end > from && text[end - 1] === "\r" ? end - 1 : end;
		const line = text.slice(from, to);
		const indent = /^ */.exec(line)![0].length;
		lines.push({ from, to, indent, is_empty: /^\s*(#|$)/.test(line) });
		from = end + 1;
	}
	return lines;
}

/* A word at `at`, quoted or not, that ends before what `ends` says; null: it is none that is understood. */
function word(text: string, at: number, end: number, ends: RegExp): Item | null {
	const quote = text[at];
	if (quote === '"' || quote === "'") {
		const to = text.indexOf(quote, at + 1);
		const name = text.slice(at + 1, to);
		return to < 0 || to >= end || name.includes("\\") || text[to + 1] === quote ? null : { name, from: at, to: to + 1 };
	}
	let to = at;
	while (to < end && !ends.test(text[to]!) && !(text[to] === "#" && /\s/.test(text[to - 1] ?? " ")))
		to++;
	while (to > at && /\s/.test(text[to - 1]!))
		to--;
	const name = text.slice(at, to);
	return /^[A-Za-z_][\w.*?-]*$/.test(name) ? { name, from: at, to } : null;
}

const spaces = (text: string, at: number, end: number) => {
	let i = at;
	while (i < end && text[i] === " ")
		i++;
	return i;
};

/* Is there nothing but a comment from `at` on? */
const is_over = (text: string, at: number, end: number) => /^(\s+#.*|\s*)$/.test(text.slice(at, end));

/* A list in brackets at `at`, on its line; `end`: where that ends. Gives also where it ends itself. */
function flow_list(text: string, at: number, end: number): { found: Found; end: number } | null {
	const items: Item[] = [];
	let i = spaces(text, at + 1, end);
	while (i < end && text[i] !== "]") {
		const item = word(text, i, end, /[,\][{}]/);
		if (item === null)
			return null;
		items.push(item);
		i = spaces(text, item.to, end);
		if (text[i] === ",")
			i = spaces(text, i + 1, end);
		else if (text[i] !== "]")
			return null;
	}
	return i < end ? { found: { kind: "flow", items, at: at + 1, indent: "" }, end: i + 1 } : null;
}

/* Where a value that is written in a line ends, whatever it is: before the ',' or '}' of its map. */
function skip(text: string, at: number, end: number): number | null {
	let depth = 0;
	for (let i = at; i < end; i++) {
		const c = text[i]!;
		if (c === '"' || c === "'") {
			i = text.indexOf(c, i + 1);
			if (i < 0 || i >= end || text[i - 1] === "\\")
				return null;
		} else if (c === "#" && text[i - 1] === " ") {
			return null;
		} else if (c === "[" || c === "{") {
			depth++;
		} else if (depth === 0 && (c === "," || c === "}")) {
			return i;
		} else if (c === "]" || c === "}") {
			depth--;
		}
	}
	return null;
}

/* Keys of a map in braces at `at`: { a: ..., b: ... } on one line; the place of the value of each. */
function flow_map(text: string, at: number, end: number): Map<string, number> | null {
	const keys = new Map<string, number>();
	let i = spaces(text, at + 1, end);
	while (i < end && text[i] !== "}") {
		const key = /^(\w+): +/.exec(text.slice(i, end));
		if (!key || keys.has(key[1]!))
			return null;
		const value = i + key[0].length;
		keys.set(key[1]!, value);
		const next = skip(text, value, end);
		if (next === null)
			return null;
		i = text[next] === "," ? spaces(text, next + 1, end) : next;
	}
	return i < end ? keys : null;
}

interface Place {
	value: number; /* where the value begins, on the line of its key; the end of the line: below */
	line: number;
}

/* The key `name` in a map in block style: lines from `first` up to the first one that is indented less. */
function block_key(text: string, lines: Line[], first: number, last: number, indent: number, name: string): Place | null | "not_understood" {
	let found: Place | null = null;
	for (let n = first; n < last; n++) {
		const line = lines[n]!;
		if (line.is_empty || line.indent > indent)
			continue;
		const words = text.slice(line.from, line.to);
		const key = new RegExp(`^ *(?:"${name}"|'${name}'|${name})\\s*:`).exec(words);
		if (!key)
			continue;
		if (found !== null || !/:(\s|$)/.test(words.slice(key[0].length - 1, key[0].length + 1)))
			return "not_understood";
		const at = spaces(text, line.from + key[0].length, line.to);
		found = { value: is_over(text, line.from + key[0].length, line.to) ? line.to : at, line: n };
	}
	return found;
}

/* Lines below line `n` that belong to it, and how they are indented. */
function body_of(lines: Line[], n: number, may_be_level = false): { first: number; last: number; indent: number } {
	const own = lines[n]!.indent;
	let last = n + 1;
	let indent = -1;
	for (let k = n + 1; k < lines.length; k++) {
		const line = lines[k]!;
		if (line.is_empty)
			continue;
		if (line.indent < own || (line.indent === own && !may_be_level))
			break;
		if (indent < 0)
			indent = line.indent;
		last = k + 1;
	}
	return { first: n + 1, last, indent };
}

function block_list(text: string, lines: Line[], n: number): Found | "not_understood" {
	const { first, last, indent } = body_of(lines, n, true);
	const items: Item[] = [];
	for (let k = first; k < last; k++) {
		const line = lines[k]!;
		if (line.is_empty)
			continue;
		if (line.indent < indent || (line.indent === indent && text[line.from + indent] !== "-"))
			break; /* the next key, level with a list that is not indented */
		const dash = /^ *- +/.exec(text.slice(line.from, line.to));
		const item = dash && line.indent === indent ? word(text, line.from + dash[0].length, line.to, /[,\][{}:]/) : null;
		if (item === null || !is_over(text, item.to, line.to))
			return "not_understood";
		items.push(item);
	}
	return items.length === 0 ? "not_understood" : { kind: "block", items, at: 0, indent: " ".repeat(indent) };
}

/* The list in a value at `at` of line `n`: in brackets there, or with dashes below. */
function list_at(text: string, lines: Line[], n: number, at: number): Where {
	const line = lines[n]!;
	if (at === line.to)
		return block_list(text, lines, n);
	const flow = text[at] === "[" ? flow_list(text, at, line.to) : null;
	return flow !== null && is_over(text, flow.end, line.to) ? flow.found : "not_understood";
}

export function find_list(text: string): Where {
	const lines = lines_of(text);
	if (/\t/.test(text.replace(/#.*/g, "").replace(/"[^"\n]*"/g, "")))
		return "not_understood";
	let place = block_key(text, lines, 0, lines.length, 0, "serve");
	if (place === null)
		return "no_public";
	for (const [k, name] of (["public", "channels"] as const).entries()) {
		if (place === "not_understood" || place === null)
			return place ?? "no_public";
		const line: Line = lines[place.line]!;
		if (place.value < line.to) { /* the rest stands in braces on this line */
			let at: number = place.value;
			for (const inner of ["public", "channels"].slice(k)) {
				const keys = text[at] === "{" ? flow_map(text, at, line.to) : null;
				if (keys === null)
					return "not_understood";
				if (!keys.has(inner))
					return inner === "public" ? "no_public" : "not_understood";
				at = keys.get(inner)!;
			}
			const flow = text[at] === "[" ? flow_list(text, at, line.to) : null;
			return flow === null ? "not_understood" : flow.found;
		}
		const { first, last, indent }: { first: number; last: number; indent: number } = body_of(lines, place.line);
		if (indent < 0)
			return name === "public" ? "no_public" : "not_understood";
		const next = block_key(text, lines, first, last, indent, name);
		if (next === null)
			return name === "public" ? "no_public" : "not_understood";
		place = next;
	}
	return place === null || place === "not_understood" ? "not_understood" : list_at(text, lines, place.line, place.value);
}

const is_pattern = (name: string) => /[*?]/.test(name);

/* A pattern without a dot fits names of the bench alone, as for the server. */
export function fits(pattern: string, name: string): boolean {
	if (!pattern.includes(".") && name.includes("."))
		return false;
	return new RegExp(`^${pattern.replace(/[.+^${}()|[\]\\-]/g, "\\$&").replace(/\*/g, ".*").replace(/\?/g, ".")}$`, "s").test(name);
}

export interface Shown {
	is_named: boolean;
	pattern: string | null; /* the first that fits */
}

export function shown_by(list: Found, name: string): Shown {
	return { is_named: list.items.some((i) => i.name === name), pattern: list.items.find((i) => is_pattern(i.name) && fits(i.name, name))?.name ?? null };
}

/* As YAML reads it back as a text. */
const written = (name: string) =>
	/^[A-Za-z_][\w.]*$/.test(name) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(name) ? name : `"${name}"`;

function added(text: string, list: Found, name: string): string {
	const last = list.items.at(-1);
	if (list.kind === "flow")
		return last ? `${text.slice(0, last.to)}, ${written(name)}${text.slice(last.to)}` : `${text.slice(0, list.at)}${written(name)}${text.slice(list.at)}`;
	let end = text.indexOf("\n", last!.to);
	const eol = end > 0 && text[end - 1] === "\r" ? "\r\n" : "\n";
	end = end < 0 ? text.length : end + 1 - eol.length;
	return `${text.slice(0, end)}${eol}${list.indent}- ${written(name)}${text.slice(end)}`;
}

function taken_out(text: string, list: Found, k: number): string {
	const item = list.items[k]!;
	if (list.kind === "block") {
		const from = text.lastIndexOf("\n", item.from) + 1;
		const end = text.indexOf("\n", item.to);
		return end < 0 ? text.slice(0, from).replace(/\r?\n$/, "") : text.slice(0, from) + text.slice(end + 1);
	}
	const next = list.items[k + 1];
	const [from, to] = next ? [item.from, next.from] : [list.items[k - 1]?.to ?? item.from, item.to];
	return text.slice(0, from) + text.slice(to);
}

export type Rewritten = { text: string; why: null } | { text: null; why: "not_understood" | "no_public" | "last" | "pattern" };

/* The text with `name` in the list, or without it. What was not to change is looked at once more. */
export function with_channel(text: string, name: string, is_on: boolean): Rewritten {
	const list = find_list(text);
	if (typeof list === "string")
		return { text: null, why: list };
	const { is_named, pattern } = shown_by(list, name);
	if (is_on ? is_named || pattern !== null : !is_named && pattern === null)
		return { text, why: null };
	if (!is_on && pattern !== null)
		return { text: null, why: "pattern" };
	if (!is_on && list.items.every((i) => i.name === name))
		return { text: null, why: "last" };
	let now = text;
	if (is_on)
		now = added(text, list, name);
	else
		for (let k = list.items.length - 1; k >= 0; k--)
			if (list.items[k]!.name === name)
				now = taken_out(now, list, k);
	const wanted = is_on ? [...list.items.map((i) => i.name), name] : list.items.map((i) => i.name).filter((n) => n !== name);
	const again = find_list(now);
	return typeof again !== "string" && again.items.map((i) => i.name).join("\n") === wanted.join("\n") ? { text: now, why: null } : { text: null, why: "not_understood" };
}

/* What to write by hand: the list as it is wished. */
export const lines_by_hand = (names: string[]) => `serve:\n  public:\n    listen: "127.0.0.1:8090"\n    channels: [${names.map(written).join(", ")}]\n`;

/* ---- flat pages: `serve: json:` and `xml:`, yes or no ---- */

export type Flat = "json" | "xml";

interface Switch {
	value: Item | null; /* as it is written; null: there is none, which means yes */
	at: number; /* where `key: no` can be put */
	kind: "flow" | "block" | "alone"; /* alone: behind `serve:` of which nothing is written yet, or at the end of a file without */
	indent: string;
	is_empty: boolean; /* flow: {} */
}

function find_switch(text: string, key: Flat): Switch | "not_understood" {
	const lines = lines_of(text);
	if (/\t/.test(text.replace(/#.*/g, "").replace(/"[^"\n]*"/g, "")))
		return "not_understood";
	const serve = block_key(text, lines, 0, lines.length, 0, "serve");
	if (serve === "not_understood")
		return serve;
	if (serve === null)
		return { value: null, at: text.length, kind: "alone", indent: "", is_empty: true };
	const line = lines[serve.line]!;
	if (serve.value < line.to) {
		const keys = text[serve.value] === "{" ? flow_map(text, serve.value, line.to) : null;
		if (keys === null)
			return "not_understood";
		const at = keys.get(key);
		const value = at === undefined ? null : word(text, at, line.to, /[,\][{}]/);
		return at !== undefined && value === null ? "not_understood" : { value, at: serve.value + 1, kind: "flow", indent: "", is_empty: keys.size === 0 };
	}
	const { first, last, indent } = body_of(lines, serve.line);
	if (indent < 0)
		return "not_understood";
	const found = block_key(text, lines, first, last, indent, key);
	if (found === "not_understood")
		return found;
	const of = found === null ? null : lines[found.line]!;
	const value = found === null || of === null ? null : word(text, found.value, of.to, /[,\][{}]/);
	if (of !== null && (value === null || !is_over(text, value.to, of.to)))
		return "not_understood";
	return { value, at: lines[first]!.from, kind: "block", indent: " ".repeat(indent), is_empty: false };
}

const NO = /^(no|off|false)$/i;
const YES = /^(yes|on|true)$/i;

/* Is the page there, as the text says? */
export function has_flat(text: string, key: Flat): boolean | "not_understood" {
	const found = find_switch(text, key);
	if (found === "not_understood" || (found.value !== null && !NO.test(found.value.name) && !YES.test(found.value.name)))
		return "not_understood";
	return found.value === null || YES.test(found.value.name);
}

/* The text with the page, or without it. */
export function with_flat(text: string, key: Flat, is_on: boolean): Rewritten {
	const found = find_switch(text, key);
	if (found === "not_understood" || has_flat(text, key) === "not_understood")
		return { text: null, why: "not_understood" };
	if (has_flat(text, key) === is_on)
		return { text, why: null };
	const now = `${key}: ${is_on ? "yes" : "no"}`;
	const eol = text.includes("\r\n") ? "\r\n" : "\n";
	let out: string;
	if (found.value !== null)
		out = text.slice(0, found.value.from) + (is_on ? "yes" : "no") + text.slice(found.value.to);
	else if (found.kind === "flow")
		out = `${text.slice(0, found.at)}${now}${found.is_empty ? "" : ", "}${text.slice(found.at)}`;
	else if (found.kind === "block")
		out = `${text.slice(0, found.at)}${found.indent}${now}${eol}${text.slice(found.at)}`;
	else
		out = `${text}${text === "" || text.endsWith("\n") ? "" : eol}serve:${eol}  ${now}${eol}`;
	return has_flat(out, key) === is_on ? { text: out, why: null } : { text: null, why: "not_understood" };
}
