/* curves.ts - from what was recorded and seen to the curves that are drawn. Pure.
 *
 * A curve is a list of points in the order of time. Steps hold until the next point; points of one channel against another are joined as they
 * come, so that heating and cooling stay two branches. NaN breaks both.
 */
import { merge, place } from "../history";
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
	x: number[]; /* ms, ascending; of one channel against another: its values, in any order */
	y: number[];
	lows: number[]; /* of each point; empty: it has no band */
	highs: number[];
	quality: (string | null)[]; /* of each point; empty: not told */
	until: number; /* where the last step ends */
}

/* Each its own colour while there are colours; runs differ by their dashes too, and what takes a colour for the second time has another dash. */
export function style_of(channel: number, run: number, runs: number): { colour: number; dash: number } {
	const k = channel * Math.max(1, runs) + run;
	return { colour: k % COLOURS, dash: (run + Math.floor(k / COLOURS)) % DASHES.length };
}

type Head = Pick<Curve, "name" | "run" | "unit" | "colour" | "dash">;

/* Of a channel over time, from `from` to `to`: with the point that holds at `from`. The band of what comes from intervals goes with it. */
export function curve_of(head: Head, j: Joined, from: number, to: number): Curve {
	const { times, values } = j.steps;
	const first = times.length > 0 ? Math.max(0, j.steps.at(from)) : 0;
	let end = times.length > 0 ? place(times, to, first) + 1 : 0;
	if (end > 0 && times[end - 1]! > to)
		end--;
	const x = times.slice(first, end);
	const past = j.past;
	/* So many of them are the past's. */
	const known = past && past.times.length > 0 && past.times[0]! < j.until ? Math.min(end, place(past.times, j.until - 1e-3) + 1) : 0;
	const n = past && past.lows.length > 0 ? Math.max(0, known - first) : 0;
	const spread = (list: number[], otherwise: number[]) => list.slice(first, first + n).concat(otherwise.slice(n));
	const y = values.slice(first, end);
	return {
		...head, steps: true, x, y,
		lows: n > 0 ? spread(past!.lows, y) : [],
		highs: n > 0 ? spread(past!.highs, y) : [],
		quality: past ? past.quality.slice(first, Math.max(first, known)) : [],
		until: to,
	};
}

/* One channel against another: what both were at each moment at which one of them changed. Of intervals the least and the most go with their
 * mean: no spike is hidden here either. */
export function pair_of(head: Head, x: Joined, y: Joined, from: number, to: number): Curve {
	const [seconds, xs, ys] = merge([x.steps, y.steps], from, Math.max(from, to)) as [number[], (number | null)[], (number | null)[]];
	const curve: Curve = { ...head, steps: false, x: [], y: [], lows: [], highs: [], quality: [], until: to };
	const past = y.past && y.past.lows.length > 0 ? y.past : null;
	xs.forEach((at, k) => {
		const value = at === null ? NaN : ys[k] ?? NaN;
		curve.x.push(at ?? NaN);
		curve.y.push(value);
		if (!past)
			return;
		const time = seconds[k]! * 1000;
		const is_past = time < y.until && time >= past.times[0]!;
		const interval = is_past ? place(past.times, time + 1e-3) : 0; /* seconds and back lose less than that */
		curve.lows.push(is_past ? past.lows[interval]! : value);
		curve.highs.push(is_past ? past.highs[interval]! : value);
	});
	return curve;
}

/* Least and most of what is drawn between `from` and `to` on the x axis; null: nothing is. */
export function reach(c: Curve, from: number, to: number): [number, number] | null {
	let low = Infinity;
	let high = -Infinity;
	const banded = c.lows.length > 0;
	for (let k = 0; k < c.x.length; k++) {
		const y = c.y[k]!;
		if (!c.steps && Number.isNaN(y))
			continue;
		const begins = c.x[k]!;
		const ends = c.steps ? (k + 1 < c.x.length ? c.x[k + 1]! : c.until) : begins;
		if (!(ends >= from && begins <= to))
			continue;
		const least = banded ? c.lows[k]! : y;
		const most = banded ? c.highs[k]! : y;
		if (least < low)
			low = least;
		if (y < low)
			low = y;
		if (most > high)
			high = most;
		if (y > high)
			high = y;
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

/* Where a value is told as something else than good: stretches with their reason, as few as possible. */
export function stretches(c: Curve): { from: number; to: number; reason: string }[] {
	const all: { from: number; to: number; reason: string }[] = [];
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
