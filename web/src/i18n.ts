/* i18n.ts - the languages of the page: each is a file of src/words, English first
 *
 * A file more there is a language more (build.mjs collects them); what people may choose from. Numbers keep the decimal point in all of them: it is what the bench
 * file, the API and the instruments take.
 */
import { loaders, shows } from "words";
import gaps from "../../src/history/gap.def";
import reasons from "../../src/msg/quality.def";
import type { Words } from "./words/en";

export type { Words };
export type Language = string; /* "en", "fr": the name of its file */

/* A browser may forbid storage; the page then simply forgets choices. */
export function remember(key: string, value: string): void {
	try {
		localStorage.setItem(`mbc.${key}`, value);
	} catch {
		return;
	}
}

export function recall(key: string): string | null {
	try {
		return localStorage.getItem(`mbc.${key}`);
	} catch {
		return null;
	}
}

const languages = Object.keys(loaders);

function first_language(): Language {
	const wished = [recall("language") ?? "", ...navigator.languages.map((l) => l.toLowerCase().slice(0, 2))];
	return wished.find((l) => languages.includes(l)) ?? "en";
}

let language: Language = first_language();
let spoken: Words; /* nothing is drawn before the first ones are there */

/* Its words are loaded first; when the server does not give them, all stays as it is. */
export async function set_language(chosen: Language): Promise<void> {
	spoken = (await loaders[chosen]!()).default;
	language = chosen;
	remember("language", chosen);
	document.documentElement.lang = chosen;
}

export const get_language = () => language;
export const words = (): Words => spoken;

/* The one that the switch leads to, and how it asks in its own words. */
export const next_language = (): Language => languages[(languages.indexOf(language) + 1) % languages.length]!;
export const asks_for = (l: Language): string => shows[l]!;

/* Texts of the controller's own tables are in English and French. */
const in_french = () => language === "fr";

/* Text and remedy of a reason token; "" for both when it is not in the controller's table. */
export function reason_words(token: string): { text: string; remedy: string } {
	if (token === "stream_lost")
		return { text: words().stream_lost, remedy: "" };
	if (token === "list_old")
		return { text: words().list_old, remedy: "" };
	const row = reasons[token];
	if (!row)
		return { text: "", remedy: "" };
	return in_french() ? { text: row[1], remedy: row[3] } : { text: row[0], remedy: row[2] };
}

/* Why nothing was recorded for a while; a cause newer than this page is told by the server's own words. */
export function gap_words(cause: string, told: string): string {
	const row = gaps[cause];
	return row ? row[in_french() ? 1 : 0]! : told;
}
