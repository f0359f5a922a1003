/* sign.tsx - signing in, instead of the page; who is signed in, and signing out, in its head */
import { useRef, useState } from "preact/hooks";
import { get_language, set_language, words } from "./i18n";
import { sign_in, sign_out, who } from "./session";
import { tell_all } from "./store";

/* Of the link for the first account: it stands behind '#', which no server and no log ever sees. */
const first_code = () => /^#first=([0-9a-f]{64})$/.exec(location.hash)?.[1] ?? "";

export function SignIn() {
	const w = words();
	const name = useRef<HTMLInputElement>(null);
	const password = useRef<HTMLInputElement>(null);
	const [why, set_why] = useState("");
	const [busy, set_busy] = useState(false);
	const code = first_code();
	const go = async (e: Event) => {
		e.preventDefault();
		if (busy)
			return;
		set_busy(true);
		set_why("");
		try {
			const told = await sign_in(name.current!.value.trim(), password.current!.value, code);
			const wait = /^wait (\d+)$/.exec(told);
			set_why(told === "wrong" ? w.sign_in_wrong : wait ? w.sign_in_wait(Number(wait[1])) : told);
		} catch {
			set_why(w.sign_in_lost);
		}
		set_busy(false);
		password.current?.select();
	};
	return (
		<main class="sign-in">
			<form onSubmit={(e) => void go(e)}>
				<h1>mbc</h1>
				<h2>{code === "" ? w.sign_in : w.first_account}</h2>
				<p>{code === "" ? w.sign_in_about : w.first_account_about}</p>
				<label>{w.sign_in_name}
					<input ref={name} name="username" autoComplete="username" autoCapitalize="none" spellcheck={false} required autoFocus />
				</label>
				<label>{w.sign_in_password}
					<input ref={password} name="password" type="password" required
						autoComplete={code === "" ? "current-password" : "new-password"} />
				</label>
				<p class="message" role="alert">{why}</p>
				<div class="bar">
					<button type="submit" class="go" disabled={busy}>{code === "" ? w.sign_in : w.first_account_make}</button>
					<button type="button" class="language" title={w.language_help} aria-label={w.language_help} onClick={() => {
						set_language(get_language() === "en" ? "fr" : "en");
						tell_all();
					}}>{w.language}</button>
				</div>
			</form>
		</main>
	);
}

export function Me() {
	const w = words();
	const me = who();
	if (!me?.accounts || me.name === null)
		return null;
	return (
		<div class="me">
			<span title={w.signed_in_help(me.role ?? "", me.may.join(", "), me.reads ?? "")}>{me.name}</span>
			<button type="button" class="sign-out" onClick={() => void sign_out(false)}>{w.sign_out}</button>
		</div>
	);
}
