/* sharing.tsx - what leaves the house: what an outsider sees now, and which channels are shown, a tick each */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import "./events.css";
import "./admin.css";
import "./sharing.css";
import type { ChannelInfo, Quality } from "../api";
import { ask, told_of, use_wish, type Told } from "../ask";
import { Copy, Verdict } from "../asked";
import { format_time, format_unit, format_value } from "../format";
import { use_interval, use_store } from "../hooks";
import { words } from "../i18n";
import { SYMBOL } from "../quality";
import { find_list, has_flat, lines_by_hand, shown_by, with_channel, with_flat, type Flat, type Found, type Rewritten } from "../sharing/list";
import { store } from "../store";

const ASK_MS = 2000;
const OLD_MS = 6000;
const ROWS_MOST = 200;

interface Shared {
	time: string;
	is_on: boolean;
	address: string | null;
	links_required: boolean;
	has_json?: boolean; /* a server of before does not say */
	has_xml?: boolean;
	channels: (ChannelInfo & { reason_text: string })[];
}

/* ---- what an outsider sees ---- */

/* Where it listens on all addresses, it is reached by the one by which this page is. */
const reached = (address: string) => address.replace(/\/\/(0\.0\.0\.0|\[::\])/, `//${location.hostname}`).replace(/\/?$/, "/");

function use_shared(): { shared: Shared | null; why: string; is_old: boolean } {
	const [shared, set_shared] = useState<Shared | null>(null);
	const [why, set_why] = useState("");
	const [is_old, set_old] = useState(false);
	const busy = useRef(false);
	const heard = useRef(0);
	const look = useMemo(() => async () => {
		set_old(heard.current > 0 && performance.now() - heard.current > OLD_MS);
		if (busy.current || document.hidden)
			return;
		busy.current = true;
		const a = await ask<Shared>("GET", "shared");
		busy.current = false;
		set_why(a.status === 0 ? words().sharing.failed : a.text);
		if (a.data) {
			heard.current = performance.now();
			set_shared(a.data);
			set_old(false);
		}
	}, []);
	useEffect(() => void look(), []);
	use_interval(look, ASK_MS);
	return { shared, why, is_old };
}

function Live({ shared, why, is_old }: { shared: Shared | null; why: string; is_old: boolean }) {
	const w = words().sharing;
	const old = is_old || why !== "";
	return (
		<section aria-labelledby="shared-title" class={old ? "shared old" : "shared"}>
			<h2 id="shared-title">{w.title}</h2>
			<p class="empty">{w.about}</p>
			<p class="message" role="alert">{why}</p>
			{shared && (!shared.is_on ? <p class="shared-off">{w.is_off}</p> : <>
				<dl>
					<dt>{w.address}</dt>
					<dd>{shared.address === null ? <span class="is-bad">✕ {w.not_listening}</span> : <a href={reached(shared.address)} rel="noreferrer" target="_blank">{reached(shared.address)}</a>}</dd>
					<dt>{w.links}</dt>
					<dd>{shared.links_required ? w.links_required : w.links_none}</dd>
				</dl>
				<p>{w.n_shown(shared.channels.length)}, {w.as_of(format_time(Date.parse(shared.time)))}</p>
				<table class="cards-when-narrow">
					<thead><tr>{[words().col_name, words().col_value, words().col_quality].map((t) => <th scope="col" key={t}>{t}</th>)}</tr></thead>
					<tbody>
						{shared.channels.slice(0, ROWS_MOST).map((c) => {
							const quality: Quality = old ? "bad" : c.quality;
							return (
								<tr key={c.name} data-shared={c.name} class={quality === "bad" ? "is-old" : ""}>
									<th scope="row">{c.name} <small>{c.title}</small></th>
									<td class="digits">{format_value(c, c.value)} {format_unit(c.unit)}</td>
									<td>{SYMBOL[quality]} {old ? words().stream_lost : c.quality === "good" ? words().good : c.reason_text}</td>
								</tr>
							);
						})}
					</tbody>
				</table>
				{shared.channels.length > ROWS_MOST && <p class="empty">{w.more(shared.channels.length - ROWS_MOST)}</p>}
			</>)}
		</section>
	);
}

/* ---- the list in the bench file ---- */

interface BenchFile {
	file: string;
	sha256: string;
	text: string;
	parts: string[];
}

interface Fault {
	file: string | null;
	line: number | null;
	kind: string;
	text: string;
	remedy: string | null;
}

interface Check {
	errors: Fault[];
	good: boolean;
	changes: { weaker: string[]; stronger: string[]; changed: string[]; new: string[]; gone: string[] } | null;
	needs_reason: boolean | null;
	diff: string;
}

const fault_words = (f: Fault) => [`${f.file ?? ""}${f.line === null ? "" : `:${f.line}`}`, f.text, f.remedy ?? ""].filter((s) => s !== "").join(": ");

function DiffBox({ file, text, check, on_done, on_close }: { file: BenchFile; text: string; check: Check; on_done: (t: Told) => void; on_close: () => void }) {
	const w = words().sharing;
	const dialog = useRef<HTMLDialogElement>(null);
	const reason = useRef<HTMLInputElement>(null);
	const { told, busy, wish } = use_wish();
	useEffect(() => dialog.current?.showModal(), []);
	const c = check.changes;
	const more = c === null ? [] : [...c.weaker.map((t) => `${words().weaker}${words().colon}${t}`), ...c.stronger, ...c.changed, ...c.new.map((n) => `+ ${n}`), ...c.gone.map((n) => `− ${n}`)];
	const write = (e: Event) => {
		e.preventDefault();
		const body = { text, sha256: file.sha256, ...(check.needs_reason ? { reason: reason.current!.value.trim() } : {}) };
		wish(async () => {
			const a = await ask<{ state: string; text: string; errors?: Fault[] }>("PUT", "bench/file", body);
			const state = a.data?.state ?? "";
			const t = a.data ? { verdict: state === "refused" || state === "dropped" ? "refused" as const : state === "unknown" ? "unknown" as const : "accepted" as const,
				text: `${w.states[state] ?? state}${state === "taken" || a.data.text === "" ? "" : `${words().colon}${a.data.text}`}` } : told_of(a, "");
			if (a.data || a.status === 0) {
				on_done(t);
				dialog.current?.close();
			}
			return t;
		});
	};
	return (
		<dialog ref={dialog} class="diff-box" onClose={on_close} aria-label={w.diff}>
			<form onSubmit={write}>
				<h2>{w.diff}</h2>
				{!check.good && <div class="broken" role="alert"><p>{w.errors}</p><ul>{check.errors.map((f, k) => <li key={k}>{fault_words(f)}</li>)}</ul></div>}
				<pre class="diff" tabIndex={0} aria-label={w.diff}>{check.diff === "" ? w.nothing : check.diff.split("\n").map((l, k) =>
					<span key={k} class={l.startsWith("+") ? "plus" : l.startsWith("-") ? "minus" : ""}>{`${l}\n`}</span>)}</pre>
				{more.length > 0 && <><p><strong>▲ {w.also}</strong></p><ul>{more.map((t) => <li key={t}>{t}</li>)}</ul></>}
				{check.needs_reason === true && <label class="bar">{w.reason}<input ref={reason} type="text" maxLength={100} required /> <small>{w.reason_about}</small></label>}
				<Verdict told={told} />
				<div class="bar">
					{check.good && <button type="submit" class="go" disabled={busy}>{w.write}</button>}
					<button type="button" onClick={() => dialog.current?.close()}>{words().cancel}</button>
				</div>
			</form>
		</dialog>
	);
}

function Choose() {
	const w = words().sharing;
	const [file, set_file] = useState<BenchFile | null>(null);
	const [why, set_why] = useState("");
	const [text, set_text] = useState(""); /* the file with what was ticked */
	const [changed, set_changed] = useState(new Set<string>());
	const [no, set_no] = useState(""); /* why the last tick did nothing */
	const [wanted, set_wanted] = useState("");
	const [check, set_check] = useState<Check | null>(null);
	const [done, set_done] = useState<Told | null>(null);
	const { told, busy, wish, clear } = use_wish();
	const look = async () => {
		const a = await ask<BenchFile>("GET", "bench/file");
		set_why(a.text);
		set_file(a.data);
		set_text(a.data?.text ?? "");
		set_changed(new Set());
	};
	useEffect(() => {
		if (changed.size === 0)
			void look(); /* else what was ticked stays; the server says when the file is another one by then */
	}, [store.list_version]);
	const list = useMemo(() => (file === null ? null : find_list(text)), [file, text]);
	/* The bench's own first; what the controller keeps and its health behind the instruments'. */
	const all = useMemo(() => {
		const rank = (group: string) => (group === "" ? 0 : group === "state" ? 2 : group === "mbc" ? 3 : 1);
		return [...store.channels.values()].sort((a, b) => rank(a.group) - rank(b.group)).map((c) => c.info);
	}, [store.list_version]);
	const parts = wanted.toLowerCase().split(/\s+/);
	const fit = all.filter((c) => parts.every((p) => `${c.name} ${c.title}`.toLowerCase().includes(p)));
	const change = (name: string, now: Rewritten) => {
		set_done(null);
		clear();
		set_no(now.text === null ? (now.why === "last" ? w.last : now.why === "pattern" ? w.by_pattern("") : w.by_hand) : "");
		if (now.text === null)
			return;
		const next = new Set(changed);
		if (!next.delete(name))
			next.add(name);
		set_changed(next);
		set_text(next.size === 0 && file ? file.text : now.text); /* back where it was: byte by byte */
	};
	const tick = (name: string, is_on: boolean) => change(name, with_channel(text, name, is_on));
	const look_at_it = () => wish(async () => {
		const a = await ask<Check>("POST", "bench/file/check", { text });
		if (a.data === null)
			return told_of(a, "");
		set_check(a.data);
		return null;
	});
	const by_hand = (about: string) => <div class="by-hand"><p>{about}</p>{file && file.parts.length > 0 && list === "no_public" && store.bench !== null &&
		<p class="empty">{w.in_part} {file.parts.join(", ")}?</p>}<Copy text={lines_by_hand(store.plotted.length > 0 ? store.plotted : ["T_bed"])} /></div>;
	return (
		<section aria-labelledby="choose-title" class="choose">
			<h2 id="choose-title">{w.choose}</h2>
			{why !== "" && <><p>{w.file_failed} <strong>{why}</strong></p><p class="empty">{w.needs}</p></>}
			{list === "no_public" && by_hand(w.no_public)}
			{list === "not_understood" && by_hand(w.by_hand)}
			{list !== null && typeof list !== "string" && <>
				<p class="empty">{w.choose_about}</p>
				<div class="bar">
					<input type="search" placeholder={words().filter} aria-label={words().filter} onInput={(e) => set_wanted(e.currentTarget.value)} />
					<span>{w.found(fit.length, all.length)}</span>
				</div>
				<Ticks list={list} channels={fit.slice(0, ROWS_MOST)} changed={changed} on_tick={tick} />
				{fit.length > ROWS_MOST && <p class="empty">{w.more(fit.length - ROWS_MOST)}</p>}
			</>}
			{file && <FlatPages text={text} changed={changed} on_tick={(key, is_on) => change(`/${key}`, with_flat(text, key, is_on))} />}
			<p class="message" role="alert">{no}</p>
			{changed.size > 0 && <div class="bar changes">
				<strong>{w.changes(changed.size)}</strong>
				<button type="button" class="go" disabled={busy} onClick={look_at_it}>{w.check}</button>
				<button type="button" disabled={busy} onClick={() => void look()}>{w.drop}</button>
			</div>}
			<Verdict told={done ?? told} />
			{check && file && <DiffBox file={file} text={text} check={check} on_close={() => set_check(null)} on_done={(t) => {
				set_done(t);
				void look();
			}} />}
		</section>
	);
}

function Ticks({ list, channels, changed, on_tick }: { list: Found; channels: ChannelInfo[]; changed: Set<string>; on_tick: (name: string, is_on: boolean) => void }) {
	const w = words().sharing;
	return (
		<ul class="ticks">
			{channels.map((c) => {
				const { is_named, pattern } = shown_by(list, c.name);
				return (
					<li key={c.name} data-tick={c.name} class={changed.has(c.name) ? "is-changed" : ""}>
						<label class="tick">
							<input type="checkbox" aria-label={w.show_it(c.name)} checked={is_named || pattern !== null} disabled={pattern !== null} title={pattern === null ? "" : w.by_pattern(pattern)}
								onChange={(e) => {
									const is_on = e.currentTarget.checked;
									e.currentTarget.checked = is_named; /* what the list says stands there, when it has been changed */
									on_tick(c.name, is_on);
								}} />
							<b>{c.name}</b> <small>{c.title}</small>
						</label>
						{pattern !== null && <small class="pattern">{w.by_pattern(pattern)}</small>}
					</li>
				);
			})}
		</ul>
	);
}

/* A switch in the bench file each; what cannot be read there is left to people. */
function FlatPages({ text, changed, on_tick }: { text: string; changed: Set<string>; on_tick: (key: Flat, is_on: boolean) => void }) {
	const w = words().sharing;
	return (
		<>
			<h3>{w.flat}</h3>
			<ul class="ticks">
				{(["json", "xml"] as const).map((key) => {
					const is_on = has_flat(text, key);
					return (
						<li key={key} data-flat={key} class={changed.has(`/${key}`) ? "is-changed" : ""}>
							<label class="tick">
								<input type="checkbox" aria-label={w.flat_on(key)} checked={is_on === true} disabled={is_on === "not_understood"} onChange={(e) => {
									const wanted = e.currentTarget.checked;
									e.currentTarget.checked = is_on === true;
									on_tick(key, wanted);
								}} />
								<b>/{key}</b> <small>{is_on === "not_understood" ? w.flat_by_hand : w.paths[key]}</small>
							</label>
						</li>
					);
				})}
			</ul>
		</>
	);
}

/* ---- for programs, for guests ---- */

function Servers({ address, off }: { address: string | null; off: string[] }) {
	const w = words().sharing;
	const here = ["json", "xml", "api/v1/channels", "api/v1/channels.xml", "api/v1/stream", "api/v1/shared", "metrics"];
	const there = ["json", "xml", "api/v1/channels", "api/v1/channels.xml", "api/v1/stream", "metrics"];
	const base = location.href.replace(/[?#].*$/, "");
	const table = (title: string, root: string, paths: string[]) => (
		<>
			<h3>{title}</h3>
			<table class="cards-when-narrow servers">
				<thead><tr><th scope="col">{w.address}</th><th scope="col">{w.server_of}</th></tr></thead>
				<tbody>{paths.map((p) => <tr key={p}><th scope="row"><a href={`${root}${p}`} rel="noreferrer" target="_blank">{`${root}${p}`}</a></th><td>{off.includes(p) ? w.flat_off : w.paths[p]}</td></tr>)}</tbody>
			</table>
		</>
	);
	return (
		<section aria-labelledby="servers-title">
			<h2 id="servers-title">{w.servers}</h2>
			{address !== null && table(w.there, reached(address), there)}
			{table(w.here, base, here)}
		</section>
	);
}

function Guests() {
	const w = words().sharing;
	return (
		<section aria-labelledby="guests-title">
			<h2 id="guests-title">{w.guests}</h2>
			<p class="empty">{w.guests_about}</p>
			{w.lines.map(([line, about]) => <div key={line} class="line"><p>{about}</p><Copy text={line} /></div>)}
		</section>
	);
}

export function Sharing() {
	use_store();
	const live = use_shared();
	return (
		<div class="admin sharing">
			<Live {...live} />
			<Choose />
			<Guests />
			<Servers address={live.shared?.address ?? null} off={[...(live.shared?.has_json === false ? ["json"] : []), ...(live.shared?.has_xml === false ? ["xml"] : [])]} />
		</div>
	);
}
