/* events.ts - what happened: asked in pages, newest first, followed while it is shown. What is kept is bounded.
 *
 * The record lags by about a second and is asked for again with some overlap; an event is known by its id.
 */
import { Failure, get_events, type BenchEvent } from "./api";

export interface Filter {
	kind: string; /* ""; what the server filters by */
	subject: string;
	from: number | null; /* ms */
	to: number | null; /* null: it is followed */
}

export type Trouble = "none" | "off" | "busy";

const PAGE = 200;
const OVERLAP_MS = 10_000;
const MOST = 5000; /* on the page */
const CHAIN_MOST = 20;

const ms_of = (e: BenchEvent) => (e.time === null ? null : Date.parse(e.time));

/* Newest first: ids grow. */
export function merge(known: BenchEvent[], more: BenchEvent[]): BenchEvent[] {
	const all = new Map(known.map((e) => [e.id, e]));
	for (const e of more)
		all.set(e.id, e);
	return [...all.values()].sort((a, b) => b.id - a.id);
}

/* What led to it, the nearest first, as far as it is known here; the number of the next one when it is not. */
export function chain(e: BenchEvent, by_id: Map<number, BenchEvent>): { events: BenchEvent[]; beyond: number | null } {
	const events: BenchEvent[] = [];
	let cause = e.cause;
	while (cause !== null && events.length < CHAIN_MOST) {
		const found = by_id.get(cause);
		if (!found || found.id >= (events.at(-1) ?? e).id)
			return { events, beyond: cause };
		events.push(found);
		cause = found.cause;
	}
	return { events, beyond: cause };
}

export const fits = (e: BenchEvent, text: string) => {
	const parts = text.toLowerCase().split(/\s+/);
	const all = [e.kind, e.subject, e.principal, e.text, e.note].join(" ").toLowerCase();
	return parts.every((part) => all.includes(part));
};

/* A cell that a table program must not take for a formula. */
const cell = (value: unknown) => {
	const text = value === null || value === undefined ? "" : String(value);
	const plain = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
	return /[",\r\n]/.test(plain) ? `"${plain.replace(/"/g, '""')}"` : plain;
};

export function to_csv(events: BenchEvent[]): string {
	const head = ["time", "id", "kind", "severity", "subject", "reason", "cause", "principal", "text", "note"] as const;
	return `${[head.join(","), ...events.map((e) => head.map((key) => cell(e[key])).join(","))].join("\r\n")}\r\n`;
}

export class EventLog {
	events: BenchEvent[] = [];
	by_id = new Map<number, BenchEvent>();
	trouble: Trouble = "none";
	is_asking = false;
	has_older = true;
	private stop = new AbortController();

	constructor(readonly filter: Filter, private language: string, private told: () => void) {}

	close(): void {
		this.stop.abort();
	}

	is_full = () => this.events.length >= MOST;

	private async ask(from: number, to: number | null, limit: number, before?: number): Promise<{ omitted: number; events: BenchEvent[] } | null> {
		if (this.is_asking || this.stop.signal.aborted)
			return null;
		this.is_asking = true;
		this.told();
		try {
			const { kind, subject } = this.filter;
			const answer = await get_events({ kind, subject, from, to, limit, before, language: this.language }, this.stop.signal);
			this.trouble = "none";
			return answer;
		} catch (error) {
			if (!this.stop.signal.aborted)
				this.trouble = error instanceof Failure && error.status === 404 ? "off" : "busy";
			return null;
		} finally {
			this.is_asking = false;
			if (!this.stop.signal.aborted)
				this.told();
		}
	}

	private take(more: BenchEvent[]): void {
		this.events = merge(this.events, more).slice(0, MOST);
		this.by_id = new Map(this.events.map((e) => [e.id, e]));
		this.told();
	}

	async begin(): Promise<void> {
		const found = await this.ask(this.filter.from ?? 0, this.filter.to, PAGE);
		if (found === null)
			return;
		this.has_older = found.omitted > 0;
		this.take(found.events);
	}

	/* What has come since; everything anew when nothing was known yet. */
	async follow(now: number): Promise<void> {
		if (this.filter.to !== null && (this.trouble === "none" || this.events.length > 0))
			return;
		const newest = this.events.find((e) => e.time !== null);
		if (!newest) {
			await this.begin();
			return;
		}
		const from = Math.max(this.filter.from ?? 0, Math.min(ms_of(newest)!, now) - OVERLAP_MS);
		const found = await this.ask(from, null, 1000);
		if (found === null || found.events.every((e) => this.by_id.has(e.id)))
			return;
		/* More than one answer holds: what lies between would be missing without a word. The list begins anew, and is asked back from there. */
		if (found.omitted > 0 && !found.events.some((e) => this.by_id.has(e.id))) {
			this.events = [];
			this.has_older = true;
		}
		this.take(found.events);
	}

	async more(): Promise<void> {
		const oldest = this.events.at(-1); /* by its id: any number may have the same time */
		if (!oldest || !this.has_older || this.is_full())
			return;
		const found = await this.ask(this.filter.from ?? 0, this.filter.to, PAGE, oldest.id);
		if (found === null)
			return;
		this.has_older = found.omitted > 0;
		this.take(found.events);
	}
}
