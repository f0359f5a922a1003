/* tokens.tsx - what opens the bench to programs */
import { useEffect, useState } from "preact/hooks";
import { ask, end_of_field, told_of, use_wish } from "../ask";
import { Copy, Twice, Verdict } from "../asked";
import { words } from "../i18n";
import { store } from "../store";
import { Box, End, is_ticked, text_of, until_words } from "./accounts";

const WORDS = ["set", "mode", "safe", "ack", "shelve", "sequence"] as const;

interface Token {
	name: string;
	may: string[];
	only: string;
	reads: string;
	until: string | null;
}

function MakeBox({ on_made, on_close }: { on_made: () => void; on_close: () => void }) {
	const w = words().admin;
	const { told, busy, wish } = use_wish();
	const [made, set_made] = useState<{ name: string; token: string } | null>(null);
	const make = (e: Event) => {
		e.preventDefault();
		const form = e.currentTarget as HTMLFormElement;
		const may = WORDS.filter((word) => is_ticked(form, `may-${word}`));
		const body = { name: text_of(form, "name").trim(), only: text_of(form, "only").trim() || "*", reads: text_of(form, "reads").trim() || "*",
			until: end_of_field(text_of(form, "until"), null), ...(may.length > 0 ? { may } : {}) };
		wish(async () => {
			const a = await ask<{ name: string; token: string }>("POST", "tokens", body);
			if (a.data) {
				set_made(a.data);
				on_made();
			}
			return told_of(a, w.token_made(body.name));
		});
	};
	return (
		<Box title={w.token_make} on_close={on_close}>
			{made === null ? (
				<form onSubmit={make}>
					<label class="bar">{w.name}<input type="text" name="name" required maxLength={24} pattern="[A-Za-z0-9_.\-]{1,24}" title={w.name_about} autoCapitalize="none" spellcheck={false}
						autoComplete="off" autoFocus /></label>
					<fieldset>
						<legend>{w.token_may}</legend>
						<div class="bar">{WORDS.map((word) => <label class="tick" key={word}><input type="checkbox" name={`may-${word}`} /> {word}</label>)}</div>
						<p class="empty">{w.token_may_about((store.bench?.commands ?? []).join(", ") || "—")}</p>
					</fieldset>
					<label class="bar">{w.token_only}<input type="text" name="only" defaultValue="*" autoCapitalize="none" spellcheck={false} /></label>
					<label class="bar">{w.token_reads}<input type="text" name="reads" defaultValue="*" autoCapitalize="none" spellcheck={false} /></label>
					<p class="empty">{w.only_about}</p>
					<End label={w.until} name="until" value={null} />
					<div class="bar"><button type="submit" class="go" disabled={busy}>{w.token_make}</button></div>
				</form>
			) : (
				<div class="once">
					<p><strong>{w.once}</strong></p>
					<Copy text={made.token} label={w.token_of(made.name)} />
				</div>
			)}
			<Verdict told={told} />
		</Box>
	);
}

function Row({ t, on_gone }: { t: Token; on_gone: () => void }) {
	const w = words().admin;
	const { told, busy, wish } = use_wish();
	const remove = () => wish(async () => {
		const a = await ask("DELETE", `tokens/${encodeURIComponent(t.name)}`);
		if (a.status === 204 || a.status === 404)
			on_gone();
		return told_of(a, w.token_gone(t.name));
	});
	return (
		<tr data-token={t.name}>
			<th scope="row">{t.name}</th>
			<td data-label={w.token_may}>{t.may.join(", ") || "—"}</td>
			<td data-label={w.token_only}>{t.only}</td>
			<td data-label={w.token_reads}>{t.reads}</td>
			<td data-label={w.until}>{until_words(t.until) || w.never_ends}</td>
			<td><Twice text={w.token_remove} busy={busy} on_go={remove} /><Verdict told={told} /></td>
		</tr>
	);
}

export function Tokens() {
	const w = words().admin;
	const [list, set_list] = useState<Token[]>([]);
	const [why, set_why] = useState("");
	const [is_making, set_making] = useState(false);
	const look = async () => {
		const a = await ask<{ tokens: Token[] }>("GET", "tokens");
		set_why(a.text);
		if (a.data)
			set_list(a.data.tokens);
	};
	useEffect(() => void look(), []);
	return (
		<section aria-labelledby="tokens-title">
			<div class="bar"><h2 id="tokens-title">{w.tokens}</h2><button type="button" class="go" onClick={() => set_making(true)}>{w.token_make}</button></div>
			<p class="empty">{w.tokens_about}</p>
			<p class="message" role="alert">{why}</p>
			{list.length > 0 && <table class="cards-when-narrow">
				<thead><tr>{[w.name, w.token_may, w.token_only, w.token_reads, w.until, ""].map((t) => <th scope="col" key={t}>{t || <span class="unseen-inline">{w.token_remove}</span>}</th>)}</tr></thead>
				<tbody>{list.map((t) => <Row key={t.name} t={t} on_gone={() => void look()} />)}</tbody>
			</table>}
			{list.length === 0 && why === "" && <p class="empty">{w.tokens_none}</p>}
			{is_making && <MakeBox on_made={() => void look()} on_close={() => set_making(false)} />}
		</section>
	);
}
