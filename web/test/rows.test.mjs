/* rows.test.mjs - the table beside the text of a sequence: rows out of the compiler's tree, lines out of an edited row
 *
 * The trees are those of tests/golden/lines, which are compared with what the compiler gives. With MBC=PROGRAM each edited text is parsed by it as well, and has to give the
 * rows that were wanted.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import * as esbuild from "esbuild";

const { outputFiles } = await esbuild.build({ entryPoints: [new URL("../src/seq/rows.ts", import.meta.url).pathname], bundle: true, format: "esm", write: false });
const rows = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString("base64")}`);

const golden = new URL("../../tests/golden/lines/", import.meta.url).pathname;
const demo = new URL("../../benches/demo/sequences/", import.meta.url).pathname;
const load = (name, folder = golden) => ({ text: readFileSync(join(folder, `${name}.seq`), "utf8"), tree: JSON.parse(readFileSync(join(golden, `${name}.json`), "utf8")) });
const { text, tree } = load("table");
const all = rows.rows_of(tree, text);

const place = mkdtempSync(join(tmpdir(), "mbc-test-"));
after(() => rmSync(place, { recursive: true }));

/* The rows of a text, by the compiler; null without one. */
function parsed(edited) {
	if (!process.env.MBC)
		return null;
	const path = join(place, "edited.seq");
	writeFileSync(path, edited);
	const told = JSON.parse(execFileSync(process.env.MBC, ["sequence", "lines", path], { encoding: "utf8" }));
	return rows.rows_of(told, edited);
}

/* Lines that are in one and not in the other. */
function difference(one, other) {
	const [a, b] = [one.split("\n"), other.split("\n")];
	return [...a.filter((l) => !b.includes(l)).map((l) => `- ${l}`), ...b.filter((l) => !a.includes(l)).map((l) => `+ ${l}`)];
}

function edit(k, change) {
	const row = structuredClone(all[k]);
	change(row);
	const edited = rows.edit_row(tree, text, row);
	const again = parsed(edited);
	if (again !== null) {
		const by_name = (list) => [...list].sort((x, y) => (x.output < y.output ? -1 : 1));
		assert.deepEqual(by_name(again[k].settings), by_name(row.settings));
		assert.deepEqual(again[k].ending, row.ending);
		assert.deepEqual([again[k].title, again[k].number], [row.title, row.number]);
		assert.deepEqual(again.filter((_, i) => i !== k), all.filter((_, i) => i !== k), "no other row is another now");
	}
	return difference(text, edited);
}

const set = (output, value) => ({ output, value, rate: "", waits: false });

test("rows show what they can; the rest is text, as it is", () => {
	assert.deepEqual(all.map((r) => [r.number, r.title, r.comment, r.include]), [[10, "Purge", "gently", null], [20, "Heat \"slowly\"", "", null], [30, "Rich", "", null],
		[40, "Empty", "", null], [0, "", "", "rest.seq"]]);
	assert.deepEqual(all[0].settings, [set("V_N2", "open"), set("N2_flow", "50 mL_n/min"), set("H2_flow", "0 mL_n/min")]);
	assert.deepEqual(all[0].ending, { kind: "wait", text: "10 min", timeout: "", orelse: "" });
	assert.deepEqual(all[0].rest, ["  # why nitrogen first"]);
	assert.deepEqual(all[1].settings, [{ output: "T_furn", value: "T", rate: "5 K/min", waits: false }]);
	assert.deepEqual(all[1].ending, { kind: "until", text: "T_bed > T - 10 K for 1 min", timeout: "2 h", orelse: "hold \"the bed does not follow\"" });
	/* Joined lines, outputs written twice, ramps with a holdback, blocks: text. */
	assert.deepEqual(all[2].settings, [set("H2_flow", "5 mL_n/min")]);
	assert.deepEqual(all[2].ending, { kind: "dwell", text: "5 min", timeout: "", orelse: "" });
	assert.equal(all[2].rest.length, 6);
	assert.deepEqual([all[3].settings, all[3].ending, all[3].rest], [[], null, ["  mark \"nothing\""]]);
});

test("an unchanged row changes nothing, in any sequence, with the line ends of Windows too", () => {
	for (const [name, folder] of [["table", golden], ...["leak-test", "methanation", "purge-and-warm-up", "shut-down"].map((n) => [n, demo])]) {
		const one = load(name, folder);
		for (const row of rows.rows_of(one.tree, one.text).filter((r) => r.include === null)) {
			assert.equal(rows.edit_row(one.tree, one.text, row), one.text, `${name} ${row.number}`);
			const windows = one.text.replaceAll("\n", "\r\n");
			const again = rows.rows_of(one.tree, windows)[row.place];
			assert.equal(rows.edit_row(one.tree, windows, again), windows);
		}
	}
});

test("one value: its line alone is another, and its comment stays where it was", () => {
	assert.deepEqual(edit(0, (r) => { r.settings[1].value = "60 mL_n/min"; }),
		["-   set V_N2 = open, N2_flow = 50 mL_n/min  # the bottle is open", "+   set V_N2 = open, N2_flow = 60 mL_n/min  # the bottle is open"]);
	assert.deepEqual(edit(1, (r) => { r.settings[0].rate = "2 K/min"; }), ["-   start ramp T_furn to T at 5 K/min", "+   start ramp T_furn to T at 2 K/min"]);
	assert.deepEqual(edit(2, (r) => { r.settings[0].value = "8 mL_n/min"; }), ["-   set H2_flow = 5 mL_n/min", "+   set H2_flow = 8 mL_n/min"]);
	const windows = rows.edit_row(tree, text.replaceAll("\n", "\r\n"), { ...structuredClone(all[0]), title: "Flush" });
	assert.ok(windows.includes("step 10 \"Flush\" entry always  # gently\r\n"));
});

test("an output more, one less, another way to reach it", () => {
	assert.deepEqual(edit(0, (r) => r.settings.push(set("V_H2", "closed"))), ["+   set V_H2 = closed"]);
	assert.deepEqual(edit(0, (r) => r.settings.splice(1, 1)),
		["-   set V_N2 = open, N2_flow = 50 mL_n/min  # the bottle is open", "+   set V_N2 = open  # the bottle is open"]);
	assert.deepEqual(edit(0, (r) => r.settings.splice(0, 2)), ["-   set V_N2 = open, N2_flow = 50 mL_n/min  # the bottle is open", "+   # the bottle is open"]);
	assert.deepEqual(edit(0, (r) => Object.assign(r.settings[1], { rate: "10 mL_n/min/min", waits: true })),
		["-   set V_N2 = open, N2_flow = 50 mL_n/min  # the bottle is open", "+   set V_N2 = open  # the bottle is open", "+   ramp N2_flow to 50 mL_n/min at 10 mL_n/min/min"]);
	assert.deepEqual(edit(1, (r) => Object.assign(r.settings[0], { rate: "" })), ["-   start ramp T_furn to T at 5 K/min", "+   set T_furn = T"]);
	assert.deepEqual(edit(3, (r) => r.settings.push({ output: "T_furn", value: "25 degC", rate: "20 K/min", waits: true })), ["+   ramp T_furn to 25 degC at 20 K/min"]);
	/* What the text of the row writes is not added beside it. */
	assert.throws(() => edit(2, (r) => r.settings.push(set("N2_flow", "1 mL_n/min"))), { why: "twice", about: "N2_flow" });
	assert.throws(() => edit(0, (r) => r.settings.push(set("V_N2", "closed"))), { why: "twice" });
});

test("title, number and ending", () => {
	assert.deepEqual(edit(1, (r) => { r.title = "Heat\\cool \"fast\""; }), ["- step 20 \"Heat \\\"slowly\\\"\"", "+ step 20 \"Heat\\\\cool \\\"fast\\\"\""]);
	assert.deepEqual(edit(3, (r) => { r.number = 45; }), ["- step 40 \"Empty\"", "+ step 45 \"Empty\""]);
	assert.throws(() => edit(1, (r) => { r.number = 25; }), { why: "referenced", about: "20" }, "a guard names it");
	assert.throws(() => edit(0, (r) => { r.number = 5; }), { why: "referenced", about: "10" }, "a row of power_loss does");
	assert.deepEqual(edit(0, (r) => { r.ending.text = "20 min"; }), ["-   wait 10 min   # as long as it takes", "+   wait 20 min   # as long as it takes"]);
	assert.deepEqual(edit(0, (r) => { r.ending = { kind: "until", text: "P_in < 2 bar", timeout: "1 h", orelse: "step 30" }; }),
		["-   wait 10 min   # as long as it takes", "+   wait until P_in < 2 bar timeout 1 h else step 30   # as long as it takes"]);
	assert.deepEqual(edit(3, (r) => { r.ending = { kind: "wait", text: "5 min", timeout: "", orelse: "" }; }), ["+   wait 5 min"]);
	assert.deepEqual(edit(2, (r) => { r.ending = null; }), ["-   dwell 5 min"]);
});

test("a cell is a part of one line: what would be more is refused", () => {
	for (const value of ["1 bar\nend", "1 bar ; abort", "1 # bar", "", "  "])
		assert.throws(() => edit(0, (r) => { r.settings[0].value = value; }), { why: "text" }, JSON.stringify(value));
	assert.throws(() => edit(0, (r) => { r.settings[0].output = "V N2"; }), { why: "name" });
	assert.throws(() => edit(0, (r) => { r.title = "a\nb"; }), { why: "text" });
	assert.throws(() => edit(3, (r) => { r.number = NaN; }), { why: "text" });
	assert.throws(() => edit(1, (r) => { r.ending.orelse = "hold \"a\" ; abort"; }), { why: "text" });
	/* In a text they mean nothing. */
	assert.deepEqual(edit(1, (r) => { r.ending.orelse = "hold \"a; b # c\""; }).length, 2);
});

test("rows are added, copied, removed, moved; what leads to a number keeps it", () => {
	const numbers = (edited) => parsed(edited)?.map((r) => r.number);
	const is = (edited, want) => process.env.MBC && assert.deepEqual(numbers(edited), want);
	const added = rows.add_row(tree, text, 1, "New");
	assert.deepEqual(difference(text, added), ["+ step 21 \"New\""].map((l) => l.replace("21", "25")).concat("+   wait 1 min"));
	is(added, [10, 20, 25, 30, 40, 0]);
	const copied = rows.copy_row(tree, text, 0);
	assert.ok(copied.includes("step 15 \"Purge\" entry always  # gently\n  # why nitrogen first\n"));
	assert.equal(copied.split("# Before the first step.").length, 2);
	is(copied, [10, 15, 20, 30, 40, 0]);
	assert.throws(() => rows.remove_row(tree, text, 2), { why: "referenced", about: "30" });
	const removed = rows.remove_row(tree, text, 3);
	assert.deepEqual(difference(text, removed), ["- step 40 \"Empty\"", "-   mark \"nothing\""]);
	is(removed, [10, 20, 30, 0]);
	assert.throws(() => rows.move_row(tree, text, 3, -1), { why: "referenced", about: "30" });
	assert.throws(() => rows.move_row(tree, text, 3, 1), { why: "edge" });
	assert.throws(() => rows.move_row(tree, text, 0, -1), { why: "edge" });
	const free = { ...tree, guards: [], handlers: [] };
	const moved = rows.move_row(free, text, 0, 1);
	assert.ok(moved.indexOf("step 10 \"Heat \\\"slowly\\\"\"") < moved.indexOf("# Before the first step.\nstep 20 \"Purge\""));
	is(moved, [10, 20, 30, 40, 0]);
	assert.equal(rows.move_row(free, text, 1, -1), moved, "up and down are the same");
});

test("a CSV becomes steps: units in its head, French ones with decimal commas", () => {
	const csv = "number,title,duration [min],T_furn [degC],T_furn ramp [K/min],V_N2\n50,\"Warm, slowly\",30,120.5,5,open\n,Hot,,300,10,\n";
	const edited = rows.import_csv(tree, text, 3, csv);
	assert.deepEqual(difference(text, edited), ["+ step 50 \"Warm, slowly\"", "+   start ramp T_furn to 120.5 degC at 5 K/min", "+   set V_N2 = open", "+   wait 30 min",
		"+ step 60 \"Hot\"", "+   ramp T_furn to 300 degC at 10 K/min"]);
	if (process.env.MBC)
		assert.deepEqual(parsed(edited).map((r) => r.number), [10, 20, 30, 40, 50, 60, 0]);
	const french = "\uFEFFtitle;until;timeout [h];else;T_furn [degC]\r\nChaud;T_bed > 100 degC;2;abort;120,5\r\n";
	assert.deepEqual(difference(text, rows.import_csv(tree, text, 3, french)),
		["+ step 50 \"Chaud\"", "+   set T_furn = 120.5 degC", "+   wait until T_bed > 100 degC timeout 2 h else abort"]);
	assert.throws(() => rows.import_csv(tree, text, 3, "title\n"), { why: "csv" });
	assert.throws(() => rows.import_csv(tree, text, 3, "T furn\n1\n"), { why: "name" });
	assert.throws(() => rows.import_csv(tree, text, 3, "V_N2\nopen; abort\n"), { why: "text" });
});
