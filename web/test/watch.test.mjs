/* watch.test.mjs - the pure parts of the events page: statistics of alarms, causes, tables for other programs */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as esbuild from "esbuild";

const load = async (name) => {
	const { outputFiles } = await esbuild.build({ entryPoints: [new URL(`../src/${name}.ts`, import.meta.url).pathname],
		bundle: true, format: "esm", write: false });
	return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString("base64")}`);
};
const { alarm_stats } = await load("alarm_stats");
const { chain, EventLog, fits, merge, to_csv } = await load("events");

const { parse, safe_value, style_pairs } = await load("svg");

const T = 1_800_000_000_000; /* ms */
const DAY = 86_400_000;
let n = 0;
const event = (kind, subject, at, more) => ({ time: at === null ? null : new Date(T + at).toISOString(), id: ++n, kind, subject, cause: null, principal: null,
	reason: null, note: null, severity: "info", text: "", ...more });
const stats = (events, is_on = [], span = DAY) => alarm_stats(events, T, T + span, new Set(is_on));
const row = (s, name) => s.rows.find((r) => r.name === name);

test("each time is counted, and how long it was on", () => {
	const s = stats([event("alarm_on", "a", 1000), event("alarm_off", "a", 3000), event("alarm_on", "a", 5000), event("alarm_off", "a", 15_000)]);
	assert.deepEqual(row(s, "a"), { name: "a", came: 2, on_ms: 12_000, longest_ms: 10_000, chattered: 0, since: null, is_standing: false });
	assert.equal(s.came, 2);
	assert.equal(s.per_day, 2);
});

test("what was on before, and what is on still", () => {
	const s = stats([event("alarm_off", "a", 4000), event("alarm_on", "b", DAY - 1000)], ["b", "c"]);
	assert.equal(row(s, "a").on_ms, 4000);
	assert.deepEqual([row(s, "b").since, row(s, "b").on_ms, row(s, "b").is_standing], [T + DAY - 1000, 1000, false]);
	assert.deepEqual([row(s, "c").came, row(s, "c").on_ms, row(s, "c").is_standing], [0, DAY, true]);
});

test("put aside it is over; an end of what had ended is none; a second beginning is no second span", () => {
	const s = stats([event("alarm_on", "a", 0), event("alarm_shelved", "a", 1000), event("alarm_off", "a", 9000),
		event("alarm_on", "b", 0), event("alarm_on", "b", 2000), event("alarm_off", "b", 3000)]);
	assert.equal(row(s, "a").on_ms, 1000);
	assert.deepEqual([row(s, "b").came, row(s, "b").on_ms], [2, 3000]);
});

test("worst first; a flood is ten in ten minutes; times that are not known and other kinds do not count", () => {
	const many = Array.from({ length: 12 }, (_, k) => event("alarm_on", "a", k * 60_000));
	const s = stats([event("alarm_on", "b", 0), ...many, event("alarm_on", "c", null), event("trip_fired", "d", 5), event("alarm_on", "e", -5)]);
	assert.deepEqual(s.rows.map((r) => r.name), ["a", "b"]);
	assert.equal(s.most_in_ten_min, 11);
	assert.equal(s.of_ten_worst, 1);
	assert.equal(alarm_stats([], T, T + DAY, new Set()).of_ten_worst, 0);
});

test("events are known by their ids, newest first", () => {
	const [a, b, c] = [event("x", "a", 0), event("x", "b", 0), event("x", "c", 0)];
	assert.deepEqual(merge([b, a], [c, b]), [c, b, a]);
});

test("a chain of causes ends where one is not known, and never turns in a circle", () => {
	const a = event("x", "a", 0);
	const b = event("x", "b", 0, { cause: a.id });
	const c = event("x", "c", 0, { cause: b.id });
	const map = (...all) => new Map(all.map((e) => [e.id, e]));
	assert.deepEqual(chain(c, map(a, b, c)), { events: [b, a], beyond: null });
	assert.deepEqual(chain(c, map(b, c)), { events: [b], beyond: a.id });
	a.cause = c.id;
	assert.deepEqual(chain(c, map(a, b, c)), { events: [b, a], beyond: c.id });
});

test("every word is looked for, in text, subject, kind and who", () => {
	const e = event("trip_fired", "too_hot", 0, { text: "trip 'too_hot': fired", principal: "user:anna" });
	assert.ok(fits(e, "FIRED anna"));
	assert.ok(!fits(e, "fired bert"));
	assert.ok(fits(e, ""));
});

test("no cell is a formula, and quotes stay in theirs", () => {
	const csv = to_csv([event("x", "=1+1", 0, { text: "say \"no\", now", note: "-2" })]).split("\r\n")[1];
	assert.match(csv, /,'=1\+1,,,,"say ""no"", now",'-2$/);
});

test("a drawing is taken apart without a parser that would try it", () => {
	const svg = parse("<?xml version='1.0'?><!DOCTYPE svg [<!ENTITY a 'b'>]><!-- > --><svg a=\"1\" b='&lt;&#65;&#x42;&nope;'><g/><text>x &amp; <![CDATA[<y>]]></text></svg>\n");
	assert.deepEqual(svg.attributes, [["a", "1"], ["b", "<AB&nope;"]]);
	assert.deepEqual(svg.children.filter((c) => c.name).map((c) => c.name), ["g", "text"]);
	const text = svg.children.find((c) => c.name === "text");
	assert.equal(text.children.join(""), "x & <y>");
	for (const bad of ["", "x", "<svg>", "<svg></g>", "<svg></svg><svg></svg>", "<svg a=1></svg>", "<svg a=\"<\"></svg>", "</svg>", "<svg><!-- </svg>", "<".repeat(10_000), "<a>".repeat(5000)])
		assert.equal(parse(bad), null, bad.slice(0, 20));
});

test("no value of a drawing points out of it", () => {
	assert.equal(safe_value("url(#g)"), "url(#drawing-g)");
	assert.equal(safe_value(" url( '#g.1' ) "), "url(#drawing-g.1)");
	for (const bad of ["url(https://evil.example/x#g)", "url(//evil.example)", "red url(#g) url(x)", "u\\72l(x)", "javascript:x", "URL(data:x)", "re/**/d"])
		assert.equal(safe_value(bad), null, bad);
	assert.deepEqual(style_pairs("fill:red; stroke-width : 2 ;background:url(x);position:fixed; stroke"), [["fill", "red"], ["stroke-width", "2"]]);
});

test("more events than one answer holds: the list is never joined over those that are missing", async () => {
	const all = Array.from({ length: 300 }, (_, k) => event("x", "s", k * 1000));
	const real = globalThis.fetch;
	globalThis.fetch = async (address) => {
		const ask = new URL(address, "http://localhost/").searchParams;
		const found = all.filter((e) => Date.parse(e.time) >= Date.parse(ask.get("from")) && (!ask.has("to") || Date.parse(e.time) < Date.parse(ask.get("to"))) && (!ask.has("before") || e.id < Number(ask.get("before"))));
		const events = found.slice(-Number(ask.get("limit")));
		return new Response(JSON.stringify({ omitted: found.length - events.length, events }));
	};
	const log = new EventLog({ kind: "", subject: "", from: null, to: null }, "en", () => undefined);
	const whole = () => log.events.every((e, k) => k === 0 || e.id === log.events[k - 1].id - 1);
	await log.begin();
	assert.equal(log.events.length, 200);
	for (let k = 0; k < 3000; k++)
		all.push(event("x", "s", 400_000 + k));
	await log.follow(T + 500_000);
	assert.equal(log.events[0].id, all.at(-1).id);
	assert.ok(whole(), "nothing is missing between two that stand there");
	assert.ok(log.has_older);
	await log.more();
	assert.ok(whole());
	assert.equal(log.events.length, 1200);
	log.close();
	globalThis.fetch = real;
});

test("more events of one millisecond than a page holds: none is lost", async () => {
	const all = Array.from({ length: 900 }, () => event("x", "s", 1000));
	const real = globalThis.fetch;
	globalThis.fetch = async (address) => {
		const ask = new URL(address, "http://localhost/").searchParams;
		const found = all.filter((e) => !ask.has("before") || e.id < Number(ask.get("before")));
		const events = found.slice(-Number(ask.get("limit")));
		return new Response(JSON.stringify({ omitted: found.length - events.length, events }));
	};
	const log = new EventLog({ kind: "", subject: "", from: null, to: null }, "en", () => undefined);
	await log.begin();
	for (let k = 0; k < 10 && log.has_older; k++)
		await log.more();
	assert.deepEqual(log.events.map((e) => e.id), all.map((e) => e.id).reverse());
	assert.equal(log.has_older, false);
	log.close();
	globalThis.fetch = real;
});
