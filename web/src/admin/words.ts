/* words.ts - what certificates and backups say: words that come with their page, since all others are loaded before anything is shown. A language more is a file more here, too */
import { get_language } from "../i18n";
import en, { type HouseWords } from "./words/en";
import fr from "./words/fr";

const all: Record<string, HouseWords> = { en, fr };

export const house_words = (): HouseWords => all[get_language()] ?? en;
