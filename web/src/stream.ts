/* stream.ts - the event stream of the server, one for all tabs of a browser
 *
 *	server --> the tab that has the lock --> BroadcastChannel --> the other tabs
 *
 * Browsers open six connections to a server and no more: a seventh tab with a stream of its own would get nothing at all. The tab that has the lock listens and
 * passes on what it hears; when it closes another one has the lock. A tab that hears nothing of it for a while listens by itself, as all do where a
 * browser has no locks (it has none on pages without TLS that come from another computer).
 *
 * Nothing here waits for a timer that matters: those of hidden tabs are slow, what comes over the network is not.
 */
import type { Heartbeat, Update } from "./api";

export interface StreamEvents {
	opened(has_snapshot: boolean): void; /* what was heard before may be old; false: no snapshot follows, it has to be asked for */
	update(u: Update): void;
	heartbeat(h: Heartbeat): void;
	gap(): void;
	changed(): void;
}

type Kind = "opened" | "update" | "heartbeat" | "gap" | "changed";
type News = [Kind, string]; /* with its JSON; "" for opened */

/* What is passed on. A number that is not the next one, or another tab: something was missed. */
interface Batch {
	from: string;
	n: number;
	news: News[];
}

/* How long silence may last before the stream is opened again: five heartbeats. */
const SILENCE_MS = 5000;
const REOPEN_MS = 1500;
/* A tab that hears nothing of the one that listens for so long does it itself; the page calls the connection lost after three seconds. */
const ALONE_MS = 2200;
const NAME = "mbc.stream";
const BATCH_MS = 50; /* what comes in so short a time is passed on together */
const LISTENERS_MS = 15_000; /* nobody has said for so long that they listen: nothing is passed on */

/* One connection, opened again after a broken one, an error status, and on a line that went silent. */
function follow_server(take: (news: News) => void): () => void {
	let source: EventSource;
	let heard = 0;
	const open = () => {
		heard = performance.now();
		source = new EventSource("api/v1/stream");
		source.onopen = () => take(["opened", ""]);
		for (const kind of ["update", "heartbeat", "gap", "changed"] as const)
			source.addEventListener(kind, (e) => {
				heard = performance.now();
				take([kind, (e as MessageEvent<string>).data]);
			});
	};
	open();
	const timer = setInterval(() => {
		if (performance.now() - heard > SILENCE_MS || source.readyState === EventSource.CLOSED) {
			source.close();
			open();
		}
	}, REOPEN_MS);
	return () => {
		clearInterval(timer);
		source.close();
	};
}

function give(on: StreamEvents, [kind, data]: News): void {
	if (kind === "update")
		on.update(JSON.parse(data) as Update);
	else if (kind === "heartbeat")
		on.heartbeat(JSON.parse(data) as Heartbeat);
	else if (kind === "opened")
		on.opened(true);
	else
		on[kind]();
}

/* ---- the tab that listens ---- */

function lead(channel: BroadcastChannel, on: StreamEvents): void {
	const from = crypto.randomUUID();
	let news: News[] = [];
	let n = 0;
	let sent = 0;
	let asked = performance.now(); /* when somebody last said that they listen */
	let timer = 0;
	const flush = () => {
		clearTimeout(timer);
		timer = 0;
		sent = performance.now();
		channel.postMessage({ from, n: n++, news } satisfies Batch);
		news = [];
	};
	channel.onmessage = (e) => {
		if (e.data === "listening")
			asked = performance.now();
	};
	follow_server((one) => {
		give(on, one);
		const now = performance.now();
		if (now - asked > LISTENERS_MS) {
			n++;
			return;
		}
		news.push(one);
		if (now - sent >= BATCH_MS || one[0] !== "update")
			flush();
		else if (timer === 0)
			timer = window.setTimeout(flush, BATCH_MS);
	});
}

/* ---- the others ---- */

/* Gives what ends it. Who comes in the middle has the values asked for; what is heard meanwhile is newer. */
function listen(channel: BroadcastChannel, on: StreamEvents): () => void {
	let heard = performance.now();
	let next = ""; /* of the tab that is heard, and its number */
	let stop_own: (() => void) | null = null;
	const say = () => channel.postMessage("listening");

	channel.onmessage = (e) => {
		if (e.data === "listening")
			return;
		heard = performance.now();
		if (stop_own !== null) {
			stop_own();
			stop_own = null;
		}
		const { from, n, news: all } = e.data as Batch;
		if (next !== `${from} ${n}` && all[0]?.[0] !== "opened")
			on.opened(false);
		next = `${from} ${n + 1}`;
		for (const news of all) {
			give(on, news);
			if (news[0] === "heartbeat")
				say();
		}
	};
	say();
	const timer = setInterval(() => {
		if (stop_own !== null || performance.now() - heard < ALONE_MS) {
			say();
			return;
		}
		next = "";
		stop_own = follow_server((news) => give(on, news));
	}, 500);
	return () => {
		clearInterval(timer);
		stop_own?.();
	};
}

/* Follow the stream for as long as the page lives. */
export function open_stream(on: StreamEvents): void {
	if (!navigator.locks || typeof BroadcastChannel === "undefined") {
		follow_server((news) => give(on, news));
		return;
	}
	const channel = new BroadcastChannel(NAME);
	const until_the_tab_closes = new Promise<void>(() => undefined);
	void navigator.locks.request(NAME, { ifAvailable: true }, (lock) => {
		if (lock !== null) {
			lead(channel, on);
			return until_the_tab_closes;
		}
		const stop = listen(channel, on);
		void navigator.locks.request(NAME, () => {
			stop();
			lead(channel, on);
			return until_the_tab_closes;
		});
		return undefined;
	});
}
