/* sign.tsx - signing in, instead of the page; who is signed in, and signing out, in its head */
import { useEffect, useRef, useState } from "preact/hooks";
import { words } from "./i18n";
import { LanguageSwitch } from "./language";
import { OwnBox } from "./own";
import { sign_in, sign_out, who } from "./session";

/* Of the link for the first account: it stands behind '#', which no server and no log ever sees. */
const first_code = () => /^#first=([0-9a-f]{64})$/.exec(location.hash)?.[1] ?? "";

export function SignIn() {
	const w = words();
	const name = useRef<HTMLInputElement>(null);
	const password = useRef<HTMLInputElement>(null);
	const digits = useRef<HTMLInputElement>(null);
	const [asks_code, set_asks_code] = useState(false); /* the account has a second factor: so it was told */
	const [why, set_why] = useState("");
	const [busy, set_busy] = useState(false);
	const code = first_code();
	useEffect(() => {
		if (asks_code)
			digits.current?.focus();
	}, [asks_code]);
	const go = async (e: Event) => {
		e.preventDefault();
		if (busy)
			return;
		set_busy(true);
		set_why("");
		try {
			const told = await sign_in(name.current!.value.trim(), password.current!.value,
				asks_code ? (digits.current?.value ?? "").replace(/\s/g, "") : code);
			const wait = /^wait (\d+)$/.exec(told);
			const needs = told === "code";
			if (needs && !asks_code) {
				set_asks_code(true);
				return;
			}
			set_why(needs ? w.sign_in_code_about : told === "wrong" ? asks_code ? w.sign_in_code_wrong : w.sign_in_wrong : wait ? w.sign_in_wait(Number(wait[1])) : told);
		} catch {
			set_why(w.sign_in_lost);
		} finally {
			set_busy(false);
		}
		(asks_code ? digits : password).current?.select();
	};
	return (
		<main class="sign-in">
			<form onSubmit={(e) => void go(e)}>
				<h1>mbc</h1>
				<h2>{code === "" ? w.sign_in : w.first_account}</h2>
				<p>{code === "" ? w.sign_in_about : w.first_account_about}</p>
				<label>{w.sign_in_name}
					<input ref={name} name="username" type="text" autoComplete="username" autoCapitalize="none" spellcheck={false} required autoFocus
						onInput={() => set_asks_code(false)} />
				</label>
				<label>{w.sign_in_password}
					<input ref={password} name="password" type="password" required
						autoComplete={code === "" ? "current-password" : "new-password"} />
				</label>
				{asks_code && <label>{w.sign_in_code}
					<input ref={digits} name="code" type="text" inputMode="numeric" autoComplete="one-time-code" maxLength={12} required
						title={w.sign_in_code_about} />
				</label>}
				{asks_code && <p>{w.sign_in_code_about}</p>}
				<p class="message" role="alert">{why}</p>
				<div class="bar">
					<button type="submit" class="go" disabled={busy}>{code === "" ? w.sign_in : w.first_account_make}</button>
					<LanguageSwitch />
				</div>
			</form>
		</main>
	);
}

export function Me() {
	const w = words();
	const me = who();
	const [is_open, set_open] = useState(false);
	if (!me?.accounts || me.name === null)
		return null;
	const help = w.signed_in_help(me.role ?? "", me.may.join(", "), me.reads ?? "");
	return (
		<div class="me">
			{me.role === "token" ? <span title={help}>{me.name}</span>
				: <button type="button" class="me-name" title={help} aria-label={w.own.open(me.name)} onClick={() => set_open(true)}>{me.name}</button>}
			<button type="button" class="sign-out" onClick={() => void sign_out(false)}>{w.sign_out}</button>
			{is_open && <OwnBox on_close={() => set_open(false)} />}
		</div>
	);
}
