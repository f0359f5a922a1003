/* stack.tsx - the panels below each other on one x axis: drawing, gestures, keys, the pair of cursors */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { Asker } from "../asker";
import { limits } from "../canvas";
import { format_unit } from "../format";
import { listen_to_gestures } from "../gestures";
import { use_interval } from "../hooks";
import { gap_words, get_language, reason_words, words } from "../i18n";
import { store } from "../store";
import { type Curve, stretches, width_of } from "./curves";
import { Frame, type Model, scale_by } from "./frame";
import { type Limit, type Mark, limits_of } from "./marks";
import { nearest } from "./measure";
import { key_move, marked, panned, type Shown, zoomed } from "./moves";
import { is_over, type Panel, panels_of, type Plan } from "./plan";
import { ask, curves_of, type Runs, stretch_of } from "./source";
import { x_words } from "./words";

export type Change = (p: Plan, s: Shown) => Plan;

export interface Hover {
	x: number;
	curves: Curve[]; /* those that are drawn */
	texts: string[]; /* marks, gaps and reasons at this place */
	x_name: string; /* of one channel against another: the one on the x axis */
	points: Map<Curve, [number, number]>; /* and the points that are nearest to the pointer */
}

/* Of all alarms, as they are told with the list of channels: made once for each list. */
const limits_now = { version: -1, alarms: store.alarms, list: [] as Limit[] };

function alarm_limits(): Limit[] {
	if (limits_now.version !== store.list_version || limits_now.alarms !== store.alarms) {
		const unit_of = (name: string) => store.channels.get(name)?.info.unit ?? null;
		limits_now.version = store.list_version;
		limits_now.alarms = store.alarms;
		limits_now.list = [...store.alarms.values()].flatMap((a) => limits_of(a.name, a.condition, unit_of));
	}
	return limits_now.list;
}

/* What one drawing of a plan shows. */
export function model_of(p: Plan, asker: Asker, runs: Runs, marks: Mark[]): Model {
	const [from, to] = stretch_of(p, runs);
	const curves = curves_of(p, asker.past, from, to);
	const [left, right] = p.axis === "channel" ? p.band ?? width_of(curves) ?? [0, 1] : [from, to];
	return {
		axis: p.axis === "clock" || is_over(p) || p.axis === "channel" ? p.axis : "clock",
		from: left, to: right, curves,
		gaps: asker.past?.gaps ?? [], known: asker.past?.end ?? -Infinity,
		marks: p.marks ? marks : [], limits: p.limits ? alarm_limits().filter((l) => p.names.includes(l.channel)) : [], faint: store.link === "lost",
	};
}

export const panels_now = (p: Plan): Panel[] =>
	panels_of(p.names.filter((n) => store.channels.get(n)?.history), (n) => store.channels.get(n)?.info.unit ?? "");

function texts_at(m: Model, x: number, near: number): string[] {
	const texts = m.axis === "channel" ? [] : m.marks.filter((k) => Math.abs(k.at - x) <= near)
		.map((k) => (k.run === null ? k.text : `${words().trends.run(k.run)}: ${k.text}`)).slice(0, 6);
	const gap = m.axis === "clock" ? m.gaps.find((g) => x >= g.from && x < Math.min(g.to, m.known)) : undefined;
	if (gap)
		texts.push(words().gap_at(gap_words(gap.cause, gap.text)));
	for (const c of m.curves)
		for (const s of c.steps && !gap ? stretches(c) : [])
			if (x >= s.from && x < s.to)
				texts.push(`${c.name}: ${reason_words(s.reason).text || gap_words(s.reason, words().trends.reasons[s.reason] ?? s.reason)}`);
	return texts;
}

const NEAR_PX = 40;

/* Of one channel against another: the point of each curve of a panel that is nearest to the pointer. */
function points_at(f: Frame, m: Model, px: number, py: number): Map<Curve, [number, number]> {
	const points = new Map<Curve, [number, number]>();
	if (m.axis !== "channel")
		return points;
	for (const c of f.curves()) {
		const p = f.place(c);
		const to_px = (x: number) => ((x - p.from) / (p.to - p.from)) * f.u.over.clientWidth;
		const to_py = (y: number) => (1 - (y - p.low) / (p.high - p.low)) * f.u.over.clientHeight;
		const k = nearest(c, to_px, to_py, px, py);
		if (k >= 0 && Math.hypot(to_px(c.x[k]!) - px, to_py(c.y[k]!) - py) < NEAR_PX)
			points.set(c, [c.x[k]!, c.y[k]!]);
	}
	return points;
}

/* The two lines that are dragged; their values are read out of the table below the plot. */
function Slider({ which, at, left, shown, axis, on_move }: {
	which: 0 | 1;
	at: number;
	left: number; /* px; NaN: not within the plot */
	shown: Shown;
	axis: Plan["axis"];
	on_move: (which: 0 | 1, to: number, is_px: boolean) => void;
}) {
	const name = words().trends.cursor_names[which]!;
	const by = (share: number) => on_move(which, Math.max(shown.from, Math.min(shown.to, at + share * (shown.to - shown.from))), false);
	return (
		<div class="cursor-line" hidden={Number.isNaN(left)} style={{ left: `${left}px` }}>
			<span class="cursor-grip" role="slider" tabIndex={0} aria-label={name} aria-valuemin={shown.from} aria-valuemax={shown.to}
				aria-valuenow={at} aria-valuetext={x_words(axis, at)}
				onPointerDown={(e) => e.currentTarget.setPointerCapture(e.pointerId)}
				onPointerMove={(e) => e.currentTarget.hasPointerCapture(e.pointerId) && on_move(which, e.clientX, true)}
				onKeyDown={(e) => {
					const share = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10, Home: -1000, End: 1000 }[e.key];
					if (share === undefined)
						return;
					e.preventDefault();
					e.stopPropagation();
					by((share * (e.shiftKey ? 5 : 1)) / 250);
				}}>{which === 0 ? "A" : "B"}</span>
		</div>
	);
}

export interface Drawing {
	frames: Frame[];
	model: Model | null;
	shown: Shown | null;
	redraw: () => void;
}

export function Stack({ plan, asker, runs, marks, answers, drawing, on_hover, on_plan }: {
	plan: Plan;
	asker: Asker;
	runs: Runs;
	marks: Mark[];
	answers: number; /* grows with each word of the asker, the runs and the events */
	drawing: Drawing; /* filled in: what else wants to know what is shown */
	on_hover: (h: Hover | null) => void;
	on_plan: (c: Change) => void;
}) {
	const box = useRef<HTMLDivElement>(null);
	const tip = useRef<HTMLDivElement>(null);
	const [scheme, set_scheme] = useState(0);
	const [edges, set_edges] = useState<[number, number, number]>([0, 0, 0]); /* left of `over`, its width; drawings */
	const now = useRef({ plan, asker, runs, marks });
	now.current = { plan, asker, runs, marks };
	const panels = panels_now(plan);
	const has_right = panels.some((p) => p.units.length > 1);
	const kind = plan.axis === "clock" || is_over(plan) || plan.axis === "channel" ? plan.axis : "clock";
	const x_info = store.channels.get(plan.x)?.info;
	const x_label = `${plan.x} ${format_unit(x_info?.unit ?? "")}`.trim();
	const shape = [panels.map((p) => `${p.units.join("|")}`).join("/"), kind, x_label, scheme, get_language()].join(";");

	useEffect(() => {
		const dark = matchMedia("(prefers-color-scheme: dark)");
		const changed = () => set_scheme((n) => n + 1);
		dark.addEventListener("change", changed);
		return () => dark.removeEventListener("change", changed);
	}, []);

	const redraw = () => {
		const { plan: p, asker: a, runs: r, marks: m } = now.current;
		const first = drawing.frames[0];
		if (!first || !box.current || document.hidden)
			return;
		ask(p, a, r, first.u.bbox.width);
		const model = model_of(p, a, r, m);
		drawing.model = model;
		drawing.shown = { from: model.from, to: model.to, limits: limits() };
		const mine = panels_now(p);
		drawing.frames.forEach((f, k) => {
			if (mine[k])
				f.panel = mine[k]!;
			f.show(model);
		});
		const over = first.u.over.getBoundingClientRect();
		const left = over.left - box.current.getBoundingClientRect().left;
		set_edges(([l, w, n]) => [left, over.width, p.cursors || l !== left || w !== over.width ? n + 1 : n]);
	};
	drawing.redraw = redraw;

	useEffect(() => {
		const elements = [...box.current!.querySelectorAll<HTMLElement>(".panel")];
		/* All panels have the cursor; the one under the pointer speaks. */
		const hover = (k: number, x: number | null, px: number, py: number) => {
			const m = drawing.model;
			const f = drawing.frames[k];
			if (!tip.current || !box.current)
				return;
			if (x === null || !m || !f) {
				on_hover(null);
				tip.current.hidden = true;
				return;
			}
			if (!f.u.over.matches(":hover"))
				return;
			const texts = texts_at(m, x, (m.to - m.from) * 6 / f.u.over.clientWidth);
			on_hover({ x, curves: m.curves, texts, x_name: now.current.plan.x, points: points_at(f, m, px, py) });
			tip.current.hidden = texts.length === 0;
			tip.current.textContent = texts.join("\n");
			const over = f.u.over.getBoundingClientRect();
			const whole = box.current.getBoundingClientRect();
			const left = px + over.left - whole.left;
			tip.current.style.left = `${Math.max(0, Math.min(left, box.current.clientWidth - tip.current.offsetWidth))}px`;
			tip.current.style.top = `${over.top - whole.top + Math.max(0, py) + 20}px`;
		};
		const part = (from: number, to: number) => on_plan((p, s) => marked(p, from, to, s));
		drawing.frames = elements.map((element, k) =>
			new Frame(element, panels[k]!, kind, x_label, k === elements.length - 1, has_right, k === 0,
				{ hover: (x, px, py) => hover(k, x, px, py), part }));
		redraw();
		const by = scale_by(kind);
		const gestures = drawing.frames.map(({ u }) => listen_to_gestures(u.over, () => box.current!.contains(document.activeElement), {
			pan: (px) => px !== 0 && on_plan((p, s) => panned(p, (-px / u.over.clientWidth) * (s.to - s.from), s)),
			zoom: (factor, x) => on_plan((p, s) => zoomed(p, factor, u.posToVal(x, "x") * by, s)),
		}));
		const size = new ResizeObserver(() => {
			drawing.frames.forEach(({ u }, k) => u.setSize({ width: elements[k]!.clientWidth, height: elements[k]!.clientHeight }));
			redraw();
		});
		elements.forEach((element) => size.observe(element));
		return () => {
			size.disconnect();
			gestures.forEach((off) => off());
			for (const f of drawing.frames)
				f.u.destroy();
			drawing.frames = [];
		};
	}, [shape]);
	useEffect(redraw, [plan, answers, marks]);
	const runs_on = (kind === "clock" || !is_over(plan) ? plan.view.end === null : plan.runs.some(runs.is_open));
	const pause = Math.max(200, Math.min(plan.view.span / 2000, 2000));
	const again = useRef(redraw);
	again.current = () => (runs_on ? redraw() : undefined);
	use_interval(useCallback(() => again.current(), []), pause);

	const shown = drawing.shown;
	const place = (x: number) => (shown && x >= shown.from && x <= shown.to ? edges[0] + ((x - shown.from) / (shown.to - shown.from)) * edges[1] : NaN);
	const move = (which: 0 | 1, to: number, is_px: boolean) => on_plan((p, s) => {
		const left = box.current!.getBoundingClientRect().left + edges[0];
		const x = is_px ? s.from + Math.max(0, Math.min(1, (to - left) / edges[1])) * (s.to - s.from) : to;
		const both: [number, number] = p.cursors ? [...p.cursors] : [x, x];
		both[which] = x;
		return { ...p, cursors: both };
	});
	return (
		<div class="stack" ref={box} tabIndex={0} role="group" aria-label={words().trends.keys} aria-busy={asker.is_asking()}
			data-panels={panels.length} onKeyDown={(e) => {
				const s = drawing.shown;
				if (e.ctrlKey || e.altKey || e.metaKey || !s || key_move(e.key, now.current.plan, s) === null)
					return;
				e.preventDefault();
				on_plan((p, at) => key_move(e.key, p, at) ?? p);
			}}>
			{panels.map((p) => <div class="panel" key={p.units.join("|")} data-units={p.units.join(" ")} />)}
			{shown && plan.cursors?.map((at, which) => (
				<Slider key={which} which={which as 0 | 1} at={at} left={place(at)} shown={shown} axis={kind} on_move={move} />
			))}
			<div class="tip" ref={tip} hidden aria-hidden="true" />
		</div>
	);
}

