/* public.js - the page for everybody: the values that were chosen, every two seconds. A link of a guest stands behind the # of
   the address, which browsers send nowhere by themselves. */
"use strict";
(() => {
	const french = navigator.language.toLowerCase().startsWith("fr");
	const words = french
		? { away: "pas de connexion", link: "il faut un lien valable pour voir ce banc", at: "état à", none: "rien à montrer pour l'instant" }
		: { away: "no connection", link: "a valid link is needed to see this bench", at: "as of", none: "nothing to show at the moment" };
	const element = (id) => document.getElementById(id);
	document.documentElement.lang = french ? "fr" : "en";

	async function ask(path) {
		const link = location.hash.slice(1);
		const answer = await fetch(path, { cache: "no-store", headers: link === "" ? {} : { Authorization: "Bearer " + link } });
		if (!answer.ok)
			throw answer.status;
		return answer.json();
	}

	function tell(text, is_bad) {
		element("state").textContent = text;
		element("state").className = is_bad ? "bad" : "";
	}

	function cell(row, kind, text) {
		const td = row.insertCell();
		td.className = kind;
		td.textContent = text;
		return td;
	}

	function text_of(channel) {
		if (channel.value === null)
			return channel.reason_text ?? channel.reason ?? "–";
		const value = typeof channel.value === "number" ? Number(channel.value.toPrecision(6)).toLocaleString() : String(channel.value);
		return channel.unit ? value + " " + channel.unit : value;
	}

	function show(bench, channels) {
		const body = document.createElement("tbody");
		for (const channel of channels) {
			const row = body.insertRow();
			const name = cell(row, "name", channel.title || channel.name);
			if (channel.title) {
				const small = document.createElement("small");
				small.textContent = channel.name;
				name.append(small);
			}
			cell(row, channel.value === null ? "value bad" : "value", text_of(channel));
		}
		body.id = "values";
		element("values").replaceWith(body);
		element("title").textContent = document.title = bench.title || bench.bench;
		tell(words.at + " " + new Date(bench.time).toLocaleTimeString(), false);
	}

	async function look() {
		try {
			const [bench, all] = await Promise.all([ask("api/v1/bench"), ask("api/v1/channels")]);
			show(bench, all.channels);
		} catch (why) {
			element("values").replaceChildren();
			tell(why === 401 ? words.link : why === 503 ? words.none : words.away, true);
		}
		setTimeout(look, 2000);
	}
	look();
})();
