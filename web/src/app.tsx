/* app.tsx - what is always there: the head, the page that is shown, links */
import { render } from "preact";
import { announcement } from "./door";
import "styles";
import { choose_first } from "./choice";
import { Head } from "./head";
import { use_store } from "./hooks";
import { get_language, set_language } from "./i18n";
import { page_shown, PageShown } from "./pages";
import { look, must_sign_in, who } from "./session";
import { SignIn } from "./sign";
import { start, store, subscribe, tell_all } from "./store";

function Links() {
	return (
		<footer>
			<a href="api/v1/channels">JSON</a>
			<a href="api/v1/channels.xml">XML</a>
			<a href="json">/json</a>
			<a href="xml">/xml</a>
			<a href="api/v1/openapi.json">OpenAPI</a>
			<a href="metrics">Metrics</a>
			<span>mbc {store.bench?.version}</span>
		</footer>
	);
}

function Page() {
	use_store();
	if (must_sign_in() || /^#first=/.test(location.hash))
		return <SignIn />;
	const page = page_shown();
	return (
		<>
			<Head />
			<main class={store.link === "lost" ? "old" : ""} data-page={page.id}>
				<PageShown key={page.id} page={page} />
			</main>
			{!page.is_bare && <Links />}
			<p class="unseen" role="status">{announcement()}</p>
		</>
	);
}

addEventListener("hashchange", () => {
	scrollTo(0, 0);
	tell_all();
});
const stop_waiting = subscribe(() => {
	if (store.bench === null || store.list_version === 0)
		return;
	stop_waiting();
	choose_first();
});
/* Values are asked for by those who may see them; a server that does not answer yet is asked again. */
async function begin(): Promise<void> {
	try {
		await set_language(get_language());
		render(<Page />, document.getElementById("page")!);
		await look();
	} catch {
		setTimeout(() => void begin(), 2000);
		return;
	}
	if (who()?.name !== null || !must_sign_in())
		start();
}
void begin();
