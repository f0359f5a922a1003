/* happenings.ts - asks for the events of the stretch that is shown: one question at a time, again when the stretch is another or goes on */
import { get_events } from "../api";
import { event_marks, type Mark, MARKS_MOST } from "./marks";

const SETTLE_MS = 300;
const AGAIN_MS = 10_000;
const RETRY_MS = 5000;

export class Happenings {
	marks: Mark[] = [];
	omitted = 0;
	private key = "";
	private stop: AbortController | null = null;
	private timer: ReturnType<typeof setTimeout> | undefined;

	constructor(private told: () => void) {}

	/* lasts: it reaches until now, and there will be more. */
	want(from: number, to: number, lasts: boolean, language: string): void {
		const turn = lasts ? Math.floor(Date.now() / AGAIN_MS) : 0;
		const key = [lasts ? Math.round(to - from) : `${Math.round(from)} ${Math.round(to)}`, turn, language].join("|");
		if (key === this.key)
			return;
		this.key = key;
		this.stop?.abort();
		clearTimeout(this.timer);
		this.timer = setTimeout(() => void this.ask(from, to, language), SETTLE_MS);
	}

	end(): void {
		this.key = "";
		this.stop?.abort();
		clearTimeout(this.timer);
	}

	private async ask(from: number, to: number, language: string): Promise<void> {
		const stop = new AbortController();
		this.stop = stop;
		try {
			const answer = await get_events({ from, to, limit: MARKS_MOST, language }, stop.signal);
			this.marks = event_marks(answer.events);
			this.omitted = answer.omitted;
			this.told();
		} catch {
			/* Who sees some channels only gets no events. What has failed is asked again: none would look as if nothing had happened. */
			if (!stop.signal.aborted)
				this.timer = setTimeout(() => { this.key = ""; }, RETRY_MS);
		}
	}
}
