/* sequence.tsx - the Sequence page: the one under test, its runs, the card for the door, the editor
 *
 * Addresses: #sequence, #sequence/runs, #sequence/runs/17, #sequence/card, #sequence/edit/NAME.
 */
import { words } from "../i18n";
import { address_of, read_part, route } from "../route";
import { Card } from "../seq/card";
import { Editor, has_editor } from "../seq/edit";
import { Now } from "../seq/now";
import { OneRun, Runs } from "../seq/runs";
import "./sequence.css";

const PARTS = ["now", "runs", "card", "edit"] as const;

function Part({ name, of }: { name: string; of: string }) {
	if (name === "runs")
		return of === "" ? <Runs /> : <OneRun key={of} run={Number(of)} />;
	if (name === "edit")
		return <Editor name={of} />;
	return name === "card" ? <Card /> : <Now />;
}

export function SequencePage() {
	const w = words();
	const [part = "", of = ""] = route().rest.split("/");
	const parts = PARTS.filter((p) => p !== "edit" || has_editor());
	const shown = parts.find((p) => p === part) ?? "now";
	return (
		<>
			<nav class="parts" aria-label={w.seq.tabs}>
				{parts.map((p) => (
					<a key={p} href={address_of("sequence", p === "now" ? "" : p)} aria-current={p === shown ? "page" : undefined}>{w.seq.tab[p]}</a>
				))}
			</nav>
			<Part name={shown} of={read_part(of)} />
		</>
	);
}
