/* paint.ts - curves into a canvas. Pure but for the canvas that it is given.
 *
 * Of a million points a screen shows some thousands: what falls into one column of pixels is drawn as one stroke from its least to its most, so
 * no spike is lost and the time that it takes does not depend on how the values lie.
 */
import { type Curve, DASHES } from "./curves";

export interface Place {
	left: number; /* pixels of the canvas */
	top: number;
	width: number;
	height: number;
	from: number; /* on the x axis */
	to: number;
	low: number; /* on the y axis */
	high: number;
	ratio: number; /* pixels of the canvas for one of the page */
}

export type Pen = Pick<CanvasRenderingContext2D, "beginPath" | "moveTo" | "lineTo" | "stroke" | "fillRect" | "setLineDash"> & {
	strokeStyle: unknown; fillStyle: unknown; lineWidth: number; globalAlpha: number; lineJoin: string;
};

/* What a line of steps is in one column of pixels: where it comes in, least, most, where it goes out. */
interface Sink {
	column(px: number, entry: number, least: number, most: number, last: number, is_new: boolean): void;
	stop(px: number, last: number): void; /* it goes on until here, and ends */
}

function walk_steps(c: Curve, p: Place, sink: Sink): void {
	const { x, y } = c;
	const by_x = p.width / (p.to - p.from);
	const by_y = p.height / (p.high - p.low);
	const bottom = p.top + p.height;
	const right = p.left + p.width;
	let down = false; /* the line has begun, and is at `last` */
	let is_new = false;
	let column = -Infinity; /* the one that is gathered; it is told when the next one begins */
	let entry = 0;
	let last = 0;
	let least = 0;
	let most = 0;

	const tell = () => {
		if (column !== -Infinity)
			sink.column(column, entry, least, most, last, is_new);
		column = -Infinity;
	};
	for (let k = 0; k < x.length;) {
		const at = p.left + (x[k]! - p.from) * by_x;
		if (at > right)
			break;
		const px = at < p.left ? Math.round(p.left) : Math.round(at);
		const value = y[k]!;
		if (value !== value) { /* NaN */
			tell();
			if (down)
				sink.stop(px, last);
			down = false;
			k++;
			continue;
		}
		/* All that follow in this column: nothing is done to most points but to compare them. */
		const ends = Math.min(p.to, p.from + (px + 0.5 - p.left) / by_x);
		let low = value;
		let high = value;
		let out = value;
		for (k++; k < x.length && x[k]! < ends; k++) {
			const v = y[k]!;
			if (v < low)
				low = v;
			else if (v > high)
				high = v;
			else if (v !== v)
				break;
			out = v;
		}
		const top = bottom - (high - p.low) * by_y;
		const foot = bottom - (low - p.low) * by_y;
		if (down && px === column) {
			least = Math.min(least, top);
			most = Math.max(most, foot);
		} else {
			tell();
			is_new = !down;
			entry = down ? last : bottom - (value - p.low) * by_y;
			least = Math.min(entry, top);
			most = Math.max(entry, foot);
			column = px;
			down = true;
		}
		last = bottom - (out - p.low) * by_y;
	}
	tell();
	if (down)
		sink.stop(Math.min(right, p.left + (c.until - p.from) * by_x), last);
}

/* As one path, which can have dashes. */
function stroke_steps(pen: Pen, c: Curve, p: Place): void {
	walk_steps(c, p, {
		column(px, entry, least, most, last, is_new) {
			if (is_new)
				pen.moveTo(px, entry);
			else
				pen.lineTo(px, entry);
			if (least < most) {
				pen.lineTo(px, least);
				pen.lineTo(px, most);
				pen.lineTo(px, last);
			}
		},
		stop: (px, last) => pen.lineTo(px, last),
	});
}

/* As rectangles: many times as fast where there are many points, since nothing has to be cut into dashes or joined. */
function fill_steps(pen: Pen, c: Curve, p: Place, width: number): void {
	const half = width / 2;
	let from = 0;
	let was = 0;
	const level = (to: number) => pen.fillRect(from - half, was - half, to - from + width, width);
	walk_steps(c, p, {
		column(px, _entry, least, most, last, is_new) {
			if (!is_new && px > from + 1)
				level(px);
			pen.fillRect(px - half, least - half, width, most - least + width);
			from = px;
			was = last;
		},
		stop: (px) => level(Math.max(px, from)),
	});
}

/* Points nearer than half a pixel to the one before are left out. */
function trace_points(pen: Pen, c: Curve, p: Place): void {
	const by_x = p.width / (p.to - p.from);
	const by_y = p.height / (p.high - p.low);
	let down = false;
	let was_x = 0;
	let was_y = 0;
	for (let k = 0; k < c.x.length; k++) {
		const px = p.left + (c.x[k]! - p.from) * by_x;
		const py = p.top + p.height - (c.y[k]! - p.low) * by_y;
		if (Number.isNaN(px) || Number.isNaN(py)) {
			down = false;
			continue;
		}
		if (down && Math.abs(px - was_x) < 0.5 && Math.abs(py - was_y) < 0.5)
			continue;
		if (down) {
			pen.lineTo(px, py);
		} else {
			pen.moveTo(px, py);
			pen.lineTo(px + 0.5, py);
		}
		down = true;
		was_x = px;
		was_y = py;
	}
}

/* Each interval from its least to its most: rectangles on whole pixels that never overlap, so that the pale colour does not add up. Thousands of
 * them are drawn at once; as one path they would take a hundred times as long. */
export function paint_band(pen: Pen, c: Curve, p: Place, colour: string): void {
	if (c.lows.length === 0)
		return;
	const { x, lows, highs } = c;
	const by_x = p.width / (p.to - p.from);
	const by_y = p.height / (p.high - p.low);
	const bottom = p.top + p.height;
	const least = Math.max(1, Math.round(p.ratio));
	const column_of = (at: number) => Math.round(p.left + (at - p.from) * by_x);
	const fill = (left: number, width: number, low: number, high: number) => {
		const top = Math.floor(bottom - (high - p.low) * by_y);
		pen.fillRect(left, top, width, Math.max(least, Math.ceil(bottom - (low - p.low) * by_y) - top));
	};
	pen.fillStyle = colour;
	pen.globalAlpha = c.steps ? 0.35 : 0.2;
	for (let k = 0; k < lows.length;) {
		let low = lows[k]!;
		let high = highs[k]!;
		const from = column_of(x[k]!);
		const to = column_of(k + 1 < x.length ? x[k + 1]! : c.until);
		k++;
		if (!(low < high))
			continue;
		if (!c.steps) { /* a stroke at its place: those of other moments may stand there too */
			fill(from, least, low, high);
			continue;
		}
		if (from > p.left + p.width)
			break;
		if (to < p.left)
			continue;
		/* With all that begin within it. */
		let ends = Math.max(to, from + least);
		const next = p.from + (ends - 0.5 - p.left) / by_x;
		let is_last = true; /* the last one of them has a band, which goes on to its end */
		for (; k < lows.length && x[k]! < next; k++) {
			is_last = lows[k]! < highs[k]!;
			if (!is_last)
				continue;
			if (lows[k]! < low)
				low = lows[k]!;
			if (highs[k]! > high)
				high = highs[k]!;
		}
		if (is_last)
			ends = Math.max(ends, column_of(k < x.length ? x[k]! : c.until));
		fill(from, ends - from, low, high);
	}
	pen.globalAlpha = 1;
}

export function paint_line(pen: Pen, c: Curve, p: Place, colour: string): void {
	const dash = DASHES[c.dash]!;
	const a_pixel = c.x.length * p.ratio / p.width;
	/* Where it moves up and down in each column dashes say nothing. */
	if (c.steps && a_pixel > (dash.length === 0 ? 0.5 : 4)) {
		pen.fillStyle = colour;
		fill_steps(pen, c, p, 2 * p.ratio);
		return;
	}
	pen.beginPath();
	pen.lineJoin = "bevel";
	if (c.steps)
		stroke_steps(pen, c, p);
	else
		trace_points(pen, c, p);
	pen.strokeStyle = colour;
	pen.lineWidth = 2 * p.ratio;
	pen.setLineDash(dash.map((d) => d * p.ratio));
	pen.stroke();
	pen.setLineDash([]);
}
