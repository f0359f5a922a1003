/* language.tsx - the switch between the languages */
import { next_language, set_language, words_of } from "./i18n";
import { paint_all, tell_all } from "./store";

export function LanguageSwitch() {
	const next = next_language();
	const help = words_of(next).language_show;
	const change = () => {
		set_language(next);
		tell_all();
		paint_all();
	};
	return (
		<button type="button" class="language" title={help} aria-label={`${next.toUpperCase()}: ${help}`} lang={next} onClick={change}>
			{next.toUpperCase()}
		</button>
	);
}
