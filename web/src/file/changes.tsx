/* changes.tsx - what a bench file changes: the lines that differ, and what they mean; what became of it */
import { words } from "../i18n";
import type { Changes, Written } from "./ask";

const LINES_MOST = 2000;

export const is_nothing = (c: Changes) => Object.values(c).every((list: unknown[]) => list.length === 0);

export function Difference({ text, label }: { text: string; label: string }) {
	const w = words().file;
	const lines = text.replace(/\n$/, "").split("\n");
	if (text === "")
		return <p class="empty">{w.no_difference}</p>;
	const kind = (l: string) => (/^(\+\+\+|---)/.test(l) ? "place" : l.startsWith("+") ? "plus" : l.startsWith("-") ? "minus" : l.startsWith("@@") ? "place" : "");
	return (
		<>
			<pre class="difference" tabIndex={0} role="group" aria-label={label}>
				{lines.slice(0, LINES_MOST).map((l, k) => <span key={k} class={kind(l)}>{l}{"\n"}</span>)}
			</pre>
			{lines.length > LINES_MOST && <p class="empty">{w.more_lines(lines.length - LINES_MOST)}</p>}
		</>
	);
}

/* What prevents less than before stands first. */
export function Meaning({ changes }: { changes: Changes }) {
	const w = words().file;
	const list = (title: string, items: string[], kind = "") => items.length > 0 && (
		<div class={`meaning ${kind}`}>
			<h3>{title}</h3>
			<ul>{items.map((t, k) => <li key={k}>{t}</li>)}</ul>
		</div>
	);
	if (is_nothing(changes))
		return <p class="empty">{w.no_changes}</p>;
	return (
		<>
			{list(`▲ ${w.weaker}`, changes.weaker, "weaker")}
			{list(w.programs, changes.programs, "weaker")}
			{list(w.stronger, changes.stronger)}
			{list(w.changed, changes.changed)}
			{list(w.new, changes.new)}
			{list(w.gone, changes.gone)}
			{list(w.units, changes.units.map((u) => `${u.channel}: ${u.was || "—"} → ${u.is || "—"}`))}
		</>
	);
}

const GOOD = ["taken", "dropped"];

export function Became({ written }: { written: Written | null }) {
	const w = words().file;
	if (written === null)
		return null;
	const is_good = GOOD.includes(written.state);
	return (
		<div class={`became ${is_good ? "good" : written.state === "refused" ? "bad" : "warn"}`} role="status" data-became={written.state}>
			<p><strong>{is_good ? "✓" : written.state === "refused" ? "✕" : "▲"} {w.states[written.state]}</strong></p>
			{written.text !== "" && <pre class="server-words">{written.text}</pre>}
			{written.kept != null && <p>{w.kept(written.kept)}</p>}
		</div>
	);
}
