/* trip_acts.tsx - what a person does about a trip or interlock: resets it, bypasses it for a while, ends that. No token does */
import { useState } from "preact/hooks";
import { has_token, send, verdict_of, verdict_words } from "./door";
import { words } from "./i18n";
import { ReasonBox } from "./reason";
import { seen_config } from "./seen";
import { may_operate, may_protect } from "./session";

const SPANS_S: Record<string, number> = { "5min": 300, "15min": 900, "30min": 1800, "1h": 3600, "4h": 14_400, "8h": 28_800 };

/* Spans that the bench file allows; the longest of all when none of the usual ones is short enough. */
function spans(most_s: number): Record<string, string> {
	const fits = Object.entries(SPANS_S).filter(([, s]) => s <= most_s).map(([span]) => [span, words().protection.spans[span] ?? span]);
	return fits.length > 0 ? Object.fromEntries(fits) : { [`${Math.floor(most_s)}s`]: `${Math.floor(most_s)} s` };
}

function Command({ name }: { name: string }) {
	const [copied, set_copied] = useState(false);
	const w = words();
	const command = `mbc trip reset ${name} --comment "..."`;
	const copy = () => void navigator.clipboard?.writeText(command).then(() => set_copied(true), () => set_copied(false));
	return (
		<p class="trip-reset">{w.trip_reset} <code>{command}</code>
			{" "}<button type="button" onClick={copy}>{copied ? w.copied : w.copy}</button></p>
	);
}

export function TripActs({ name, state, bypass_max_s = null }: { name: string; state: string; bypass_max_s?: number | null }) {
	const [asking, set_asking] = useState<"" | "reset" | "bypass">("");
	const w = words();
	const subject = `trip ${name}`;
	const told = verdict_of(subject);
	const signed = !has_token() && may_operate();
	const ask = (what: string, wish: string, body: object = {}) => void send(subject, "POST", `trips/${encodeURIComponent(name)}/${what}`, body, wish);
	return (
		<span class="alarm-acts">
			{state === "tripped" && !signed && <Command name={name} />}
			{state === "tripped" && signed &&
				<button type="button" aria-label={`${w.events.reset} ${name}`} onClick={() => set_asking("reset")}>{w.events.reset}</button>}
			{state === "ready" && bypass_max_s !== null && !has_token() && may_protect() &&
				<button type="button" aria-label={`${w.protection.bypass} ${name}`} onClick={() => set_asking("bypass")}>{w.protection.bypass}</button>}
			{state === "bypassed" && signed &&
				<button type="button" aria-label={`${w.protection.end} ${name}`} onClick={() => ask("end", w.protection.end)}>{w.protection.end}</button>}
			{told && <span class={`verdict ${told.verdict}`}>{verdict_words(told)}</span>}
			{asking === "reset" && <ReasonBox title={w.protection.reset_title(name)} go={w.events.reset} about={w.protection.reset_about}
				reason={w.protection.reset_reason} on_close={() => set_asking("")} on_go={(reason) => ask("reset", w.events.reset, { reason, config: seen_config() })} />}
			{asking === "bypass" && <ReasonBox title={w.protection.bypass_title(name)} go={w.protection.bypass} about={w.protection.bypass_about}
				spans={spans(bypass_max_s!)} on_close={() => set_asking("")}
				on_go={(reason, span) => ask("bypass", `${w.protection.bypass} ${w.protection.spans[span] ?? span}`, { for: span, reason, config: seen_config() })} />}
		</span>
	);
}
