/* versions.tsx - each bench file that ran: what going back to it would change, and the way back */
import { useEffect, useState } from "preact/hooks";
import { words } from "../i18n";
import { may_protect } from "../session";
import { store } from "../store";
import { get_diff, get_versions, undo, type Diff, type Version, type Written } from "./ask";
import { Became, Difference, Meaning } from "./changes";

const stamp = (time: string) => new Date(time).toLocaleString("sv");

function One({ version, runs, on_done }: { version: Version; runs: Version | undefined; on_done: (w: Written) => void }) {
	const w = words().file;
	const [diff, set_diff] = useState<Diff | null>(null);
	const [why, set_why] = useState("");
	const [reason, set_reason] = useState("");
	const [is_busy, set_busy] = useState(false);
	/* From what runs to that version: what would become weaker is what going back weakens. */
	useEffect(() => {
		void (runs === undefined ? get_diff(version.version, null) : get_diff(runs.version, version.version)).then(set_diff, (e: Error) => set_why(e.message));
	}, [version.version, runs?.version]);
	const is_weaker = (diff?.changes?.weaker.length ?? 0) > 0;
	const back = (e: Event) => {
		e.preventDefault();
		if (is_weaker && reason.trim() === "") {
			set_why(w.needs_reason);
			return;
		}
		set_busy(true);
		set_why("");
		void undo(version.version, reason.trim()).then(on_done, (error: Error) => set_why(error.message)).finally(() => set_busy(false));
	};
	return (
		<section class="one-version" aria-labelledby="one-version-title">
			<h2 id="one-version-title">{w.version_about(version.version)}</h2>
			<p class="message" role="alert">{why}</p>
			{diff === null ? why === "" && <p role="status">{w.reading}</p> : <>
				{diff.changes !== null ? <Meaning changes={diff.changes} /> : <p class="empty">{w.no_meaning}</p>}
				<Difference text={diff.diff} label={w.difference} />
			</>}
			{is_weaker && !may_protect() ? <p>{w.needs_protect}</p> : (
				<form class="bar" onSubmit={back}>
					<label>{is_weaker ? w.reason_must : w.reason} <input type="text" maxLength={100} value={reason} onInput={(e) => set_reason(e.currentTarget.value)} /></label>
					<button type="submit" class="go" disabled={is_busy || diff === null}>{is_busy ? w.applying : w.undo(version.version)}</button>
				</form>
			)}
		</section>
	);
}

export function Versions({ on_written }: { on_written: () => void }) {
	const w = words().file;
	const [list, set_list] = useState<Version[] | null>(null);
	const [chosen, choose] = useState(0);
	const [written, set_written] = useState<Written | null>(null);
	const [why, set_why] = useState("");
	const read = () => void get_versions().then((a) => {
		set_list(a.versions);
		set_why("");
	}, (e: Error) => set_why(e.message));
	useEffect(read, [store.bench?.generation]);
	const one = list?.find((v) => v.version === chosen);
	return (
		<>
			<p class="message" role="alert">{why}</p>
			<Became written={written} />
			{list === null ? why === "" && <p role="status">{w.reading}</p> : list.length === 0 ? <p class="empty">{w.no_versions}</p> : (
				<div class="scroll" tabIndex={0} role="group" aria-label={w.versions}>
					<table class="plain versions">
						<thead><tr><th scope="col">{w.version}</th><th scope="col">{w.time}</th><th scope="col">{w.by}</th><th scope="col">{w.file_hash}</th><th scope="col"><span class="unseen">{w.difference}</span></th></tr></thead>
						<tbody>
							{list.map((v) => (
								<tr key={v.version} class={v.runs ? "runs" : ""} data-version={v.version}>
									<td>{v.version}</td>
									<td>{stamp(v.time)}</td>
									<td>{v.never_ran ? w.never_ran : v.who}</td>
									<td><code>{v.hash.slice(0, 12)}</code></td>
									<td>{v.runs ? <strong>✓ {w.runs}</strong> : (
										<button type="button" aria-pressed={chosen === v.version} aria-label={`${w.difference} ${v.version}`} onClick={() => choose(chosen === v.version ? 0 : v.version)}>{w.difference}</button>
									)}</td>
								</tr>
							))}
						</tbody>
					</table>
				</div>
			)}
			{one !== undefined && <One key={one.version} version={one} runs={list!.find((v) => v.runs)} on_done={(done) => {
				set_written(done);
				choose(0);
				read();
				on_written();
			}} />}
		</>
	);
}
