/* i18n.ts - every word of the page, in English and French
 *
 * Numbers keep the decimal point in both languages: it is what the bench file, the API and the instruments take.
 */
import gaps from "../../src/history/gap.def";
import reasons from "../../src/msg/quality.def";

const en = {
	language: "FR",
	language_help: "Afficher cette page en français",
	connecting: "Connecting",
	running: "Running",
	controller_down: "Controller stopped",
	lost: "Connection lost",
	connecting_help: "Asking the server for the bench's channels.",
	controller_down_help: "Nothing is measured or controlled by mbc now. Its supervisor restarts it; " +
		"see the log of 'mbc run'.",
	lost_help: (since: string) => `No news from the server since ${since}: all values below are old. ` +
		"The page reconnects by itself; check the network and that 'mbc run' is running.",
	pending: "A new bench file that changes protection waits until all outputs that can hurt are safe and no run is active.",
	pending_reason: "A new bench file weakens protection and waits for a reason: mbc reload --reason \"...\"",
	weaker: "weaker",
	stream_lost: "connection lost",
	colon: ": ",
	clock_wrong: "clock not set",
	clock_wrong_help: "The controller's clock is not synchronised: set up NTP on it.",
	bench_time: "Bench time",
	alarms: "Alarms",
	alarms_of: (n: number, all: number) => `${n} of ${all}`,
	alarms_none: "All are normal.",
	alarms_old: "What the alarms say now is not known; below is the last that was heard of them.",
	alarms_more: (n: number) => `and ${n} more: see 'mbc alarm list'`,
	alarm_states: {
		unacknowledged: "not acknowledged",
		unknown: "not known whether it is normal",
		latched_unacknowledged: "over, not acknowledged, to be reset",
		returned: "over, not acknowledged",
		acknowledged: "acknowledged",
		latched_acknowledged: "over, to be reset",
		suppressed: "suppressed",
		shelved: "shelved",
		out_of_service: "out of service",
	} as Record<string, string>,
	instruments: "Instruments",
	instruments_up: (up: number, all: number) => `${up} of ${all} up`,
	ticks_lost: "ticks lost",
	ticks_lost_help: "Control cycles that did not happen; see mbc.control.lateness_max.",
	plot: "Plot",
	plot_empty: "Choose channels in the table below to see them here.",
	plot_full: (n: number) => `The plot holds ${n} channels: remove one first.`,
	plot_units: (a: string, b: string) => `The plot has two axes, now ${a} and ${b}: remove one of these first.`,
	plot_type: (name: string) => `${name} is not a number: it cannot be plotted.`,
	plot_add: (name: string) => `Plot ${name}`,
	plot_remove: (name: string) => `Remove ${name} from the plot`,
	pause: "Pause",
	resume: "Resume",
	paused: "Paused",
	window_names: ["1 min", "5 min", "10 min", "1 h", "8 h", "1 d", "7 d"],
	window: "Time shown",
	past: "The past",
	earlier: "Earlier",
	later: "Later",
	now: "Now",
	go_to: "Go to",
	plot_keys: "Plot over time. Arrow keys: earlier and later; plus and minus: zoom; End: now.",
	past_asking: "Reading what was recorded…",
	past_busy: "What was recorded cannot be read from the server now; it is asked again by itself. " +
		"If this stays, read the log of 'mbc run'.",
	past_damaged: "The server cannot read what was recorded: run 'mbc history verify' on the bench's computer. " +
		"It is asked again by itself.",
	past_none: (names: string) => `Nothing is recorded of ${names}: only what this page has seen itself is shown. ` +
		"A new channel's record appears within a minute.",
	past_off: "This bench records nothing: its bench file says 'history: no'.",
	gap_at: (text: string) => `nothing recorded: ${text}`,
	at: "at",
	channels: "Channels",
	filter: "Filter",
	filter_help: "Any part of name, title, unit or instrument",
	problems: "Problems only",
	shown: (n: number, all: number) => (n === all ? `${all} channels` : `${n} of ${all} channels`),
	none_found: "No channel matches. Clear the filter to see all.",
	bench_group: "Bench",
	health_group: "Controller's own health (mbc)",
	col_name: "Name",
	col_title: "Title",
	col_value: "Value",
	col_unit: "Unit",
	col_min: "Min",
	col_max: "Max",
	col_quality: "Quality",
	col_change: "Last change",
	col_change_help: "Time since value or quality changed; '>' means: no change since the page began to look.",
	col_instrument: "Instrument",
	measured: (at: string) => `measured at ${at}`,
	good: "good",
	uncertain: "uncertain",
	bad: "bad",
	on: "on",
	off: "off",
	up: "up",
	down: "down",
	starting: "starting",
	state: "State",
	since: "since",
	for_time: (age: string) => `for ${age}`,
	reply: "Reply",
	at_once: "Questions at one time",
	last_answer: "Last answer",
	never: "never",
	address: "Address",
	protocol: "Protocol",
	identity: "Identity",
	what_to_do: "What to do",
	reply_last: "last",
	reply_max: "longest",
	counters: {
		requests: "Requests",
		answers: "Answers",
		timeouts: "No answer in time",
		errors: "Not understood",
		refused: "Refused by the device",
		stray: "Answers to no question",
		skipped: "Polls left out, line too slow",
		bytes_out: "Bytes sent",
		bytes_in: "Bytes received",
		connects: "Connections made",
	} as Record<string, string>,
	trace: "Last exchanges",
	trace_empty: "Nothing was exchanged yet.",
	trace_failed: "The last exchanges cannot be read from the server; it is asked again by itself.",
	trace_hold: "Hold",
	trace_go: "Follow",
	cut: "(cut)",
	close: "Close",
	details: (name: string) => `Details of ${name}`,
	values: "Values",
	no_instruments: "This bench has no instruments.",
	list_failed: "The channel list cannot be read from the server; it is asked again by itself.",
};

export type Words = typeof en;

const fr: Words = {
	language: "EN",
	language_help: "Show this page in English",
	connecting: "Connexion",
	running: "En marche",
	controller_down: "Contrôleur arrêté",
	lost: "Connexion perdue",
	connecting_help: "Les voies du banc sont demandées au serveur.",
	controller_down_help: "mbc ne mesure et ne commande plus rien. Son superviseur le relance ; " +
		"voir le journal de « mbc run ».",
	lost_help: (since: string) => `Aucune nouvelle du serveur depuis ${since} : toutes les valeurs sont anciennes. ` +
		"La page se reconnecte seule ; vérifier le réseau et que « mbc run » tourne.",
	pending: "Un nouveau fichier de banc qui change la protection attend que toutes les sorties dangereuses soient sûres et qu'aucune expérience ne soit en cours.",
	pending_reason: "Un nouveau fichier de banc affaiblit la protection et attend un motif : mbc reload --reason \"...\"",
	weaker: "plus faible",
	stream_lost: "connexion perdue",
	colon: " : ",
	clock_wrong: "horloge non réglée",
	clock_wrong_help: "L'horloge du contrôleur n'est pas synchronisée : y installer NTP.",
	bench_time: "Heure du banc",
	alarms: "Alarmes",
	alarms_of: (n: number, all: number) => `${n} sur ${all}`,
	alarms_none: "Toutes sont normales.",
	alarms_old: "Ce que disent les alarmes à présent n'est pas connu ; ci-dessous, les dernières nouvelles reçues.",
	alarms_more: (n: number) => `et ${n} autres : voir « mbc alarm list »`,
	alarm_states: {
		unacknowledged: "non acquittée",
		unknown: "on ne sait pas si elle est normale",
		latched_unacknowledged: "terminée, non acquittée, à réarmer",
		returned: "terminée, non acquittée",
		acknowledged: "acquittée",
		latched_acknowledged: "terminée, à réarmer",
		suppressed: "supprimée",
		shelved: "mise de côté",
		out_of_service: "hors service",
	},
	instruments: "Instruments",
	instruments_up: (up: number, all: number) => `${up} sur ${all} en service`,
	ticks_lost: "cycles perdus",
	ticks_lost_help: "Cycles de commande qui n'ont pas eu lieu ; voir mbc.control.lateness_max.",
	plot: "Courbes",
	plot_empty: "Choisir des voies dans le tableau ci-dessous pour les voir ici.",
	plot_full: (n: number) => `Le graphique porte ${n} voies : en retirer une d'abord.`,
	plot_units: (a: string, b: string) => `Le graphique a deux axes, ici ${a} et ${b} : en retirer un d'abord.`,
	plot_type: (name: string) => `${name} n'est pas un nombre : pas de courbe.`,
	plot_add: (name: string) => `Tracer ${name}`,
	plot_remove: (name: string) => `Retirer ${name} du graphique`,
	pause: "Pause",
	resume: "Reprendre",
	paused: "En pause",
	window_names: ["1 min", "5 min", "10 min", "1 h", "8 h", "1 j", "7 j"],
	window: "Durée affichée",
	past: "Le passé",
	earlier: "Plus tôt",
	later: "Plus tard",
	now: "Maintenant",
	go_to: "Aller à",
	plot_keys: "Courbes dans le temps. Flèches : plus tôt et plus tard ; plus et moins : zoom ; Fin : maintenant.",
	past_asking: "Lecture de l'enregistrement…",
	past_busy: "L'enregistrement ne peut être lu sur le serveur pour le moment ; il est redemandé automatiquement. " +
		"Si cela dure, lire le journal de « mbc run ».",
	past_damaged: "Le serveur ne peut lire l'enregistrement : lancer « mbc history verify » sur l'ordinateur du banc. " +
		"Il est redemandé automatiquement.",
	past_none: (names: string) => `Rien n'est enregistré de ${names} : seul ce que cette page a vu est montré. ` +
		"L'enregistrement d'une nouvelle voie apparaît en moins d'une minute.",
	past_off: "Ce banc n'enregistre rien : son fichier dit « history: no ».",
	gap_at: (text: string) => `rien d'enregistré : ${text}`,
	at: "à",
	channels: "Voies",
	filter: "Filtre",
	filter_help: "Une partie du nom, du titre, de l'unité ou de l'instrument",
	problems: "Problèmes seulement",
	shown: (n: number, all: number) => (n === all ? `${all} voies` : `${n} voies sur ${all}`),
	none_found: "Aucune voie ne correspond. Effacer le filtre pour toutes les voir.",
	bench_group: "Banc",
	health_group: "Santé du contrôleur (mbc)",
	col_name: "Nom",
	col_title: "Titre",
	col_value: "Valeur",
	col_unit: "Unité",
	col_min: "Min",
	col_max: "Max",
	col_quality: "Qualité",
	col_change: "Changement",
	col_change_help: "Temps depuis le dernier changement de valeur ou de qualité ; « > » : aucun depuis que la page regarde.",
	col_instrument: "Instrument",
	measured: (at: string) => `mesurée à ${at}`,
	good: "bonne",
	uncertain: "incertaine",
	bad: "mauvaise",
	on: "actif",
	off: "inactif",
	up: "en service",
	down: "hors service",
	starting: "démarrage",
	state: "État",
	since: "depuis",
	for_time: (age: string) => `depuis ${age}`,
	reply: "Réponse",
	at_once: "Demandes simultanées",
	last_answer: "Dernière réponse",
	never: "jamais",
	address: "Adresse",
	protocol: "Protocole",
	identity: "Identité",
	what_to_do: "Que faire",
	reply_last: "dernière",
	reply_max: "la plus longue",
	counters: {
		requests: "Demandes",
		answers: "Réponses",
		timeouts: "Sans réponse à temps",
		errors: "Non comprises",
		refused: "Refusées par l'appareil",
		stray: "Réponses sans demande",
		skipped: "Lectures omises, ligne trop lente",
		bytes_out: "Octets envoyés",
		bytes_in: "Octets reçus",
		connects: "Connexions établies",
	},
	trace: "Derniers échanges",
	trace_empty: "Rien n'a encore été échangé.",
	trace_failed: "Les derniers échanges ne peuvent être lus sur le serveur ; ils sont redemandés automatiquement.",
	trace_hold: "Figer",
	trace_go: "Suivre",
	cut: "(coupé)",
	close: "Fermer",
	details: (name: string) => `Détails de ${name}`,
	values: "Valeurs",
	no_instruments: "Ce banc n'a pas d'instrument.",
	list_failed: "La liste des voies ne peut être lue sur le serveur ; elle est redemandée automatiquement.",
};

export type Language = "en" | "fr";

/* A browser may forbid storage; the page then simply forgets choices. */
export function remember(key: string, value: string): void {
	try {
		localStorage.setItem(`mbc.${key}`, value);
	} catch {
		return;
	}
}

export function recall(key: string): string | null {
	try {
		return localStorage.getItem(`mbc.${key}`);
	} catch {
		return null;
	}
}

function first_language(): Language {
	const chosen = recall("language");
	if (chosen === "en" || chosen === "fr")
		return chosen;
	return navigator.language.toLowerCase().startsWith("fr") ? "fr" : "en";
}

let language: Language = first_language();

export function set_language(chosen: Language): void {
	language = chosen;
	remember("language", chosen);
	document.documentElement.lang = chosen;
}

export const get_language = () => language;
export const words = (): Words => (language === "fr" ? fr : en);

/* Text and remedy of a reason token; "" for both when it is not in the controller's table. */
export function reason_words(token: string): { text: string; remedy: string } {
	if (token === "stream_lost")
		return { text: words().stream_lost, remedy: "" };
	const row = reasons[token];
	if (!row)
		return { text: "", remedy: "" };
	return language === "fr" ? { text: row[1], remedy: row[3] } : { text: row[0], remedy: row[2] };
}

/* Why nothing was recorded for a while; a cause newer than this page is told by the server's own words. */
export function gap_words(cause: string, told: string): string {
	const row = gaps[cause];
	return row ? row[language === "fr" ? 1 : 0]! : told;
}
