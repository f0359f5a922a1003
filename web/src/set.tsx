/* set.tsx - the cells of an output: what was asked, what is sent, who holds it; and, with a token, the field that asks
 *
 * Nothing that is typed is taken for a value: it is a wish until Enter sends it, and what stands in the field afterwards is
 * again what the controller says was asked.
 */
import { Component, createRef } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { ChannelInfo, Value } from "./api";
import { check_ramp, check_target, with_unit } from "./check";
import { may, send, tell, verdict_of, verdict_words } from "./door";
import { format_unit } from "./format";
import { new_bounce, use_painters, use_settled } from "./hooks";
import { type Language, words } from "./i18n";
import { put, put_class } from "./quality";
import { seen_config } from "./seen";
import { quality_of, store, tell_all, type Channel } from "./store";

export const is_output = (info: ChannelInfo) => info.access === "write";

/* A channel that the controller keeps about another one, such as "T_furn.target". */
export function state_of(name: string, what: "target" | "working" | "owner" | "mode" | "valve"): Channel | null {
	return store.channels.get(`${name}.${what}`) ?? null;
}

/* Its value, null when it is not known now. */
export function known(c: Channel | null): Value {
	return c === null || quality_of(c).quality === "bad" ? null : c.value;
}

export const ramp_unit = (unit: string) => (unit === "degC" || unit === "degF" ? (unit === "degC" ? "K" : "°F") : format_unit(unit));

const shown_ramp = (info: ChannelInfo, ramp: number) => `${ramp} ${ramp_unit(info.unit)}${words().per_min}`;

/* Does it mean what it meant when this was shown? */
function is_still(info: ChannelInfo): boolean {
	const now = store.channels.get(info.name)?.info;
	return now !== undefined && (["unit", "type", "set_min", "set_max", "hazard", "confirm", "asks_confirm"] as const).every((key) => now[key] === info[key]);
}

const mode_bounces = new_bounce();

/* ---- the question before a value that can hurt ---- */

interface Question {
	info: ChannelInfo;
	to: string;
	ramp: string;
	yes: () => void;
}

let question: Question | null = null;

function ask(q: Question | null): void {
	question = q;
	tell_all();
}

function QuestionBox({ q }: { q: Question }) {
	const dialog = useRef<HTMLDialogElement>(null);
	const w = words();
	const settled = use_settled();
	const target = state_of(q.info.name, "target");
	use_painters(target === null ? [] : [target]);
	useEffect(() => {
		dialog.current?.showModal();
		return () => { /* on another page it would come up again, much later */
			if (question === q)
				question = null;
		};
	}, []);
	const hazard = q.info.hazard ? w.is_hazard(w.hazards[q.info.hazard] ?? q.info.hazard) : "";
	return (
		<dialog ref={dialog} class="question" onClose={() => ask(null)} aria-labelledby="question-title" aria-describedby="question-text">
			<h2 id="question-title">{w.confirm_title(q.info.name)}</h2>
			<p id="question-text">
				<strong>{q.info.name}</strong> {w.confirm_text(with_unit(q.info, known(target)), q.to)}{q.ramp === "" ? "" : ` ${w.confirm_ramp(q.ramp)}`}.
				{" "}{hazard} {q.info.confirm ?? ""}
			</p>
			<div class="bar">
				<button type="button" class="cancel" autoFocus onClick={() => dialog.current?.close()}>{w.cancel}</button>
				<button type="button" class="go" disabled={!settled} onClick={() => {
					dialog.current?.close();
					q.yes();
				}}>{w.send}</button>
			</div>
		</dialog>
	);
}

export const Questions = () => (question === null ? null : <QuestionBox key={question.to} q={question} />);

/* ---- the cells ---- */

interface Props {
	hold: { current: SetCells | null }; /* where the row finds it, to paint it */
	info: ChannelInfo;
	language: Language;
	editable: boolean;
	movable: boolean; /* manual and automatic can be asked for */
}

type Field = HTMLInputElement | HTMLSelectElement;

/* Setpoint and ramp: two cells of one row. Painted by the row, with the channel's own painters. */
export class SetCells extends Component<Props> {
	private field = createRef<Field>();
	private ramp = createRef<HTMLInputElement>();
	private shown = createRef<HTMLSpanElement>();
	private working = createRef<HTMLSpanElement>();
	private owner = createRef<HTMLSpanElement>();
	private mode = createRef<HTMLButtonElement>();
	private verdict = createRef<HTMLParagraphElement>();
	private go = createRef<HTMLButtonElement>();
	private choices = createRef<HTMLDivElement>();
	private dirty = false;
	private config: string | undefined; /* of the bench file whose limits and unit were there when one began to type */

	private target = () => known(state_of(this.props.info.name, "target"));

	private plain = (value: Value) => (value === null ? "" : String(value));

	paint() {
		const { info } = this.props;
		const { name } = info;
		const w = words();
		const target = this.target();
		const working = known(state_of(name, "working"));
		const owner = known(state_of(name, "owner"));
		const mode = known(state_of(name, "mode"));
		const moving = target !== null && working !== null && working !== target;
		const who = owner === null ? "" : w.owners[String(owner)] ?? String(owner);
		const how = mode === null ? "" : w.modes[String(mode)] ?? String(mode);

		if (this.shown.current)
			put(this.shown.current, with_unit(info, target));
		put(this.working.current, moving ? w.working(with_unit(info, working)) : "");
		put(this.owner.current, [who, this.mode.current ? "" : how].filter((s) => s !== "").join(" · "));
		if (this.mode.current) {
			const other = mode === "automatic" ? "manual" : "automatic";
			put(this.mode.current, how === "" ? "—" : how);
			this.mode.current.disabled = mode === null;
			this.mode.current.setAttribute("aria-label", `${how}. ${w.mode_to(name, w.modes[other]!)}`);
		}
		for (const b of this.choices.current?.querySelectorAll("button") ?? [])
			b.setAttribute("aria-pressed", String(b.dataset.value === this.plain(target)));
		if (this.field.current && !this.dirty && this.field.current.value !== this.plain(target))
			this.field.current.value = this.plain(target);
		const told = verdict_of(name);
		put(this.verdict.current, told === null ? "" : verdict_words(told));
		put_class(this.verdict.current, told === null ? "verdict" : `verdict ${told.verdict}`);
	}

	override shouldComponentUpdate(next: Props) {
		const now = this.props;
		return next.info !== now.info || next.language !== now.language || next.editable !== now.editable || next.movable !== now.movable;
	}

	override componentDidMount() {
		this.props.hold.current = this;
		this.paint();
	}

	override componentWillUnmount() {
		this.props.hold.current = null;
	}

	/* What was typed was meant in the unit before. */
	override componentDidUpdate(before: Props) {
		const { info } = this.props;
		if (this.dirty && (before.info.unit !== info.unit || before.info.type !== info.type)) {
			this.restore();
			tell(info.name, "not_sent", "", words().list_old);
		}
		this.paint();
	}

	private mark(dirty: boolean) {
		if (dirty && !this.dirty)
			this.config = seen_config();
		this.dirty = dirty;
		this.field.current?.classList.toggle("dirty", dirty);
		if (this.go.current)
			this.go.current.hidden = !dirty;
	}

	private restore = () => {
		this.mark(false);
		if (this.ramp.current)
			this.ramp.current.value = "";
		this.paint();
	};

	/* Look at it, ask when it can hurt, then send. What is in the field goes back to what was asked before. */
	private order(text: string) {
		const { info } = this.props;
		const bool = info.type === "bool";
		const ramp = check_ramp(this.ramp.current?.value ?? "");
		const target = bool ? { value: text === "true", why: null } : check_target(info, text);
		const why = target.why ?? ramp.why;
		if (why !== null) {
			tell(info.name, "not_sent", text, why);
			return;
		}
		const value = target.value as number | string | boolean;
		const wish = with_unit(info, info.type === "int" || info.type === "uint" ? Number(value) : value);
		const said_ramp = ramp.value === undefined || ramp.value === null ? "" : shown_ramp(info, ramp.value);
		const body: Record<string, unknown> = { target: value };
		if (said_ramp !== "")
			body.ramp_per_min = ramp.value;
		if (info.asks_confirm)
			body.confirm = true;
		body.config = this.dirty ? this.config : seen_config();
		const go = () => is_still(info) ? void send(info.name, "PUT", `channels/${encodeURIComponent(info.name)}`, body,
			said_ramp === "" ? wish : `${wish}, ${said_ramp}`) : tell(info.name, "not_sent", wish, words().list_old);
		const asks = info.asks_confirm || (info.hazard ?? null) !== null;
		this.restore();
		if (asks)
			ask({ info, to: wish, ramp: said_ramp, yes: go });
		else
			go();
	}

	private typed = () => this.mark(true);

	private pressed = (e: KeyboardEvent) => {
		if (e.key === "Enter" && this.field.current) {
			e.preventDefault();
			this.order(this.field.current.value);
		} else if (e.key === "Escape") {
			e.preventDefault();
			this.restore();
		}
	};

	/* What is left without Enter is no wish: a number that stands in the field was asked. */
	private left = (e: FocusEvent) => {
		const cell = (e.currentTarget as HTMLElement).closest("tr");
		if (cell?.contains(e.relatedTarget as Node | null))
			return;
		const text = this.field.current?.value ?? "";
		const was_dirty = this.dirty;
		this.restore();
		if (was_dirty)
			tell(this.props.info.name, "not_sent", text, words().not_sent_left);
	};

	private switch_mode = () => {
		const { name } = this.props.info;
		const mode = known(state_of(name, "mode"));
		if (mode === null || mode_bounces())
			return;
		const other = mode === "automatic" ? "manual" : "automatic";
		void send(name, "PUT", `channels/${encodeURIComponent(name)}`, { mode: other, config: seen_config() }, words().modes[other]!);
	};

	private render_field() {
		const { info } = this.props;
		const w = words();
		const label = w.set_to(info.name, format_unit(info.unit));
		if (info.type === "bool")
			return (
				<div class="switch" role="group" aria-label={label} ref={this.choices}>
					{[false, true].map((v) => (
						<button type="button" data-value={String(v)} onClick={() => this.order(String(v))}>{v ? w.on : w.off}</button>
					))}
				</div>
			);
		const events = { onKeyDown: this.pressed, onBlur: this.left };
		return (
			<>
				{info.type === "choice" ? (
					<select class="set" ref={this.field as preact.RefObject<HTMLSelectElement>} aria-label={label}
						onChange={this.typed} {...events}>
						<option value="" disabled hidden>—</option>
						{(info.choices ?? []).map((c) => <option value={c}>{c}</option>)}
					</select>
				) : (
					<input class="set" ref={this.field as preact.RefObject<HTMLInputElement>} type="text" inputMode="decimal" autoComplete="off"
						spellcheck={false} enterkeyhint="send" aria-label={label} placeholder="—" onInput={this.typed} {...events} />
				)}
				<span class="set-unit">{format_unit(info.unit)}</span>
				<button type="button" class="go" hidden ref={this.go} aria-label={`${w.send} ${info.name}`}
					onMouseDown={(e) => e.preventDefault()}
					onClick={() => this.order(this.field.current?.value ?? "")}>{w.send}</button>
			</>
		);
	}

	override render() {
		const { info, editable, movable } = this.props;
		const w = words();
		const has_ramp = info.type === "float";
		const limit = info.ramp_per_min ?? null;
		const output = is_output(info);
		const can_set = editable && output && info.type !== "text";
		const stay = (e: Event) => (can_set || movable) && e.stopPropagation();
		return (
			<>
				<td class="sp" onClick={stay}>
					{can_set ? this.render_field() : <span class="sp-shown" ref={this.shown} />}
					<span class="working" ref={this.working} />
					<span class="owner" ref={this.owner} />
					{output && movable && <button type="button" class="mode" ref={this.mode} onClick={this.switch_mode} />}
					<p class="verdict" ref={this.verdict} />
				</td>
				<td class="ramp" onClick={stay}>
					{can_set && has_ramp ? (
						<label>
							<input class="set-ramp" ref={this.ramp} type="text" inputMode="decimal" autoComplete="off"
								aria-label={w.ramp_of(info.name, ramp_unit(info.unit))} placeholder={limit === null ? "" : String(limit)}
								onKeyDown={this.pressed} onBlur={this.left} />
							<span class="set-unit">{ramp_unit(info.unit)}{w.per_min}</span>
						</label>
					) : limit === null ? "" : shown_ramp(info, limit)}
				</td>
			</>
		);
	}
}

export const may_set = () => may("set");
export const may_switch = () => may("mode");
