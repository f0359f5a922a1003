/* lists.tsx - what is chosen and what is told beside the plot: legend, channels by search, earlier runs, cursors, marks */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { format_date, format_span, format_time, format_unit, format_value } from "../format";
import { gap_words, get_language, reason_words, words } from "../i18n";
import { put, put_class, SYMBOL, why } from "../quality";
import { type Channel, store } from "../store";
import { type Curve, DASHES, stretches } from "./curves";
import type { Model } from "./frame";
import { MARKS_MOST, type Mark } from "./marks";
import { measure, reading_at } from "./measure";
import { is_over, LINES_MOST, lines_of, type Plan, RUNS_MOST } from "./plan";
import type { Runs } from "./source";
import type { Hover } from "./stack";
import { digits, number_words, signed, x_words } from "./words";

const FOUND_MOST = 60;

export function Swatch({ curve }: { curve: Curve }) {
	return (
		<svg class="swatch-line" width="34" height="10" aria-hidden="true">
			<line x1="1" y1="5" x2="33" y2="5" class={`stroke${curve.colour}`} stroke-dasharray={DASHES[curve.dash]!.join(" ")} />
		</svg>
	);
}

/* The value now, which is good only as long as the stream says so. */
function Now({ channel }: { channel: Channel }) {
	const value = useRef<HTMLSpanElement>(null);
	const state = useRef<HTMLSpanElement>(null);
	const box = useRef<HTMLSpanElement>(null);
	const language = get_language();
	useEffect(() => {
		const paint = () => {
			const { quality, text } = why(channel);
			put_class(box.current, `now-value ${quality}`);
			put(value.current, format_value(channel.info, channel.value));
			put(state.current, quality === "good" ? "" : `${SYMBOL[quality]} ${text}`);
		};
		channel.painters.add(paint);
		paint();
		return () => void channel.painters.delete(paint);
	}, [channel, language]);
	return (
		<span ref={box}><span class="digits" ref={value} /> <span class="unit">{format_unit(channel.info.unit)}</span>{" "}
			<span class="now-state" ref={state} /></span>
	);
}

function hover_words(c: Curve, h: Hover | null): string {
	const curve = h?.curves.find((one) => one.name === c.name && one.run === c.run);
	if (!h || !curve)
		return "";
	if (!curve.steps) {
		const point = h.points.get(curve);
		return point ? `${number_words(h.x_name, point[0])} → ${number_words(c.name, point[1])}` : "";
	}
	const r = reading_at(curve, h.x);
	if (r.span)
		return `${number_words(c.name, r.span[0])} … ${number_words(c.name, r.span[1])}`;
	return number_words(c.name, r.value);
}

export function Legend({ plan, curves, hover, runs, axis, on_remove }: {
	plan: Plan;
	curves: Curve[];
	hover: Hover | null;
	runs: Runs;
	axis: Plan["axis"];
	on_remove: (name: string) => void;
}) {
	const w = words();
	return (
		<>
			<p class="hover-at">{hover ? `${w.trends.at(x_words(axis, hover.x))}` : "\u00a0"}</p>
			<ul class="legend">
				{plan.names.map((name) => {
					const channel = store.channels.get(name);
					const own = curves.filter((c) => c.name === name);
					const single = own.length === 1 && own[0]!.run === null ? own[0]! : null;
					return (
						<li key={name} data-curve={name}>
							<div class="legend-head">
								{single && <Swatch curve={single} />}
								<span class="legend-name" title={channel?.info.title}>{name}</span>
								<button type="button" class="remove" aria-label={w.plot_remove(name)} onClick={() => on_remove(name)}>×</button>
							</div>
							{channel?.history ? <Now key={name} channel={channel} /> :
								<span class="now-state">{channel ? w.plot_type(name) : w.trends.no_channel(name)}</span>}
							{single ? <span class="at-cursor">{hover_words(single, hover)}</span> : (
								<ul class="legend-runs">
									{own.map((c) => (
										<li key={c.run} data-run={c.run}>
											<Swatch curve={c} />
											<span>{w.trends.run(c.run ?? 0)} {runs.info(c.run ?? 0)?.title ?? ""}</span>
											<span class="at-cursor">{hover_words(c, hover)}</span>
										</li>
									))}
								</ul>
							)}
						</li>
					);
				})}
			</ul>
		</>
	);
}

/* Channels by search, in groups of their unit. Of thousands the first that fit are shown. */
export function Chooser({ plan, on_toggle }: { plan: Plan; on_toggle: (name: string) => void }) {
	const w = words();
	const [filter, set_filter] = useState("");
	/* Thousands of them are not searched for each move of the pointer. */
	const all = useMemo(() => {
		const parts = filter.toLowerCase().split(/\s+/).filter((p) => p !== "");
		return [...store.channels.values()].filter((c) => {
			const text = `${c.info.name} ${c.info.title} ${c.info.unit} ${c.info.instrument ?? ""}`.toLowerCase();
			return c.history !== null && parts.every((p) => text.includes(p));
		});
	}, [filter, store.list_version]);
	const found = all.slice(0, FOUND_MOST);
	const units = [...new Set(found.map((c) => c.info.unit))];
	const is_full = lines_of({ ...plan, names: [...plan.names, ""] }) > LINES_MOST;
	return (
		<div class="chooser">
			<input type="search" value={filter} aria-label={w.filter} placeholder={w.filter_help}
				onInput={(e) => set_filter(e.currentTarget.value)} />
			<p class="count" role="status">{all.length === 0 ? w.none_found : w.trends.found(found.length, all.length)}</p>
			{is_full && <p class="message">{w.trends.full(LINES_MOST)}</p>}
			<div class="found">
				{units.map((unit) => (
					<fieldset key={unit}>
						<legend>{format_unit(unit) || w.trends.no_unit}</legend>
						{found.filter((c) => c.info.unit === unit).map(({ info }) => (
							<label key={info.name}>
								<input type="checkbox" checked={plan.names.includes(info.name)} disabled={is_full && !plan.names.includes(info.name)}
									onChange={() => on_toggle(info.name)} />
								<span>{info.name} <small>{info.title}</small></span>
							</label>
						))}
					</fieldset>
				))}
			</div>
		</div>
	);
}

export function RunList({ plan, runs, on_toggle }: { plan: Plan; runs: Runs; on_toggle: (run: number) => void }) {
	const w = words().trends;
	const [filter, set_filter] = useState("");
	if (runs.list === null)
		return <p class="empty" role="status">{runs.failed ? w.runs_failed : w.runs_asking}</p>;
	if (runs.list.length === 0)
		return <p class="empty">{w.runs_none}</p>;
	const parts = filter.toLowerCase().split(/\s+/).filter((p) => p !== "");
	const all = runs.list.filter((r) => {
		const text = [r.run, r.title, r.started_by, r.begin, ...Object.values(r.fields)].join(" ").toLowerCase();
		return parts.every((p) => text.includes(p));
	});
	const sequence_of = (run: number) => runs.stories.get(run)?.sequences.map((s) => s.title || s.name).join(", ") ?? "";
	return (
		<div class="runs">
			<input type="search" value={filter} aria-label={w.runs_filter} placeholder={w.runs_filter} onInput={(e) => set_filter(e.currentTarget.value)} />
			<ul>
				{all.slice(0, FOUND_MOST).map((r) => {
					const is_on = plan.runs.includes(r.run);
					const begin = Date.parse(r.begin);
					return (
						<li key={r.run}>
							<label data-choose-run={r.run}>
								<input type="checkbox" checked={is_on} onChange={() => on_toggle(r.run)}
									disabled={!is_on && (plan.runs.length >= RUNS_MOST || lines_of({ ...plan, axis: plan.axis === "clock" ? "run" : plan.axis,
										runs: [...plan.runs, r.run] }) > LINES_MOST)} />
								<span>{w.run(r.run)} <strong>{r.title}</strong>
									<small>{[`${format_date(begin)} ${format_time(begin)}`, r.end === null ? w.goes_on : format_span(r.seconds), sequence_of(r.run), r.started_by]
										.filter((t) => t !== "").join(" · ")}</small></span>
							</label>
						</li>
					);
				})}
			</ul>
			{all.length > FOUND_MOST && <p class="count">{w.found(FOUND_MOST, all.length)}</p>}
		</div>
	);
}

/* The pair of cursors: what each curve is there, and between them. */
export function Readout({ plan, model, axis, runs }: { plan: Plan; model: Model | null; axis: Plan["axis"]; runs: Runs }) {
	const w = words().trends;
	if (!plan.cursors || !model)
		return null;
	const [a, b] = plan.cursors;
	const slope_unit = (unit: string) => (axis === "channel" ? "" : `${format_unit(unit) || "1"}/min`);
	return (
		<div class="readout">
			<p><strong>A</strong> {x_words(axis, a)} <strong>B</strong> {x_words(axis, b)} <strong>{axis === "channel" ? "Δx" : "Δt"}</strong>{" "}
				{axis === "channel" ? signed(b - a) : `${signed((b - a) / 1000)} s${Math.abs(b - a) >= 60_000 ? ` (${format_span(Math.abs(b - a) / 1000)})` : ""}`}</p>
			<div class="scroll" tabIndex={0} role="group" aria-label={w.readout}>
				<table>
					<thead><tr><th scope="col">{words().col_name}</th><th scope="col">A</th><th scope="col">B</th><th scope="col">Δy</th>
						<th scope="col">{w.slope}</th><th scope="col">{w.mean}</th><th scope="col">{w.least}</th><th scope="col">{w.most}</th>
						<th scope="col">{words().col_unit}</th></tr></thead>
					<tbody>
						{model.curves.map((c) => {
							const m = measure(c, a, b);
							const show = (v: number | null) => number_words(c.name, v);
							const side = (r: typeof m.a) => (r.span ? `${show(r.value)} (${show(r.span[0])} … ${show(r.span[1])})` : show(r.value));
							return (
								<tr key={`${c.name} ${c.run}`} data-readout={c.run === null ? c.name : `${c.name} ${c.run}`}>
									<th scope="row"><Swatch curve={c} /> {c.name}{c.run === null ? "" : ` ${w.run(c.run)} ${runs.info(c.run)?.title ?? ""}`}</th>
									<td>{side(m.a)}</td><td>{side(m.b)}</td><td>{signed(m.difference)}</td>
									<td>{m.slope === null ? "—" : `${signed(m.slope * 60)} ${slope_unit(c.unit)}`}</td>
									<td>{digits(m.mean)}{m.mean !== null && m.known < 0.995 ? ` (${w.known(Math.round(m.known * 100))})` : ""}</td>
									<td>{digits(m.least)}</td><td>{digits(m.most)}</td><td>{format_unit(c.unit)}</td>
								</tr>
							);
						})}
					</tbody>
				</table>
			</div>
		</div>
	);
}

const LISTED_MOST = 200;

export function MarkList({ marks, model, omitted, axis, on_go }: {
	marks: Mark[];
	model: Model | null;
	omitted: number;
	axis: Plan["axis"];
	on_go: (at: number) => void;
}) {
	const w = words().trends;
	const seen = model ? marks.filter((m) => m.at >= model.from && m.at <= model.to).slice(-LISTED_MOST) : [];
	return (
		<details class="told">
			<summary>{w.marks_title(seen.length)}</summary>
			{omitted > 0 && <p class="message">{w.omitted(MARKS_MOST, omitted)}</p>}
			{seen.length === 0 ? <p class="empty">{w.marks_none}</p> : (
				<ul>
					{seen.map((m, k) => (
						<li key={k} class={`mark-${m.severity}`}>
							<button type="button" onClick={() => on_go(m.at)}>{x_words(axis, m.at)}</button>
							<span>{m.severity === "error" ? "‼ " : m.severity === "warning" ? "! " : ""}{m.run === null ? "" : `${w.run(m.run)}: `}
								{m.kind === "step" && m.run !== null ? w.step(m.text) : m.text}</span>
						</li>
					))}
				</ul>
			)}
		</details>
	);
}

/* Where the record has gaps, where values were not good, and what has been made coarser. */
export function Faults({ plan, model, past_until, axis, runs }: {
	plan: Plan;
	model: Model | null;
	past_until: Map<string, number>; /* by name: values before have been made coarser */
	axis: Plan["axis"];
	runs: Runs;
}) {
	const w = words().trends;
	if (!model)
		return null;
	const lines: string[] = [];
	const from_to = (from: number, to: number) => `${from === -Infinity ? w.ever : x_words(axis, from)} – ${to === Infinity ? w.lasts : x_words(axis, to)}`;
	const clock = axis === "clock" ? model.gaps.filter((g) => g.from < model.to && g.to > model.from) : [];
	for (const g of clock)
		lines.push(`${from_to(g.from, g.to)}: ${words().gap_at(gap_words(g.cause, g.text))}`);
	for (const c of model.curves)
		for (const s of c.steps ? stretches(c) : [])
			if (!clock.some((g) => g.cause === s.reason) && s.to > model.from && s.from < model.to)
				lines.push(`${c.name}${c.run === null ? "" : ` ${w.run(c.run)} ${runs.info(c.run)?.title ?? ""}`}, ${from_to(s.from, s.to)}: ` +
					`${reason_words(s.reason).text || gap_words(s.reason, w.reasons[s.reason] ?? s.reason)}`);
	for (const [name, until] of past_until)
		if (!is_over(plan))
			lines.push(w.thinned(name, x_words("clock", until)));
	return (
		<details class="told faults">
			<summary>{w.faults_title(lines.length)}</summary>
			{lines.length === 0 ? <p class="empty">{w.faults_none}</p> :
				<ul>{lines.slice(0, LISTED_MOST).map((text, k) => <li key={k}>{text}</li>)}</ul>}
		</details>
	);
}
