/* now.tsx - the sequence under test, large: how far it is, its steps, what may be pressed and why not */
import { format_moment, format_span } from "../format";
import { use_interval, use_painters, use_store } from "../hooks";
import { words } from "../i18n";
import { all, Buttons, channel, Fields, known_text, OVER, sequence_shown, type Field } from "../sequence";
import { known } from "../set";
import { bench_now, quality_of, store } from "../store";
import { address_of } from "../route";
import { mind_story, story } from "./story";

const FIELDS: Field[] = ["comment", "current_step_time", "step_time", "total_time", "time_left", "waiting", "reason"];
const MIND_MS = 1000;

const seconds = (what: string): number | null => {
	const value = known(channel(what));
	return typeof value === "number" ? value : null;
};

/* ---- how far ---- */

/* Without both numbers there is no bar: a bar that stands somewhere would say something. */
function Bar({ label, done, all: whole }: { label: string; done: number | null; all: number | null }) {
	const w = words().seq;
	const has_bar = done !== null && whole !== null && whole > 0;
	return (
		<div class="far">
			<span>{label}</span>
			{has_bar ? <progress aria-label={label} max={1} value={Math.min(1, done / whole)} /> : <span class="no-bar">{done === null ? w.old : w.no_plan}</span>}
			<span class="far-text">{has_bar ? w.bar_of(format_span(done), format_span(whole)) : done === null ? "—" : format_span(done)}</span>
		</div>
	);
}

/* ms; null: nobody can tell. Only as long as it runs. */
export function planned_end(): number | null {
	const left = seconds("time_left");
	return known_text("state") === "running" && left !== null ? bench_now() + left * 1000 : null;
}

export const moment_of = (ms: number) => format_moment(ms, bench_now());

function HowFar() {
	const w = words().seq;
	use_painters(all("state", "step_time", "current_step_time", "total_time", "time", "time_left"));
	const state = known_text("state");
	if (state !== null && OVER.includes(state))
		return null;
	const end = planned_end();
	return (
		<div class="how-far">
			<Bar label={w.bar_step} done={seconds("current_step_time")} all={seconds("step_time")} />
			<Bar label={w.bar_all} done={seconds("time")} all={seconds("total_time")} />
			<p class="planned-end">{end !== null ? w.ends_at(moment_of(end)) : state === "held" ? w.ends_later : w.no_end}</p>
		</div>
	);
}

/* ---- steps ---- */

const SYMBOLS: Record<string, string> = { now: "▶", done: "✓", complete: "✓", skipped: "↷", ahead: "·", not_reached: "·" };

interface Row {
	number: number;
	title: string;
	comment: string | null;
	has_entry: boolean;
	state: string;
	lasted: number | null; /* s */
}

function rows(): { list: Row[]; is_known: boolean } {
	const seq = sequence_shown();
	const told = story();
	const state = known_text("state");
	const step = known(channel("step"));
	const is_over = state !== null && OVER.includes(state);
	/* The last turn of a step counts: handlers may lead back. */
	const ended = new Map(told?.part.steps.map((s) => [s.number, s]));
	const list = (seq?.steps ?? []).map((s) => {
		const was = ended.get(s.number);
		const is_now = state !== null && !is_over && step === s.number;
		const lasted = was === undefined || was.end === null ? null : (Date.parse(was.end) - Date.parse(was.begin)) / 1000;
		return { ...s, lasted: is_now ? null : lasted, state: is_now ? "now" : was !== undefined ? was.ended ?? "" : told === null || state === null ? "" : is_over ? "not_reached" : "ahead" };
	});
	return { list, is_known: told !== null };
}

function Steps() {
	const w = words();
	use_painters(all("state", "step", "name"));
	const { list, is_known } = rows();
	const is_idle = known_text("state") === "idle" || known_text("name") === "";
	if (list.length === 0)
		return <section class="steps"><h2>{w.seq.steps}</h2><p class="empty">{is_idle ? w.seq.steps_none : w.sequence_asking}</p></section>;
	return (
		<section class="steps" aria-labelledby="steps-title">
			<h2 id="steps-title">{w.seq.steps}</h2>
			{!is_known && <p class="empty">{w.seq.steps_unknown}</p>}
			<ol>
				{list.map((s) => (
					<li key={s.number} data-step={s.number} data-state={s.state} class={`step ${s.state}`} aria-current={s.state === "now" ? "step" : undefined}>
						<span class="step-symbol" aria-hidden="true">{s.state === "" ? "" : SYMBOLS[s.state] ?? "✕"}</span>
						<span class="step-number">{s.number}</span>
						<span class="step-title">{s.title}{s.comment && <small>{s.comment}</small>}</span>
						<span class="step-state">{s.state === "now" ? w.sequence_states[known_text("state") ?? ""] ?? "" : w.seq.step_states[s.state] ?? s.state}{s.lasted !== null && ` ${format_span(s.lasted)}`}</span>
						{s.has_entry && <span class="step-entry" title={w.seq.entry} aria-label={w.seq.entry} role="img">⇥</span>}
					</li>
				))}
			</ol>
		</section>
	);
}

/* ---- all of it ---- */

function Title() {
	const w = words();
	use_painters(all("state", "name", "step", "title"));
	const c = channel("state")!;
	const is_old = quality_of(c).quality === "bad";
	const state = String(c.value ?? "");
	const name = String(channel("name")?.value ?? "");
	const step = channel("step")?.value ?? null;
	return (
		<div class={is_old ? "seq-title old" : "seq-title"}>
			<span class={`seq-state ${is_old ? "bad" : state}`} data-seq-state={is_old ? "" : state}>{w.sequence_states[state] ?? (state || "—")}</span>
			<strong>{name === "" ? "" : sequence_shown()?.title ?? name}</strong>
			{step !== null && name !== "" && <span class="seq-step">{w.sequence_step(String(step), String(channel("title")?.value ?? ""))}</span>}
		</div>
	);
}

export function Now() {
	const w = words();
	use_store();
	use_interval(mind_story, MIND_MS);
	if (channel("state") === null)
		return <section><p class="empty">{store.list_version === 0 ? w.connecting_help : w.seq.none}</p></section>;
	const is_old = store.link !== "live" || !store.controller_up;
	const told = story();
	return (
		<div class="seq-page">
			<section class="sequence large" aria-labelledby="sequence-title">
				<h2 id="sequence-title">{w.sequence}</h2>
				{is_old && <p class="message" role="status">{w.sequence_old}</p>}
				<Title />
				<HowFar />
				<Buttons is_large />
				<Fields shown={FIELDS} />
				{told && <p><a href={address_of("sequence", `runs/${told.run.run}`)}>{w.seq.run(told.run.run)}</a></p>}
			</section>
			<Steps />
		</div>
	);
}
