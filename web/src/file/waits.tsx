/* waits.tsx - the bench file that waits: why, for whom; a reason given, or dropped */
import { useRef, useState } from "preact/hooks";
import type { Bench } from "../api";
import { use_two_touches } from "../hooks";
import { words } from "../i18n";
import { may_protect } from "../session";
import { discard, give_reason, type Written } from "./ask";

export function Waits({ pending, on_done }: { pending: NonNullable<Bench["pending"]>; on_done: (w: Written) => void }) {
	const w = words().file;
	const [why, set_why] = useState("");
	const [is_busy, set_busy] = useState(false);
	const field = useRef<HTMLInputElement>(null);
	const act = (asked: () => Promise<Written>) => {
		set_busy(true);
		void asked().then((done) => {
			set_why("");
			on_done(done);
		}, (e: Error) => set_why(e.message)).finally(() => set_busy(false));
	};
	const drop = use_two_touches(() => act(discard));
	const give = (e: Event) => {
		e.preventDefault();
		const text = field.current!.value.trim();
		if (text === "")
			set_why(w.needs_reason);
		else
			act(() => give_reason(text));
	};
	return (
		<section class="waits" aria-labelledby="waits-title">
			<h2 id="waits-title">▲ {w.waits}</h2>
			<p>{pending.needs_reason ? w.waits_reason : w.waits_safe}</p>
			<pre class="server-words">{pending.text}</pre>
			{pending.reason !== null && <p>{pending.who}{words().colon}{pending.reason}</p>}
			{pending.needs_reason && (may_protect()
				? (
					<form class="bar" onSubmit={give}>
						<label>{w.reason} <input ref={field} type="text" maxLength={100} /></label>
						<button type="submit" class="go" disabled={is_busy}>{w.give_reason}</button>
					</form>
				) : <p>{w.needs_protect}</p>)}
			<div class="bar">
				<button type="button" disabled={is_busy} aria-pressed={drop.armed} onClick={drop.press}>{drop.armed ? w.sure : w.discard}</button>
				<small>{w.discard_about}</small>
			</div>
			<p class="message" role="alert">{why}</p>
		</section>
	);
}
