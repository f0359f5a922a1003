/* api.ts - the API of the server: its answers as types, and asking for them
 *
 * Addresses are relative, so the page works wherever it is mounted and never leaves its origin.
 */
import { type Answer, type OverAnswer, type Past, read_answer, read_over } from "./past";
import type { RunStory } from "./trends/marks";

export type Quality = "good" | "uncertain" | "bad";
export type Value = number | boolean | string | null;

export interface Bench {
	bench: string;
	title: string;
	state: "running" | "controller_down";
	version: string;
	generation: number;
	time: string;
	time_is_good: boolean;
	channels: number;
	instruments: number;
	ticks_lost: number;
	history: boolean; /* values are recorded */
	synoptic?: boolean; /* there is a drawing */
	pending: { /* a bench file that changes protection and waits */
		text: string;
		needs_reason: boolean;
		who: string | null;
		reason: string | null;
		weaker: string[];
		stronger: string[];
		changed: string[];
	} | null;
	commands?: ("set" | "mode" | "safe" | "ack" | "shelve" | "sequence")[]; /* what tokens may ask */
	safe_state?: string | null;
	record?: { free: boolean; fields: { name: string; title: string; needed: boolean }[] } | null; /* what a run that begins is asked; null: not known */
	contacts?: { name: string; phone: string; role: string }[] | null; /* whom people call; null: not for who has not signed in */
}

export interface ChannelInfo {
	name: string;
	title: string;
	type: "bool" | "int" | "uint" | "float" | "choice" | "text";
	unit: string;
	min: number | null;
	max: number | null;
	value: Value;
	quality: Quality;
	reason: string;
	reason_text: string;
	remedy: string;
	time: string | null;
	instrument: string | null;
	access?: "read" | "write";
	confirm?: string | null;
	choices?: string[];
	/* Of outputs: */
	set_min?: number | null;
	set_max?: number | null;
	ramp_per_min?: number | null;
	hazard?: string | null;
	asks_confirm?: boolean;
	/* Of flow controllers: their own override. */
	valve?: string | null;
}

export interface AlarmInfo {
	name: string;
	title: string;
	priority: string;
	do: string;
	condition: string;
	latched: boolean;
	can_be_shelved: boolean;
}

export interface TripInfo {
	name: string;
	title: string;
	condition: string;
	safe_state: string;
	protected_by: string;
	latched: boolean;
	can_be_bypassed: boolean;
}

/* A parameter or a field of a sequence, told before START. */
export interface Slot {
	name: string;
	kind: "number" | "text" | "list";
	unit: string | null;
	required: boolean; /* it has no value of its own, and START asks for it */
	value: number | string | null;
	values?: (number | null)[]; /* of a list */
	min?: number;
	max?: number;
}

export interface Sequence {
	name: string;
	title: string;
	version: number; /* 0: none is given */
	parameters: Slot[];
	fields: Slot[];
	steps: { number: number; title: string; comment: string | null; has_entry: boolean }[];
}

export type Button = "start" | "pause" | "safe_pause" | "resume" | "skip" | "goto" | "abort";

/* The one under test: what is asked and what may be pressed. How it stands comes with the channels "sequence.*". */
export interface UnderTest {
	state: string | null;
	question?: { id?: number | null; text: string; answers: string[] } | null;
	buttons?: Record<Button, boolean>;
}

export interface Instrument {
	name: string;
	title: string;
	codec: string;
	address: string;
	state: "starting" | "up" | "down";
	reason: string;
	reason_text: string;
	remedy: string;
	since: string | null;
	last_answer: string | null;
	identity: string | null;
	at_once: number;
	counters: Record<string, number>;
	reply: Record<"last_ms" | "max_ms" | "p50_ms" | "p99_ms", number | null> & { histogram?: { below_ms: number; count: number }[] };
}

export interface TripDetails {
	state: string | null;
	since: string | null;
	condition: string;
	for_s: number | null;
	on_bad_s: number | null;
	safe_state: string;
	protected_by: string;
	tested: string | null;
	test_every_s: number | null;
	latched: boolean;
	reset_after_s: number | null;
	bypass_max_s: number | null;
}

export interface SafeLine {
	output: string;
	value: number | string | boolean;
	after: number | null;
	otherwise: number | null;
	is_otherwise: boolean;
	within_s: number | null;
	ramp_per_min: number | null;
}

export const LOSSES = ["mains", "computer", "network", "air", "instrument"] as const;

/* What protects the bench; how it stands comes with the channels "trip.", "interlock." and "safe.". */
export interface Protection {
	trips: ({ name: string; title: string } & TripDetails)[];
	interlocks: { name: string; title: string; forbids: string; trip: TripDetails }[];
	safe_states: { name: string; title: string; is_on_stop: boolean; lines: SafeLine[] }[];
	restore: string[];
	losses: ({ name: string; hazard: string } & Record<(typeof LOSSES)[number], string>)[];
	heartbeat: string | null;
	heartbeat_drop_out_s: number | null;
}

export interface BenchEvent {
	time: string | null;
	id: number;
	kind: string;
	class: string;
	severity: "info" | "warning" | "error";
	subject: string | null;
	reason: string | null;
	cause: number | null;
	principal: string | null;
	values: (number | null)[];
	note: string | null;
	text: string;
	boot: string;
	stamp_ns: number;
}

export interface EventQuestion {
	kind?: string;
	subject?: string;
	from: number; /* ms */
	to: number | null; /* null: now */
	limit: number;
	before?: number | undefined; /* an id */
	language: string;
}

export interface TraceLine {
	time: string;
	kind: "sent" | "received" | "note";
	verdict: string | null;
	meaning: string;
	bytes: string;
	truncated: boolean | number;
}

export interface Update {
	name: string;
	value: Value;
	quality: Quality;
	reason: string;
	time: string | null;
}

export interface Heartbeat {
	time: string;
	tick: number;
	state: Bench["state"];
}

/* The server has answered, and it was a refusal. */
export class Failure extends Error {
	constructor(path: string, readonly status: number, readonly retry_ms: number) {
		super(`${path}: status ${status}`);
	}
}

export async function get<T>(path: string, signal = AbortSignal.timeout(5000)): Promise<T> {
	const answer = await fetch(`api/v1/${path}`, {
		headers: { Accept: "application/json" },
		cache: "no-store",
		signal,
	});
	if (!answer.ok)
		throw new Failure(path, answer.status, Number(answer.headers.get("Retry-After") ?? 0) * 1000 || 0);
	return (await answer.json()) as T;
}

export const get_bench = () => get<Bench>("bench");
export const get_channels = () => get<{ config?: string | null; channels: ChannelInfo[] }>("channels");
export const get_alarms = () => get<{ alarms: AlarmInfo[] }>("alarms?all=1");
export const get_trips = () => get<{ trips: TripInfo[] }>("trips?all=1");
export const get_protection = () => get<Protection>("protection");
export const get_sequences = () => get<{ config?: string | null; sequences: Sequence[] }>("sequences");
export const get_under_test = () => get<UnderTest>("sequence");
export const get_hold = () => get<{ holder: string | null; since: string | null }>("hold");
export const get_instruments = () => get<{ instruments: Instrument[] }>("instruments");
export const get_trace = (name: string) =>
	get<{ lines: TraceLine[] }>(`instruments/${encodeURIComponent(name)}/trace`);

const iso = (ms: number) => new Date(Math.max(0, Math.round(ms))).toISOString();

export function get_events(q: EventQuestion, stop: AbortSignal): Promise<{ omitted: number; events: BenchEvent[] }> {
	const query = new URLSearchParams({ from: iso(q.from), limit: String(q.limit) });
	if (q.to !== null)
		query.set("to", iso(q.to));
	if (q.before)
		query.set("before", String(q.before));
	if (q.kind)
		query.set("kind", q.kind);
	if (q.subject)
		query.set("subject", q.subject);
	if (q.language === "fr")
		query.set("language", "fr");
	const late = new AbortController(); /* older browsers cannot join two signals */
	const timer = setTimeout(() => late.abort(), 20_000);
	stop.addEventListener("abort", () => late.abort(), { once: true });
	return get<{ omitted: number; events: BenchEvent[] }>(`events?${query}`, late.signal).finally(() => clearTimeout(timer));
}

/* As text: what is shown of it is for svg.ts to say. */
export async function get_synoptic(): Promise<string> {
	const answer = await fetch("api/v1/synoptic", { cache: "no-store", signal: AbortSignal.timeout(10_000) });
	if (!answer.ok)
		throw new Failure("synoptic", answer.status, 0);
	return answer.text();
}

/* points: null asks for each recorded value. Times in ms. */
export async function get_history(names: string[], from: number, to: number, points: number | null, since: number, stop: AbortSignal): Promise<Past> {
	const form = points === null ? "raw=1" : `points=${points}`;
	const channels = names.map(encodeURIComponent).join(",");
	return read_answer(await get<Answer>(`history?channels=${channels}&from=${iso(from)}&to=${iso(to)}&${form}`, stop), since);
}

/* Runs over each other: `path` has them, and the channels. */
export const get_over = async (path: string, since: number, stop: AbortSignal): Promise<Past> =>
	read_over(await get<OverAnswer>(path, stop), since);

export interface RunInfo {
	run: number;
	title: string;
	begin: string;
	end: string | null; /* null: it goes on */
	seconds: number;
	started_by: string;
	stopped_by: string | null;
	fields: Record<string, string>;
}

export const get_runs = (stop?: AbortSignal) => get<{ runs: RunInfo[] }>("runs", stop);
export const get_run = (run: number) => get<RunStory>(`runs/${run}`);
