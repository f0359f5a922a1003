/* kiosk_acts.tsx - acting at a display of the laboratory: name and PIN in the head, who acts and for how long still
 *
 * The server ends it, two minutes after the last command; the page asks how it stands, and shows what it may then.
 */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { use_interval, use_store } from "./hooks";
import { recall, remember, words } from "./i18n";
import { DIGITS, Pad } from "./pad";
import { act_for, act_no_more, is_acting, look, who } from "./session";
import { bench_now } from "./store";

const ASK_MS = 5000;
const NAMES = "kiosk_names"; /* who has acted here: gloves type no names */
const NAMES_MOST = 8;

const names = () => (recall(NAMES) ?? "").split(" ").filter((n) => n !== "");

function ActBox({ on_close }: { on_close: () => void }) {
	const w = words().kiosk_acts;
	const dialog = useRef<HTMLDialogElement>(null);
	const pin = useRef<HTMLInputElement>(null);
	const [name, set_name] = useState("");
	const [why, set_why] = useState("");
	const busy = useRef(false);
	useEffect(() => dialog.current?.showModal(), []);
	const go = async (e: Event) => {
		e.preventDefault();
		if (busy.current)
			return;
		busy.current = true;
		set_why("");
		try {
			const told = await act_for(name.trim(), pin.current!.value);
			const wait = /^wait (\d+)$/.exec(told);
			if (told === "") {
				remember(NAMES, [name.trim(), ...names().filter((n) => n !== name.trim())].slice(0, NAMES_MOST).join(" "));
				dialog.current?.close();
			} else {
				set_why(told === "wrong" ? w.wrong : wait ? w.wait(Number(wait[1])) : told);
			}
		} catch {
			set_why(w.lost);
		}
		busy.current = false;
		if (pin.current) {
			pin.current.value = "";
			pin.current.focus();
		}
	};
	return (
		<dialog ref={dialog} class="act-box" onClose={on_close} aria-label={w.title}>
			<form onSubmit={(e) => void go(e)}>
				<h2>{w.title}</h2>
				<p>{w.about}</p>
				{names().length > 0 && <div class="bar act-names">{names().map((n) => (
					<button type="button" key={n} aria-pressed={n === name} onClick={() => {
						set_name(n);
						pin.current?.focus();
					}}>{n}</button>
				))}</div>}
				<label>{w.name}<input type="text" name="who" value={name} required maxLength={24} autoComplete="off" autoCapitalize="none" spellcheck={false}
					onInput={(e) => set_name(e.currentTarget.value)} /></label>
				<label>{w.pin}<input ref={pin} type="password" name="pin" inputMode="numeric" required pattern="[0-9]{4,12}" maxLength={12} autoComplete="off" /></label>
				<Pad keys={[...DIGITS, { key: "erase", label: w.erase }, { key: "0" }]} field={() => pin.current} />
				<p class="message" role="alert">{why}</p>
				<div class="bar">
					<button type="submit" class="go">{w.go}</button>
					<button type="button" onClick={() => dialog.current?.close()}>{words().cancel}</button>
				</div>
			</form>
		</dialog>
	);
}

const clock = (ms: number) => {
	const s = Math.max(0, Math.ceil(ms / 1000));
	return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
};

export function Acting() {
	const w = words().kiosk_acts;
	const [is_open, set_open] = useState(false);
	const [is_over, set_over] = useState(false);
	const left = useRef<HTMLSpanElement>(null);
	const asked = useRef(0);
	const was = useRef(false);
	use_store();
	const acting = who()?.acting ?? null;
	const paint = () => {
		if (!is_acting())
			return;
		const ms = Date.parse(who()!.acting!.until) - bench_now();
		if (left.current)
			left.current.textContent = w.left(clock(ms));
		const now = performance.now();
		if (now - asked.current > (ms <= 0 ? 1000 : ASK_MS)) {
			asked.current = now;
			void look().catch(() => undefined); /* the server is away: nothing can be asked anyway */
		}
	};
	const work = useRef(paint);
	work.current = paint;
	use_interval(useCallback(() => work.current(), []), 500);
	useEffect(() => {
		paint();
		set_over(was.current && acting === null);
		was.current = acting !== null;
	}, [acting === null]);
	if (who()?.kiosk !== true)
		return null;
	return (
		<div class={acting ? "acting is-on" : "acting"}>
			{acting ? <>
				<strong>{w.acting(acting.name)}</strong>
				<span ref={left} />
				<button type="button" class="act-done" onClick={() => void act_no_more().catch(() => look().catch(() => undefined))}>{w.done}</button>
			</> : <>
				{is_over && <span role="status">{w.over}</span>}
				<button type="button" class="act" onClick={() => set_open(true)}>{w.operate}</button>
			</>}
			{is_open && <ActBox on_close={() => set_open(false)} />}
		</div>
	);
}
