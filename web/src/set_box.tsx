/* set_box.tsx - setpoint, ramp and mode of one output, large, in a box */
import { useEffect, useRef } from "preact/hooks";
import { format_unit, format_value } from "./format";
import { use_painters } from "./hooks";
import { get_language, words } from "./i18n";
import { DIGITS, Pad } from "./pad";
import { SYMBOL, why } from "./quality";
import { is_acting } from "./session";
import { may_set, may_switch, SetCells, state_of } from "./set";
import type { Channel } from "./store";

export function SetBox({ channel, on_close }: { channel: Channel; on_close: () => void }) {
	const w = words();
	const dialog = useRef<HTMLDialogElement>(null);
	const hold = useRef<SetCells | null>(null);
	const { info } = channel;
	const kept = (["target", "working", "owner", "mode"] as const).map((what) => state_of(info.name, what)).filter((k) => k !== null);
	use_painters([channel, ...kept]);
	useEffect(() => dialog.current?.showModal(), []);
	useEffect(() => hold.current?.paint());
	const is_on = is_acting();
	useEffect(() => {
		if (!is_on)
			dialog.current?.close();
	}, [is_on]);
	const { quality, text } = why(channel);
	const is_number = info.type !== "bool" && info.type !== "choice";
	return (
		<dialog ref={dialog} class="set-box" onClose={on_close} aria-label={w.kiosk_acts.set(info.title || info.name)}>
			<h2>{info.title || info.name} <small>{info.name}</small></h2>
			<p class="set-now">{quality === "good" ? `${format_value(info, channel.value)} ${format_unit(info.unit)}` : `${SYMBOL[quality]} ${text}`}</p>
			<table role="presentation"><tbody><tr>
				<SetCells hold={hold} info={info} language={get_language()} editable={may_set()} movable={may_switch()} />
			</tr></tbody></table>
			{is_number && may_set() && <Pad field={() => dialog.current?.querySelector("input.set") ?? null}
				is_fresh={(field) => !field.classList.contains("dirty")}
				keys={[...DIGITS, { key: "sign", label: w.kiosk_acts.minus }, { key: "0" }, { key: ".", label: w.kiosk_acts.point }, { key: "erase", label: w.kiosk_acts.erase }]} />}
			<div class="bar"><button type="button" class="close" onClick={() => dialog.current?.close()}>{w.close}</button></div>
		</dialog>
	);
}
