/* line_diff.ts - how two texts differ, line by line, in the form of diff -u without its head. Pure.
 *
 * What both begin and end with is left out first; the middle is compared where that is small enough, and else told as one piece that goes and one that comes.
 */
const AROUND = 3; /* lines shown around a difference */
const CELLS_MOST = 4_000_000;

interface Step {
	sign: " " | "-" | "+";
	line: string;
}

/* The longest lines in common, by a table of lengths from the end. */
function compare(a: string[], b: string[]): Step[] {
	const minus = (line: string): Step => ({ sign: "-", line });
	const plus = (line: string): Step => ({ sign: "+", line });
	if (a.length * b.length > CELLS_MOST)
		return [...a.map(minus), ...b.map(plus)];
	const width = b.length + 1;
	const best = new Uint32Array((a.length + 1) * width);
	for (let i = a.length - 1; i >= 0; i--)
		for (let k = b.length - 1; k >= 0; k--)
			best[i * width + k] = a[i] === b[k] ? best[(i + 1) * width + k + 1]! + 1 : Math.max(best[(i + 1) * width + k]!, best[i * width + k + 1]!);
	const steps: Step[] = [];
	let [i, k] = [0, 0];
	while (i < a.length || k < b.length) {
		if (i < a.length && k < b.length && a[i] === b[k]) {
			steps.push({ sign: " ", line: a[i]! });
			i++;
			k++;
		} else if (i < a.length && (k === b.length || best[(i + 1) * width + k]! >= best[i * width + k + 1]!)) {
			steps.push(minus(a[i++]!));
		} else {
			steps.push(plus(b[k++]!));
		}
	}
	return steps;
}

/* "": they are the same. */
export function line_diff(was: string, is: string): string {
	const [a, b] = [was.split("\n"), is.split("\n")];
	if (was === is)
		return "";
	let head = 0;
	while (head < a.length && head < b.length && a[head] === b[head])
		head++;
	let tail = 0;
	while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail])
		tail++;
	const from = Math.max(0, head - AROUND);
	const same = (line: string): Step => ({ sign: " ", line });
	const steps = [...a.slice(from, head).map(same), ...compare(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
		...a.slice(a.length - tail, a.length - tail + AROUND).map(same)];
	/* Far from any difference nothing is shown; where a piece begins, its lines are told. */
	const is_near = new Array<boolean>(steps.length).fill(false);
	steps.forEach((s, n) => {
		for (let m = Math.max(0, n - AROUND); s.sign !== " " && m <= Math.min(steps.length - 1, n + AROUND); m++)
			is_near[m] = true;
	});
	const out: string[] = [];
	let [line_a, line_b] = [from + 1, from + 1];
	steps.forEach((s, n) => {
		if (is_near[n] && !is_near[n - 1])
			out.push(`@@ -${line_a} +${line_b} @@`);
		if (is_near[n])
			out.push(`${s.sign}${s.line}`);
		line_a += s.sign === "+" ? 0 : 1;
		line_b += s.sign === "-" ? 0 : 1;
	});
	return out.join("\n");
}
