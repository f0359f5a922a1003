/* backups.tsx - backups of the whole bench: made behind the page, followed, looked at, handed out, removed. Bringing one back is for the command line */
import { useEffect, useRef, useState } from "preact/hooks";
import { ask, told_of, use_wish } from "../ask";
import { Copy, Twice, Verdict } from "../asked";
import { format_moment } from "../format";
import { bench_now, store } from "../store";
import { Box, is_ticked, text_of } from "./accounts";
import { in_turn, look_in_turn } from "./turn";
import { house_words } from "./words";

const BUSY_MS = 2000; /* while one is under way; each look costs the bench a process */

interface Kept {
	name: string;
	bytes: number;
	made: string;
}

interface List {
	backups: Kept[];
	max: number;
	free: number;
	busy: { act: string; name: string; bytes: number } | null;
	last: { act: string; name: string; good: boolean; text: string } | null;
}

const at = (name: string) => `backups/${encodeURIComponent(name)}`;

function size_words(bytes: number): string {
	let [n, unit] = [bytes, 0];
	for (; n >= 1000 && unit < 4; unit++)
		n /= 1000;
	return `${unit === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)} ${house_words().units[unit]}`;
}

function Phrase({ label, name, needed }: { label: string; name: string; needed: boolean }) {
	return <label class="bar">{label}<input type="password" name={name} required={needed} minLength={10} maxLength={199} autoComplete="new-password" /></label>;
}

function MakeBox({ on_begun, on_close }: { on_begun: () => void; on_close: () => void }) {
	const w = house_words();
	const { told, busy, wish } = use_wish();
	const [with_secrets, set_with_secrets] = useState(true);
	const make = (e: Event) => {
		e.preventDefault();
		const form = e.currentTarget as HTMLFormElement;
		const passphrase = with_secrets ? text_of(form, "phrase") : "";
		wish(async () => {
			if (with_secrets && passphrase !== text_of(form, "again"))
				return { verdict: "refused", text: w.phrase_differs };
			const a = await in_turn(() => ask("POST", "backups", { ...(with_secrets ? { passphrase } : {}), history: is_ticked(form, "history") }));
			if (a.status === 202) {
				form.reset();
				on_begun();
			}
			return told_of(a, w.backup_begun);
		});
	};
	return (
		<Box title={w.backup_make} on_close={on_close}>
			<form onSubmit={make}>
				<fieldset>
					<legend>{w.secrets}</legend>
					<label class="tick"><input type="radio" name="secrets" checked={with_secrets} onChange={() => set_with_secrets(true)} /> {w.secrets_with}</label>
					<label class="tick"><input type="radio" name="secrets" checked={!with_secrets} onChange={() => set_with_secrets(false)} /> {w.secrets_without}</label>
					{with_secrets && <>
						<Phrase label={w.phrase} name="phrase" needed />
						<Phrase label={w.phrase_again} name="again" needed />
						<p class="empty">{w.phrase_about}</p>
					</>}
				</fieldset>
				<label class="tick"><input type="checkbox" name="history" /> {w.history} <small>{w.history_about}</small></label>
				<Verdict told={told} />
				<div class="bar"><button type="submit" class="go" disabled={busy}>{w.backup_make}</button></div>
			</form>
		</Box>
	);
}

function VerifyBox({ name, on_begun, on_close }: { name: string; on_begun: () => void; on_close: () => void }) {
	const w = house_words();
	const { told, busy, wish } = use_wish();
	const verify = (e: Event) => {
		e.preventDefault();
		const form = e.currentTarget as HTMLFormElement;
		const passphrase = text_of(form, "phrase");
		wish(async () => {
			const a = await in_turn(() => ask("POST", `${at(name)}/verify`, passphrase === "" ? {} : { passphrase }));
			if (a.status === 202) {
				form.reset();
				on_begun();
			}
			return told_of(a, w.backup_begun);
		});
	};
	return (
		<Box title={w.verify_title(name)} on_close={on_close}>
			<form onSubmit={verify}>
				<p class="empty">{w.verify_about}</p>
				<Phrase label={w.phrase} name="phrase" needed={false} />
				<Verdict told={told} />
				<div class="bar"><button type="submit" class="go" disabled={busy}>{w.verify_go}</button></div>
			</form>
		</Box>
	);
}

function RestoreBox({ name, on_close }: { name: string; on_close: () => void }) {
	const w = house_words();
	const into = store.bench?.bench ?? name.replace(/-\d{8}T\d{6}Z\.mbc$/, "");
	const line = `mbc restore ${name} --into ${into}`;
	return (
		<Box title={w.restore_title(name)} on_close={on_close}>
			<p class="empty">{w.restore_about}</p>
			<Copy text={`${line} --dry-run`} />
			<p>{w.restore_with}</p>
			<Copy text={`${line} --passphrase-file -`} />
			<p>{w.restore_without}</p>
			<Copy text={line} />
			<p>{w.restore_then}</p>
		</Box>
	);
}

function Row({ k, is_busy, on_change, on_open }: { k: Kept; is_busy: boolean; on_change: (told: List | null) => void; on_open: (act: "verify" | "restore") => void }) {
	const w = house_words();
	const { told, busy, wish } = use_wish();
	const remove = () => wish(async () => {
		const a = await in_turn(() => ask<List>("DELETE", at(k.name)));
		if (a.data || a.status === 404)
			on_change(a.data);
		return told_of(a, w.removed(k.name));
	});
	return (
		<tr data-backup={k.name}>
			<th scope="row">{k.name}</th>
			<td data-label={w.size}>{size_words(k.bytes)}</td>
			<td data-label={w.made_at}>{format_moment(Date.parse(k.made), bench_now())}</td>
			<td>
				<div class="bar">
					<a class="button" href={`api/v1/${at(k.name)}/file`} download={k.name} aria-label={`${w.download} ${k.name}`}>{w.download}</a>
					<button type="button" disabled={is_busy} aria-label={`${w.verify} ${k.name}`} onClick={() => on_open("verify")}>{w.verify}</button>
					<button type="button" aria-label={`${w.restore} ${k.name}`} onClick={() => on_open("restore")}>{w.restore}</button>
					<Twice text={w.remove} busy={busy || is_busy} on_go={remove} />
				</div>
				<Verdict told={told} />
			</td>
		</tr>
	);
}

/* What is under way, and its end when it is being made; or what became of the last. */
function Progress({ list, on_change }: { list: List; on_change: () => void }) {
	const w = house_words();
	const { told, busy, wish, clear } = use_wish();
	const now = list.busy;
	useEffect(clear, [now?.name]);
	if (now === null)
		return list.last && (
			<p class={list.last.good ? "whole" : "broken"} role="status" data-last={list.last.act}>
				<span aria-hidden="true">{list.last.good ? "✓" : "✕"}</span> {(list.last.good ? w.good : w.bad)[list.last.act]?.(list.last.name)} {list.last.text}
			</p>
		);
	const stop = () => wish(async () => {
		const a = await in_turn(() => ask("DELETE", at(now.name)));
		on_change();
		return told_of(a, w.stopped);
	});
	return (
		<div class="once" data-busy={now.act}>
			<p role="status">{w.being[now.act]?.(now.name)}</p>
			<div class="bar">
				<progress aria-label={w.being[now.act]?.(now.name)} />
				{now.act === "make" && <span>{w.so_far(size_words(now.bytes))}</span>}
				<Twice text={w.stop} busy={busy} on_go={stop} />
			</div>
			<Verdict told={told} />
		</div>
	);
}

export function Backups() {
	const w = house_words();
	const [list, set_list] = useState<List | null>(null);
	const [why, set_why] = useState("");
	const [open, set_open] = useState<{ act: "make" | "verify" | "restore"; name: string } | null>(null);
	const timer = useRef(0);
	const is_here = useRef(true);
	const look = async () => {
		clearTimeout(timer.current);
		const a = await look_in_turn<List>("backups");
		if (!is_here.current)
			return;
		set_why(a.text);
		if (a.data)
			set_list(a.data);
		clearTimeout(timer.current);
		if (a.data ? a.data.busy !== null : a.status !== 403 && a.status !== 404)
			timer.current = window.setTimeout(() => void look(), BUSY_MS);
	};
	useEffect(() => {
		is_here.current = true;
		void look();
		return () => {
			is_here.current = false;
			clearTimeout(timer.current);
		};
	}, []);
	const close = () => set_open(null);
	const begun = () => {
		close();
		void look();
	};
	const take = (now: List | null) => {
		if (now)
			set_list(now);
		else
			void look();
	};
	const is_busy = list !== null && list.busy !== null;
	return (
		<section aria-labelledby="backups-title">
			<div class="bar"><h2 id="backups-title">{w.backups}</h2>
				<button type="button" class="go" disabled={list === null || is_busy} onClick={() => set_open({ act: "make", name: "" })}>{w.backup_make}</button></div>
			<p class="empty">{w.backups_about}</p>
			{why !== "" && <p class="message" role="alert">{w.failed_look} {why}</p>}
			{list && <p>{w.kept(list.backups.length, list.max, size_words(list.free))}</p>}
			{list && <Progress list={list} on_change={() => void look()} />}
			{list && list.backups.length > 0 && <table class="cards-when-narrow">
				<thead><tr>{[w.name, w.size, w.made_at, ""].map((t) => <th scope="col" key={t}>{t || <span class="unseen-inline">{w.acts}</span>}</th>)}</tr></thead>
				<tbody>{list.backups.map((k) => <Row key={k.name} k={k} is_busy={is_busy} on_change={take} on_open={(act) => set_open({ act, name: k.name })} />)}</tbody>
			</table>}
			{list?.backups.length === 0 && <p class="empty">{w.backups_none}</p>}
			{open?.act === "make" && <MakeBox on_begun={begun} on_close={close} />}
			{open?.act === "verify" && <VerifyBox name={open.name} on_begun={begun} on_close={close} />}
			{open?.act === "restore" && <RestoreBox name={open.name} on_close={close} />}
		</section>
	);
}
