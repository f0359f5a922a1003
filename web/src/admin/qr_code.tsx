/* qr_code.tsx - a QR code as an SVG */
import { qr } from "./qr";

const QUIET = 4; /* white modules around it, which readers need */

export function Qr({ text, label }: { text: string; label: string }) {
	const rows = qr(text);
	if (rows === null)
		return null;
	const size = rows.length + 2 * QUIET;
	const path = rows.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x + QUIET} ${y + QUIET}h1v1h-1z` : ""))).join("");
	return <svg role="img" aria-label={label} viewBox={`0 0 ${size} ${size}`} shape-rendering="crispEdges"><path d={path} fill="#000" /></svg>;
}
