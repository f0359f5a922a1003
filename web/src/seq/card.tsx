/* card.tsx - the card for the door of a bench that runs unattended: black on white, one page A4
 *
 * Paper cannot grow grey: what is not known when it is printed is said to be so, and is never the last that was known.
 */
import { useEffect } from "preact/hooks";
import { format_date, format_time } from "../format";
import { use_interval, use_store } from "../hooks";
import { words } from "../i18n";
import { channel, known_text, mind, OVER, sequence_shown } from "../sequence";
import { known, state_of } from "../set";
import { with_unit } from "../check";
import { bench_now, store, type Channel } from "../store";
import { planned_end } from "./now";
import { mind_story, story } from "./story";

const ALARMS_MOST = 12; /* of one page */
const OUTPUTS_MOST = 14;
const MIND_MS = 1000;
const RANK: Record<string, number> = { critical: 0, high: 1, medium: 2, low: 3 };

const long = (ms: number) => `${format_date(ms)} ${format_time(ms).slice(0, 5)}`;

function Outputs() {
	const w = words();
	const hurt = [...store.channels.values()].filter((c) => c.info.hazard && c.info.access === "write");
	if (hurt.length === 0)
		return <p>{w.seq.card_no_hazards}</p>;
	const text = (c: Channel | null, of: Channel) => {
		const value = known(c);
		return value === null ? w.seq.card_not_known : with_unit(of.info, value);
	};
	return (
		<>
			<table class="plain">
				<thead><tr><th>{w.seq.col.hazard}</th><th>{w.seq.col.output}</th><th>{w.seq.col.target}</th><th>{w.seq.col.measured}</th></tr></thead>
				<tbody>
					{hurt.slice(0, OUTPUTS_MOST).map((c) => (
						<tr key={c.info.name} data-output={c.info.name}>
							<td><b>{w.hazards[c.info.hazard!] ?? c.info.hazard}</b></td><td>{c.info.title || c.info.name}</td>
							<td>{text(state_of(c.info.name, "target"), c)}</td><td>{text(c, c)}</td>
						</tr>
					))}
				</tbody>
			</table>
			{hurt.length > OUTPUTS_MOST && <p>{w.seq.card_more(hurt.length - OUTPUTS_MOST)}</p>}
		</>
	);
}

/* What a person at the door is to do: the most urgent first, those that say nothing last. */
function AlarmTexts() {
	const w = words();
	const all = [...store.alarms.values()].filter((a) => a.do !== "").sort((a, b) => (RANK[a.priority] ?? 9) - (RANK[b.priority] ?? 9));
	if (all.length === 0)
		return <p>{w.seq.card_no_alarms}</p>;
	return (
		<>
			<ul class="card-alarms">{all.slice(0, ALARMS_MOST).map((a) => <li key={a.name}><b>{a.title || a.name}</b>{w.colon}{a.do}</li>)}</ul>
			{all.length > ALARMS_MOST && <p>{w.seq.card_more(all.length - ALARMS_MOST)}</p>}
		</>
	);
}

/* Those of the bench file; without them, or for who has not signed in, lines to be filled in by hand. */
function Phones() {
	const w = words();
	const c = w.seq;
	const all = store.bench?.contacts ?? [];
	return (
		<dl class="card-phones">
			{all.length === 0 ? <><dt>{c.card_responsible}</dt><dd /><dt>{c.card_deputy}</dt><dd /><dt>{c.card_emergency}</dt><dd /></>
				: all.map((p, k) => <><dt key={k}>{p.role === "" ? p.name : `${p.name} (${p.role})`}</dt><dd>{p.phone}</dd></>)}
		</dl>
	);
}

function mind_both(): void {
	mind();
	mind_story();
}

export function Card() {
	const w = words();
	const c = w.seq;
	use_store();
	use_interval(mind_both, MIND_MS);
	useEffect(mind_both, [store.link, store.list_version]);
	const state = known_text("state");
	const is_active = state !== null && !OVER.includes(state);
	const told = story();
	const end = planned_end();
	const step = known(channel("step"));
	const seq = sequence_shown();
	const fields = told === null ? [] : Object.entries(told.run.fields);
	return (
		<>
			<section class="no-print bar">
				<p>{c.card_about}</p>
				<button type="button" onClick={() => print()}>{c.card_print}</button>
			</section>
			<article class="door-card" aria-label={c.tab.card}>
				<h2>{c.card_unattended}</h2>
				<dl>
					<dt>{c.card_bench}</dt><dd>{store.bench?.title || store.bench?.bench} ({store.bench?.bench})</dd>
					{is_active ? (
						<>
							<dt>{c.card_sequence}</dt><dd>{seq?.title ?? known_text("name")} {seq && w.sequence_version(seq.version)}</dd>
							<dt>{c.card_run}</dt><dd>{told === null ? c.card_not_known : told.run.run}{fields.length > 0 && ` · ${fields.map(([k, v]) => `${k} ${v}`).join(", ")}`}</dd>
							<dt>{c.card_who}</dt><dd>{told?.part.started_by ?? c.card_not_known}</dd>
							<dt>{c.card_begin}</dt><dd>{told === null ? c.card_not_known : long(Date.parse(told.part.begin))}</dd>
							<dt>{c.card_step}</dt><dd>{step === null ? c.card_not_known : w.sequence_step(String(step), known_text("title") ?? "")} ({w.sequence_states[state] ?? state})</dd>
							<dt>{c.card_end}</dt><dd class="card-end">{end === null ? state === "held" ? c.ends_later : c.card_not_known : long(end)}</dd>
						</>
					) : <><dt>{c.card_state}</dt><dd>{state === null && channel("state") !== null ? c.card_not_known : c.card_no_run}</dd></>}
				</dl>
				<h3>{c.card_hazards}</h3>
				<Outputs />
				<h3>{c.card_alarms}</h3>
				<AlarmTexts />
				<p class="card-stop">{c.card_stop(store.bench?.safe_state ?? "")}</p>
				<h3>{c.card_phones}</h3>
				<Phones />
				<p class="card-foot">{c.card_printed(long(bench_now()))}</p>
			</article>
		</>
	);
}
