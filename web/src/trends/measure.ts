/* measure.ts - what the pair of cursors says of a curve. Pure. */
import { place } from "../history";
import type { Curve } from "./curves";

export interface Reading {
	value: number | null;
	span: [number, number] | null; /* of an interval: least and most in it */
	quality: string | null; /* why it is not good, where that is told */
}

export interface Measure {
	a: Reading;
	b: Reading;
	difference: number | null; /* b - a */
	slope: number | null; /* a second */
	mean: number | null; /* weighted by time over what is known */
	least: number | null;
	most: number | null;
	known: number; /* which share of the time between them a value is known */
}

const NOTHING: Reading = { value: null, span: null, quality: null };
const number_or_null = (v: number | undefined) => (v === undefined || Number.isNaN(v) ? null : v);

/* What holds at `x`. Of one channel against another no single value does. */
export function reading_at(c: Curve, x: number): Reading {
	if (!c.steps || c.x.length === 0 || x < c.x[0]! || x > c.until)
		return NOTHING;
	const at = place(c.x, x);
	/* Where a curve ends its last value is read, not that it has ended. */
	const k = x >= c.until && at > 0 && c.x[at]! >= c.until ? at - 1 : at;
	const low = c.lows[k];
	const high = c.highs[k];
	return {
		value: number_or_null(c.y[k]),
		span: low !== undefined && high !== undefined && low < high ? [low, high] : null,
		quality: c.quality[k] ?? null,
	};
}

/* The point of a curve that is nearest to a place on the screen, both in pixels. */
export function nearest(c: Curve, to_px: (x: number) => number, to_py: (y: number) => number, px: number, py: number): number {
	let best = -1;
	let least = Infinity;
	for (let k = 0; k < c.x.length; k++) {
		const d = (to_px(c.x[k]!) - px) ** 2 + (to_py(c.y[k]!) - py) ** 2;
		if (d < least) {
			least = d;
			best = k;
		}
	}
	return best;
}

export function measure(c: Curve, one: number, other: number): Measure {
	const [from, to] = one < other ? [one, other] : [other, one];
	const a = reading_at(c, one);
	const b = reading_at(c, other);
	const difference = a.value !== null && b.value !== null ? b.value - a.value : null;
	let weight = 0;
	let sum = 0;
	let least = Infinity;
	let most = -Infinity;
	for (let k = 0; k < c.x.length; k++) {
		const y = c.y[k]!;
		const begins = c.x[k]!;
		const ends = c.steps ? (k + 1 < c.x.length ? c.x[k + 1]! : c.until) : begins;
		if (Number.isNaN(y) || begins > to || (c.steps ? ends <= from && begins < from : begins < from))
			continue;
		const share = c.steps ? Math.min(ends, to) - Math.max(begins, from) : 1;
		weight += Math.max(0, share);
		sum += y * Math.max(0, share);
		least = Math.min(least, c.lows[k] ?? y, y);
		most = Math.max(most, c.highs[k] ?? y, y);
	}
	return {
		a, b, difference,
		slope: difference !== null && c.steps && one !== other ? difference / ((other - one) / 1000) : null,
		mean: weight > 0 ? sum / weight : null,
		least: least <= most ? least : null,
		most: least <= most ? most : null,
		known: c.steps ? (to > from ? weight / (to - from) : 0) : weight > 0 ? 1 : 0,
	};
}
