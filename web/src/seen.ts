/* seen.ts - what was on the page long enough to have been looked at when something is pressed
 *
 * Somebody else may have pressed a moment ago, and what is there now is not what this press was meant for. So a command says what was looked at,
 * and the controller refuses it when that is over. Undefined: it is not known, and the command says nothing.
 */
import { BOUNCE_MS } from "./hooks";
import { store } from "./store";

/* A number that tells one step, hold or alarm from others: "sequence.step_id". */
export function seen_id(name: string): number | undefined {
	const c = store.channels.get(name);
	if (c === undefined || c.quality === "bad")
		return undefined;
	const is_new = performance.now() - c.came < BOUNCE_MS && typeof c.before === "number";
	const id = Number(is_new ? c.before : c.value);
	return id > 0 ? id : undefined;
}

/* Whose limits, units and names are shown. */
export function seen_config(): string | undefined {
	const is_new = performance.now() - store.config_came < BOUNCE_MS && store.config_before !== null;
	return (is_new ? store.config_before : store.config) ?? undefined;
}

/* For what it was meant, and nothing that has come instead. What stops says nothing: it is never refused for that. */
export const looked_at = (path: string): object => (path === "resume" ? { step_id: seen_id("sequence.step_id"), hold_id: seen_id("sequence.hold_id") }
	: path === "skip" ? { step_id: seen_id("sequence.step_id") }
	: path === "goto" ? { step_id: seen_id("sequence.step_id"), config: seen_config() } : {});
