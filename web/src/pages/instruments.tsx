/* instruments.tsx - a panel for each instrument with its channels; and all about one of them, at #instruments/NAME */
import type { FunctionComponent } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import "./events.css";
import "./instruments.css";
import type { Instrument } from "../api";
import { format_ms, format_unit, format_value } from "../format";
import { use_painters } from "../hooks";
import { get_language, words } from "../i18n";
import { Facts, reason_of, SYMBOL as STATE_SYMBOL, Trace } from "../instruments";
import { SYMBOL, why } from "../quality";
import { address_of, go, read_part, route } from "../route";
import { may_configure, who } from "../session";
import { is_output, may_set, may_switch, SetCells, state_of } from "../set";
import { are_facts_old, store, type Channel } from "../store";

const PANELS_MOST = 100;
const ROWS_SMALL = 12;
const ROWS_MOST = 400;
const KEPT_MS = 12_000;

/* ---- how many answers a second, of how many that are asked ---- */

interface Sample {
	at: number;
	answers: number;
	asked: number; /* requests, and polls that were left out */
}

const samples = new Map<string, Sample[]>();
let last_seen: Instrument[] | null = null;

/* The counters come every two seconds; kept are those of the last few. A counter that went back was begun anew. */
function note_rates(): void {
	if (store.instruments === last_seen || store.instruments === null)
		return;
	last_seen = store.instruments;
	const at = performance.now();
	for (const i of store.instruments) {
		const c = i.counters;
		const sample = { at, answers: c.answers ?? 0, asked: (c.requests ?? 0) + (c.skipped ?? 0) };
		const old = (samples.get(i.name) ?? []).filter((s) => at - s.at < KEPT_MS && s.asked <= sample.asked && s.answers <= sample.answers);
		samples.set(i.name, [...old, sample]);
	}
}

function rate_of(name: string): { answers: number; asked: number } | null {
	const all = samples.get(name) ?? [];
	const [first, last] = [all[0], all.at(-1)];
	if (!first || !last || last.at - first.at < 1000)
		return null;
	const s = (last.at - first.at) / 1000;
	return { answers: (last.answers - first.answers) / s, asked: (last.asked - first.asked) / s };
}

const per_s = (n: number) => (n < 10 ? n.toFixed(1) : String(Math.round(n)));

function Rate({ name }: { name: string }) {
	const w = words().devices;
	const r = rate_of(name);
	if (r === null)
		return <>—</>;
	const short = r.asked > 0.2 && r.answers < 0.9 * r.asked;
	return <span class={short ? "rate short" : "rate"}>{short ? "▲ " : ""}{w.rate(per_s(r.answers), per_s(r.asked))}</span>;
}

/* ---- channels of an instrument, with their setpoints ---- */

/* The bench's own first: they have the names that people know. */
function channels_of(name: string): Channel[] {
	const all = [...store.channels.values()].filter((c) => c.info.instrument === name);
	return [...all.filter((c) => c.group === ""), ...all.filter((c) => c.group !== "")];
}

function ChannelRow({ c }: { c: Channel }) {
	const w = words();
	const { info } = c;
	const hold = useRef<SetCells | null>(null);
	const kept = (["target", "working", "owner", "mode"] as const).map((what) => state_of(info.name, what)).filter((k) => k !== null);
	use_painters([c, ...kept]);
	useEffect(() => hold.current?.paint());
	const { quality, text } = why(c);
	return (
		<tr class={`row ${quality}`} data-panel-channel={info.name}>
			<th scope="row"><span class="name-text" title={info.title}>{info.name}</span></th>
			<td class="value">{format_value(info, c.value)} <span class="panel-unit">{c.value === null ? "" : format_unit(info.unit)}</span></td>
			<td class="how"><span class="symbol" aria-hidden="true">{SYMBOL[quality]}</span> <span class="reason">{quality === "good" || text === "" ? w[quality] : text}</span></td>
			{is_output(info) ? <SetCells hold={hold} info={info} language={get_language()} editable={may_set()} movable={may_switch()} /> : <td colSpan={2} />}
		</tr>
	);
}

function ChannelTable({ name, most }: { name: string; most: number }) {
	const w = words();
	const all = channels_of(name);
	if (all.length === 0)
		return <p class="empty">{w.devices.no_channels}</p>;
	return (
		<div class="scroll" tabIndex={0} role="region" aria-label={w.devices.channels_of(name)}>
			<table class="panel-table">
				<thead class="unseen-inline"><tr><th>{w.col_name}</th><th>{w.col_value}</th><th>{w.col_quality}</th><th>{w.col_sp}</th><th>{w.col_ramp}</th></tr></thead>
				<tbody>{all.slice(0, most).map((c) => <ChannelRow key={c.info.name} c={c} />)}</tbody>
			</table>
			{all.length > most && <p class="empty"><a href={address_of("instruments", encodeURIComponent(name))}>{w.devices.more(all.length - most)}</a></p>}
		</div>
	);
}

/* ---- reply times ---- */

function Histogram({ i }: { i: Instrument }) {
	const w = words().devices;
	const buckets = i.reply.histogram ?? [];
	const most = Math.max(1, ...buckets.map((b) => b.count));
	const all = buckets.reduce((sum, b) => sum + b.count, 0);
	return (
		<section aria-labelledby="histogram-title">
			<h2 id="histogram-title">{w.histogram}</h2>
			{buckets.length === 0 ? <p class="empty">{w.no_replies}</p> : (
				<table class="histogram">
					<thead class="unseen-inline"><tr><th>{w.within}</th><th>{w.count}</th><th>{w.share}</th></tr></thead>
					<tbody>{buckets.map((b) => (
						<tr key={b.below_ms}>
							<th scope="row">≤ {format_ms(b.below_ms)}</th>
							<td class="bar-cell"><div class="bar-of" style={{ width: `${Math.max(0.5, (100 * b.count) / most)}%` }} /></td>
							<td>{b.count} <small>({((100 * b.count) / all).toFixed(1)} %)</small></td>
						</tr>
					))}</tbody>
				</table>
			)}
		</section>
	);
}

/* ---- asked now ---- */

/* Loaded for who may. */
function TryIt({ name }: { name: string }) {
	const w = words();
	const [Part, set_part] = useState<FunctionComponent<{ name: string }> | null>(null);
	const [failed, set_failed] = useState(false);
	useEffect(() => void import("../catalogue/try").then((m) => set_part(() => m.Try), () => set_failed(true)), []);
	return (
		<section aria-labelledby="try-title">
			<h2 id="try-title">{w.trial.title}</h2>
			{failed && <p class="message" role="alert">{w.add.not_loaded}</p>}
			{Part && <Part name={name} />}
		</section>
	);
}

/* ---- one, and all ---- */

function One({ name }: { name: string }) {
	const w = words();
	const i = store.instruments?.find((other) => other.name === name);
	const old = are_facts_old() ? " old" : "";
	if (!i)
		return <section><p class={store.instruments === null ? "empty" : "message"}>{store.instruments === null ? w.connecting_help : w.devices.unknown(name)}</p>
			<a href={address_of("instruments")}>{w.devices.all}</a></section>;
	return (
		<div class={`device-page${old}`} data-device={name}>
			<section>
				<div class="bar"><h2>{name}{i.title === "" ? "" : ` · ${i.title}`}</h2><a href={address_of("instruments")}>{w.devices.all}</a></div>
				{old !== "" && <p class="message">{w.facts_old}</p>}
				<p>{w.devices.rate_name}{w.colon}<Rate name={name} /></p>
				<Facts i={i} />
			</section>
			<section><h2>{w.channels}</h2><ChannelTable name={name} most={ROWS_MOST} /></section>
			<Histogram i={i} />
			{may_add() && <TryIt name={name} />}
			<section><Trace name={name} /></section>
		</div>
	);
}

function Panel({ i }: { i: Instrument }) {
	const w = words();
	const old = are_facts_old();
	const { text, remedy } = reason_of(i);
	return (
		<section class={`device ${old ? "old" : i.state}`} data-device={i.name} aria-label={i.name}>
			<div class="bar">
				<h2><span aria-hidden="true">{STATE_SYMBOL[i.state]}</span> <a href={address_of("instruments", encodeURIComponent(i.name))}>{i.name}</a></h2>
				<span class="device-state">{w[i.state]}</span>
				{i.state === "up" ? <small>{format_ms(i.reply.last_ms)} · <Rate name={i.name} /></small> : <span class="card-reason">{[text, remedy].filter((s) => s !== "").join(w.colon)}</span>}
			</div>
			{i.title !== "" && <small>{i.title}</small>}
			<ChannelTable name={i.name} most={ROWS_SMALL} />
		</section>
	);
}

/* A name of an instrument has no '+' in it. */
const ADD = "+add";
const may_add = () => who()?.accounts === true && may_configure();

/* Loaded when somebody adds one. */
function Add() {
	const w = words();
	const [Form, set_form] = useState<FunctionComponent | null>(null);
	const [failed, set_failed] = useState(false);
	useEffect(() => void import("../catalogue/add").then((m) => set_form(() => m.Add), () => set_failed(true)), []);
	return (
		<section class="device-page add-device" aria-labelledby="add-title">
			<div class="bar"><h2 id="add-title">{w.add.title}</h2><a href={address_of("instruments")}>{w.devices.all}</a></div>
			{failed && <p class="message" role="alert">{w.add.not_loaded}</p>}
			{!may_add() ? <p class="message">{w.add.not_granted}</p> : Form === null ? <p role="status">{w.add.reading}</p> : <Form />}
		</section>
	);
}

export function Devices() {
	const w = words();
	const name = read_part(route().rest);
	const [text, set_text] = useState("");
	note_rates();
	if (name === ADD)
		return <Add />;
	if (name !== "")
		return <One name={name} key={name} />;
	const list = (store.instruments ?? []).filter((i) => `${i.name} ${i.title} ${i.codec}`.toLowerCase().includes(text.toLowerCase()));
	const sorted = [...list.filter((i) => i.state !== "up"), ...list.filter((i) => i.state === "up")];
	return (
		<div class="device-list">
			<div class="bar"><h2>{w.instruments}</h2>
				<label class="bar">{w.filter}<input type="search" value={text} onInput={(e) => set_text(e.currentTarget.value)} /></label>
				{may_add() && <button type="button" class="add-device-button" onClick={() => go("instruments", ADD)}>{w.add.title}</button>}</div>
			{store.instruments?.length === 0 && <p class="empty">{w.no_instruments}</p>}
			{are_facts_old() && list.length > 0 && <p class="message">{w.facts_old}</p>}
			<div class="devices">{sorted.slice(0, PANELS_MOST).map((i) => <Panel key={i.name} i={i} />)}</div>
			{sorted.length > PANELS_MOST && <p class="empty">{w.devices.too_many(sorted.length - PANELS_MOST)}</p>}
		</div>
	);
}
