/* hold.tsx - who holds the bench: in the head, and in the hand of whoever may take it or has it
 *
 * It is no channel and comes with no stream: it is asked for every few seconds while somebody looks, and after each wish of one's own.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import { Failure, get_hold } from "./api";
import { has_token, send, verdict_of, verdict_words, type Verdict } from "./door";
import { format_moment } from "./format";
import { use_interval } from "./hooks";
import { words } from "./i18n";
import { is_admin, may_operate, who } from "./session";
import { bench_now, store, tell_all } from "./store";

const ASK_MS = 3000;
const OLD_MS = 10_000; /* without an answer nobody knows who holds it */

/* null: nobody; undefined: not known, or not for whoever asks. */
let holder: { name: string; since: number | null } | null | undefined;
let asking = false;
let told_at = 0; /* performance.now() */

async function ask(): Promise<void> {
	if (asking || document.hidden || store.bench === null || store.link !== "live")
		return;
	asking = true;
	try {
		const { holder: name, since } = await get_hold();
		take(name === null ? null : { name, since: since === null ? null : Date.parse(since) });
	} catch (error) {
		if (error instanceof Failure && (error.status === 403 || error.status >= 500))
			take(undefined);
	}
	asking = false;
}

function take(now: typeof holder): void {
	const was_old = performance.now() - told_at > OLD_MS;
	told_at = performance.now();
	const is_same = now?.name === holder?.name && now?.since === holder?.since && (now === null) === (holder === null);
	holder = now;
	if (!is_same || was_old)
		tell_all();
}

const mine = () => who()?.name != null && holder?.name === `user:${who()!.name}`;

/* "user:anna" is an account, "anna" a user of the computer: said apart, since they are two. */
const name_of = (principal: string) => (principal.startsWith("user:") ? principal.slice(5) : words().hold.at_computer(principal));

const wish = async (body: object, text: string): Promise<Verdict | null> => {
	const verdict = await send("hold", "POST", "hold", body, text);
	await ask();
	return verdict;
};

function HoldBox({ on_close }: { on_close: () => void }) {
	const dialog = useRef<HTMLDialogElement>(null);
	const to = useRef<HTMLInputElement>(null);
	const reason = useRef<HTMLInputElement>(null);
	const [why_not, set_why_not] = useState("");
	const w = words();
	const told = verdict_of("hold");
	useEffect(() => dialog.current?.showModal(), []);
	const act = async (body: object, text: string) => {
		set_why_not("");
		const verdict = await wish(body, text);
		if (verdict === "verified" || verdict === "accepted")
			dialog.current?.close();
	};
	const hand_over = (e: Event) => {
		e.preventDefault();
		const name = to.current!.value.trim();
		if (name === "")
			set_why_not(w.hold.to_whom);
		else
			void act({ to: name }, w.hold.hand_over_to(name));
	};
	const force = (e: Event) => {
		e.preventDefault();
		const text = reason.current!.value.trim();
		if (text === "")
			set_why_not(w.shelve_needs);
		else
			void act({ take: true, force: true, reason: text }, w.hold.force);
	};
	return (
		<dialog ref={dialog} class="hold-box" onClose={on_close} aria-label={w.hold.title}>
			<h2>{w.hold.title}</h2>
			<p>{holder == null ? w.hold.nobody : mine() ? w.hold.you : w.hold.other(name_of(holder.name))}</p>
			<p>{w.hold.about}</p>
			{holder === null && <div class="bar"><button type="button" class="go" onClick={() => void act({ take: true }, w.hold.take)}>{w.hold.take}</button></div>}
			{mine() && <>
				<form class="bar" onSubmit={hand_over}>
					<label class="bar">{w.hold.to}<input ref={to} type="text" maxLength={60} autoCapitalize="none" spellcheck={false} /></label>
					<button type="submit">{w.hold.hand_over}</button>
				</form>
				<div class="bar"><button type="button" onClick={() => void act({ release: true }, w.hold.release)}>{w.hold.release}</button></div>
			</>}
			{holder != null && !mine() && is_admin() && (
				<form class="bar" onSubmit={force}>
					<label class="bar">{w.shelve_reason}<input ref={reason} type="text" maxLength={100} /></label>
					<button type="submit" class="forget">{w.hold.force}</button>
				</form>
			)}
			<p class="message" role="alert">{why_not}</p>
			{told && <p class={`verdict ${told.verdict}`}>{verdict_words(told)}</p>}
			<div class="bar"><button type="button" class="close" onClick={() => dialog.current?.close()}>{w.close}</button></div>
		</dialog>
	);
}

export function Hold() {
	const [open, set_open] = useState(false);
	const w = words();
	use_interval(ask, ASK_MS);
	useEffect(() => void ask(), [store.link, store.list_version]);
	useEffect(() => {
		const look = () => void ask();
		document.addEventListener("visibilitychange", look);
		return () => document.removeEventListener("visibilitychange", look);
	}, []);
	if (holder === undefined)
		return null;
	const signed = who()?.accounts === true && may_operate() && !has_token();
	if (holder === null)
		return !signed ? null : (
			<div class="hold">
				<button type="button" class="hold-open" onClick={() => set_open(true)}>{w.hold.free}</button>
				{open && <HoldBox on_close={() => set_open(false)} />}
			</div>
		);
	const name = mine() ? w.hold.by_you : w.hold.by(name_of(holder.name));
	const since = holder.since === null ? "" : `${w.since} ${format_moment(holder.since, bench_now())}`;
	const old = store.link !== "live" || performance.now() - told_at > OLD_MS ? " old" : "";
	return (
		<div class={`hold held-by${old}`} data-holder={holder.name}>
			<div class={`fact${old}`} title={w.hold.about}>
				<strong><span aria-hidden="true">{mine() ? "◆" : "◇"}</span> {name}</strong>
				<small>{since}</small>
			</div>
			{signed && <button type="button" class="hold-open" aria-label={w.hold.title} onClick={() => set_open(true)}>…</button>}
			{open && <HoldBox on_close={() => set_open(false)} />}
		</div>
	);
}
