/* try.tsx - an instrument is asked now: what it says for each of its points, and what went over the wire */
import { useState } from "preact/hooks";
import "./try.css";
import { ask, told_of, use_wish } from "../ask";
import { Verdict } from "../asked";
import { format_unit } from "../format";
import { reason_words, words } from "../i18n";

interface TriedPoint {
	name: string;
	title: string;
	unit: string;
	value: number | boolean | string | null;
	quality: string;
	reason_text: string;
	remedy: string;
}

interface Exchange {
	after: number;
	kind: "sent" | "received" | "note";
	verdict: string;
	meaning: string;
	bytes: string;
	truncated: boolean;
}

interface Trial {
	instrument: string;
	answers: boolean;
	identity: string;
	took: number;
	complete: boolean;
	not_asked: string;
	points: TriedPoint[];
	points_left_out: number;
	exchanges: Exchange[];
	exchanges_left_out: number;
}

const ARROW = { sent: "→", received: "←", note: "·" };

function said_of(p: TriedPoint): string {
	const own = reason_words(p.quality);
	return p.quality === "good" ? words().good : [own.text || p.reason_text, own.remedy || p.remedy].filter((s) => s !== "").join(words().colon);
}

function value_of(p: TriedPoint): string {
	const w = words();
	/* As many digits as an instrument has; the server tells those of the computer. */
	return p.value === null ? "—" : p.value === true ? w.on : p.value === false ? w.off : typeof p.value === "number" ? String(Number(p.value.toPrecision(7))) : p.value;
}

/* As much of a frame as is printable, for languages that are text. */
function text_of(bytes: string): string {
	const codes = bytes.split(" ").map((b) => parseInt(b, 16));
	const plain = codes.filter((c) => c >= 0x20 && c < 0x7f).length;
	return 2 * plain < codes.length ? "" : ` '${codes.map((c) => (c >= 0x20 && c < 0x7f ? String.fromCharCode(c) : c === 13 ? "\\r" : c === 10 ? "\\n" : "·")).join("")}'`;
}

function line_of(x: Exchange): string {
	const verdict = x.verdict === "good" ? "" : `[${reason_words(x.verdict).text || x.verdict}]`;
	const head = [x.after.toFixed(3).padStart(8), ARROW[x.kind], x.meaning, verdict].filter((s) => s !== "").join(" ");
	return x.bytes === "" ? head : `${head}\n           ${x.bytes}${x.truncated ? ` ${words().cut}` : ""}${text_of(x.bytes)}`;
}

function Found({ t }: { t: Trial }) {
	const w = words();
	return (
		<div class="trial" data-trial={t.answers ? "answers" : "silent"}>
			<p>{t.answers ? w.trial.answers(t.took.toFixed(1)) : w.trial.silent(t.took.toFixed(1))}{t.identity !== "" && ` ${w.trial.says(t.identity)}`}</p>
			{!t.complete && <p class="message">{w.trial.not_complete}</p>}
			{t.not_asked !== "" && <p class="message">{w.trial.not_asked(t.not_asked)}</p>}
			{t.points.length > 0 && (
				<div class="scroll" tabIndex={0} role="region" aria-label={w.trial.points}>
					<table class="panel-table">
						<thead><tr><th>{w.col_name}</th><th>{w.col_value}</th><th>{w.col_quality}</th></tr></thead>
						<tbody>{t.points.map((p) => (
							<tr key={p.name} data-tried={p.name}>
								<th scope="row" title={p.title}>{p.name}</th>
								<td class="value">{value_of(p)} <span class="panel-unit">{p.value === null ? "" : format_unit(p.unit)}</span></td>
								<td>{said_of(p)}</td>
							</tr>
						))}</tbody>
					</table>
				</div>
			)}
			{t.points_left_out > 0 && <p>{w.devices.more(t.points_left_out)}</p>}
			<h3>{w.trial.exchanges}</h3>
			{t.exchanges_left_out > 0 && <p>{w.trial.left_out(t.exchanges_left_out)}</p>}
			<pre class="exchanges" tabIndex={0} aria-label={w.trial.exchanges}>{t.exchanges.map(line_of).join("\n")}</pre>
		</div>
	);
}

export function Try({ name }: { name: string }) {
	const w = words().trial;
	const { told, busy, wish } = use_wish();
	const [found, set_found] = useState<Trial | null>(null);
	const go = () => wish(async () => {
		set_found(null);
		const a = await ask<Trial>("POST", `instruments/${encodeURIComponent(name)}/try`, {});
		set_found(a.data);
		return told_of(a, w.done);
	});
	return (
		<>
			<p>{w.about}</p>
			<div class="bar"><button type="button" disabled={busy} onClick={go}>{w.go}</button><Verdict told={told} /></div>
			{found && <Found t={found} />}
		</>
	);
}
