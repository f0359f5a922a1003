/* synoptic.tsx - the drawing of the laboratory, bound to channels
 *
 * <text data-channel="T_bed">: the value, with its unit unless data-unit="no". Any other element with data-channel: grey while the value is not good; with
 * data-state="open" it is full while the channel shows that, and faint while it shows something else.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import "./synoptic.css";
import { alarm_on, SYMBOL as ALARM_SYMBOL } from "./alarms";
import { get_synoptic } from "./api";
import { rebuild } from "./svg";
import { format_unit, format_value } from "./format";
import { recall, remember, words } from "./i18n";
import { SYMBOL, why } from "./quality";
import { sees_all } from "./session";
import { store, type Channel } from "./store";

const AGAIN_MS = 5000;

/* Writes into what the drawing has of one channel. */
function paint(element: Element, c: Channel | undefined): void {
	const { quality, text } = c ? why(c) : { quality: "bad" as const, text: words().synoptic.missing };
	const is_text = element.localName === "text" || element.localName === "tspan";
	const alarm = c ? alarm_on(c.info.name) : null;
	const state = element.getAttribute("data-state");
	const value = c ? format_value(c.info, c.value) : "";
	const unit = c && element.getAttribute("data-unit") !== "no" && c.value !== null ? format_unit(c.info.unit) : "";
	const classes = ["bound", quality];
	if (alarm !== null)
		classes.push("alarmed");
	if (state !== null && quality !== "bad" && c)
		classes.push(state === String(c.value) || state === value ? "is-so" : "is-not-so");
	const look = classes.join(" ");
	if (element.getAttribute("class") !== look)
		element.setAttribute("class", look);
	if (!is_text)
		return;
	const mark = quality === "good" ? "" : `${SYMBOL[quality]} `;
	const bell = alarm === null ? "" : `${ALARM_SYMBOL[alarm.state] ?? "–"} `;
	const shown = `${bell}${mark}${c ? [value, unit].filter((s) => s !== "").join(" ") : element.getAttribute("data-channel")}`;
	if (element.firstChild?.nodeType === Node.TEXT_NODE && element.firstChild.textContent === shown)
		return;
	const title = document.createElementNS("http://www.w3.org/2000/svg", "title");
	title.textContent = `${element.getAttribute("data-channel")}${quality === "good" ? "" : `${words().colon}${text}`}`;
	element.replaceChildren(shown, title);
}

/* Puts the drawing into `place`, and follows its channels until it is taken out again. */
function follow(place: HTMLElement, svg: SVGSVGElement): { missing: string[]; stop: () => void } {
	const undo: (() => void)[] = [];
	const missing = new Set<string>();
	svg.removeAttribute("width");
	svg.removeAttribute("height");
	svg.setAttribute("role", "img");
	svg.setAttribute("aria-label", svg.querySelector("title")?.textContent || words().synoptic.title);
	for (const element of svg.querySelectorAll("[data-channel]")) {
		const name = element.getAttribute("data-channel")!;
		const c = store.channels.get(name);
		const painter = () => paint(element, c);
		painter();
		if (!c)
			missing.add(name);
		const beside = (store.alarms_of.get(name) ?? []).map((a) => store.channels.get(`alarm.${a}`));
		for (const followed of [c, ...beside]) {
			followed?.painters.add(painter);
			undo.push(() => followed?.painters.delete(painter));
		}
	}
	place.replaceChildren(svg);
	return { missing: [...missing], stop: () => undo.forEach((u) => u()) };
}

export function Synoptic() {
	const w = words();
	const place = useRef<HTMLDivElement>(null);
	const [text, set_text] = useState<string | null>(null);
	const [told, set_told] = useState("");
	const [open, set_open] = useState(recall("synoptic") !== "closed");
	const is_there = store.bench?.synoptic === true && sees_all();
	useEffect(() => {
		let timer: ReturnType<typeof setTimeout> | undefined;
		let alive = true;
		const ask = () => get_synoptic().then((t) => alive && set_text(t), () => {
			if (alive)
				timer = setTimeout(ask, AGAIN_MS);
		});
		if (is_there)
			void ask();
		return () => {
			alive = false;
			clearTimeout(timer);
		};
	}, [is_there, store.bench?.generation]);
	useEffect(() => {
		if (text === null || !open || !place.current)
			return undefined;
		const svg = rebuild(text);
		if (svg === null) {
			set_told(words().synoptic.no_svg);
			place.current.replaceChildren();
			return undefined;
		}
		const { missing, stop } = follow(place.current, svg);
		set_told(missing.length === 0 ? "" : words().synoptic.unknown(missing.slice(0, 20).join(", ")));
		return stop;
	}, [text, open, is_there, store.list_version]);
	if (!is_there)
		return null;
	return (
		<section class="synoptic" aria-labelledby="synoptic-title">
			<div class="bar">
				<h2 id="synoptic-title">{w.synoptic.title}</h2>
				<button type="button" aria-expanded={open} onClick={() => {
					remember("synoptic", open ? "closed" : "open");
					set_open(!open);
				}}>{open ? w.synoptic.hide : w.synoptic.show}</button>
			</div>
			<div ref={place} class="drawing" tabIndex={0} role="group" aria-labelledby="synoptic-title" hidden={!open} />
			{told !== "" && open && <p class="message">{told}</p>}
		</section>
	);
}
