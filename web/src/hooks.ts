/* hooks.ts - how components follow the store */
import { useEffect, useReducer } from "preact/hooks";
import { store, subscribe, type Channel } from "./store";

/* Draw the calling component again whenever the store tells of a change of structure. */
export function use_store(): void {
	const [, again] = useReducer((n: number, _: void) => n + 1, 0);
	useEffect(() => subscribe(() => again()), []);
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
	}, [store.list_version]);
}
