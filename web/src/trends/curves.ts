/* curves.ts - from what was recorded and seen to the curves that are drawn. Pure.
 *
 * A curve is a list of points in the order of time. Steps hold until the next point; points of one channel against another are joined as they
 * come, so that heating and cooling stay two branches. NaN breaks both.
 */
import { merge, type Numbers, place } from "../history";
import type { Joined } from "../past";

export const COLOURS = 8;
export const DASHES: number[][] = [[], [8, 4], [2, 3], [10, 3, 2, 3]];

export interface Curve {
	name: string; /* the channel */
	run: number | null;
	unit: string;
	colour: number; /* of --line0 ... */
	dash: number; /* of DASHES */
	steps: boolean;
	x: Float64Array; /* ms, ascending; of one channel against another: its values, in any order */
	y: Float64Array;
	lows: Float64Array; /* of each point; empty: it has no band */
	highs: Float64Array;
	quality: (string | null)[]; /* of each point; empty: not told */
	until: number; /* where the last step ends */
}

/* Each its own colour while there are colours; runs differ by their dashes too, and what takes a colour for the second time has another dash. */
export function style_of(channel: number, run: number, runs: number): { colour: number; dash: number } {
	const k = channel * Math.max(1, runs) + run;
	return { colour: k % COLOURS, dash: (run + Math.floor(k / COLOURS)) % DASHES.length };
}

type Head = Pick<Curve, "name" | "run" | "unit" | "colour" | "dash">;

const NONE = new Float64Array(0);

/* What was recorded is not copied; what the page sees itself goes on to change. */
const part = (list: Numbers, first: number, end: number): Float64Array =>
	(Array.isArray(list) ? Float64Array.from(list.slice(first, end)) : list.subarray(first, end));

/* Of a channel over time, from `from` to `to`: with the point that holds at `from`. The band of what comes from intervals goes with it. */
export function curve_of(head: Head, j: Joined, from: number, to: number): Curve {
	const { times, values } = j.steps;
	const first = times.length > 0 ? Math.max(0, j.steps.at(from)) : 0;
	let end = times.length > 0 ? place(times, to, first) + 1 : 0;
	if (end > 0 && times[end - 1]! > to)
		end--;
	const x = part(times, first, end);
	const past = j.past;
	/* So many of them are the past's. */
	const known = past && past.times.length > 0 && past.times[0]! < j.until ? Math.min(end, place(past.times, j.until - 1e-3) + 1) : 0;
	const n = past && past.lows.length > 0 ? Math.max(0, known - first) : 0;
	const y = part(values, first, end);
	const spread = (list: Float64Array): Float64Array => {
		const of_past = list.subarray(first, first + n);
		if (n === y.length)
			return of_past;
		const all = y.slice();
		all.set(of_past);
		return all;
	};
	return {
		...head, steps: true, x, y,
		lows: n > 0 ? spread(past!.lows) : NONE,
		highs: n > 0 ? spread(past!.highs) : NONE,
		quality: past && past.quality.length > 0 ? past.quality.slice(first, Math.max(first, known)) : [],
		until: to,
	};
}

/* One channel against another: what both were at each moment at which one of them changed. Of intervals the least and the most go with their
 * mean: no spike is hidden here either. */
export function pair_of(head: Head, x: Joined, y: Joined, from: number, to: number): Curve {
	const [seconds, xs, ys] = merge([x.steps, y.steps], from, Math.max(from, to)) as [number[], (number | null)[], (number | null)[]];
	const past = y.past && y.past.lows.length > 0 ? y.past : null;
	const room = (is_needed = true) => (is_needed ? new Float64Array(xs.length) : NONE);
	const curve: Curve = { ...head, steps: false, x: room(), y: room(), lows: room(past !== null), highs: room(past !== null), quality: [], until: to };
	xs.forEach((at, k) => {
		const value = at === null ? NaN : ys[k] ?? NaN;
		curve.x[k] = at ?? NaN;
		curve.y[k] = value;
		if (!past)
			return;
		const time = seconds[k]! * 1000;
		const is_past = time < y.until && time >= past.times[0]!;
		const interval = is_past ? place(past.times, time + 1e-3) : 0; /* seconds and back lose less than that */
		curve.lows[k] = is_past ? past.lows[interval]! : value;
		curve.highs[k] = is_past ? past.highs[interval]! : value;
	});
	return curve;
}

/* Least and most of what is drawn between `from` and `to` on the x axis; null: nothing is. */
export function reach(c: Curve, from: number, to: number): [number, number] | null {
	const { x, y, steps } = c;
	const banded = c.lows.length > 0;
	const lows = banded ? c.lows : y;
	const highs = banded ? c.highs : y;
	let low = Infinity;
	let high = -Infinity;
	let k = 0;
	if (steps && x.length > 0) {
		/* The one that holds at `from`, and one that ends just there. */
		k = place(x, from);
		while (k > 0 && x[k]! >= from)
			k--;
		if (k === x.length - 1 && c.until < from)
			return null;
	}
	for (; k < x.length; k++) {
		const at = x[k]!;
		if (steps && at > to)
			break;
		const value = y[k]!;
		if (!steps && !(at >= from && at <= to && value === value))
			continue;
		/* A comparison with NaN is false: it moves nothing. */
		if (lows[k]! < low)
			low = lows[k]!;
		if (value < low)
			low = value;
		if (highs[k]! > high)
			high = highs[k]!;
		if (value > high)
			high = value;
	}
	return low <= high ? [low, high] : null;
}

/* All that an x axis of a channel has to show. */
export function width_of(curves: Curve[]): [number, number] | null {
	let low = Infinity;
	let high = -Infinity;
	for (const c of curves)
		for (let k = 0; k < c.x.length; k++)
			if (!Number.isNaN(c.y[k]!)) {
				low = Math.min(low, c.x[k]!);
				high = Math.max(high, c.x[k]!);
			}
	if (low > high)
		return null;
	const room = Math.max((high - low) * 0.03, Math.max(Math.abs(high), 1) * 0.001);
	return [low - room, high + room];
}

export interface Stretch {
	from: number;
	to: number;
	reason: string;
}

const found = new WeakMap<Curve, Stretch[]>();

/* Where a value is told as something else than good: stretches with their reason, as few as possible. The pointer asks with each move: they are
 * looked for once in a curve. */
export function stretches(c: Curve): Stretch[] {
	const known = found.get(c);
	if (known)
		return known;
	const all: Stretch[] = [];
	found.set(c, all);
	for (let k = 0; k < c.quality.length; k++) {
		const reason = c.quality[k];
		/* Behind the end of a run there is nothing to tell. */
		if (reason === null || reason === undefined || reason === "run_over")
			continue;
		const from = c.x[k]!;
		const to = k + 1 < c.x.length ? c.x[k + 1]! : c.until;
		const last = all[all.length - 1];
		if (last && last.reason === reason && last.to >= from)
			last.to = to;
		else
			all.push({ from, to, reason });
	}
	return all;
}
