/* health.tsx - memory, processor time, disk: what mbc says of itself, with its meaning */
import { useRef, useEffect } from "preact/hooks";
import { format_unit, format_value } from "../format";
import { words } from "../i18n";
import { put, put_class, SYMBOL, why } from "../quality";
import { store, type Channel } from "../store";

/* What should be zero: another value is worth a look. */
const ZERO = /\.(ticks_lost|instruments_down|journal_failing|stopped|restarts)$/;

function Row({ c }: { c: Channel }) {
	const row = useRef<HTMLTableRowElement>(null);
	const value = useRef<HTMLTableCellElement>(null);
	const { name, title, unit } = c.info;
	useEffect(() => {
		const paint = () => {
			const { quality, text } = why(c);
			const short = ZERO.test(name) && quality === "good" && Number(c.value) > 0;
			put_class(row.current, quality === "good" ? (short ? "is-short" : "") : "is-old");
			put(value.current, quality === "good" ? `${short ? "▲ " : ""}${format_value(c.info, c.value)} ${format_unit(unit)}` : `${SYMBOL[quality]} ${text}`);
		};
		c.painters.add(paint);
		paint();
		return () => void c.painters.delete(paint);
	}, [c]);
	return (
		<tr ref={row} data-health={name}>
			<th scope="row">{name}</th>
			<td ref={value} />
			<td>{words().admin.health_titles[name.slice(4)] ?? title}</td>
		</tr>
	);
}

export function Health() {
	const w = words().admin;
	const all = [...store.channels.values()].filter((c) => c.group === "mbc");
	if (all.length === 0)
		return null;
	return (
		<section aria-labelledby="health-title">
			<h2 id="health-title">{w.health}</h2>
			<p class="empty">{w.health_about}</p>
			<table class="cards-when-narrow health">
				<thead><tr>{[w.name, w.value, w.meaning].map((t) => <th scope="col" key={t}>{t}</th>)}</tr></thead>
				<tbody>{all.map((c) => <Row key={c.info.name} c={c} />)}</tbody>
			</table>
		</section>
	);
}
