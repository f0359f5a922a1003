/* plot.tsx - the plot and its tiles: what is plotted, in digits that can be read from two metres, and which time */
import { useEffect, useMemo, useReducer, useRef, useState } from "preact/hooks";
import { get_history } from "./api";
import { Asker } from "./asker";
import { Canvas, type Cursor, is_recorded, limits, range_of } from "./canvas";
import { toggle_plotted } from "./choice";
import { format_moment, format_stretch, format_unit, format_value } from "./format";
import { KEPT_MS } from "./history";
import { gap_words, get_language, words } from "./i18n";
import { put, put_class, SYMBOL, why } from "./quality";
import { bench_now, store, type Channel } from "./store";
import { go_to, held, resize, step, type View, WINDOWS } from "./view";

/* What stands under the digits: the value at the cursor, least and most of an interval, or why there is none. */
function cursor_text(channel: Channel, slot: number, cursor: Cursor | null): string {
	if (cursor === null)
		return "";
	const value = cursor.values[slot] ?? null;
	const span = cursor.spans[slot];
	const show = (v: number | null) => format_value(channel.info, v);
	const at = `${words().at} ${format_moment(cursor.time, bench_now())}`;
	if (value === null && cursor.gap)
		return `${words().gap_at(gap_words(cursor.gap.cause, cursor.gap.text))}, ${at}`;
	return `${span ? `${show(span[0])} … ${show(span[1])}` : show(value)} ${at}`;
}

function Tile({ channel, slot, cursor, on_remove }: {
	channel: Channel;
	slot: number;
	cursor: Cursor | null;
	on_remove: () => void;
}) {
	const box = useRef<HTMLLIElement>(null);
	const value = useRef<HTMLSpanElement>(null);
	const state = useRef<HTMLSpanElement>(null);
	const language = get_language();

	useEffect(() => {
		const paint = () => {
			const { quality, text } = why(channel);
			put_class(box.current, `tile ${quality}`);
			put(value.current, format_value(channel.info, channel.value));
			put(state.current, quality === "good" ? "" : `${SYMBOL[quality]} ${text}`);
		};
		channel.painters.add(paint);
		paint();
		return () => void channel.painters.delete(paint);
	}, [channel, language]);

	const { name, title, unit } = channel.info;
	return (
		<li ref={box} data-tile={name}>
			<span class={`mark line${slot}`} aria-hidden="true" />
			<span class="tile-name" title={title}>{name}</span>
			<button type="button" class="remove" aria-label={words().plot_remove(name)}
				onClick={on_remove}>×</button>
			<span class="tile-value"><span class="digits" ref={value} />
				<span class="tile-unit"> {format_unit(unit)}</span></span>
			<span class="tile-state" ref={state} />
			<span class="tile-cursor">{cursor_text(channel, slot, cursor)}</span>
		</li>
	);
}

function Windows({ view, on_view }: { view: View; on_view: (v: View) => void }) {
	const w = words();
	return (
		<div class="choices" role="group" aria-label={w.window}>
			{WINDOWS.map((span, k) => {
				const off = span > KEPT_MS && !is_recorded();
				return (
					<button type="button" aria-pressed={view.span === span} disabled={off}
						title={off ? w.past_off : undefined}
						onClick={() => on_view(resize(view, span, limits()))}>{w.window_names[k]}</button>
				);
			})}
		</div>
	);
}

/* Earlier, now, later, and a moment by its date. */
function Steps({ view, on_view }: { view: View; on_view: (v: View) => void }) {
	const w = words();
	const off = !is_recorded();
	const why_off = off ? w.past_off : undefined;
	const by = (half: number) => () => on_view(step(view, half * view.span / 2, limits()));
	const go = (text: string) => {
		const time = new Date(text).getTime();
		if (!Number.isNaN(time))
			on_view(go_to(view, time, limits()));
	};
	return (
		<>
			<div class="choices" role="group" aria-label={w.past}>
				<button type="button" class="earlier" aria-label={w.earlier} title={why_off ?? w.earlier} disabled={off}
					onClick={by(-1)}>‹</button>
				<button type="button" class="now" title={why_off} disabled={off}
					onClick={() => on_view({ span: view.span, end: null })}>{w.now}</button>
				<button type="button" class="later" aria-label={w.later} title={why_off ?? w.later} disabled={off}
					onClick={by(1)}>›</button>
			</div>
			<label class="go-to" title={why_off}>
				<span>{w.go_to}</span>
				<input type="datetime-local" disabled={off} onChange={(e) => go(e.currentTarget.value)} />
			</label>
		</>
	);
}

function Controls({ view, asker, on_view }: { view: View; asker: Asker; on_view: (v: View) => void }) {
	const w = words();
	const hold = () => {
		const [from, to] = range_of(view, asker.past);
		on_view(view.end !== null ? { span: view.span, end: null } : held(to - from, to, limits()));
	};
	return (
		<div class="bar">
			<h2 id="plot-title">{w.plot}</h2>
			{view.end !== null && (
				<span class="held">{w.paused} <span class="stretch">{format_stretch(view.end - view.span, view.end)}</span></span>
			)}
			<Windows view={view} on_view={on_view} />
			<Steps view={view} on_view={on_view} />
			<button type="button" class="pause" onClick={hold}>
				{view.end !== null ? `▶ ${w.resume}` : `❚❚ ${w.pause}`}
			</button>
		</div>
	);
}

/* What is wrong with the past, and what to do about it. The present goes on meanwhile. */
function note(asker: Asker): string {
	const w = words();
	const none = store.plotted.filter((name) => asker.unrecorded.has(name));
	if (asker.trouble === "busy")
		return w.past_busy;
	if (asker.trouble === "damaged")
		return w.past_damaged;
	return none.length > 0 && asker.past !== null ? w.past_none(none.join(", ")) : "";
}

export function Plot() {
	const [view, set_view] = useState<View>({ span: WINDOWS[1]!, end: null });
	const [cursor, set_cursor] = useState<Cursor | null>(null);
	const [answers, told] = useReducer((n: number, _: void) => n + 1, 0);
	const asker = useMemo(() => new Asker(get_history, () => told()), []);
	/* Where nothing is plotted there is nothing to ask, and nothing to keep. */
	useEffect(() => {
		if (store.plotted.length === 0)
			asker.want(null);
	}, [store.plotted.length]);

	return (
		<section class="plot" aria-labelledby="plot-title">
			<Controls view={view} asker={asker} on_view={set_view} />
			{store.plotted.length === 0 ? <p class="empty">{words().plot_empty}</p> : (
				<div class="plot-body">
					<div>
						<Canvas view={view} asker={asker} answers={answers} on_cursor={set_cursor} on_view={set_view} />
						<p class="note">
							<span role="status">{note(asker)}</span>
							{asker.is_asking() && <span class="asking"> {words().past_asking}</span>}
						</p>
					</div>
					<ul class="tiles">
						{store.plotted.map((name, slot) => (
							<Tile key={name} channel={store.channels.get(name)!} slot={slot} cursor={cursor}
								on_remove={() => toggle_plotted(name)} />
						))}
					</ul>
				</div>
			)}
		</section>
	);
}
