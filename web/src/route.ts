/* route.ts - which page is shown: what stands behind '#' in the address, as in #trends or #runs/17. Pure but for the address itself
 *
 * Nothing of it ever goes to a server; a page can be kept as a bookmark, sent to somebody, and left with the browser's own way back.
 */
export interface Route {
	page: string; /* "": the bench */
	rest: string; /* behind the first '/'; "" */
}

export function parse_route(hash: string): Route {
	const text = hash.replace(/^#\/?/, "");
	const slash = text.indexOf("/");
	const page = slash < 0 ? text : text.slice(0, slash);
	return /^[a-z-]*$/.test(page) ? { page, rest: slash < 0 ? "" : text.slice(slash + 1) } : { page: "", rest: "" };
}

/* A part of it as it was written. An address is anybody's text: what cannot be read stands for itself. */
export function read_part(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		return text;
	}
}

export const address_of = (page: string, rest = "") => `#${page}${rest === "" ? "" : `/${rest}`}`;

export const route = () => parse_route(location.hash);

export function go(page: string, rest = ""): void {
	location.hash = address_of(page, rest);
}
