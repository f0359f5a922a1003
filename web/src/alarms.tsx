/* alarms.tsx - the alarms that are not normal: those that wait for somebody first
 *
 * They are channels of the controller, "alarm.NAME", as the stream brings them. With a token they are acknowledged
 * and shelved from here, as far as the bench file opens it.
 */
import { useState } from "preact/hooks";
import { has_token, may, send, verdict_of, verdict_words } from "./door";
import { format_moment } from "./format";
import { new_bounce, use_painters, use_still } from "./hooks";
import { words } from "./i18n";
import { why } from "./quality";
import { ReasonBox } from "./reason";
import { may_operate, may_protect } from "./session";
import { seen_config, seen_id } from "./seen";
import { bench_now, store, type Channel } from "./store";

export const PREFIX = "alarm.";
/* The event of the alarm that came last: what came behind it was not looked at, and is not acknowledged. */
export const LAST = "mbc.last_alarm";
/* A bench may have thousands, and a broken cable may bring them all. */
const MOST = 100;

/* In the order in which they are shown; what is not here is told by its own word, behind the others. */
const ORDER = ["unacknowledged", "unknown", "latched_unacknowledged", "returned", "acknowledged",
	"latched_acknowledged", "suppressed", "shelved", "out_of_service"];
export const TO_ACKNOWLEDGE = ["unacknowledged", "latched_unacknowledged", "returned"];
const NOT_SHELVED = ["suppressed", "shelved", "out_of_service"];
export const SYMBOL: Record<string, string> = { unacknowledged: "■", unknown: "?", latched_unacknowledged: "■",
	returned: "□", acknowledged: "●", latched_acknowledged: "●" };

/* The worst of the alarms whose condition names a channel, when it is not normal. */
export function alarm_on(channel: string): { name: string; state: string } | null {
	let worst: { name: string; state: string } | null = null;
	for (const name of store.alarms_of.get(channel) ?? []) {
		const c = store.channels.get(PREFIX + name);
		if (!c || (c.quality !== "bad" && c.value === "normal"))
			continue;
		const { state } = alarm_of(c);
		if (worst === null || rank(state) < rank(worst.state))
			worst = { name, state };
	}
	return worst;
}

export interface Alarm {
	channel: Channel;
	state: string;
	why: string;
}

/* What the controller said last. A bad value of its own says that nobody knows whether the alarm is normal. */
export function alarm_of(channel: Channel): Alarm {
	const bad = channel.quality === "bad";
	return {
		channel,
		state: bad ? "unknown" : String(channel.value),
		why: bad ? why(channel).text : "",
	};
}

export const rank = (state: string) => (ORDER.indexOf(state) + ORDER.length + 1) % (ORDER.length + 1);

/* Rows move up when one is done with: the second half of a double click is not for the next one. */
const bounces = new_bounce();

/* What a person may do about it from here. */
export function Acts({ name, state }: { name: string; state: string }) {
	const [asking, set_asking] = useState<"" | "shelve" | "out">("");
	const w = words();
	const subject = `alarm ${name}`;
	const told = verdict_of(subject);
	const send_it = (what: string, wish: string, body: object) => void send(subject, "POST", `alarms/${encodeURIComponent(name)}/${what}`, body, wish);
	/* A press in the row; what was written into a box is meant, however soon it is sent. */
	const ask = (what: string, wish: string) => bounces() || send_it(what, wish, what === "ack" ? { seen: seen_id(LAST) } : {});
	const can_shelve = may("shelve") && !NOT_SHELVED.includes(state) && store.alarms.get(name)?.can_be_shelved !== false;
	const signed = !has_token() && may_operate(); /* no token may */
	return (
		<span class="alarm-acts">
			{may("ack") && TO_ACKNOWLEDGE.includes(state) &&
				<button type="button" aria-label={`${w.ack} ${name}`} onClick={() => ask("ack", w.ack)}>{w.ack}</button>}
			{signed && state === "latched_acknowledged" &&
				<button type="button" aria-label={`${w.events.reset} ${name}`} onClick={() => ask("reset", w.events.reset)}>{w.events.reset}</button>}
			{can_shelve && <button type="button" aria-label={`${w.shelve} ${name}`} onClick={() => set_asking("shelve")}>{w.shelve}</button>}
			{may("shelve") && state === "shelved" &&
				<button type="button" aria-label={`${w.unshelve} ${name}`} onClick={() => ask("unshelve", w.unshelve)}>{w.unshelve}</button>}
			{signed && state === "out_of_service" &&
				<button type="button" aria-label={`${w.events.into} ${name}`} onClick={() => ask("in", w.events.into)}>{w.events.into}</button>}
			{!has_token() && may_protect() && state !== "out_of_service" &&
				<button type="button" aria-label={`${w.events.out} ${name}`} onClick={() => set_asking("out")}>{w.events.out}</button>}
			{told && <span class={`verdict ${told.verdict}`}>{verdict_words(told)}</span>}
			{asking === "shelve" && <ReasonBox title={w.shelve_title(name)} go={w.shelve} spans={w.shelve_spans} on_close={() => set_asking("")}
				on_go={(reason, span) => send_it("shelve", `${w.shelve} ${w.shelve_spans[span]}`, { for: span, reason, config: seen_config() })} />}
			{asking === "out" && <ReasonBox title={w.events.out_title(name)} go={w.events.out} about={w.events.out_about} on_close={() => set_asking("")}
				on_go={(reason) => send_it("out", w.events.out, { reason, config: seen_config() })} />}
		</span>
	);
}

function Row({ alarm, old }: { alarm: Alarm; old: boolean }) {
	const w = words();
	const { info, changed, saw_change, time } = alarm.channel;
	const since = saw_change ? changed : time;
	const word = alarm.state === "normal" ? w.normal : w.alarm_states[alarm.state] ?? alarm.state; /* a row that stays while the pointer is there */
	const name = info.name.slice(PREFIX.length);
	const action = store.alarms.get(name)?.do ?? "";
	return (
		<li class={`alarm ${old ? "old" : alarm.state}`} data-alarm={name}>
			<span class="alarm-symbol" aria-hidden="true">{SYMBOL[alarm.state] ?? "–"}</span>
			<span class="alarm-name">{name}</span>
			<span class="alarm-title">{info.title}{action === "" ? "" : ` — ${action}`}</span>
			<span class="alarm-state">{word}{alarm.why === "" ? "" : `${w.colon}${alarm.why}`}</span>
			<span class="alarm-since">{since === null ? "" : `${w.since} ${format_moment(since, bench_now())}`}</span>
			<Acts name={name} state={alarm.state} />
		</li>
	);
}

/* Those that are not normal, the one that waits for somebody first. */
export function alarms_shown(): { name: string; title: string; state: string }[] {
	return not_normal().map((a) => ({ name: a.channel.info.name.slice(PREFIX.length), title: a.channel.info.title, state: a.state }));
}

/* Those that ended with the controller say nothing; the line above the list does. */
function not_normal(): Alarm[] {
	const all = [...store.channels.values()].filter((c) => c.info.name.startsWith(PREFIX));
	const list = all.filter((c) => c.reason !== "controller_down").map(alarm_of).filter((a) => a.state !== "normal");
	return list.sort((a, b) => rank(a.state) - rank(b.state) || b.channel.changed - a.channel.changed);
}

export function Alarms() {
	const w = words();
	const all = [...store.channels.values()].filter((c) => c.info.name.startsWith(PREFIX));
	use_painters(all);
	const list = not_normal();
	const { still, rows, n_new } = use_still<HTMLUListElement>(list.map((a) => a.channel.info.name), (name) => store.channels.has(name));
	if (all.length === 0)
		return null;
	const old = store.link !== "live" || !store.controller_up;
	return (
		<section class="alarms" aria-labelledby="alarms-title">
			<h2 id="alarms-title">{w.alarms} {!old && <span class="count">{w.alarms_of(list.length, all.length)}</span>} <span class="count" role="status">{n_new > 0 ? w.rows_new(n_new) : ""}</span></h2>
			{old && <p class="empty">{w.alarms_old}</p>}
			{!old && list.length === 0 && <p class="empty">{w.alarms_none}</p>}
			<ul aria-live="polite" {...still}>
				{rows.slice(0, MOST + n_new).map((name) => <Row key={name} alarm={alarm_of(store.channels.get(name)!)} old={old} />)}
			</ul>
			{list.length > MOST && <p class="empty">{w.alarms_more(list.length - MOST)}</p>}
		</section>
	);
}
