/* quality.ts - how a channel's quality is shown: a symbol, words, never colour alone */
import type { Quality } from "./api";
import { reason_words } from "./i18n";
import { quality_of, type Channel } from "./store";

export const SYMBOL: Record<Quality, string> = { good: "✓", uncertain: "▲", bad: "✕" };

/* Reason and remedy in the page's language. A token newer than this page is told by the server's own words. */
export function why(c: Channel): { quality: Quality; text: string; remedy: string } {
	const { quality, reason } = quality_of(c);
	const { text, remedy } = reason_words(reason);
	if (text !== "")
		return { quality, text, remedy };
	const told = c.info.reason === reason;
	return { quality, text: told ? c.info.reason_text : reason, remedy: told ? c.info.remedy : "" };
}

/* Text into an element, only when it is another one: a thousand rows are compared, few are touched. */
export function put(element: Element | null, text: string): void {
	if (element && element.textContent !== text)
		element.textContent = text;
}

export function put_class(element: Element | null, name: string): void {
	if (element && element.className !== name)
		element.className = name;
}
