/* frame.ts - one panel: uPlot gives axes, cursor and the marking of a part; what is within is painted by paint.ts */
import uPlot from "uplot";
import { axis_range, axis_values, draw_gaps } from "../drawing";
import { format_span, format_ticks, format_unit } from "../format";
import { is_pan } from "../gestures";
import type { Gap } from "../past";
import { bench_now } from "../store";
import { type Curve, reach, stretches } from "./curves";
import { group_marks, type Limit, type Mark } from "./marks";
import { paint_band, paint_line, type Place } from "./paint";
import type { Axis, Panel } from "./plan";

/* What all panels show, made anew for each drawing. */
export interface Model {
	axis: Axis;
	from: number; /* ms, or the x channel's values */
	to: number;
	curves: Curve[];
	gaps: Gap[];
	known: number; /* until when the record tells all, ms */
	marks: Mark[];
	limits: Limit[];
	faint: boolean; /* the stream is lost: what is shown is old */
}

export interface FrameEvents {
	hover(x: number | null, px: number, py: number): void; /* x as in the model */
	part(from: number, to: number): void;
}

export const scale_by = (axis: Axis) => (axis === "channel" ? 1 : 1000);

const SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200,
	86400, 172800, 432000, 864000];

/* Since a beginning: h:mm:ss, with a sign before it. */
export function span_ticks(ticks: number[]): string[] {
	const fine = ticks.length > 1 && Math.abs(ticks[1]! - ticks[0]!) < 1;
	return ticks.map((s) => (fine ? `${s.toFixed(2)} s` : `${s < 0 ? "−" : ""}${format_span(Math.abs(s))}`));
}

const nothing = () => null;

export class Frame {
	readonly u: uPlot;
	private model: Model | null = null;
	private mine: Curve[] = [];
	private css: CSSStyleDeclaration;

	constructor(element: HTMLElement, public panel: Panel, axis: Axis, x_label: string, is_last: boolean, has_right: boolean, private is_first: boolean,
		on: FrameEvents) {
		this.css = getComputedStyle(element);
		this.u = new uPlot(this.options(element, axis, x_label, is_last, has_right, on), [[0, 1], [null, null], [null, null]], element);
	}

	private colour = (name: string) => this.css.getPropertyValue(name).trim();

	private options(element: HTMLElement, axis: Axis, x_label: string, is_last: boolean, has_right: boolean, on: FrameEvents): uPlot.Options {
		const font = `13px ${this.css.fontFamily}`;
		const line = { stroke: this.colour("--ink"), font, ticks: { stroke: this.colour("--rule") } };
		const grid = { stroke: this.colour("--rule"), width: 1 };
		const by = scale_by(axis);
		const names = { labelFont: `bold ${font}`, labelSize: 20 };
		const x_values = (_: uPlot, ticks: number[]) =>
			(axis === "clock" ? format_ticks(ticks, bench_now()) : axis === "channel" ? axis_values(_, ticks) : span_ticks(ticks));
		const fixed = (_: uPlot, low: number | null, high: number | null): [number, number] => [low ?? 0, high ?? 1];
		const [left, right] = this.panel.units;
		return {
			width: element.clientWidth,
			height: element.clientHeight,
			legend: { show: false },
			cursor: {
				y: axis === "channel", points: { show: false }, drag: { x: true, y: false, setScale: false },
				bind: { mousedown: (_u, _t, handler) => (e) => (is_pan(e) ? null : handler(e)), dblclick: nothing },
				sync: { key: "trends" },
			},
			scales: { x: { time: axis === "clock" }, left: { auto: false, range: fixed }, right: { auto: false, range: fixed } },
			axes: [
				{ ...line, grid, space: 90, values: x_values, incrs: axis === "run" || axis === "step" ? SECONDS : undefined,
					size: (_, ticks) => (is_last ? (ticks?.some((t) => String(t).includes("\n")) ? 52 : 36) : 8),
					...(is_last ? (axis === "channel" ? { label: x_label, ...names } : {}) : { values: (_: uPlot, ticks: number[]) => ticks.map(() => "") }) },
				{ ...line, grid, scale: "left", size: 60, values: axis_values, label: format_unit(left ?? "") || " ", ...names },
				{ ...line, grid: { show: false }, scale: "right", side: 1, size: 52, values: right === undefined ? (_, t) => t.map(() => "") : axis_values,
					label: format_unit(right ?? "") || " ", ...names, show: has_right, ...(right === undefined ? { ticks: { show: false } } : {}) },
			],
			series: [{}, { scale: "left", paths: nothing, points: { show: false } }, { scale: "right", paths: nothing, points: { show: false } }],
			hooks: {
				drawAxes: [() => this.under()],
				draw: [() => this.over()],
				setCursor: [(u) => {
					const px = u.cursor.left ?? -1;
					on.hover(px >= 0 ? u.posToVal(px, "x") * by : null, px, u.cursor.top ?? -1);
				}],
				setSelect: [(u) => {
					if (u.select.width < 8)
						return;
					const from = u.posToVal(u.select.left, "x") * by;
					const to = u.posToVal(u.select.left + u.select.width, "x") * by;
					u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
					on.part(from, to);
				}],
			},
		};
	}

	show(m: Model): void {
		this.model = m;
		this.mine = m.curves.filter((c) => this.panel.names.includes(c.name));
		const by = scale_by(m.axis);
		this.u.batch(() => {
			this.u.setData([[m.from / by, m.to / by], [null, null], [null, null]], false);
			this.u.setScale("x", { min: m.from / by, max: m.to / by });
			this.panel.units.forEach((unit, side) => {
				const [min, max] = this.range(m, unit);
				this.u.setScale(side === 0 ? "left" : "right", { min, max });
			});
		});
	}

	private range(m: Model, unit: string): [number, number] {
		let low: number | null = null;
		let high: number | null = null;
		const take = (a: number, b: number) => {
			low = Math.min(low ?? a, a);
			high = Math.max(high ?? b, b);
		};
		for (const c of this.mine)
			if (c.unit === unit) {
				const r = reach(c, m.from, m.to);
				if (r)
					take(r[0], r[1]);
			}
		for (const l of m.limits)
			if (this.mine.some((c) => c.name === l.channel && c.unit === unit))
				take(l.value, l.value);
		return axis_range(low, high, null, 0.001);
	}

	/* Where a curve is, in pixels of the canvas. */
	place(c: Curve): Place {
		const { bbox, scales } = this.u;
		const m = this.model!;
		const y = scales[c.unit === this.panel.units[0] ? "left" : "right"]!;
		return { ...bbox, from: m.from, to: m.to, low: y.min ?? 0, high: y.max ?? 1, ratio: devicePixelRatio };
	}

	curves = (): Curve[] => this.mine;

	private clipped(work: () => void): void {
		const { ctx, bbox } = this.u;
		ctx.save();
		ctx.beginPath();
		ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
		ctx.clip();
		work();
		ctx.restore();
	}

	private under(): void {
		const m = this.model;
		if (!m)
			return;
		this.clipped(() => {
			if (m.axis === "clock")
				draw_gaps(this.u, m.gaps, m.known, this.colour("--grey"));
			for (const c of this.mine)
				paint_band(this.u.ctx, c, this.place(c), this.colour(`--line${c.colour}`));
		});
	}

	private over(): void {
		const m = this.model;
		if (!m)
			return;
		this.clipped(() => {
			this.u.ctx.globalAlpha = m.faint ? 0.5 : 1;
			for (const c of this.mine)
				paint_line(this.u.ctx, c, this.place(c), this.colour(`--line${c.colour}`));
			this.u.ctx.globalAlpha = 1;
			this.paint_not_good(m);
			this.paint_limits(m);
			if (m.axis !== "channel")
				this.paint_marks(m);
		});
	}

	/* A strip at the foot, of the curve's colour, where its values were told as not good. */
	private paint_not_good(m: Model): void {
		const { ctx, bbox } = this.u;
		this.mine.forEach((c, k) => {
			ctx.fillStyle = this.colour(`--line${c.colour}`);
			for (const s of c.steps ? stretches(c) : []) {
				const left = this.u.valToPos(Math.max(s.from, m.from) / 1000, "x", true);
				const right = this.u.valToPos(Math.min(s.to, m.to) / 1000, "x", true);
				ctx.fillRect(left, bbox.top + bbox.height - (4 + 4 * k) * devicePixelRatio, Math.max(2, right - left), 3 * devicePixelRatio);
			}
		});
	}

	private paint_limits(m: Model): void {
		const { ctx, bbox } = this.u;
		ctx.font = `${12 * devicePixelRatio}px ${this.css.fontFamily}`;
		ctx.strokeStyle = ctx.fillStyle = this.colour("--bad");
		ctx.lineWidth = devicePixelRatio;
		for (const l of m.limits) {
			const c = this.mine.find((one) => one.name === l.channel);
			if (!c)
				continue;
			const p = this.place(c);
			const y = p.top + p.height - (l.value - p.low) * p.height / (p.high - p.low);
			ctx.setLineDash([6 * devicePixelRatio, 3 * devicePixelRatio]);
			ctx.beginPath();
			ctx.moveTo(bbox.left, y);
			ctx.lineTo(bbox.left + bbox.width, y);
			ctx.stroke();
			ctx.setLineDash([]);
			ctx.textAlign = "right";
			ctx.fillText(`${l.alarm}: ${l.channel} ${l.sign} ${l.value}`, bbox.left + bbox.width - 4 * devicePixelRatio, y - 4 * devicePixelRatio);
		}
	}

	/* A line each, a wedge at its top, and the words of a step where there is room for them. */
	private paint_marks(m: Model): void {
		const { ctx, bbox } = this.u;
		const ratio = devicePixelRatio;
		const x_of = (at: number) => this.u.valToPos(at / 1000, "x", true);
		const groups = group_marks(m.marks.filter((k) => k.at >= m.from && k.at <= m.to), x_of, 3 * ratio);
		ctx.font = `${12 * ratio}px ${this.css.fontFamily}`;
		ctx.textAlign = "left";
		ctx.lineWidth = ratio;
		let free = -Infinity; /* from here on there is room for words */
		groups.forEach((group, k) => {
			const x = Math.round(x_of(group[0]!.at));
			const worst = group.some((g) => g.severity === "error") ? "--bad" : group.some((g) => g.severity === "warning") ? "--warn" : "--soft";
			const is_step = group.some((g) => g.kind === "step");
			const runs = new Set(group.map((g) => g.run));
			const line = runs.size === 1 && group[0]!.run !== null ? m.curves.find((c) => c.run === group[0]!.run) : undefined;
			ctx.strokeStyle = ctx.fillStyle = this.colour(line ? `--line${line.colour}` : worst);
			ctx.globalAlpha = is_step ? 0.8 : 0.4;
			ctx.setLineDash(is_step ? [] : [2 * ratio, 4 * ratio]);
			ctx.beginPath();
			ctx.moveTo(x, bbox.top);
			ctx.lineTo(x, bbox.top + bbox.height);
			ctx.stroke();
			ctx.setLineDash([]);
			ctx.globalAlpha = 1;
			if (!this.is_first)
				return;
			ctx.beginPath();
			ctx.moveTo(x - 5 * ratio, bbox.top);
			ctx.lineTo(x + 5 * ratio, bbox.top);
			ctx.lineTo(x, bbox.top + 8 * ratio);
			ctx.fill();
			const text = group.find((g) => g.kind === "step")?.text;
			const room = (groups[k + 1] ? x_of(groups[k + 1]![0]!.at) : bbox.left + bbox.width) - x - 8 * ratio;
			if (text && x >= free && ctx.measureText(text).width < room) {
				ctx.fillText(text, x + 6 * ratio, bbox.top + 14 * ratio);
				free = x + 6 * ratio + ctx.measureText(text).width;
			}
		});
	}
}
