/* start.tsx - START: what is told before, looked at as it is typed; a rehearsal with just that */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Sequence, Slot } from "../api";
import { check_slot, type Checked } from "../check";
import { may, send, verdict_of, verdict_words } from "../door";
import { format_span, format_unit } from "../format";
import { use_interval, use_settled, use_store } from "../hooks";
import { words } from "../i18n";
import { store } from "../store";
import { NoRehearsal, rehearse, type Rehearsal } from "./ask";
import { Picture } from "./picture";

const SUBJECT = "sequence";

const is_good = (v: Awaited<ReturnType<typeof send>>) => v === "verified" || v === "accepted";

const MOST = 32; /* values that a request takes: beyond that those that are as the sequence has them stay out */

/* All in one request: it starts with just what is told here, or not at all, and somebody else who prepares a start mixes nothing into it. */
async function start(seq: Sequence, told: [string, number | string][], config: string | null): Promise<boolean> {
	const by_name = new Map(slots_of(seq).map((slot) => [slot.name, first_text(slot)]));
	const sent = told.length <= MOST ? told : told.filter(([name, value]) => by_name.get(name) !== String(value));
	return is_good(await send(SUBJECT, "POST", "sequence/start", { name: seq.name, values: Object.fromEntries(sent), config: config ?? undefined },
		words().sequence_started(seq.name)));
}

function first_text(slot: Slot): string {
	if (slot.kind === "list")
		return (slot.values ?? []).filter((v) => v !== null).join(", ");
	return slot.value === null ? "" : String(slot.value);
}

function slot_help(slot: Slot): string {
	const w = words();
	const unit = format_unit(slot.unit ?? "");
	const range = slot.min === undefined || slot.max === undefined ? "" : `${w.sequence_range(String(slot.min), String(slot.max))} ${unit}`;
	const count = slot.kind === "list" ? w.sequence_count(slot.values?.length ?? 0) : "";
	return [count, range, slot.required ? w.sequence_required : ""].filter((s) => s.trim() !== "").join(", ");
}

const slots_of = (seq: Sequence) => [...seq.parameters, ...seq.fields];
const typed_in = (form: HTMLFormElement | null, slot: Slot) => String(new FormData(form ?? undefined).get(slot.name) ?? "");

function SlotField({ slot, on_input }: { slot: Slot; on_input: () => void }) {
	const [why, set_why] = useState("");
	const id = `slot-${slot.name}`;
	/* What is empty still may be filled in: it is told when START is pressed. */
	const look = (text: string) => {
		const found = check_slot(slot, text);
		set_why(text.trim() === "" || found.why === null ? "" : found.why);
		on_input();
	};
	return (
		<label class="bar">{slot.name}
			<input type="text" name={slot.name} defaultValue={first_text(slot)} inputMode={slot.kind === "number" ? "decimal" : "text"}
				autoComplete="off" spellcheck={false} aria-describedby={`${id}-why`} aria-invalid={why !== ""} onInput={(e) => look(e.currentTarget.value)} />
			<span class="set-unit">{format_unit(slot.unit ?? "")}</span>
			<small>{slot_help(slot)}</small>
			<span class="slot-why" id={`${id}-why`} aria-live="polite">{why === "" ? "" : `✕ ${why}`}</span>
		</label>
	);
}

function Slots({ title, slots, on_input }: { title: string; slots: Slot[]; on_input: () => void }) {
	if (slots.length === 0)
		return null;
	return (
		<>
			<h3>{title}</h3>
			{slots.map((slot) => <SlotField key={slot.name} slot={slot} on_input={on_input} />)}
		</>
	);
}

/* ---- rehearsal ---- */

const span = (s: number | null) => (s === null ? "—" : format_span(s));

function Table({ r }: { r: Rehearsal }) {
	const w = words().seq;
	return (
		<div class="scroll" tabIndex={0} role="group" aria-label={w.steps}>
			<table class="plain">
				<thead><tr><th>{w.col.step}</th><th>{w.col.begins}</th><th>{w.col.takes}</th><th>{w.col.planned}</th><th>{w.col.ends}</th></tr></thead>
				<tbody>
					{r.steps.map((s, k) => (
						<tr key={k}><th scope="row">{words().sequence_step(String(s.number), s.title)}</th><td>{span(s.begins_s)}</td><td>{span(s.takes_s)}</td><td>{span(s.planned_s)}</td>
							<td>{w.step_states[s.ends] ?? s.ends}</td></tr>
					))}
				</tbody>
			</table>
		</div>
	);
}

function Verdict({ r }: { r: Rehearsal }) {
	const w = words().seq;
	return r.complete ? <p class="verdict verified">✓ {w.rehearse_good(span(r.takes_s))}</p>
		: <p class="verdict refused">✕ {w.rehearse_bad(w.rehearse_ends[r.ends] ?? r.ends, r.where === null ? "" : String(r.where), r.why ?? "")}</p>;
}

function Result({ r, picture }: { r: Rehearsal; picture: string }) {
	const w = words().seq;
	const flows = [...r.gases, ...r.energy].filter((g) => g.amount !== null);
	return (
		<>
			<Verdict r={r} />
			{r.at_most_s !== null && <p><small>{w.rehearse_most(span(r.at_most_s))} {r.at_most_notes ?? ""}</small></p>}
			{r.not_played.length > 0 && <p class="rehearsal-why">{w.rehearse_not_played(r.not_played.join(", "))}</p>}
			<h3>{w.rehearse_events}</h3>
			{r.events.length === 0 ? <p class="empty">{w.rehearse_quiet}</p> : (
				<ul class="happens" tabIndex={0} aria-label={w.rehearse_events}>
					{r.events.map((e, k) => <li key={k}><b>{span(e.at_s)}</b> {e.step} · {w.rehearse_kinds[e.kind] ?? e.kind} {e.subject} {e.text}</li>)}
					{r.events_left_out > 0 && <li>{w.rehearse_more(r.events_left_out)}</li>}
				</ul>
			)}
			<Picture text={picture} label={w.rehearse_plot} />
			<Table r={r} />
			{flows.length > 0 && <p>{w.gases}{words().colon}{flows.map((g) => `${g.channel} ${Number(g.amount!.toPrecision(4))} ${format_unit(g.unit)}`).join(", ")}</p>}
		</>
	);
}

interface Rehearsed {
	of: string; /* what was typed for it */
	table: Rehearsal;
	picture: string;
}

const same = (seq: Sequence, set: Record<string, number | string>) => `${seq.name} ${JSON.stringify(set)}`;

/* `read`: what is typed now; a text where it cannot be rehearsed. `typed`: grows when something is typed. */
function RehearsalBox({ seq, read, typed }: { seq: Sequence; read: () => Record<string, number | string> | string; typed: number }) {
	const [result, set_result] = useState<Rehearsed | null>(null);
	const [why, set_why] = useState("");
	const [begun, set_begun] = useState(0); /* performance.now(); 0: none is under way */
	const [, tick] = useState(0);
	const stop = useRef<AbortController | null>(null);
	const w = words().seq;
	useEffect(() => () => stop.current?.abort(), []);
	use_interval(() => begun > 0 && tick((n) => n + 1), 1000);
	const now = read();
	const is_old = result !== null && typed >= 0 && (typeof now === "string" || same(seq, now) !== result.of);
	const go = async () => {
		if (typeof now === "string") {
			set_why(now);
			return;
		}
		stop.current = new AbortController();
		const mine = stop.current;
		set_why("");
		set_result(null);
		set_begun(performance.now());
		try {
			const found = await rehearse(seq.name, now, mine.signal);
			set_result({ of: same(seq, now), ...found });
		} catch (error) {
			if (!mine.signal.aborted)
				set_why(error instanceof NoRehearsal ? error.message : w.rehearse_lost);
		}
		set_begun(0);
	};
	const is_shut = !may("sequence");
	return (
		<section class="rehearsal" aria-label={w.rehearse}>
			<div class="bar">
				<button type="button" disabled={begun > 0 || is_shut} title={is_shut ? w.rehearse_shut : ""} onClick={() => void go()}>{w.rehearse}</button>
				{begun > 0 && <button type="button" onClick={() => stop.current?.abort()}>{w.rehearse_stop}</button>}
				<small>{begun > 0 ? w.rehearse_busy(Math.floor((performance.now() - begun) / 1000)) : is_shut ? w.rehearse_shut : w.rehearse_help}</small>
			</div>
			<p class="rehearsal-why" role="status">{why}</p>
			{result && (
				<div class={is_old ? "rehearsed old" : "rehearsed"}>
					{is_old && <p class="empty">{w.rehearse_of_before}</p>}
					<Result r={result.table} picture={result.picture} />
				</div>
			)}
		</section>
	);
}

/* ---- the box ---- */

export function StartBox({ sequences, config, on_close }: { sequences: Sequence[]; config: string | null; on_close: () => void }) {
	const dialog = useRef<HTMLDialogElement>(null);
	const form = useRef<HTMLFormElement>(null);
	const [name, set_name] = useState(sequences[0]!.name);
	const [why_not, set_why_not] = useState("");
	const [is_busy, set_busy] = useState(false);
	const [was_sent, set_sent] = useState(false);
	const [typed, set_typed] = useState(0);
	const w = words();
	const seq = sequences.find((s) => s.name === name)!;
	const settled = use_settled();
	/* Of another bench file: parameters, limits and steps may be others. */
	const [generation] = useState(store.bench?.generation);
	const is_old = store.list_is_old || store.bench?.generation !== generation;
	const verdict = was_sent ? verdict_of(SUBJECT) : null;
	use_store();
	useEffect(() => dialog.current?.showModal(), []);
	const on_input = () => set_typed((n) => n + 1);
	/* What is told, or the first that cannot be. A rehearsal takes what is not told yet for told. */
	const read = (is_rehearsal: boolean): { told: [string, number | string][]; why: string } => {
		const told: [string, number | string][] = [];
		for (const slot of slots_of(seq)) {
			const text = form.current === null ? first_text(slot) : typed_in(form.current, slot);
			const found: Checked<number | string | undefined> = is_rehearsal && text.trim() === "" ? { value: undefined, why: null } : check_slot(slot, text);
			if (found.why !== null)
				return { told, why: `${slot.name}${w.colon}${found.why}` };
			if (found.value !== undefined && found.value !== null)
				told.push([slot.name, found.value]);
		}
		return { told, why: "" };
	};
	const for_rehearsal = () => {
		const found = read(true);
		return found.why === "" ? Object.fromEntries(found.told) : found.why;
	};
	const go = async (e: Event) => {
		e.preventDefault();
		if (is_busy || is_old || !settled)
			return;
		const found = read(false);
		set_why_not(found.why);
		if (found.why !== "")
			return;
		set_sent(true);
		set_busy(true);
		const is_started = await start(seq, found.told, config);
		set_busy(false);
		if (is_started)
			dialog.current?.close();
	};
	return (
		<dialog ref={dialog} class="sequence-box" onClose={on_close} aria-label={w.sequence_helps.start}>
			{/* Enter in a field is the end of what is typed there, not START. */}
			<form ref={form} onSubmit={(e) => void go(e)} onKeyDown={(e) => e.key === "Enter" && e.target instanceof HTMLInputElement && e.preventDefault()}>
				<h2>{w.sequence_buttons.start}</h2>
				<label class="bar">{w.sequence_choose}
					<select value={name} disabled={is_busy} onChange={(e) => {
						set_name(e.currentTarget.value);
						set_why_not("");
						set_sent(false);
					}}>
						{sequences.map((s) => <option value={s.name}>{s.name}</option>)}
					</select>
				</label>
				<p>{seq.title} <small>{w.sequence_version(seq.version)}</small></p>
				<div key={name}>
					<Slots title={w.sequence_parameters} slots={seq.parameters} on_input={on_input} />
					<Slots title={w.sequence_meta} slots={seq.fields} on_input={on_input} />
				</div>
				<p class="message" role="alert">{is_old ? w.sequence_box_old : why_not}</p>
				{verdict && <p class={`verdict ${verdict.verdict}`}>{verdict_words(verdict)}</p>}
				<div class="bar">
					<button type="submit" class="go" disabled={is_busy || is_old || !settled}>{w.sequence_buttons.start}</button>
					<button type="button" class="cancel" onClick={() => dialog.current?.close()}>{w.close}</button>
				</div>
				<RehearsalBox key={`rehearsal ${name}`} seq={seq} read={for_rehearsal} typed={typed} />
			</form>
		</dialog>
	);
}
