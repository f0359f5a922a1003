/* catalogue.test.mjs - a new instrument goes into the text of a bench file, and nothing else changes */
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { address_is_good, begun_of, free_name, is_name, line_is_good, names_in, number_of, with_instrument } = await load("catalogue/lines");
const LINK = { name: "wire", kind: "tcp", address: "127.0.0.1:502", line: "" };
const PUMP = { name: "pump", use: "our-pump", link: "wire", keys: [{ name: "speed", value: "7", type: "int" }, { name: "unit", value: "mL/min", type: "text" }, { name: "key", value: "pump", type: "secret" }] };
const ENTRY = "  pump:\n    use: our-pump\n    link: wire\n    speed: 7\n    unit: mL/min\n    key: {secret: pump}\n";
const WIRE = "  wire: {tcp: \"127.0.0.1:502\"}\n";

const CASES = [
	["neither is there", "bench: a\n", `bench: a\nlinks:\n${WIRE}instruments:\n${ENTRY}`],
	["no end of the last line", "bench: a", `bench: a\nlinks:\n${WIRE}instruments:\n${ENTRY}`],
	["both are there, with comments", "links: # wires\n  a: {tcp: \"h:1\"}   # keep\n\n# between\ninstruments:\n  x: {use: system}\n  # last of it\n\n# about channels\nchannels:\n  A: {calc: 1}\n",
		`links: # wires\n  a: {tcp: "h:1"}   # keep\n${WIRE}\n# between\ninstruments:\n  x: {use: system}\n  # last of it\n${ENTRY}\n# about channels\nchannels:\n  A: {calc: 1}\n`],
	["instruments before links", "instruments:\n  x: {use: system}\nlinks:\n  a: {tcp: \"h:1\"}\n", `instruments:\n  x: {use: system}\n${ENTRY}links:\n  a: {tcp: "h:1"}\n${WIRE}`],
	["instruments alone", "instruments:\n  x: {use: system}\nserve: no\n", `links:\n${WIRE}instruments:\n  x: {use: system}\n${ENTRY}serve: no\n`],
	["links alone", "links:\n  a: {tcp: \"h:1\"}\nserve: no", `links:\n  a: {tcp: "h:1"}\n${WIRE}serve: no\ninstruments:\n${ENTRY}`],
	["an empty section", "links:\ninstruments:\nserve: no\n", `links:\n${WIRE}instruments:\n${ENTRY}serve: no\n`],
];

for (const [name, text, wanted] of CASES) {
	test(name, () => assert.equal(with_instrument(text, LINK, PUMP), wanted));
	test(`${name}, with CR`, () => assert.equal(with_instrument(text.replaceAll("\n", "\r\n"), LINK, PUMP)?.replaceAll("\r\n", "\n"), text.includes("\n") ? wanted : wanted));
}

test("another indentation is kept", () => assert.equal(with_instrument("links:\n    a: {tcp: \"h:1\"}\ninstruments:\n    x:\n        use: system\n", LINK, { ...PUMP, keys: [] }),
	"links:\n    a: {tcp: \"h:1\"}\n    wire: {tcp: \"127.0.0.1:502\"}\ninstruments:\n    x:\n        use: system\n    pump:\n      use: our-pump\n      link: wire\n"));

test("what is not understood is left alone", () => {
	for (const text of ["links: {a: {tcp: \"h:1\"}}\n", "instruments: {}\n", "{bench: a, instruments: {}}\n", "links:\n\ta: 1\n", "links:\n  a: {}\nlinks:\n", "instruments: &x\n  a: {}\n"])
		assert.equal(with_instrument(text, LINK, PUMP), null, text);
});

test("hostile values stay texts", () => {
	const out = with_instrument("bench: a\n", { ...LINK, address: "x\"}\nserve: yes\n#" }, { ...PUMP, keys: [{ name: "unit", value: "a\nserve: no", type: "text" }, { name: "n", value: "1, b: 2", type: "int" }] });
	assert.ok(!/^serve/m.test(out), out);
	assert.ok(out.includes("n: \"1, b: 2\""), out);
});

test("names, numbers, addresses", () => {
	assert.deepEqual(names_in("links:\n  a: {}\n  \"b\": {}\n", "links"), ["a", "b"]);
	assert.equal(free_name("moxa-e1242", ["moxa_e1242"]), "moxa_e1242_2");
	assert.equal(free_name("7-", []), "device");
	assert.ok(is_name("T_1") && !is_name("1T") && !is_name("a b") && !is_name("a".repeat(64)));
	assert.deepEqual(["1", "-1.5", "1e3", "", "x", "1,5", "0x1"].map(number_of), [1, -1.5, 1000, null, null, null, null]);
	for (const [kind, good, bad] of [["tcp", "host:502", "host"], ["tcp", "[::1]:1", "h:0"], ["udp", "h:65535", "h:65536"], ["serial", "/dev/ttyUSB0", "ttyUSB0"], ["hid", "10cf:5500", "10cf"], ["usbtmc", "/dev/usbtmc0", "/etc passwd"]])
		assert.ok(address_is_good(kind, good) && !address_is_good(kind, bad), kind);
	assert.ok(line_is_good("9600 8N1") && !line_is_good("9600") && !line_is_good("8N1"));
});

test("what a scan found begins a form", () => {
	assert.deepEqual(begun_of("use: adam-4017, address: 3", "io"), { use: "adam-4017", link: "io", values: { address: "3" } });
	assert.deepEqual(begun_of("use: lauda", "p"), { use: "lauda", link: "p", values: {} });
	for (const words of ["", "adam-4017", "address: 3", "use: a, 3", "use:"])
		assert.equal(begun_of(words, "io"), null, words);
});
