/* store.ts - what the page knows about the bench, kept current by the stream
 *
 * Two kinds of listeners keep a thousand rows cheap. What changes seldom (the list, the bench, the connection) is
 * drawn again by Preact through subscribe(). What changes often is painted cell by cell: each channel has painters,
 * run once for all its changes since the last animation frame.
 *
 * The rule that everything here serves: an old value is never shown as a good one. quality_of() is the only way to ask
 * for a channel's quality; it answers "bad" for all of them when the stream is silent or the controller is down.
 */
import * as api from "./api";
import { History } from "./history";
import { look_again, look_whether_out } from "./session";
import { open_stream } from "./stream";

export type Link = "connecting" | "live" | "lost";

export interface Channel {
	info: api.ChannelInfo;
	group: string; /* "": the bench's own; "mbc": health; "state": what the controller keeps; else the instrument's name */
	value: api.Value;
	quality: api.Quality;
	reason: string;
	time: number | null; /* of acquisition, ms */
	before: api.Value; /* its value before that */
	came: number; /* performance.now() when the value came */
	changed: number; /* bench time of the last change of value or quality, ms */
	saw_change: boolean; /* false: `changed` is only when the page began to look */
	life: number; /* the stream life in which it was last heard */
	history: History | null; /* null: not a number */
	painters: Set<() => void>;
}

/* Older than this, what the page shows is greyed. The server sends a heartbeat each second. */
const LOST_MS = 3000;
/* Bench and instruments are asked for each two seconds while someone looks: older than this, nobody knows how they are. */
const FACTS_MS = 10_000;
/* All histories together; 16 bytes each. A plotted channel may always keep PLOTTED_MOST. */
const HISTORY_TOTAL = 2_000_000;
const PLOTTED_MOST = 24_000;

export const store = {
	bench: null as api.Bench | null,
	instruments: null as api.Instrument[] | null,
	alarms: new Map<string, api.AlarmInfo>(), /* what they are; how they are: channels "alarm.NAME" */
	trips: new Map<string, api.TripInfo>(),
	alarms_of: new Map<string, string[]>(), /* by channel: alarms whose condition names it */
	channels: new Map<string, Channel>(),
	list_version: 0, /* grows with each new list */
	config: null as string | null, /* the bench file that it is of; null: the server does not say */
	config_before: null as string | null,
	config_came: 0, /* performance.now() */
	list_failed: false,
	list_is_old: false, /* the bench file is another one, or may be, and its list is not there yet: units may be others */
	link: "connecting" as Link,
	controller_up: true,
	heard: 0, /* performance.now() of the last word from the server */
	silence: null as { from: number; to: number } | null, /* performance.now(): the last time that nothing was heard, once it is over */
	facts_at: 0, /* performance.now() of the last answer about bench and instruments */
	plotted: [] as string[],
	watched: [] as string[], /* drawn by another page: as much of them is kept */
};

let life = 0;
let clock_base = Date.now() - performance.now(); /* bench time minus performance.now(), ms */
let last_beat = 0;

const listeners = new Set<() => void>();
const dirty = new Set<Channel>();
let frame_asked = false;

export function subscribe(listener: () => void): () => void {
	listeners.add(listener);
	return () => listeners.delete(listener);
}

let told = 0;

/* Grows with each telling: who begins to listen knows whether something was told meanwhile. */
export const times_told = () => told;

export function tell_all(): void {
	told++;
	for (const listener of listeners)
		listener();
}

/* Bench time now, in ms since 1970; runs on between heartbeats. */
export const bench_now = () => clock_base + performance.now();

function ask_frame(): void {
	if (frame_asked)
		return;
	frame_asked = true;
	requestAnimationFrame(() => {
		frame_asked = false;
		const now = [...dirty];
		dirty.clear();
		for (const c of now)
			for (const painter of c.painters)
				try {
					painter();
				} catch (error) { /* the others are painted all the same: none may stand there with an old value */
					reportError(error);
				}
	});
}

export function paint_soon(c: Channel): void {
	dirty.add(c);
	ask_frame();
}

export function paint_all(): void {
	for (const c of store.channels.values())
		dirty.add(c);
	ask_frame();
}

export function quality_of(c: Channel): { quality: api.Quality; reason: string } {
	if (store.link === "lost")
		return { quality: "bad", reason: "stream_lost" };
	if (!store.controller_up && c.quality !== "bad")
		return { quality: "bad", reason: "controller_down" };
	if (store.list_is_old && c.quality !== "bad")
		return { quality: "bad", reason: "list_old" };
	return c;
}

const number_of = (value: api.Value): number =>
	typeof value === "number" ? value : typeof value === "boolean" ? Number(value) : NaN;

function record(c: Channel, time: number, value: number): void {
	const share = Math.floor(HISTORY_TOTAL / Math.max(1, store.channels.size));
	const most = store.plotted.includes(c.info.name) || store.watched.includes(c.info.name) ? PLOTTED_MOST : Math.min(PLOTTED_MOST, share);
	c.history?.push(time, value, most);
}

/* Everything stops being good at `time`: the plot shows a gap from there. */
function record_gap(time: number): void {
	for (const c of store.channels.values())
		record(c, time, NaN);
}

/* Changes may have been missed: the plot asks the recorded past for them. */
function interrupt(): void {
	for (const c of store.channels.values())
		c.history?.interrupt();
}

function take_value(c: Channel, u: Omit<api.Update, "name">): void {
	const time = u.time === null ? null : Date.parse(u.time);
	const first = c.life !== life;
	const news = c.value !== u.value || c.quality !== u.quality || c.reason !== u.reason;

	c.time = time;
	if (news) {
		/* The first word of a stream life is a snapshot: the change itself was not seen. */
		c.saw_change = !first;
		c.changed = first || time === null ? bench_now() : time;
	}
	if (c.value !== u.value) {
		c.before = c.value;
		c.came = performance.now();
	}
	c.value = u.value;
	c.quality = u.quality;
	c.reason = u.reason;
	c.life = life;
	const from = first || u.quality === "bad" || time === null ? bench_now() : time;
	record(c, from, u.quality === "bad" ? NaN : number_of(u.value));
	paint_soon(c);
}

function group_of(info: api.ChannelInfo): string {
	const dot = info.name.indexOf(".");
	if (dot < 0)
		return "";
	const before = info.name.slice(0, dot);
	return before === "mbc" || before === info.instrument ? before : "state";
}

function new_channel(info: api.ChannelInfo): Channel {
	const is_number = info.type !== "text" && info.type !== "choice";
	return {
		info,
		group: group_of(info),
		value: null,
		quality: "bad",
		reason: "not_yet_measured",
		time: null,
		before: null,
		came: 0,
		changed: bench_now(),
		saw_change: false,
		life: -1,
		history: is_number ? new History() : null,
		painters: new Set(),
	};
}

/* What the stream told while a list was on its way: the list may have been made before, and of a valve that stays there is no second word. */
let told_meanwhile = new Map<string, api.Update>();

/* A new list keeps the channels that are still what they were, with their histories. What the stream has told since the list was asked for counts more than the
 * list; so does what it told before, in the same life. */
function take_list(list: api.ChannelInfo[]): void {
	const old = store.channels;
	store.channels = new Map();
	for (const info of list) {
		const before = old.get(info.name);
		const c = before && before.info.type === info.type && before.info.unit === info.unit ? before : new_channel(info);
		c.info = info;
		store.channels.set(info.name, c);
		const newer = told_meanwhile.get(info.name);
		if (newer === undefined && c.life !== life)
			take_value(c, info);
		else if (newer !== undefined && c !== before)
			take_value(c, newer);
	}
	store.plotted = store.plotted.filter((name) => store.channels.has(name));
	store.list_version++;
	store.list_failed = false;
	store.list_is_old = load_again; /* then this one may be of the file before */
}

function take_config(config: string | null): void {
	if (config === store.config)
		return;
	store.config_before = store.config;
	store.config = config;
	store.config_came = performance.now();
}

let loading = false;
let load_again = false;

/* Bench, channels and instruments afresh; asked again until it works. */
export async function load(): Promise<void> {
	if (loading) {
		load_again = true;
		return;
	}
	loading = true;
	load_again = false;
	told_meanwhile.clear();
	try {
		const [bench, channels] = await Promise.all([api.get_bench(), api.get_channels()]);
		store.bench = bench;
		set_controller(bench.state === "running");
		if (last_beat === 0)
			clock_base = Date.parse(bench.time) - performance.now();
		take_config(channels.config ?? null);
		take_list(channels.channels);
		/* From here on there are values that can grow old, even when no stream ever opens. */
		if (store.heard === 0)
			store.heard = performance.now();
		await Promise.all([refresh_instruments(), load_watched().catch(() => undefined)]);
		store.facts_at = performance.now();
		paint_all();
	} catch (error) {
		void look_again(error);
		store.list_failed = true;
		setTimeout(() => void load(), 2000);
	}
	loading = false;
	tell_all();
	if (load_again)
		void load();
}

let has_watched = true;

/* Nothing: a server that does not know them, or not for whoever asks. */
function none_if_refused(error: unknown): [] {
	if (error instanceof api.Failure && error.status >= 400 && error.status < 500)
		return [];
	throw error;
}

/* What alarms and trips are; how they stand comes with the channels. Asked again until it works: without it no row is marked by its alarm. */
async function load_watched(): Promise<void> {
	has_watched = false;
	const [alarms, trips] = await Promise.all([
		api.get_alarms().then((a) => a.alarms, none_if_refused), api.get_trips().then((t) => t.trips, none_if_refused)]);
	has_watched = true;
	store.alarms = new Map(alarms.map((a) => [a.name, a]));
	store.trips = new Map(trips.map((t) => [t.name, t]));
	store.alarms_of = new Map();
	for (const a of alarms)
		for (const name of new Set(a.condition.match(/[A-Za-z_][\w.]*/g) ?? []))
			if (store.channels.has(name))
				store.alarms_of.set(name, [...(store.alarms_of.get(name) ?? []), a.name]);
}

/* Who sees some channels alone does not see the instruments. */
export async function refresh_instruments(): Promise<void> {
	try {
		store.instruments = (await api.get_instruments()).instruments;
	} catch (error) {
		if (!(error instanceof api.Failure) || error.status !== 403)
			throw error;
		store.instruments = [];
	}
}

/* The list may be another one now: until it is here, no value is told with the unit of the one before. */
function list_grew_old(): void {
	store.list_is_old = store.list_version > 0;
	told_meanwhile.clear();
	paint_all();
	tell_all();
	void load();
}

let lost_from = 0;

function set_link(link: Link): void {
	if (store.link === link)
		return;
	if (link === "lost")
		lost_from = store.heard;
	else if (store.link === "lost")
		store.silence = { from: lost_from, to: performance.now() };
	store.link = link;
	paint_all();
	tell_all();
}

/* The head and the rows say the same of it, whoever told. */
function set_controller(up: boolean): void {
	if (up === store.controller_up)
		return;
	store.controller_up = up;
	if (!up)
		record_gap(bench_now());
	paint_all();
	tell_all();
}

function take_heartbeat(h: api.Heartbeat): void {
	const time = Date.parse(h.time);
	if (time < last_beat - 2000) {
		/* The clock was set back: what was kept would lie in the future. */
		for (const c of store.channels.values())
			c.history?.clear();
	}
	last_beat = time;
	clock_base = time - performance.now();
	set_controller(h.state === "running");
}

/* A tab that was frozen hears before its timers run: what it has missed is a gap all the same. */
function heard(): void {
	judge();
	store.heard = performance.now();
	set_link("live");
}

export const are_facts_old = () => store.link === "lost" || (store.facts_at > 0 && performance.now() - store.facts_at > FACTS_MS);

let facts_were_old = false;

/* Has the server gone silent? */
function judge(): void {
	if (are_facts_old() !== facts_were_old) {
		facts_were_old = !facts_were_old;
		tell_all();
	}
	if (store.link !== "lost" && store.heard > 0 && performance.now() - store.heard > LOST_MS) {
		record_gap(clock_base + store.heard);
		interrupt();
		set_link("lost");
	}
}

/* Bench and instruments have no stream: they are asked for while someone looks. */
async function refresh(): Promise<void> {
	if (document.hidden || store.bench === null)
		return;
	if (store.link !== "live") {
		void look_whether_out(); /* the stream may have ended because the session has */
		return;
	}
	try {
		store.bench = await api.get_bench();
		await refresh_instruments();
		store.facts_at = performance.now();
		if (!has_watched)
			await load_watched();
		tell_all();
	} catch (error) {
		/* The stream is what tells whether the server is there. */
		void look_again(error);
		return;
	}
}

export function start(): void {
	void load();
	open_stream({
		opened(has_snapshot) {
			/* The list may have changed while nobody listened. */
			if (life++ > 0 || !has_snapshot) {
				interrupt();
				list_grew_old();
			}
		},
		update(u) {
			heard();
			if (loading)
				told_meanwhile.set(u.name, u);
			const c = store.channels.get(u.name);
			if (c)
				take_value(c, u);
		},
		heartbeat(h) {
			heard();
			take_heartbeat(h);
		},
		gap() {
			/* Changes were missed; the fresh snapshot that follows must not be joined to them by a line. */
			heard();
			record_gap(bench_now());
			interrupt();
			life++;
		},
		changed() {
			heard();
			life++;
			list_grew_old();
		},
	});
	setInterval(judge, 250);
	setInterval(paint_all, 1000); /* Ages grow. */
	/* Timers of a hidden page are slow: judge at once when someone looks again. */
	document.addEventListener("visibilitychange", () => {
		judge();
		void refresh();
	});
	setInterval(() => void refresh(), 2000);
}
