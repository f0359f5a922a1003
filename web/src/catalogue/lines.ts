/* lines.ts - a new instrument as lines of a bench file, put where they belong so that every other byte stays as it is. Pure
 *
 * Only `links:` and `instruments:` in block style at the beginning of a line are understood; what is written in another way is left to people,
 * who get the lines. The server checks what comes of it before it is written.
 */

export interface NewLink {
	name: string;
	kind: string; /* its key: tcp, serial, ... */
	address: string;
	line: string; /* of a serial port; "": as delivered */
}

export interface Entry {
	name: string;
	use: string;
	link: string; /* "": it has none */
	keys: { name: string; value: string; type: string }[];
}

/* What a form begins with: found by a scan. */
export interface Begun {
	use: string;
	link: string;
	values: Record<string, string>;
}

/* "use: adam-4017, address: 3"; null: it is nothing of that form. */
export function begun_of(words: string, link: string): Begun | null {
	const pairs = words.split(", ").map((p) => /^([\w-]+): (.+)$/.exec(p));
	const [use, ...more] = pairs;
	if (!use || use[1] !== "use" || more.some((p) => p === null))
		return null;
	return { use: use[2]!, link, values: Object.fromEntries(more.map((p) => [p![1]!, p![2]!])) };
}

const KINDS = ["tcp", "rtu", "udp", "serial", "hid", "usbtmc", "folder", "gpio"];
export const kinds_of = (wires: string[]) => wires.filter((w) => KINDS.includes(w));

export const is_name = (name: string) => /^[A-Za-z][A-Za-z0-9_]{0,62}$/.test(name);

/* A number as the compiler reads it. */
export const number_of = (text: string) => (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text.trim()) ? Number(text) : null);

export function address_is_good(kind: string, address: string): boolean {
	if (kind === "serial" || kind === "gpio" || kind === "folder")
		return /^\/[^\s"\\]+$/.test(address);
	if (kind === "hid" || kind === "usbtmc")
		return /^(\/dev\/[\w/.-]+|[0-9a-fA-F]{4}:[0-9a-fA-F]{4}(:[^\s"\\]+)?)$/.test(address);
	const found = /^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9][\w.-]*):(\d{1,5})$/.exec(address);
	return found !== null && Number(found[1]) >= 1 && Number(found[1]) <= 65535;
}

export const line_is_good = (line: string) => /^\d{2,7} [5-8][NEO][12]$/.test(line);

/* As YAML reads it back as this text. */
const quoted = (text: string) =>
	/^[A-Za-z_][\w./-]*$/.test(text) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(text) ? text : JSON.stringify(text);

function value_of(key: Entry["keys"][number]): string {
	if (key.type === "secret")
		return `{secret: ${quoted(key.value)}}`;
	return (key.type === "int" || key.type === "number") && number_of(key.value) !== null ? key.value.trim() : quoted(key.value);
}

export const link_lines = (l: NewLink) =>
	[`${l.name}: {${l.kind}: ${JSON.stringify(l.address)}${l.kind === "serial" && l.line !== "" ? `, line: ${JSON.stringify(l.line)}` : ""}}`];

export const entry_lines = (e: Entry) => [`${e.name}:`, `  use: ${quoted(e.use)}`, ...(e.link === "" ? [] : [`  link: ${e.link}`]),
	...e.keys.map((k) => `  ${k.name}: ${value_of(k)}`)];

interface Section {
	line: number; /* of its key */
	last: number; /* the last one that belongs to it */
	indent: string; /* of what stands in it */
	names: string[];
}

/* null: it is not there */
function find_section(lines: string[], key: string): Section | null | "not_understood" {
	const head = new RegExp(`^(?:${key}|"${key}"|'${key}')\\s*:(?=\\s|$)(.*)$`);
	const at = lines.flatMap((l, k) => (head.test(l) ? [k] : []));
	if (at.length === 0)
		return lines.some((l) => new RegExp(`^(?:\\? *|\\{).*\\b${key}\\b`).test(l)) ? "not_understood" : null;
	if (at.length > 1 || !/^\s*(#.*)?$/.test(head.exec(lines[at[0]!]!)![1]!))
		return "not_understood";
	const found: Section = { line: at[0]!, last: at[0]!, indent: "", names: [] };
	for (let k = found.line + 1; k < lines.length; k++) {
		const line = lines[k]!;
		const indent = /^\s*/.exec(line)![0];
		if (line.trim() === "")
			continue;
		if (indent === "" && line.startsWith("#"))
			continue;
		if (indent === "")
			break;
		if (indent.includes("\t"))
			return "not_understood";
		found.last = k;
		if (line.trim().startsWith("#"))
			continue;
		found.indent = found.indent === "" ? indent : found.indent;
		if (indent === found.indent) {
			const name = /^\s*(?:(\w+)|"(\w+)"|'(\w+)')\s*:(\s|$)/.exec(line);
			if (name === null)
				return "not_understood";
			found.names.push(name[1] ?? name[2] ?? name[3]!);
		} else if (indent.length < found.indent.length) {
			return "not_understood";
		}
	}
	found.indent = found.indent === "" ? "  " : found.indent;
	return found;
}

const split = (text: string) => text.split("\n").map((l) => (l.endsWith("\r") ? l.slice(0, -1) : l));

/* What has a name in a section; []: nothing, or it is not understood. */
export function names_in(text: string, key: "links" | "instruments"): string[] {
	const found = find_section(split(text), key);
	return found === null || found === "not_understood" ? [] : found.names;
}

/* A name that is not taken. */
export function free_name(wish: string, taken: string[]): string {
	const base = wish.replace(/\W+/g, "_").replace(/^[^A-Za-z]+/, "").slice(0, 50) || "device";
	for (let n = 1; ; n++) {
		const name = n === 1 ? base : `${base}_${n}`;
		if (!taken.includes(name))
			return name;
	}
}

/* The whole text with them; null: it is written in a way that is not understood here. */
export function with_instrument(text: string, link: NewLink | null, entry: Entry): string | null {
	const lines = split(text);
	const links = link === null ? null : find_section(lines, "links");
	const instruments = find_section(lines, "instruments");
	if (links === "not_understood" || instruments === "not_understood")
		return null;
	const eol = /\r\n/.test(text) ? "\r\n" : "\n";
	const kept = text.split("\n"); /* with their own ends */
	const put = (at: number, added: string[]) => {
		/* Behind a last line without an end, that line gets one. */
		if (at === kept.length && kept.at(-1) === "")
			at -= 1;
		else if (at === kept.length)
			kept[at - 1] += eol === "\r\n" ? "\r" : "";
		const own = added.map((l) => (eol === "\r\n" ? `${l}\r` : l));
		kept.splice(at, 0, ...own);
		if (at + own.length === kept.length)
			kept.push("");
	};
	const inside = (s: Section, added: string[]) => put(s.last + 1, added.map((l) => s.indent + l));
	const section = (key: string, added: string[]) => [`${key}:`, ...added.map((l) => `  ${l}`)];
	const todo: { at: number; act: () => void }[] = [];
	if (instruments !== null)
		todo.push({ at: instruments.last + 1, act: () => inside(instruments, entry_lines(entry)) });
	else
		todo.push({ at: lines.length, act: () => put(kept.length, section("instruments", entry_lines(entry))) });
	if (link !== null && links !== null) {
		todo.push({ at: links.last + 1, act: () => inside(links, link_lines(link)) });
	} else if (link !== null) {
		const at = instruments === null ? lines.length : instruments.line;
		todo.push({ at: at - 0.5, act: () => put(instruments === null ? kept.length : at, section("links", link_lines(link))) });
	}
	/* From the end on, so that places stay what they were; two new sections at the end come in their order. */
	if (link !== null && links === null && instruments === null)
		todo.reverse();
	else
		todo.sort((a, b) => b.at - a.at);
	for (const t of todo)
		t.act();
	return kept.join("\n");
}
