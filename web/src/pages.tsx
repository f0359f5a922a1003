/* pages.tsx - the pages, and the row of links to them
 *
 * A page is a file of src/pages and a row here. Whoever may not see what it is about does not see the link either; the server decides all the same.
 */
import type { JSX } from "preact";
import { words, type Words } from "./i18n";
import { Bench } from "./pages/bench";
import { Help } from "./pages/help";
import { Kiosk } from "./pages/kiosk";
import { Events } from "./pages/events";
import { Devices } from "./pages/instruments";
import { Protect } from "./pages/protection";
import { SequencePage } from "./pages/sequence";
import { Trends } from "./pages/trends";
import { address_of, route } from "./route";
import { is_admin, sees_all, who } from "./session";

interface Page {
	id: string; /* in the address */
	name: keyof Words["pages"];
	show: () => JSX.Element;
	is_for?: () => boolean; /* absent: everybody */
	is_bare?: boolean; /* for a display: without links and what only a person at a keyboard needs */
}

const PAGES: Page[] = [
	{ id: "", name: "bench", show: Bench },
	{ id: "trends", name: "trends", show: Trends },
	{ id: "sequence", name: "sequence", show: SequencePage },
	{ id: "events", name: "events", show: Events },
	{ id: "protection", name: "protection", show: Protect, is_for: sees_all },
	{ id: "instruments", name: "instruments", show: Devices, is_for: sees_all },
	{ id: "kiosk", name: "kiosk", show: Kiosk, is_bare: true },
	{ id: "help", name: "help", show: Help },
];

const may_see = (p: Page) => p.is_for === undefined || p.is_for();

export const has_page = (id: string) => PAGES.some((p) => p.id === id && may_see(p));

/* An address of a page that is not there, or not for them, shows the bench. */
export function page_shown(): Page {
	const { page } = route();
	return PAGES.find((p) => p.id === page && may_see(p)) ?? PAGES[0]!;
}

export function Pages() {
	const w = words();
	const shown = page_shown();
	const seen = PAGES.filter(may_see);
	if (seen.length < 2)
		return null;
	return (
		<nav class="pages" aria-label={w.pages_label}>
			{seen.map((p) => (
				<a key={p.id} href={address_of(p.id)} aria-current={p === shown ? "page" : undefined}>{w.pages[p.name]}</a>
			))}
		</nav>
	);
}

/* Grants of who is signed in; a bench without accounts shows everything. */
export const may_have = (right: "read" | "operate" | "configure" | "protect") =>
	who() === null || !who()!.accounts || who()!.may.includes(right);
export { is_admin };
