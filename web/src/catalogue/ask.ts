/* ask.ts - the instruments that can be added, as the server knows them */
import { patient } from "../file/ask";

export interface Title {
	en: string;
	fr: string;
}

export interface Param {
	name: string;
	type: "int" | "number" | "text" | "choice" | "secret" | null;
	min: number | null;
	max: number | null;
	default: string | number | null;
	needed: boolean;
	words: string[];
	title?: Title;
	help?: string;
}

export interface Kind {
	name: string;
	title: Title;
	maker: string | null;
	models: string[];
	quantities: string[];
	protocol: string | null;
	confidence: string | null;
	own: boolean;
	wires: string[];
	line: { tcp: string | null; udp: string | null; serial: string | null };
	params: Param[];
	options: Param[];
}

export interface Whole extends Kind {
	notes: string | null;
	channels: { name: string; unit: string; title: string; writable: boolean }[];
}

export const get_catalogue = () => patient<{ instruments: Kind[] }>("GET", "catalogue", null, "");
export const get_kind = (name: string) => patient<Whole>("GET", `catalogue/${encodeURIComponent(name)}`, null, "");
