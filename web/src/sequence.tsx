/* sequence.tsx - the sequence under test: its fields, and with a token its buttons
 *
 * How it stands is what the channels "sequence.*" of the stream say. What may be pressed now, and what is asked, the server says
 * beside them; it counts only as long as the channels say the same state and the same question.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import * as api from "./api";
import { is_pending, may, opened, send, verdict_of, verdict_words } from "./door";
import { format_span } from "./format";
import { BOUNCE_MS, use_interval, use_painters, use_store, use_two_touches } from "./hooks";
import { words } from "./i18n";
import { why } from "./quality";
import { GoToBox } from "./seq/goto";
import { StartBox } from "./seq/start";
import { known } from "./set";
import { looked_at } from "./seen";
import { quality_of, store, tell_all, type Channel } from "./store";

const SUBJECT = "sequence";
const SHOWN = ["name", "step", "comment", "step_time", "current_step_time", "total_time", "state", "time_left", "waiting", "reason"] as const;
export type Field = (typeof SHOWN)[number];
const BUTTONS = ["pause", "safe_pause", "resume", "skip"] as const;
export const OVER = ["idle", "stopped", "aborted", "complete"];
const MIND_MS = 1000;

export const channel = (what: string): Channel | null => store.channels.get(`sequence.${what}`) ?? null;
export const known_text = (what: string): string | null => {
	const value = known(channel(what));
	return value === null ? null : String(value);
};
export const all = (...names: string[]) => names.map(channel).filter((c) => c !== null);

/* ---- what the server says beside the channels ---- */

let under: api.UnderTest | null = null;
let under_key = ""; /* what the channels said when it was asked */
let list: api.Sequence[] | null = null;
let list_config: string | null = null; /* the bench file that it is of */
let list_of = 0; /* the list of channels that it belongs to */

const key_now = () => `${known_text("state")} ${known_text("question")} ${known_text("question_id")}`;
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
		const told = await api.get_sequences();
		list = told.sequences;
		list_config = told.config ?? null;
		list_of = version;
	} catch {
		list = null;
	}
	listing = false;
	tell_all();
}

/* Both are asked again until they fit what the channels say. */
export function mind(): void {
	if (document.hidden || store.link !== "live" || known_text("state") === null)
		return;
	if (now_under() === null)
		void look();
	if (list_of !== store.list_version)
		void look_list();
}

/* ---- fields ---- */

function shown(what: Field, c: Channel): string {
	const w = words();
	if (c.value === null || c.value === "")
		return "—";
	if (what === "state")
		return w.sequence_states[String(c.value)] ?? String(c.value);
	if (what === "step")
		return w.sequence_step(String(c.value), String(channel("title")?.value ?? ""));
	return typeof c.value === "number" ? format_span(c.value) : String(c.value);
}

export function Fields({ shown: names = SHOWN }: { shown?: readonly Field[] }) {
	const w = words();
	use_painters(all(...SHOWN, "title"));
	return (
		<dl class="sequence-fields">
			{names.map((what) => {
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

/* The one under test among those of the bench; null: none, or it is not known. */
export const sequence_shown = () => list?.find((s) => s.name === known_text("name")) ?? null;
export const is_listed = () => list !== null;

const steps_to_go = () =>
	(sequence_shown()?.steps ?? []).filter((step) => step.has_entry);

/* Why this one may not be pressed now; "": it may. ABORT does not wait for what the server says beside the channels. */
export function why_not(button: api.Button): string {
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

/* A button with a box of its own: what differs is looked at before RESUME. */
function GoToLarge() {
	const [is_open, set_open] = useState(false);
	const w = words();
	const reason = why_not("goto");
	return (
		<>
			<button type="button" disabled={reason !== ""} title={reason || w.sequence_helps.goto} onClick={() => set_open(true)}>{w.sequence_buttons.goto}</button>
			{is_open && <GoToBox steps={steps_to_go()} may_resume={() => why_not("resume") === ""} state={known_text("state")} on_close={() => set_open(false)} />}
		</>
	);
}

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
				onClick={() => step && press("goto", { step: step.number, ...looked_at("goto") }, wish)}>{w.sequence_buttons.goto}</button>
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

function Question({ question }: { question: NonNullable<api.UnderTest["question"]> }) {
	const w = words();
	const reason = shut();
	/* A press that was meant for the question before is no answer to this one. */
	const since = useRef(performance.now());
	const answer_it = (answer: string) => {
		if (performance.now() - since.current > BOUNCE_MS)
			press("answer", { value: answer, question_id: question.id ?? undefined }, w.sequence_answer(answer));
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

/* Why buttons are shut, for hands that have no pointer to rest on them: each reason once. */
function Reasons() {
	const w = words();
	const shut = new Map<string, string[]>();
	for (const button of ["start", ...BUTTONS, "goto", "abort"] as api.Button[]) {
		const reason = why_not(button);
		if (reason !== "")
			shut.set(reason, [...(shut.get(reason) ?? []), w.sequence_buttons[button]]);
	}
	return (
		<ul class="sequence-reasons" aria-label={w.seq.why_shut}>
			{[...shut].map(([reason, names]) => <li key={reason}><b>{names.length === 7 ? "" : `${names.join(", ")}${w.colon}`}</b>{reason}</li>)}
		</ul>
	);
}

export function Buttons({ is_large = false }: { is_large?: boolean }) {
	const [offered, set_offered] = useState<{ list: api.Sequence[]; config: string | null } | null>(null);
	const w = words();
	const told = verdict_of(SUBJECT);
	const key = key_now();
	const question = now_under()?.question ?? null;
	const start_reason = why_not("start");
	use_painters(all("state", "question", "question_id", "name"));
	useEffect(mind, [key, store.list_version, store.link]);
	use_interval(mind, MIND_MS);
	return (
		<>
			{question && <Question key={key} question={question} />}
			<div class="bar" role="group" aria-label={w.sequence}>
				<button type="button" disabled={start_reason !== ""} title={start_reason || w.sequence_helps.start}
					onClick={() => set_offered(list && { list, config: list_config })}>{w.sequence_buttons.start}</button>
				{BUTTONS.map((button) => {
					const reason = why_not(button);
					return (
						<button type="button" key={button} disabled={reason !== ""} title={reason || w.sequence_helps[button]} onKeyDown={no_repeat}
							onClick={() => press(button.replace("_", "-"), looked_at(button), w.sequence_buttons[button])}>{w.sequence_buttons[button]}</button>
					);
				})}
				{is_large ? <GoToLarge /> : <GoTo />}
				<Abort />
			</div>
			{is_large && <Reasons />}
			{told && <p class={`verdict ${told.verdict}`}>{verdict_words(told)}</p>}
			{offered && <StartBox sequences={offered.list} config={offered.config} on_close={() => set_offered(null)} />}
		</>
	);
}

/* What only stops, for a display: nothing that needs more looking than it shows. */
export function StopButtons() {
	const w = words();
	const told = verdict_of(SUBJECT);
	const key = key_now();
	use_painters(all("state", "question", "question_id", "name"));
	useEffect(mind, [key, store.list_version, store.link]);
	use_interval(mind, MIND_MS);
	return (
		<div class="sequence">
			<div class="bar" role="group" aria-label={w.sequence}>
				{(["pause", "safe_pause"] as const).map((button) => {
					const reason = why_not(button);
					return (
						<button type="button" key={button} disabled={reason !== ""} title={reason || w.sequence_helps[button]} onKeyDown={no_repeat}
							onClick={() => press(button.replace("_", "-"), looked_at(button), w.sequence_buttons[button])}>{w.sequence_buttons[button]}</button>
					);
				})}
				<Abort />
			</div>
			{told && <p class={`verdict ${told.verdict}`}>{verdict_words(told)}</p>}
		</div>
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
