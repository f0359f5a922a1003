/* file.tsx - the bench file: edited, its parts read, its versions
 *
 * Addresses: #file, #file/part/NAME or NAME:LINE:COLUMN, #file/versions.
 */
import { useEffect, useState } from "preact/hooks";
import { get_bench } from "../api";
import { Code } from "../code";
import { get_part, type BenchFile, type Written } from "../file/ask";
import { Became } from "../file/changes";
import { Editor, forget } from "../file/edit";
import { Versions } from "../file/versions";
import { Waits } from "../file/waits";
import { use_interval, use_store } from "../hooks";
import { words } from "../i18n";
import { address_of, route } from "../route";
import { colours } from "../seq/colours";
import { store, tell_all } from "../store";
import { yaml_colours } from "../yaml_colours";
import "./file.css";

const LOOK_MS = 5000;

function Part({ of }: { of: string }) {
	const w = words().file;
	const [, name = of, line, column] = /^(.*?)(?::(\d+):(\d+))?$/.exec(of)!;
	const [file, set_file] = useState<BenchFile | null>(null);
	const [why, set_why] = useState("");
	const [at, set_at] = useState({ line: 0, column: 0 });
	useEffect(() => void get_part(name).then((f) => {
		set_file(f);
		set_at({ line: Number(line ?? 0), column: Number(column ?? 1) });
	}, (e: Error) => set_why(e.message)), [of]);
	return (
		<>
			<div class="bar"><strong class="file-name">{name}</strong><span>{name.endsWith(".seq") ? w.part_sequence : w.read_only}</span></div>
			<p class="message" role="alert">{why}</p>
			{file === null ? why === "" && <p role="status">{w.reading}</p>
				: <Code text={file.text} marks={[]} at={at} colours={name.endsWith(".seq") ? colours : yaml_colours} label={name} />}
		</>
	);
}

/* Does a file wait by now, or no more? No event tells it. */
async function look(): Promise<void> {
	try {
		store.bench = await get_bench();
		tell_all();
	} catch {
		/* the head says that the server is away */
	}
}

export function FilePage() {
	const w = words().file;
	const { rest } = route();
	const [done, set_done] = useState<Written | null>(null);
	use_store();
	use_interval(look_soon, LOOK_MS);
	const part = rest.startsWith("part/") ? decodeURIComponent(rest.slice(5)) : null;
	const shown = part !== null ? "part" : rest === "versions" ? "versions" : "edit";
	const written = () => {
		if (shown === "versions")
			forget();
		set_done(null);
		void look();
	};
	const pending = store.bench?.pending ?? null;
	return (
		<div class="file-page">
			<nav class="subpages" aria-label={words().pages.file}>
				<a href={address_of("file")} aria-current={shown === "edit" ? "page" : undefined}>{w.edit}</a>
				<a href={address_of("file", "versions")} aria-current={shown === "versions" ? "page" : undefined}>{w.versions}</a>
			</nav>
			{pending !== null && <Waits pending={pending} on_done={(d) => {
				set_done(d);
				void look();
			}} />}
			<Became written={done} />
			<section aria-label={shown === "versions" ? w.versions : words().pages.file}>
				{shown === "part" ? <Part key={part} of={part!} /> : shown === "versions" ? <Versions on_written={written} /> : <Editor on_written={written} />}
			</section>
		</div>
	);
}

const look_soon = () => void look();
