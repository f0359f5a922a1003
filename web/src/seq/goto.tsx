/* goto.tsx - GO TO STEP: hold, see every output that differs, then RESUME or not
 *
 * What differs only the controller knows, and it says so when the sequence is held for it. Nothing goes on before RESUME.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Sequence } from "../api";
import { send, verdict_of, verdict_words, is_pending } from "../door";
import { use_settled, use_store } from "../hooks";
import { words } from "../i18n";
import { looked_at } from "../seen";
import { bench_now } from "../store";
import { get_events } from "./ask";

const SUBJECT = "sequence";
const LAG_MS = 1500; /* what has happened is in the record a second later */

export interface Difference {
	output: string;
	is: string;
	normally: string;
}

/* "T is 25 degC, normally 20 degC; V_H2 is open, normally closed; 3 more: mbc log" */
export function read_differences(text: string): { list: Difference[]; has_more: boolean } {
	if (/^held; RESUME goes there; all outputs are as usual$/.test(text))
		return { list: [], has_more: false };
	const parts = text.replace(/^held; RESUME goes there; ?/, "").split("; ");
	const list = parts.map((p) => /^(\S+) is (.+), normally (.+)$/.exec(p)).filter((m) => m !== null)
		.map((m) => ({ output: m[1]!, is: m[2]!, normally: m[3]! }));
	/* What cannot be read here differs all the same. */
	return { list, has_more: list.length < parts.length };
}

/* All of them are events, too: what had no room in the answer stands there. */
async function all_differences(since: number): Promise<Difference[]> {
	await new Promise((done) => setTimeout(done, LAG_MS));
	const { events } = await get_events({ kind: "sequence_note", from: new Date(since - 1000).toISOString(), limit: "1000" });
	const found = events.map((e) => read_differences(e.note ?? "").list[0]).filter((d) => d !== undefined);
	return [...new Map(found.map((d) => [d.output, d])).values()];
}

type Steps = Sequence["steps"];

export function GoToBox({ steps, may_resume, state, on_close }: { steps: Steps; may_resume: () => boolean; state: string | null; on_close: () => void }) {
	const dialog = useRef<HTMLDialogElement>(null);
	const [chosen, set_chosen] = useState(steps[0]!.number);
	const [found, set_found] = useState<Difference[] | null>(null);
	const [is_more, set_more] = useState(false);
	const [was_sent, set_sent] = useState(false);
	const w = words();
	use_store();
	useEffect(() => dialog.current?.showModal(), []);
	const settled = use_settled();
	/* The step that it goes away from: what executes now, when this was opened, or when it was told that it is another one by now. */
	const leaves = useRef(looked_at("goto"));
	const mine = useRef<number | null>(null); /* the hold that its RESUME is for */
	/* Somebody else has gone on, or held it again: what differs, and where RESUME leads, is another matter. */
	useEffect(() => {
		if (found !== null && state !== "held")
			set_found(null);
	}, [state]);
	const step = steps.find((s) => s.number === chosen) ?? steps[0]!;
	const title = w.sequence_step(String(step.number), step.title);
	const told = was_sent ? verdict_of(SUBJECT) : null;
	const hold = async () => {
		const since = bench_now();
		set_sent(true);
		const verdict = await send(SUBJECT, "POST", "sequence/goto", { step: step.number, ...leaves.current }, `${w.sequence_buttons.goto} ${step.number}`);
		if (verdict !== "verified" && verdict !== "accepted") {
			leaves.current = looked_at("goto");
			return;
		}
		mine.current = verdict_of(SUBJECT)?.event ?? null;
		const read = read_differences(verdict_of(SUBJECT)?.text ?? "");
		set_found(read.list);
		set_more(read.has_more);
		if (!read.has_more)
			return;
		try {
			set_found(await all_differences(since));
			set_more(false);
		} catch {
			return; /* it says that there are more, and where */
		}
	};
	const resume = async () => {
		const verdict = await send(SUBJECT, "POST", "sequence/resume", { hold_id: mine.current ?? undefined }, w.sequence_buttons.resume);
		if (verdict === "verified" || verdict === "accepted")
			dialog.current?.close();
	};
	return (
		<dialog ref={dialog} class="sequence-box goto-box" onClose={on_close} aria-labelledby="goto-title">
			<h2 id="goto-title">{w.seq.goto_title}</h2>
			<p>{w.seq.goto_about}</p>
			<label class="bar">{w.sequence_to}
				<select value={String(chosen)} disabled={is_pending(SUBJECT)} onChange={(e) => {
					set_chosen(Number(e.currentTarget.value));
					set_found(null);
					set_sent(false);
				}}>
					{steps.map((s) => <option value={String(s.number)}>{w.sequence_step(String(s.number), s.title)}</option>)}
				</select>
			</label>
			<div aria-live="polite">
				{found !== null && found.length === 0 && !is_more && <p class="verdict verified">✓ {w.seq.goto_same}</p>}
				{found !== null && (found.length > 0 || is_more) && (
					<>
						<p><strong>{w.seq.goto_differs}</strong></p>
						<table class="plain differs">
							<thead><tr><th>{w.seq.goto_output}</th><th>{w.seq.goto_is}</th><th>{w.seq.goto_normally}</th></tr></thead>
							<tbody>{found.map((d) => <tr key={d.output}><th scope="row">{d.output}</th><td>{d.is}</td><td>{d.normally}</td></tr>)}</tbody>
						</table>
					</>
				)}
				{told && <p class={`verdict ${told.verdict}`}>{verdict_words(told)}</p>}
			</div>
			<div class="bar">
				{found === null ? <button type="button" class="go" disabled={is_pending(SUBJECT) || !settled} onClick={() => void hold()}>{w.seq.goto_hold}</button>
					: <button type="button" class="go" disabled={is_pending(SUBJECT) || !may_resume()} onClick={() => void resume()}>{w.seq.goto_resume(title)}</button>}
				<button type="button" class="cancel" autoFocus onClick={() => dialog.current?.close()}>{found === null ? w.close : w.seq.goto_stay}</button>
			</div>
		</dialog>
	);
}
