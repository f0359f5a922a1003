/* ask.ts - what the Sequence page asks besides the stream: runs, what became of the steps, rehearsals */
import { type BenchEvent, get, get_runs as ask_runs, type RunInfo } from "../api";
import { ask_with_leave } from "../door";

export type { BenchEvent, RunInfo as Run } from "../api";

interface Span {
	begin: string;
	end: string | null;
}

export interface RunStep extends Span {
	number: number;
	title: string;
	comment: string | null;
	planned: number | null;
	held: number | null;
	ended: string | null; /* null: it runs */
}

export interface Moment {
	time: string;
	text: string;
}

export interface Part extends Span {
	name: string;
	title: string;
	version: number | null;
	started_by: string;
	ended: string | null;
	parameters: Record<string, unknown>;
	metadata: Record<string, unknown>;
	steps: RunStep[];
	marks: Moment[];
	results: { time: string; name: string; value: number | null; low?: number; high?: number; judged: string }[];
	guards: Moment[];
	skipped: Moment[];
	questions: (Span & { question: string; answer: string | null })[];
	holds: (Span & { why: string })[];
	interruptions: (Span & { cause: string })[];
	records: (Span & { name: string; every: number; left_open: boolean })[];
}

export interface RunDetail extends RunInfo {
	notes: { time: string; who: string; text: string }[];
	sequences: Part[];
	alarms: (Span & { alarm: string })[];
	events: number;
	events_left_out: number;
}

const SLOW_MS = 30_000; /* they are read out of the record, which may be large */

export const get_runs = () => ask_runs(AbortSignal.timeout(SLOW_MS)).then((a) => a.runs);
export const get_run = (run: number) => get<RunDetail>(`runs/${run}`, AbortSignal.timeout(SLOW_MS));

export function get_events(ask: Record<string, string>): Promise<{ omitted: number; events: BenchEvent[] }> {
	return get(`events?${new URLSearchParams(ask)}`, AbortSignal.timeout(SLOW_MS));
}

export interface Rehearsal {
	complete: boolean;
	ends: string;
	why: string | null;
	where: number | null;
	takes_s: number | null;
	at_most_s: number | null;
	at_most_notes: string | null;
	steps: { number: number; title: string; begins_s: number | null; takes_s: number | null; planned_s: number | null; ends: string }[];
	steps_left_out: number;
	events: { at_s: number | null; step: number; kind: string; subject: string; text: string }[];
	events_left_out: number;
	gases: { channel: string; amount: number | null; unit: string }[];
	energy: { channel: string; amount: number | null; unit: string }[];
	not_played: string[];
}

/* The server's own words why there is none. */
export class NoRehearsal extends Error {}

function told(status: number, text: string): string {
	if (status === 200)
		return text;
	let why = "";
	try {
		why = (JSON.parse(text) as { detail?: string }).detail ?? "";
	} catch {
		why = "";
	}
	throw new NoRehearsal(why === "" ? String(status) : why);
}

/* There is one at a time, so the picture is asked for behind the table; both are of the same values. */
export async function rehearse(name: string, set: Record<string, number | string>, stop: AbortSignal): Promise<{ table: Rehearsal; picture: string }> {
	const path = `sequences/${encodeURIComponent(name)}/rehearse`;
	const table = await ask_with_leave(path, { set }, stop);
	const read = JSON.parse(told(table.status, table.text)) as Rehearsal;
	const picture = await ask_with_leave(`${path}?form=svg`, { set }, stop);
	return { table: read, picture: picture.status === 200 ? picture.text : "" };
}
