/* plot.tsx - the live plot and its tiles: what is plotted, in digits that can be read from two metres */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { toggle_plotted, units_plotted } from "./choice";
import { format_time, format_unit, format_value } from "./format";
import { type History, KEPT_MS, merge } from "./history";
import { get_language, words } from "./i18n";
import { use_interval } from "./hooks";
import { put, put_class, SYMBOL, why } from "./quality";
import { bench_now, store, type Channel } from "./store";

const WINDOWS_MIN = [1, 5, 10];
const REDRAW_MS = 200;

interface View {
	minutes: number;
	held: [number, number] | null; /* from, to in ms; null: follows the time */
}

function Tile({ channel, slot, cursor, on_remove }: {
	channel: Channel;
	slot: number;
	cursor: { value: number | null; time: number } | null;
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
	const at_cursor = cursor &&
		`${format_value(channel.info, cursor.value)} ${words().at} ${format_time(cursor.time)}`;
	return (
		<li ref={box} data-tile={name}>
			<span class={`mark line${slot}`} aria-hidden="true" />
			<span class="tile-name" title={title}>{name}</span>
			<button type="button" class="remove" aria-label={words().plot_remove(name)}
				onClick={on_remove}>×</button>
			<span class="tile-value"><span class="digits" ref={value} />
				<span class="tile-unit"> {format_unit(unit)}</span></span>
			<span class="tile-state" ref={state} />
			<span class="tile-cursor">{at_cursor}</span>
		</li>
	);
}

/* Digits for the ticks of an axis, as few as tell them apart. */
function axis_values(_: uPlot, ticks: number[]): string[] {
	const step = ticks.length > 1 ? Math.abs(ticks[1]! - ticks[0]!) : 1;
	let digits = 0;
	while (digits < 8 && Math.abs(step * 10 ** digits - Math.round(step * 10 ** digits)) > 1e-6)
		digits++;
	return ticks.map((tick) =>
		Math.abs(tick) >= 1e6 ? tick.toExponential(1) : tick.toFixed(digits));
}

/* A flat line gets room above and below; no axis spans less than the noise of its own digits. */
function axis_range(_: uPlot, low: number | null, high: number | null): [number, number] {
	if (low === null || high === null)
		return [0, 1];
	const least = Math.max(Math.abs(high), 1) * 0.005;
	const middle = (low + high) / 2;
	const half = Math.max((high - low) / 2, least) * 1.1;
	return [middle - half, middle + half];
}

const inside = (left: number | undefined) => left !== undefined && left >= 0;

/* The colours live in app.css; the canvas has to be told them. */
function options(box: HTMLElement, on_cursor: (time: number | null) => void,
	on_zoom: (from: number, to: number) => void): uPlot.Options {
	const css = getComputedStyle(box);
	const colour = (name: string) => css.getPropertyValue(name).trim();
	const font = `13px ${css.fontFamily}`;
	const units = units_plotted();
	const axis = { stroke: colour("--ink"), font, ticks: { stroke: colour("--rule") } };
	const grid = { stroke: colour("--rule"), width: 1 };

	return {
		width: box.clientWidth,
		height: box.clientHeight,
		legend: { show: false },
		cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
		scales: {
			x: { time: true },
			left: { range: axis_range },
			right: { range: axis_range },
		},
		axes: [
			{ ...axis, grid, space: 90, size: 36, values: (_, ticks) => ticks.map((s) => format_time(s * 1000)) },
			{ ...axis, grid, scale: "left", size: 60, values: axis_values, label: format_unit(units[0] ?? "") || " ",
				labelFont: `bold ${font}`, labelSize: 20 },
			{ ...axis, grid: { show: false }, scale: "right", side: 1, size: 52, values: axis_values,
				label: format_unit(units[1] ?? "") || " ", labelFont: `bold ${font}`, labelSize: 20,
				show: units.length > 1 },
		],
		series: [{}, ...store.plotted.map((name, slot) => ({
			label: name,
			scale: units[0] === (store.channels.get(name)?.info.unit ?? "") ? "left" : "right",
			stroke: colour(`--line${slot}`),
			width: 2,
			points: { show: false },
			paths: uPlot.paths.stepped!({ align: 1 }),
		}))],
		hooks: {
			setCursor: [(u) => on_cursor(inside(u.cursor.left) ? u.posToVal(u.cursor.left!, "x") * 1000 : null)],
			setSelect: [(u) => {
				if (u.select.width < 8)
					return;
				const from = u.posToVal(u.select.left, "x") * 1000;
				const to = u.posToVal(u.select.left + u.select.width, "x") * 1000;
				u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
				on_zoom(from, to);
			}],
		},
	};
}

const plotted_histories = () => store.plotted.map((name) => store.channels.get(name)!.history!);

/* Left edge of the running plot. Before the window has filled, it begins with the first value, but is a minute wide. */
function start_of(view: View, histories: History[], now: number): number {
	const first = Math.min(...histories.map((h) => h.first() ?? now), now - 60_000);
	return Math.max(first, now - view.minutes * 60_000);
}

/* Draw the part of the histories that `view` shows. */
function redraw(u: uPlot, view: View): void {
	const now = bench_now();
	const histories = plotted_histories();
	const [from, to] = view.held ?? [start_of(view, histories, now), now];
	u.batch(() => {
		u.setData(merge(histories, Math.max(from, now - KEPT_MS), Math.min(to, now)) as uPlot.AlignedData, false);
		u.setScale("x", { min: from / 1000, max: to / 1000 });
	});
}

interface Cursor {
	time: number;
	values: (number | null)[];
}

function Canvas({ view, on_cursor, on_zoom }: {
	view: View;
	on_cursor: (c: Cursor | null) => void;
	on_zoom: (from: number, to: number) => void;
}) {
	const box = useRef<HTMLDivElement>(null);
	const plot = useRef<uPlot | null>(null);
	const shown = useRef(view);
	const [scheme, set_scheme] = useState(0);
	/* The plot is made again when its lines, its words or its colours are others. */
	const shape = `${store.plotted.join()}|${units_plotted().join()}|${scheme}`;
	shown.current = view;

	useEffect(() => {
		const dark = matchMedia("(prefers-color-scheme: dark)");
		const changed = () => set_scheme((n) => n + 1);
		dark.addEventListener("change", changed);
		return () => dark.removeEventListener("change", changed);
	}, []);
	useEffect(() => {
		const element = box.current!;
		const cursor_moved = (time: number | null) => on_cursor(time === null ? null : {
			time,
			values: plotted_histories().map((h) => h.value_at(time)),
		});
		const u = new uPlot(options(element, cursor_moved, on_zoom), undefined, element);
		plot.current = u;
		redraw(u, shown.current);
		const size = new ResizeObserver(() =>
			u.setSize({ width: element.clientWidth, height: element.clientHeight }));
		size.observe(element);
		return () => {
			size.disconnect();
			plot.current = null;
			u.destroy();
		};
	}, [shape]);
	useEffect(() => {
		if (plot.current)
			redraw(plot.current, view);
	}, [view]);
	use_interval(useMemo(() => () => {
		if (plot.current && !document.hidden && shown.current.held === null)
			redraw(plot.current, shown.current);
	}, []), REDRAW_MS);

	return <div class="canvas" ref={box} />;
}

function Controls({ view, on_view }: { view: View; on_view: (v: View) => void }) {
	const w = words();
	const hold = () => {
		const now = bench_now();
		on_view({ ...view, held: view.held ? null : [start_of(view, plotted_histories(), now), now] });
	};
	return (
		<div class="bar">
			<h2 id="plot-title">{w.plot}</h2>
			{view.held && <span class="held">{w.paused}</span>}
			<div class="choices" role="group" aria-label={w.window}>
				{WINDOWS_MIN.map((n) => (
					<button type="button" aria-pressed={view.minutes === n}
						onClick={() => on_view({ minutes: n, held: null })}>{w.minutes(n)}</button>
				))}
			</div>
			<button type="button" class="pause" onClick={hold}>
				{view.held ? `▶ ${w.resume}` : `❚❚ ${w.pause}`}
			</button>
		</div>
	);
}

export function Plot() {
	const [view, set_view] = useState<View>({ minutes: 5, held: null });
	const [cursor, set_cursor] = useState<Cursor | null>(null);
	const zoom = useMemo(() => (from: number, to: number) =>
		set_view((v) => ({ ...v, held: [from, to] })), []);

	return (
		<section class="plot" aria-labelledby="plot-title">
			<Controls view={view} on_view={set_view} />
			{store.plotted.length === 0 ? <p class="empty">{words().plot_empty}</p> : (
				<div class="plot-body">
					<Canvas view={view} on_cursor={set_cursor} on_zoom={zoom} />
					<ul class="tiles">
						{store.plotted.map((name, slot) => (
							<Tile key={name} channel={store.channels.get(name)!} slot={slot}
								cursor={cursor && { time: cursor.time, value: cursor.values[slot] ?? null }}
								on_remove={() => toggle_plotted(name)} />
						))}
					</ul>
				</div>
			)}
		</section>
	);
}
