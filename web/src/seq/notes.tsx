/* notes.tsx - what a person writes down of runs: notes, also of one that has ended; a run begun, and ended
 *
 * What is asked bears an id, which stays as long as it is the same wish and nobody knows what became of it: then it is done once, however often it is pressed.
 */
import { useRef, useState } from "preact/hooks";
import { ask, told_of, use_wish, type Answer } from "../ask";
import { Twice, Verdict } from "../asked";
import { has_token, new_id } from "../door";
import { words } from "../i18n";
import { may_operate } from "../session";
import { store } from "../store";
import type { Run } from "./ask";

const NOTE_MAX = 1000; /* bytes, as the server takes it */
const ROOM_SHOWN = 200; /* it is told when so many are left */

/* Whoever has signed in and may operate; no token. */
const may_write = () => !has_token() && may_operate();

/* Bytes of a text, of which a letter with an accent has two. */
export const bytes_of = (text: string) => new TextEncoder().encode(text).length;

/* What was pasted may have more lines than one; a note has one. */
export const one_line = (text: string) => text.replace(/[\u0000-\u001f\u007f]+/g, " ").trim();

function use_id(): { id_of: (wish: string) => string; settle: (a: Answer<unknown>) => void } {
	const open = useRef({ id: "", wish: "" });
	return {
		id_of: (wish) => {
			if (open.current.wish !== wish)
				open.current = { id: new_id(), wish };
			return open.current.id;
		},
		settle: (a) => {
			if (a.status >= 200 && a.status < 500)
				open.current = { id: "", wish: "" };
		},
	};
}

export function NoteForm({ run, on_done }: { run: number; on_done: () => void }) {
	const [text, set_text] = useState("");
	const { told, busy, wish } = use_wish();
	const { id_of, settle } = use_id();
	const w = words().run_notes;
	const line = one_line(text);
	const left = NOTE_MAX - bytes_of(line);
	if (!may_write())
		return <p><small>{w.who_may(run)}</small></p>;
	const send = (e: Event) => {
		e.preventDefault();
		if (line === "" || left < 0)
			return;
		wish(async () => {
			const a = await ask("POST", `runs/${run}/notes`, { id: id_of(`${run} ${line}`), text: line });
			settle(a);
			if (a.status === 200) {
				set_text((now) => (one_line(now) === line ? "" : now)); /* what was typed meanwhile stays */
				on_done();
			}
			return told_of(a, w.written(run));
		});
	};
	return (
		<form class="bar note-form" onSubmit={send}>
			<label class="filter">{w.note_to(run)}
				<textarea rows={2} value={text} aria-invalid={left < 0} onInput={(e) => set_text(e.currentTarget.value)} />
			</label>
			<button type="submit" disabled={busy || line === "" || left < 0}>{w.write}</button>
			{left < ROOM_SHOWN && <small role="status">{left < 0 ? `✕ ${w.too_long(-left)}` : w.left(left)}</small>}
			<Verdict told={told} />
		</form>
	);
}

function Begin({ on_done }: { on_done: () => void }) {
	const form = useRef<HTMLFormElement>(null);
	const { told, busy, wish } = use_wish();
	const { id_of, settle } = use_id();
	const w = words().run_notes;
	const fields = store.bench?.record?.fields ?? [];
	const send = (e: Event) => {
		e.preventDefault();
		const typed = new FormData(form.current!);
		const title = one_line(String(typed.get("title") ?? ""));
		const given = Object.fromEntries(fields.map((f) => [f.name, one_line(String(typed.get(`field ${f.name}`) ?? ""))]).filter(([, v]) => v !== ""));
		wish(async () => {
			const a = await ask<{ run: number }>("POST", "record/start", { id: id_of(JSON.stringify([title, given])), title, fields: given });
			settle(a);
			if (a.status === 200) {
				form.current?.reset();
				on_done();
			}
			return told_of(a, w.begun(a.data?.run ?? 0));
		});
	};
	return (
		<details class="begin-run">
			<summary>{w.begin}</summary>
			<p><small>{w.begin_about}</small></p>
			<form ref={form} class="bar" onSubmit={send}>
				<label class="filter">{w.title}<input type="text" name="title" maxLength={200} autoComplete="off" /></label>
				{fields.map((f) => (
					<label class="filter" key={f.name}>{f.title === "" ? f.name : f.title}{f.needed && ` (${w.needed})`}
						<input type="text" name={`field ${f.name}`} required={f.needed} maxLength={150} autoComplete="off" />
					</label>
				))}
				<button type="submit" disabled={busy}>{w.begin}</button>
				<Verdict told={told} />
			</form>
		</details>
	);
}

function End({ run, on_done }: { run: Run; on_done: () => void }) {
	const { told, busy, wish } = use_wish();
	const { id_of, settle } = use_id();
	const w = words().run_notes;
	const end = () => wish(async () => {
		const a = await ask("POST", "record/stop", { id: id_of(`end ${run.run}`) });
		settle(a);
		on_done();
		return told_of(a, w.ended(run.run));
	});
	return <div class="bar"><Twice text={w.end(run.run)} busy={busy} on_go={end} /><Verdict told={told} /></div>;
}

/* What can be done now, over the list of runs: a run is begun where none is open; the one that is open is noted, and ended. */
export function RunHand({ runs, on_done }: { runs: Run[]; on_done: () => void }) {
	const open = runs.filter((r) => r.end === null).at(-1);
	if (store.bench?.history === false)
		return null;
	if (open !== undefined)
		return <div class="run-hand"><NoteForm key={open.run} run={open.run} on_done={on_done} />{may_write() && <End run={open} on_done={on_done} />}</div>;
	return may_write() ? <div class="run-hand"><Begin on_done={on_done} /></div> : null;
}
