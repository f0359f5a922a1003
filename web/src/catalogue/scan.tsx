/* scan.tsx - what is on a link of the bench file that has no instrument: found, it fills in the form */
import { useState } from "preact/hooks";
import { ask, told_of, use_wish } from "../ask";
import { Verdict } from "../asked";
import { words } from "../i18n";
import type { Kind } from "./ask";
import { begun_of, type Begun } from "./lines";

interface Scanned {
	wire: string;
	found: { words: string; says: string }[];
	echoes: boolean;
	says_the_same: boolean;
	questions: number;
	asked: number;
	why: string;
	took: number;
}

function Found({ s, all, on_take }: { s: Scanned; all: Kind[]; on_take: (kind: Kind, begun: Begun) => void }) {
	const w = words().scan;
	return (
		<div data-scanned={s.wire}>
			<p>{s.found.length === 0 ? w.nobody : w.found(s.found.length)} {w.asked(s.asked, s.questions, s.took.toFixed(0))}</p>
			{s.why !== "" && <p class="message">{w.failed(s.why)}</p>}
			{s.echoes && <p class="message">{w.echoes}</p>}
			{s.says_the_same && <p class="message">{w.says_the_same}</p>}
			<ul class="add-list">{s.found.map((f) => {
				const begun = begun_of(f.words, s.wire);
				const kind = all.find((k) => k.name === begun?.use);
				const text = <><strong>{f.words}</strong> {f.says !== "" && <small>{w.says(f.says)}</small>}</>;
				return <li key={f.words}>{kind && begun ? <button type="button" data-take={f.words} onClick={() => on_take(kind, begun)}>{text}</button> : <p>{text} <small>{w.language}</small></p>}</li>;
			})}</ul>
		</div>
	);
}

export function Scan({ links, all, on_take }: { links: string[]; all: Kind[]; on_take: (kind: Kind, begun: Begun) => void }) {
	const w = words().scan;
	const { told, busy, wish } = use_wish();
	const [link, set_link] = useState(links[0] ?? "");
	const [found, set_found] = useState<Scanned | null>(null);
	const go = () => wish(async () => {
		set_found(null);
		const a = await ask<Scanned>("POST", "scan", { wire: link });
		set_found(a.data);
		return told_of(a, w.done);
	});
	return (
		<details class="add-scan">
			<summary>{w.title}</summary>
			<p>{w.about}</p>
			{links.length > 0 && <div class="bar">
				<label class="bar">{w.link}<select id="scan-link" value={link} disabled={busy} onChange={(e) => set_link(e.currentTarget.value)}>{links.map((l) => <option key={l} value={l}>{l}</option>)}</select></label>
				<button type="button" disabled={busy} onClick={go}>{w.go}</button>
				<Verdict told={told} />
			</div>}
			{found && <Found s={found} all={all} on_take={on_take} />}
		</details>
	);
}
