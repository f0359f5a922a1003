/* code.tsx - a text with coloured lines, their numbers and what is wrong in them: a textarea over a drawing of the lines that can be seen
 *
 * Only those are drawn: a text of a hundred thousand lines is scrolled like one of ten. What is typed is in the textarea alone; the drawing is for the eye.
 */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import "./code.css";

export interface Piece {
	kind: "comment" | "text" | "number" | "word" | "plain";
	text: string;
}

export interface Mark {
	line: number;
	kind: "error" | "warning";
}

const AROUND = 10; /* lines beyond what can be seen */
const LONGEST = 2000; /* characters of a line that is coloured */

/* As it is drawn: what the style says is rounded, which is a screen off after some thousand lines. */
function line_height(a: HTMLTextAreaElement, n: number): number {
	const style = getComputedStyle(a);
	const all = a.scrollHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);
	return a.scrollHeight > a.clientHeight ? all / n : parseFloat(style.lineHeight) || 20;
}

interface Props {
	text: string;
	marks: Mark[];
	at: { line: number; column: number }; /* where to go; another object: go there again. Line 0: stay */
	colours: (line: string) => Piece[];
	label: string;
	on_input?: (text: string) => void; /* absent: it can only be read */
}

export function Code({ text, marks, at, colours, label, on_input }: Props) {
	const area = useRef<HTMLTextAreaElement>(null);
	const [seen, set_seen] = useState({ top: 0, left: 0, height: 0, of_line: 20 });
	const lines = useMemo(() => text.split("\n"), [text]);
	const count = useRef(0); /* of the text that stands there now: the observer below is made once */
	count.current = lines.length;
	const wrong = new Map(marks.map((m) => [m.line, m.kind]));
	const look = () => {
		const a = area.current;
		if (a === null) /* an event that comes behind the page's end */
			return;
		set_seen({ top: a.scrollTop, left: a.scrollLeft, height: a.clientHeight, of_line: line_height(a, count.current) });
	};
	useEffect(() => {
		const observer = new ResizeObserver(look);
		observer.observe(area.current!);
		return () => observer.disconnect();
	}, []);
	useEffect(look, [lines.length]);
	useEffect(() => {
		if (at.line === 0)
			return;
		const a = area.current!;
		const from = lines.slice(0, at.line - 1).reduce((sum, l) => sum + l.length + 1, 0);
		const length = lines[at.line - 1]?.length ?? 0;
		a.focus();
		a.setSelectionRange(from + Math.min(length, Math.max(0, at.column - 1)), from + length);
		a.scrollTop = Math.max(0, (at.line - 5) * line_height(a, lines.length));
		look();
	}, [at]);
	const first = Math.max(0, Math.min(lines.length - 1, Math.floor(seen.top / seen.of_line)) - AROUND);
	const shown = lines.slice(first, Math.ceil((seen.top + seen.height) / seen.of_line) + AROUND);
	return (
		<div class="code">
			<pre aria-hidden="true">
				<div style={{ transform: `translate(${-seen.left}px, ${first * seen.of_line - seen.top}px)` }}>
					{shown.map((l, k) => (
						<span key={first + k} class={`code-line ${wrong.get(first + k + 1) ?? ""}`} data-line={first + k + 1}>
							{(l.length > LONGEST ? [{ kind: "plain" as const, text: l }] : colours(l)).map((c) => (c.kind === "plain" ? c.text : <span class={`c-${c.kind}`}>{c.text}</span>))}{"\n"}
						</span>
					))}
				</div>
			</pre>
			<textarea ref={area} value={text} spellcheck={false} autocapitalize="off" wrap="off" aria-label={label} readOnly={on_input === undefined}
				onInput={(e) => on_input?.(e.currentTarget.value)} onScroll={look} />
		</div>
	);
}
