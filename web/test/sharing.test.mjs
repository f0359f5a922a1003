/* sharing.test.mjs - one list in the text of a bench file is rewritten, and nothing else */
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { find_list, fits, has_flat, lines_by_hand, shown_by, with_channel, with_flat } = await load("sharing/list");
const names = (text) => {
	const list = find_list(text);
	return typeof list === "string" ? list : list.items.map((i) => i.name);
};

const BLOCK = `bench: a   # channels: [x]
serve:
  # public: {channels: [no]}
  listen: "127.0.0.1:8080"
  public:
    channels:          # what visitors see
      - T_bed          # the bed
      # not this one
      - "flow_*"
      - furnace.pv

    links: required
channels:
  public: {unit: degC}
`;

/* text, names found; then name, on, the text that comes of it */
const CASES = [
	["a flow list, one more", "serve:\n  public:\n    channels: [T_bed, \"f*\"]  # why\n    title: x\n", ["T_bed", "f*"], "P_in", true,
		"serve:\n  public:\n    channels: [T_bed, \"f*\", P_in]  # why\n    title: x\n"],
	["a flow list, the first out", "serve:\n  public:\n    channels: [T_bed,P_in ]\n", ["T_bed", "P_in"], "T_bed", false, "serve:\n  public:\n    channels: [P_in ]\n"],
	["a flow list, the last out", "serve:\n  public:\n    channels: [ T_bed , P_in ]\n", ["T_bed", "P_in"], "P_in", false, "serve:\n  public:\n    channels: [ T_bed ]\n"],
	["a flow list, one in the middle out", "serve:\n  public:\n    channels: [a, b, c]", ["a", "b", "c"], "b", false, "serve:\n  public:\n    channels: [a, c]"],
	["twice there, both out", "serve:\n  public:\n    channels: [a, b, 'a']", ["a", "b", "a"], "a", false, "serve:\n  public:\n    channels: [b]"],
	["an empty list", "serve:\n  public:\n    channels: []\n", [], "a", true, "serve:\n  public:\n    channels: [a]\n"],
	["public in braces", "serve:\n  public: {listen: \"127.0.0.1:1\", channels: [a], tls: own}  # x\n", ["a"], "io.x", true,
		"serve:\n  public: {listen: \"127.0.0.1:1\", channels: [a, io.x], tls: own}  # x\n"],
	["all in braces", "serve: {tls: {cert: /a, key: \"/b, c\"}, public: {title: 'a: [b]', channels: [a]}}\n", ["a"], "b", true,
		"serve: {tls: {cert: /a, key: \"/b, c\"}, public: {title: 'a: [b]', channels: [a, b]}}\n"],
	["a block list, one more", BLOCK, ["T_bed", "flow_*", "furnace.pv"], "P_in", true, BLOCK.replace("- furnace.pv\n", "- furnace.pv\n      - P_in\n")],
	["a block list, one out", BLOCK, ["T_bed", "flow_*", "furnace.pv"], "T_bed", false, BLOCK.replace("      - T_bed          # the bed\n", "")],
	["a block list that is not indented, before another key", "serve:\n  public:\n    channels:\n    - a\n    - b\n    title: t\nx: 1\n", ["a", "b"], "b", false,
		"serve:\n  public:\n    channels:\n    - a\n    title: t\nx: 1\n"],
	["a block list at the end of a file without a last line end", "serve:\n  public:\n    channels:\n      - a\n      - b", ["a", "b"], "c", true,
		"serve:\n  public:\n    channels:\n      - a\n      - b\n      - c"],
	["the same, the last one out", "serve:\n  public:\n    channels:\n      - a\n      - b", ["a", "b"], "b", false, "serve:\n  public:\n    channels:\n      - a"],
	["lines of another system", "serve:\r\n  public:\r\n    channels:\r\n      - a\r\nx: 1\r\n", ["a"], "b", true, "serve:\r\n  public:\r\n    channels:\r\n      - a\r\n      - b\r\nx: 1\r\n"],
	["a word that YAML would read as something else", "serve:\n  public:\n    channels: [a]\n", ["a"], "on", true, "serve:\n  public:\n    channels: [a, \"on\"]\n"],
	["in it already", "serve:\n  public:\n    channels: [a]\n", ["a"], "a", true, "serve:\n  public:\n    channels: [a]\n"],
	["shown by a pattern already", "serve:\n  public:\n    channels: [\"a*\"]\n", ["a*"], "ab", true, "serve:\n  public:\n    channels: [\"a*\"]\n"],
	["quoted keys", "\"serve\":\n  'public':\n    \"channels\": [a]\n", ["a"], "b", true, "\"serve\":\n  'public':\n    \"channels\": [a, b]\n"],
	["other keys of the same names", "instruments:\n  x:\n    serve:\n      public: {channels: [no]}\nserve:\n  public:\n    tls: {cert: /a}\n    channels: [a]\n", ["a"], "b", true,
		"instruments:\n  x:\n    serve:\n      public: {channels: [no]}\nserve:\n  public:\n    tls: {cert: /a}\n    channels: [a, b]\n"],
];

for (const [what, text, found, name, is_on, want] of CASES)
	test(what, () => {
		assert.deepEqual(names(text), found);
		assert.deepEqual(with_channel(text, name, is_on), { text: want, why: null });
	});

const NOT = [
	["no serve", "bench: a\n", "no_public"],
	["no public", "serve: {listen: \"127.0.0.1:8080\"}\n", "no_public"],
	["nothing below serve", "serve:\nbench: a\n", "no_public"],
	["public is another one's", "serve:\n  listen: x\nother:\n  public:\n    channels: [a]\n", "no_public"],
	["a list over several lines", "serve:\n  public:\n    channels: [a,\n      b]\n", "not_understood"],
	["braces over several lines", "serve:\n  public: {tls: own,\n    channels: [a]}\n", "not_understood"],
	["no channels", "serve:\n  public:\n    title: x\n", "not_understood"],
	["a map in the list", "serve:\n  public:\n    channels:\n      - a: b\n", "not_understood"],
	["a list in the list", "serve:\n  public:\n    channels: [[a]]\n", "not_understood"],
	["an alias", "serve:\n  public:\n    channels: *x\n", "not_understood"],
	["an escape", "serve:\n  public:\n    channels: [\"a\\u0062\"]\n", "not_understood"],
	["a tab", "serve:\n\tpublic:\n\t\tchannels: [a]\n", "not_understood"],
	["a key twice", "serve:\n  public:\n    channels: [a]\nserve:\n  x: 1\n", "not_understood"],
	["a comment in braces", "serve: {public: {channels: [a #]\n}}\n", "not_understood"],
];

for (const [what, text, why] of NOT)
	test(`left to people: ${what}`, () => {
		assert.equal(find_list(text), why);
		assert.deepEqual(with_channel(text, "z", true), { text: null, why });
	});

test("what a pattern shows, and the last one, is not taken out here", () => {
	const text = "serve:\n  public:\n    channels: [a, \"a?\", \"io.*\"]\n";
	assert.deepEqual(with_channel(text, "ab", false), { text: null, why: "pattern" });
	assert.deepEqual(with_channel(text, "zz", false), { text, why: null });
	assert.deepEqual(with_channel("serve:\n  public:\n    channels: [a]\n", "a", false), { text: null, why: "last" });
	assert.deepEqual(shown_by(find_list(text), "io.x"), { is_named: false, pattern: "io.*" });
	assert.deepEqual(shown_by(find_list(text), "a"), { is_named: true, pattern: null });
});

test("patterns fit as those of the server do", () => {
	for (const [pattern, name, want] of [["*", "T_bed", true], ["*", "io.x", false], ["*.*", "io.x", true], ["io.?", "io.x", true], ["io.?", "ioxx", false], ["f*w", "flow", true], ["f.w", "fxw", false]])
		assert.equal(fits(pattern, name), want, `${pattern} ${name}`);
});

test("lines to write by hand are a list that is understood", () => {
	assert.deepEqual(names(lines_by_hand(["T_bed", "flow_*", "on"])), ["T_bed", "flow_*", "on"]);
});

/* text, is /json there, the text with it switched */
const FLAT = [
	["nothing is said, nothing of serve", "bench: a", true, "bench: a\nserve:\n  json: no\n"],
	["in braces", "serve: {listen: \"127.0.0.1:1\", public: {channels: [a]}}  # x\n", true, "serve: {json: no, listen: \"127.0.0.1:1\", public: {channels: [a]}}  # x\n"],
	["in empty braces", "serve: {}\n", true, "serve: {json: no}\n"],
	["in braces, off", "serve: {xml: yes, json: off}\n", false, "serve: {xml: yes, json: yes}\n"],
	["a block", "serve:\n  # why\n  listen: \"127.0.0.1:1\"\nx: {json: no}\n", true, "serve:\n  json: no\n  # why\n  listen: \"127.0.0.1:1\"\nx: {json: no}\n"],
	["a block, off", "serve:\r\n  json: no  # why\r\n  xml: no\r\n", false, "serve:\r\n  json: yes  # why\r\n  xml: no\r\n"],
	["a block, below another map", "serve:\n  public:\n    json: no\n  tls: own\n", true, "serve:\n  json: no\n  public:\n    json: no\n  tls: own\n"],
];

for (const [what, text, is_on, want] of FLAT)
	test(`flat pages: ${what}`, () => {
		assert.equal(has_flat(text, "json"), is_on);
		assert.deepEqual(with_flat(text, "json", !is_on), { text: want, why: null });
		assert.deepEqual(with_flat(text, "json", is_on), { text, why: null });
	});

test("flat pages: what is not understood is left alone", () => {
	for (const text of ["serve: no\n", "serve: {json: [no]}\n", "serve:\n  json: maybe\n", "serve:\n", "serve: {json: no,\n  xml: no}\n"]) {
		assert.equal(has_flat(text, "json"), "not_understood", text);
		assert.equal(with_flat(text, "json", true).text, null, text);
	}
});
