/* head.tsx - the bar that never scrolls away: which bench, does it run, can this page be believed */
import { useEffect, useMemo, useRef } from "preact/hooks";
import { format_date, format_time, format_zone } from "./format";
import { Hand } from "./hand";
import { Hold } from "./hold";
import { words } from "./i18n";
import { use_interval } from "./hooks";
import { Acting } from "./kiosk_acts";
import { LanguageSwitch } from "./language";
import { page_shown, Pages } from "./pages";
import { Me } from "./sign";
import { are_facts_old, bench_now, store } from "./store";

type State = "connecting" | "running" | "controller_down" | "lost";

export function page_state(): State {
	if (store.link === "lost")
		return "lost";
	if (store.link === "connecting" || store.bench === null)
		return "connecting";
	return store.controller_up ? "running" : "controller_down";
}

const SYMBOL: Record<State, string> = { connecting: "…", running: "●", controller_down: "■", lost: "✕" };

function Clock() {
	const time = useRef<HTMLElement>(null);
	const date = useRef<HTMLElement>(null);
	const paint = useMemo(() => () => {
		if (store.link !== "live")
			return; /* The bench's time is not known now. */
		const now = bench_now();
		if (time.current)
			time.current.textContent = format_time(now);
		if (date.current)
			date.current.textContent = `${format_date(now)} ${format_zone(now)}`;
	}, []);
	useEffect(paint);
	use_interval(paint, 250);
	return (
		<div class={store.link === "live" ? "fact clock" : "fact clock old"} title={words().bench_time}>
			<strong ref={time}>--:--:--</strong>
			<small ref={date} />
		</div>
	);
}

function Facts() {
	const w = words();
	const all = store.instruments ?? [];
	const up = all.filter((i) => i.state === "up").length;
	const old = are_facts_old() ? " old" : "";
	return (
		<>
			{store.instruments !== null && (
				<div class={(up < all.length ? "fact short" : "fact") + old}>
					<strong>{w.instruments_up(up, all.length)}</strong>
					<small>{w.instruments}</small>
				</div>
			)}
			{store.bench !== null && store.bench.ticks_lost > 0 && (
				<div class={`fact short${old}`} title={w.ticks_lost_help}>
					<strong>{store.bench.ticks_lost}</strong>
					<small>{w.ticks_lost}</small>
				</div>
			)}
			{store.bench?.time_is_good === false && (
				<div class="fact short" title={w.clock_wrong_help}>
					<strong>▲</strong>
					<small>{w.clock_wrong}</small>
				</div>
			)}
		</>
	);
}

/* What the state means and what to do about it; nothing while all is well. */
function banner(state: State): string {
	const w = words();
	if (state === "lost")
		return w.lost_help(at(store.heard));
	if (store.list_failed)
		return w.list_failed;
	if (state === "connecting")
		return w.connecting_help;
	return state === "controller_down" ? w.controller_down_help : "";
}

const BACK_MS = 60_000; /* so long it is said that the server is heard again */

const at = (moment: number) => format_time(bench_now() - (performance.now() - moment));

/* After a silence: since when it is over, for a while; the eye may have been elsewhere. */
function Back() {
	const { silence } = store;
	if (silence === null || store.link !== "live" || performance.now() - silence.to > BACK_MS)
		return null;
	return <p class="banner back" role="status">{words().back(at(silence.to), at(silence.from))}</p>;
}

/* A bench file that changes protection and waits: what it weakens, in the words of the controller. */
function Pending() {
	const w = words();
	const p = store.bench?.pending;

	if (!p)
		return null;
	return (
		<div class="banner pending" role="status">
			<p>{p.needs_reason ? w.pending_reason : w.pending}</p>
			<ul>{[...p.weaker.map((t) => `${w.weaker}${w.colon}${t}`), ...p.stronger, ...p.changed].map((t) => <li>{t}</li>)}</ul>
			{p.reason !== null && <p>{p.who}{w.colon}{p.reason}</p>}
		</div>
	);
}

export function Head() {
	const w = words();
	const state = page_state();
	const name = store.bench?.title || store.bench?.bench || "mbc";
	const told = banner(state);
	const { is_bare } = page_shown();

	useEffect(() => {
		document.title = state === "running" ? name : `${SYMBOL[state]} ${w[state]} · ${name}`;
	});
	return (
		<header>
			<div class="head">
				<div class={`state ${state}`} role="status" data-state={state}>
					<span aria-hidden="true">{SYMBOL[state]}</span> {w[state]}
				</div>
				<div class="bench">
					<h1>{name}</h1>
					<small>{store.bench?.bench}</small>
				</div>
				<Facts />
				<Clock />
				{!is_bare && <Hold />}
				{!is_bare && <Hand />}
				{!is_bare && <Me />}
				<Acting />
				<LanguageSwitch />
			</div>
			{told !== "" && <p class={`banner ${state}`} role="alert">{told}</p>}
			<Back />
			<Pending />
			{!is_bare && <Pages />}
		</header>
	);
}
