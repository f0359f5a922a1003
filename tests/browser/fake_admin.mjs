/* fake_admin.mjs - what the fake server answers about accounts, tokens, the audit, certificates, backups, the bench file and what everybody sees
 *
 * Each answer is { status, data }, null where it knows nothing of the path. `asked` keeps what was asked to change something.
 */
import { createHash } from "node:crypto";

const SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
const account = (name, more = {}) => ({ name, role: "user", disabled: false, until: null, second_factor: false, pin: false, kiosk: false,
	grants: [{ may: "read", only: "*", until: null }], sessions: 0, ...more });
const certificate = (start, more = {}) => ({ kind: "own", subject: "CN=bench-3", issuer: "CN=bench-3", self_signed: true, names: "bench-3, localhost, 127.0.0.1", fingerprint: `${start}:${"AB:".repeat(28).slice(0, -1)}`,
	from: "2026-03-01T08:00:00.000Z", until: new Date(Date.now() + 400.5 * 86_400_000).toISOString(), over: false, file: "/var/lib/mbc/tpr-1/certificate.pem", shown: `${start}:${"AB:".repeat(28).slice(0, -1)}`,
	refused: null, ...more });
const sum = (text) => createHash("sha256").update(text).digest("hex");

export const FILE = `bench: tpr-1            # the name
serve:
  listen: "127.0.0.1:8080"
  public:
    listen: "127.0.0.1:8090"
    channels: [T_bed, "rack*.c?"]   # what visitors see
alarms: {}
`;

export class FakeAdmin {
	constructor() {
		this.asked = [];
		this.delay_ms = 0;
		this.refuse = null; /* (method, path, body) => { status, detail }, or null */
		this.accounts = [account("anna", { role: "root", sessions: 1, grants: [] }),
			account("bert", { grants: [{ may: "read", only: "*", until: null }, { may: "operate", only: "N2_*", until: "2126-01-01T00:00:00.000Z" }], pin: true }),
			account("wall", { kiosk: true, sessions: 2 })];
		this.tokens = [{ name: "lims", may: ["set"], only: "N2_*", reads: "*", until: null }];
		this.records = Array.from({ length: 230 }, (_, i) => ({ n: i + 1, time: new Date(Date.UTC(2026, 0, 1, 0, i)).toISOString(), who: i % 3 === 0 ? "token:lims" : "user:anna",
			from: "http", act: i % 2 === 0 ? "set" : "safe", subject: "T_furn", value: String(i), result: i % 10 === 9 ? "refused" : "verified", ...(i % 10 === 9 ? { why: "not open", times: 3 } : {}) }));
		this.faults = [];
		this.file = FILE;
		this.errors = [];
		this.shared = null; /* () => the answer; null: this server does not know it */
		this.passwords = { anna: "correct horse" };
		this.certificates = { serve: certificate("14:CF:F8:C6"), public: null };
		this.backups = [{ name: "tpr-1-20260301T080000Z.mbc", bytes: 123_456_789, made: "2026-03-01T08:00:00.000Z" }];
		this.busy = null;
		this.last = null;
		this.in_the_way = 0; /* so many questions are answered with 429 */
	}

	change(name, body) {
		const found = this.accounts.find((a) => a.name === name);
		if (!found)
			return { status: 404, data: { detail: `there is no account '${name}'` } };
		const { password, sign_out, pin, ...rest } = body;
		Object.assign(found, rest, pin === undefined ? {} : { pin: pin !== null }, password !== undefined || sign_out || body.disabled ? { sessions: 0 } : {});
		return { status: 200, data: found };
	}

	/* The lines that differ, as `diff -u` has them, roughly. */
	diff(text) {
		const [old, now] = [this.file.split("\n"), text.split("\n")];
		return [...old.filter((l) => !now.includes(l)).map((l) => `-${l}`), ...now.filter((l) => !old.includes(l)).map((l) => `+${l}`)].join("\n");
	}

	list() {
		return { backups: this.backups, max: 5, free: 12_345_000_000, busy: this.busy, last: this.last };
	}

	/* What was being done has come to its end. */
	end(good, text = "") {
		const { act, name } = this.busy;
		this.busy = null;
		this.last = { act, name, good, text };
		if (act === "make" && good)
			this.backups = [{ name, bytes: 2_500_000, made: new Date().toISOString() }, ...this.backups];
	}

	house(path) {
		const [, which] = /^certificates\/(\w+)$/.exec(path) ?? [];
		if (which)
			return this.certificates[which] ? { status: 200, data: this.certificates[which] }
				: { status: 404, data: { detail: "this server shows no certificate: 'tls: own' in the bench file, below 'serve:' 'public:', gives it one" } };
		if (path === "backups")
			return { status: 200, data: this.list() };
		return /^backups\/[^/]+\/file$/.test(path) ? { status: 200, data: "its bytes" } : null;
	}

	/* A new one is there, and shown a moment later. */
	replace(which, start, more = {}) {
		const before = this.certificates[which];
		this.certificates[which] = certificate(start, { shown: before?.fingerprint ?? null, ...more });
		setTimeout(() => { this.certificates[which].shown = this.certificates[which].fingerprint; }, 500);
		return { status: 200, data: this.certificates[which] };
	}

	house_order(method, path, body) {
		const [, which] = /^certificates\/(\w+)$/.exec(path) ?? [];
		if (which)
			return method === "POST" ? this.replace(which, "77:77:77:77") : this.replace(which, "99:99:99:99", { issuer: "CN=lab root", self_signed: false });
		const [, name, verify] = /^backups\/([^/]+)(\/verify)?$/.exec(path) ?? [];
		if (method === "DELETE" && this.busy?.name === name) {
			this.end(false, this.busy.act === "verify" ? "the look at it was ended as asked for" : "it was ended as asked for, and nothing of it is kept");
			return { status: 202, data: { name, state: "ending" } };
		}
		if (this.busy)
			return { status: 429, data: { detail: "a backup is being made or looked at; wait for its end" } };
		if (method === "DELETE") {
			this.backups = this.backups.filter((b) => b.name !== name);
			return { status: 200, data: this.list() };
		}
		this.busy = { act: verify ? "verify" : "make", name: verify ? name : "tpr-1-20260302T090000Z.mbc", bytes: 1_000_000 };
		return { status: 202, data: { name: this.busy.name, state: "begun" } };
	}

	get(path, query) {
		if (/^(certificates|backups)/.test(path)) {
			this.asked.push({ method: "GET", path });
			return this.in_the_way-- > 0 ? { status: 429, data: { detail: "another question of this kind is under way" } } : this.house(path);
		}
		if (path === "accounts")
			return { status: 200, data: { accounts: this.accounts } };
		if (path === "tokens")
			return { status: 200, data: { tokens: this.tokens } };
		if (path === "shared" && this.shared)
			return { status: 200, data: this.shared() };
		if (path === "bench/file" && query.get("part") === null)
			return { status: 200, data: { file: "bench.yaml", sha256: sum(this.file), text: this.file, parts: ["parts/gases.yaml"] } };
		if (path === "audit") {
			const since = Date.parse(query.get("since") ?? "1970-01-01T00:00:00Z");
			const fits = this.records.filter((r) => (query.get("who") ?? r.who) === r.who && (query.get("act") ?? r.act) === r.act && Date.parse(r.time) >= since &&
				r.n < Number(query.get("before") ?? Infinity)).reverse();
			const shown = fits.slice(0, Number(query.get("limit") ?? 100));
			return { status: 200, data: { records: shown, next: fits.length > shown.length ? shown.at(-1).n : null, whole: this.faults.length === 0, faults: this.faults,
				count: this.records.length, hash: "ab".repeat(32) } };
		}
		return null;
	}

	async order(method, path, body, who) {
		const mine = /^(accounts|tokens|certificates|backups|bench\/file)/.test(path) || (path === "session" && method === "PATCH");
		if (!mine)
			return null;
		this.asked.push({ method, path, body });
		if (this.delay_ms > 0)
			await new Promise((done) => setTimeout(done, this.delay_ms));
		const no = this.refuse?.(method, path, body);
		if (no)
			return { status: no.status, data: { detail: no.detail } };
		if (/^(certificates|backups)/.test(path))
			return this.house_order(method, path, body);
		const [, name, factor] = /^(?:accounts|tokens)\/([^/]+)(\/second-factor)?$/.exec(path) ?? [];
		if (path === "session") {
			if (this.passwords[who] !== body.password)
				return { status: 403, data: { detail: "that is not the password of this account" } };
			if (body.new_password)
				this.passwords[who] = body.new_password;
			return { status: 204, data: null, ends: body.new_password !== undefined };
		}
		if (method === "POST" && path === "accounts") {
			if (this.accounts.some((a) => a.name === body.name))
				return { status: 409, data: { detail: `there is or was an account '${body.name}'; a name is never given twice` } };
			const { password, pin, ...rest } = body;
			this.accounts.push(account(body.name, { ...rest, pin: Boolean(pin) }));
			return { status: 201, data: this.accounts.at(-1) };
		}
		if (factor) {
			this.change(name, { second_factor: method === "POST" });
			return method === "POST" ? { status: 200, data: { secret: SECRET, otpauth: `otpauth://totp/tpr-1:${name}?secret=${SECRET}&issuer=tpr-1&algorithm=SHA1&digits=6&period=30` } }
				: { status: 204, data: null };
		}
		if (method === "PATCH" && path.startsWith("accounts/"))
			return this.change(decodeURIComponent(name), body);
		if (method === "POST" && path === "tokens") {
			const made = { may: [], only: "*", reads: "*", until: null, ...body };
			this.tokens.push(made);
			return { status: 201, data: { ...made, token: "c0ffee".repeat(11).slice(0, 64) } };
		}
		if (method === "DELETE" && path.startsWith("tokens/")) {
			this.tokens = this.tokens.filter((t) => t.name !== decodeURIComponent(name));
			return { status: 204, data: null };
		}
		if (path === "bench/file/check")
			return { status: 200, data: { errors: this.errors, good: this.errors.length === 0, needs_reason: false, diff: this.diff(body.text),
				changes: { new: [], gone: [], units: [], programs: [], weaker: [], stronger: [], changed: [] } } };
		if (path === "bench/file" && method === "PUT") {
			if (body.sha256 !== sum(this.file))
				return { status: 409, data: { detail: "it is another file by now: read it again" } };
			this.file = body.text;
			return { status: 200, data: { state: "taken", text: "taken up", written: 1, kept: null, sha256: sum(this.file) } };
		}
		return null;
	}
}
