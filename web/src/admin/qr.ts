/* qr.ts - a text as a QR code (ISO/IEC 18004): bytes, error correction L, versions 1 to 10. Pure
 *
 * Always mask 0: readers undo any of the eight, and the choice among them is for paper that is dirty.
 */

/* By version: data bytes of each block, and error correction bytes of a block. */
const BLOCKS: [number[], number][] = [[[19], 7], [[34], 10], [[55], 15], [[80], 20], [[108], 26], [[68, 68], 18], [[78, 78], 20], [[97, 97], 24], [[116, 116], 30],
	[[68, 68, 69, 69], 18]];
const ALIGN = [[], [6, 18], [6, 22], [6, 26], [6, 30], [6, 34], [6, 22, 38], [6, 24, 42], [6, 26, 46], [6, 28, 50]];

/* Multiplication in GF(256) with x^8 + x^4 + x^3 + x^2 + 1. */
function times(a: number, b: number): number {
	let sum = 0;
	for (let i = 7; i >= 0; i--) {
		sum = (sum << 1) ^ ((sum >> 7) * 0x11d);
		if ((b >> i) & 1)
			sum ^= a;
	}
	return sum;
}

function correction(data: number[], count: number): number[] {
	const generator = new Array<number>(count).fill(0);
	generator[count - 1] = 1;
	for (let i = 0, root = 1; i < count; i++, root = times(root, 2))
		for (let j = 0; j < count; j++)
			generator[j] = times(generator[j]!, root) ^ (generator[j + 1] ?? 0);
	const rest = new Array<number>(count).fill(0);
	for (const byte of data) {
		const factor = byte ^ rest.shift()!;
		rest.push(0);
		generator.forEach((g, i) => {
			rest[i]! ^= times(g, factor);
		});
	}
	return rest;
}

/* The bits of `value` with the remainder of its division by `poly` behind them. */
function guarded(value: number, bits: number, poly: number): number {
	let rest = value;
	for (let i = 0; i < bits; i++)
		rest = (rest << 1) ^ ((rest >> (bits - 1)) * poly);
	return (value << bits) | rest;
}

function codewords(bytes: Uint8Array, version: number): number[] {
	const [sizes, count] = BLOCKS[version - 1]!;
	const room = sizes.reduce((a, b) => a + b);
	const bits = [0, 1, 0, 0];
	const put = (value: number, n: number) => {
		for (let i = n - 1; i >= 0; i--)
			bits.push((value >> i) & 1);
	};
	put(bytes.length, version < 10 ? 8 : 16);
	bytes.forEach((b) => put(b, 8));
	put(0, Math.min(4, room * 8 - bits.length));
	put(0, (8 - (bits.length % 8)) % 8);
	for (let fill = 0xec; bits.length < room * 8; fill ^= 0xec ^ 0x11)
		put(fill, 8);
	const data = Array.from({ length: room }, (_, i) => bits.slice(i * 8, i * 8 + 8).reduce((a, b) => a * 2 + b));
	let from = 0;
	const blocks = sizes.map((size) => data.slice(from, (from += size)));
	const extra = blocks.map((b) => correction(b, count));
	const woven = (lists: number[][]) => Array.from({ length: Math.max(...lists.map((l) => l.length)) }, (_, i) => lists.map((l) => l[i])).flat().filter((b) => b !== undefined);
	return [...woven(blocks), ...woven(extra)];
}

/* Rows of modules, true: dark. null: the text is too long. */
export function qr(text: string): boolean[][] | null {
	const bytes = new TextEncoder().encode(text);
	const version = BLOCKS.findIndex(([sizes], i) => bytes.length + (i < 9 ? 2 : 3) <= sizes.reduce((a, b) => a + b)) + 1;
	if (version === 0)
		return null;
	const size = 17 + 4 * version;
	const rows = Array.from({ length: size }, () => new Array<boolean | null>(size).fill(null));
	const set = (x: number, y: number, dark: boolean) => {
		if (x >= 0 && y >= 0 && x < size && y < size)
			rows[y]![x] = dark;
	};
	for (let i = 0; i < size; i++) {
		set(6, i, i % 2 === 0);
		set(i, 6, i % 2 === 0);
	}
	for (const [cx, cy] of [[3, 3], [size - 4, 3], [3, size - 4]] as const)
		for (let dy = -4; dy <= 4; dy++)
			for (let dx = -4; dx <= 4; dx++) {
				const ring = Math.max(Math.abs(dx), Math.abs(dy));
				set(cx + dx, cy + dy, ring !== 2 && ring !== 4);
			}
	const align = ALIGN[version - 1]!;
	const last = align.at(-1);
	for (const cx of align)
		for (const cy of align) {
			if ((cx === 6 && cy === 6) || (cx === 6 && cy === last) || (cx === last && cy === 6))
				continue;
			for (let dy = -2; dy <= 2; dy++)
				for (let dx = -2; dx <= 2; dx++)
					set(cx + dx, cy + dy, Math.max(Math.abs(dx), Math.abs(dy)) !== 1);
		}
	const format = guarded(0b01000, 10, 0x537) ^ 0x5412; /* L, mask 0 */
	for (let i = 0; i < 15; i++) {
		const dark = ((format >> i) & 1) === 1;
		set(8, i < 6 ? i : i < 8 ? i + 1 : size - 15 + i, dark);
		set(i < 8 ? size - 1 - i : i < 9 ? 7 : 14 - i, 8, dark);
	}
	set(8, size - 8, true);
	if (version >= 7) {
		const told = guarded(version, 12, 0x1f25);
		for (let i = 0; i < 18; i++) {
			const [a, b] = [size - 11 + (i % 3), Math.floor(i / 3)];
			set(a, b, ((told >> i) & 1) === 1);
			set(b, a, ((told >> i) & 1) === 1);
		}
	}
	const stream = codewords(bytes, version);
	let k = 0;
	for (let right = size - 1; right >= 1; right -= 2) {
		if (right === 6)
			right = 5;
		for (let v = 0; v < size; v++)
			for (const x of [right, right - 1]) {
				const y = ((right + 1) & 2) === 0 ? size - 1 - v : v;
				if (rows[y]![x] !== null)
					continue;
				const bit = k < stream.length * 8 ? (stream[k >> 3]! >> (7 - (k & 7))) & 1 : 0;
				k++;
				set(x, y, (bit === 1) !== ((x + y) % 2 === 0));
			}
	}
	return rows.map((row) => row.map((dark) => dark === true));
}
