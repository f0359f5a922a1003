/* door.ts - commands: the token of this tab or whoever is signed in, one command at a time for each subject, and what became of it
 *
 * Nothing here changes what is shown: values come from the stream alone. A command has an id of its own before it leaves;
 * as long as nobody knows what became of it, the same wish is asked again under the same id, and is one command.
 */
import { words } from "./i18n";
import { look_at_refusal, may_operate, proof } from "./session";
import { paint_soon, store, tell_all } from "./store";

export type Verdict = "pending" | "verified" | "accepted" | "refused" | "failed" | "unknown" | "not_sent";
export type Word = "set" | "mode" | "safe" | "ack" | "shelve" | "sequence";

export interface Told {
	verdict: Verdict;
	text: string; /* the server's own words, or why it was not sent */
	wish: string; /* what was asked, for people */
	of: string; /* the subject */
	event: number | null; /* of the command */
}

interface Order {
	id: string;
	key: string; /* path and body: the same wish has the same */
}

const TOKEN = "mbc.token";
const WAIT = "5s"; /* for the verdict, by the server */
const LIMIT_MS = 15_000; /* for an answer */
const AGAIN_MS = 500;
const EXPIRES_MS = 12_000; /* a command is not done later than 10 s after it came */
const PATIENCE_MS = 60_000; /* then its id is given up */

/* By subject: a channel's name, "safe", "sequence", "alarm NAME". */
const told = new Map<string, Told>();
const open = new Map<string, Order>();
let last_words = "";

/* ---- the token: of this tab, never in an address or a file ---- */

let token = ((): string => {
	try {
		return sessionStorage.getItem(TOKEN) ?? "";
	} catch {
		return "";
	}
})();

export const has_token = () => token !== "";

export function take_token(text: string): void {
	token = text.trim();
	try {
		if (token === "")
			sessionStorage.removeItem(TOKEN);
		else
			sessionStorage.setItem(TOKEN, token);
	} catch {
		/* A browser that keeps nothing: it holds until the page is left. */
	}
	tell_all();
}

export const is_token = (text: string) => /^[!-~]{1,200}$/.test(text.trim());

/* What the bench file opens to tokens. */
export const opened = (): Word[] => store.bench?.commands ?? [];
/* A token as far as the file goes; whoever is signed in and may operate, everything: for which outputs, the server says. */
export const may = (word: Word) => (has_token() && opened().includes(word)) || (!has_token() && may_operate());

/* ---- verdicts ---- */

export const verdict_of = (subject: string) => told.get(subject) ?? null;
export const is_pending = (subject: string) => told.get(subject)?.verdict === "pending";
export const announcement = () => last_words;

export const SYMBOL: Record<Verdict, string> = {
	pending: "…", verified: "✓", accepted: "✓", refused: "✕", failed: "✕", unknown: "?", not_sent: "✕",
};

export function verdict_words(t: Told): string {
	const word = (t.of === "sequence" ? words().sequence_verdicts[t.verdict] : undefined) ?? words().verdicts[t.verdict];
	return `${SYMBOL[t.verdict]} ${t.wish} ${word}${t.text === "" ? "" : `${words().colon}${t.text}`}`;
}

export function tell(subject: string, verdict: Verdict, wish: string, text = "", event: number | null = null): void {
	told.set(subject, { verdict, text, wish, of: subject, event });
	last_words = `${subject} ${verdict_words(told.get(subject)!)}`;
	const c = store.channels.get(subject);
	if (c)
		paint_soon(c);
	tell_all();
}

/* ---- asking ---- */

interface Answer {
	status: number;
	verdict: string | null;
	text: string;
	event: number | null;
}

const leave = (): Record<string, string> => (has_token() ? { Authorization: `Bearer ${token}` }
	: { "X-Mbc": proof() }); /* no other origin has it: the cookie alone asks for nothing */

/* Ask what takes the same leave as a command, and changes nothing: it has no id, and is not asked again by itself. */
export async function ask_with_leave(path: string, body: object, signal: AbortSignal): Promise<{ status: number; text: string }> {
	const answer = await fetch(`api/v1/${path}`, {
		method: "POST", headers: { ...leave(), "Content-Type": "application/json" }, cache: "no-store", credentials: "same-origin",
		redirect: "error", body: JSON.stringify(body), signal,
	});
	return { status: answer.status, text: await answer.text() };
}

async function request(method: string, path: string, body: object | null): Promise<Answer> {
	const headers: Record<string, string> = { Accept: "application/json", ...(method === "GET" ? {} : leave()) };
	if (body !== null)
		headers["Content-Type"] = "application/json";
	const answer = await fetch(`api/v1/${path}`, {
		method, headers, cache: "no-store", credentials: "same-origin", redirect: "error",
		body: body === null ? undefined : JSON.stringify(body), signal: AbortSignal.timeout(LIMIT_MS),
	});
	const data = await answer.json() as { verdict?: string | null; text?: string; detail?: string; type?: string; event?: number | null };
	look_at_refusal(answer.status, data.type);
	return { status: answer.status, verdict: data.verdict ?? null, text: data.text ?? data.detail ?? "", event: data.event ?? null };
}

/* What an answer says of the command; "lost": nothing. */
function read(a: Answer): Verdict | "lost" {
	if (a.verdict !== null)
		return a.verdict as Verdict;
	/* No process took it, or the one that did is away: what became of it has to be asked. */
	return a.status >= 500 ? "lost" : "refused";
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

/* What became of a command that was sent: asked until it is known. An id that is not known may still be on its way until the
 * command has expired. */
async function follow(subject: string, order: Order, wish: string): Promise<Verdict | null> {
	const begun = performance.now();
	const end = begun + PATIENCE_MS;
	while (performance.now() < end && open.get(subject) === order) {
		await pause(AGAIN_MS);
		try {
			const a = await request("GET", `commands/${order.id}`, null);
			if (a.verdict === "pending" || a.status >= 500 || (a.status === 404 && performance.now() - begun < EXPIRES_MS))
				continue;
			if (open.get(subject) !== order)
				return null;
			return finish(subject, order, a.verdict === null ? "unknown" : a.verdict as Verdict, wish, a.text, a.event);
		} catch {
			continue;
		}
	}
	return open.get(subject) === order ? finish(subject, order, "unknown", wish, words().no_verdict) : null;
}

function finish(subject: string, order: Order, verdict: Verdict, wish: string, text: string, event: number | null = null): Verdict {
	if (open.get(subject) === order)
		open.delete(subject);
	tell(subject, verdict, wish, text, event);
	return verdict;
}

export function new_id(): string {
	const bytes = crypto.getRandomValues(new Uint8Array(10));
	return `page-${[...bytes].map((b) => b.toString(16).padStart(2, "0")).join("")}`;
}

/* Ask for something. `wish`: in words, for the verdict. A page that does not hear the bench sends nothing. Gives what became of
 * it; null: another wish came after it, or it is under way already. */
export async function send(subject: string, method: "PUT" | "POST", path: string, body: object, wish: string): Promise<Verdict | null> {
	const key = `${method} ${path} ${JSON.stringify(body)}`;
	const before = open.get(subject);
	if (store.link !== "live" || !store.controller_up) {
		tell(subject, "not_sent", wish, words().not_sent_lost);
		return "not_sent";
	}
	/* A value may have another unit now; what stops has none. */
	if (method === "PUT" && store.list_is_old) {
		tell(subject, "not_sent", wish, words().list_old);
		return "not_sent";
	}
	if (before && before.key === key && is_pending(subject))
		return null; /* pressed twice: it is one command */
	const order = before && before.key === key ? before : { id: new_id(), key };
	open.set(subject, order);
	tell(subject, "pending", wish);
	try {
		const a = await request(method, `${path}?wait=${WAIT}`, { ...body, id: order.id });
		const verdict = read(a);
		if (open.get(subject) !== order)
			return null; /* another wish came after it: that one speaks now */
		if (verdict !== "pending" && verdict !== "lost") {
			return finish(subject, order, verdict, wish, a.text, a.event);
		}
		if (verdict === "lost")
			tell(subject, "unknown", wish, a.text);
	} catch {
		if (open.get(subject) !== order)
			return null;
		tell(subject, "unknown", wish, words().no_answer_yet);
	}
	return follow(subject, order, wish);
}
