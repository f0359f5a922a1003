/* edit.tsx - the bench file as text: checked as it is typed, compared with what runs, written by one press
 *
 * What was typed outlives a look at another page, and another hand: when somebody else has written the file meanwhile, both are shown and a person decides.
 */
import { useEffect, useMemo, useState } from "preact/hooks";
import { Checker } from "../checker";
import { Code } from "../code";
import { use_two_touches } from "../hooks";
import { words } from "../i18n";
import { line_diff } from "../line_diff";
import { address_of, go } from "../route";
import { may_protect } from "../session";
import { yaml_colours } from "../yaml_colours";
import { check, get_file, put_file, Refused, type BenchFile, type Checked, type Fault, type Written } from "./ask";
import { Became, Difference, is_nothing, Meaning } from "./changes";

/* After the last key: of a great text each check takes long, and should not come between two keys. */
const pause_of = (text: string) => 600 + text.length / 2000;

/* The file that is edited, and as it was when it was read. */
const kept = { base: null as BenchFile | null, text: "" };

const is_dirty = () => kept.base !== null && kept.text !== kept.base.text;

/* The file was written from elsewhere on this page: what was not edited is read anew. */
export function forget(): void {
	if (!is_dirty())
		kept.base = null;
}

/* The text as it stands in the editor, for who proposes a change of it. */
export async function text_now(): Promise<string> {
	if (!is_dirty()) {
		kept.base = await get_file();
		kept.text = kept.base.text;
	}
	return kept.text;
}

/* It is edited, and not written: the editor shows what it changes. */
export function propose(text: string): void {
	kept.text = text;
}

function warn(e: BeforeUnloadEvent): void {
	if (is_dirty())
		e.preventDefault();
}

function FaultList({ faults, file, go_to }: { faults: Fault[]; file: string; go_to: (line: number, column: number) => void }) {
	const place = (f: Fault) => (f.line === null ? "" : `${f.file === file ? "" : `${f.file}:`}${f.line}:${f.column}`);
	return (
		<ul class="faults">
			{faults.map((f, k) => (
				<li key={k} class={f.kind}>
					{f.line === null ? <strong>{f.kind === "error" ? "✕" : "⚠"}</strong> : (
						<button type="button" onClick={() => (f.file === file ? go_to(f.line!, f.column ?? 1) : go("file", `part/${f.file}:${f.line}:${f.column}`))}>
							{f.kind === "error" ? "✕" : "⚠"} {place(f)}
						</button>
					)} {f.text}{f.remedy === null ? "" : `; ${f.remedy}`}
				</li>
			))}
		</ul>
	);
}

/* Somebody else was faster. */
function Conflict({ mine, theirs, on_keep, on_take }: { mine: BenchFile; theirs: BenchFile; on_keep: () => void; on_take: () => void }) {
	const w = words().file;
	const take = use_two_touches(on_take);
	return (
		<section class="conflict" aria-labelledby="conflict-title" role="alert">
			<h2 id="conflict-title">▲ {w.conflict}</h2>
			<p>{w.conflict_about}</p>
			<Difference text={line_diff(mine.text, theirs.text)} label={w.conflict} />
			<div class="bar">
				<button type="button" onClick={on_keep}>{w.keep_mine}</button>
				<button type="button" aria-pressed={take.armed} onClick={take.press}>{take.armed ? w.sure : w.take_theirs}</button>
			</div>
		</section>
	);
}

export function Editor({ on_written }: { on_written: () => void }) {
	const w = words().file;
	const [base, set_base] = useState(kept.base);
	const [text, set_text] = useState(kept.text);
	const [checked, set_checked] = useState<{ of: string; answer: Checked } | null>(null);
	const [theirs, set_theirs] = useState<BenchFile | null>(null);
	const [written, set_written] = useState<Written | null>(null);
	const [at, set_at] = useState({ line: 0, column: 0 });
	const [reason, set_reason] = useState("");
	const [why, set_why] = useState("");
	const [is_busy, set_busy] = useState(false);
	const put = (next: string) => {
		kept.text = next;
		set_text(next);
	};
	const begin_with = (file: BenchFile, next: string) => {
		kept.base = file;
		set_base(file);
		put(next);
		set_theirs(null);
		set_checked(null); /* it was compared with the one before */
	};
	const read = () => {
		set_why("");
		void get_file().then((f) => begin_with(f, f.text), (e: Error) => set_why(e.message));
	};
	const again = use_two_touches(read);
	const checker = useMemo(() => new Checker<Checked>(check, (of, answer, told) => {
		if (answer !== null)
			set_checked({ of, answer });
		set_why(answer !== null ? "" : `${words().file.not_checked} ${told}`);
	}), []);
	useEffect(() => {
		if (kept.base === null)
			read();
		addEventListener("beforeunload", warn);
		return () => {
			checker.stop();
			removeEventListener("beforeunload", warn);
		};
	}, []);
	useEffect(() => {
		if (base !== null)
			checker.want(text, pause_of(text));
	}, [text, base]);
	if (base === null)
		return why === "" ? <p role="status">{w.reading}</p> : <><p class="message" role="alert">{why}</p><button type="button" onClick={read}>{w.read_again}</button></>;
	const is_of_now = checked !== null && checked.of === text;
	const answer = is_of_now ? checked.answer : null;
	const faults = answer?.errors ?? [];
	const n_errors = faults.filter((f) => f.kind === "error").length;
	const is_weaker = answer?.needs_reason === true;
	const has_program = (answer?.changes?.programs.length ?? 0) > 0;
	const is_same = text === base.text && (answer?.changes == null || is_nothing(answer.changes));
	const shut = is_busy ? w.applying : !is_of_now ? w.checking : !answer!.good ? w.has_errors : is_same ? w.is_same : has_program ? w.has_program
		: is_weaker && !may_protect() ? w.needs_protect : theirs !== null ? w.conflict : "";
	const refused = async (e: unknown): Promise<void> => {
		const told = e instanceof Error ? e.message : String(e);
		set_why(told);
		const is_lost = !(e instanceof Refused);
		if (!is_lost && e.status === 422)
			checker.want(text, 0);
		if (!is_lost && e.status !== 409)
			return;
		/* The answer was lost, or a browser has asked a second time by itself: what is on the disk says so. */
		const now = await get_file();
		if (now.text === text && text !== base.text) {
			begin_with(now, text);
			set_why(words().file.states.unknown);
		} else if (!is_lost && now.sha256 !== base.sha256) {
			set_theirs(now);
			set_why("");
		}
	};
	const apply = async (e: Event): Promise<void> => {
		e.preventDefault();
		if (shut !== "")
			return;
		if (is_weaker && reason.trim() === "") {
			set_why(w.needs_reason);
			return;
		}
		set_busy(true);
		set_why("");
		set_written(null);
		try {
			const done = await put_file(text, base.sha256, reason.trim());
			/* The next one is written over this one; what was typed meanwhile stays. */
			kept.base = { ...base, text, sha256: done.sha256 ?? base.sha256 };
			set_base(kept.base);
			set_checked(null);
			set_written(done);
			set_reason("");
			on_written();
		} catch (error) {
			await refused(error).catch((other: Error) => set_why(other.message));
		}
		set_busy(false);
	};
	return (
		<>
			<div class="bar">
				<strong class="file-name">{base.file}</strong>
				<span role="status" data-check={!is_of_now ? "asking" : n_errors > 0 ? "wrong" : "good"}>
					{!is_of_now ? `… ${w.checking}` : n_errors === 0 ? `✓ ${w.good}` : `✕ ${w.errors(n_errors)}`}{text === base.text ? "" : ` · ${w.edited}`}
				</span>
				<button type="button" aria-pressed={again.armed} onClick={text === base.text ? read : again.press}>{again.armed ? w.sure : text === base.text ? w.read_again : w.drop_edits}</button>
			</div>
			{base.parts.length > 0 && (
				<details class="parts-list">
					<summary>{w.parts(base.parts.length)}</summary>
					<ul>{base.parts.map((p) => <li key={p}><a href={address_of("file", `part/${p}`)}>{p}</a></li>)}</ul>
				</details>
			)}
			<FaultList faults={faults} file={base.file} go_to={(line, column) => set_at({ line, column })} />
			<Code text={text} at={at} colours={yaml_colours} label={w.text} on_input={put}
				marks={faults.flatMap((f) => (f.file === base.file && f.line !== null ? [{ line: f.line, kind: f.kind }] : []))} />
			<p class="message" role="alert">{why}</p>
			{theirs !== null && <Conflict mine={base} theirs={theirs} on_keep={() => begin_with(theirs, text)} on_take={() => begin_with(theirs, theirs.text)} />}
			<Became written={written} />
			<form class="bar apply" onSubmit={(e) => void apply(e)}>
				<label>{is_weaker ? w.reason_must : w.reason} <input type="text" maxLength={100} value={reason} onInput={(e) => set_reason(e.currentTarget.value)} /></label>
				<button type="submit" class="go" disabled={shut !== ""}>{w.apply}</button>
				<span class="shut">{shut}</span>
			</form>
			{answer !== null && answer.good && (
				<section class="changes" aria-labelledby="changes-title">
					<h2 id="changes-title">{w.changes}</h2>
					{answer.changes !== null ? <Meaning changes={answer.changes} /> : <p class="empty">{w.no_meaning}</p>}
					<h3>{w.lines}</h3>
					<Difference text={answer.diff} label={w.lines} />
				</section>
			)}
		</>
	);
}
