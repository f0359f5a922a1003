/* format.ts - values, times and ages as people read them */
import type { ChannelInfo, Value } from "./api";
import { words } from "./i18n";

/* Digits after the point that make sense for this channel: its range is told with about five digits. A quantity over many
 * decades (its range begins above zero and spans more than three of them) keeps three significant digits instead, and
 * one without a range about four. */
function decimals(info: ChannelInfo, value: number): number {
	const size = Math.abs(value);
	let span = size * 10;
	if (info.min !== null && info.max !== null && info.max > info.min) {
		const decades = info.min > 0 ? Math.log10(info.max / info.min) : 0;
		span = decades > 3 ? size * 100 : info.max - info.min;
	}
	if (span === 0)
		return 1;
	return Math.min(6, Math.max(0, 4 - Math.floor(Math.log10(span))));
}

export function format_value(info: ChannelInfo, value: Value): string {
	if (value === null)
		return "—";
	if (typeof value === "boolean")
		return value ? words().on : words().off;
	if (typeof value === "string")
		return value;
	if (info.type !== "float")
		return String(value);
	const size = Math.abs(value);
	if (size !== 0 && (size >= 1e9 || size < 1e-4))
		return value.toExponential(3);
	return value.toFixed(decimals(info, value));
}

/* Units as people write them; everything else is shown as the bench file has it. */
const SIGNS: Record<string, string> = { degC: "°C", degF: "°F", ohm: "Ω", um: "µm" };

export const format_unit = (unit: string) => SIGNS[unit] ?? unit;

export function format_limit(limit: number | null): string {
	return limit === null ? "" : String(limit);
}

const two = (n: number) => String(n).padStart(2, "0");

export function format_time(ms: number): string {
	const d = new Date(ms);
	return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}

export function format_date(ms: number): string {
	const d = new Date(ms);
	return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
}

/* The date only where it is not the one of today. */
export function format_moment(ms: number, now: number): string {
	const date = format_date(ms);
	return date === format_date(now) ? format_time(ms) : `${date} ${format_time(ms)}`;
}

export function format_stretch(from: number, to: number): string {
	const begins = `${format_date(from)} ${format_time(from)}`;
	return `${begins} – ${format_date(from) === format_date(to) ? format_time(to) : `${format_date(to)} ${format_time(to)}`}`;
}

/* Ticks of a time axis, seconds since 1970: with seconds where they differ, with the date under the first one of each
 * day when the plot spans midnight or shows another day than today. */
export function format_ticks(ticks: number[], now: number): string[] {
	const step = ticks.length > 1 ? ticks[1]! - ticks[0]! : 1;
	const dates = ticks.map((s) => format_date(s * 1000));
	const plain = dates.every((d) => d === format_date(now));
	return ticks.map((s, k) => {
		const time = format_time(s * 1000).slice(0, step >= 60 ? 5 : 8);
		return plain || (k > 0 && dates[k] === dates[k - 1]) ? time : `${time}\n${dates[k]}`;
	});
}

/* The zone in which times are written, at that time: "UTC+01:00". */
export function format_zone(ms: number): string {
	const east = -new Date(ms).getTimezoneOffset();
	const size = Math.abs(east);
	return east === 0 ? "UTC" : `UTC${east < 0 ? "−" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/* Two clocks never agree to the millisecond; what lies further ahead than this was stamped by a clock that was set back since. */
const AHEAD_MS = 2000;

export const is_ahead = (ms: number) => ms < -AHEAD_MS;

/* What lies ahead is as old as nobody knows. Whole seconds up to two minutes, then minutes, hours, days: a cell changes once a second at most. */
export function format_age(ms: number): string {
	if (is_ahead(ms))
		return "?";
	const s = Math.max(0, Math.floor(ms / 1000));
	if (s < 120)
		return `${s}\u00a0s`;
	if (s < 7200)
		return `${Math.floor(s / 60)}\u00a0min`;
	if (s < 172800)
		return `${Math.floor(s / 3600)}\u00a0h`;
	return `${Math.floor(s / 86400)}\u00a0d`;
}

/* Seconds as h:mm:ss; what has begun is not over. */
export function format_span(seconds: number): string {
	const s = Math.max(0, Math.floor(seconds));
	return `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

export function format_ms(ms: number | null | undefined): string {
	if (ms === null || ms === undefined)
		return "—";
	return `${ms < 0.1 ? ms.toFixed(2) : ms < 10 ? ms.toFixed(1) : Math.round(ms)}\u00a0ms`;
}
