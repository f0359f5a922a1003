/* edit.tsx - the editor: the text of a sequence, beside it the same as a table
 *
 * The text is the truth. It is checked as it is typed, by the server's compiler; the table is made of the tree that comes back (rows.ts), and can be edited as long as that is
 * the tree of the text that stands there. A server that cannot check has no editor: what it offers stands in its OpenAPI document.
 */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { get, get_sequences } from "../api";
import { Again, Checker } from "../checker";
import { Code } from "../code";
import { ask_with_leave, may } from "../door";
import { get_file, get_part, put_part, type Written } from "../file/ask";
import { Became } from "../file/changes";
import { use_store } from "../hooks";
import { words } from "../i18n";
import { go } from "../route";
import { may_configure } from "../session";
import { is_output } from "../set";
import { store, tell_all } from "../store";
import { colours } from "./colours";
import * as rows from "./rows";

const CHECK_MS = 500; /* after the last key */
const TYPED_MS = 1000;
const LIMIT_MS = 20_000;
const UNDO_MOST = 100;

/* ---- what the server offers ---- */

let offered: boolean | null = null; /* null: not known yet */
let is_asking = false;

export function has_editor(): boolean {
	if (offered === null && !is_asking) {
		is_asking = true;
		void get<{ paths: Record<string, unknown> }>("openapi.json", AbortSignal.timeout(LIMIT_MS)).then((d) => {
			offered = "/api/v1/sequences/check" in d.paths;
			tell_all();
		}, () => {
			is_asking = false;
		});
	}
	return offered === true && (may("sequence") || may_configure());
}

interface Fault {
	line: number;
	column: number;
	kind: "error" | "warning";
	text: string;
	remedy: string | null;
	code: string | null;
}

interface Checked {
	errors: Fault[];
	tree: rows.Tree | null; /* null: it cannot be read */
}

async function check(text: string, name: string): Promise<Checked> {
	const a = await ask_with_leave("sequences/check", { text, name }, AbortSignal.timeout(LIMIT_MS));
	if (a.status === 200)
		return JSON.parse(a.text) as Checked;
	const why = (JSON.parse(a.text) as { detail?: string }).detail ?? String(a.status);
	throw a.status === 429 || a.status === 503 ? new Again(why) : new Error(why);
}

interface Loaded {
	text: string;
	part: string;
	sha256: string;
}

/* One of the bench's: one of the files that the bench is made of. Who may not configure it does not see them. */
async function load(name: string): Promise<Loaded> {
	const { parts } = await get_file();
	const part = parts.find((p) => p === `${name}.seq` || p.endsWith(`/${name}.seq`));
	if (part === undefined)
		throw new Error(name);
	const { text, sha256 } = await get_part(part);
	return { text, part, sha256 };
}

/* Where the bench has its sequences; "": that is not known. */
async function find_folder(): Promise<string> {
	const part = (await get_file()).parts.find((p) => p.endsWith(".seq"));
	return part === undefined ? "" : part.slice(0, part.lastIndexOf("/") + 1);
}

/* ---- a row in its box ---- */

const ENDINGS = ["", "wait", "dwell", "until"] as const;

function RowBox({ row, on_done, on_close }: { row: rows.Row; on_done: (r: rows.Row) => string; on_close: () => void }) {
	const dialog = useRef<HTMLDialogElement>(null);
	const [now, set_now] = useState(() => structuredClone(row));
	const [why, set_why] = useState("");
	const w = words().seq;
	const outputs = [...store.channels.values()].filter((c) => is_output(c.info)).map((c) => c.info.name);
	useEffect(() => dialog.current?.showModal(), []);
	const put = (more: Partial<rows.Row>) => set_now({ ...now, ...more });
	const setting = (k: number, more: Partial<rows.Setting>) => put({ settings: now.settings.map((s, i) => (i === k ? { ...s, ...more } : s)) });
	const ending = (more: Partial<rows.Ending>) => put({ ending: { kind: "wait", text: "", timeout: "", orelse: "", ...now.ending, ...more } });
	const field = (label: string, value: string, change: (v: string) => void, list?: string) => (
		<label>{label}<input type="text" value={value} list={list} spellcheck={false} onInput={(e) => change(e.currentTarget.value)} /></label>
	);
	const done = (e: Event) => {
		e.preventDefault();
		const wrong = on_done(now);
		set_why(wrong);
		if (wrong === "")
			dialog.current?.close();
	};
	return (
		<dialog ref={dialog} class="sequence-box row-box" onClose={on_close} aria-label={w.edit_row}>
			<form onSubmit={done}>
				<h2>{w.edit_row}</h2>
				<div class="row-fields">
					{field(w.col.step, String(now.number), (v) => put({ number: Number(v) }))}
					{field(w.col.title, now.title, (title) => put({ title }))}
				</div>
				<datalist id="edit-outputs">{outputs.map((o) => <option value={o} />)}</datalist>
				{now.settings.map((s, k) => (
					<fieldset class="row-fields" key={k}>
						<legend>{s.output || w.col.output}</legend>
						{field(w.col.output, s.output, (output) => setting(k, { output }), "edit-outputs")}
						{field(w.col.value, s.value, (value) => setting(k, { value }))}
						{field(w.edit_rate, s.rate, (rate) => setting(k, { rate }))}
						<label class="check"><input type="checkbox" checked={s.waits} disabled={s.rate === ""} onChange={(e) => setting(k, { waits: e.currentTarget.checked })} />{w.edit_waits}</label>
						<button type="button" onClick={() => put({ settings: now.settings.filter((_, i) => i !== k) })}>{w.edit_remove}</button>
					</fieldset>
				))}
				<button type="button" onClick={() => put({ settings: [...now.settings, { output: "", value: "", rate: "", waits: false }] })}>{w.edit_more}</button>
				<fieldset class="row-fields">
					<legend>{w.edit_ending}</legend>
					<label>{w.edit_ending}
						<select value={now.ending?.kind ?? ""} onChange={(e) => (e.currentTarget.value === "" ? put({ ending: null }) : ending({ kind: e.currentTarget.value as rows.Ending["kind"] }))}>
							{ENDINGS.map((k) => <option value={k}>{w.edit_endings[k]}</option>)}
						</select>
					</label>
					{now.ending && field(now.ending.kind === "until" ? w.edit_condition : w.edit_time, now.ending.text, (text) => ending({ text }))}
					{now.ending?.kind === "until" && field(w.edit_timeout, now.ending.timeout, (timeout) => ending({ timeout }))}
					{now.ending?.kind === "until" && field(w.edit_else, now.ending.orelse, (orelse) => ending({ orelse }))}
				</fieldset>
				{now.rest.length > 0 && <><p>{w.edit_rest}</p><pre class="rest">{now.rest.join("\n")}</pre></>}
				<p class="message" role="alert">{why}</p>
				<div class="bar">
					<button type="submit" class="go">{w.edit_take}</button>
					<button type="button" class="cancel" onClick={() => dialog.current?.close()}>{words().cancel}</button>
				</div>
			</form>
		</dialog>
	);
}

/* ---- the table ---- */

type Edit = (tree: rows.Tree, text: string) => string;

function Table({ list, is_shut, edit, open }: { list: rows.Row[]; is_shut: boolean; edit: (e: Edit) => void; open: (r: rows.Row) => void }) {
	const w = words().seq;
	const outputs = [...new Set(list.flatMap((r) => r.settings.map((s) => s.output)))];
	const cell = (r: rows.Row, output: string) => {
		const s = r.settings.find((x) => x.output === output);
		return s && <>{s.value}{s.rate !== "" && <small>{s.waits ? "↗ " : "⇢ "}{s.rate}</small>}</>;
	};
	const act = (r: rows.Row, label: string, sign: string, e: Edit) => (
		<button type="button" class="row-act" disabled={is_shut} title={label} aria-label={`${label}: ${words().sequence_step(String(r.number), r.title)}`} onClick={() => edit(e)}>{sign}</button>
	);
	return (
		<div class="scroll" tabIndex={0} role="group" aria-label={w.edit_table}>
			<table class="plain rows">
				<thead><tr><th>{w.col.step}</th>{outputs.map((o) => <th key={o}>{o}</th>)}<th>{w.edit_ending}</th><th>{w.edit_rest_short}</th><th><span class="unseen">{w.edit_row}</span></th></tr></thead>
				<tbody>
					{list.map((r) => (r.include !== null
						? <tr key={r.place}><td colSpan={outputs.length + 4}>{w.edit_include(r.include)}</td></tr>
						: (
							<tr key={r.place} data-row={r.number}>
								<th scope="row"><button type="button" disabled={is_shut} onClick={() => open(r)}>{words().sequence_step(String(r.number), r.title)}</button></th>
								{outputs.map((o) => <td key={o}>{cell(r, o)}</td>)}
								<td class="ending">{r.ending && rows.ending_text(r.ending)}</td>
								<td class="rest">{r.rest.length > 0 && <pre>{r.rest.map((l) => l.trim()).join("\n")}</pre>}</td>
								<td class="row-acts">
									{act(r, w.edit_up, "↑", (t, x) => rows.move_row(t, x, r.place, -1))}
									{act(r, w.edit_down, "↓", (t, x) => rows.move_row(t, x, r.place, 1))}
									{act(r, w.edit_add, "+", (t, x) => rows.add_row(t, x, r.place, w.edit_new))}
									{act(r, w.edit_copy, "⧉", (t, x) => rows.copy_row(t, x, r.place))}
									{act(r, w.edit_remove, "✕", (t, x) => rows.remove_row(t, x, r.place))}
								</td>
							</tr>
						)))}
				</tbody>
			</table>
		</div>
	);
}

/* ---- all of it ---- */

function read_file(take: (text: string, name: string) => void) {
	return (e: Event) => {
		const field = e.currentTarget as HTMLInputElement;
		const file = field.files?.[0];
		void file?.text().then((text) => take(text, file.name));
		field.value = ""; /* the same file can be chosen again */
	};
}

function save(text: string, name: string): void {
	const a = document.createElement("a");
	a.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
	a.download = name;
	a.click();
	setTimeout(() => URL.revokeObjectURL(a.href), 10_000);
}

/* ---- saved on the bench ---- */

const NAME = /^[A-Za-z0-9_-]{1,64}$/;

/* In its own place, or under another name as a new one. */
function SaveBar({ text, is_good, on_why }: { text: string; is_good: boolean; on_why: (why: string) => void }) {
	const w = words().seq;
	const [name, set_name] = useState(kept.name.replace(/\.seq$/, ""));
	const [written, set_written] = useState<Written | null>(null);
	const [is_busy, set_busy] = useState(false);
	const [, set_folder] = useState(kept.folder);
	useEffect(() => set_name(kept.name.replace(/\.seq$/, "")), [kept.name]);
	useEffect(() => {
		if (kept.folder === null)
			void find_folder().then((f) => set_folder(kept.folder = f), () => undefined);
	}, []);
	const folder = kept.part === "" ? kept.folder ?? "" : kept.part.slice(0, kept.part.lastIndexOf("/") + 1);
	const part = `${folder}${name}.seq`;
	const save_it = async (e: Event): Promise<void> => {
		e.preventDefault();
		if (part !== kept.part && !NAME.test(name)) {
			on_why(w.edit_name_no);
			return;
		}
		set_busy(true);
		set_written(null);
		on_why("");
		try {
			const done = await put_part(part, text, part === kept.part ? kept.sha256 : "");
			Object.assign(kept, { part, name: `${name}.seq`, of: name, sha256: done.sha256 ?? "" });
			set_written(done);
		} catch (error) {
			on_why(error instanceof Error ? error.message : String(error));
		}
		set_busy(false);
	};
	return (
		<>
			<form class="bar save-bar" onSubmit={(e) => void save_it(e)}>
				<label class="filter">{w.edit_name}<input type="text" value={name} maxLength={64} spellcheck={false} onInput={(e) => set_name(e.currentTarget.value)} /></label>
				<button type="submit" class="go" disabled={is_busy || !is_good || folder === ""}>{is_busy ? words().file.applying : part === kept.part ? w.edit_put : w.edit_put_new}</button>
				<span class="message">{folder === "" ? w.edit_no_folder : !is_good ? w.edit_put_not : ""}</span>
			</form>
			<Became written={written} />
		</>
	);
}

/* What is being edited outlives a look at another page. */
const kept = { text: "", of: "", name: "new.seq", part: "", sha256: "", folder: null as string | null, undo: [] as string[], typed: 0 };

export function Editor({ name }: { name: string }) {
	const [text, set_text] = useState(kept.text);
	const [checked, set_checked] = useState<{ of: string; answer: Checked } | null>(null);
	const [why, set_why] = useState("");
	const [at, set_at] = useState({ line: 0, column: 0 });
	const [open, set_open] = useState<rows.Row | null>(null);
	const [names, set_names] = useState<string[]>([]);
	const w = words().seq;
	use_store();
	/* What is typed without a pause is undone at once. */
	const put = (next: string, is_typed = false) => {
		if (next === text)
			return;
		const now = performance.now();
		if (!is_typed || now - kept.typed > TYPED_MS)
			kept.undo = [...kept.undo.slice(-UNDO_MOST), text];
		kept.typed = is_typed ? now : 0;
		kept.text = next;
		set_text(next);
	};
	/* What is being edited is not lost: the text before is what Undo gives back. */
	useEffect(() => {
		if (name === "" || kept.of === name)
			return;
		void load(name).then((found) => {
			kept.of = name;
			Object.assign(kept, { name: `${name}.seq`, part: found.part, sha256: found.sha256 });
			put(found.text);
		}, () => set_why(w.edit_no_text));
	}, [name]);
	useEffect(() => void get_sequences().then((a) => set_names(a.sequences.map((s) => s.name)), () => undefined), [store.list_version]);
	/* One question at a time: the server has no room for more. */
	const checker = useMemo(() => new Checker<Checked>((t) => check(t, kept.name), (of, answer, told) => {
		if (answer !== null)
			set_checked({ of, answer });
		set_why(answer !== null ? "" : `${words().seq.edit_not_checked} ${told}`);
	}), []);
	useEffect(() => () => checker.stop(), []);
	useEffect(() => {
		if (text === "")
			return undefined;
		checker.want(text, CHECK_MS);
		return undefined;
	}, [text]);
	const is_of_now = checked !== null && checked.of === text;
	const tree = checked?.answer.tree ?? null;
	const try_it = (e: Edit): string => {
		if (!is_of_now || tree === null)
			return w.edit_wait;
		try {
			put(e(tree, text));
			return "";
		} catch (error) {
			if (!(error instanceof rows.NoEdit))
				throw error;
			return w.edit_no[error.why](error.about);
		}
	};
	const edit = (e: Edit) => set_why(try_it(e));
	const list = tree === null ? [] : rows.rows_of(tree, checked!.of);
	const last = list.filter((r) => r.include === null).at(-1);
	const faults = is_of_now ? checked!.answer.errors : [];
	return (
		<section class="editor" aria-labelledby="editor-title">
			<h2 id="editor-title">{w.tab.edit} <small>{kept.name}</small></h2>
			<div class="bar">
				<label class="filter">{w.edit_bench}
					<select value={name} onChange={(e) => go("sequence", `edit/${e.currentTarget.value}`)}>
						<option value="">—</option>
						{names.map((n) => <option key={n} value={n}>{n}</option>)}
					</select>
				</label>
				<label class="button">{w.edit_open}<input type="file" class="unseen" accept=".seq" onChange={read_file((t, n) => {
					Object.assign(kept, { name: n, part: "", sha256: "", of: "" });
					put(t);
				})} /></label>
				<button type="button" disabled={text === ""} onClick={() => save(text, kept.name)}>{w.edit_save}</button>
				<button type="button" disabled={kept.undo.length === 0} onClick={() => {
					kept.text = kept.undo.pop() ?? text;
					set_text(kept.text);
				}}>{w.edit_undo}</button>
				<label class="button">{w.edit_csv}<input type="file" class="unseen" accept=".csv,.txt" disabled={!is_of_now || last === undefined}
					onChange={read_file((t) => edit((tr, x) => rows.import_csv(tr, x, last!.place, t)))} /></label>
				<span role="status">{text === "" ? w.edit_empty : !is_of_now ? w.edit_checking : faults.length === 0 ? `✓ ${w.edit_good}` : w.edit_faults(faults.length)}</span>
			</div>
			<p class="edit-why" role="alert">{why}</p>
			{may_configure() && <SaveBar text={text} is_good={text !== "" && is_of_now && faults.every((f) => f.kind !== "error")} on_why={set_why} />}
			<ul class="faults">
				{faults.map((f, k) => <li key={k} class={f.kind}><button type="button" onClick={() => set_at({ line: f.line, column: f.column })}>{f.kind === "error" ? "✕" : "⚠"} {f.line}:{f.column}</button> {f.text}{f.remedy === null ? "" : `; ${f.remedy}`}</li>)}
			</ul>
			<div class="both">
				<Code text={text} marks={faults} at={at} colours={colours} label={w.edit_text} on_input={(t) => put(t, true)} />
				<Table list={list} is_shut={!is_of_now} edit={edit} open={set_open} />
			</div>
			{open && <RowBox row={open} on_done={(r) => try_it((t, x) => rows.edit_row(t, x, r))} on_close={() => set_open(null)} />}
		</section>
	);
}
