/* trips.tsx - the trips that are not at rest, and how a person resets them
 *
 * They are channels of the controller, "trip.NAME". No token resets one: whoever is signed in does, or the page gives the command to copy.
 */
import { useState } from "preact/hooks";
import { use_painters } from "./hooks";
import { words } from "./i18n";
import { why } from "./quality";
import { store, type Channel } from "./store";
import { TripActs } from "./trip_acts";

const PREFIX = "trip.";
const MOST = 50;
const SYMBOL: Record<string, string> = { tripped: "■", pending: "▲", bypassed: "◇", unknown: "?" };
const ORDER = ["tripped", "pending", "unknown", "bypassed"];

interface Trip {
	channel: Channel;
	name: string;
	state: string;
	why: string;
}

function trip_of(channel: Channel): Trip {
	const bad = channel.quality === "bad";
	return { channel, name: channel.info.name.slice(PREFIX.length), state: bad ? "unknown" : String(channel.value), why: bad ? why(channel).text : "" };
}

function Row({ trip, old }: { trip: Trip; old: boolean }) {
	const w = words();
	const info = store.trips.get(trip.name);
	const word = trip.state === "unknown" ? w.alarm_states.unknown! : w.trip_states[trip.state] ?? trip.state;
	return (
		<li class={`alarm trip ${old ? "old" : trip.state}`} data-trip={trip.name}>
			<span class="alarm-symbol" aria-hidden="true">{SYMBOL[trip.state] ?? "–"}</span>
			<span class="alarm-name">{trip.name}</span>
			<span class="alarm-title">{trip.channel.info.title}{info ? ` (${w.trip_fires(info.condition, info.safe_state)})` : ""}</span>
			<span class="alarm-state">{word}{trip.why === "" ? "" : `${w.colon}${trip.why}`}</span>
			<TripActs name={trip.name} state={trip.state} />
		</li>
	);
}

export function Trips() {
	const w = words();
	const all = [...store.channels.values()].filter((c) => c.info.name.startsWith(PREFIX));
	const [most, set_most] = useState(MOST);
	use_painters(all);
	if (all.length === 0)
		return null;
	const old = store.link !== "live" || !store.controller_up;
	const list = all.filter((c) => c.reason !== "controller_down").map(trip_of).filter((t) => t.state !== "ready");
	const rank = (t: Trip) => ORDER.indexOf(t.state);
	list.sort((a, b) => rank(a) - rank(b));
	return (
		<section class="alarms trips" aria-labelledby="trips-title">
			<h2 id="trips-title">{w.trips} {!old && list.length > 0 && <span class="count">{w.alarms_of(list.length, all.length)}</span>}</h2>
			{old && <p class="empty">{w.trips_old}</p>}
			{!old && list.length === 0 && <p class="empty">{w.trips_ready(all.length)}</p>}
			<ul aria-live="polite">
				{list.slice(0, most).map((t) => <Row key={t.name} trip={t} old={old} />)}
			</ul>
			{list.length > most && <p class="trips-more">{w.rows_more(list.length - most)} <button type="button" onClick={() => set_most(most + MOST)}>{w.rows_show(Math.min(MOST, list.length - most))}</button></p>}
		</section>
	);
}
