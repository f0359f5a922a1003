/* checker.ts - a text is checked while it is typed: one question at a time, the last wish wins. Pure but for the timer.
 *
 * What has become old while it was asked is told to nobody. A server that is busy with somebody else's question, or away, is asked again.
 */
export class Again extends Error {} /* not now; worth another try */

const AGAIN_MS = 1500;

export class Checker<T> {
	private wanted: string | null = null;
	private timer: ReturnType<typeof setTimeout> | undefined;
	private is_asking = false;
	private is_over = false;

	/* `tell`: of the text that is wanted last, its answer; or why there is none. */
	constructor(private readonly ask: (text: string) => Promise<T>, private readonly tell: (of: string, answer: T | null, why: string) => void, private readonly again_ms = AGAIN_MS) {}

	want(text: string, in_ms: number): void {
		this.wanted = text;
		clearTimeout(this.timer);
		this.timer = setTimeout(() => void this.run(), in_ms);
	}

	stop(): void {
		this.is_over = true;
		clearTimeout(this.timer);
	}

	private async run(): Promise<void> {
		if (this.is_asking || this.wanted === null || this.is_over)
			return;
		const of = this.wanted;
		this.is_asking = true;
		let answer: T | null = null;
		let why = "";
		let wait_ms = 0;
		try {
			answer = await this.ask(of);
		} catch (e) {
			why = e instanceof Error ? e.message : String(e);
			wait_ms = e instanceof Again ? this.again_ms : 0;
		}
		this.is_asking = false;
		if (this.is_over)
			return;
		const is_last = this.wanted === of;
		if (is_last && wait_ms === 0)
			this.wanted = null;
		if (is_last)
			this.tell(of, answer, why);
		if (!is_last || wait_ms > 0)
			this.want(this.wanted!, wait_ms);
	}
}
