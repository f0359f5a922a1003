/* protection.tsx - what protects the bench: trips, interlocks, safe states, bypasses, and where outputs end up when something is lost
 *
 * What it is is asked once; how it stands are channels of the controller.
 */
import { useEffect, useState } from "preact/hooks";
import "./events.css";
import "./protection.css";
import { get_events, get_protection, LOSSES, type BenchEvent, type Protection, type SafeLine, type TripDetails } from "../api";
import { with_unit } from "../check";
import { format_date, format_moment } from "../format";
import { use_painters } from "../hooks";
import { words } from "../i18n";
import { quality_of, store, type Channel, bench_now } from "../store";
import { known } from "../set";
import { TripActs } from "../trip_acts";
import { why } from "../quality";

const SYMBOL: Record<string, string> = { ready: "✓", free: "✓", idle: "✓", pending: "▲", holds: "▲", under_way: "▲", tripped: "■", not_confirmed: "■",
	reached: "●", bypassed: "◇", unknown: "?" };
const AGAIN_MS = 5000;
const BYPASSES_MS = 31 * 86_400_000;

/* Asked until it is there, and anew with each bench file. */
function use_protection(): { found: Protection | null; failed: boolean } {
	const [found, set_found] = useState<Protection | null>(null);
	const [failed, set_failed] = useState(false);
	useEffect(() => {
		let alive = true;
		let timer: ReturnType<typeof setTimeout> | undefined;
		const ask = () => {
			get_protection().then((p) => alive && (set_found(p), set_failed(false)), () => {
				if (alive)
					timer = setTimeout(ask, AGAIN_MS);
				if (alive)
					set_failed(true);
			});
		};
		ask();
		return () => {
			alive = false;
			clearTimeout(timer);
		};
	}, [store.list_version]);
	return { found, failed };
}

/* The last bypass of each, as it was asked for. */
function use_bypasses(key: string): Map<string, BenchEvent> {
	const [last, set_last] = useState(new Map<string, BenchEvent>());
	useEffect(() => {
		if (key === "")
			return undefined;
		const stop = new AbortController();
		/* The record lags a little behind the channels. */
		const timers = [0, 2000, 6000].map((wait) => setTimeout(() => {
			get_events({ kind: "bypass_began", from: bench_now() - BYPASSES_MS, to: null, limit: 500, language: "en" }, stop.signal).then(
				({ events }) => set_last(new Map(events.map((e) => [e.subject ?? "", e]))), () => undefined);
		}, wait));
		return () => {
			stop.abort();
			timers.forEach(clearTimeout);
		};
	}, [key]);
	return last;
}

interface Stand {
	state: string;
	why: string;
	since: number | null;
}

function stand_of(channel: Channel | undefined): Stand {
	if (!channel)
		return { state: "unknown", why: "", since: null };
	const bad = quality_of(channel).quality === "bad";
	return { state: bad ? "unknown" : String(channel.value), why: bad ? why(channel).text : "", since: channel.saw_change ? channel.changed : channel.time };
}

function State({ stand, names }: { stand: Stand; names: Record<string, string> }) {
	const since = stand.since !== null && !["ready", "free", "idle", "unknown"].includes(stand.state) ? ` ${words().since} ${format_moment(stand.since, bench_now())}` : "";
	return <><span aria-hidden="true">{SYMBOL[stand.state] ?? "?"}</span> <strong>{names[stand.state] ?? stand.state}</strong>{stand.why === "" ? "" : `${words().colon}${stand.why}`}{since}</>;
}

function Tested({ t }: { t: TripDetails }) {
	const w = words().protection;
	if (t.tested === null)
		return <>{w.never_tested}</>;
	if (t.test_every_s === null)
		return <>{t.tested}</>;
	const due = Date.parse(`${t.tested}T00:00:00Z`) + t.test_every_s * 1000;
	const day = format_date(due);
	return <>{t.tested}, {due < bench_now() ? <strong class="overdue">▲ {w.overdue(day)}</strong> : w.due(day)}</>;
}

/* Of a bypass: who, until when, why. */
function Bypassed({ e }: { e: BenchEvent | undefined }) {
	if (!e?.time)
		return null;
	const until = Date.parse(e.time) + (e.values[0] ?? 0) * 1000;
	return <p class="bypassed-by">{words().protection.bypassed_by(e.principal ?? "?", format_moment(until, bench_now()), e.note ?? "")}</p>;
}

const fires = (t: TripDetails) => {
	const w = words().protection;
	return [t.condition, t.for_s === null ? "" : w.for_s(t.for_s), t.on_bad_s === null ? "" : `(${w.on_bad_s(t.on_bad_s)})`].filter((s) => s !== "").join(" ");
};

interface Row {
	name: string;
	title: string;
	t: TripDetails;
}

function Guards({ rows, bypasses, is_interlock, forbids }: { rows: Row[]; bypasses: Map<string, BenchEvent>; is_interlock: boolean; forbids?: Map<string, string> }) {
	const w = words();
	const names: Record<string, string> = { ...w.trip_states, unknown: w.protection.interlock_states.unknown! };
	if (rows.length === 0)
		return <p class="empty">{w.protection.none}</p>;
	return (
		<table class="cards-when-narrow">
			<thead><tr><th>{is_interlock ? w.protection.interlock : w.protection.trip}</th><th>{w.state}</th><th>{is_interlock ? w.protection.forbids : w.protection.condition}</th>
				<th>{w.protection.does}</th><th>{w.protection.guard}</th><th>{w.protection.tested}</th><th>{w.events.acts}</th></tr></thead>
			<tbody>{rows.map(({ name, title, t }) => {
				const trip = stand_of(store.channels.get(`trip.${name}`));
				const own = is_interlock ? stand_of(store.channels.get(`interlock.${name}`)) : trip;
				return (
					<tr key={name} class={`guard ${trip.state === "ready" ? own.state : trip.state}`} data-guard={name}>
						<th scope="row"><span class="alarm-name">{name}</span><small>{title}</small></th>
						<td data-label={w.state}><State stand={own} names={is_interlock ? w.protection.interlock_states : names} />
							{is_interlock && trip.state === "tripped" && <p><State stand={trip} names={names} /></p>}
							{trip.state === "bypassed" && <Bypassed e={bypasses.get(name)} />}</td>
						<td data-label={is_interlock ? w.protection.forbids : w.protection.condition}>{forbids?.get(name) ?? fires(t)}</td>
						<td data-label={w.protection.does}>{t.safe_state}</td>
						<td data-label={w.protection.guard}>{t.protected_by === "" ? <em>▲ {w.protection.nobody_said}</em> : t.protected_by}</td>
						<td data-label={w.protection.tested}><Tested t={t} /></td>
						<td class="acts"><TripActs name={name} state={trip.state} bypass_max_s={t.bypass_max_s} /></td>
					</tr>
				);
			})}</tbody>
		</table>
	);
}

function Line({ line }: { line: SafeLine }) {
	const w = words().protection;
	const c = store.channels.get(line.output);
	const value = c ? with_unit(c.info, line.value) : String(line.value);
	const now = c ? known(c) : null;
	const parts = [line.within_s === null ? "" : w.within(line.within_s), line.after === null ? "" : w.after(line.after),
		line.otherwise === null ? "" : w.otherwise(line.otherwise), line.is_otherwise ? w.only_otherwise : ""].filter((s) => s !== "");
	return <li>{w.line(line.output, value)}<small> {[...parts, c && now !== null ? w.now(with_unit(c.info, now)) : ""].filter((s) => s !== "").join(", ")}</small></li>;
}

function SafeStates({ p }: { p: Protection }) {
	const w = words().protection;
	return (
		<section aria-labelledby="safe-title">
			<h2 id="safe-title">{w.safe_states}</h2>
			{p.safe_states.length === 0 && <p class="empty">{w.none}</p>}
			{p.safe_states.map((s) => {
				const stand = stand_of(store.channels.get(`safe.${s.name}`));
				return (
					<div key={s.name} class={`safe-one ${stand.state}`} data-safe={s.name}>
						<h3>{s.name}{s.title === "" ? "" : ` · ${s.title}`}{s.is_on_stop ? ` (${w.on_stop})` : ""}</h3>
						<p><State stand={stand} names={w.safe_phases} /></p>
						<ol>{s.lines.map((line, k) => <Line key={k} line={line} />)}</ol>
					</div>
				);
			})}
			{p.restore.length > 0 && <><h3>{w.restore}</h3><ol>{p.restore.map((name) => <li key={name}>{name}</li>)}</ol></>}
		</section>
	);
}

const GOOD = ["closed", "not_concerned", "by_watchdog", "closed_or_stays", "stays"];

function Losses({ p }: { p: Protection }) {
	const w = words();
	const own = w.protection;
	return (
		<section aria-labelledby="losses-title">
			<h2 id="losses-title">{own.losses}</h2>
			{p.losses.length === 0 ? <p class="empty">{own.losses_none}</p> : (
				<div class="scroll" tabIndex={0} role="region" aria-labelledby="losses-title">
					<table class="numbers losses">
						<thead><tr><th>{own.output}</th><th>{own.hazard}</th>{LOSSES.map((l) => <th key={l}>{own.lost[l]}</th>)}</tr></thead>
						<tbody>{p.losses.map((o) => (
							<tr key={o.name} data-losses={o.name}>
								<th scope="row">{o.name}</th><td>{w.hazards[o.hazard] ?? o.hazard}</td>
								{LOSSES.map((l) => <td key={l} class={o[l] === "unknown" ? "fate-unknown" : GOOD.includes(o[l]) ? "" : "fate-open"}>
									{o[l] === "unknown" ? "? " : GOOD.includes(o[l]) ? "" : "▲ "}{own.fates[o[l]] ?? o[l]}</td>)}
							</tr>
						))}</tbody>
					</table>
				</div>
			)}
			<p>{own.losses_about}</p>
			{p.heartbeat !== null && <p>{own.heartbeat(p.heartbeat)}</p>}
		</section>
	);
}

export function Protect() {
	const w = words();
	const { found: p, failed } = use_protection();
	const watched = [...store.channels.values()].filter((c) => /^(trip|interlock|safe)\./.test(c.info.name));
	const outputs = p ? p.safe_states.flatMap((s) => s.lines.map((l) => store.channels.get(l.output))).filter((c) => c !== undefined) : [];
	use_painters([...watched, ...outputs]);
	const bypasses = use_bypasses(watched.filter((c) => c.info.name.startsWith("trip.") && c.value === "bypassed").map((c) => `${c.info.name} ${c.changed}`).join());
	const old = store.link !== "live" || !store.controller_up;
	if (!p)
		return <section class="protection"><h2>{w.pages.protection}</h2><p class={failed ? "message" : "empty"}>{failed ? w.list_failed : w.past_asking}</p></section>;
	const forbids = new Map(p.interlocks.map((k) => [k.name, k.forbids]));
	return (
		<div class="protection">
			{old && <p class="message" role="status">{w.protection.old}</p>}
			{failed && <p class="message" role="status">{w.protection.file_before}</p>}
			<section aria-labelledby="guards-title">
				<h2 id="guards-title">{w.protection.trips}</h2>
				<p class="empty">{w.protection.about}</p>
				<Guards rows={p.trips.map((t) => ({ name: t.name, title: t.title, t }))} bypasses={bypasses} is_interlock={false} />
			</section>
			<section aria-labelledby="interlocks-title">
				<h2 id="interlocks-title">{w.protection.interlocks}</h2>
				<Guards rows={p.interlocks.map((k) => ({ name: k.name, title: k.title, t: k.trip }))} bypasses={bypasses} is_interlock forbids={forbids} />
			</section>
			<SafeStates p={p} />
			<Losses p={p} />
		</div>
	);
}

