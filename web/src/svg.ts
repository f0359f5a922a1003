/* svg.ts - an SVG of somebody else, taken apart and built anew from what is allowed here
 *
 * Nothing of it is ever put into the page as markup, nor given to a parser of the browser: that one tries what stands there. No scripts, links, pictures, fonts, animations or foreign elements; no reference leaves the drawing, and its
 * names cannot be those of the page.
 */
const SVG = "http://www.w3.org/2000/svg";
const ELEMENTS_MOST = 20_000;
const DEPTH_MOST = 60;
const PREFIX = "drawing-";

const ELEMENTS = new Set(["svg", "g", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan", "title", "desc", "defs", "linearGradient",
	"radialGradient", "stop", "clipPath"]);

/* Of presentation: as attributes, or out of a style attribute, which the content security policy would not let pass. */
const LOOK = new Set(["fill", "fill-opacity", "fill-rule", "stroke", "stroke-width", "stroke-linecap", "stroke-linejoin", "stroke-miterlimit", "stroke-dasharray",
	"stroke-dashoffset", "stroke-opacity", "opacity", "color", "font-size", "font-family", "font-weight", "font-style", "text-anchor", "dominant-baseline",
	"letter-spacing", "clip-path", "clip-rule", "stop-color", "stop-opacity", "visibility", "display"]);

const SHAPE = new Set(["d", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "fx", "fy", "width", "height", "points", "transform", "viewBox",
	"preserveAspectRatio", "offset", "gradientUnits", "gradientTransform", "spreadMethod", "clipPathUnits", "dx", "dy", "rotate", "textLength", "lengthAdjust"]);

const BINDING = new Set(["data-channel", "data-state", "data-unit"]);

/* A value that may stand; null: it points out of the drawing, or hides something. */
export function safe_value(value: string): string | null {
	if (value.length > 200_000)
		return null;
	const local = /^\s*url\(\s*["']?#([\w.-]+)["']?\s*\)\s*$/.exec(value);
	if (local)
		return `url(#${PREFIX}${local[1]})`;
	return /url\s*\(|\\|javascript:|expression|@import|\/\*/i.test(value) ? null : value;
}

/* "fill:red; stroke:none" as pairs. */
export function style_pairs(style: string): [string, string][] {
	return style.split(";").map((part) => part.split(":")).filter((p) => p.length === 2).map(([key, value]) => [key!.trim().toLowerCase(), value!.trim()] as [string, string])
		.filter(([key]) => LOOK.has(key));
}

/* ---- the text, taken apart ---- */

export interface Node_ {
	name: string; /* without "svg:" */
	attributes: [string, string][];
	children: (Node_ | string)[];
}

const ENTITIES: Record<string, string> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

const decode = (text: string) => text.replace(/&(#x[0-9a-f]{1,6}|#\d{1,7}|\w+);/gi, (all, word: string) => {
	if (word[0] !== "#")
		return ENTITIES[word] ?? all;
	const code = /^#x/i.test(word) ? parseInt(word.slice(2), 16) : Number(word.slice(1));
	return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : "";
});

const TAG = /<(?:!--[^]*?-->|\?[^]*?\?>|!\[CDATA\[([^]*?)\]\]>|!DOCTYPE[^>[]*(?:\[[^\]]*\]\s*)?>|\/([\w:.-]+)\s*>|([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>)/gy;
const ATTRIBUTE = /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

/* The outermost element; null: it is no XML. Entities of its own are not looked at. */
export function parse(text: string): Node_ | null {
	const top: Node_ = { name: "", attributes: [], children: [] };
	const open = [top];
	let n = 0;
	for (let at = text.charCodeAt(0) === 0xfeff ? 1 : 0; at < text.length;) {
		const next = text.indexOf("<", at);
		open.at(-1)!.children.push(decode(text.slice(at, next < 0 ? text.length : next)));
		if (next < 0)
			break;
		TAG.lastIndex = next;
		const found = TAG.exec(text);
		if (!found)
			return null;
		at = TAG.lastIndex;
		const [, raw, ends, begins, attributes, is_empty] = found;
		if (raw !== undefined)
			open.at(-1)!.children.push(raw);
		if (ends !== undefined && (open.length < 2 || open.pop()!.name !== ends.replace(/^svg:/, "")))
			return null;
		if (begins === undefined)
			continue;
		const node: Node_ = { name: begins.replace(/^svg:/, ""), children: [],
			attributes: [...attributes!.matchAll(ATTRIBUTE)].map((m) => [m[1]!, decode(m[2] ?? m[3] ?? "")]) };
		open.at(-1)!.children.push(node);
		if (is_empty === "")
			open.push(node);
		if (open.length > 1000 || ++n > 10 * ELEMENTS_MOST)
			return null;
	}
	const elements = top.children.filter((c) => typeof c !== "string") as Node_[];
	return open.length === 1 && elements.length === 1 ? elements[0]! : null;
}

/* ---- built anew ---- */

function copy_attributes(from: Node_, to: Element): void {
	const give = (key: string, value: string) => {
		const safe = safe_value(value);
		if (safe !== null)
			to.setAttribute(key, safe);
	};
	for (const [name, value] of from.attributes) {
		if (LOOK.has(name) || SHAPE.has(name) || BINDING.has(name))
			give(name, value);
		else if (name === "id" && /^[\w.-]+$/.test(value))
			to.setAttribute("id", PREFIX + value);
		else if ((name === "href" || name === "xlink:href") && /Gradient$/.test(from.name) && /^#[\w.-]+$/.test(value))
			to.setAttribute("href", `#${PREFIX}${value.slice(1)}`);
		else if (name === "style")
			style_pairs(value).forEach(([key, v]) => give(key, v));
	}
}

/* The drawing, of new elements alone; null: this is none. */
export function rebuild(text: string): SVGSVGElement | null {
	const root = parse(text);
	let n = 0;

	const copy = (from: Node_, depth: number): Element | null => {
		if (!ELEMENTS.has(from.name) || depth > DEPTH_MOST || ++n > ELEMENTS_MOST)
			return null;
		const to = document.createElementNS(SVG, from.name);
		copy_attributes(from, to);
		const has_words = ["text", "tspan", "title", "desc"].includes(from.name);
		for (const child of from.children) {
			const made = typeof child !== "string" ? copy(child, depth + 1) : has_words ? child : null;
			if (made !== null)
				to.append(made);
		}
		return to;
	};
	return root?.name === "svg" ? copy(root, 0) as SVGSVGElement | null : null;
}
