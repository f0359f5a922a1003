/* story.ts - the run of the sequence under test: what became of its steps, out of the record
 *
 * What runs now the channels say. What became of the steps before stands in the run, a second later; it is asked for when the step or the state changes, and until the
 * answer knows of it, for a while.
 */
import { channel, known_text, OVER } from "../sequence";
import { store, tell_all } from "../store";
import { get_run, get_runs, type Part, type RunDetail } from "./ask";

const SETTLE_MS = 1500; /* until the record has it */
const AGAIN_MS = 5000;
const TRIES = 6;
const AWAY_MS = 4000; /* it is minded each second while somebody looks */

let run: RunDetail | null = null;
let key_of = ""; /* what the channels said when it was asked */
let tries = 0;
let next_at = 0; /* performance.now() */
let is_asking = false;
let minded = -Infinity; /* performance.now() */

const key_now = () => `${known_text("name")} ${known_text("state")} ${known_text("step")}`;
const is_over = () => OVER.includes(known_text("state") ?? "");

const last_part = (r: RunDetail): Part | null => r.sequences.at(-1) ?? null;

/* Does the run tell of what the channels say? */
function fits(r: RunDetail): boolean {
	const part = last_part(r);
	if (part === null || part.name !== known_text("name"))
		return false;
	if (is_over())
		return part.end !== null;
	return part.end === null && part.steps.some((s) => s.ended === null && String(s.number) === known_text("step"));
}

async function ask(): Promise<void> {
	is_asking = true;
	const key = key_now();
	try {
		let found = run === null ? null : await get_run(run.run);
		if (found === null || !fits(found)) {
			const newest = (await get_runs()).at(-1);
			found = newest === undefined ? null : newest.run === found?.run ? found : await get_run(newest.run);
		}
		run = found;
		tries = found !== null && fits(found) ? TRIES : tries + 1;
	} catch {
		tries++;
	}
	key_of = key;
	next_at = performance.now() + AGAIN_MS;
	is_asking = false;
	tell_all();
}

/* To be called each second while somebody looks. */
export function mind_story(): void {
	const state = known_text("state");
	if (document.hidden || is_asking || store.link !== "live" || state === null || state === "idle")
		return;
	/* Nobody looked for a while: it may be another run of the same sequence, in the same step. */
	const now = performance.now();
	if (now - minded > AWAY_MS) {
		run = null;
		key_of = "";
		tell_all();
	}
	minded = now;
	if (key_of !== key_now()) {
		key_of = key_now();
		tries = 0;
		next_at = run === null ? now : now + SETTLE_MS;
	}
	if (tries < TRIES && now >= next_at)
		void ask();
}

/* The run, and in it the sequence under test; null: it is not known, or is another one. */
export function story(): { run: RunDetail; part: Part } | null {
	const part = run === null ? null : last_part(run);
	const name = channel("name")?.value;
	return run !== null && part !== null && part.name === name && (part.end === null) === !OVER.includes(String(channel("state")?.value ?? "idle"))
		? { run, part } : null;
}
