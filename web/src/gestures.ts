/* gestures.ts - pan and zoom on the plot by pointer, fingers and wheel
 *
 * A plain drag of the mouse belongs to the plot (it marks a part to enlarge). Shift and drag, or one finger, pans; two
 * fingers zoom; the wheel zooms only when the plot has the focus or Ctrl is down, else it scrolls the page as everywhere.
 */
export interface Gestures {
	pan(pixels: number): void; /* to the right: positive */
	zoom(factor: number, x: number): void; /* x: what stays, in pixels from the left edge of `over` */
}

export const is_pan = (e: { shiftKey: boolean; button: number }) => e.shiftKey || e.button !== 0;

const mine = (e: PointerEvent) => (e.pointerType === "mouse" ? e.shiftKey && e.button === 0 : true);

/* Returns what takes it off again. */
export function listen_to_gestures(over: HTMLElement, has_focus: () => boolean, on: Gestures): () => void {
	const fingers = new Map<number, number>(); /* pointer: its x on the screen */
	const all = new AbortController();
	const options = { signal: all.signal };
	const spread = () => Math.max(...fingers.values()) - Math.min(...fingers.values());
	const middle = () => [...fingers.values()].reduce((a, b) => a + b, 0) / fingers.size;

	over.addEventListener("pointerdown", (e) => {
		if (!mine(e) || fingers.size >= 2)
			return;
		fingers.set(e.pointerId, e.clientX);
		over.setPointerCapture(e.pointerId);
	}, options);
	over.addEventListener("pointermove", (e) => {
		if (!fingers.has(e.pointerId))
			return;
		const was = { spread: spread(), middle: middle() };
		fingers.set(e.pointerId, e.clientX);
		on.pan(middle() - was.middle);
		if (fingers.size === 2 && was.spread > 20 && spread() > 20)
			on.zoom(was.spread / spread(), middle() - over.getBoundingClientRect().left);
	}, options);
	const up = (e: PointerEvent) => void fingers.delete(e.pointerId);
	over.addEventListener("pointerup", up, options);
	over.addEventListener("pointercancel", up, options);
	over.addEventListener("wheel", (e) => {
		if (!e.ctrlKey && !has_focus())
			return;
		e.preventDefault();
		if (Math.abs(e.deltaX) > Math.abs(e.deltaY))
			on.pan(-e.deltaX);
		else
			on.zoom(1.0015 ** e.deltaY, e.clientX - over.getBoundingClientRect().left);
	}, { ...options, passive: false });
	return () => all.abort();
}
