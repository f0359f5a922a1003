/* certificates.tsx - what each of the two servers shows to those who come with https: seen, made anew, replaced by one that was given */
import { useEffect, useRef, useState } from "preact/hooks";
import { ask, told_of, use_wish } from "../ask";
import { Copy, Twice, Verdict } from "../asked";
import { format_moment } from "../format";
import { bench_now } from "../store";
import { Box, text_of } from "./accounts";
import { in_turn, look_in_turn, pause } from "./turn";
import { house_words } from "./words";

const DAY_MS = 86_400_000;
const SOON_DAYS = 30; /* as the first event of its end */
const LONGEST = 256 << 10;
const FOLLOW_MS = 2000;
const FOLLOWED = 15; /* the supervisor looks at the files each 10 s */

type Which = "serve" | "public";

interface Certificate {
	kind: "own" | "files";
	subject: string;
	issuer: string;
	self_signed: boolean;
	names: string;
	fingerprint: string;
	from: string;
	until: string;
	over: boolean;
	file: string;
	shown: string | null;
	refused: string | null;
}

function Facts({ c }: { c: Certificate }) {
	const w = house_words();
	const days = Math.floor((Date.parse(c.until) - bench_now()) / DAY_MS);
	const until = format_moment(Date.parse(c.until), bench_now());
	const is_short = c.over || days <= SOON_DAYS;
	return (
		<>
			<dl class="facts">
				<dt>{w.whose}</dt><dd>{c.names}</dd>
				<dt>{w.issuer}</dt><dd>{c.self_signed ? w.itself : c.issuer}</dd>
				<dt>{w.from}</dt><dd>{format_moment(Date.parse(c.from), bench_now())}</dd>
				<dt>{w.until}</dt><dd class={is_short ? "is-bad" : ""}>{c.over ? `✕ ${until}, ${w.is_over}` : `${is_short ? "▲ " : ""}${until}, ${w.in_days(days)}`}</dd>
				<dt>{w.file}</dt><dd>{c.file}</dd>
				<dt>{w.fingerprint}</dt><dd><Copy text={c.fingerprint} label={w.fingerprint} /></dd>
			</dl>
			{c.refused ? <p class="broken"><span aria-hidden="true">✕</span> {w.refused} {c.refused}</p>
				: <p class={c.shown === c.fingerprint ? "whole" : "empty"} role="status">{c.shown === c.fingerprint ? `✓ ${w.shown}` : `… ${w.not_shown}`}</p>}
		</>
	);
}

/* What could only be refused is not sent: a key crosses the wire when it is of use. */
function fault_of(pem: string): string {
	const w = house_words();
	return !pem.includes("-----BEGIN CERTIFICATE-----") ? w.put_none
		: /-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/.test(pem) ? w.put_locked
			: !/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem) ? w.put_no_key
				: new Blob([pem]).size > LONGEST ? w.put_long : "";
}

/* The files as one text; that of the key comes last, whatever the order in which they were chosen. */
async function text_of_files(form: HTMLFormElement): Promise<string> {
	const files = [...(form.elements.namedItem("files") as HTMLInputElement).files ?? []];
	const texts = await Promise.all(files.filter((f) => f.size <= LONGEST).map((f) => f.text()));
	return texts.sort((a, b) => Number(a.includes("PRIVATE KEY")) - Number(b.includes("PRIVATE KEY"))).join("\n");
}

function PutBox({ which, on_put, on_close }: { which: Which; on_put: (c: Certificate) => void; on_close: () => void }) {
	const w = house_words();
	const { told, busy, wish } = use_wish();
	const put = (e: Event) => {
		e.preventDefault();
		const form = e.currentTarget as HTMLFormElement;
		wish(async () => {
			const pem = [text_of(form, "pem"), await text_of_files(form)].filter((s) => s.trim() !== "").join("\n");
			const fault = fault_of(pem);
			if (fault !== "")
				return { verdict: "refused", text: fault };
			const a = await in_turn(() => ask<Certificate>("PUT", `certificates/${which}`, { text: pem }));
			if (a.data) {
				form.reset();
				on_put(a.data);
			}
			return told_of(a, w.put_done);
		});
	};
	return (
		<Box title={w.put_title(w.servers[which])} on_close={on_close}>
			<form onSubmit={put}>
				<p class="empty">{w.put_about}</p>
				<label class="bar">{w.put_files}<input type="file" name="files" multiple accept=".pem,.crt,.cer,.key,application/x-pem-file" /></label>
				<label class="pem">{w.put_text}<textarea name="pem" rows={6} spellcheck={false} autoComplete="off" placeholder="-----BEGIN CERTIFICATE-----" /></label>
				<Verdict told={told} />
				<div class="bar"><button type="submit" class="go" disabled={busy}>{w.put_go}</button></div>
			</form>
		</Box>
	);
}

function Server({ which }: { which: Which }) {
	const w = house_words();
	const { told, busy, wish } = use_wish();
	const [c, set_c] = useState<Certificate | null>(null);
	const [why, set_why] = useState({ status: 200, text: "" });
	const [is_putting, set_putting] = useState(false);
	const is_here = useRef(true);
	const look = async (): Promise<Certificate | null> => {
		const a = await look_in_turn<Certificate>(`certificates/${which}`);
		if (is_here.current) {
			set_why({ status: a.status, text: a.text });
			if (a.data || a.status === 404)
				set_c(a.data);
		}
		return a.data;
	};
	useEffect(() => {
		is_here.current = true;
		void look();
		return () => { is_here.current = false; };
	}, []);
	/* Until the server shows it, or says why not. */
	const take = async (now: Certificate) => {
		set_c(now);
		let seen: Certificate | null = now;
		for (let i = 0; i < FOLLOWED && is_here.current && !(seen && (seen.shown === seen.fingerprint || seen.refused)); i++) {
			await pause(FOLLOW_MS);
			if (is_here.current)
				seen = await look();
		}
	};
	const make = () => wish(async () => {
		const a = await in_turn(() => ask<Certificate>("POST", `certificates/${which}`));
		if (a.data)
			void take(a.data);
		return told_of(a, w.made);
	});
	return (
		<section class="part" aria-labelledby={`certificate-${which}`} data-certificate={which}>
			<h3 id={`certificate-${which}`}>{w.servers[which]}</h3>
			{why.status === 404 ? <p class="empty">{why.text}</p> : why.text !== "" && <p class="message" role="alert">{w.failed_look} {why.text}</p>}
			{c && <Facts c={c} />}
			{c?.kind === "files" && <p class="empty">{w.by_files}</p>}
			{c?.kind === "own" && <>
				<div class="bar"><Twice text={w.make} busy={busy} on_go={make} /><button type="button" disabled={busy} onClick={() => set_putting(true)}>{w.put}</button></div>
				<p class="empty">{w.make_about}{which === "serve" ? ` ${w.make_own}` : ""}</p>
				<Verdict told={told} />
			</>}
			{is_putting && <PutBox which={which} on_put={(now) => void take(now)} on_close={() => set_putting(false)} />}
		</section>
	);
}

export function Certificates() {
	const w = house_words();
	return (
		<section aria-labelledby="certificates-title">
			<h2 id="certificates-title">{w.certificates}</h2>
			<p class="empty">{w.certificates_about}</p>
			<Server which="serve" />
			<Server which="public" />
		</section>
	);
}
