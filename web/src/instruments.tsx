/* instruments.tsx - the instruments: who answers, who does not and why, and what was said on the wire */
import { useEffect, useRef, useState } from "preact/hooks";
import { get_trace, type Instrument, type TraceLine } from "./api";
import { format_age, format_ms, format_time } from "./format";
import { reason_words, words } from "./i18n";
import { are_facts_old, bench_now, store } from "./store";

const TRACE_MS = 1000;
export const SYMBOL = { up: "●", down: "✕", starting: "…" };
const ARROW = { sent: "→", received: "←", note: "·" };

/* Why it is not up, in the page's language where the token is known. One that was well when the controller stopped is
 * down because nobody asks it any more. */
export function reason_of(i: Instrument): { text: string; remedy: string } {
	if (i.reason === "good")
		return i.state === "down" ? reason_words("controller_down") : { text: "", remedy: "" };
	const own = reason_words(i.reason);
	return own.text === "" ? { text: i.reason_text, remedy: i.remedy } : own;
}

function trace_text(lines: TraceLine[]): string {
	return lines.map((l) => {
		const ms = Date.parse(l.time);
		const time = `${format_time(ms)}.${String(ms % 1000).padStart(3, "0")}`;
		const verdict = l.verdict && l.verdict !== "good" ? `[${reason_words(l.verdict).text || l.verdict}]` : "";
		const head = [time, ARROW[l.kind], l.meaning, verdict].filter((s) => s !== "").join(" ");
		const bytes = l.bytes === "" ? "" : `\n                 ${l.bytes}${l.truncated ? ` ${words().cut}` : ""}`;
		return head + bytes;
	}).join("\n");
}

export function Trace({ name }: { name: string }) {
	const [lines, set_lines] = useState<TraceLine[] | null>(null);
	const [failed, set_failed] = useState(false);
	const [held, set_held] = useState(false);
	const pre = useRef<HTMLPreElement>(null);
	const w = words();

	useEffect(() => {
		let alive = true;
		const ask = () => {
			if (!held)
				get_trace(name).then(
					(t) => alive && (set_lines(t.lines), set_failed(false)),
					() => alive && set_failed(true));
		};
		ask();
		const timer = setInterval(ask, TRACE_MS);
		return () => {
			alive = false;
			clearInterval(timer);
		};
	}, [name, held]);
	useEffect(() => {
		if (pre.current)
			pre.current.scrollTop = pre.current.scrollHeight;
	}, [lines]);

	return (
		<div class="trace">
			<div class="bar">
				<h3>{w.trace}</h3>
				<button type="button" aria-pressed={held} onClick={() => set_held(!held)}>
					{held ? w.trace_go : w.trace_hold}
				</button>
			</div>
			{failed && <p class="message">{w.trace_failed}</p>}
			<pre ref={pre} tabIndex={0}>
				{lines === null ? "" : lines.length === 0 ? w.trace_empty : trace_text(lines)}
			</pre>
		</div>
	);
}

const moment = (time: string | null) =>
	time === null ? words().never : format_time(Date.parse(time));

export function Facts({ i }: { i: Instrument }) {
	const w = words();
	const { text, remedy } = reason_of(i);
	const up = i.state === "up";
	return (
		<dl>
			<dt>{w.state}</dt>
			<dd class={i.state}>{SYMBOL[i.state]} {w[i.state]}{up || text === "" ? "" : `${w.colon}${text}`}
				{i.since && ` (${w.since} ${moment(i.since)})`}</dd>
			{!up && remedy !== "" && <><dt>{w.what_to_do}</dt><dd class="next-step">{remedy}</dd></>}
			<dt>{w.last_answer}</dt><dd>{moment(i.last_answer)}</dd>
			<dt>{w.reply}</dt>
			<dd>{w.reply_last} {format_ms(i.reply.last_ms)} · p50 {format_ms(i.reply.p50_ms)} ·
				p99 {format_ms(i.reply.p99_ms)} · {w.reply_max} {format_ms(i.reply.max_ms)}</dd>
			<dt>{w.protocol}</dt><dd>{i.codec}</dd>
			<dt>{w.address}</dt><dd>{i.address}</dd>
			{i.at_once > 1 && <><dt>{w.at_once}</dt><dd>{i.at_once}</dd></>}
			{i.identity && <><dt>{w.identity}</dt><dd>{i.identity}</dd></>}
			{Object.entries(i.counters).map(([name, n]) => (
				<><dt>{w.counters[name] ?? name}</dt><dd>{n}</dd></>
			))}
		</dl>
	);
}

/* A native dialog: the browser gives focus, Escape and the backdrop. */
function Details({ name, on_close }: { name: string; on_close: () => void }) {
	const dialog = useRef<HTMLDialogElement>(null);
	const i = store.instruments?.find((other) => other.name === name);

	useEffect(() => dialog.current?.showModal(), []);
	return (
		<dialog ref={dialog} onClose={on_close} aria-label={words().details(name)}>
			<div class="bar">
				<h2>{name}{i?.title ? ` · ${i.title}` : ""}</h2>
				<button type="button" class="close" onClick={() => dialog.current?.close()}>
					{words().close}
				</button>
			</div>
			{i && <Facts i={i} />}
			<Trace name={name} />
		</dialog>
	);
}

/* In a word while all is well; with reason and remedy when it is not. */
function Card({ i, on_open }: { i: Instrument; on_open: () => void }) {
	const w = words();
	const old = are_facts_old();
	const since = i.since === null ? "" :
		` ${w.for_time(format_age(bench_now() - Date.parse(i.since)))}`;
	const { text, remedy } = reason_of(i);
	const why = [text, remedy].filter((s) => s !== "").join(w.colon);
	return (
		<li>
			<button type="button" class={`card ${old ? "old" : i.state}`} data-instrument={i.name}
				title={i.title} onClick={on_open}>
				<span class="card-symbol" aria-hidden="true">{SYMBOL[i.state]}</span>
				<span class="card-name">{i.name}</span>
				{i.state === "up" && <span class="unseen-inline">{w.up}</span>}
				{i.state === "up" ? <span class="card-reply">{format_ms(i.reply.last_ms)}</span> : <>
					<span class="card-state">{w[i.state]}{since}</span>
					<span class="card-reason">{why}</span>
				</>}
			</button>
		</li>
	);
}

export function Instruments() {
	const [open, set_open] = useState<string | null>(null);
	const w = words();
	const list = store.instruments ?? [];
	/* Those that need someone come first. */
	const sorted = [...list.filter((i) => i.state !== "up"), ...list.filter((i) => i.state === "up")];
	return (
		<section class="instruments" aria-labelledby="instruments-title">
			<h2 id="instruments-title">{w.instruments}</h2>
			{store.instruments?.length === 0 && <p class="empty">{w.no_instruments}</p>}
			{are_facts_old() && list.length > 0 && <p class="message">{w.facts_old}</p>}
			<ul class="cards">
				{sorted.map((i) => <Card key={i.name} i={i} on_open={() => set_open(i.name)} />)}
			</ul>
			{open !== null && <Details name={open} on_close={() => set_open(null)} />}
		</section>
	);
}
