/* drawing.ts - what all plots draw alike: ticks, the room of an axis, gaps of the record */
import type uPlot from "uplot";
import type { Gap } from "./past";

/* Digits for the ticks of an axis, as few as tell them apart. */
export function axis_values(_: uPlot, ticks: number[]): string[] {
	const distance = ticks.length > 1 ? Math.abs(ticks[1]! - ticks[0]!) : 1;
	let digits = 0;
	if (distance < 1e-6)
		return ticks.map((tick) => (tick === 0 ? "0" : tick.toExponential(2)));
	while (digits < 8 && Math.abs(distance * 10 ** digits - Math.round(distance * 10 ** digits)) > 1e-6)
		digits++;
	return ticks.map((tick) =>
		Math.abs(tick) >= 1e6 ? tick.toExponential(1) : tick.toFixed(digits));
}

/* A flat line gets room above and below; no axis spans less than the noise of its own digits, or than `fine` of its values. */
export function axis_range(line_low: number | null, line_high: number | null, band: [number, number] | null, fine?: number): [number, number] {
	const low = Math.min(line_low ?? Infinity, band?.[0] ?? Infinity);
	const high = Math.max(line_high ?? -Infinity, band?.[1] ?? -Infinity);
	if (low > high)
		return [0, 1];
	const size = Math.max(Math.abs(high), Math.abs(low));
	const least = fine === undefined ? Math.max(Math.abs(high), 1) * 0.005 : size * fine || 1;
	const middle = (low + high) / 2;
	const half = Math.max((high - low) / 2, least) * 1.1;
	return [middle - half, middle + half];
}

/* Hatched, and at least two pixels wide: a short gap is seen too. */
export function draw_gaps(u: uPlot, gaps: Gap[], end: number, colour: string): void {
	const { ctx, bbox } = u;
	const x = (ms: number) => u.valToPos(ms / 1000, "x", true);
	ctx.strokeStyle = ctx.fillStyle = colour;
	ctx.lineWidth = 1;
	for (const g of gaps) {
		const left = Math.max(bbox.left, g.from === -Infinity ? bbox.left : x(g.from));
		const right = Math.min(bbox.left + bbox.width, Math.max(left + 2, x(Math.min(g.to, end))));
		if (right <= left)
			continue;
		ctx.save();
		ctx.beginPath();
		ctx.rect(left, bbox.top, right - left, bbox.height);
		ctx.globalAlpha = 0.18;
		ctx.fill();
		ctx.clip();
		ctx.globalAlpha = 0.6;
		ctx.beginPath();
		for (let at = left - bbox.height - ((left - bbox.height) % 10); at < right; at += 10) {
			ctx.moveTo(at, bbox.top + bbox.height);
			ctx.lineTo(at + bbox.height, bbox.top);
		}
		ctx.stroke();
		ctx.restore();
	}
}
