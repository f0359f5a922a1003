/* canvas.tsx - the drawing of the plot: lines, bands from least to most, gaps of the record; its gestures and keys */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { type Asker } from "./asker";
import { units_plotted } from "./choice";
import { format_ticks, format_unit } from "./format";
import { is_pan, listen_to_gestures } from "./gestures";
import { type History, KEPT_MS, merge, value_at } from "./history";
import { axis_range, axis_values, draw_gaps } from "./drawing";
import { gap_words, words } from "./i18n";
import { use_interval } from "./hooks";
import { extent, gap_at, type Gap, join, type Joined, type Past, POINTS_MOST, span_at, wish_of } from "./past";
import { bench_now, store } from "./store";
import { held, type Limits, pan, step, type View, zoom } from "./view";

export interface Cursor {
	time: number;
	values: (number | null)[];
	spans: ([number, number] | null)[];
	gap: Gap | null;
}

export const is_recorded = () => store.bench !== null && store.bench.history !== false;

/* Without a record there is what the page keeps. */
export function limits(): Limits {
	const now = bench_now();
	return { first: is_recorded() ? 0 : now - KEPT_MS, now };
}

export const plotted_histories = () =>
	new Map<string, History>(store.plotted.map((name) => [name, store.channels.get(name)!.history!]));

/* The first moment of which something is known. */
function first_known(past: Past | null, now: number): number {
	const own = [...plotted_histories().values()].map((h) => h.first() ?? now);
	const began = past?.gaps.find((g) => g.from === -Infinity)?.to ?? past?.from ?? Infinity;
	return Math.min(began, ...own);
}

/* Short windows that run begin with the first value, but are a minute wide. */
export function range_of(view: View, past: Past | null): [number, number] {
	const now = bench_now();
	if (view.end !== null)
		return [view.end - view.span, view.end];
	const from = now - view.span;
	return [view.span > KEPT_MS ? from : Math.max(from, Math.min(first_known(past, now), now - 60_000)), now];
}

/* ---- what is drawn ---- */

/* Of one drawing; kept by its Canvas, read by the plot's hooks. */
interface Drawn {
	shape: string; /* of the lines that the plot was made for */
	joined: Joined[];
	past: Past | null;
	bands: Record<string, [number, number] | null>; /* by scale: what the bands reach */
}

const scale_of = (name: string) =>
	(units_plotted()[0] === (store.channels.get(name)?.info.unit ?? "") ? "left" : "right");

/* Each interval from its least to its most, so that no spike is hidden by a mean. One path: where two of them meet the
 * colour does not add up. */
function draw_band(u: uPlot, j: Joined, scale: string, colour: string): void {
	const { ctx } = u;
	const { times, lows, highs } = j.past!;
	const x = (ms: number) => u.valToPos(ms / 1000, "x", true);
	const y = (value: number) => u.valToPos(value, scale, true);
	ctx.beginPath();
	for (let k = 0; k < lows.length && times[k]! < j.until; k++) {
		if (!(lows[k]! < highs[k]!))
			continue;
		const left = x(times[k]!);
		const top = y(highs[k]!);
		const right = x(Math.min(times[k + 1] ?? j.until, j.until));
		ctx.rect(left, top, Math.max(right - left, 2), Math.max(y(lows[k]!) - top, 2));
	}
	ctx.fillStyle = colour;
	ctx.globalAlpha = 0.4;
	ctx.fill();
	ctx.globalAlpha = 1;
}

function draw_past(u: uPlot, drawn: Drawn, colour: (name: string) => string): void {
	const { ctx, bbox } = u;
	ctx.save();
	ctx.beginPath();
	ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
	ctx.clip();
	if (drawn.past)
		draw_gaps(u, drawn.past.gaps, drawn.past.end, colour("--grey"));
	drawn.joined.forEach((j, slot) => {
		const name = store.plotted[slot];
		if (j.past && name !== undefined && drawn.shape === shape_now())
			draw_band(u, j, scale_of(name), colour(`--line${slot}`));
	});
	ctx.restore();
}

const inside = (left: number | undefined) => left !== undefined && left >= 0;

/* The colours live in app.css; the canvas has to be told them. */
function options(box: HTMLElement, drawn: Drawn, on_cursor: (time: number | null) => void,
	on_zoom: (from: number, to: number) => void): uPlot.Options {
	const css = getComputedStyle(box);
	const colour = (name: string) => css.getPropertyValue(name).trim();
	const font = `13px ${css.fontFamily}`;
	const units = units_plotted();
	const axis = { stroke: colour("--ink"), font, ticks: { stroke: colour("--rule") } };
	const grid = { stroke: colour("--rule"), width: 1 };
	const range = (_: uPlot, low: number | null, high: number | null, scale: string) =>
		axis_range(low, high, drawn.bands[scale] ?? null);

	return {
		width: box.clientWidth,
		height: box.clientHeight,
		legend: { show: false },
		cursor: {
			y: false, points: { show: false }, drag: { x: true, y: false, setScale: false },
			bind: { mousedown: (_u, _targ, handler) => (e) => (is_pan(e) ? null : handler(e)) },
		},
		scales: { x: { time: true }, left: { range }, right: { range } },
		axes: [
			{ ...axis, grid, space: 90, values: (_, ticks) => format_ticks(ticks, bench_now()),
				size: (_, ticks) => (ticks?.some((t) => String(t).includes("\n")) ? 52 : 36) },
			{ ...axis, grid, scale: "left", size: 60, values: axis_values, label: format_unit(units[0] ?? "") || " ",
				labelFont: `bold ${font}`, labelSize: 20 },
			{ ...axis, grid: { show: false }, scale: "right", side: 1, size: 52, values: axis_values,
				label: format_unit(units[1] ?? "") || " ", labelFont: `bold ${font}`, labelSize: 20,
				show: units.length > 1 },
		],
		series: [{}, ...store.plotted.map((name, slot) => ({
			label: name,
			scale: scale_of(name),
			stroke: colour(`--line${slot}`),
			width: 2,
			points: { show: false },
			paths: uPlot.paths.stepped!({ align: 1 }),
		}))],
		hooks: {
			drawAxes: [(u) => draw_past(u, drawn, colour)],
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

/* Let the asker know what the view needs: it asks when that is not there yet. */
function ask(u: uPlot, view: View, asker: Asker): void {
	const now = bench_now();
	const to = view.end ?? now;
	const points = Math.max(2, Math.min(POINTS_MOST, Math.round(u.bbox.width)));
	asker.want(is_recorded() ? wish_of(plotted_histories(), to - view.span, to, now, points) : null);
}

/* What lines are chosen, on which axes. */
const shape_now = () => `${store.plotted.join()}|${units_plotted().join()}`;

/* Draw the part of past and present that `view` shows. Not between a choice of other lines and the plot that is made for
 * them. */
function redraw(u: uPlot, drawn: Drawn, view: View, asker: Asker): void {
	if (drawn.shape !== shape_now())
		return;
	ask(u, view, asker);
	const [from, to] = range_of(view, asker.past);
	drawn.past = asker.past;
	drawn.joined = [...plotted_histories()].map(([name, h]) => join(h, asker.past, name));
	drawn.bands = {};
	drawn.joined.forEach((j, slot) => {
		const scale = scale_of(store.plotted[slot]!);
		const reach = extent(j, from, to);
		const before = drawn.bands[scale];
		if (reach)
			drawn.bands[scale] = before ? [Math.min(before[0], reach[0]), Math.max(before[1], reach[1])] : reach;
	});
	u.batch(() => {
		const columns = merge(drawn.joined.map((j) => j.steps), from, Math.max(from, Math.min(to, bench_now())));
		u.setData(columns as uPlot.AlignedData, false);
		u.setScale("x", { min: from / 1000, max: to / 1000 });
	});
}

function cursor_at(drawn: Drawn, time: number): Cursor {
	return {
		time,
		values: drawn.joined.map((j) => value_at(j.steps, time)),
		spans: drawn.joined.map((j) => span_at(j, time)),
		gap: gap_at(drawn.past, time),
	};
}

/* What a key does to the view; null: it is none of the plot's. */
function key_view(key: string, v: View): View | null {
	const l = limits();
	switch (key) {
	case "ArrowLeft":
		return step(v, -v.span / 2, l);
	case "ArrowRight":
		return step(v, v.span / 2, l);
	case "+":
	case "=":
		return zoom(v, 0.5, v.end ?? l.now, l);
	case "-":
		return zoom(v, 2, v.end ?? l.now, l);
	case "End":
		return { span: v.span, end: null };
	default:
		return null;
	}
}

type Change = (v: View) => View;

export function Canvas({ view, asker, answers, on_cursor, on_view }: {
	view: View;
	asker: Asker;
	answers: number; /* grows with each word of the asker */
	on_cursor: (c: Cursor | null) => void;
	on_view: (change: Change) => void;
}) {
	const box = useRef<HTMLDivElement>(null);
	const plot = useRef<uPlot | null>(null);
	const drawn = useMemo<Drawn>(() => ({ shape: "", joined: [], past: null, bands: {} }), []);
	const shown = useRef(view);
	const [scheme, set_scheme] = useState(0);
	/* The plot is made again when its lines, its words or its colours are others. */
	const shape = `${shape_now()}|${scheme}`;
	shown.current = view;

	useEffect(() => {
		const dark = matchMedia("(prefers-color-scheme: dark)");
		const changed = () => set_scheme((n) => n + 1);
		dark.addEventListener("change", changed);
		return () => dark.removeEventListener("change", changed);
	}, []);
	useEffect(() => {
		const element = box.current!;
		const cursor_moved = (time: number | null) => {
			const cursor = time === null ? null : cursor_at(drawn, time);
			u.over.title = cursor?.gap ? words().gap_at(gap_words(cursor.gap.cause, cursor.gap.text)) : "";
			on_cursor(cursor);
		};
		const mark = (from: number, to: number) => on_view(() => held(to - from, to, limits()));
		const u = new uPlot(options(element, drawn, cursor_moved, mark), undefined, element);
		plot.current = u;
		drawn.shape = shape_now();
		on_cursor(null); /* it spoke of the lines before */
		redraw(u, drawn, shown.current, asker);
		const gestures = listen_to_gestures(u.over, () => document.activeElement === element, {
			pan: (pixels) => on_view((v) => (pixels === 0 ? v : pan(v, -pixels / u.over.clientWidth * v.span, limits()))),
			zoom: (factor, x) => on_view((v) => zoom(v, factor, u.posToVal(x, "x") * 1000, limits())),
		});
		const size = new ResizeObserver(() =>
			u.setSize({ width: element.clientWidth, height: element.clientHeight }));
		size.observe(element);
		return () => {
			size.disconnect();
			gestures();
			plot.current = null;
			u.destroy();
		};
	}, [shape]);
	useEffect(() => {
		if (plot.current)
			redraw(plot.current, drawn, view, asker);
	}, [view, answers]);
	/* What moves by less than a pixel need not be drawn. */
	use_interval(useMemo(() => () => {
		if (!plot.current || document.hidden)
			return;
		if (shown.current.end === null)
			redraw(plot.current, drawn, shown.current, asker);
		else if (drawn.shape === shape_now())
			ask(plot.current, shown.current, asker);
	}, []), Math.max(200, Math.min(view.span / 2000, 2000)));

	return (
		<div class="canvas" ref={box} tabIndex={0} role="group" aria-label={words().plot_keys}
			aria-busy={asker.is_asking()} onKeyDown={(e) => {
				if (e.ctrlKey || e.altKey || e.metaKey || key_view(e.key, shown.current) === null)
					return;
				e.preventDefault();
				/* From the view that is, not from the one that was drawn last: keys may come faster. */
				on_view((v) => key_view(e.key, v) ?? v);
			}} />
	);
}
