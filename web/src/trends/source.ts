/* source.ts - where the curves of a plan come from: what the page sees, what was recorded, earlier runs */
import { get_history, get_over, get_run, get_runs, type RunInfo } from "../api";
import { Asker } from "../asker";
import { History } from "../history";
import { join, type Joined, over_key, type Past, POINTS_MOST, type Wish, wish_of } from "../past";
import { bench_now, store } from "../store";
import { type Curve, curve_of, pair_of, style_of } from "./curves";
import { history_path } from "./links";
import { type RunStory, step_of } from "./marks";
import { is_over, type Plan } from "./plan";

const NOTHING = new History();

/* Channels that have to be asked for. */
const asked_of = (p: Plan): string[] =>
	(p.axis === "channel" && p.x !== "" ? [...new Set([p.x, ...p.names])] : p.names).filter((n) => store.channels.get(n)?.history);

/* ---- runs ---- */

export class Runs {
	list: RunInfo[] | null = null;
	stories = new Map<number, RunStory>();
	failed = false;
	private asking = new Set<number>();

	constructor(private told: () => void) {}

	async load(): Promise<void> {
		try {
			this.list = (await get_runs(AbortSignal.timeout(20_000))).runs.reverse();
			this.failed = false;
		} catch {
			this.failed = true;
		}
		this.told();
	}

	/* Steps, marks and notes of these; one that goes on has new ones each time. */
	want(runs: number[], again = false): void {
		for (const run of runs)
			if (!this.asking.has(run) && (!this.stories.has(run) || (again && this.is_open(run))))
				void this.ask(run);
	}

	private async ask(run: number): Promise<void> {
		this.asking.add(run);
		try {
			this.stories.set(run, await get_run(run));
			this.told();
		} catch {
			/* Without its steps a run is drawn all the same. */
		}
		this.asking.delete(run);
	}

	info = (run: number): RunInfo | undefined => this.list?.find((r) => r.run === run);
	is_open = (run: number): boolean => this.info(run)?.end === null;

	/* ms from what is time 0 to the end of the run; null: not known yet. */
	length(run: number, step: string): number | null {
		const info = this.info(run);
		if (!info)
			return null;
		const all = info.end === null ? bench_now() - Date.parse(info.begin) : info.seconds * 1000;
		const story = this.stories.get(run);
		const zero = step === "" ? 0 : story ? (step_of(story, step)?.begin_seconds ?? 0) * 1000 : 0;
		return Math.max(1000, all - zero);
	}
}

/* ---- what is shown ---- */

/* The stretch of time that is asked for: of the clock, or since the beginnings of runs. */
export function stretch_of(p: Plan, runs: Runs): [number, number] {
	if (is_over(p)) {
		if (p.part && p.axis !== "channel")
			return p.part;
		const all = p.runs.map((r) => runs.length(r, p.axis === "step" ? p.step : "")).filter((l) => l !== null);
		return p.part ?? [0, Math.max(1000, ...all)];
	}
	const to = p.view.end ?? bench_now();
	return [to - p.view.span, to];
}

/* An asker for this kind of question; another one is made when runs or their step are others. */
export const question_of = (p: Plan): string => (is_over(p) ? `${p.axis === "step" ? p.step : ""}|${p.runs.join()}` : "clock");

export function new_asker(p: Plan, told: () => void): Asker {
	if (!is_over(p))
		return new Asker(get_history, told);
	return new Asker((keys, from, to, points, since, stop) => {
		const names = [...new Set(keys.map((key) => key.split(" ")[0]!))];
		return get_over(history_path(p, names, from, to, points), since, stop);
	}, told);
}

/* Let the asker know what is shown; to be called as often as one likes. */
export function ask(p: Plan, asker: Asker, runs: Runs, pixels: number): void {
	const [from, to] = stretch_of(p, runs);
	const names = asked_of(p);
	const points = Math.max(2, Math.min(POINTS_MOST, Math.round(pixels)));
	if (names.length === 0 || (is_over(p) && runs.list === null)) {
		asker.want(null);
		return;
	}
	if (!is_over(p)) {
		const own = new Map(names.map((n) => [n, store.channels.get(n)!.history!]));
		asker.want(wish_of(own, from, to, bench_now(), points));
		return;
	}
	/* A run that goes on is asked for each five seconds, not at each drawing. */
	const last = p.part === null && p.runs.some(runs.is_open) ? Math.ceil(to / 5000) * 5000 : Math.ceil(to);
	const wish: Wish = { names: names.flatMap((n) => p.runs.map((r) => over_key(n, r))), from: Math.floor(from), to: last, until: last, points };
	asker.want(wish);
}

/* ---- curves ---- */

const unit_of = (name: string) => store.channels.get(name)?.info.unit ?? "";

export function joined_of(name: string, run: number | null, past: Past | null): Joined {
	if (run !== null)
		return join(NOTHING, past, over_key(name, run));
	return join(store.channels.get(name)?.history ?? NOTHING, past, name);
}

export function curves_of(p: Plan, past: Past | null, from: number, to: number): Curve[] {
	const runs: (number | null)[] = is_over(p) ? p.runs : [null];
	const until = is_over(p) ? to : Math.min(to, bench_now());
	const curves: Curve[] = [];
	p.names.forEach((name, channel) => {
		if (!store.channels.get(name)?.history)
			return;
		runs.forEach((run, k) => {
			const head = { name, run, unit: unit_of(name), ...style_of(channel, k, runs.length) };
			const joined = joined_of(name, run, past);
			const over = run === null ? undefined : past?.over?.find((o) => o.run === run);
			const end = over ? Math.min(until, over.seconds * 1000) : until;
			if (p.axis === "channel" && p.x !== "")
				curves.push(pair_of(head, joined_of(p.x, run, past), joined, from, Math.max(from, end)));
			else
				curves.push(curve_of(head, joined, from, end));
		});
	});
	return curves;
}
