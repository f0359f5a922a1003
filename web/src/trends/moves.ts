/* moves.ts - what gestures and keys do to a plan: the clock moves in its view, runs in their part, a channel in its band. Pure. */
import { held, type Limits, pan, resize, step, type View, zoom } from "../view";
import { is_over, move_part, type Plan, zoom_part } from "./plan";

/* What is shown now, on the x axis: ms, or the channel's values. */
export interface Shown {
	from: number;
	to: number;
	limits: Limits; /* of the clock */
}

const LEAST_MS = 100;

function put(p: Plan, part: [number, number] | null): Plan {
	return p.axis === "channel" ? { ...p, band: part } : { ...p, part };
}

const is_clock = (p: Plan) => p.axis !== "channel" && !is_over(p);

export const panned = (p: Plan, by: number, s: Shown): Plan =>
	(is_clock(p) ? { ...p, view: pan(p.view, by, s.limits) } : put(p, move_part([s.from, s.to], by)));

export const zoomed = (p: Plan, factor: number, around: number, s: Shown): Plan =>
	(is_clock(p) ? { ...p, view: zoom(p.view, factor, around, s.limits) } :
		put(p, zoom_part([s.from, s.to], factor, around, p.axis === "channel" ? 0 : LEAST_MS)));

/* Enlarge what lies between. */
export const marked = (p: Plan, from: number, to: number, s: Shown): Plan =>
	(is_clock(p) ? { ...p, view: held(to - from, to, s.limits) } : put(p, [from, to]));

/* All of it again; the clock follows the time again. */
export const all_of = (p: Plan): Plan => (is_clock(p) ? { ...p, view: { span: p.view.span, end: null } } : put(p, null));

/* Half of what is shown to the left or to the right. */
export function stepped(p: Plan, half: number, s: Shown): Plan {
	const by = half * (s.to - s.from) / 2;
	return is_clock(p) ? { ...p, view: step(p.view, by, s.limits) } : put(p, move_part([s.from, s.to], by));
}

/* Of the clock, wherever it is the x axis or the time of one channel against another. */
export const spanned = (p: Plan, span: number, l: Limits): Plan => ({ ...p, view: resize(p.view, span, l) });
export const viewed = (p: Plan, view: View): Plan => ({ ...p, view });

/* The pair of cursors, within what is shown; off and on. */
export function toggle_cursors(p: Plan, s: Shown): Plan {
	const third = (s.to - s.from) / 3;
	return { ...p, cursors: p.cursors ? null : [s.from + third, s.from + 2 * third] };
}

/* null: the key is none of the plot's. */
export function key_move(key: string, p: Plan, s: Shown): Plan | null {
	switch (key) {
	case "ArrowLeft":
		return stepped(p, -1, s);
	case "ArrowRight":
		return stepped(p, 1, s);
	case "+":
	case "=":
		return zoomed(p, 0.5, is_clock(p) ? s.to : (s.from + s.to) / 2, s);
	case "-":
		return zoomed(p, 2, is_clock(p) ? s.to : (s.from + s.to) / 2, s);
	case "End":
	case "0":
		return all_of(p);
	case "c":
		return toggle_cursors(p, s);
	default:
		return null;
	}
}
