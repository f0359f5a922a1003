/* past.ts - what was recorded, as the server answers it, and how it is joined to what the page has seen itself
 *
 * Pure. The page's own values are exact and count from the moment from which it has missed nothing; what lies before
 * comes from the answer. An answer is either raw (each recorded value) or in intervals with least, most and mean: a spike
 * is never lost, it is in the interval's least or most.
 */
import { type History, place, type Steps } from "./history";

/* A recorded value holds for so long without another one: unchanged ones are confirmed each minute. */
export const HOLD_MS = 150_000;
/* The recorder is behind the stream by a moment: over so much, the last recorded value is drawn on to the live ones. */
const LAG_MS = 5000;
/* An answer in intervals with fewer values than this is asked once more, raw. */
export const RAW_MOST = 2000;
export const POINTS_MOST = 2000;

/* As the API gives it; times are seconds in lists, texts elsewhere. */
export interface Answer {
	from: string | null;
	to: string | null;
	recorded: string | null;
	gaps: { from: string | null; to: string | null; cause: string; text: string }[];
	interval?: number;
	time?: number[];
	channels: AnswerChannel[];
}

export interface AnswerChannel {
	name: string;
	type: string;
	mean?: (number | null)[];
	min?: (number | null)[];
	max?: (number | null)[];
	last?: (number | boolean | null)[];
	count?: number[];
	quality?: (string | null)[];
	thinned_until?: number; /* seconds: values before it have been made coarser */
	run?: number; /* of runs over each other */
	samples?: [number, number | boolean | null, ...unknown[]][];
}

export interface Gap {
	from: number; /* ms; -Infinity: since ever */
	to: number; /* Infinity: it lasts */
	cause: string;
	text: string;
}

export interface PastLine {
	times: Float64Array; /* ms, ascending */
	values: Float64Array; /* same length; NaN: none from here on */
	lows: Float64Array; /* same length in intervals, empty when raw */
	highs: Float64Array;
	quality: (string | null)[]; /* same length: why a value is not good; null: it is. Empty: nothing is told of any */
	thinned_until: number; /* ms; -Infinity: all is as it was recorded */
}

/* A run among those laid over each other. */
export interface OverRun {
	run: number;
	title: string;
	step: string | null; /* the one that is time 0 */
	open: boolean;
	begin: string | null; /* the moment that is time 0 */
	seconds: number; /* where it ends */
	gaps: Gap[];
}

export interface Past {
	from: number; /* ms */
	end: number; /* until when it tells all: what is recorded later is not in it */
	interval: number; /* ms; 0: raw */
	most: number; /* recorded values of the channel that has most */
	lines: Map<string, PastLine>;
	gaps: Gap[];
	over?: OverRun[]; /* times count from the beginning of each of these */
}

const moment = (text: string | null, otherwise: number) => (text === null ? otherwise : Date.parse(text));

/* Samples hold until the next one, for HOLD_MS at most, and never over a gap. */
function read_samples(samples: NonNullable<AnswerChannel["samples"]>, gaps: Gap[]): PastLine {
	const starts = gaps.map((g) => g.from).sort((a, b) => a - b);
	const times = new Float64Array(2 * samples.length); /* each may be followed by its end */
	const values = new Float64Array(2 * samples.length);
	const quality: (string | null)[] = [];
	let n = 0;
	let gap = 0; /* the first that does not begin before the sample */
	samples.forEach(([seconds, value, reason], k) => {
		const time = seconds * 1000;
		const next = k + 1 < samples.length ? samples[k + 1]![0] * 1000 : Infinity;
		while (gap < starts.length && starts[gap]! < time)
			gap++;
		const end = gap < starts.length && starts[gap]! < next ? Math.min(time + HOLD_MS, starts[gap]!) : time + HOLD_MS;
		times[n] = time;
		values[n] = value === null ? NaN : Number(value);
		quality[n++] = typeof reason === "string" ? reason : null;
		if (end < next) {
			times[n] = end;
			values[n] = NaN;
			quality[n++] = null;
		}
	});
	return { times: times.slice(0, n), values: values.slice(0, n), lows: NONE, highs: NONE, quality: told(quality), thinned_until: -Infinity };
}

const NONE = new Float64Array(0);

/* Most often nothing is to be told: then nobody has to go through a list of nulls at each drawing. */
const told = (quality: (string | null)[]) => (quality.some((q) => q !== null) ? quality : []);

/* As many as there are times. */
function numbers(list: (number | boolean | null)[], length: number): Float64Array {
	const all = new Float64Array(length).fill(NaN);
	for (let k = 0; k < length && k < list.length; k++) {
		const v = list[k]!;
		all[k] = v === null ? NaN : Number(v);
	}
	return all;
}

function moments(seconds: number[]): Float64Array {
	const all = new Float64Array(seconds.length);
	for (let k = 0; k < all.length; k++)
		all[k] = seconds[k]! * 1000;
	return all;
}

/* A mean of switches or counters is none of their values: those show the last one. */
function read_intervals(c: AnswerChannel, times: Float64Array): PastLine {
	const values = c.type === "float" ? c.mean : c.last;
	const n = times.length;
	return { times, values: numbers(values ?? [], n), lows: c.min ? numbers(c.min, n) : NONE, highs: c.max ? numbers(c.max, n) : NONE,
		quality: told(c.quality ?? []), thinned_until: -Infinity };
}

function read_line(c: AnswerChannel, times: Float64Array, gaps: Gap[]): PastLine {
	const line = c.samples ? read_samples(c.samples, gaps) : read_intervals(c, times);
	line.thinned_until = c.thinned_until === undefined ? -Infinity : c.thinned_until * 1000;
	return line;
}

const count = (c: AnswerChannel) => c.samples?.length ?? (c.count ?? []).reduce((sum, n) => sum + n, 0);

/* from: where what was asked for begins; a raw question begins HOLD_MS earlier, to know what held there. */
export function read_answer(a: Answer, from: number): Past {
	const gaps = a.gaps.map((g) => ({
		from: moment(g.from, -Infinity), to: moment(g.to, Infinity), cause: g.cause, text: g.text,
	}));
	const times = moments(a.time ?? []);
	return {
		from,
		end: Math.min(moment(a.to, -Infinity), moment(a.recorded, -Infinity)),
		interval: (a.interval ?? 0) * 1000,
		most: Math.max(0, ...a.channels.map(count)),
		lines: new Map(a.channels.map((c) => [c.name, read_line(c, times, gaps)])),
		gaps,
	};
}

/* Runs over each other, as the API gives them: all times are seconds since the beginning of each. */
export interface OverAnswer extends Omit<Answer, "from" | "to" | "gaps"> {
	from: number;
	to: number;
	since: (Omit<OverRun, "gaps"> & { gaps: { from: number; to: number; cause: string; text: string }[] })[];
}

/* What stands for a channel of a run. */
export const over_key = (name: string, run: number) => `${name} run ${run}`;

/* The answer names a step behind the run: keys do not, there is one for all of them. */
export function read_over(a: OverAnswer, from: number): Past {
	const over = a.since.map((s) => ({ ...s, gaps: s.gaps.map((g) => ({ ...g, from: g.from * 1000, to: g.to * 1000 })) }));
	const times = moments(a.time ?? []);
	const gaps_of = (run: number | undefined) => over.find((o) => o.run === run)?.gaps ?? [];
	return {
		from,
		end: Math.round(a.to * 1000), /* 1.001 times 1000 is less than 1001, and would never reach it */
		interval: (a.interval ?? 0) * 1000,
		most: Math.max(0, ...a.channels.map(count)),
		lines: new Map(a.channels.map((c) => [over_key(c.name.split(" ")[0]!, c.run ?? 0), read_line(c, times, gaps_of(c.run))])),
		gaps: [],
		over,
	};
}

/* ---- what has to be asked ---- */

export interface Wish {
	names: string[];
	from: number; /* ms */
	to: number;
	until: number; /* the part from here on the page has itself */
	points: number;
}

/* What a plot from `from` to `to` needs beside the page's own values; null: nothing. */
export function wish_of(own: Map<string, History>, from: number, to: number, now: number, points: number): Wish | null {
	/* Whole milliseconds: addresses and answers have no finer ones, and would never quite reach the end. */
	const first = Math.floor(from);
	const last = Math.floor(Math.min(to, now));
	const names: string[] = [];
	let until = -Infinity;
	for (const [name, h] of own) {
		const whole = Math.min(Math.floor(h.whole() ?? last), last);
		if (whole <= first)
			continue;
		names.push(name);
		until = Math.max(until, whole);
	}
	return names.length === 0 ? null : { names, from: first, to: last, until, points };
}

const fits = (interval: number, w: Wish) => interval <= (1.5 * (w.to - w.from)) / w.points;

/* Does `past` hold all that is wished? `known`: names of which nothing is recorded. */
export function satisfies(past: Past, w: Wish, known: ReadonlySet<string>): boolean {
	return past.from <= w.from && past.end >= w.until && fits(past.interval, w) &&
		w.names.every((n) => past.lines.has(n) || known.has(n));
}

/* Will the answer to `asked` hold all that is wished? */
export function covers(asked: Wish, w: Wish): boolean {
	return asked.from <= w.from && asked.to >= w.until && fits((asked.to - asked.from) / asked.points, w) &&
		w.names.every((n) => asked.names.includes(n));
}

/* ---- joining ---- */

/* A line of the plot: steps, and until when they are those of the past. */
export interface Joined {
	steps: Steps;
	past: PastLine | null;
	from: number;
	until: number;
}

/* The past before the moment from which the page has all itself, the page's own values from there on. */
export function join(live: History, past: Past | null, name: string): Joined {
	const line = past?.lines.get(name);
	const whole = live.whole() ?? Infinity;
	if (!past || !line || whole <= past.from)
		return { steps: live, past: null, from: 0, until: 0 };
	const until = Math.min(whole, past.end);
	let n = line.times.length > 0 ? place(line.times, until) + 1 : 0;
	if (n > 0 && line.times[n - 1]! >= until)
		n--;
	const seam = until + LAG_MS < whole ? 1 : 0;
	const first = whole < Infinity ? live.at(whole) : live.times.length;
	const length = n + seam + live.times.length - first;
	let times = line.times.subarray(0, n);
	let values = line.values.subarray(0, n);
	if (length > n) {
		const both = [times, values];
		times = new Float64Array(length);
		values = new Float64Array(length);
		times.set(both[0]!);
		values.set(both[1]!);
		times[n] = until; /* the live ones begin here where there is no seam */
		values[n] = NaN;
		for (let k = first, at = n + seam; k < live.times.length; k++, at++) {
			times[at] = Math.max(live.times[k]!, whole);
			values[at] = live.values[k]!;
		}
	}
	return { steps: { times, values, at: (time) => place(times, time) }, past: line, from: past.from, until };
}

/* Least and most of the interval at `time`; null where there is none or both are the same. */
export function span_at(j: Joined, time: number): [number, number] | null {
	if (!j.past || j.past.lows.length === 0 || time < j.past.times[0]! || time >= j.until)
		return null;
	const k = place(j.past.times, time);
	const low = j.past.lows[k]!;
	const high = j.past.highs[k]!;
	return low < high ? [low, high] : null;
}

export const gap_at = (past: Past | null, time: number): Gap | null =>
	past?.gaps.find((g) => time >= g.from && time < g.to) ?? null;

/* Least and most of the intervals that are drawn between two moments. */
export function extent(j: Joined, from: number, to: number): [number, number] | null {
	let low = Infinity;
	let high = -Infinity;
	const lows = j.past?.lows ?? NONE;
	for (let k = 0; k < lows.length; k++) {
		const begins = j.past!.times[k]!;
		const ends = j.past!.times[k + 1] ?? j.until;
		if (ends <= from || begins >= Math.min(to, j.until) || Number.isNaN(lows[k]!))
			continue;
		low = Math.min(low, lows[k]!);
		high = Math.max(high, j.past!.highs[k]!);
	}
	return low <= high ? [low, high] : null;
}
