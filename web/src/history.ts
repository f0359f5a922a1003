/* history.ts - the last ten minutes of one channel, as changes
 *
 * Exact: every change that the stream brings is kept, so a spike is never lost between two grid points. A value holds
 * until the next entry; NaN means "not good here" and is drawn as a gap. The size is bounded: the oldest go first.
 */
export const KEPT_MS = 10 * 60 * 1000;

/* What the page sees itself grows; what was recorded never does, and is packed: a part of it is no copy. */
export type Numbers = number[] | Float64Array;

/* What a line of the plot is drawn from: values that hold until the next one. */
export interface Steps {
	times: Numbers; /* ms, ascending */
	values: Numbers; /* same length; NaN: no good value from here on */
	at(time: number): number; /* index of the entry that holds at `time`; the first one when all are later */
}

/* The last index from `low` on whose time is not after `time`; `low` when there is none. */
export function place(times: Numbers, time: number, low = 0): number {
	let high = times.length - 1;
	while (low < high) {
		const mid = (low + high + 1) >> 1;
		if (times[mid]! <= time)
			low = mid;
		else
			high = mid - 1;
	}
	return low;
}

/* The value that holds at `time`; null where none is known or good. */
export function value_at(steps: Steps, time: number): number | null {
	const k = steps.at(time);
	const known = k < steps.times.length && steps.times[k]! <= time;
	return known && !Number.isNaN(steps.values[k]!) ? steps.values[k]! : null;
}

export class History implements Steps {
	times: number[] = []; /* ms, ascending */
	values: number[] = []; /* same length; NaN: no good value from here on */
	private unbroken = -Infinity; /* the first entry after the last interruption */
	private interrupted = false;
	private start = 0; /* entries before it are dropped in bulk, which keeps push cheap */

	push(time: number, value: number, most: number): void {
		const last = this.times.length - 1;
		if (this.interrupted && !Number.isNaN(value)) {
			this.interrupted = false;
			this.unbroken = Math.max(time, this.times[last] ?? -Infinity);
		}
		if (last >= 0 && time <= this.times[last]!) {
			this.values[last] = value;
			return;
		}
		this.times.push(time);
		this.values.push(value);
		/* One entry older than the limit stays: it is the value at the left edge. */
		while (this.start + 1 < this.times.length &&
			(this.times[this.start + 1]! < time - KEPT_MS || this.times.length - this.start > most))
			this.start++;
		if (this.start > 256 && this.start > this.times.length / 2) {
			this.times = this.times.slice(this.start);
			this.values = this.values.slice(this.start);
			this.start = 0;
		}
	}

	clear(): void {
		this.times = [];
		this.values = [];
		this.start = 0;
		this.unbroken = -Infinity;
		this.interrupted = false;
	}

	/* When the first entry that is kept was made; null: there is none. */
	first(): number | null {
		return this.times[this.start] ?? null;
	}

	/* From when on every change was seen; null: there is nothing. */
	whole(): number | null {
		const first = this.first();
		return first === null ? null : Math.max(first, this.unbroken);
	}

	/* Changes were missed here. */
	interrupt(): void {
		this.interrupted = true;
	}

	at(time: number): number {
		return place(this.times, time, this.start);
	}
}

/* Columns for the plot: common times in seconds from `from` to `to` (ms), and each history's value at each of them. */
export function merge(all: Steps[], from: number, to: number): (number | null)[][] {
	const seconds: number[] = [];
	const columns: (number | null)[][] = all.map(() => []);
	const place = all.map((h) => h.at(from));
	let now = from;

	for (;;) {
		let next = to;
		seconds.push(now / 1000);
		all.forEach((h, i) => {
			while (place[i]! + 1 < h.times.length && h.times[place[i]! + 1]! <= now)
				place[i]!++;
			const k = place[i]!;
			const known = k < h.times.length && h.times[k]! <= now && !Number.isNaN(h.values[k]!);
			columns[i]!.push(known ? h.values[k]! : null);
			const later = known || (k < h.times.length && h.times[k]! <= now) ? k + 1 : k;
			if (later < h.times.length && h.times[later]! < next)
				next = h.times[later]!;
		});
		if (now >= to)
			return [seconds, ...columns];
		now = next;
	}
}
