/* trends.tsx - live and past in one plot: any channels, runs over each other, cursors, marks, saved views, export */
import "./trends.css";
import { useCallback, useEffect, useMemo, useReducer, useRef, useState } from "preact/hooks";
import { is_recorded, limits } from "../canvas";
import { format_stretch } from "../format";
import { KEPT_MS } from "../history";
import { use_interval } from "../hooks";
import { get_language, words } from "../i18n";
import { address_of, route } from "../route";
import { bench_now, store } from "../store";
import { export_link, FORMATS } from "../trends/links";
import { Chooser, Faults, Legend, MarkList, Readout, RunList } from "../trends/lists";
import { Happenings } from "../trends/happenings";
import { common_steps, type Mark, run_marks } from "../trends/marks";
import { all_of, marked, type Shown, spanned, stepped, toggle_cursors, viewed } from "../trends/moves";
import { type Axis, EMPTY, is_over, type Plan, read_plan, write_plan } from "../trends/plan";
import { picture, save_picture } from "../trends/png";
import { keep_last, last_plan, remove_view, save_view, saved_views } from "../trends/saved";
import { new_asker, question_of, Runs, stretch_of } from "../trends/source";
import { type Change, type Drawing, type Hover, Stack } from "../trends/stack";
import { x_words } from "../trends/words";
import { go_to, WINDOWS } from "../view";

/* From the address; without one, what was shown last here, else what the bench's plot shows. */
function first_plan(): Plan {
	const { page, rest } = route();
	const text = page === "trends" && rest !== "" ? rest : last_plan();
	const plan = text === null ? EMPTY : read_plan(text);
	return plan.names.length > 0 ? plan : { ...plan, names: [...store.plotted] };
}

type Set = (c: Change) => void;

/* x axis: the clock, time since a beginning, or a channel. */
function AxisChoice({ plan, runs, on_plan }: { plan: Plan; runs: Runs; on_plan: Set }) {
	const w = words().trends;
	const own = useMemo(() => [...store.channels.values()].filter((c) => c.history && c.group === "").slice(0, 300).map((c) => c.info.name), [store.list_version]);
	const names = [...new Set([plan.x, ...plan.names, ...own])].filter((n) => n !== "");
	const stories = plan.runs.map((r) => runs.stories.get(r)).filter((s) => s !== undefined);
	const steps = stories.length === plan.runs.length ? common_steps(stories) : [];
	const set_axis = (axis: Axis) => on_plan((p) => ({
		...p, axis, band: null, cursors: null, part: null, x: axis === "channel" && p.x === "" ? p.names[0] ?? names[0] ?? "" : p.x,
	}));
	return (
		<>
			<label class="pick"><span>{w.x_axis}</span>
				<select class="axis" value={plan.axis} onChange={(e) => set_axis(e.currentTarget.value as Axis)}>
					{(["clock", "run", "step", "channel"] as Axis[]).map((a) => <option key={a} value={a}>{w.axes[a]}</option>)}
				</select>
			</label>
			{plan.axis === "channel" && (
				<label class="pick"><span>{w.x_channel}</span>
					<select class="x-channel" value={plan.x} onChange={(e) => { const x = e.currentTarget.value; on_plan((p) => ({ ...p, x, band: null, cursors: null })); }}>
						{names.map((n) => <option key={n} value={n}>{n}</option>)}
					</select>
				</label>
			)}
			{plan.axis === "step" && (
				<label class="pick"><span>{w.since_step}</span>
					<select class="step" value={plan.step} onChange={(e) => { const step = e.currentTarget.value; on_plan((p) => ({ ...p, step, part: null, cursors: null })); }}>
						<option value="">{w.choose_step}</option>
						{plan.step !== "" && !steps.some((s) => String(s.number) === plan.step) && <option value={plan.step}>{plan.step}</option>}
						{steps.map((s) => <option key={s.number} value={String(s.number)}>{s.number} {s.title}</option>)}
					</select>
				</label>
			)}
		</>
	);
}

/* Windows and steps of the clock; of anything else: all of it. */
function TimeChoice({ plan, drawing, on_plan }: { plan: Plan; drawing: Drawing; on_plan: Set }) {
	const w = words();
	const over = is_over(plan);
	const off = !is_recorded();
	const why_off = off ? w.past_off : undefined;
	const held = over ? plan.part !== null : plan.view.end !== null;
	const hold = () => on_plan((p, s) => {
		if (p.view.end !== null)
			return viewed(p, { span: p.view.span, end: null });
		return p.axis === "channel" ? viewed(p, { span: p.view.span, end: s.limits.now }) : marked(p, s.from, s.to, s);
	});
	return (
		<>
			{!over && (
				<div class="choices" role="group" aria-label={w.window}>
					{WINDOWS.map((span, k) => (
						<button type="button" key={span} aria-pressed={plan.view.span === span} disabled={off && span > KEPT_MS} title={why_off}
							onClick={() => on_plan((p, s) => spanned(p, span, s.limits))}>{w.window_names[k]}</button>
					))}
				</div>
			)}
			<div class="choices" role="group" aria-label={w.past}>
				<button type="button" class="earlier" aria-label={w.earlier} title={why_off ?? w.earlier} disabled={off && !over}
					onClick={() => on_plan((p, s) => stepped(p, -1, s))}>‹</button>
				{(over || plan.axis === "channel") && (
					<button type="button" class="all" disabled={plan.part === null && plan.band === null} onClick={() => on_plan((p) => all_of(p))}>{w.trends.all}</button>
				)}
				{!over && <button type="button" class="now" title={why_off} onClick={() => on_plan((p) => viewed(p, { span: p.view.span, end: null }))}>{w.now}</button>}
				<button type="button" class="later" aria-label={w.later} title={why_off ?? w.later} disabled={off && !over}
					onClick={() => on_plan((p, s) => stepped(p, 1, s))}>›</button>
			</div>
			{!over && (
				<label class="go-to" title={why_off}>
					<span>{w.go_to}</span>
					<input type="datetime-local" disabled={off} onChange={(e) => {
						const time = new Date(e.currentTarget.value).getTime();
						if (!Number.isNaN(time))
							on_plan((p) => viewed(p, go_to(p.view, time, limits())));
					}} />
				</label>
			)}
			{!over && <button type="button" class="pause" onClick={hold}>{held ? `▶ ${w.resume}` : `❚❚ ${w.pause}`}</button>}
			{held && drawing.shown && (
				<span class="held">{over ? "" : `${w.paused} `}<span class="stretch">{over ?
					`${x_words("run", plan.part![0])} – ${x_words("run", plan.part![1])}` : format_stretch(plan.view.end! - plan.view.span, plan.view.end!)}</span></span>
			)}
		</>
	);
}

/* Escape closes a menu, and leads back to what opened it. */
function close_by_escape(e: KeyboardEvent & { currentTarget: HTMLDetailsElement }): void {
	if (e.key !== "Escape" || !e.currentTarget.open)
		return;
	e.currentTarget.open = false;
	e.currentTarget.querySelector("summary")?.focus();
}

function Views({ plan, on_open }: { plan: Plan; on_open: (text: string) => void }) {
	const w = words().trends;
	const [name, set_name] = useState("");
	const [, again] = useReducer((n: number, _: void) => n + 1, 0);
	const views = saved_views();
	const save = () => {
		const wished = name.trim().slice(0, 60);
		if (wished === "")
			return;
		save_view(wished, write_plan(plan));
		set_name("");
		again();
	};
	return (
		<details class="menu views" name="trends-menu" onKeyDown={close_by_escape}>
			<summary>{w.views}</summary>
			<div class="menu-body">
				{views.length === 0 && <p class="empty">{w.views_none}</p>}
				<ul>
					{views.map((v) => (
						<li key={v.name}>
							<button type="button" class="open-view" onClick={() => on_open(v.plan)}>{v.name}</button>
							<button type="button" class="remove" aria-label={w.view_remove(v.name)} onClick={() => { remove_view(v.name); again(); }}>×</button>
						</li>
					))}
				</ul>
				<form onSubmit={(e) => { e.preventDefault(); save(); }}>
					<input type="text" value={name} aria-label={w.view_name} placeholder={w.view_name} maxLength={60} onInput={(e) => set_name(e.currentTarget.value)} />
					<button type="submit" disabled={name.trim() === ""}>{w.view_save}</button>
				</form>
				<p class="about">{w.views_about}</p>
			</div>
		</details>
	);
}

function Export({ plan, runs, drawing, pixels }: { plan: Plan; runs: Runs; drawing: Drawing; pixels: () => number }) {
	const w = words().trends;
	const [each, set_each] = useState(false);
	const [copied, set_copied] = useState(false);
	const [, again] = useReducer((n: number, _: void) => n + 1, 0);
	const [from, to] = stretch_of(plan, runs);
	const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
	const names = plan.names.filter((n) => store.channels.get(n)?.history);
	const title_of = (run: number) => runs.info(run)?.title ?? "";
	const draw = () => {
		const box = document.querySelector<HTMLElement>(".stack");
		if (!box || !drawing.model)
			return;
		const below = is_over(plan) ? w.axes[plan.axis] : format_stretch(from, to);
		save_picture(picture(box, store.bench?.title || store.bench?.bench || "", below, drawing.model.curves, title_of), "trends.png");
	};
	const copy = () => void navigator.clipboard?.writeText(location.href).then(() => set_copied(true), () => set_copied(false));
	return (
		<details class="menu export" name="trends-menu" onKeyDown={close_by_escape} onToggle={() => again()}>
			<summary>{w.export}</summary>
			<div class="menu-body">
				<label><input type="checkbox" checked={each} onChange={(e) => set_each(e.currentTarget.checked)} /> {w.each_value}</label>
				<ul>
					{names.length > 0 && FORMATS.map((format) => (
						<li key={format}><a class="export-link" data-format={format} download={`trends.${format === "csv-fr" ? "csv" : format}`}
							href={export_link(plan, from, to, each ? null : pixels(), format, zone)}>{w.formats[format]}</a></li>
					))}
				</ul>
				<button type="button" class="png" disabled={names.length === 0} onClick={draw}>{w.png}</button>
				<button type="button" class="copy" onClick={copy}>{copied ? words().copied : w.copy_address}</button>
				<p class="about">{w.export_about}</p>
			</div>
		</details>
	);
}

export function Trends() {
	const w = words();
	const t = w.trends;
	const [plan, set_plan] = useState<Plan>(first_plan);
	const [hover, set_hover] = useState<Hover | null>(null);
	const [answers, told] = useReducer((n: number, _: void) => n + 1, 0);
	const drawing = useMemo<Drawing>(() => ({ frames: [], model: null, shown: null, redraw: () => undefined }), []);
	const runs = useMemo(() => new Runs(() => told()), []);
	const happenings = useMemo(() => new Happenings(() => told()), []);
	const question = question_of(plan);
	const asker = useMemo(() => new_asker(plan, () => told()), [question]);
	const latest = useRef(plan);
	latest.current = plan;

	const on_plan = useCallback((change: Change) => set_plan((p) => {
		const shown: Shown = drawing.shown ?? { from: p.view.end ?? bench_now() - p.view.span, to: bench_now(), limits: limits() };
		const next = change(p, shown);
		/* Gestures come faster than drawings: the next one goes on from here. */
		if (next !== p && is_over(next) && next.part && next.axis !== "channel")
			drawing.shown = { ...shown, from: next.part[0], to: next.part[1] };
		else if (next !== p && next.axis === "channel" && next.band)
			drawing.shown = { ...shown, from: next.band[0], to: next.band[1] };
		return next;
	}), []);

	/* The bench's list may come later than the page. */
	useEffect(() => {
		if (plan.names.length === 0 && store.plotted.length > 0 && route().rest === "" && last_plan() === null)
			set_plan((p) => ({ ...p, names: [...store.plotted] }));
	}, [store.list_version]);
	useEffect(() => {
		store.watched = plan.names;
	}, [plan.names]);
	useEffect(() => () => asker.forget(), [asker]);
	useEffect(() => {
		void runs.load();
		const moved = () => {
			const { page, rest } = route();
			if (page === "trends" && rest !== "" && rest !== write_plan(latest.current))
				set_plan(read_plan(rest));
		};
		addEventListener("hashchange", moved);
		return () => {
			removeEventListener("hashchange", moved);
			happenings.end();
			store.watched = [];
			keep_last(write_plan(latest.current)); /* who leaves at once finds it again, too */
		};
	}, []);
	useEffect(() => runs.want(plan.runs), [plan.runs, runs.list]);
	/* The address follows, but never faster than browsers allow. */
	useEffect(() => {
		const timer = setTimeout(() => {
			if (route().page !== "trends")
				return;
			const text = write_plan(plan);
			history.replaceState(null, "", address_of("trends", text));
			keep_last(text);
		}, 250);
		return () => clearTimeout(timer);
	}, [plan]);
	use_interval(useCallback(() => {
		const p = latest.current;
		if (document.hidden)
			return;
		if (p.runs.some(runs.is_open))
			runs.want(p.runs, true);
		if (runs.failed || runs.list === null || p.runs.some(runs.is_open))
			void runs.load();
	}, []), 15_000);

	const over = is_over(plan);
	const kind: Axis = plan.axis === "clock" || over || plan.axis === "channel" ? plan.axis : "clock";
	const [from, to] = stretch_of(plan, runs);
	useEffect(() => {
		if (!over && plan.marks && kind === "clock" && is_recorded())
			happenings.want(from, to, plan.view.end === null, get_language());
	});
	const marks = useMemo<Mark[]>(() => (over ?
		plan.runs.flatMap((r) => (runs.stories.has(r) ? run_marks(runs.stories.get(r)!, plan.axis === "step" ? plan.step : "") : [])) :
		happenings.marks), [over, plan.runs, plan.axis, plan.step, answers]);

	const toggle = (name: string) => on_plan((p) => ({
		...p, names: p.names.includes(name) ? p.names.filter((n) => n !== name) : [...p.names, name],
	}));
	const toggle_run = (run: number) => on_plan((p) => {
		const list = p.runs.includes(run) ? p.runs.filter((r) => r !== run) : [...p.runs, run];
		const axis = list.length === 0 && p.axis !== "channel" ? "clock" : list.length > 0 && p.axis === "clock" ? "run" : p.axis;
		return { ...p, runs: list, axis, part: null, band: null, cursors: axis === p.axis ? p.cursors : null };
	});
	const go_mark = (at: number) => {
		on_plan((p, s) => (over ? { ...p, part: [at - (s.to - s.from) / 4, at + (s.to - s.from) / 4] } : viewed(p, go_to(p.view, at, limits()))));
		document.querySelector<HTMLElement>(".stack")?.focus();
	};
	const unrecorded = [...asker.unrecorded].filter((n) => over || plan.names.includes(n));
	const note = asker.trouble === "busy" ? w.past_busy : asker.trouble === "damaged" ? w.past_damaged :
		unrecorded.length > 0 ? (over ? t.over_none(unrecorded.join(", ")) : w.past_none(unrecorded.join(", "))) :
		!is_recorded() && store.bench ? w.past_off :
		(plan.axis === "run" || plan.axis === "step") && plan.runs.length === 0 ? t.tick_runs :
		plan.axis === "step" && plan.step === "" ? t.tick_step : "";
	const thinned = new Map<string, number>();
	for (const [name, line] of asker.past?.lines ?? [])
		if (line.thinned_until > -Infinity)
			thinned.set(name, line.thinned_until);
	const curves = drawing.model?.curves ?? [];

	return (
		<section class="trends" aria-labelledby="trends-title">
			<div class="bar">
				<h2 id="trends-title">{t.title}</h2>
				<AxisChoice plan={plan} runs={runs} on_plan={on_plan} />
				<TimeChoice plan={plan} drawing={drawing} on_plan={on_plan} />
			</div>
			<div class="bar tools">
				<button type="button" class="cursors" aria-pressed={plan.cursors !== null} onClick={() => on_plan(toggle_cursors)}>{t.cursors}</button>
				<button type="button" class="marks" aria-pressed={plan.marks} disabled={plan.axis === "channel"}
					onClick={() => on_plan((p) => ({ ...p, marks: !p.marks }))}>{t.marks}</button>
				<button type="button" class="limits" aria-pressed={plan.limits} disabled={store.alarms.size === 0}
					onClick={() => on_plan((p) => ({ ...p, limits: !p.limits }))}>{t.limits}</button>
				<Views plan={plan} on_open={(text) => set_plan(read_plan(text))} />
				<Export plan={plan} runs={runs} drawing={drawing} pixels={() => Math.max(2, Math.round(drawing.frames[0]?.u.bbox.width ?? 1000))} />
			</div>
			<div class="trends-body">
				<div class="trends-main">
					{plan.names.length === 0 ? <p class="empty">{t.empty}</p> : (
						<Stack plan={plan} asker={asker} runs={runs} marks={marks} answers={answers} drawing={drawing} on_hover={set_hover} on_plan={on_plan} />
					)}
					<p class="note">
						<span role="status">{note}</span>
						{asker.is_asking() && <span class="asking"> {w.past_asking}</span>}
					</p>
					<Readout plan={plan} model={drawing.model} axis={kind} runs={runs} />
				</div>
				<div class="trends-side">
					<Legend plan={plan} curves={curves} hover={hover} runs={runs} axis={kind} on_remove={toggle} />
					<details class="told choose" open={plan.names.length === 0}>
						<summary>{t.choose}</summary>
						<Chooser plan={plan} on_toggle={toggle} />
					</details>
					<details class="told choose-runs" open={(plan.axis === "run" || plan.axis === "step") && plan.runs.length === 0}
						onToggle={(e) => e.currentTarget.open && runs.want((runs.list ?? []).slice(0, 12).map((r) => r.run))}>
						<summary>{t.runs(plan.runs.length)}</summary>
						<RunList plan={plan} runs={runs} on_toggle={toggle_run} />
					</details>
					{plan.marks && kind !== "channel" && (
						<MarkList marks={marks} model={drawing.model} omitted={over ? 0 : happenings.omitted} axis={kind} on_go={go_mark} />
					)}
					<Faults plan={plan} model={drawing.model} past_until={thinned} axis={kind} runs={runs} />
				</div>
			</div>
		</section>
	);
}

