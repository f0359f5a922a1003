/* alarm_stats.ts - how often alarms came and how long they stayed, from their events. Pure.
 *
 * The words are those of ISA-18.2: standing is what is on for a day; chattering what comes and goes, as the controller itself counts it; a flood is ten in ten minutes.
 */
import type { BenchEvent } from "./api";

export interface AlarmRow {
	name: string;
	came: number;
	on_ms: number;
	longest_ms: number;
	chattered: number; /* how often the controller said so */
	since: number | null; /* it is on now; not before the beginning of what was looked at */
	is_standing: boolean;
}

export interface AlarmStats {
	rows: AlarmRow[]; /* worst first */
	came: number;
	per_day: number;
	most_in_ten_min: number;
	of_ten_worst: number; /* 0..1 of all that came */
}

export const KINDS = ["alarm_on", "alarm_off", "alarm_shelved", "alarm_suppressed", "alarm_out_of_service", "alarm_chatters"];
export const FLOOD = 10;
const TEN_MIN = 600_000;
const DAY = 86_400_000;

/* events: in any order; is_on: those whose condition is on now. */
export function alarm_stats(events: BenchEvent[], from: number, to: number, is_on: Set<string>): AlarmStats {
	const rows = new Map<string, AlarmRow>();
	const begun = new Map<string, number>();
	const times: number[] = [];
	const row_of = (name: string) => {
		let row = rows.get(name);
		if (!row)
			rows.set(name, row = { name, came: 0, on_ms: 0, longest_ms: 0, chattered: 0, since: null, is_standing: false });
		return row;
	};
	const end = (row: AlarmRow, since: number, at: number) => {
		const span = Math.max(0, at - since);
		row.on_ms += span;
		row.longest_ms = Math.max(row.longest_ms, span);
		begun.delete(row.name);
	};
	for (const e of [...events].sort((a, b) => a.id - b.id)) {
		const at = e.time === null ? NaN : Date.parse(e.time);
		if (e.subject === null || !(at >= from && at <= to) || !KINDS.includes(e.kind))
			continue;
		const row = row_of(e.subject);
		if (e.kind === "alarm_chatters") {
			row.chattered++;
		} else if (e.kind === "alarm_on") {
			row.came++;
			times.push(at);
			if (!begun.has(row.name))
				begun.set(row.name, at);
		} else if (begun.has(row.name)) {
			end(row, begun.get(row.name)!, at);
		} else if (e.kind === "alarm_off" && row.came === 0 && row.on_ms === 0) {
			end(row, from, at); /* it was on before */
		}
	}
	for (const name of is_on) {
		const row = row_of(name);
		row.since = begun.get(name) ?? from;
		row.is_standing = to - row.since >= DAY - 60_000;
		end(row, row.since, to);
	}
	return sum_up([...rows.values()].filter((r) => r.came > 0 || r.on_ms > 0 || r.chattered > 0), times, to - from);
}

function sum_up(rows: AlarmRow[], times: number[], span: number): AlarmStats {
	rows.sort((a, b) => b.came - a.came || b.on_ms - a.on_ms || (a.name < b.name ? -1 : 1));
	times.sort((a, b) => a - b);
	let most = 0;
	for (let first = 0, k = 0; k < times.length; k++) {
		while (times[k]! - times[first]! >= TEN_MIN)
			first++;
		most = Math.max(most, k - first + 1);
	}
	const worst = rows.slice(0, 10).reduce((sum, r) => sum + r.came, 0);
	return { rows, came: times.length, per_day: (times.length * DAY) / Math.max(1, span), most_in_ten_min: most,
		of_ten_worst: times.length === 0 ? 0 : worst / times.length };
}
