/* hooks.ts - how components follow the store */
import { useEffect, useReducer, useRef, useState } from "preact/hooks";
import { store, subscribe, times_told, type Channel } from "./store";

/* Draw the calling component again whenever the store tells of a change of structure. */
export function use_store(): void {
	const [, again] = useReducer((n: number, _: void) => n + 1, 0);
	const seen = times_told();
	useEffect(() => {
		/* Effects run behind the drawing, in a hidden tab much later. */
		if (times_told() !== seen)
			again();
		return subscribe(() => again());
	}, []);
}

/* Call `work` each `ms` milliseconds while the component lives. */
export function use_interval(work: () => void, ms: number): void {
	useEffect(() => {
		const timer = setInterval(work, ms);
		return () => clearInterval(timer);
	}, [work, ms]);
}

/* Draw the calling component again when one of `channels` changes. */
export function use_painters(channels: Channel[]): void {
	const [, again] = useReducer((n: number, _: void) => n + 1, 0);
	useEffect(() => {
		const painter = () => again();
		for (const c of channels)
			c.painters.add(painter);
		return () => {
			for (const c of channels)
				c.painters.delete(painter);
		};
	}, [store.list_version, channels.length]);
}

const CONFIRM_MS = 5000;
export const BOUNCE_MS = 400; /* a double click is one press */

/* The second half of a double click meant what stood there before: what has just come up takes nothing for a while. */
export function use_settled(): boolean {
	const [settled, set_settled] = useState(false);
	useEffect(() => {
		const timer = setTimeout(() => set_settled(true), BOUNCE_MS);
		return () => clearTimeout(timer);
	}, []);
	return settled;
}

/* Is this press the second half of a double click? Of all buttons that ask the same: the row of another one may have come under the pointer. */
export function new_bounce(): () => boolean {
	let last = -Infinity;
	return () => {
		const now = performance.now();
		const is_bounce = now - last < BOUNCE_MS;
		last = now;
		return is_bounce;
	};
}

/* Two deliberate touches: the second within 5 s, and not as part of the first. */
export function use_two_touches(act: () => void): { armed: boolean; press: () => void } {
	const [armed, set_armed] = useState(0); /* performance.now() of the first touch; 0: none */
	useEffect(() => {
		if (armed === 0)
			return undefined;
		const timer = setTimeout(() => set_armed(0), CONFIRM_MS);
		return () => clearTimeout(timer);
	}, [armed]);
	const press = () => {
		const now = performance.now();
		if (armed === 0) {
			set_armed(now);
		} else if (now - armed > BOUNCE_MS) {
			set_armed(0);
			act();
		}
	};
	return { armed: armed > 0, press };
}

const STILL_MS = 30_000; /* whoever has gone away with the pointer in the list does not keep it out of order */

/* Rows that stay where they are while the pointer or the focus is among them: what is pressed is what was meant. New ones come behind the others, and
 * their number is told. `still` goes onto the list; `rows`: the names in the order in which they are to be shown, all of them known to `is_there`. */
export function use_still<T extends HTMLElement>(names: string[], is_there: (name: string) => boolean) {
	const [, again] = useReducer((n: number, _: void) => n + 1, 0);
	const list = useRef<T>(null);
	const is_inside = useRef(false);
	const touched = useRef(-Infinity);
	const kept = useRef<string[]>([]);
	const n_first = useRef(0);
	const is_held = () => performance.now() - touched.current < STILL_MS && (is_inside.current || (list.current?.contains(document.activeElement) ?? false));
	const was_held = useRef(false);
	const held = is_held();
	if (!held) {
		kept.current = names;
		n_first.current = names.length;
	} else {
		const old = kept.current.filter(is_there);
		const known = new Set(old);
		n_first.current = Math.min(n_first.current, old.length);
		kept.current = [...old, ...names.filter((name) => !known.has(name))];
	}
	was_held.current = held;
	use_interval(useRef(() => {
		if (was_held.current && !is_held())
			again();
	}).current, 500);
	const touch = () => {
		touched.current = performance.now();
	};
	const still = { ref: list, onFocusIn: touch, onKeyDown: touch, onPointerMove: touch, onPointerDown: touch,
		onPointerEnter: () => { is_inside.current = true; touch(); }, onPointerLeave: () => { is_inside.current = false; again(); } };
	return { still, rows: kept.current, n_new: kept.current.length - n_first.current };
}
