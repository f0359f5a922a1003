/* accounts.tsx - who may sign in, and what they may: a table, a box to change one of them, a box for a new one */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ask, end_of_field, field_of_end, told_of, use_wish, type Told } from "../ask";
import { Copy, Twice, Verdict } from "../asked";
import { format_moment } from "../format";
import { words } from "../i18n";
import { who } from "../session";
import { bench_now } from "../store";
import { Qr } from "./qr_code";

const RIGHTS = ["read", "operate", "configure", "protect"] as const;
const ROLES = ["user", "admin", "root"] as const;

interface Grant {
	may: (typeof RIGHTS)[number];
	only: string | null;
	until: string | null;
}

export interface Account {
	name: string;
	role: (typeof ROLES)[number];
	disabled: boolean;
	until: string | null;
	second_factor: boolean;
	pin: boolean;
	kiosk: boolean;
	grants: Grant[];
	sessions: number;
}

const at = (name: string) => `accounts/${encodeURIComponent(name)}`;
const day = (end: string) => format_moment(Date.parse(end), bench_now());

export function until_words(end: string | null): string {
	const w = words().admin;
	return end === null ? "" : Date.parse(end) < bench_now() ? w.ended(day(end)) : w.until_at(day(end));
}

/* root changes all, admin those of the role user; the server decides all the same. */
const is_mine_to_change = (a: Account) => who()?.role === "root" || a.role === "user";
const offered_roles = () => (who()?.role === "root" ? ROLES : (["user"] as const));
const offered_rights = () => (who()?.role === "root" ? RIGHTS : RIGHTS.filter((r) => r !== "protect"));

export function End({ label, value, name }: { label: string; value: string | null; name: string }) {
	return <label class="bar">{label}<input type="datetime-local" name={name} defaultValue={field_of_end(value)} /></label>;
}

export const text_of = (form: HTMLFormElement, name: string) => (form.elements.namedItem(name) as HTMLInputElement | null)?.value ?? "";
export const is_ticked = (form: HTMLFormElement, name: string) => (form.elements.namedItem(name) as HTMLInputElement | null)?.checked ?? false;

function GrantRows({ grants }: { grants: Grant[] }) {
	const w = words().admin;
	return (
		<fieldset class="grants">
			<legend>{w.grants}</legend>
			{[...new Set([...offered_rights(), ...grants.map((g) => g.may)])].map((right) => {
				const had = grants.find((g) => g.may === right);
				return (
					<div class="bar grant" key={right}>
						<label class="tick"><input type="checkbox" name={`may-${right}`} defaultChecked={had !== undefined} /> <b>{right}</b> <small>{w.rights[right]}</small></label>
						<label>{w.only} <input type="text" name={`only-${right}`} defaultValue={had?.only ?? "*"} autoCapitalize="none" spellcheck={false} /></label>
						<label>{w.until} <input type="datetime-local" name={`until-${right}`} defaultValue={field_of_end(had?.until ?? null)} /></label>
					</div>
				);
			})}
			<p class="empty">{w.only_about}</p>
		</fieldset>
	);
}

const grants_of = (form: HTMLFormElement, before: Grant[]): Grant[] =>
	RIGHTS.filter((right) => is_ticked(form, `may-${right}`)).map((right) => ({
		may: right, only: text_of(form, `only-${right}`).trim() || "*",
		until: end_of_field(text_of(form, `until-${right}`), before.find((g) => g.may === right)?.until ?? null),
	}));

/* A part of the box: what it says, what it does, and what became of it. */
function Part({ title, about, told, children }: { title: string; about?: string; told: Told | null; children: ComponentChildren }) {
	return (
		<section class="part">
			<h3>{title}</h3>
			{about && <p class="empty">{about}</p>}
			{children}
			<Verdict told={told} />
		</section>
	);
}

export function Box({ title, on_close, children }: { title: string; on_close: () => void; children: ComponentChildren }) {
	const dialog = useRef<HTMLDialogElement>(null);
	const w = words();
	useEffect(() => dialog.current?.showModal(), []);
	return (
		<dialog ref={dialog} class="admin-box" onClose={on_close} aria-label={title}>
			<div class="bar"><h2>{title}</h2><button type="button" class="close" onClick={() => dialog.current?.close()}>{w.close}</button></div>
			{children}
		</dialog>
	);
}

interface Change {
	account: Account;
	on_change: (a: Account) => void;
}

/* Ask for a change; what the server answers is what is shown. */
function use_change({ account, on_change }: Change) {
	const { told, busy, wish } = use_wish();
	const change = (body: object, done: string) => wish(async () => {
		const a = await ask<Account>("PATCH", at(account.name), body);
		if (a.data)
			on_change(a.data);
		return told_of(a, done);
	});
	return { told, busy, wish, change };
}

function Rights(p: Change) {
	const w = words().admin;
	const { told, busy, change } = use_change(p);
	const { account } = p;
	const [role, set_role] = useState(account.role);
	const save = (e: Event) => {
		e.preventDefault();
		const form = e.currentTarget as HTMLFormElement;
		const body: Record<string, unknown> = {};
		const until = end_of_field(text_of(form, "until"), account.until);
		if (role !== account.role)
			body.role = role;
		if (field_of_end(until) !== field_of_end(account.until))
			body.until = until;
		if (role === "user")
			body.grants = grants_of(form, account.grants);
		if (is_ticked(form, "kiosk") !== account.kiosk)
			body.kiosk = is_ticked(form, "kiosk");
		change(body, w.saved);
	};
	return (
		<Part title={w.rights_title} told={told}>
			<form onSubmit={save}>
				<div class="bar">
					<label class="bar">{w.role}
						<select value={role} onChange={(e) => set_role(e.currentTarget.value as Account["role"])}>
							{offered_roles().map((r) => <option key={r} value={r}>{r}</option>)}
						</select>
					</label>
					<span>{w.roles[role]}</span>
				</div>
				{role === "user" && <GrantRows grants={account.grants} />}
				<End label={w.account_until} name="until" value={account.until} />
				<label class="tick"><input type="checkbox" name="kiosk" defaultChecked={account.kiosk} /> {w.kiosk} <small>{w.kiosk_about}</small></label>
				<div class="bar"><button type="submit" class="go" disabled={busy}>{w.save}</button></div>
			</form>
		</Part>
	);
}

function Secrets(p: Change) {
	const w = words().admin;
	const password = use_change(p);
	const pin = use_change(p);
	const send_password = (e: Event) => {
		e.preventDefault();
		const form = e.currentTarget as HTMLFormElement;
		password.change({ password: text_of(form, "password") }, w.password_set);
		form.reset();
	};
	const send_pin = (e: Event) => {
		e.preventDefault();
		const form = e.currentTarget as HTMLFormElement;
		pin.change({ pin: text_of(form, "pin") }, w.pin_set);
		form.reset();
	};
	return (
		<>
			<Part title={w.password} about={w.password_about} told={password.told}>
				<form class="bar" onSubmit={send_password}>
					<label class="bar">{w.password_new}<input type="password" name="password" minLength={8} maxLength={199} required autoComplete="new-password" /></label>
					<button type="submit" disabled={password.busy}>{w.set}</button>
				</form>
			</Part>
			{!p.account.kiosk && <Part title={w.pin} about={w.pin_about} told={pin.told}>
				<form class="bar" onSubmit={send_pin}>
					<label class="bar">{w.pin_new}<input type="password" name="pin" inputMode="numeric" pattern="[0-9]{4,12}" title={w.pin_about} required autoComplete="off" /></label>
					<button type="submit" disabled={pin.busy}>{w.set}</button>
					{p.account.pin && <button type="button" disabled={pin.busy} onClick={() => pin.change({ pin: null }, w.pin_gone)}>{w.pin_remove}</button>}
				</form>
			</Part>}
		</>
	);
}

interface Factor {
	secret: string;
	otpauth: string;
}

function SecondFactor(p: Change) {
	const w = words().admin;
	const { told, busy, wish } = use_change(p);
	const [made, set_made] = useState<Factor | null>(null);
	const make = () => wish(async () => {
		const a = await ask<Factor>("POST", `${at(p.account.name)}/second-factor`);
		set_made(a.data);
		if (a.data)
			p.on_change({ ...p.account, second_factor: true, sessions: 0 });
		return told_of(a, w.factor_made);
	});
	const remove = () => wish(async () => {
		const a = await ask("DELETE", `${at(p.account.name)}/second-factor`);
		if (a.status === 204) {
			set_made(null);
			p.on_change({ ...p.account, second_factor: false, sessions: 0 });
		}
		return told_of(a, w.factor_gone);
	});
	return (
		<Part title={w.factor} about={w.factor_about} told={told}>
			<div class="bar">
				<Twice text={p.account.second_factor ? w.factor_another : w.factor_make} busy={busy} on_go={make} />
				{p.account.second_factor && <Twice text={w.factor_remove} busy={busy} on_go={remove} />}
			</div>
			{made && <div class="once">
				<p><strong>{w.once}</strong></p>
				<Qr text={made.otpauth} label={w.factor_code} />
				<Copy text={made.secret} label={w.factor_secret} />
				<Copy text={made.otpauth} label="otpauth" />
			</div>}
		</Part>
	);
}

function Ends(p: Change) {
	const w = words().admin;
	const { told, busy, change } = use_change(p);
	const { account } = p;
	return (
		<Part title={w.ends} told={told}>
			<div class="bar">
				<Twice text={w.sign_out} busy={busy} on_go={() => change({ sign_out: true }, w.signed_out)} />
				{account.disabled ? <button type="button" disabled={busy} onClick={() => change({ disabled: false }, w.enabled)}>{w.enable}</button>
					: <Twice text={w.disable} busy={busy} on_go={() => change({ disabled: true }, w.disabled_now)} />}
			</div>
		</Part>
	);
}

function AccountBox({ on_close, ...p }: Change & { on_close: () => void }) {
	return (
		<Box title={words().admin.account_of(p.account.name)} on_close={on_close}>
			<Rights {...p} />
			<Secrets {...p} />
			{!p.account.kiosk && <SecondFactor {...p} />}
			<Ends {...p} />
		</Box>
	);
}

function NewBox({ on_made, on_close }: { on_made: (a: Account) => void; on_close: () => void }) {
	const w = words().admin;
	const { told, busy, wish } = use_wish();
	const [role, set_role] = useState<Account["role"]>("user");
	const add = (e: Event) => {
		e.preventDefault();
		const form = e.currentTarget as HTMLFormElement;
		const name = text_of(form, "name").trim();
		const body = { name, password: text_of(form, "password"), role, until: end_of_field(text_of(form, "until"), null), kiosk: is_ticked(form, "kiosk"),
			...(role === "user" ? { grants: grants_of(form, []) } : {}) };
		wish(async () => {
			const a = await ask<Account>("POST", "accounts", body);
			if (a.data) {
				on_made(a.data);
				form.reset();
			}
			return told_of(a, w.added(name));
		});
	};
	return (
		<Box title={w.add} on_close={on_close}>
			<form onSubmit={add}>
				<label class="bar">{w.name}<input type="text" name="name" required maxLength={24} pattern="[A-Za-z0-9_.\-]{1,24}" title={w.name_about} autoCapitalize="none" spellcheck={false}
					autoComplete="off" autoFocus /></label>
				<label class="bar">{w.password}<input type="password" name="password" required minLength={8} maxLength={199} autoComplete="new-password" /></label>
				<p class="empty">{w.password_first}</p>
				<label class="bar">{w.role}
					<select value={role} onChange={(e) => set_role(e.currentTarget.value as Account["role"])}>
						{offered_roles().map((r) => <option key={r} value={r}>{r}</option>)}
					</select> <span>{w.roles[role]}</span>
				</label>
				{role === "user" && <GrantRows grants={[{ may: "read", only: "*", until: null }]} />}
				<End label={w.account_until} name="until" value={null} />
				<label class="tick"><input type="checkbox" name="kiosk" /> {w.kiosk} <small>{w.kiosk_about}</small></label>
				<Verdict told={told} />
				<div class="bar"><button type="submit" class="go" disabled={busy}>{w.add}</button></div>
			</form>
		</Box>
	);
}

const may_words = (a: Account) =>
	a.role !== "user" ? words().admin.roles[a.role] : a.grants.map((g) =>
		[g.may, g.only === null || g.only === "*" ? "" : g.only, g.until === null ? "" : `(${until_words(g.until)})`].filter((s) => s !== "").join(" ")).join("; ");

export function Accounts() {
	const w = words().admin;
	const [list, set_list] = useState<Account[] | null>(null);
	const [why, set_why] = useState("");
	const [open, set_open] = useState<string | null>(null); /* "": a new one */
	const look = async () => {
		const a = await ask<{ accounts: Account[] }>("GET", "accounts");
		set_why(a.text);
		if (a.data)
			set_list(a.data.accounts);
	};
	useEffect(() => void look(), []);
	const shown = list?.find((a) => a.name === open);
	const close = () => {
		set_open(null);
		void look();
	};
	const take = (now: Account) => set_list((all) => (all ?? []).map((a) => (a.name === now.name ? now : a)));
	return (
		<section aria-labelledby="accounts-title">
			<div class="bar"><h2 id="accounts-title">{w.accounts}</h2><button type="button" class="go" onClick={() => set_open("")}>{w.add}</button></div>
			<p class="message" role="alert">{why}</p>
			<table class="cards-when-narrow">
				<thead><tr>{[w.name, w.role, w.may, w.state, w.sessions, ""].map((t) => <th scope="col" key={t}>{t || <span class="unseen-inline">{w.change}</span>}</th>)}</tr></thead>
				<tbody>
					{(list ?? []).map((a) => (
						<tr key={a.name} data-account={a.name} class={a.disabled ? "is-off" : ""}>
							<th scope="row">{a.name}</th>
							<td data-label={w.role}>{a.role}</td>
							<td data-label={w.may}>{may_words(a) || "—"}</td>
							<td data-label={w.state}>{[a.disabled ? `✕ ${w.is_disabled}` : "", until_words(a.until), a.second_factor ? w.factor : "", a.pin ? w.pin : "", a.kiosk ? w.kiosk : ""]
								.filter((s) => s !== "").join(", ") || "✓"}</td>
							<td data-label={w.sessions}>{a.sessions}</td>
							<td>{is_mine_to_change(a) && <button type="button" aria-label={`${w.change} ${a.name}`} onClick={() => set_open(a.name)}>{w.change}</button>}</td>
						</tr>
					))}
				</tbody>
			</table>
			{open === "" && <NewBox on_made={() => void look()} on_close={close} />}
			{shown && <AccountBox key={shown.name} account={shown} on_change={take} on_close={close} />}
		</section>
	);
}
