/* words.ts - places on the x axis, and numbers, as people read them */
import { format_moment, format_span, format_value } from "../format";
import { bench_now, store } from "../store";
import type { Axis } from "./plan";

export const number_words = (name: string, v: number | null): string => {
	const info = store.channels.get(name)?.info;
	return v === null || Number.isNaN(v) ? "—" : info ? format_value(info.type === "float" ? info : { ...info, type: "float" }, v) : String(v);
};

/* 4 digits, whatever the size: differences, slopes and means have no range of their own. */
export const digits = (v: number | null): string => {
	if (v === null || Number.isNaN(v))
		return "—";
	const size = Math.abs(v);
	return v === 0 ? "0" : size >= 1e6 || size < 1e-3 ? v.toExponential(3) : String(Number(v.toPrecision(5)));
};

export const signed = (v: number | null): string => (v !== null && v > 0 ? `+${digits(v)}` : digits(v));

export function since_words(ms: number): string {
	const text = Math.abs(ms) < 10_000 ? `${(Math.abs(ms) / 1000).toFixed(2)} s` : format_span(Math.abs(ms) / 1000);
	return ms < 0 ? `−${text}` : text;
}

/* `axis` as it is drawn: "run" and "step" count from a beginning. */
export const x_words = (axis: Axis, x: number): string =>
	(axis === "clock" ? format_moment(x, bench_now()) : axis === "channel" ? digits(x) : since_words(x));
