/* events.tsx - alarms and what a person does about them, how often they come, and everything that happened */
import { useEffect, useMemo, useReducer, useRef, useState } from "preact/hooks";
import "./events.css";
import { Acts, alarm_of, LAST, PREFIX, rank, SYMBOL, TO_ACKNOWLEDGE, type Alarm } from "../alarms";
import { alarm_stats, FLOOD, KINDS, type AlarmStats } from "../alarm_stats";
import { get_events, type BenchEvent } from "../api";
import { may, send, verdict_of, verdict_words } from "../door";
import { chain, EventLog, fits, to_csv, type Filter } from "../events";
import { format_age, format_date, format_moment, format_time } from "../format";
import { use_interval, use_painters, use_still } from "../hooks";
import { get_language, words } from "../i18n";
import { read_part, route } from "../route";
import { seen_id } from "../seen";
import { sees_all } from "../session";
import { bench_now, store } from "../store";

const ROWS_MOST = 200;
const FOLLOW_MS = 2000;
const STATS_MS = 60_000;
const STATS_PAGE = 10_000;
const STATS_PAGES = 5; /* of each kind */
const SPANS = [1, 7, 30]; /* days */
const DAY = 86_400_000;

const is_old = () => store.link !== "live" || !store.controller_up;
const is_on = (a: Alarm) => a.state === "unacknowledged" || a.state === "acknowledged";

/* ---- alarms ---- */

/* Of the whole bench: which is refused to those who may operate some of it. */
function Whole({ list }: { list: Alarm[] }) {
	const w = words();
	const n = list.filter((a) => TO_ACKNOWLEDGE.includes(a.state)).length;
	const told = verdict_of("alarms");
	if (!may("ack"))
		return null;
	return (
		<>
			<button type="button" class="ack-all" disabled={n === 0} onClick={() => void send("alarms", "POST", "alarms/ack", { seen: seen_id(LAST) }, w.events.ack_all)}>
				{w.events.ack_all} ({n})</button>
			<button type="button" class="silence" onClick={() => void send("alarms", "POST", "silence", {}, w.events.silence)}>{w.events.silence}</button>
			{told && <span class={`verdict ${told.verdict}`}>{verdict_words(told)}</span>}
		</>
	);
}

function AlarmRow({ alarm, old }: { alarm: Alarm; old: boolean }) {
	const w = words();
	const { info, changed, saw_change, time } = alarm.channel;
	const name = info.name.slice(PREFIX.length);
	const about = store.alarms.get(name);
	const since = saw_change ? changed : time;
	const word = alarm.state === "normal" ? w.events.normal : w.alarm_states[alarm.state] ?? alarm.state;
	return (
		<tr class={`alarm-row ${old ? "old" : alarm.state}`} data-alarm={name}>
			<td data-label={w.state}><span class="alarm-symbol" aria-hidden="true">{SYMBOL[alarm.state] ?? "–"}</span> <strong>{word}</strong>
				{alarm.why === "" ? "" : `${w.colon}${alarm.why}`}</td>
			<td data-label={w.events.priority} class={`priority ${about?.priority ?? ""}`}>{w.events.priorities[about?.priority ?? ""] ?? about?.priority}</td>
			<th scope="row"><span class="alarm-name">{name}</span><small>{info.title}</small></th>
			<td data-label={w.since} class="when">{since === null || alarm.state === "normal" ? "" : format_moment(since, bench_now())}</td>
			<td data-label={w.what_to_do} title={about?.condition}>{about?.do}</td>
			<td class="acts"><Acts name={name} state={alarm.state} /></td>
		</tr>
	);
}

function AlarmTable() {
	const w = words();
	const [wants_all, set_wants_all] = useState(false);
	const all = [...store.channels.values()].filter((c) => c.info.name.startsWith(PREFIX));
	use_painters(all);
	const old = is_old();
	const known = all.filter((c) => c.reason !== "controller_down").map(alarm_of);
	const list = known.filter((a) => wants_all || a.state !== "normal");
	list.sort((a, b) => rank(a.state) - rank(b.state) || b.channel.changed - a.channel.changed);
	const { still, rows, n_new } = use_still<HTMLTableSectionElement>(list.map((a) => a.channel.info.name), (name) => store.channels.has(name));
	const awake = known.filter((a) => a.state !== "normal").length;
	return (
		<section aria-labelledby="alarm-table-title">
			<div class="bar">
				<h2 id="alarm-table-title">{w.alarms} {!old && <span class="count">{w.alarms_of(awake, all.length)}</span>} <span class="count" role="status">{n_new > 0 ? w.rows_new(n_new) : ""}</span></h2>
				<Whole list={old ? [] : list} />
				<label class="check"><input type="checkbox" checked={wants_all} onChange={() => set_wants_all(!wants_all)} />{w.events.at_rest}</label>
			</div>
			{all.length === 0 && <p class="empty">{w.events.no_alarms}</p>}
			{old && all.length > 0 && <p class="message">{w.alarms_old}</p>}
			{!old && all.length > 0 && awake === 0 && <p class="empty">{w.alarms_none}</p>}
			{rows.length > 0 && (
				<table class="cards-when-narrow">
					<thead><tr><th>{w.state}</th><th>{w.events.priority}</th><th>{w.events.alarm}</th><th>{w.since}</th><th>{w.what_to_do}</th><th>{w.events.acts}</th></tr></thead>
					<tbody {...still}>{rows.slice(0, ROWS_MOST + n_new).map((name) => <AlarmRow key={name} alarm={alarm_of(store.channels.get(name)!)} old={old} />)}</tbody>
				</table>
			)}
			{list.length > ROWS_MOST && <p class="empty">{w.alarms_more(list.length - ROWS_MOST)}</p>}
		</section>
	);
}

/* ---- how often, how long ---- */

interface Counted {
	days: number;
	stats: AlarmStats;
	is_cut: boolean; /* there were more than are asked for */
}

/* The events of one kind, in pages from the newest on. */
async function read_kind(kind: string, from: number, to: number, stop: AbortSignal): Promise<{ events: BenchEvent[]; is_cut: boolean }> {
	const all = new Map<number, BenchEvent>();
	let last: number | undefined; /* by its id: any number may have the same time */
	for (let page = 0; page < STATS_PAGES; page++) {
		const { events } = await get_events({ kind, from, to, limit: STATS_PAGE, before: last, language: "en" }, stop);
		for (const e of events)
			all.set(e.id, e);
		if (events.length < STATS_PAGE)
			return { events: [...all.values()], is_cut: false };
		last = Math.min(...events.map((e) => e.id));
	}
	return { events: [...all.values()], is_cut: true };
}

async function count(days: number, stop: AbortSignal): Promise<Counted> {
	const to = bench_now();
	const from = to - days * DAY;
	const events: BenchEvent[] = [];
	let is_cut = false;
	for (const kind of KINDS) {
		const found = await read_kind(kind, from, to + 1000, stop);
		events.push(...found.events);
		is_cut ||= found.is_cut;
	}
	const on = [...store.channels.values()].filter((c) => c.info.name.startsWith(PREFIX)).map(alarm_of).filter(is_on);
	return { days, stats: alarm_stats(events, from, to, new Set(on.map((a) => a.channel.info.name.slice(PREFIX.length)))), is_cut };
}

function Statistics() {
	const w = words();
	const [days, set_days] = useState(1);
	const [found, set_found] = useState<Counted | null>(null);
	const [failed, set_failed] = useState(false);
	useEffect(() => {
		const stop = new AbortController();
		const ask = () => {
			if (!document.hidden && store.link === "live")
				count(days, stop.signal).then((c) => !stop.signal.aborted && (set_found(c), set_failed(false)), () => !stop.signal.aborted && set_failed(true));
		};
		ask();
		const timer = setInterval(ask, STATS_MS);
		return () => {
			stop.abort();
			clearInterval(timer);
		};
	}, [days, store.link]);
	const shown = found?.days === days ? found : null;
	const s = shown?.stats;
	return (
		<section aria-labelledby="statistics-title" class={`statistics${store.link !== "live" ? " old" : ""}`}>
			<div class="bar">
				<h2 id="statistics-title">{w.events.statistics}</h2>
				<div class="choices" role="group" aria-label={w.window}>
					{SPANS.map((n) => <button type="button" key={n} aria-pressed={n === days} onClick={() => set_days(n)}>{w.events.days(n)}</button>)}
				</div>
			</div>
			{failed && <p class="message">{w.past_busy}</p>}
			{!failed && !s && <p class="empty">{w.past_asking}</p>}
			{s && <p>{w.events.summary(s.came, Math.round(s.per_day * 10) / 10, s.most_in_ten_min)}
				{s.most_in_ten_min >= FLOOD && <strong class="flood"> ▲ {w.events.flood}</strong>}
				{s.rows.length > 10 && ` ${w.events.worst_ten(Math.round(s.of_ten_worst * 100))}`}
				{shown?.is_cut && <strong> ▲ {w.events.cut}</strong>}</p>}
			{s && s.rows.length > 0 && (
				<div class="scroll" tabIndex={0} role="region" aria-labelledby="statistics-title">
					<table class="numbers">
						<thead><tr><th>{w.events.alarm}</th><th>{w.events.came}</th><th>{w.events.on_for}</th><th>{w.events.longest}</th><th>{w.events.marks}</th></tr></thead>
						<tbody>{s.rows.slice(0, ROWS_MOST).map((r) => (
							<tr key={r.name} data-statistics={r.name}>
								<th scope="row">{r.name}</th><td>{r.came}</td><td>{format_age(r.on_ms)}</td><td>{format_age(r.longest_ms)}</td>
								<td>{[r.is_standing ? `■ ${w.events.standing}` : r.since !== null ? `● ${w.events.on_now}` : "",
									r.chattered > 0 ? `≈ ${w.events.chattering(r.chattered)}` : ""].filter((t) => t !== "").join(", ")}</td>
							</tr>
						))}</tbody>
					</table>
				</div>
			)}
		</section>
	);
}

/* ---- what happened ---- */

const SEVERITY = { info: "·", warning: "▲", error: "■" };

const moment = (e: BenchEvent) => (e.time === null ? "?" : `${format_date(Date.parse(e.time))} ${format_time(Date.parse(e.time))}`);

function EventRow({ e, by_id }: { e: BenchEvent; by_id: Map<number, BenchEvent> }) {
	const w = words();
	const [open, set_open] = useState(false);
	const led = open ? chain(e, by_id) : null;
	return (
		<li class={`event ${e.severity}`} data-event={e.id}>
			<button type="button" class="event-head" aria-expanded={open} onClick={() => set_open(!open)}>
				<span class="event-symbol" aria-hidden="true">{SEVERITY[e.severity]}</span>
				<span class="unseen-inline">{w.events.severities[e.severity]}</span>
				<time>{moment(e)}</time>
				<span class="event-text">{e.text}</span>
				{e.principal && <span class="event-who">{e.principal}</span>}
			</button>
			{led && (
				<dl>
					<dt>{w.events.number}</dt><dd>{e.id}</dd>
					<dt>{w.events.kind}</dt><dd>{e.kind}</dd>
					{e.subject && <><dt>{w.events.subject}</dt><dd>{e.subject}</dd></>}
					<dt>{w.events.who}</dt><dd>{e.principal ?? w.events.itself}</dd>
					{e.cause !== null && <><dt>{w.events.because}</dt><dd><ol class="chain">
						{led.events.map((c) => <li key={c.id}>{moment(c)} · {c.text}{c.principal ? ` (${c.principal})` : ""}</li>)}
						{led.beyond !== null && <li>{w.events.beyond(led.beyond)}</li>}
					</ol></dd></>}
				</dl>
			)}
		</li>
	);
}

function save(name: string, type: string, text: string): void {
	const link = document.createElement("a");
	link.href = URL.createObjectURL(new Blob([text], { type }));
	link.download = name;
	link.click();
	setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

const time_of = (field: HTMLInputElement | null) => (field?.value ? new Date(field.value).getTime() : null);

function Log() {
	const w = words();
	const [, again] = useReducer((n: number, _: void) => n + 1, 0);
	const [filter, set_filter] = useState<Filter>({ kind: "", subject: read_part(route().rest), from: null, to: null });
	const [text, set_text] = useState("");
	const [severity, set_severity] = useState("");
	const fields = { kind: useRef<HTMLInputElement>(null), subject: useRef<HTMLInputElement>(null), from: useRef<HTMLInputElement>(null), to: useRef<HTMLInputElement>(null) };
	const end = useRef<HTMLButtonElement>(null);
	const at_end = useRef(false);
	const language = get_language();
	const log = useMemo(() => new EventLog(filter, language, () => again()), [filter, language]);
	useEffect(() => {
		void log.begin();
		return () => log.close();
	}, [log]);
	use_interval(useMemo(() => () => {
		if (!document.hidden && store.link === "live")
			void log.follow(bench_now());
	}, [log]), FOLLOW_MS);
	/* The end of the list on the screen: what is older is asked for. */
	useEffect(() => {
		const watcher = new IntersectionObserver((seen) => {
			at_end.current = seen.at(-1)!.isIntersecting;
			again();
		}, { rootMargin: "300px" });
		at_end.current = false;
		if (end.current)
			watcher.observe(end.current);
		return () => watcher.disconnect();
	}, [log, log.events.length]);
	useEffect(() => {
		if (at_end.current && !log.is_asking && log.trouble === "none")
			void log.more();
	});
	const apply = (e: Event) => {
		e.preventDefault();
		set_filter({ kind: fields.kind.current!.value.trim(), subject: fields.subject.current!.value.trim(), from: time_of(fields.from.current), to: time_of(fields.to.current) });
	};
	const shown = log.events.filter((e) => (severity === "" || e.severity === severity || (severity === "warning" && e.severity === "error")) && fits(e, text));
	const kinds = [...new Set([...KINDS, ...log.events.map((e) => e.kind)])].sort();
	const name = `events-${store.bench?.bench ?? ""}`;
	return (
		<section aria-labelledby="log-title">
			<div class="bar">
				<h2 id="log-title">{w.events.log} <span class="count">{w.events.shown(shown.length, log.events.length)}</span></h2>
				<label class="bar">{w.filter}<input type="search" class="event-filter" value={text} onInput={(e) => set_text(e.currentTarget.value)} /></label>
				<label class="bar">{w.events.severity}
					<select value={severity} onChange={(e) => set_severity(e.currentTarget.value)}>
						<option value="">{w.events.all}</option>
						<option value="warning">{w.events.from_warnings}</option>
						<option value="error">{w.events.severities.error}</option>
					</select>
				</label>
				<button type="button" class="save-csv" disabled={shown.length === 0} onClick={() => save(`${name}.csv`, "text/csv", to_csv(shown))}>CSV</button>
				<button type="button" class="save-json" disabled={shown.length === 0} onClick={() => save(`${name}.json`, "application/json", JSON.stringify({ events: shown }, null, "\t"))}>JSON</button>
			</div>
			<form class="bar" onSubmit={apply}>
				<label class="bar">{w.events.kind}<input ref={fields.kind} type="text" name="kind" list="event-kinds" spellcheck={false} defaultValue={filter.kind} /></label>
				<datalist id="event-kinds">{kinds.map((k) => <option value={k} />)}</datalist>
				<label class="bar">{w.events.subject}<input ref={fields.subject} type="text" name="subject" spellcheck={false} defaultValue={filter.subject} /></label>
				<label class="bar">{w.events.from}<input ref={fields.from} type="datetime-local" name="from" /></label>
				<label class="bar">{w.events.to}<input ref={fields.to} type="datetime-local" name="to" /></label>
				<button type="submit">{w.events.apply}</button>
			</form>
			{store.link !== "live" && <p class="message">{w.events.old}</p>}
			{log.trouble !== "none" && <p class="message">{store.bench?.history === false ? w.events.no_record : w.past_busy}</p>}
			{shown.length === 0 && log.trouble === "none" && <p class="empty">{log.is_asking ? w.past_asking : w.events.none}</p>}
			<ul class="event-list">{shown.map((e) => <EventRow key={e.id} e={e} by_id={log.by_id} />)}</ul>
			{log.is_full() ? <p class="empty">{w.events.full}</p> : log.has_older && log.events.length > 0 &&
				<button ref={end} type="button" class="older" onClick={() => void log.more()}>{w.events.older}</button>}
		</section>
	);
}

export function Events() {
	return (
		<>
			<AlarmTable />
			{sees_all() && <Statistics />}
			{sees_all() && <Log />}
		</>
	);
}
