/* saved.ts - views with a name, in this browser, a list for each bench; and the one that was shown last */
import { recall, remember } from "../i18n";
import { store } from "../store";

export interface Saved {
	name: string;
	plan: string; /* as in the address */
}

const SAVED_MOST = 100;
const key = (what: string) => `trends.${what}.${store.bench?.bench ?? ""}`;

export function saved_views(): Saved[] {
	try {
		const list = JSON.parse(recall(key("views")) ?? "[]") as unknown;
		return Array.isArray(list) ? list.filter((s): s is Saved => typeof s?.name === "string" && typeof s?.plan === "string") : [];
	} catch {
		return [];
	}
}

/* The same name again is the same view, changed. */
export function save_view(name: string, plan: string): void {
	const others = saved_views().filter((s) => s.name !== name);
	const list = [...others, { name, plan }].sort((a, b) => (a.name < b.name ? -1 : 1)).slice(0, SAVED_MOST);
	remember(key("views"), JSON.stringify(list));
}

export const remove_view = (name: string): void => remember(key("views"), JSON.stringify(saved_views().filter((s) => s.name !== name)));

export const last_plan = (): string | null => recall(key("last"));
export const keep_last = (plan: string): void => remember(key("last"), plan);
