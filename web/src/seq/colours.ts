/* colours.ts - the words of a sequence for the eye: comments, texts, numbers with units, words of the language. Pure.
 *
 * For reading alone: what is right and wrong the compiler says. Anything is taken, in any state of being typed.
 */
export type Kind = "comment" | "text" | "number" | "word" | "plain";

const WORDS = ["sequence", "version", "needs", "meta", "param", "limit", "guard", "in", "when", "for", "step", "entry", "always", "end", "include", "on", "abort", "hold",
	"power_loss", "otherwise", "set", "ramp", "to", "at", "over", "holdback", "timeout", "start", "dwell", "guaranteed", "within", "of", "wait", "until", "stable", "else", "ask",
	"answers", "repeat", "as", "if", "then", "parallel", "do", "join", "record", "every", "stop", "result", "mark", "notify", "skip", "trip", "continue", "back", "with",
	"required", "text", "user", "ready", "done", "retry", "name", "and", "or", "not"];
const TOKEN = new RegExp([
	"(#.*)",
	'("(?:[^"\\\\\\n]|\\\\.)*"?)',
	"(\\b\\d+(?:\\.\\d+)?(?:[eE][+-]?\\d+)?(?:[ \\t]*(?:%(?:LEL)?|(?:degC|degF|K|s|min|h|ms|d|mL_n|mL|L_n|L|bar|mbar|Pa|kPa|V|mV|A|mA|W|kW|mg|g)(?:/(?:min|h|s))*)(?![\\w]))?)",
	`(\\b(?:${WORDS.join("|")})\\b(?![.\\w]))`,
].join("|"), "g");
const KINDS: Kind[] = ["comment", "text", "number", "word"];

/* One line in pieces; together they are the line. */
export function colours(line: string): { kind: Kind; text: string }[] {
	const list: { kind: Kind; text: string }[] = [];
	let at = 0;
	for (const m of line.matchAll(TOKEN)) {
		if (m.index > at)
			list.push({ kind: "plain", text: line.slice(at, m.index) });
		list.push({ kind: KINDS[m.slice(1).findIndex((g) => g !== undefined)]!, text: m[0] });
		at = m.index + m[0].length;
	}
	if (at < line.length)
		list.push({ kind: "plain", text: line.slice(at) });
	return list;
}
