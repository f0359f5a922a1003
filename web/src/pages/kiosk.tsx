/* kiosk.tsx - the bench on a display of the laboratory: few values, large enough to be read at two metres
 *
 * Which ones stand in the address (#kiosk/T_bed,P_in), so that a display comes up with them by itself. The rule of all pages holds: what is not good is grey,
 * struck out, and says why.
 */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { alarm_on, alarms_shown, LAST, SYMBOL as ALARM_SYMBOL, TO_ACKNOWLEDGE } from "../alarms";
import { may, send, verdict_of, verdict_words } from "../door";
import { format_span, format_unit, format_value } from "../format";
import { Safe } from "../hand";
import { use_painters } from "../hooks";
import { get_language, words } from "../i18n";
import { put, put_class, SYMBOL, why } from "../quality";
import { address_of, go, read_part, route } from "../route";
import { StopButtons } from "../sequence";
import { is_acting } from "../session";
import { seen_id } from "../seen";
import { known, may_set, may_switch, Questions } from "../set";
import { SetBox } from "../set_box";
import { store, type Channel } from "../store";
import "./kiosk.css";

const MOST = 24;
const FIRST = 8;
const FITS_LONG = 7; /* characters of a value; longer ones are written smaller */

/* Those of the address that are there; without an address the plotted ones, then the first of the bench that have units. */
function chosen(): { shown: Channel[]; missing: string[] } {
	const wanted = route().rest.split(",").map(read_part).filter((n) => n !== "").slice(0, MOST);
	if (wanted.length > 0)
		return {
			shown: wanted.map((n) => store.channels.get(n)).filter((c) => c !== undefined),
			missing: store.list_version === 0 ? [] : wanted.filter((n) => !store.channels.has(n)),
		};
	const plotted = store.plotted.map((n) => store.channels.get(n)!);
	const others = [...store.channels.values()].filter((c) => c.group === "" && c.info.unit !== "" && !plotted.includes(c));
	return { shown: [...plotted, ...others].slice(0, FIRST), missing: [] };
}

function Tile({ channel, on_set }: { channel: Channel; on_set: (c: Channel) => void }) {
	const box = useRef<HTMLLIElement>(null);
	const value = useRef<HTMLSpanElement>(null);
	const state = useRef<HTMLSpanElement>(null);
	const target = useRef<HTMLSpanElement>(null);
	const language = get_language();
	const { name, title, unit, access, type } = channel.info;
	const can_set = is_acting() && access === "write" && ((may_set() && type !== "text") || may_switch());
	const set = access === "write" ? store.channels.get(`${name}.target`) ?? null : null;
	useEffect(() => {
		const paint = () => {
			const { quality, text } = why(channel);
			const digits = format_value(channel.info, channel.value);
			const alarm = alarm_on(name);
			put_class(box.current, `kiosk-tile ${quality}${alarm === null ? "" : ` in-alarm ${alarm.state}`}${digits.length > FITS_LONG ? " long" : ""}`);
			put(value.current, digits);
			put(state.current, quality === "good" ? (alarm === null ? "" : `${ALARM_SYMBOL[alarm.state] ?? "–"} ${alarm.name}`) : `${SYMBOL[quality]} ${text}`);
			const wanted = known(set);
			put(target.current, set === null || wanted === null ? "" : `→ ${format_value(set.info, wanted)}`);
		};
		const watched = [channel, ...(set === null ? [] : [set]),
			...(store.alarms_of.get(name) ?? []).map((a) => store.channels.get(`alarm.${a}`)).filter((c) => c !== undefined)];
		for (const c of watched)
			c.painters.add(paint);
		paint();
		return () => {
			for (const c of watched)
				c.painters.delete(paint);
		};
	}, [channel, set, language, store.list_version]);
	return (
		<li ref={box} data-tile={name}>
			<span class="kiosk-name">{title || name}</span>
			<span class="kiosk-value"><span class="digits" ref={value} /> <span class="kiosk-unit">{format_unit(unit)}</span></span>
			<span class="kiosk-foot"><span ref={target} /> <span class="kiosk-state" ref={state} /></span>
			{can_set && <button type="button" class="kiosk-set" aria-label={words().kiosk_acts.set(title || name)} onClick={() => on_set(channel)}>✎</button>}
		</li>
	);
}

/* The worst alarm in words, and how many more there are. */
function AlarmLine() {
	const w = words();
	use_painters([...store.channels.values()].filter((c) => c.info.name.startsWith("alarm.")));
	const list = alarms_shown();
	const worst = list[0];
	if (store.link === "lost" || !store.controller_up)
		return <p class="kiosk-alarm">{w.alarms_old}</p>;
	if (!worst)
		return null;
	const subject = `alarm ${worst.name}`;
	const told = is_acting() ? verdict_of(subject) : null;
	return (
		<div class={`kiosk-alarm ${worst.state}`} data-state-of={worst.name}>
			<p role="alert">
				<span aria-hidden="true">{ALARM_SYMBOL[worst.state] ?? "–"}</span> {worst.name}
				{worst.title === "" ? "" : `${w.colon}${worst.title}`} ({w.alarm_states[worst.state] ?? worst.state}){list.length > 1 && <> {w.kiosk.more(list.length - 1)}</>}
			</p>
			{is_acting() && may("ack") && TO_ACKNOWLEDGE.includes(worst.state) && <button type="button" aria-label={`${w.ack} ${worst.name}`}
				onClick={() => void send(subject, "POST", `alarms/${encodeURIComponent(worst.name)}/ack`, { seen: seen_id(LAST) }, w.ack)}>{w.ack}</button>}
			{told && <span class={`verdict ${told.verdict}`}>{verdict_words(told)}</span>}
		</div>
	);
}

/* Trips that have fired or are about to: a bench in its safe state is not one that runs. */
function TripLine() {
	const w = words();
	const trips = [...store.channels.values()].filter((c) => c.info.name.startsWith("trip."));
	use_painters(trips);
	const state = (c: Channel) => (c.quality === "bad" ? "unknown" : String(c.value));
	const fired = trips.filter((c) => ["tripped", "pending", "unknown"].includes(state(c)));
	if (fired.length === 0 || store.link === "lost" || !store.controller_up) /* the head says that nobody knows */
		return null;
	return (
		<p class="kiosk-alarm unacknowledged" data-trips={fired.length} role="alert">
			<span aria-hidden="true">■</span> {fired.slice(0, 3).map((c) => `${c.info.name.slice("trip.".length)}${w.colon}${w.trip_states[state(c)] ?? w.alarm_states[state(c)]}`).join(", ")}
			{fired.length > 3 && <> {w.kiosk.more(fired.length - 3)}</>}
		</p>
	);
}

const IN_STEP = ["name", "state", "step", "title", "comment", "time_left"];

function SequenceLine() {
	const w = words();
	const parts = IN_STEP.map((p) => store.channels.get(`sequence.${p}`)).filter((c) => c !== undefined);
	use_painters(parts);
	const state = known(store.channels.get("sequence.state") ?? null);
	if (state === null || state === "idle")
		return null;
	const text = (part: string) => {
		const c = store.channels.get(`sequence.${part}`) ?? null;
		const value = known(c);
		return value === null || value === "" ? "" : typeof value === "number" && c!.info.unit === "s" ? format_span(value) : String(value);
	};
	const step = text("step") === "" ? "" : w.sequence_step(text("step"), text("title"));
	return (
		<div class="kiosk-sequence"><p>
			<strong>{text("name")}</strong> {w.sequence_states[String(state)] ?? String(state)}
			{[step, text("comment")].filter((t) => t !== "").map((t) => <span key={t}> · {t}</span>)}
			{text("time_left") !== "" && <span> · {w.sequence_fields.time_left} {text("time_left")}</span>}
		</p>{is_acting() && <StopButtons />}</div>
	);
}

function Choose({ shown, on_close }: { shown: string[]; on_close: () => void }) {
	const w = words();
	const box = useRef<HTMLDialogElement>(null);
	const [wanted, set_wanted] = useState("");
	const [names, set_names] = useState(shown);
	useEffect(() => box.current?.showModal(), []);
	const all = useMemo(() => [...store.channels.values()].filter((c) => c.group === "" || c.group !== "mbc"), [store.list_version]);
	const seen = all.filter((c) => `${c.info.name} ${c.info.title}`.toLowerCase().includes(wanted.toLowerCase())).slice(0, 100);
	const turn = (name: string) => set_names(names.includes(name) ? names.filter((n) => n !== name) : [...names, name]);
	const use = (e: Event) => {
		e.preventDefault();
		go("kiosk", names.map(encodeURIComponent).join(","));
		box.current?.close();
	};
	return (
		<dialog ref={box} class="kiosk-choose" onClose={on_close} aria-label={w.kiosk.choose}>
			<form onSubmit={use}>
				<h2>{w.kiosk.choose}</h2>
				<p>{w.kiosk.about}</p>
				<input type="search" placeholder={w.filter} aria-label={w.filter} onInput={(e) => set_wanted(e.currentTarget.value)} />
				<ul>
					{seen.map((c) => (
						<li key={c.info.name}><label>
							<input type="checkbox" checked={names.includes(c.info.name)} disabled={!names.includes(c.info.name) && names.length >= MOST}
								onChange={() => turn(c.info.name)} /> {c.info.name} <small>{c.info.title}</small>
						</label></li>
					))}
				</ul>
				<div class="bar">
					<button type="submit" class="go" disabled={names.length === 0}>{w.kiosk.show(names.length)}</button>
					<button type="button" onClick={() => box.current?.close()}>{w.cancel}</button>
				</div>
			</form>
		</dialog>
	);
}

export function Kiosk() {
	const w = words().kiosk;
	const { shown, missing } = chosen();
	const [choosing, set_choosing] = useState(false);
	const [setting, set_setting] = useState<Channel | null>(null);
	const columns = Math.max(1, Math.ceil(Math.sqrt(shown.length * 1.2)));
	return (
		<div class="kiosk">
			{is_acting() && may("safe") && <Safe />}
			<TripLine />
			<AlarmLine />
			<SequenceLine />
			{missing.length > 0 && <p class="kiosk-alarm" role="alert">{w.missing(missing.join(", "))}</p>}
			<ul class={`kiosk-tiles columns-${Math.min(columns, 6)}`}>{shown.map((c) => <Tile key={c.info.name} channel={c} on_set={set_setting} />)}</ul>
			<div class="kiosk-links">
				<button type="button" onClick={() => set_choosing(true)}>{w.choose}</button>
				<a href={address_of("")}>{w.leave}</a>
			</div>
			{choosing && <Choose shown={shown.map((c) => c.info.name)} on_close={() => set_choosing(false)} />}
			{setting && <SetBox channel={setting} on_close={() => set_setting(null)} />}
			<Questions />
		</div>
	);
}
