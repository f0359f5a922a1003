/* add.tsx - an instrument of the catalogue is chosen, its form filled in, and its lines go to the editor of the bench file: nothing is written from here */
import { useEffect, useMemo, useState } from "preact/hooks";
import { propose, text_now } from "../file/edit";
import { get_language, words } from "../i18n";
import { go } from "../route";
import { get_catalogue, get_kind, type Kind, type Param, type Title, type Whole } from "./ask";
import { address_is_good, entry_lines, free_name, is_name, kinds_of, line_is_good, link_lines, names_in, number_of, with_instrument, type Begun, type Entry, type NewLink } from "./lines";
import { Scan } from "./scan";
import "./add.css";

const MOST = 40;
const NEW = ""; /* no link has this name */

const said = (title: Title) => title[get_language() === "fr" ? "fr" : "en"];

/* What has to be written instead; "": it is good. */
function fault_of(p: Param, text: string): string {
	const w = words().add;
	const range = p.min !== null && p.max !== null ? w.range(String(p.min), String(p.max)) : p.min !== null ? w.at_least(String(p.min)) : p.max !== null ? w.at_most(String(p.max)) : "";
	if (text === "")
		return p.needed && p.type !== "secret" ? w.write(p.type === "choice" ? p.words.join(", ") : w.needed) : "";
	if (p.type === "choice")
		return p.words.includes(text) ? "" : w.write(p.words.join(", "));
	if (p.type !== "int" && p.type !== "number")
		return text.length > 200 || /[\u0000-\u001f]/.test(text) ? w.write("≤ 200") : "";
	const n = number_of(text);
	if (n === null || (p.type === "int" && !Number.isInteger(n)))
		return w.write(`${p.type === "int" ? w.whole : w.number}${range === "" ? "" : `, ${range}`}`);
	return (p.min !== null && n < p.min) || (p.max !== null && n > p.max) ? w.write(range) : "";
}

interface FieldProps {
	id: string;
	label: string;
	value: string;
	fault: string;
	help?: string;
	choices?: { value: string; label: string }[];
	suggestion?: string;
	on: (value: string) => void;
}

function Field({ id, label, value, fault, help, choices, suggestion, on }: FieldProps) {
	const about = `${id}-about`;
	const more = { id, "aria-invalid": fault !== "", "aria-describedby": about };
	return (
		<div class="add-field" data-field={id}>
			<label for={id}>{label}</label>
			{choices ? (
				<select {...more} value={value} onChange={(e) => on(e.currentTarget.value)}>
					{choices.map((c) => <option key={c.value} value={c.value}>{c.label}</option>)}
				</select>
			) : <input {...more} type="text" autocomplete="off" spellcheck={false} maxLength={200} value={value} placeholder={suggestion ?? ""} onInput={(e) => on(e.currentTarget.value)} />}
			<small id={about} class={fault === "" ? "" : "fault"}>{fault === "" ? help ?? "" : `✕ ${fault}`}</small>
		</div>
	);
}

function ParamField({ p, value, on }: { p: Param; value: string; on: (value: string) => void }) {
	const w = words().add;
	const own = p.title ? said(p.title) : p.help ?? "";
	const bounds = p.min !== null && p.max !== null && Math.abs(p.max) < 1e12 ? w.range(String(p.min), String(p.max)) : "";
	const usual = p.default === null || p.default === "none" ? "" : String(p.default);
	const help = [p.type === "secret" ? w.secret_help : "", bounds, p.needed ? w.needed : ""].filter((s) => s !== "").join(" · ");
	const choices = p.type === "choice" ? [{ value: "", label: usual === "" ? "—" : `${usual} (${w.leave})` }, ...p.words.map((word) => ({ value: word, label: word }))] : undefined;
	return <Field id={`param-${p.name}`} label={own === "" ? p.name : `${own} (${p.name})`} value={value} fault={fault_of(p, value)} help={help} choices={choices} suggestion={usual} on={on} />;
}

/* A word of a command line. */
const shell = (text: string) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

function ByHand({ kind, link, keys }: { kind: Kind; link: NewLink; keys: Entry["keys"] }) {
	const w = words().add;
	if (!["tcp", "rtu", "udp", "serial", "hid", "usbtmc"].includes(link.kind))
		return null;
	const wire = shell(`${link.kind}:${link.address}${link.kind === "serial" && link.line !== "" ? `,${link.line}` : ""}`);
	const given = keys.map((k) => ` --with ${shell(`${k.name}=${k.type === "secret" ? "secret:" : ""}${k.value}`)}`).join("");
	return (
		<details class="add-try">
			<summary>{w.try_it}</summary>
			<p>{w.try_about}</p>
			<pre tabIndex={0}>{`mbc scan${link.kind === "hid" ? ` --use ${shell(kind.name)}` : ""} ${wire}\nmbc try --link ${wire}${given} ${shell(kind.name)}\n`}</pre>
		</details>
	);
}

function Form({ kind, text, begun }: { kind: Kind; text: string; begun: Begun | null }) {
	const w = words().add;
	const links = useMemo(() => names_in(text, "links"), [text]);
	const taken = useMemo(() => names_in(text, "instruments"), [text]);
	const wires = kinds_of(kind.wires);
	const [name, set_name] = useState(() => free_name(kind.name, taken));
	const [link, set_link] = useState(begun?.link ?? NEW);
	const [link_name, set_link_name] = useState(() => free_name(`${kind.name}_link`, links));
	const [wire, set_wire] = useState(() => (kind.line.serial !== null && kind.line.tcp === null && wires.includes("serial") ? "serial" : kind.line.udp !== null && wires.includes("udp") ? "udp" : wires[0] ?? ""));
	const [address, set_address] = useState("");
	const [line, set_line] = useState(kind.line.serial ?? "");
	const [values, set_values] = useState<Record<string, string>>(begun?.values ?? {});
	const [by_hand, set_by_hand] = useState(false);
	const [whole, set_whole] = useState<Whole | null>(null);
	const [why, set_why] = useState("");
	useEffect(() => void get_kind(kind.name).then(set_whole, (e: Error) => set_why(e.message)), [kind.name]);

	const needs_link = wires.length > 0;
	const is_system = kind.wires.includes("system");
	const is_new = needs_link && link === NEW;
	const all = [...kind.params, ...kind.options];
	const keys = all.flatMap((p) => {
		const value = (values[p.name] ?? "").trim();
		return value === "" || (p.default !== null && value === String(p.default)) ? [] : [{ name: p.name, value, type: p.type ?? "text" }];
	});
	const port = wire === "tcp" ? kind.line.tcp : wire === "udp" ? kind.line.udp : null;
	const fault_name = !is_name(name) ? w.write(w.name_help) : taken.includes(name) ? `${name} ${w.name_taken}` : "";
	const fault_link_name = !is_name(link_name) ? w.write(w.name_help) : links.includes(link_name) ? `${link_name} ${w.name_taken}` : "";
	const fault_address = address_is_good(wire, address.trim()) ? "" : w.write(w.address_help[wire] ?? w.needed);
	const fault_line = wire !== "serial" || line.trim() === "" || line_is_good(line.trim()) ? "" : w.write(w.line_help);
	const n_faults = [fault_name, ...(is_new ? [fault_link_name, fault_address, fault_line] : []), ...all.map((p) => fault_of(p, (values[p.name] ?? "").trim()))].filter((f) => f !== "").length;
	const made: NewLink = { name: link_name, kind: wire, address: address.trim(), line: line.trim() };
	const entry: Entry = { name, use: kind.name, link: !needs_link ? "" : is_new ? link_name : link, keys };
	const preview = [...(is_new ? ["links:", ...link_lines(made).map((l) => `  ${l}`)] : []), "instruments:", ...entry_lines(entry).map((l) => `  ${l}`)].join("\n");
	const send = async (e: Event): Promise<void> => {
		e.preventDefault();
		if (n_faults > 0) {
			document.querySelector<HTMLElement>(".add-form [aria-invalid=true]")?.focus();
			return;
		}
		try {
			const next = with_instrument(await text_now(), is_new ? made : null, entry);
			set_by_hand(next === null);
			if (next === null)
				return;
			propose(next);
			go("file");
		} catch (error) {
			set_why(error instanceof Error ? error.message : String(error));
		}
	};
	const put = (p: Param) => (value: string) => set_values({ ...values, [p.name]: value });
	return (
		<form class="add-form" onSubmit={(e) => void send(e)}>
			<h3>{said(kind.title)}</h3>
			<p><small>{[kind.maker, kind.models.join(", "), kind.protocol, kind.confidence === null ? null : `${w.confidence}${words().colon}${kind.confidence}`, kind.own ? w.own : null].filter(Boolean).join(" · ")}</small></p>
			{whole?.notes && <p lang="en">{whole.notes}</p>}
			<Field id="add-name" label={w.name} value={name} fault={fault_name} help={w.name_help} on={set_name} />
			{!needs_link && !is_system && <p class="message">{w.no_wire}</p>}
			{needs_link && <Field id="add-link" label={w.link} value={link} fault="" choices={[{ value: NEW, label: w.link_new }, ...links.map((l) => ({ value: l, label: l }))]} on={set_link} />}
			{is_new && <>
				<Field id="add-link-name" label={w.link_name} value={link_name} fault={fault_link_name} help={w.name_help} on={set_link_name} />
				<Field id="add-kind" label={w.kind} value={wire} fault="" choices={wires.map((k) => ({ value: k, label: w.kinds[k] ?? k }))} on={set_wire} />
				<Field id="add-address" label={w.address} value={address} fault={fault_address} help={w.address_help[wire]} suggestion={wire === "serial" ? "/dev/ttyUSB0" : port === null ? "" : `192.168.1.60:${port}`} on={set_address} />
				{wire === "serial" && <Field id="add-line" label={w.line} value={line} fault={fault_line} help={w.line_help} on={set_line} />}
			</>}
			{kind.params.length > 0 && <h3>{w.params}</h3>}
			{kind.params.map((p) => <ParamField key={p.name} p={p} value={values[p.name] ?? ""} on={put(p)} />)}
			{kind.options.length > 0 && (
				<details open={kind.options.some((p) => p.needed)}><summary>{w.options}</summary>
					{kind.options.map((p) => <ParamField key={p.name} p={p} value={values[p.name] ?? ""} on={put(p)} />)}
				</details>
			)}
			{whole !== null && (
				<details><summary>{w.channels(whole.channels.length)}</summary>
					<ul class="add-channels">{whole.channels.map((c) => <li key={c.name}><code>{name}.{c.name}</code> {c.unit} {c.title}{c.writable ? ` · ${w.writable}` : ""}</li>)}</ul>
				</details>
			)}
			<h3 id="add-preview">{w.preview}</h3>
			<pre class="add-preview" tabIndex={0} role="region" aria-labelledby="add-preview">{preview}</pre>
			{is_new && fault_address === "" && <ByHand kind={kind} link={made} keys={keys} />}
			<p class="message" role="alert">{by_hand ? w.by_hand : why}</p>
			<div class="bar"><button type="submit" class="go">{w.to_editor}</button><span role="status">{n_faults === 0 ? "" : w.faults(n_faults)}</span></div>
		</form>
	);
}

const holds = (k: Kind, word: string) => [k.name, k.title.en, k.title.fr, k.maker ?? "", k.protocol ?? "", ...k.models, ...k.quantities].join(" ").toLowerCase().includes(word);

export function Add() {
	const w = words().add;
	const [all, set_all] = useState<Kind[] | null>(null);
	const [text, set_text] = useState<string | null>(null);
	const [why, set_why] = useState("");
	const [wish, set_wish] = useState("");
	const [chosen, set_chosen] = useState<Kind | null>(null);
	const [begun, set_begun] = useState<Begun | null>(null);
	useEffect(() => {
		/* One after the other: the server takes one question of this kind at a time. */
		void (async () => {
			set_text(await text_now());
			set_all((await get_catalogue()).instruments);
		})().catch((e: Error) => set_why(e.message));
	}, []);
	if (why !== "")
		return <p class="message" role="alert">{why}</p>;
	if (all === null || text === null)
		return <p role="status">{w.reading}</p>;
	if (chosen !== null)
		return <><button type="button" class="add-other" onClick={() => (set_chosen(null), set_begun(null))}>← {w.other}</button><Form key={chosen.name} kind={chosen} text={text} begun={begun} /></>;
	const found = all.filter((k) => wish.toLowerCase().split(/\s+/).every((word) => holds(k, word)));
	return (
		<>
			<p>{w.about}</p>
			<div class="bar"><label class="bar">{w.find}<input type="search" value={wish} onInput={(e) => set_wish(e.currentTarget.value)} /></label><span role="status">{w.found(found.length)}</span></div>
			<Scan links={names_in(text, "links")} all={all} on_take={(kind, taken) => (set_begun(taken), set_chosen(kind))} />
			{found.length === 0 && <p class="empty">{w.none}</p>}
			<ul class="add-list">
				{found.slice(0, MOST).map((k) => (
					<li key={k.name}><button type="button" data-kind={k.name} onClick={() => set_chosen(k)}>
						<strong>{said(k.title)}</strong> <small>{[k.name, k.maker, k.own ? w.own : null].filter(Boolean).join(" · ")}</small>
					</button></li>
				))}
			</ul>
			{found.length > MOST && <p class="empty">{w.more(found.length - MOST)}</p>}
		</>
	);
}
