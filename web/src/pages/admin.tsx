/* admin.tsx - for the roles root and admin: accounts, tokens, certificates, backups, who asked what, what the machine does, and what is done at its command line */
import "./events.css";
import "./admin.css";
import { Accounts } from "../admin/accounts";
import { Audit } from "../admin/audit";
import { Backups } from "../admin/backups";
import { Certificates } from "../admin/certificates";
import { Health } from "../admin/health";
import { Tokens } from "../admin/tokens";
import { house_words } from "../admin/words";
import { Copy } from "../asked";
import { use_store } from "../hooks";
import { words } from "../i18n";
import { who } from "../session";

/* Who is not root would only be refused: it is not asked at all. */
function House() {
	const w = house_words();
	return who()?.role === "root" ? <><Certificates /><Backups /></> : (
		<section aria-labelledby="house-title">
			<h2 id="house-title">{w.certificates}, {w.backups}</h2>
			<p class="empty">{w.root_only}</p>
		</section>
	);
}

function Console() {
	const w = words().admin;
	return (
		<section aria-labelledby="console-title">
			<h2 id="console-title">{w.console}</h2>
			<p class="empty">{w.console_about}</p>
			{w.lines.map(([line, about]) => (
				<div key={line} class="line"><p>{about}</p><Copy text={line} /></div>
			))}
		</section>
	);
}

export function Admin() {
	use_store();
	return (
		<div class="admin">
			<Accounts />
			<Tokens />
			<House />
			<Audit />
			<Health />
			<Console />
		</div>
	);
}
