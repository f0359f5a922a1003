/* table.tsx - the live table of the channels, as a laboratory knows it
 *
 * Preact makes the rows; it does not see values. Each row paints its own cells when its channel changes.
 */
import { Component, createRef } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { alarm_on, SYMBOL as ALARM_SYMBOL } from "./alarms";
import { toggle_plotted } from "./choice";
import { format_age, is_ahead, format_limit, format_time, format_unit, format_value } from "./format";
import { get_language, words, type Language } from "./i18n";
import { use_interval } from "./hooks";
import { put, put_class, SYMBOL, why } from "./quality";
import { is_output, known, may_set, may_switch, SetCells, state_of } from "./set";
import { bench_now, quality_of, store, type Channel } from "./store";

const ALWAYS = 10; /* columns that are there on each screen; type and last change give way */

/* So many rows are drawn or left out together. Left out are those that are far from the screen: a bench may have thousands,
 * and what nobody sees costs nothing but its height. */
const CHUNK = 30;
const NEAR = "700px";
const ROW_HEIGHT = 52; /* px, until it was seen */

const watched = new WeakMap<Element, (is_near: boolean) => void>();
const watcher = new IntersectionObserver((entries) => {
	for (const e of entries)
		watched.get(e.target)?.(e.isIntersecting);
}, { rootMargin: NEAR });

interface RowProps {
	channel: Channel;
	info: Channel["info"];
	slot: number; /* place in the plot, which is its colour; -1: not plotted */
	language: Language;
	editable: boolean;
	movable: boolean;
	on_toggle: (name: string) => void;
}

/* What is shown in a row beside the channel itself: what the controller keeps about it, and its alarms. */
function beside(name: string): Channel[] {
	const kept = (["target", "working", "owner", "mode", "valve"] as const).map((what) => state_of(name, what));
	const alarms = (store.alarms_of.get(name) ?? []).map((a) => store.channels.get(`alarm.${a}`) ?? null);
	return [...kept, ...alarms].filter((c) => c !== null);
}

class Row extends Component<RowProps> {
	private row = createRef<HTMLTableRowElement>();
	private value = createRef<HTMLTableCellElement>();
	private symbol = createRef<HTMLSpanElement>();
	private reason = createRef<HTMLSpanElement>();
	private remedy = createRef<HTMLSpanElement>();
	private change = createRef<HTMLTableCellElement>();
	private alarm = createRef<HTMLSpanElement>();
	private valve = createRef<HTMLTableCellElement>();
	private set: { current: SetCells | null } = { current: null };
	private followed: Channel[] = [];

	private painter = () => this.paint();

	private paint() {
		const c = this.props.channel;
		const { quality, text, remedy } = why(c);
		const shown = quality === "good" ? "" : text;
		const age_ms = bench_now() - c.changed;
		const age = format_age(age_ms);
		const plotted = this.props.slot >= 0 ? " plotted" : "";

		put_class(this.row.current, `row ${quality}${plotted}`);
		put(this.value.current, format_value(c.info, c.value));
		put(this.symbol.current, SYMBOL[quality]);
		put(this.reason.current, shown === "" ? words()[quality] : shown);
		put(this.remedy.current, quality === "good" ? "" : remedy);
		this.set.current?.paint();
		this.paint_beside();
		put(this.change.current, c.saw_change || is_ahead(age_ms) ? age : `> ${age}`);
		const title = is_ahead(age_ms) ? words().clock_back : c.time === null ? "" : words().measured(format_time(c.time));
		if (this.change.current && this.change.current.title !== title)
			this.change.current.title = title;
	}

	private paint_beside() {
		const { info } = this.props.channel;
		const alarm = alarm_on(info.name);
		const mark = this.alarm.current;
		if (mark) {
			const text = alarm === null ? "" : words().alarm_here(alarm.name, words().alarm_states[alarm.state] ?? alarm.state);
			put(mark, alarm === null ? "" : ALARM_SYMBOL[alarm.state] ?? "–");
			put_class(mark, alarm === null ? "on-alarm" : `on-alarm ${store.link === "lost" ? "old" : alarm.state}`);
			if (mark.title !== text) {
				mark.title = text;
				for (const [key, value] of [["role", "img"], ["aria-label", text]] as const)
					if (text === "") /* an image that shows nothing is none */
						mark.removeAttribute(key);
					else
						mark.setAttribute(key, value);
			}
		}
		const valve = state_of(info.name, "valve");
		put(this.valve.current, valve === null ? info.valve ?? "" : String(known(valve) ?? "—"));
	}

	private follow() {
		for (const c of this.followed)
			c.painters.delete(this.painter);
		this.followed = [this.props.channel, ...beside(this.props.info.name)];
		for (const c of this.followed)
			c.painters.add(this.painter);
	}

	override shouldComponentUpdate(next: RowProps) {
		const now = this.props;
		return next.editable !== now.editable || next.movable !== now.movable || next.channel !== now.channel || next.slot !== now.slot || next.info !== now.info ||
			next.language !== now.language;
	}

	override componentDidMount() {
		this.follow();
		this.paint();
	}

	override componentDidUpdate() {
		this.follow();
		this.paint();
	}

	override componentWillUnmount() {
		for (const c of this.followed)
			c.painters.delete(this.painter);
	}

	override render() {
		const { info, slot, on_toggle, language, editable, movable } = this.props;
		const w = words();
		const pressed = slot >= 0;
		return (
			<tr ref={this.row} data-channel={info.name} title={info.instrument ?? undefined} onClick={() => on_toggle(info.name)}>
				<th scope="row" class="name">
					<button type="button" aria-pressed={pressed}
						aria-label={pressed ? w.plot_remove(info.name) : w.plot_add(info.name)}
						class={pressed ? `swatch line${slot}` : "swatch"} />
					<span class="name-text">{info.name}</span>
					<span class="on-alarm" ref={this.alarm} />
					<span class="under-name">{info.title}</span>
				</th>
				<td class="type">{info.type}</td>
				<td class="value" ref={this.value} />
				<td class="unit">{format_unit(info.unit)}</td>
				<td class="limit">{format_limit(info.min)}</td>
				<td class="limit">{format_limit(info.max)}</td>
				{is_output(info) ? <SetCells hold={this.set} info={info} language={language} editable={editable} movable={movable} />
					: <><td class="sp none" /><td class="ramp none" /></>}
				<td class="rw">{is_output(info) ? "RW" : "R"}</td>
				<td class="valve" ref={this.valve} />
				<td class="quality">
					<span class="symbol" aria-hidden="true" ref={this.symbol} />
					<span class="reason" ref={this.reason} />
					<span class="remedy" ref={this.remedy} />
				</td>
				<td class="change" ref={this.change} />
			</tr>
		);
	}
}

interface Group {
	key: string;
	title: string;
	rows: Channel[];
}

/* The bench's own channels first, then each instrument's, health last. */
function make_groups(needle: string, problems: boolean): Group[] {
	const groups = new Map<string, Group>();
	const words_wanted = needle.toLowerCase().split(/\s+/).filter((word) => word !== "");

	for (const c of store.channels.values()) {
		const { name, title, unit, instrument } = c.info;
		const text = `${name} ${title} ${unit} ${format_unit(unit)} ${instrument ?? ""}`.toLowerCase();
		if (!words_wanted.every((word) => text.includes(word)))
			continue;
		if (problems && quality_of(c).quality === "good")
			continue;
		let group = groups.get(c.group);
		if (!group) {
			group = { key: c.group, title: c.group, rows: [] };
			groups.set(c.group, group);
		}
		group.rows.push(c);
	}
	const last: Record<string, number> = { "": 0, state: 2, mbc: 3 };
	const rank = (g: Group) => last[g.key] ?? 1;
	return [...groups.values()].sort((a, b) => rank(a) - rank(b));
}

function group_title(group: Group): string {
	if (group.key === "")
		return words().bench_group;
	if (group.key === "mbc")
		return words().health_group;
	if (group.key === "state")
		return words().state_group;
	const title = store.instruments?.find((i) => i.name === group.key)?.title;
	return title ? `${group.key} · ${title}` : group.key;
}

function Head() {
	const w = words();
	return (
		<thead>
			<tr>
				<th scope="col" class="name">{w.col_name}</th>
				<th scope="col" class="type">{w.col_type}</th>
				<th scope="col" class="value">{w.col_value}</th>
				<th scope="col" class="unit">{w.col_unit}</th>
				<th scope="col" class="limit">{w.col_min}</th>
				<th scope="col" class="limit">{w.col_max}</th>
				<th scope="col" class="sp" title={w.col_sp_help}>{w.col_sp}</th>
				<th scope="col" class="ramp" title={w.col_ramp_help}>{w.col_ramp}</th>
				<th scope="col" class="rw" title={w.col_rw_help}>{w.col_rw}</th>
				<th scope="col" class="valve" title={w.col_valve_help}>{w.col_valve}</th>
				<th scope="col" class="quality">{w.col_quality}</th>
				<th scope="col" class="change" title={w.col_change_help}>{w.col_change}</th>
			</tr>
		</thead>
	);
}

/* A part of the rows of a group, drawn while it is near the screen. One in which somebody types stays, wherever it is; so does
 * the first of the table. */
function Chunk({ rows, stays, on_toggle }: { rows: Channel[]; stays: boolean; on_toggle: (name: string) => void }) {
	const body = useRef<HTMLTableSectionElement>(null);
	const height = useRef(rows.length * ROW_HEIGHT);
	const [near, set_near] = useState(stays);

	useEffect(() => {
		const element = body.current!;
		watched.set(element, (is_near) => {
			if (is_near) {
				set_near(true);
			} else if (!stays && !element.contains(document.activeElement)) {
				height.current = element.offsetHeight;
				set_near(false);
			}
		});
		watcher.observe(element);
		return () => watcher.unobserve(element);
	}, [stays]);
	return (
		<tbody ref={body}>
			{near || stays ? rows.map((c) => (
				<Row key={c.info.name} channel={c} info={c.info} language={get_language()} editable={may_set()} movable={may_switch()}
					slot={store.plotted.indexOf(c.info.name)} on_toggle={on_toggle} />
			)) : <tr class="far" aria-hidden="true"><td colSpan={ALWAYS} style={{ height: `${height.current}px` }} /><td class="type" /><td class="change" /></tr>}
		</tbody>
	);
}

const chunks_of = (rows: Channel[]) =>
	Array.from({ length: Math.ceil(rows.length / CHUNK) }, (_, k) => rows.slice(k * CHUNK, (k + 1) * CHUNK));

function GroupBody({ group, is_first, open, on_open, on_toggle }: {
	group: Group;
	is_first: boolean;
	open: boolean;
	on_open: () => void;
	on_toggle: (name: string) => void;
}) {
	return (
		<>
			<tbody>
				<tr class="group">
					<th colSpan={ALWAYS} scope="rowgroup">
						<button type="button" aria-expanded={open} onClick={on_open}>
							<span class="arrow" aria-hidden="true">{open ? "▾" : "▸"}</span>
							{group_title(group)} <span class="count">{group.rows.length}</span>
						</button>
					</th>
					<td class="type" /><td class="change" />
				</tr>
			</tbody>
			{open && chunks_of(group.rows).map((rows, k) => <Chunk key={k} rows={rows} stays={is_first && k === 0} on_toggle={on_toggle} />)}
		</>
	);
}

/* Which groups stand open: a person's choice, else the bench's own; the instruments' where it has none. */
function starts_open(key: string, own: boolean): boolean {
	return key === "" || (!own && key !== "mbc" && key !== "state");
}

export function Table() {
	const [needle, set_needle] = useState("");
	const [problems, set_problems] = useState(false);
	const [chosen, set_chosen] = useState<Record<string, boolean>>({});
	const [message, set_message] = useState("");
	const [, again] = useState(0);
	const w = words();
	const searching = needle !== "" || problems;

	/* With "problems only", rows come and go with their quality. */
	use_interval(useMemo(() => () => problems && again((n) => n + 1), [problems]), 1000);
	const on_toggle = useMemo(() => (name: string) => set_message(toggle_plotted(name) ?? ""), []);
	const groups = make_groups(needle, problems);
	const own = [...store.channels.values()].some((c) => c.group === "");
	const found = groups.reduce((n, g) => n + g.rows.length, 0);

	return (
		<section class="channels" aria-labelledby="channels-title">
			<div class="bar">
				<h2 id="channels-title">{w.channels}</h2>
				<label class="filter" title={w.filter_help}>
					{w.filter}
					<input type="search" value={needle}
						onInput={(e) => set_needle(e.currentTarget.value)} />
				</label>
				<label class="check">
					<input type="checkbox" checked={problems}
						onChange={(e) => set_problems(e.currentTarget.checked)} />
					{w.problems}
				</label>
				<span class="shown">{w.shown(found, store.channels.size)}</span>
			</div>
			<p class="message" role="status">{message}</p>
			<div class="scroll"><table>
				<Head />
				{groups.map((g) => {
					const open = searching || (chosen[g.key] ?? starts_open(g.key, own));
					return (
						<GroupBody key={g.key} group={g} is_first={g === groups[0]} open={open} on_toggle={on_toggle}
							on_open={() => set_chosen((before) => ({ ...before, [g.key]: !open }))} />
					);
				})}
			</table></div>
			{found === 0 && store.channels.size > 0 && <p class="empty">{w.none_found}</p>}
		</section>
	);
}
