/* alarms.tsx - the alarms that are not normal: those that wait for somebody first
 *
 * They are channels of the controller, "alarm.NAME", as the stream brings them. Nothing is acknowledged from here.
 */
import { useEffect, useReducer } from "preact/hooks";
import { format_moment } from "./format";
import { words } from "./i18n";
import { why } from "./quality";
import { bench_now, store, type Channel } from "./store";

const PREFIX = "alarm.";
/* A bench may have thousands, and a broken cable may bring them all. */
const MOST = 100;

/* In the order in which they are shown; what is not here is told by its own word, behind the others. */
const ORDER = ["unacknowledged", "unknown", "latched_unacknowledged", "returned", "acknowledged",
	"latched_acknowledged", "suppressed", "shelved", "out_of_service"];
const SYMBOL: Record<string, string> = { unacknowledged: "■", unknown: "?", latched_unacknowledged: "■",
	returned: "□", acknowledged: "●", latched_acknowledged: "●" };

interface Alarm {
	channel: Channel;
	state: string;
	why: string;
}

/* What the controller said last. A bad value of its own says that nobody knows whether the alarm is normal. */
function alarm_of(channel: Channel): Alarm {
	const bad = channel.quality === "bad";
	return {
		channel,
		state: bad ? "unknown" : String(channel.value),
		why: bad ? why(channel).text : "",
	};
}

const rank = (state: string) => (ORDER.indexOf(state) + ORDER.length + 1) % (ORDER.length + 1);

function Row({ alarm, old }: { alarm: Alarm; old: boolean }) {
	const w = words();
	const { info, changed, saw_change, time } = alarm.channel;
	const since = saw_change ? changed : time;
	const word = w.alarm_states[alarm.state] ?? alarm.state;
	return (
		<li class={`alarm ${old ? "old" : alarm.state}`} data-alarm={info.name.slice(PREFIX.length)}>
			<span class="alarm-symbol" aria-hidden="true">{SYMBOL[alarm.state] ?? "–"}</span>
			<span class="alarm-name">{info.name.slice(PREFIX.length)}</span>
			<span class="alarm-title">{info.title}</span>
			<span class="alarm-state">{word}{alarm.why === "" ? "" : `${w.colon}${alarm.why}`}</span>
			<span class="alarm-since">{since === null ? "" : `${w.since} ${format_moment(since, bench_now())}`}</span>
		</li>
	);
}

export function Alarms() {
	const [, again] = useReducer((n: number, _: void) => n + 1, 0);
	const w = words();
	const all = [...store.channels.values()].filter((c) => c.info.name.startsWith(PREFIX));

	useEffect(() => {
		const painter = () => again();
		for (const c of all)
			c.painters.add(painter);
		return () => {
			for (const c of all)
				c.painters.delete(painter);
		};
	}, [store.list_version]);
	if (all.length === 0)
		return null;
	const old = store.link !== "live" || !store.controller_up;
	/* Those that ended with the controller say nothing; the line above the list does. */
	const list = all.filter((c) => c.reason !== "controller_down").map(alarm_of).filter((a) => a.state !== "normal");
	list.sort((a, b) => rank(a.state) - rank(b.state) || b.channel.changed - a.channel.changed);
	return (
		<section class="alarms" aria-labelledby="alarms-title">
			<h2 id="alarms-title">{w.alarms} {!old && <span class="count">{w.alarms_of(list.length, all.length)}</span>}</h2>
			{old && <p class="empty">{w.alarms_old}</p>}
			{!old && list.length === 0 && <p class="empty">{w.alarms_none}</p>}
			<ul aria-live="polite">
				{list.slice(0, MOST).map((a) => <Row key={a.channel.info.name} alarm={a} old={old} />)}
			</ul>
			{list.length > MOST && <p class="empty">{w.alarms_more(list.length - MOST)}</p>}
		</section>
	);
}
