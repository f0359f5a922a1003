/* ask.ts - the bench file and its versions, asked of the server by whoever is signed in */
import { Again } from "../checker";
import { look_at_refusal, look_again, proof } from "../session";
import { Failure } from "../api";

const LIMIT_MS = 95_000; /* the server ends what takes over a minute */

export interface BenchFile {
	file: string;
	sha256: string;
	text: string;
	parts: string[];
}

export interface Fault {
	file: string | null;
	line: number | null;
	column: number | null;
	kind: "error" | "warning";
	text: string;
	remedy: string | null;
	code: string | null;
}

export interface Changes {
	new: string[];
	gone: string[];
	units: { channel: string; was: string; is: string }[];
	programs: string[];
	weaker: string[];
	stronger: string[];
	changed: string[];
}

export interface Checked {
	good: boolean;
	errors: Fault[];
	changes: Changes | null; /* against what runs */
	needs_reason: boolean | null;
	diff: string; /* against the file */
}

export interface Written {
	state: "taken" | "waits" | "needs_reason" | "refused" | "dropped" | "unknown";
	text: string;
	kept?: number | null; /* what was there and never ran: its version */
	sha256?: string;
}

export interface Version {
	version: number;
	time: string;
	who: string;
	hash: string;
	path: string;
	files: number;
	runs: boolean;
	never_ran: boolean;
}

export interface Diff {
	changes: Changes | null;
	diff: string;
}

/* It was refused: why, in the server's words. */
export class Refused extends Error {
	constructor(readonly status: number, detail: string, readonly errors: Fault[]) {
		super(detail);
	}
}

async function ask<T>(method: "GET" | "POST" | "PUT", path: string, body: object | null, under = "bench/"): Promise<T> {
	let answer: Response;
	try {
		answer = await fetch(`api/v1/${under}${path}`, {
			method, cache: "no-store", credentials: "same-origin", redirect: "error", signal: AbortSignal.timeout(LIMIT_MS),
			headers: { Accept: "application/json", ...(method === "GET" ? {} : { "Content-Type": "application/json", "X-Mbc": proof() }) },
			body: body === null ? undefined : JSON.stringify(body),
		});
	} catch (e) {
		throw new Again(e instanceof Error ? e.message : String(e));
	}
	if (answer.ok)
		return await answer.json() as T;
	const told = await answer.json().catch(() => ({})) as { detail?: string; type?: string; errors?: Fault[] };
	look_at_refusal(answer.status, told.type);
	void look_again(new Failure(path, answer.status, 0));
	const why = told.detail ?? String(answer.status);
	if (answer.status === 429 || (answer.status === 503 && method !== "PUT"))
		throw new Again(why);
	throw new Refused(answer.status, why, told.errors ?? []);
}

/* What changes nothing is asked again while somebody else's question is under way. */
export async function patient<T>(method: "GET" | "POST", path: string, body: object | null = null, under?: string): Promise<T> {
	for (let n = 0; ; n++) {
		try {
			return await ask<T>(method, path, body, under);
		} catch (e) {
			if (!(e instanceof Again) || n === 10)
				throw e;
			await new Promise((done) => setTimeout(done, 500 + n * 300));
		}
	}
}

export const get_file = () => patient<BenchFile>("GET", "file");
export const get_part = (name: string) => patient<BenchFile>("GET", `file?part=${encodeURIComponent(name)}`);
export const check = (text: string) => ask<Checked>("POST", "file/check", { text });
export const get_versions = () => patient<{ versions: Version[] }>("GET", "versions");
export const get_diff = (from: number, to: number | null) => patient<Diff>("GET", `versions/${from}/diff${to === null ? "" : `?to=${to}`}`);

const with_reason = (reason: string) => (reason === "" ? {} : { reason });

/* Asked once: 429 means that nothing was begun. */
export const put_file = (text: string, sha256: string, reason: string) => ask<Written>("PUT", "file", { text, sha256, ...with_reason(reason) });
/* A sequence of the bench; sha256 "": a new one. */
export const put_part = (part: string, text: string, sha256: string) =>
	ask<Written>("PUT", `file?part=${encodeURIComponent(part)}`, { text, ...(sha256 === "" ? {} : { sha256 }) });
export const undo = (to: number, reason: string) => ask<Written>("POST", "undo", { to, ...with_reason(reason) });
export const discard = () => ask<Written>("POST", "discard", {});
export const give_reason = (reason: string) => ask<Written>("POST", "reason", { reason });
