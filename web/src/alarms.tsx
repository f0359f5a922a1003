/* alarms.tsx - the alarms that are not normal: those that wait for somebody first
 *
 * They are channels of the controller, "alarm.NAME", as the stream brings them. With a token they are acknowledged
 * and shelved from here, as far as the bench file opens it.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import { may, send, verdict_of, verdict_words } from "./door";
import { format_moment } from "./format";
import { use_painters } from "./hooks";
import { words } from "./i18n";
import { why } from "./quality";
import { bench_now, store, type Channel } from "./store";

const PREFIX = "alarm.";
/* A bench may have thousands, and a broken cable may bring them all. */
const MOST = 100;

/* In the order in which they are shown; what is not here is told by its own word, behind the others. */
const ORDER = ["unacknowledged", "unknown", "latched_unacknowledged", "returned", "acknowledged",
	"latched_acknowledged", "suppressed", "shelved", "out_of_service"];
const TO_ACKNOWLEDGE = ["unacknowledged", "latched_unacknowledged", "returned"];
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

/* For how long, and why: both are recorded. */
function ShelveBox({ name, on_close }: { name: string; on_close: () => void }) {
	const dialog = useRef<HTMLDialogElement>(null);
	const span = useRef<HTMLSelectElement>(null);
	const reason = useRef<HTMLInputElement>(null);
	const [why_not, set_why_not] = useState("");
	const w = words();
	useEffect(() => dialog.current?.showModal(), []);
	const go = (e: Event) => {
		e.preventDefault();
		const text = reason.current!.value.trim();
		if (text === "") {
			set_why_not(w.shelve_needs);
			return;
		}
		const length = span.current!.value;
		dialog.current?.close();
		void send(`alarm ${name}`, "POST", `alarms/${encodeURIComponent(name)}/shelve`, { for: length, reason: text },
			`${w.shelve} ${w.shelve_spans[length]}`);
	};
	return (
		<dialog ref={dialog} class="shelve-box" onClose={on_close} aria-label={w.shelve_title(name)}>
			<form onSubmit={go}>
				<h2>{w.shelve_title(name)}</h2>
				<label class="bar">{w.shelve_for}
					<select ref={span}>{Object.entries(w.shelve_spans).map(([value, text]) => <option value={value}>{text}</option>)}</select>
				</label>
				<label class="bar">{w.shelve_reason}<input ref={reason} type="text" maxLength={100} autoFocus /></label>
				<p class="message" role="alert">{why_not}</p>
				<div class="bar">
					<button type="submit" class="go">{w.shelve}</button>
					<button type="button" onClick={() => dialog.current?.close()}>{w.cancel}</button>
				</div>
			</form>
		</dialog>
	);
}

/* What a person may do about it from here. */
function Acts({ name, state }: { name: string; state: string }) {
	const [shelving, set_shelving] = useState(false);
	const w = words();
	const subject = `alarm ${name}`;
	const told = verdict_of(subject);
	const ask = (what: string, wish: string) => () => void send(subject, "POST", `alarms/${encodeURIComponent(name)}/${what}`, {}, wish);
	const can_shelve = may("shelve") && !NOT_SHELVED.includes(state) && store.alarms.get(name)?.can_be_shelved !== false;
	return (
		<span class="alarm-acts">
			{may("ack") && TO_ACKNOWLEDGE.includes(state) &&
				<button type="button" aria-label={`${w.ack} ${name}`} onClick={ask("ack", w.ack)}>{w.ack}</button>}
			{can_shelve && <button type="button" aria-label={w.shelve_title(name)} onClick={() => set_shelving(true)}>{w.shelve}</button>}
			{may("shelve") && state === "shelved" &&
				<button type="button" aria-label={`${w.unshelve} ${name}`} onClick={ask("unshelve", w.unshelve)}>{w.unshelve}</button>}
			{told && <span class={`verdict ${told.verdict}`}>{verdict_words(told)}</span>}
			{shelving && <ShelveBox name={name} on_close={() => set_shelving(false)} />}
		</span>
	);
}

function Row({ alarm, old }: { alarm: Alarm; old: boolean }) {
	const w = words();
	const { info, changed, saw_change, time } = alarm.channel;
	const since = saw_change ? changed : time;
	const word = w.alarm_states[alarm.state] ?? alarm.state;
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
	if (all.length === 0)
		return null;
	const old = store.link !== "live" || !store.controller_up;
	const list = not_normal();
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
