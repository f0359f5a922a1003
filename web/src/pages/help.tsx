/* help.tsx - help inside the page: what mbc is not, the first steps with how far they are, what the signs mean, the API */
import { useState } from "preact/hooks";
import reasons from "../../../src/msg/quality.def";
import { Explorer } from "../explorer";
import { get_language, recall, remember, words } from "../i18n";
import { SYMBOL } from "../quality";
import { address_of, route } from "../route";
import { who } from "../session";
import { quality_of, store } from "../store";
import "./help.css";

/* true: done; false: to be done; null: not known now. */
interface Step {
	done: boolean | null;
	title: string;
	text: string;
	more?: string;
	tick?: () => void; /* done is what a person says */
}

const READ = "read_safety";

function steps(has_read: boolean, set_read: (is: boolean) => void): Step[] {
	const w = words().help;
	const is_known = store.link === "live" && store.list_version > 0;
	const all = store.instruments ?? [];
	const down = all.filter((i) => i.state !== "up").map((i) => i.name);
	const bad = [...store.channels.values()].filter((c) => c.group === "" && quality_of(c).quality !== "good").map((c) => c.info.name);
	const me = who();
	return [
		{ done: has_read, title: w.step_safety, text: w.step_safety_text, tick: () => set_read(!has_read) },
		{ done: is_known && store.instruments !== null ? down.length === 0 : null, title: w.step_instruments, text: w.step_instruments_text,
			more: down.length > 0 ? w.not_up(down.slice(0, 8).join(", ")) : "" },
		{ done: is_known ? bad.length === 0 : null, title: w.step_values, text: w.step_values_text,
			more: bad.length > 0 ? w.not_good(bad.slice(0, 8).join(", "), bad.length) : "" },
		{ done: me === null ? null : me.accounts, title: w.step_accounts, text: w.step_accounts_text },
		{ done: store.bench === null ? null : store.bench.history && (store.bench.safe_state ?? null) !== null, title: w.step_records, text: w.step_records_text,
			more: store.bench === null ? "" : [store.bench.history ? "" : w.no_history, store.bench.safe_state ? "" : w.no_safe_state].join(" ").trim() },
	];
}

function Start() {
	const w = words().help;
	const [has_read, set_has_read] = useState(recall(READ) === "yes");
	const set_read = (is: boolean) => {
		remember(READ, is ? "yes" : "no");
		set_has_read(is);
	};
	return (
		<section aria-labelledby="start-title">
			<h2 id="start-title">{w.start}</h2>
			<ol class="first-steps">
				{steps(has_read, set_read).map((s, i) => (
					<li key={i} class={s.done === true ? "done" : s.done === false ? "open" : "unknown"}>
						<span class="sign" aria-hidden="true">{s.done === true ? "✓" : s.done === false ? "○" : "…"}</span>
						<div>
							<h3>{i + 1}. {s.title} <small>{s.done === true ? w.is_done : s.done === false ? w.is_open : w.is_unknown}</small></h3>
							<p>{s.text}</p>
							{s.more && <p class="more">{s.more}</p>}
							{s.tick && <label class="tick"><input type="checkbox" checked={s.done === true} onChange={s.tick} /> {w.i_have_read}</label>}
						</div>
					</li>
				))}
			</ol>
		</section>
	);
}

function Signs() {
	const w = words();
	const h = w.help;
	const [wanted, set_wanted] = useState("");
	const in_french = get_language() === "fr" ? 1 : 0;
	const rows = Object.entries(reasons).map(([token, r]) => ({ token, text: r[in_french], remedy: r[2 + in_french]! }));
	const seen = rows.filter((r) => `${r.token} ${r.text} ${r.remedy}`.toLowerCase().includes(wanted.toLowerCase()));
	return (
		<section aria-labelledby="signs-title">
			<h2 id="signs-title">{h.signs}</h2>
			<ul class="signs">
				<li><span class="sign good">{SYMBOL.good}</span> <strong>{w.good}</strong> {h.is_good}</li>
				<li><span class="sign uncertain">{SYMBOL.uncertain}</span> <strong>{w.uncertain}</strong> {h.is_uncertain}</li>
				<li><span class="sign bad">{SYMBOL.bad}</span> <strong>{w.bad}</strong> {h.is_bad}</li>
			</ul>
			<div class="bar"><input type="search" placeholder={h.search_reason} aria-label={h.search_reason} onInput={(e) => set_wanted(e.currentTarget.value)} /></div>
			<div class="wide" tabIndex={0} role="region" aria-label={h.reasons}>
				<table class="plain">
					<thead><tr><th scope="col">{h.reason}</th><th scope="col">{h.meaning}</th><th scope="col">{w.what_to_do}</th></tr></thead>
					<tbody>{seen.map((r) => <tr key={r.token}><td><code>{r.token}</code></td><td>{r.text}</td><td>{r.remedy}</td></tr>)}</tbody>
				</table>
			</div>
		</section>
	);
}

function Topics() {
	const h = words().help;
	return (
		<section aria-labelledby="topics-title">
			<h2 id="topics-title">{h.topics}</h2>
			{h.topic_list.map(([title, text]) => (
				<details key={title}>
					<summary>{title}</summary>
					<p>{text}</p>
				</details>
			))}
		</section>
	);
}

/* As a telephone dials it: "+33 (0)1" has a 0 that belongs to calls from within the country alone. */
const dialled = (phone: string) => (phone.trim().startsWith("+") ? phone.replace(/\(0\)/, "") : phone).replace(/[^0-9+]/g, "");

/* As the bench file has them, for who has signed in. */
function Contacts() {
	const w = words().contacts;
	const all = store.bench?.contacts ?? [];
	if (all.length === 0)
		return null;
	return (
		<section class="contacts" aria-labelledby="contacts-title">
			<h2 id="contacts-title">{w.title}</h2>
			<table class="plain">
				<thead><tr><th scope="col">{w.name}</th><th scope="col">{w.role}</th><th scope="col">{w.phone}</th></tr></thead>
				<tbody>{all.map((p, k) => <tr key={k}><th scope="row">{p.name}</th><td>{p.role}</td><td><a href={`tel:${dialled(p.phone)}`}>{p.phone}</a></td></tr>)}</tbody>
			</table>
		</section>
	);
}

export function Help() {
	const h = words().help;
	const is_api = route().rest === "api";
	return (
		<div class="help">
			<nav class="subpages" aria-label={words().pages.help}>
				<a href={address_of("help")} aria-current={is_api ? undefined : "page"}>{h.first}</a>
				<a href={address_of("help", "api")} aria-current={is_api ? "page" : undefined}>{words().api.title}</a>
			</nav>
			{is_api ? <Explorer /> : <>
				<section class="safety-first" aria-labelledby="safety-title">
					<h2 id="safety-title">{h.safety}</h2>
					{h.safety_text.map((t) => <p key={t}>{t}</p>)}
				</section>
				<Contacts />
				<Start />
				<Topics />
				<Signs />
			</>}
		</div>
	);
}
