/* choice.ts - which channels are plotted: chosen by a person, else the first few of the bench that have units */
import { format_unit } from "./format";
import { recall, remember, words } from "./i18n";
import { store, tell_all, type Channel } from "./store";

export const PLOT_MAX = 8;
const FIRST_CHOICE = 4;

/* The units on the two axes, left first; "" is a unit too (pure numbers, switches). */
export function units_plotted(): string[] {
	const units: string[] = [];
	for (const name of store.plotted) {
		const unit = store.channels.get(name)?.info.unit ?? "";
		if (!units.includes(unit))
			units.push(unit);
	}
	return units;
}

/* Why `c` cannot be added to the plot, or null. */
function refusal(c: Channel): string | null {
	const units = units_plotted();
	if (c.history === null)
		return words().plot_type(c.info.name);
	if (store.plotted.length >= PLOT_MAX)
		return words().plot_full(PLOT_MAX);
	if (units.length === 2 && !units.includes(c.info.unit))
		return words().plot_units(format_unit(units[0]!) || "1", format_unit(units[1]!) || "1");
	return null;
}

const memory_key = () => `plot.${store.bench?.bench ?? ""}`;

/* Add or remove; returns why not, or null when done. */
export function toggle_plotted(name: string): string | null {
	const c = store.channels.get(name);
	if (!c)
		return null;
	if (store.plotted.includes(name)) {
		store.plotted = store.plotted.filter((other) => other !== name);
	} else {
		const why = refusal(c);
		if (why !== null)
			return why;
		store.plotted = [...store.plotted, name];
	}
	remember(memory_key(), store.plotted.join(","));
	tell_all();
	return null;
}

/* To be called once, when the first list has come. */
export function choose_first(): void {
	const kept = recall(memory_key());
	if (kept !== null) {
		for (const name of kept.split(",")) {
			const c = store.channels.get(name);
			if (c && refusal(c) === null)
				store.plotted = [...store.plotted, name];
		}
		return;
	}
	for (const c of store.channels.values()) {
		const fits = c.group === "" && c.info.unit !== "" && refusal(c) === null;
		if (fits && store.plotted.length < FIRST_CHOICE)
			store.plotted = [...store.plotted, c.info.name];
	}
}
