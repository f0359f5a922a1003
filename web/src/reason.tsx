/* reason.tsx - a small dialog that asks for a reason, and perhaps for how long: both are recorded */
import { useEffect, useRef, useState } from "preact/hooks";
import { words } from "./i18n";

interface Props {
	title: string;
	go: string; /* what the button says */
	about?: string;
	reason?: string; /* the label of the field, when it is not just a reason */
	spans?: Record<string, string>; /* value: as people read it */
	on_go: (reason: string, span: string) => void;
	on_close: () => void;
}

export function ReasonBox({ title, go, about, reason, spans, on_go, on_close }: Props) {
	const dialog = useRef<HTMLDialogElement>(null);
	const span = useRef<HTMLSelectElement>(null);
	const field = useRef<HTMLInputElement>(null);
	const [why_not, set_why_not] = useState("");
	const w = words();
	useEffect(() => dialog.current?.showModal(), []);
	const act = (e: Event) => {
		e.preventDefault();
		const text = field.current!.value.trim();
		if (text === "") {
			set_why_not(w.shelve_needs);
			return;
		}
		const length = span.current?.value ?? "";
		dialog.current?.close();
		on_go(text, length);
	};
	return (
		<dialog ref={dialog} class="shelve-box" onClose={on_close} aria-label={title}>
			<form onSubmit={act}>
				<h2>{title}</h2>
				{about && <p>{about}</p>}
				{spans && <label class="bar">{w.shelve_for}
					<select ref={span}>{Object.entries(spans).map(([value, text]) => <option value={value}>{text}</option>)}</select>
				</label>}
				<label class="bar">{reason ?? w.shelve_reason}<input ref={field} type="text" maxLength={100} autoFocus /></label>
				<p class="message" role="alert">{why_not}</p>
				<div class="bar">
					<button type="submit" class="go">{go}</button>
					<button type="button" onClick={() => dialog.current?.close()}>{w.cancel}</button>
				</div>
			</form>
		</dialog>
	);
}
