/* own.tsx - the password and the PIN of whoever is signed in, behind the name in the head */
import { useEffect, useRef, useState } from "preact/hooks";
import { ask, told_of, use_wish } from "./ask";
import { Verdict } from "./asked";
import { words } from "./i18n";
import { who } from "./session";

export function OwnBox({ on_close }: { on_close: () => void }) {
	const w = words().own;
	const dialog = useRef<HTMLDialogElement>(null);
	const form = useRef<HTMLFormElement>(null);
	const { told, busy, wish } = use_wish();
	const [why_not, set_why_not] = useState("");
	useEffect(() => dialog.current?.showModal(), []);
	const text = (name: string) => (form.current!.elements.namedItem(name) as HTMLInputElement | null)?.value ?? "";
	const send = (body: Record<string, unknown>) => wish(async () => {
		const a = await ask("PATCH", "session", { password: text("password"), ...body });
		if (a.status === 204 && "new_password" in body)
			location.replace(location.pathname); /* all sessions have ended, this one among them */
		if (a.status === 204)
			form.current?.reset();
		return told_of(a, w.done);
	});
	const change = (e: Event) => {
		e.preventDefault();
		const body: Record<string, unknown> = {};
		if (text("new") !== "")
			body.new_password = text("new");
		if (text("pin") !== "")
			body.pin = text("pin");
		const why = text("new") !== text("again") ? w.differs : Object.keys(body).length === 0 ? w.nothing : "";
		set_why_not(why);
		if (why === "")
			send(body);
	};
	return (
		<dialog ref={dialog} class="own-box" onClose={on_close} aria-label={w.title}>
			<form ref={form} onSubmit={change}>
				<h2>{w.title}</h2>
				<input type="text" name="username" autoComplete="username" value={who()?.name ?? ""} hidden readOnly />
				<label>{w.password}<input type="password" name="password" required autoComplete="current-password" autoFocus /></label>
				<label>{w.new_password}<input type="password" name="new" minLength={8} maxLength={199} autoComplete="new-password" /></label>
				<label>{w.new_again}<input type="password" name="again" autoComplete="new-password" /></label>
				<p class="empty">{w.about}</p>
				{who()?.kiosk !== true && <>
					<label>{w.pin}<input type="password" name="pin" inputMode="numeric" pattern="[0-9]{4,12}" title={w.pin_about} autoComplete="off" /></label>
					<p class="empty">{w.pin_about}</p>
				</>}
				<p class="message" role="alert">{why_not}</p>
				<Verdict told={told} />
				<div class="bar">
					<button type="submit" class="go" disabled={busy}>{w.set}</button>
					{who()?.kiosk !== true && <button type="button" disabled={busy} onClick={() => form.current!.reportValidity() && send({ pin: null })}>{w.pin_remove}</button>}
					<button type="button" onClick={() => dialog.current?.close()}>{words().close}</button>
				</div>
			</form>
		</dialog>
	);
}
