/* session.ts - who is signed in
 *
 * A bench without accounts is open for reading, as ever, and nobody signs in. With accounts the server answers nobody else; the cookie by which it knows who asks is
 * one that no script can read. Whoever signs in or out begins with a fresh page: nothing of the one before stays in it.
 *
 * A browser sends the cookie to every port of this host. What changes something bears a proof besides, which the server tells at each sign-in and the page keeps in
 * the storage of its own origin: all tabs of the bench have it, and no other web server here hears it.
 */
import { Failure } from "./api";
import { tell_all } from "./store";

export interface Session {
	accounts: boolean; /* does the bench have any? */
	name: string | null; /* null: nobody */
	role: "user" | "admin" | "root" | "token" | null;
	may: ("read" | "operate" | "configure" | "protect")[];
	reads: string | null; /* patterns of the channels that are shown */
	kiosk?: boolean; /* a display of the laboratory */
	acting?: { name: string; until: string } | null; /* who acts there with a PIN, and until when unless a command comes */
}

const PROOF = "mbc.proof";

const OPEN: Session = { accounts: false, name: null, role: null, may: [], reads: null };

let session: Session | null = null; /* null: not known yet */

/* Each time anew: another tab may have signed in meanwhile. null: this browser keeps nothing. */
function kept(): string | null {
	try {
		return localStorage.getItem(PROOF) ?? "";
	} catch {
		return null;
	}
}

function keep(text: string): void {
	try {
		if (text === "")
			localStorage.removeItem(PROOF);
		else
			localStorage.setItem(PROOF, text);
	} catch {
		/* Then this browser reads, and its commands are refused. */
	}
}

export const proof = () => kept() || "1";

export const who = () => session;
/* Whoever is signed in with a cookie alone signs in again: nothing could be asked for. */
export const must_sign_in = () => session !== null && session.accounts && (session.name === null || kept() === "");
export const is_admin = () => session?.role === "admin" || session?.role === "root";
export const may_operate = () => session?.name != null && session.may.includes("operate");
export const may_protect = () => session?.name != null && session.may.includes("protect");
export const may_configure = () => session?.name != null && session.may.includes("configure");
export const sees_all = () => session === null || !session.accounts || session.reads === "*";

/* Ask who one is; a server that does not know the question has no accounts. */
export async function look(): Promise<void> {
	const answer = await fetch("api/v1/session", {
		headers: { Accept: "application/json" }, cache: "no-store", credentials: "same-origin", signal: AbortSignal.timeout(5000),
	});
	if (answer.ok)
		session = await answer.json() as Session;
	else if (answer.status === 404)
		session = OPEN;
	else
		throw new Failure("session", answer.status, 0);
	tell_all();
}

/* An answer was refused: is one still who one was? */
export async function look_again(error: unknown): Promise<void> {
	if (!(error instanceof Failure) || error.status !== 401 || must_sign_in())
		return;
	try {
		await look();
	} catch {
		return; /* it is asked again with the next refusal */
	}
}

export async function look_whether_out(): Promise<void> {
	if (!session?.accounts || must_sign_in())
		return;
	try {
		await look();
	} catch {
		return; /* the server is away: nobody knows */
	}
}

/* An answer to what changes something: has the proof become another one's? */
export function look_at_refusal(status: number, type: string | undefined): void {
	if (status !== 403 || type !== "urn:mbc:problem:stranger" || kept() === null)
		return;
	keep("");
	tell_all();
}

interface Signed {
	ok: boolean;
	proof: string;
	why: string; /* "wrong", "code", "wait 30", or the server's own words */
}

async function ask_in(body: object): Promise<Signed> {
	const answer = await fetch("api/v1/session", {
		method: "POST", cache: "no-store", credentials: "same-origin", redirect: "error",
		headers: { Accept: "application/json", "Content-Type": "application/json", "X-Mbc": proof() },
		body: JSON.stringify(body), signal: AbortSignal.timeout(40_000),
	});
	const data = await answer.json() as { proof?: string; detail?: string; type?: string };
	const wait = Number(answer.headers.get("Retry-After") ?? 0);
	look_at_refusal(answer.status, data.type);
	return {
		ok: answer.ok, proof: data.proof ?? "",
		why: answer.status === 401 ? (data.type === "urn:mbc:problem:code-needed" ? "code" : "wrong") : answer.status === 429 ? `wait ${wait}` : data.detail ?? String(answer.status),
	};
}

/* "": signed in, and the page begins anew; "code": the password is right, and a code is needed as well; else why not, in the server's words. */
export async function sign_in(name: string, password: string, code: string): Promise<string> {
	const told = await ask_in(code === "" ? { name, password } : { name, password, code });
	if (!told.ok)
		return told.why;
	keep(told.proof);
	location.replace(location.pathname);
	return "";
}

/* At a display: its session acts for `name` from now on. It stays the same session, with the proof that it has. */
export async function act_for(name: string, pin: string): Promise<string> {
	const told = await ask_in({ name, pin });
	if (!told.ok)
		return told.why;
	await look();
	return "";
}

export async function act_no_more(): Promise<void> {
	await fetch("api/v1/session?acting=1", {
		method: "DELETE", cache: "no-store", credentials: "same-origin", headers: { "X-Mbc": proof() }, signal: AbortSignal.timeout(10_000),
	});
	await look();
}

export const is_acting = () => session?.acting != null;

export async function sign_out(everywhere: boolean): Promise<void> {
	const answer = await fetch(`api/v1/session${everywhere ? "?everywhere=1" : ""}`, {
		method: "DELETE", cache: "no-store", credentials: "same-origin", headers: { "X-Mbc": proof() }, signal: AbortSignal.timeout(10_000),
	});
	if (answer.ok || answer.status === 403)
		keep(""); /* of another session: whoever wants to sign out signs in first */
	location.replace(location.pathname);
}
