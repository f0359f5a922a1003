/* fake_admin.mjs - what the fake server answers about accounts, tokens, the audit, the bench file and what everybody sees
 *
 * Each answer is { status, data }, null where it knows nothing of the path. `asked` keeps what was asked to change something.
 */
import { createHash } from "node:crypto";

const SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
const account = (name, more = {}) => ({ name, role: "user", disabled: false, until: null, second_factor: false, pin: false, kiosk: false,
	grants: [{ may: "read", only: "*", until: null }], sessions: 0, ...more });
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

	get(path, query) {
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
		const mine = /^(accounts|tokens|bench\/file)/.test(path) || (path === "session" && method === "PATCH");
		if (!mine)
			return null;
		this.asked.push({ method, path, body });
		if (this.delay_ms > 0)
			await new Promise((done) => setTimeout(done, this.delay_ms));
		const no = this.refuse?.(method, path, body);
		if (no)
			return { status: no.status, data: { detail: no.detail } };
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
