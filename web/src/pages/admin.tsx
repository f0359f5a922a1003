/* admin.tsx - for the roles root and admin: accounts, tokens, who asked what, what the machine does, and what is done at its command line */
import "./events.css";
import "./admin.css";
import { Accounts } from "../admin/accounts";
import { Audit } from "../admin/audit";
import { Health } from "../admin/health";
import { Tokens } from "../admin/tokens";
import { Copy } from "../asked";
import { use_store } from "../hooks";
import { words } from "../i18n";

/* No answer of the server tells of certificates or backups: they are of the computer's own. */
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
			<Audit />
			<Health />
			<Console />
		</div>
	);
}
