/* plan.ts - what the Trends page shows, as the words behind #trends/ in the address. Pure.
 *
 * The address is the whole view: sent to somebody or kept as a bookmark, it shows the same. Words that are not understood are left out; nothing
 * that stands there is trusted.
 */
import { DAY, type View } from "../view";

export type Axis = "clock" | "run" | "step" | "channel";

export interface Plan {
	names: string[]; /* channels */
	axis: Axis;
	x: string; /* the channel on the x axis, of "channel" */
	runs: number[]; /* laid over each other; none: the clock */
	step: string; /* number or title of the step that is time 0, of "step" */
	view: View; /* of the clock */
	part: [number, number] | null; /* of "run", "step" and of a channel of runs: ms since the beginning; null: all of it */
	band: [number, number] | null; /* of "channel": what is shown of it; null: all */
	cursors: [number, number] | null; /* on the x axis: ms, or the channel's value */
	marks: boolean; /* events and steps */
	limits: boolean; /* of alarms */
}

/* Channels times runs are at most so many in one question. */
export const LINES_MOST = 100;
export const RUNS_MOST = 20;

export const EMPTY: Plan = {
	names: [], axis: "clock", x: "", runs: [], step: "", view: { span: 3_600_000, end: null }, part: null, band: null, cursors: null,
	marks: true, limits: false,
};

/* Are times counted since the beginnings of runs? */
export const is_over = (p: Plan): boolean => p.runs.length > 0 && p.axis !== "clock";

export const lines_of = (p: Plan): number => (p.names.length + (p.axis === "channel" ? 1 : 0)) * (is_over(p) ? p.runs.length : 1);

const pair = (two: [number, number]) => two.map((v) => Number(v.toPrecision(15))).join("_");

export function write_plan(p: Plan): string {
	const words = new URLSearchParams();
	const put = (key: string, text: string, unless = "") => text !== unless && words.set(key, text);
	put("c", p.names.join(","));
	put("axis", p.axis, "clock");
	put("x", p.x);
	put("runs", p.runs.join(","));
	put("step", p.step);
	put("span", String(Math.round(p.view.span)), String(EMPTY.view.span));
	put("end", p.view.end === null ? "" : String(Math.round(p.view.end)));
	put("part", p.part ? pair(p.part) : "");
	put("band", p.band ? pair(p.band) : "");
	put("cursors", p.cursors ? pair(p.cursors) : "");
	put("marks", p.marks ? "1" : "0", "1");
	put("limits", p.limits ? "1" : "0", "0");
	return words.toString().replace(/%2C/g, ",");
}

function read_pair(text: string | null): [number, number] | null {
	const two = (text ?? "").split("_").map(Number);
	return two.length === 2 && text !== "" && two.every(Number.isFinite) ? [two[0]!, two[1]!] : null;
}

const sorted = (two: [number, number] | null): [number, number] | null =>
	two === null || two[0] === two[1] ? null : two[0] < two[1] ? two : [two[1], two[0]];

const some = (text: string | null) => [...new Set((text ?? "").split(",").filter((word) => word !== ""))];

export function read_plan(text: string): Plan {
	const words = new URLSearchParams(text);
	const axis = words.get("axis") ?? "clock";
	const span = Number(words.get("span") ?? EMPTY.view.span);
	const end = words.get("end");
	return {
		names: some(words.get("c")).filter((n) => /^[\w.-]+$/.test(n)).slice(0, LINES_MOST),
		axis: axis === "run" || axis === "step" || axis === "channel" ? axis : "clock",
		x: /^[\w.-]+$/.test(words.get("x") ?? "") ? words.get("x")! : "",
		runs: some(words.get("runs")).map(Number).filter((n) => Number.isInteger(n) && n > 0 && n < 2 ** 32).slice(0, RUNS_MOST),
		step: (words.get("step") ?? "").slice(0, 100),
		view: {
			span: Number.isFinite(span) ? Math.max(1000, Math.min(400 * DAY, span)) : EMPTY.view.span,
			end: end !== null && Number.isFinite(Number(end)) && Number(end) > 0 ? Number(end) : null,
		},
		part: sorted(read_pair(words.get("part"))),
		band: sorted(read_pair(words.get("band"))),
		cursors: read_pair(words.get("cursors")),
		marks: words.get("marks") !== "0",
		limits: words.get("limits") === "1",
	};
}

/* ---- what lies on which axis ---- */

export interface Panel {
	units: string[]; /* one or two: the left axis, the right one */
	names: string[];
}

/* Channels by unit, in the order in which they were chosen; two units a panel, further ones below. */
export function panels_of(names: string[], unit_of: (name: string) => string): Panel[] {
	const units = [...new Set(names.map(unit_of))];
	const panels: Panel[] = [];
	for (let k = 0; k < units.length; k += 2) {
		const two = units.slice(k, k + 2);
		panels.push({ units: two, names: names.filter((n) => two.includes(unit_of(n))) });
	}
	return panels;
}

/* Is `time` what the part that is shown begins and ends with? A part that is moved stays as wide; one as wide as all of it is all of it. */
export function move_part(part: [number, number], by: number): [number, number] {
	return [part[0] + by, part[1] + by];
}

/* `around` stays where it is. */
export function zoom_part(part: [number, number], factor: number, around: number, least: number): [number, number] {
	const span = Math.max(least, (part[1] - part[0]) * factor);
	const share = (around - part[0]) / (part[1] - part[0]);
	return [around - share * span, around + (1 - share) * span];
}
