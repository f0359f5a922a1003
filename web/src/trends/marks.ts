/* marks.ts - events, steps of sequences and limits of alarms, as marks on the plot. Pure. */

export interface Mark {
	at: number; /* on the x axis: ms */
	kind: "event" | "step" | "note";
	severity: "info" | "warning" | "error";
	text: string;
	run: number | null;
}

/* As the API gives them; what else they have is not asked here. */
export interface Happening {
	time: string | null;
	kind: string;
	severity: Mark["severity"];
	text: string;
}

export interface RunStep {
	number: number;
	title: string;
	comment: string | null;
	begin: string;
	begin_seconds: number;
	end_seconds: number | null;
	ended: string | null;
}

export interface RunStory {
	run: number;
	title: string;
	begin: string;
	notes: { time?: string; seconds?: number; text?: string }[];
	sequences: { name: string; title: string; steps: RunStep[]; marks?: { seconds: number; text?: string }[] }[];
}

/* Of thousands of events the newest are drawn; the list tells how many are left out. */
export const MARKS_MOST = 300;

/* Commands and what follows from them come by the hundred in a ramp: they are in the list of events, not on the plot. */
const QUIET = new Set(["sequence_sets", "sequence_intent", "sequence_form", "command"]);

export const event_marks = (events: Happening[]): Mark[] =>
	events.filter((e) => e.time !== null && !QUIET.has(e.kind)).map((e) => ({
		at: Date.parse(e.time!), kind: e.kind === "sequence_step" ? "step" : e.kind === "record_note" ? "note" : "event",
		severity: e.severity, text: e.text, run: null,
	}));

const step_words = (s: RunStep) => (s.title === "" ? String(s.number) : `${s.number} ${s.title}`);

/* The step of a run that is meant by its number or title: the first time that it was executed. */
export function step_of(story: RunStory, step: string): RunStep | null {
	for (const sequence of story.sequences)
		for (const s of sequence.steps)
			if (String(s.number) === step || s.title === step)
				return s;
	return null;
}

/* Steps, marks and notes of a run, since its beginning or that of `step`. */
export function run_marks(story: RunStory, step: string): Mark[] {
	const zero = step === "" ? 0 : step_of(story, step)?.begin_seconds ?? 0;
	const marks: Mark[] = [];
	const put = (kind: Mark["kind"], seconds: number | undefined, text: string | undefined) => {
		if (seconds !== undefined && Number.isFinite(seconds))
			marks.push({ at: (seconds - zero) * 1000, kind, severity: "info", text: text ?? "", run: story.run });
	};
	for (const sequence of story.sequences) {
		for (const s of sequence.steps)
			put("step", s.begin_seconds, step_words(s));
		for (const m of sequence.marks ?? [])
			put("note", m.seconds, m.text);
	}
	for (const n of story.notes)
		put("note", n.seconds ?? (n.time ? (Date.parse(n.time) - Date.parse(story.begin)) / 1000 : undefined), n.text);
	return marks.sort((a, b) => a.at - b.at);
}

/* Numbers and titles of the steps that all of these runs have, in the order of the first. */
export function common_steps(stories: RunStory[]): RunStep[] {
	const seen = new Set<number>();
	return (stories[0]?.sequences ?? []).flatMap((s) => s.steps).filter((s) => {
		const first = !seen.has(s.number);
		seen.add(s.number);
		return first && stories.every((other) => step_of(other, String(s.number)) !== null);
	});
}

/* Marks nearer than `pixels` to each other are drawn as one; `to_px` places them. Each group in the order of time. */
export function group_marks(marks: Mark[], to_px: (at: number) => number, pixels: number): Mark[][] {
	const groups: Mark[][] = [];
	let last = -Infinity;
	for (const m of [...marks].sort((a, b) => a.at - b.at)) {
		const px = to_px(m.at);
		if (px - last < pixels && groups.length > 0) {
			groups[groups.length - 1]!.push(m);
		} else {
			groups.push([m]);
			last = px;
		}
	}
	return groups;
}

export interface Limit {
	channel: string;
	value: number;
	alarm: string;
	sign: string; /* ">", "<=", ... */
}

/* Of a condition such as `T_bed > 500 degC and on`: each comparison of one channel with a number. In another unit than the channel's it is not
 * drawn: no unit is converted here. */
export function limits_of(alarm: string, condition: string | null, unit_of: (name: string) => string | null): Limit[] {
	const limits: Limit[] = [];
	const pattern = /(?:^|[(\s])([A-Za-z_][\w.]*)\s*(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*([^\s()]*)/g;
	for (const [, channel, sign, number, word] of (condition ?? "").matchAll(pattern)) {
		const unit = unit_of(channel!);
		const is_word = word === "" || word === "and" || word === "or" || word === "for";
		if (unit !== null && (is_word || word === unit))
			limits.push({ channel: channel!, value: Number(number), alarm, sign: sign! });
	}
	return limits;
}
