/* ask.ts - what is asked of the server once and answered at once: accounts, tokens, the bench file. Commands of the bench go through door.ts
 *
 * Nothing is asked again by itself. An answer that is lost is told as such: whoever asked looks at what there is now.
 */
import { useRef, useState } from "preact/hooks";
import { BOUNCE_MS } from "./hooks";
import { words } from "./i18n";
import { look, look_at_refusal, proof } from "./session";

const LIMIT_MS = 90_000; /* a password is hashed one at a time; a bench file is taken up within a minute */

export interface Answer<T> {
	status: number; /* 0: none came */
	data: T | null; /* of what went well */
	text: string; /* of what did not: the server's own words */
}

export interface Told {
	verdict: "pending" | "accepted" | "refused" | "unknown";
	text: string;
}

const SYMBOL = { pending: "…", accepted: "✓", refused: "✕", unknown: "?" };

export async function ask<T>(method: string, path: string, body?: object): Promise<Answer<T>> {
	try {
		const answer = await fetch(`api/v1/${path}`, {
			method, cache: "no-store", credentials: "same-origin", redirect: "error", signal: AbortSignal.timeout(LIMIT_MS),
			headers: { Accept: "application/json", ...(method === "GET" ? {} : { "X-Mbc": proof() }), ...(body ? { "Content-Type": "application/json" } : {}) },
			body: body && JSON.stringify(body),
		});
		const text = await answer.text();
		const data = text === "" ? null : JSON.parse(text) as T & { detail?: string; type?: string };
		if (answer.ok)
			return { status: answer.status, data, text: "" };
		look_at_refusal(answer.status, data?.type);
		if (answer.status === 401)
			await look().catch(() => undefined);
		const wait = Number(answer.headers.get("Retry-After") ?? 0);
		return { status: answer.status, data: null, text: `${data?.detail ?? answer.status}${wait > 0 ? ` (${wait} s)` : ""}` };
	} catch {
		return { status: 0, data: null, text: words().asked.lost };
	}
}

/* What became of an answer, in words. */
export const told_of = (a: Answer<unknown>, done: string): Told =>
	a.status === 0 || a.status === 504 ? { verdict: "unknown", text: a.text } : a.status < 300 ? { verdict: "accepted", text: done } : { verdict: "refused", text: a.text };

/* One wish at a time: what is pressed while it is under way, or as the second half of a double click, is none. */
export function use_wish(): { told: Told | null; busy: boolean; wish: (work: () => Promise<Told | null>) => void; clear: () => void } {
	const [told, set_told] = useState<Told | null>(null);
	const [busy, set_busy] = useState(false);
	const open = useRef({ is_open: false, since: -BOUNCE_MS });
	const wish = (work: () => Promise<Told | null>) => {
		const now = performance.now();
		if (open.current.is_open || now - open.current.since < BOUNCE_MS)
			return;
		open.current = { is_open: true, since: now };
		set_busy(true);
		set_told({ verdict: "pending", text: words().asked.pending });
		void work().then(set_told).finally(() => {
			open.current.is_open = false;
			set_busy(false);
		});
	};
	return { told, busy, wish, clear: () => set_told(null) };
}

export const told_words = (t: Told) => `${SYMBOL[t.verdict]} ${t.text}`;

/* An end of something: a local time of a field, and as the server takes it. What was not touched stays to the second. */
export function end_of_field(field: string, before: string | null): string | null {
	if (field === "")
		return null;
	return before !== null && field_of_end(before) === field ? before.replace(/\.\d+Z$/, "Z") : new Date(field).toISOString().replace(/\.\d+Z$/, "Z");
}

export function field_of_end(end: string | null): string {
	if (end === null)
		return "";
	const d = new Date(end);
	const two = (n: number) => String(n).padStart(2, "0");
	return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}T${two(d.getHours())}:${two(d.getMinutes())}`;
}
