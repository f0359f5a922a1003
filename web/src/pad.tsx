/* pad.tsx - keys for hands in gloves: they type into a field that keeps the focus */
interface Props {
	keys: { key: string; label?: string }[]; /* "erase" and "sign" beside digits and the point */
	field: () => HTMLInputElement | null;
	is_fresh?: (field: HTMLInputElement) => boolean; /* what stands there was not typed: the first key begins anew */
}

export function Pad({ keys, field, is_fresh }: Props) {
	const press = (key: string) => {
		const at = field();
		if (at === null)
			return;
		const value = is_fresh?.(at) ? "" : at.value;
		at.value = key === "erase" ? value.slice(0, -1) : key === "sign" ? (value.startsWith("-") ? value.slice(1) : `-${value}`) : value + key;
		at.dispatchEvent(new Event("input", { bubbles: true }));
	};
	return (
		<div class="pad">
			{keys.map(({ key, label }) => (
				<button type="button" key={key} tabIndex={-1} aria-label={label} data-key={key} onMouseDown={(e) => e.preventDefault()} onClick={() => press(key)}>
					{key === "erase" ? "⌫" : key === "sign" ? "±" : key}
				</button>
			))}
		</div>
	);
}

export const DIGITS = ["1", "2", "3", "4", "5", "6", "7", "8", "9"].map((key) => ({ key }));
