/* check.ts - what a person typed, looked at before it is sent. Pure but for its words. */
import type { ChannelInfo, Slot, Value } from "./api";
import { format_unit, format_value } from "./format";
import { words } from "./i18n";

export type Checked<T> = { value: T; why: null } | { value: null; why: string };

const NUMBER = /^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/;

const bad = (why: string): { value: null; why: string } => ({ value: null, why });

function check_number(text: string): Checked<number> {
	const clean = text.trim().replace(/^\u2212/, "-");
	if (/^[+-]?\d+,\d+$/.test(clean))
		return bad(words().is_comma(clean.replace(",", ".")));
	if (!NUMBER.test(clean) || !Number.isFinite(Number(clean)))
		return bad(words().is_no_number);
	return { value: Number(clean), why: null };
}

export const with_unit = (info: ChannelInfo, value: Value): string =>
	[format_value(info, value), value === null ? "" : format_unit(info.unit)].filter((s) => s !== "").join(" ");

/* A new value for an output, as the API takes it. Whole numbers go as text: they may have more digits than a number here. */
export function check_target(info: ChannelInfo, text: string): Checked<number | string> {
	if (info.type === "choice")
		return (info.choices ?? []).includes(text) ? { value: text, why: null } : bad(words().no_choice);
	const found = check_number(text);
	if (found.why !== null)
		return found;
	const low = info.set_min ?? -Infinity;
	const high = info.set_max ?? Infinity;
	if (found.value < low || found.value > high)
		return bad(words().is_outside(with_unit(info, low), with_unit(info, high)));
	if (info.type === "float")
		return found;
	return Number.isInteger(found.value) && /^[+-]?\d+$/.test(text.trim())
		? { value: text.trim().replace(/^\+/, ""), why: null } : bad(words().is_no_integer);
}

const SLOT_BYTES = 63; /* of what is told at once */

const is_within = (slot: Slot, value: number) => value >= (slot.min ?? -Infinity) && value <= (slot.max ?? Infinity);

/* What a parameter or field of a sequence is told before START; undefined: nothing, and it needs nothing. */
export function check_slot(slot: Slot, text: string): Checked<number | string | undefined> {
	const clean = text.trim();
	if (clean === "")
		return slot.kind === "text" && slot.value === null && !slot.required ? { value: undefined, why: null } : bad(words().sequence_required);
	if (new TextEncoder().encode(clean).length > SLOT_BYTES)
		return bad(words().sequence_too_long(SLOT_BYTES));
	if (slot.kind === "text")
		return { value: clean, why: null };
	const parts = slot.kind === "list" ? clean.split(",") : [clean];
	if (slot.kind === "list" && parts.length !== (slot.values?.length ?? 0))
		return bad(words().sequence_count(slot.values?.length ?? 0));
	const numbers: number[] = [];
	for (const part of parts) {
		const found = check_number(part);
		if (found.why !== null)
			return found;
		if (!is_within(slot, found.value))
			return bad(words().sequence_is_outside(`${slot.min} ${format_unit(slot.unit ?? "")}`, `${slot.max} ${format_unit(slot.unit ?? "")}`));
		numbers.push(found.value);
	}
	return { value: slot.kind === "list" ? numbers.join(", ") : numbers[0]!, why: null };
}

/* A ramp a minute; nothing typed: the output's own. */
export function check_ramp(text: string): Checked<number | undefined> {
	if (text.trim() === "")
		return { value: undefined, why: null };
	const found = check_number(text);
	return found.why !== null || found.value > 0 ? found : bad(words().is_no_ramp);
}
