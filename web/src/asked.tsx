/* asked.tsx - what pages show of their wishes: the verdict beside a button, a button that asks once more, lines to copy */
import { useRef, useState } from "preact/hooks";
import { told_words, type Told } from "./ask";
import { use_two_touches } from "./hooks";
import { words } from "./i18n";

export const Verdict = ({ told }: { told: Told | null }) => (
	<p class={`verdict ${told?.verdict ?? ""}`} role="status">{told === null ? "" : told_words(told)}</p>
);

/* What cannot be taken back is pressed twice. */
export function Twice({ text, busy, on_go }: { text: string; busy: boolean; on_go: () => void }) {
	const { armed, press } = use_two_touches(on_go);
	return (
		<button type="button" class={armed ? "twice armed" : "twice"} disabled={busy} onClick={press} onKeyDown={(e) => e.repeat && e.preventDefault()}>
			{armed ? words().asked.again(text) : text}
		</button>
	);
}

/* Without TLS a browser gives no clipboard to a page of another computer: then the text is marked, for the keys. */
export function Copy({ text, label }: { text: string; label?: string }) {
	const [done, set_done] = useState("");
	const shown = useRef<HTMLElement>(null);
	const w = words().asked;
	const copy = async () => {
		try {
			await navigator.clipboard.writeText(text);
			set_done(w.copied);
		} catch {
			getSelection()?.selectAllChildren(shown.current!);
			set_done(w.marked);
		}
	};
	return (
		<p class="copy">
			<code ref={shown}>{text}</code>
			<button type="button" aria-label={`${w.copy} ${label ?? text}`} onClick={() => void copy()}>{w.copy}</button>
			<span role="status">{done}</span>
		</p>
	);
}
