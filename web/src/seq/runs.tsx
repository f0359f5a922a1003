/* runs.tsx - runs: the list, found by text, sequence, person and day; one of them with all that is known of it */
import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { format_date, format_moment, format_span } from "../format";
import { use_interval, use_store } from "../hooks";
import { get_language, words } from "../i18n";
import { has_page } from "../pages";
import { address_of } from "../route";
import { is_output } from "../set";
import { bench_now, store } from "../store";
import { get_events, get_run, get_runs, type BenchEvent, type Part, type Run, type RunDetail } from "./ask";
import { NoteForm, RunHand } from "./notes";

const SHOWN_MOST = 200;
const AGAIN_MS = 10_000;
const EVENTS_MOST = 500;

const moment = (text: string | null) => (text === null ? "" : format_moment(Date.parse(text), bench_now()));
const span_of = (begin: string, end: string | null) => format_span(((end === null ? bench_now() : Date.parse(end)) - Date.parse(begin)) / 1000);

/* Ask again and again while somebody looks and the bench is heard; drawing does not put it off. */
function use_again(ask: () => void): void {
	const now = useRef(ask);
	now.current = ask;
	use_interval(useCallback(() => {
		if (!document.hidden && store.link === "live")
			now.current();
	}, []), AGAIN_MS);
}

/* ---- the list ---- */

export interface Wanted {
	text: string;
	title: string;
	person: string;
	from: string; /* a day */
	to: string;
}

export const ANY: Wanted = { text: "", title: "", person: "", from: "", to: "" };

const said = (r: Run) => [String(r.run), r.title, r.started_by, ...Object.entries(r.fields).flat()].join("\n").toLowerCase();

/* Newest first. A run belongs to each day on which it was open. */
export function find_runs(runs: Run[], want: Wanted): Run[] {
	const parts = want.text.toLowerCase().split(/\s+/).filter((s) => s !== "");
	return runs.filter((r) => {
		const text = said(r);
		const first = format_date(Date.parse(r.begin));
		const last = r.end === null ? "9999" : format_date(Date.parse(r.end));
		return parts.every((p) => text.includes(p)) && (want.title === "" || r.title === want.title) && (want.person === "" || r.started_by === want.person) &&
			(want.from === "" || last >= want.from) && (want.to === "" || first <= want.to);
	}).reverse();
}

/* What was asked for last is kept while the page lives: back from one run, the list is as it was left. */
let wanted = ANY;

function Choice({ label, value, among, on_choose }: { label: string; value: string; among: string[]; on_choose: (v: string) => void }) {
	return (
		<label class="filter">{label}
			<select value={value} onChange={(e) => on_choose(e.currentTarget.value)}>
				<option value="">{words().seq.runs_all}</option>
				{among.map((v) => <option key={v} value={v}>{v}</option>)}
			</select>
		</label>
	);
}

const distinct = (list: string[]) => [...new Set(list)].filter((s) => s !== "").sort();

function Filters({ runs, want, change }: { runs: Run[]; want: Wanted; change: (more: Partial<Wanted>) => void }) {
	const w = words().seq;
	return (
		<div class="bar run-filters" role="search" aria-label={w.runs}>
			<label class="filter">{w.runs_text}
				<input type="search" value={want.text} placeholder={w.runs_text_help} title={w.runs_text_help} onInput={(e) => change({ text: e.currentTarget.value })} />
			</label>
			<Choice label={w.col.title} value={want.title} among={distinct(runs.map((r) => r.title))} on_choose={(title) => change({ title })} />
			<Choice label={w.runs_person} value={want.person} among={distinct(runs.map((r) => r.started_by))} on_choose={(person) => change({ person })} />
			<label class="filter">{w.runs_from}<input type="date" value={want.from} onInput={(e) => change({ from: e.currentTarget.value })} /></label>
			<label class="filter">{w.runs_to}<input type="date" value={want.to} onInput={(e) => change({ to: e.currentTarget.value })} /></label>
		</div>
	);
}

const fields_text = (fields: Record<string, string>) => Object.entries(fields).map(([name, value]) => `${name} = ${value}`).join(", ");

function RunRow({ r }: { r: Run }) {
	const w = words().seq;
	return (
		<tr data-run={r.run}>
			<th scope="row"><a href={address_of("sequence", `runs/${r.run}`)} aria-label={`${w.run(r.run)} ${r.title}`}>{r.run}</a></th>
			<td>{r.title}</td><td class="when">{moment(r.begin)}</td>
			<td>{r.end === null ? <b>{w.runs_open}</b> : format_span(r.seconds)}</td><td>{r.started_by}</td><td class="run-fields">{fields_text(r.fields)}</td>
		</tr>
	);
}

export function Runs() {
	const [runs, set_runs] = useState<Run[] | null>(null);
	const [has_failed, set_failed] = useState(false);
	const [want, set_want] = useState(wanted);
	const w = words().seq;
	const ask = () => void get_runs().then((r) => {
		set_runs(r);
		set_failed(false);
	}, () => set_failed(true));
	useEffect(ask, []);
	use_again(ask);
	const change = (more: Partial<Wanted>) => {
		wanted = { ...want, ...more };
		set_want(wanted);
	};
	const found = find_runs(runs ?? [], want);
	return (
		<section class="runs" aria-labelledby="runs-title">
			<h2 id="runs-title">{w.runs}</h2>
			{has_failed && <p class="message" role="status">{w.runs_failed}</p>}
			{runs !== null && <RunHand runs={runs} on_done={ask} />}
			{runs !== null && runs.length === 0 && <p class="empty">{w.runs_none}</p>}
			{runs !== null && runs.length > 0 && (
				<>
					<Filters runs={runs} want={want} change={change} />
					<p class="empty" role="status">{found.length === 0 ? w.runs_none_found : w.runs_shown(found.length, runs.length)} {found.length > SHOWN_MOST && w.runs_cut(SHOWN_MOST)}</p>
					<div class="scroll" tabIndex={0} role="group" aria-labelledby="runs-title">
						<table class="plain">
							<thead><tr><th>{w.col.run}</th><th>{w.col.title}</th><th>{w.col.began}</th><th>{w.col.lasted}</th><th>{w.col.who}</th><th>{w.col.fields}</th></tr></thead>
							<tbody>{found.slice(0, SHOWN_MOST).map((r) => <RunRow key={r.run} r={r} />)}</tbody>
						</table>
					</div>
				</>
			)}
		</section>
	);
}

/* ---- one run ---- */

/* A table that is not there when it has no rows. */
function Rows({ title, heads, rows, children }: { title: string; heads: string[]; rows: ComponentChildren[][]; children?: ComponentChildren }) {
	if (rows.length === 0)
		return null;
	return (
		<section aria-label={title}>
			<h3>{title}</h3>
			{children}
			<div class="scroll" tabIndex={0} role="group" aria-label={title}>
				<table class="plain">
					<thead><tr>{heads.map((h) => <th>{h}</th>)}</tr></thead>
					<tbody>{rows.map((cells, k) => <tr key={k}>{cells.map((c) => <td>{c}</td>)}</tr>)}</tbody>
				</table>
			</div>
		</section>
	);
}

const plain = (value: unknown): string => (Array.isArray(value) ? value.map(plain).join(", ") : value === null ? "—" : String(value));

function PartOf({ part }: { part: Part }) {
	const w = words().seq;
	const c = w.col;
	const how = (ended: string | null) => (ended === null ? w.runs_open : w.step_states[ended] ?? words().sequence_states[ended] ?? ended);
	const told = { ...part.parameters, ...part.metadata };
	const seconds = (s: number | null) => (s === null ? "—" : format_span(s));
	return (
		<>
			<section><h3>{w.part(part.title, how(part.ended))} <small>{part.version === null ? "" : words().sequence_version(part.version)}</small></h3></section>
			<Rows title={w.parameters} heads={[c.name, c.value]} rows={Object.entries(told).map(([name, value]) => [name, plain(value)])} />
			<Rows title={w.steps} heads={[c.step, c.began, c.takes, c.planned, c.held, c.ends]}
				rows={part.steps.map((s) => [words().sequence_step(String(s.number), s.title), moment(s.begin), span_of(s.begin, s.end), seconds(s.planned), seconds(s.held), how(s.ended)])} />
			<Rows title={w.results} heads={[c.time, c.name, c.value, c.band, c.judged]} rows={part.results.map((r) => [moment(r.time), r.name, plain(r.value),
				r.low === undefined ? "" : `${r.low} – ${r.high}`, r.judged === "outside" ? <b>✕ {w.judged.outside}</b> : w.judged[r.judged] ?? r.judged])} />
			<Rows title={w.records} heads={[c.name, c.every, c.began, c.until]} rows={part.records.map((r) => [r.name, `${r.every} s`, moment(r.begin), moment(r.end)])}>
				<p><small>{w.records_where}</small></p>
			</Rows>
			<Rows title={w.questions} heads={[c.time, c.text, c.answer]} rows={part.questions.map((q) => [moment(q.begin), q.question, q.answer ?? "—"])} />
			<Rows title={w.holds} heads={[c.time, c.until, c.cause]} rows={part.holds.map((h) => [moment(h.begin), h.end === null ? w.runs_open : moment(h.end), h.why])} />
			<Rows title={w.interruptions} heads={[c.time, c.until, c.cause]} rows={part.interruptions.map((i) => [moment(i.begin), moment(i.end), i.cause])} />
			<Rows title={w.guards} heads={[c.time, c.text]} rows={[...part.guards, ...part.skipped].map((g) => [moment(g.time), g.text])} />
		</>
	);
}

/* A command of an instrument is four events; the intent is the cause of the others. */
export function read_commands(events: BenchEvent[]): { time: string | null; device: string; name: string; acquired: string | null; how: string; why: string }[] {
	const by_intent = new Map<number, ReturnType<typeof read_commands>[0]>();
	for (const e of events) {
		if (e.kind === "sequence_command")
			by_intent.set(e.id, { time: e.time, device: e.subject ?? "", name: e.note ?? "", acquired: null, how: "asked", why: "" });
		const row = e.cause === null ? undefined : by_intent.get(e.cause);
		if (row === undefined)
			continue;
		if (e.kind === "sequence_command_sent") {
			row.acquired = e.time;
			row.how = "sent";
		} else if (e.kind === "sequence_command_done" || e.kind === "sequence_command_failed") {
			row.how = e.kind === "sequence_command_done" ? "done" : "failed";
			row.why = e.note ?? "";
		}
	}
	return [...by_intent.values()];
}

function Happened({ run }: { run: RunDetail }) {
	const [events, set_events] = useState<BenchEvent[]>([]);
	const [omitted, set_omitted] = useState(0);
	const [commands, set_commands] = useState<BenchEvent[]>([]);
	const [has_failed, set_failed] = useState(false);
	const w = words().seq;
	const c = w.col;
	const look = () => {
		const ask = { from: run.begin, language: get_language() === "fr" ? "fr" : "en", ...(run.end === null ? {} : { to: run.end }) };
		void get_events({ ...ask, limit: String(EVENTS_MOST) }).then((a) => {
			set_events(a.events);
			set_omitted(a.omitted);
			set_failed(false);
		}, () => set_failed(true));
		const kinds = ["sequence_command", "sequence_command_sent", "sequence_command_done", "sequence_command_failed"];
		void Promise.all(kinds.map((kind) => get_events({ ...ask, kind, limit: "10000" }))).then((all) => set_commands(all.flatMap((a) => a.events)), () => set_failed(true));
	};
	useEffect(look, [run.run, run.end]);
	use_again(() => (run.end === null || has_failed) && look()); /* of one that goes on there are more */
	return (
		<>
			{has_failed && <p class="message" role="status">{w.runs_failed}</p>}
			<Rows title={w.injections} heads={[c.time, c.device, c.name, c.acquired, c.ends, c.text]} rows={read_commands(commands).map((i) =>
				[moment(i.time), i.device, i.name, moment(i.acquired), w.verdicts[i.how] ?? i.how, i.why])}>
				<p><small>{w.injections_where}</small></p>
			</Rows>
			<Rows title={w.events} heads={[c.time, c.what, c.who]} rows={[...events].reverse().map((e) =>
				[moment(e.time), `${e.severity === "error" ? "✕ " : e.severity === "warning" ? "⚠ " : ""}${e.text}`, e.principal ?? ""])}>
				{omitted > 0 && <p><small>{w.events_more(omitted)}</small></p>}
			</Rows>
		</>
	);
}

function Downloads({ run }: { run: RunDetail }) {
	const outputs = [...store.channels.values()].filter((c) => is_output(c.info)).map((c) => c.info.name);
	const [names, set_names] = useState(outputs.slice(0, 100).join(", "));
	const w = words().seq;
	const channels = names.split(",").map((n) => n.trim()).filter((n) => n !== "").map(encodeURIComponent).join(",");
	const values = (format: string) => `api/v1/history?channels=${channels}&since=run:${run.run}&format=${format}`;
	return (
		<section class="downloads" aria-label={w.get}>
			<h3>{w.get}</h3>
			<p class="bar">
				<a class="button" download href={`api/v1/runs/${run.run}.zip`}>{w.get_zip}</a>
				<a class="button" download href={`api/v1/runs/${run.run}.zip?format=csv-fr`}>{w.get_zip_fr}</a>
				{has_page("trends") && <a class="button" href={address_of("trends", `c=${channels}&axis=run&runs=${run.run}`)}>{w.run_trends}</a>}
			</p>
			<label class="get-values">{w.get_values}
				<input type="text" value={names} spellcheck={false} title={w.get_help} onInput={(e) => set_names(e.currentTarget.value)} />
			</label>
			<p class="bar">
				{["csv", "csv-fr", "xlsx"].map((format) => <a key={format} class="button" download={`run-${run.run}.${format === "xlsx" ? "xlsx" : "csv"}`}
					href={channels === "" ? undefined : values(format)}>{format}</a>)}
			</p>
		</section>
	);
}

export function OneRun({ run: number }: { run: number }) {
	const [run, set_run] = useState<RunDetail | null>(null);
	const [has_failed, set_failed] = useState(false);
	const w = words().seq;
	use_store();
	const ask = () => void get_run(number).then((r) => {
		set_run(r);
		set_failed(false);
	}, () => set_failed(true));
	useEffect(ask, []);
	use_again(() => run?.end == null && ask());
	const c = w.col;
	return (
		<div class="one-run" data-run={run?.run}>
			<section>
				<p><a href={address_of("sequence", "runs")}>← {w.run_back}</a></p>
				{has_failed && <p class="message" role="status">{run === null ? w.run_gone : w.runs_failed}</p>}
				{run && (
					<>
						<h2>{w.run(run.run)} — {run.title}</h2>
						<p>{w.run_about(run.started_by, moment(run.begin))}, {run.end === null ? w.run_running(span_of(run.begin, null)) : w.run_until(moment(run.end), format_span(run.seconds))}</p>
						<dl>{Object.entries(run.fields).map(([name, value]) => <><dt>{name}</dt><dd>{value}</dd></>)}</dl>
					</>
				)}
			</section>
			{run && (
				<>
					<Downloads run={run} />
					<section aria-label={w.notes}>
						<h3>{w.notes}</h3>
						{run.notes.length === 0 ? <p class="empty">{w.notes_none}</p> : <ul>{run.notes.map((n, k) => <li key={k}><b>{moment(n.time)}</b> {n.who}{words().colon}{n.text}</li>)}</ul>}
						<NoteForm run={run.run} on_done={ask} />
					</section>
					{run.sequences.map((p, k) => <PartOf key={k} part={p} />)}
					<Rows title={w.alarms} heads={[c.time, c.until, c.name]} rows={run.alarms.map((a) => [moment(a.begin), a.end === null ? w.runs_open : moment(a.end), a.alarm])} />
					<Happened run={run} />
				</>
			)}
		</div>
	);
}
