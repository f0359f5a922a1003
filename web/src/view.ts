/* view.ts - which stretch of time the plot shows. Pure. */
const S = 1000;
const MIN = 60 * S;
const H = 60 * MIN;
export const DAY = 24 * H;

export const WINDOWS = [MIN, 5 * MIN, 10 * MIN, H, 8 * H, DAY, 7 * DAY];

const SHORTEST = S;
const LONGEST = 400 * DAY;

export interface View {
	span: number; /* ms */
	end: number | null; /* ms; null: follows the time */
}

/* What can be shown: from the first moment of which anything can be known, to now. */
export interface Limits {
	first: number;
	now: number;
}

const end_of = (v: View, l: Limits) => v.end ?? l.now;
const between = (low: number, x: number, high: number) => Math.max(low, Math.min(x, high));

/* A stretch that lies within the limits, held. */
export function held(span: number, end: number, l: Limits): View {
	const width = between(SHORTEST, span, Math.min(LONGEST, Math.max(l.now - l.first, SHORTEST)));
	return { span: width, end: between(Math.min(l.first + width, l.now), end, l.now) };
}

export const pan = (v: View, by: number, l: Limits): View => held(v.span, end_of(v, l) + by, l);

/* A step to the right that arrives at now, or nearly, follows the time again: it has gone on since the step to the left. */
export function step(v: View, by: number, l: Limits): View {
	const to = pan(v, by, l);
	return by > 0 && to.end! >= l.now - v.span / 20 ? { span: v.span, end: null } : to;
}

/* The moment `around` stays where it is on the screen. A running plot that still shows now runs on. */
export function zoom(v: View, factor: number, around: number, l: Limits): View {
	const end = end_of(v, l);
	const span = between(SHORTEST, v.span * factor, LONGEST);
	const to = around + (end - around) * (span / v.span);
	const still = held(span, to, l);
	return v.end === null && to >= l.now ? { span: still.span, end: null } : still;
}

/* Another width: a running plot runs on, a held one keeps its middle. */
export const resize = (v: View, span: number, l: Limits): View =>
	v.end === null ? { span, end: null } : held(span, v.end + (span - v.span) / 2, l);

export const go_to = (v: View, time: number, l: Limits): View => held(v.span, time + v.span / 2, l);
