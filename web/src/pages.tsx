/* pages.tsx - the pages, and the row of links to them
 *
 * A page is a file of src/pages, loaded when it is shown, and a row here. Whoever may not see what it is about does not see the link either; the server decides
 * all the same.
 */
import { Component, type ComponentChildren, type ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { words, type Words } from "./i18n";
import { address_of, route } from "./route";
import { is_admin, sees_all, who } from "./session";

interface Page {
	id: string; /* in the address */
	name: keyof Words["pages"];
	load: () => Promise<ComponentType>;
	is_for?: () => boolean; /* absent: everybody */
	is_bare?: boolean; /* for a display: without links and what only a person at a keyboard needs */
}

const PAGES: Page[] = [
	{ id: "", name: "bench", load: () => import("./pages/bench").then((m) => m.Bench) },
	{ id: "trends", name: "trends", load: () => import("./pages/trends").then((m) => m.Trends) },
	{ id: "sequence", name: "sequence", load: () => import("./pages/sequence").then((m) => m.SequencePage) },
	{ id: "events", name: "events", load: () => import("./pages/events").then((m) => m.Events) },
	{ id: "protection", name: "protection", load: () => import("./pages/protection").then((m) => m.Protect), is_for: sees_all },
	{ id: "instruments", name: "instruments", load: () => import("./pages/instruments").then((m) => m.Devices), is_for: sees_all },
	{ id: "file", name: "file", load: () => import("./pages/file").then((m) => m.FilePage), is_for: () => who()?.accounts === true && may_have("configure") },
	{ id: "sharing", name: "sharing", load: () => import("./pages/sharing").then((m) => m.Sharing), is_for: sees_all },
	{ id: "admin", name: "admin", load: () => import("./pages/admin").then((m) => m.Admin), is_for: is_admin },
	{ id: "kiosk", name: "kiosk", load: () => import("./pages/kiosk").then((m) => m.Kiosk), is_bare: true },
	{ id: "help", name: "help", load: () => import("./pages/help").then((m) => m.Help) },
];

const may_see = (p: Page) => p.is_for === undefined || p.is_for();

export const has_page = (id: string) => PAGES.some((p) => p.id === id && may_see(p));

/* An address of a page that is not there, or not for them, shows the bench. */
export function page_shown(): Page {
	const { page } = route();
	return PAGES.find((p) => p.id === page && may_see(p)) ?? PAGES[0]!;
}

const AGAIN_MS = 2000;
const loaded = new Map<string, ComponentType>();

/* A page that cannot be drawn would stand there as it was drawn last, with values that are old by and by: it is taken away, and said to be. */
class Whole extends Component<{ children: ComponentChildren }, { failed: boolean }> {
	override state = { failed: false };

	override componentDidCatch(error: unknown) {
		this.setState({ failed: true });
		reportError(error);
	}

	override render() {
		return this.state.failed ? (
			<section class="not-loaded" role="alert">
				<p>{words().page_not_drawn}</p>
				<button type="button" onClick={() => location.reload()}>{words().page_reload}</button>
			</section>
		) : this.props.children;
	}
}

/* The page, as soon as it is there. After an update of the server its file may have another name: then all has to be loaded anew. */
export function PageShown({ page }: { page: Page }) {
	const [, again] = useState(0);
	const [failed, set_failed] = useState(0);
	useEffect(() => {
		if (loaded.has(page.id))
			return undefined;
		let timer = 0;
		page.load().then((component) => {
			loaded.set(page.id, component);
			again(1);
		}, () => {
			timer = window.setTimeout(() => set_failed(failed + 1), AGAIN_MS);
		});
		return () => clearTimeout(timer);
	}, [page, failed]);
	const Shown = loaded.get(page.id);
	if (Shown)
		return <Whole><Shown /></Whole>;
	return failed === 0 ? null : (
		<section class="not-loaded" role="alert">
			<p>{words().page_not_loaded}</p>
			<button type="button" onClick={() => location.reload()}>{words().page_reload}</button>
		</section>
	);
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
