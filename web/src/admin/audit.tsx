/* audit.tsx - who asked what, newest first, a page at a time; is the record whole? */
import { useEffect, useRef, useState } from "preact/hooks";
import { format_moment } from "../format";
import { words } from "../i18n";
import { bench_now } from "../store";
import { text_of } from "./accounts";
import { look_in_turn } from "./turn";

const PAGE = 100;
const MOST = 2000; /* kept in the page; further back, ask with a filter */

interface Line {
	n: number;
	time?: string;
	who?: string;
	from?: string;
	act?: string;
	subject?: string;
	value?: string;
	text?: string;
	result?: string;
	why?: string;
	times?: number;
}

interface Answer {
	records: Line[];
	next: number | null;
	whole: boolean;
	faults: string[];
	count: number;
	hash: string;
}

const what = (l: Line) => [l.act, l.subject, l.value === undefined || l.value === "" ? "" : `= ${l.value}`, l.text ? `“${l.text}”` : ""].filter((s) => s).join(" ");
const BAD = ["refused", "failed", "unknown"];

export function Audit() {
	const w = words().admin;
	const [answer, set_answer] = useState<Answer | null>(null);
	const [lines, set_lines] = useState<Line[]>([]);
	const [why, set_why] = useState("");
	const [busy, set_busy] = useState(false);
	const form = useRef<HTMLFormElement>(null);
	const turn = useRef(0);
	const filter = useRef("");
	const look = async (before: number | null) => {
		const mine = ++turn.current;
		if (before === null) {
			const f = form.current!;
			const query = new URLSearchParams();
			for (const name of ["who", "act"] as const)
				if (text_of(f, name).trim() !== "")
					query.set(name, text_of(f, name).trim());
			if (text_of(f, "since") !== "")
				query.set("since", new Date(text_of(f, "since")).toISOString().replace(/\.\d+Z$/, "Z"));
			filter.current = String(query);
		}
		set_busy(true);
		const a = await look_in_turn<Answer>(`audit?${[filter.current, `limit=${PAGE}`, before === null ? "" : `before=${before}`].filter((s) => s !== "").join("&")}`);
		if (mine !== turn.current)
			return; /* another question came after it */
		set_busy(false);
		set_why(a.text);
		if (a.data) {
			const { records } = a.data;
			set_answer(a.data);
			set_lines((old) => (before === null ? records : [...old, ...records]));
		}
	};
	useEffect(() => void look(null), []);
	return (
		<section aria-labelledby="audit-title" class="audit">
			<h2 id="audit-title">{w.audit}</h2>
			{answer && (answer.whole ? <p class="whole"><span aria-hidden="true">✓</span> {w.whole(answer.count)} <code>{answer.hash.slice(0, 16)}…</code></p>
				: <div class="broken" role="alert"><p><span aria-hidden="true">✕</span> {w.broken}</p><ul>{answer.faults.map((f) => <li key={f}>{f}</li>)}</ul></div>)}
			<form ref={form} class="bar" onSubmit={(e) => {
				e.preventDefault();
				void look(null);
			}}>
				<label class="bar">{w.who}<input type="text" name="who" placeholder="user:anna" autoCapitalize="none" spellcheck={false} /></label>
				<label class="bar">{w.act}<input type="text" name="act" placeholder="set" autoCapitalize="none" spellcheck={false} /></label>
				<label class="bar">{w.since}<input type="datetime-local" name="since" /></label>
				<button type="submit" disabled={busy}>{w.ask}</button>
			</form>
			<p class="message" role="alert">{why}</p>
			<table class="cards-when-narrow">
				<thead><tr>{["n", w.time, w.who, w.by, w.what, w.result].map((t) => <th scope="col" key={t}>{t}</th>)}</tr></thead>
				<tbody>
					{lines.map((l) => (
						<tr key={l.n} data-record={l.n}>
							<th scope="row">{l.n}</th>
							<td class="when">{l.time ? format_moment(Date.parse(l.time), bench_now()) : ""}</td>
							<td>{l.who ?? ""}</td>
							<td>{l.from ?? ""}</td>
							<td>{what(l)}</td>
							<td class={BAD.includes(l.result ?? "") ? "is-bad" : ""}>{BAD.includes(l.result ?? "") ? "✕ " : ""}{[l.result, l.why].filter((s) => s).join(": ")}{l.times ? ` ${w.times(l.times)}` : ""}</td>
						</tr>
					))}
				</tbody>
			</table>
			{answer && lines.length === 0 && <p class="empty">{w.audit_none}</p>}
			{answer?.next != null && lines.length > 0 && (lines.length < MOST
				? <div class="bar"><button type="button" disabled={busy} onClick={() => void look(answer.next)}>{w.more}</button></div> : <p class="empty">{w.audit_most(MOST)}</p>)}
		</section>
	);
}
