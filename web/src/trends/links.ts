/* links.ts - addresses of the API for what the plot shows. Pure. */
import { is_over, type Plan } from "./plan";

const iso = (ms: number) => new Date(Math.max(0, Math.round(ms))).toISOString();
const seconds = (ms: number) => `${Number((ms / 1000).toFixed(3))} s`;

/* Runs over each other, by their numbers, each with the step that is time 0. */
export const since_of = (p: Plan): string =>
	p.runs.map((run) => (p.axis === "step" && p.step !== "" ? `run:${run}/step:${p.step}` : `run:${run}`)).join(",");

/* points: null asks for each recorded value. Times in ms, of runs since their beginning. */
export function history_path(p: Plan, names: string[], from: number, to: number, points: number | null): string {
	const words = new URLSearchParams({ channels: names.join(",") });
	if (is_over(p)) {
		words.set("since", since_of(p));
		words.set("from", seconds(from));
		words.set("to", seconds(to));
	} else {
		words.set("from", iso(from));
		words.set("to", iso(to));
	}
	if (points === null)
		words.set("raw", "1");
	else
		words.set("points", String(points));
	return `history?${words}`.replace(/%2C/g, ",").replace(/\+/g, "%20");
}

export type Format = "csv" | "csv-fr" | "xlsx" | "json";
export const FORMATS: Format[] = ["csv", "csv-fr", "xlsx", "json"];

/* Just what is shown: the same channels, the same time, the same runs; the channel of the x axis in the place of time, or among them. */
export function export_link(p: Plan, from: number, to: number, points: number | null, format: Format, zone: string): string {
	const beside = p.axis === "channel" && p.x !== "" && !p.names.includes(p.x) && is_over(p) ? [p.x, ...p.names] : p.names;
	const x = p.axis === "channel" && p.x !== "" && !is_over(p) ? `&x=${encodeURIComponent(p.x)}` : "";
	return `api/v1/${history_path(p, beside, from, to, points)}${x}&format=${format}&zone=${encodeURIComponent(zone)}`;
}
