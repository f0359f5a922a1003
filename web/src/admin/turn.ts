/* turn.ts - questions of which the server answers one at a time: asked behind each other, and once more when that of somebody else was under way */
import { ask, type Answer } from "../ask";

const AGAIN_MS = 1500;
const TRIES = 10;

let last: Promise<unknown> = Promise.resolve();

export const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

export function in_turn<T>(work: () => Promise<T>): Promise<T> {
	const mine = last.then(work);
	last = mine.catch(() => undefined);
	return mine;
}

/* What only looks may be asked again. */
export const look_in_turn = <T>(path: string): Promise<Answer<T>> => in_turn(async () => {
	let a = await ask<T>("GET", path);
	for (let i = 1; i < TRIES && a.status === 429; i++) {
		await pause(AGAIN_MS);
		a = await ask<T>("GET", path);
	}
	return a;
});
