/* picture.tsx - a plot that the server draws, as a part of the page
 *
 * Taken over element by element: shapes and texts with numbers and classes alone. Its own style stays behind, which the page's policy would not let in anyway;
 * the page's style has the same classes, for dark too.
 */
import { useEffect, useMemo, useRef } from "preact/hooks";
import { words } from "../i18n";

const SVG = "http://www.w3.org/2000/svg";
const ELEMENTS = ["svg", "g", "rect", "path", "text", "title"];
const ATTRIBUTES = ["viewBox", "x", "y", "width", "height", "d", "class"];
const MOST = 200_000; /* elements */

function take(from: Element, left: { n: number }): Element | null {
	if (from.namespaceURI !== SVG || !ELEMENTS.includes(from.localName) || left.n-- <= 0)
		return null;
	const made = document.createElementNS(SVG, from.localName);
	for (const name of ATTRIBUTES)
		if (from.hasAttribute(name))
			made.setAttribute(name, from.getAttribute(name)!);
	for (const child of from.childNodes) {
		const inner = child instanceof Element ? take(child, left) : child.nodeType === Node.TEXT_NODE ? document.createTextNode(child.nodeValue ?? "") : null;
		if (inner)
			made.append(inner);
	}
	return made;
}

export function Picture({ text, label }: { text: string; label: string }) {
	const place = useRef<HTMLDivElement>(null);
	const drawn = useMemo(() => {
		const bare = text.replace(/<style>[^<]*<\/style>/, ""); /* the browser complains of it even when it is not taken over */
		const read = text === "" ? null : new DOMParser().parseFromString(bare, "image/svg+xml").documentElement;
		return read !== null && read.localName === "svg" ? take(read, { n: MOST }) : null;
	}, [text]);
	useEffect(() => place.current?.replaceChildren(drawn ?? ""), [drawn]);
	if (drawn === null)
		return <p class="message">{words().seq.rehearse_no_plot}</p>;
	return <div class="picture" ref={place} role="img" aria-label={label} tabIndex={0} />;
}
