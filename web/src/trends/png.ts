/* png.ts - what is shown, as a picture: the panels below each other, with a title and a legend */
import { COLOURS, type Curve, DASHES } from "./curves";
import { words } from "../i18n";

/* What stands in the legend of a curve. */
export const curve_words = (c: Curve, title_of: (run: number) => string): string =>
	(c.run === null ? c.name : `${c.name} — ${words().trends.run(c.run)} ${title_of(c.run)}`.trim());

export function picture(box: HTMLElement, title: string, below: string, curves: Curve[], title_of: (run: number) => string): HTMLCanvasElement {
	const css = getComputedStyle(box);
	const colour = (name: string) => css.getPropertyValue(name).trim();
	const panels = [...box.querySelectorAll<HTMLCanvasElement>(".panel canvas")];
	const ratio = devicePixelRatio;
	const line = 20 * ratio;
	const width = Math.max(...panels.map((c) => c.width));
	const canvas = document.createElement("canvas");
	canvas.width = width;
	canvas.height = panels.reduce((sum, c) => sum + c.height, 0) + line * (3 + curves.length);
	const ctx = canvas.getContext("2d")!;
	ctx.fillStyle = colour("--sheet");
	ctx.fillRect(0, 0, canvas.width, canvas.height);
	ctx.fillStyle = colour("--ink");
	ctx.font = `bold ${15 * ratio}px ${css.fontFamily}`;
	ctx.fillText(title, 8 * ratio, line);
	ctx.font = `${13 * ratio}px ${css.fontFamily}`;
	ctx.fillText(below, 8 * ratio, 2 * line - 4 * ratio);
	let top = 2 * line;
	for (const panel of panels) {
		ctx.drawImage(panel, 0, top);
		top += panel.height;
	}
	for (const c of curves) {
		ctx.strokeStyle = colour(`--line${c.colour % COLOURS}`);
		ctx.lineWidth = 2 * ratio;
		ctx.setLineDash(DASHES[c.dash]!.map((d) => d * ratio));
		ctx.beginPath();
		ctx.moveTo(8 * ratio, top + line / 2);
		ctx.lineTo(48 * ratio, top + line / 2);
		ctx.stroke();
		ctx.fillText(`${curve_words(c, title_of)}${c.unit === "" ? "" : ` (${c.unit})`}`, 56 * ratio, top + line * 0.7);
		top += line;
	}
	return canvas;
}

export function save_picture(canvas: HTMLCanvasElement, name: string): void {
	canvas.toBlob((blob) => {
		if (!blob)
			return;
		const link = document.createElement("a");
		link.href = URL.createObjectURL(blob);
		link.download = name;
		link.click();
		setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
	}, "image/png");
}
