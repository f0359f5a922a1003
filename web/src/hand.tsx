/* hand.tsx - what the head offers to a person's hand: the token of this tab, the safe state */
import { useEffect, useRef, useState } from "preact/hooks";
import { has_token, is_token, may, opened, send, take_token, verdict_of, verdict_words } from "./door";
import { use_two_touches } from "./hooks";
import { words } from "./i18n";
import { Questions } from "./set";
import { store } from "./store";

function TokenBox({ on_close }: { on_close: () => void }) {
	const dialog = useRef<HTMLDialogElement>(null);
	const field = useRef<HTMLInputElement>(null);
	const [why, set_why] = useState("");
	const w = words();
	useEffect(() => dialog.current?.showModal(), []);
	const use = (e: Event) => {
		e.preventDefault();
		const text = field.current!.value;
		if (!is_token(text)) {
			set_why(w.token_bad);
			return;
		}
		take_token(text);
		dialog.current?.close();
	};
	return (
		<dialog ref={dialog} class="token-box" onClose={on_close} aria-label={w.token_help}>
			<form onSubmit={use}>
				<h2>{w.token_help}</h2>
				<p>{w.token_about}</p>
				<p>{w.token_opens(opened().join(", "))}</p>
				<label class="bar">{w.token_field}
					<input ref={field} type="password" autoComplete="off" spellcheck={false} autoFocus />
				</label>
				<p class="message" role="alert">{why}</p>
				<div class="bar">
					<button type="submit" class="go">{w.token_use}</button>
					<button type="button" class="forget" disabled={!has_token()} onClick={() => {
						take_token("");
						dialog.current?.close();
					}}>{w.token_forget}</button>
					<button type="button" class="close" onClick={() => dialog.current?.close()}>{w.close}</button>
				</div>
			</form>
		</dialog>
	);
}

export function Safe() {
	const w = words();
	const told = verdict_of("safe");
	const { armed, press } = use_two_touches(() => void send("safe", "POST", "safe", {}, w.safe_button));
	return (
		<div class="safe">
			<button type="button" class={armed ? "safe-state armed" : "safe-state"} title={w.safe_help(store.bench?.safe_state ?? "")}
				onClick={press} onKeyDown={(e) => e.repeat && e.preventDefault()}>{armed ? w.safe_again : w.safe_button}</button>
			{told && <span class={`verdict ${told.verdict}`}>{verdict_words(told)}</span>}
		</div>
	);
}

export function Hand() {
	const [open, set_open] = useState(false);
	const w = words();
	return (
		<>
			{may("safe") && <Safe />}
			{(opened().length > 0 || has_token()) && (
				<button type="button" class="token" title={w.token_help} aria-pressed={has_token()}
					onClick={() => set_open(true)}>{has_token() ? w.token_on : w.token}</button>
			)}
			{open && <TokenBox on_close={() => set_open(false)} />}
			<Questions />
		</>
	);
}
