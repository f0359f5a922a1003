/* sequence.tsx - the sequence under test: its fields, and with a token its buttons
 *
 * How it stands is what the channels "sequence.*" of the stream say. What may be pressed now, and what is asked, the server says
 * beside them; it counts only as long as the channels say the same state and the same question.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import * as api from "./api";
import { check_slot } from "./check";
import { is_pending, may, opened, send, verdict_of, verdict_words } from "./door";
import { format_span, format_unit } from "./format";
import { BOUNCE_MS, use_interval, use_painters, use_store, use_two_touches } from "./hooks";
import { words } from "./i18n";
import { why } from "./quality";
import { known } from "./set";
import { quality_of, store, tell_all, type Channel } from "./store";

const SUBJECT = "sequence";
const SHOWN = ["name", "step", "comment", "step_time", "current_step_time", "total_time", "state", "time_left", "waiting", "reason"] as const;
const BUTTONS = ["pause", "safe_pause", "resume", "skip"] as const;
const OVER = ["idle", "stopped", "aborted", "complete"];
const MIND_MS = 1000;

const channel = (what: string): Channel | null => store.channels.get(`sequence.${what}`) ?? null;
const known_text = (what: string): string | null => {
	const value = known(channel(what));
	return value === null ? null : String(value);
};
const all = (...names: string[]) => names.map(channel).filter((c) => c !== null);

/* ---- what the server says beside the channels ---- */

let under: api.UnderTest | null = null;
let under_key = ""; /* what the channels said when it was asked */
let list: api.Sequence[] | null = null;
let list_of = 0; /* the list of channels that it belongs to */

const key_now = () => `${known_text("state")} ${known_text("question")}`;
const now_under = () => (under !== null && under_key === key_now() && under.state === known_text("state") ? under : null);

let looking = false;
let look_again = false;

async function look(): Promise<void> {
	look_again = looking;
	if (looking)
		return;
	looking = true;
	const key = key_now();
	try {
		under = await api.get_under_test();
		under_key = key;
	} catch {
		under = null;
	}
	looking = false;
	tell_all();
	if (look_again)
		void look();
}

let listing = false;

async function look_list(): Promise<void> {
	if (listing)
		return;
	listing = true;
	const version = store.list_version;
	try {
		list = (await api.get_sequences()).sequences;
		list_of = version;
	} catch {
		list = null;
	}
	listing = false;
	tell_all();
}

/* Both are asked again until they fit what the channels say. */
function mind(): void {
	if (document.hidden || store.link !== "live" || known_text("state") === null)
		return;
	if (now_under() === null)
		void look();
	if (list_of !== store.list_version)
		void look_list();
}

/* ---- fields ---- */

function shown(what: (typeof SHOWN)[number], c: Channel): string {
	const w = words();
	if (c.value === null || c.value === "")
		return "—";
	if (what === "state")
		return w.sequence_states[String(c.value)] ?? String(c.value);
	if (what === "step")
		return w.sequence_step(String(c.value), String(channel("title")?.value ?? ""));
	return typeof c.value === "number" ? format_span(c.value) : String(c.value);
}

function Fields() {
	const w = words();
	use_painters(all(...SHOWN, "title"));
	return (
		<dl class="sequence-fields">
			{SHOWN.map((what) => {
				const c = channel(what);
				const is_old = c !== null && c.value !== null && quality_of(c).quality === "bad";
				return c && (
					<div class={is_old ? "bad" : ""} data-field={what} title={is_old ? why(c).text : ""}>
						<dt>{w.sequence_fields[what]}</dt>
						<dd>{shown(what, c)}</dd>
					</div>
				);
			})}
		</dl>
	);
}

/* ---- START ---- */

const is_good = (v: Awaited<ReturnType<typeof send>>) => v === "verified" || v === "accepted";

/* What is told goes with the sequence that was chosen: the first that is not taken ends it. */
async function start(seq: api.Sequence, told: [string, number | string][]): Promise<boolean> {
	const w = words();
	const ask = (what: string, body: object, wish: string) => send(SUBJECT, "POST", `sequence/${what}`, body, wish);
	if (!is_good(await ask("prepare", { name: seq.name }, w.sequence_chose(seq.name))))
		return false;
	for (const [name, value] of told)
		if (!is_good(await ask("form", { name, value }, w.sequence_told(name, String(value)))))
			return false;
	return is_good(await ask("start", { name: seq.name }, w.sequence_started(seq.name)));
}

function first_text(slot: api.Slot): string {
	if (slot.kind === "list")
		return (slot.values ?? []).filter((v) => v !== null).join(", ");
	return slot.value === null ? "" : String(slot.value);
}

function slot_help(slot: api.Slot): string {
	const w = words();
	const unit = format_unit(slot.unit ?? "");
	const range = slot.min === undefined || slot.max === undefined ? "" : `${w.sequence_range(String(slot.min), String(slot.max))} ${unit}`;
	const count = slot.kind === "list" ? w.sequence_count(slot.values?.length ?? 0) : "";
	return [count, range, slot.required ? w.sequence_required : ""].filter((s) => s.trim() !== "").join(", ");
}

function Slots({ title, slots }: { title: string; slots: api.Slot[] }) {
	if (slots.length === 0)
		return null;
	return (
		<>
			<h3>{title}</h3>
			{slots.map((slot) => (
				<label class="bar" key={slot.name}>{slot.name}
					<input type="text" name={slot.name} defaultValue={first_text(slot)} inputMode={slot.kind === "number" ? "decimal" : "text"}
						autoComplete="off" spellcheck={false} />
					<span class="set-unit">{format_unit(slot.unit ?? "")}</span>
					<small>{slot_help(slot)}</small>
				</label>
			))}
		</>
	);
}

function StartBox({ sequences, on_close }: { sequences: api.Sequence[]; on_close: () => void }) {
	const dialog = useRef<HTMLDialogElement>(null);
	const form = useRef<HTMLFormElement>(null);
	const [name, set_name] = useState(sequences[0]!.name);
	const [why_not, set_why_not] = useState("");
	const [is_busy, set_busy] = useState(false);
	const [was_sent, set_sent] = useState(false);
	const w = words();
	const seq = sequences.find((s) => s.name === name)!;
	const verdict = was_sent ? verdict_of(SUBJECT) : null;
	useEffect(() => dialog.current?.showModal(), []);
	const go = async (e: Event) => {
		e.preventDefault();
		if (is_busy)
			return;
		const typed = new FormData(form.current!);
		const told: [string, number | string][] = [];
		for (const slot of [...seq.parameters, ...seq.fields]) {
			const found = check_slot(slot, String(typed.get(slot.name) ?? ""));
			if (found.why !== null) {
				set_why_not(`${slot.name}${w.colon}${found.why}`);
				return;
			}
			if (found.value !== undefined && found.value !== null)
				told.push([slot.name, found.value]);
		}
		set_why_not("");
		set_sent(true);
		set_busy(true);
		const is_started = await start(seq, told);
		set_busy(false);
		if (is_started)
			dialog.current?.close();
	};
	return (
		<dialog ref={dialog} class="sequence-box" onClose={on_close} aria-label={w.sequence_helps.start}>
			<form ref={form} onSubmit={(e) => void go(e)}>
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
					<Slots title={w.sequence_parameters} slots={seq.parameters} />
					<Slots title={w.sequence_meta} slots={seq.fields} />
				</div>
				<p class="message" role="alert">{why_not}</p>
				{verdict && <p class={`verdict ${verdict.verdict}`}>{verdict_words(verdict)}</p>}
				<div class="bar">
					<button type="submit" class="go" disabled={is_busy}>{w.sequence_buttons.start}</button>
					<button type="button" class="cancel" onClick={() => dialog.current?.close()}>{w.close}</button>
				</div>
			</form>
		</dialog>
	);
}

/* ---- the other buttons ---- */

/* Why nothing at all may be pressed from here; "": it may. */
function shut(): string {
	const w = words();
	if (!may("sequence") && !opened().includes("sequence"))
		return w.sequence_not_open;
	if (!may("sequence"))
		return w.sequence_no_token;
	return store.link !== "live" || !store.controller_up || known_text("state") === null ? w.sequence_old : "";
}

const steps_to_go = () =>
	(list?.find((s) => s.name === known_text("name"))?.steps ?? []).filter((step) => step.has_entry);

/* Why this one may not be pressed now; "": it may. ABORT does not wait for what the server says beside the channels. */
function why_not(button: api.Button): string {
	const w = words();
	const state = known_text("state") ?? "";
	const now = now_under();
	const closed = shut();
	if (closed !== "")
		return closed;
	if (now === null && button !== "abort")
		return w.sequence_asking;
	if (!(now?.buttons?.[button] ?? (button === "abort" && !OVER.includes(state))))
		return w.sequence_not_now(w.sequence_states[state] ?? state);
	if (list === null && (button === "start" || button === "goto"))
		return w.sequence_no_list;
	if (button === "start")
		return is_pending(SUBJECT) ? w.sequence_pending : list!.length === 0 ? w.sequence_none : "";
	return button === "goto" && steps_to_go().length === 0 ? w.sequence_no_step : "";
}

/* A step is skipped in less time than a double click takes: its second half is no wish of its own. */
let last_wish = "";
let last_press = 0;

function press(path: string, body: object, wish: string): void {
	const now = performance.now();
	if (wish === last_wish && now - last_press < BOUNCE_MS)
		return;
	last_wish = wish;
	last_press = now;
	void send(SUBJECT, "POST", `sequence/${path}`, body, wish);
}

const no_repeat = (e: KeyboardEvent) => e.repeat && e.preventDefault();

function GoTo() {
	const [chosen, set_chosen] = useState("");
	const w = words();
	const reason = why_not("goto");
	const steps = steps_to_go();
	const step = steps.find((s) => String(s.number) === chosen) ?? steps[0];
	const wish = `${w.sequence_buttons.goto} ${step?.number ?? ""}`;
	return (
		<>
			<button type="button" disabled={reason !== ""} title={reason || w.sequence_helps.goto} onKeyDown={no_repeat}
				onClick={() => step && press("goto", { step: step.number }, wish)}>{w.sequence_buttons.goto}</button>
			<select aria-label={w.sequence_to} disabled={reason !== ""} title={reason} value={step ? String(step.number) : ""}
				onChange={(e) => set_chosen(e.currentTarget.value)}>
				{steps.map((s) => <option value={String(s.number)}>{w.sequence_step(String(s.number), s.title)}</option>)}
			</select>
		</>
	);
}

function Abort() {
	const w = words();
	const reason = why_not("abort");
	const { armed, press: touch } = use_two_touches(() => void send(SUBJECT, "POST", "sequence/abort", {}, w.sequence_buttons.abort));
	const is_armed = armed && reason === "";
	return (
		<button type="button" class={is_armed ? "abort armed" : "abort"} disabled={reason !== ""} title={reason || w.sequence_helps.abort}
			onKeyDown={no_repeat} onClick={touch}>{is_armed ? w.sequence_again : w.sequence_buttons.abort}</button>
	);
}

function Question({ question }: { question: { text: string; answers: string[] } }) {
	const w = words();
	const reason = shut();
	/* A press that was meant for the question before is no answer to this one. */
	const since = useRef(performance.now());
	const answer_it = (answer: string) => {
		if (performance.now() - since.current > BOUNCE_MS)
			press("answer", { value: answer }, w.sequence_answer(answer));
	};
	return (
		<div class="sequence-question" role="group" aria-label={w.sequence_question}>
			<p>{w.sequence_question}{w.colon}<strong>{question.text}</strong></p>
			<div class="bar">
				{question.answers.map((answer) => (
					<button type="button" disabled={reason !== ""} title={reason} onKeyDown={no_repeat}
						onClick={() => answer_it(answer)}>{answer}</button>
				))}
			</div>
		</div>
	);
}

function Buttons() {
	const [offered, set_offered] = useState<api.Sequence[] | null>(null);
	const w = words();
	const told = verdict_of(SUBJECT);
	const key = key_now();
	const question = now_under()?.question ?? null;
	const start_reason = why_not("start");
	use_painters(all("state", "question", "name"));
	useEffect(mind, [key, store.list_version, store.link]);
	use_interval(mind, MIND_MS);
	return (
		<>
			{question && <Question key={key} question={question} />}
			<div class="bar" role="group" aria-label={w.sequence}>
				<button type="button" disabled={start_reason !== ""} title={start_reason || w.sequence_helps.start}
					onClick={() => set_offered(list)}>{w.sequence_buttons.start}</button>
				{BUTTONS.map((button) => {
					const reason = why_not(button);
					return (
						<button type="button" key={button} disabled={reason !== ""} title={reason || w.sequence_helps[button]} onKeyDown={no_repeat}
							onClick={() => press(button.replace("_", "-"), {}, w.sequence_buttons[button])}>{w.sequence_buttons[button]}</button>
					);
				})}
				<GoTo />
				<Abort />
			</div>
			{told && <p class={`verdict ${told.verdict}`}>{verdict_words(told)}</p>}
			{offered && <StartBox sequences={offered} on_close={() => set_offered(null)} />}
		</>
	);
}

export function SequencePanel() {
	const w = words();
	use_store();
	if (channel("state") === null)
		return null;
	const is_old = store.link !== "live" || !store.controller_up;
	return (
		<section class="sequence" aria-labelledby="sequence-title">
			<h2 id="sequence-title">{w.sequence}</h2>
			{is_old && <p class="empty">{w.sequence_old}</p>}
			<Fields />
			<Buttons />
		</section>
	);
}
