/* yaml_colours.ts - the words of a bench file for the eye: keys, texts, numbers with units, comments. Pure.
 *
 * For reading alone, line by line: what is right and wrong the compiler says. Anything is taken, in any state of being typed.
 */
import type { Piece } from "./code";

const TOKEN = new RegExp([
	"(^#.*|\\s#.*)",
	'("(?:[^"\\\\]|\\\\.)*"?|(?:^|(?:[:,\\[{-]\\s*))\'(?:[^\']|\'\')*\'?)',
	"([A-Za-z_][\\w.$/'-]*(?=\\s*:(?:\\s|$)))",
	"([A-Za-z_&*!][\\w.$/'-]*)",
	"([+-]?\\d+(?:\\.\\d+)?(?:[eE][+-]?\\d+)?(?:[ \\t]+(?:%|deg[CF]|m?[a-zA-Z]+(?:_n)?(?:/(?:min|h|s))?)(?![\\w.:]))?)",
].join("|"), "g");
const WORDS = new Set(["true", "false", "null", "yes", "no", "on", "off"]);

/* One line in pieces; together they are the line. */
export function yaml_colours(line: string): Piece[] {
	const list: Piece[] = [];
	let at = 0;
	const add = (kind: Piece["kind"], text: string) => {
		const last = list.at(-1);
		if (kind === "plain" && last?.kind === "plain")
			last.text += text;
		else if (text !== "")
			list.push({ kind, text });
	};
	for (const m of line.matchAll(TOKEN)) {
		add("plain", line.slice(at, m.index));
		const [all, comment, text, key, word] = m;
		at = m.index + all.length;
		if (comment !== undefined)
			add("comment", all);
		else if (text !== undefined)
			add("text", all);
		else if (key !== undefined)
			add("word", all);
		else if (word !== undefined)
			add(WORDS.has(word) ? "number" : "plain", all);
		else
			add("number", all);
	}
	add("plain", line.slice(at));
	return list;
}
