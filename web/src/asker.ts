/* asker.ts - asks for the past that the plot shows: one question at a time, the last wish wins
 *
 * Kept is the answer for what is shown, nothing else. A question that fails is asked again by itself.
 */
import { Failure } from "./api";
import { covers, HOLD_MS, type Past, RAW_MOST, satisfies, type Wish } from "./past";

export type Trouble = "busy" | "damaged" | null;
/* since: where what is wished begins; `from` may lie before it. */
export type Ask = (names: string[], from: number, to: number, points: number | null, since: number, stop: AbortSignal) => Promise<Past>;

const SETTLE_MS = 150; /* a wish that changes is asked when it has stayed for so long */
const AGAIN_MS = 3000; /* an answer that did not reach far enough */
const RECHECK_MS = 60_000; /* a channel of which nothing was recorded */
const PATIENCE_MS = 20_000;

export class Asker {
	past: Past | null = null;
	trouble: Trouble = null;
	unrecorded = new Set<string>();
	private wanted: Wish | null = null;
	private asked: Wish | null = null;
	private stop: AbortController | null = null;
	private timer: ReturnType<typeof setTimeout> | undefined;
	private not_before = 0; /* performance.now() */
	private recheck = Infinity;

	constructor(private ask: Ask, private told: () => void) {}

	is_asking = () => this.asked !== null;

	/* What the plot shows now needs this; to be called as often as one likes. */
	want(w: Wish | null): void {
		if (w === null) {
			this.forget();
			return;
		}
		if (performance.now() > this.recheck) {
			this.recheck = Infinity;
			this.unrecorded.clear();
		}
		if (this.past && satisfies(this.past, w, this.unrecorded)) {
			this.drop_wanted();
			return;
		}
		if (this.asked) {
			if (covers(this.asked, w))
				return;
			this.stop?.abort();
			this.asked = this.stop = null;
			this.told();
		}
		if (this.wanted && covers(this.wanted, w))
			return;
		this.drop_wanted();
		this.wanted = w;
		const wait = Math.max(SETTLE_MS, this.not_before - performance.now());
		this.timer = setTimeout(() => void this.run(w), wait);
	}

	forget(): void {
		this.stop?.abort();
		this.drop_wanted();
		const had = this.past !== null || this.trouble !== null || this.asked !== null;
		this.asked = this.stop = this.past = this.trouble = null;
		if (had)
			this.told();
	}

	private drop_wanted(): void {
		clearTimeout(this.timer);
		this.wanted = null;
	}

	private async run(w: Wish): Promise<void> {
		const stop = new AbortController();
		const limit = setTimeout(() => stop.abort("late"), PATIENCE_MS);
		this.wanted = null;
		this.asked = w;
		this.stop = stop;
		this.told();
		try {
			await this.question(w, stop.signal);
		} catch (error) {
			if (this.stop === stop)
				await this.fail(error, w, stop.signal);
		}
		clearTimeout(limit);
		if (this.stop !== stop)
			return;
		this.asked = this.stop = null;
		this.told();
	}

	/* In intervals first, which is bounded whatever was recorded; each value when they are few. */
	private async question(w: Wish, stop: AbortSignal): Promise<void> {
		const names = w.names.filter((n) => !this.unrecorded.has(n));
		if (names.length === 0) {
			this.past = { from: w.from, end: Infinity, interval: 0, most: 0, lines: new Map(), gaps: [] };
			this.trouble = null;
			return;
		}
		const past = await this.ask(names, w.from, w.to, w.points, w.from, stop);
		if (stop.aborted)
			return;
		this.take(past, w);
		if (past.most > RAW_MOST)
			return;
		const raw = await this.ask(names, w.from - HOLD_MS, w.to, null, w.from, stop);
		if (!stop.aborted)
			this.take(raw, w);
	}

	private take(past: Past, w: Wish): void {
		this.past = past;
		this.trouble = null;
		this.not_before = satisfies(past, w, this.unrecorded) ? 0 : performance.now() + AGAIN_MS;
		this.told();
	}

	private async fail(error: unknown, w: Wish, stop: AbortSignal): Promise<void> {
		const status = error instanceof Failure ? error.status : 0;
		if (status === 404) {
			await this.find_unrecorded(w, stop);
			return;
		}
		this.trouble = status === 500 || status === 400 ? "damaged" : "busy";
		const pause = error instanceof Failure && error.retry_ms > 0 ? error.retry_ms : AGAIN_MS;
		this.not_before = performance.now() + (this.trouble === "busy" ? Math.min(pause, 10_000) : 30_000);
	}

	/* Of one of them nothing is recorded, and the whole question was refused: which one? */
	private async find_unrecorded(w: Wish, stop: AbortSignal): Promise<void> {
		const known = this.unrecorded.size;
		for (const name of w.names) {
			if (this.unrecorded.has(name))
				continue;
			try {
				await this.ask([name], w.from, w.to, 1, w.from, stop);
			} catch (error) {
				if (stop.aborted)
					return;
				if (error instanceof Failure && error.status === 404)
					this.unrecorded.add(name);
			}
		}
		this.recheck = performance.now() + RECHECK_MS;
		this.not_before = performance.now() + (this.unrecorded.size > known ? 0 : AGAIN_MS);
	}
}
