/* language.tsx - the switch between the languages */
import { asks_for, next_language, set_language } from "./i18n";
import { paint_all, tell_all } from "./store";

export function LanguageSwitch() {
	const next = next_language();
	const help = asks_for(next);
	const change = async () => {
		try {
			await set_language(next);
		} catch {
			return; /* the server is away, which is told above */
		}
		tell_all();
		paint_all();
	};
	return (
		<button type="button" class="language" title={help} aria-label={`${next.toUpperCase()}: ${help}`} lang={next} onClick={() => void change()}>
			{next.toUpperCase()}
		</button>
	);
}
