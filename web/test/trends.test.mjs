/* trends.test.mjs - the pure parts of the Trends page: the view in the address, curves, cursors, marks, links */
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const plan = await load("trends/plan");
const curves = await load("trends/curves");
const { measure, reading_at } = await load("trends/measure");
const marks = await load("trends/marks");
const links = await load("trends/links");
const moves = await load("trends/moves");
const { paint_line, paint_band } = await load("trends/paint");
const { History } = await load("history");
const past = await load("past");

const T = 1_800_000_000_000; /* ms */
const HEAD = { name: "a", run: null, unit: "V", colour: 0, dash: 0 };
const full = (more) => ({ ...plan.EMPTY, names: ["T_bed", "furnace.pv"], ...more });

/* ---- the address ---- */

test("a view goes into the address and comes back as it was", () => {
	for (const p of [
		full(), full({ axis: "run", runs: [12, 9], part: [-60_000, 3_600_000], cursors: [5000, 1000.5] }),
		full({ axis: "step", step: "heat & hold, 2%", runs: [3] }), full({ axis: "channel", x: "T_bed", band: [-1.25, 3e-7] }),
		full({ view: { span: 86_400_000, end: T }, marks: false, limits: true }),
	])
		assert.deepEqual(plan.read_plan(plan.write_plan(p)), p);
});

test("what in an address is not understood is left out, whatever it is", () => {
	const p = plan.read_plan("c=T_bed,%3Cscript%3E,T_bed,a b&axis=moon&runs=0,-1,x,7,7,1e99&span=-5&end=abc&part=1_2_3&cursors=1_NaN&band=5_5&limits=yes&%zz");
	assert.deepEqual(p, { ...plan.EMPTY, names: ["T_bed"], runs: [7], view: { span: 1000, end: null } });
	assert.deepEqual(plan.read_plan(""), plan.EMPTY);
	assert.equal(plan.read_plan(`c=${Array.from({ length: 5000 }, (_, k) => `c${k}`).join()}`).names.length, plan.LINES_MOST);
	assert.deepEqual(plan.read_plan("part=9_2").part, [2, 9]);
});

test("units share panels by two, in the order in which they were chosen", () => {
	const units = { a: "degC", b: "bar", c: "degC", d: "V", e: "" };
	assert.deepEqual(plan.panels_of(["a", "b", "c", "d", "e"], (n) => units[n]), [
		{ units: ["degC", "bar"], names: ["a", "b", "c"] }, { units: ["V", ""], names: ["d", "e"] }]);
	assert.deepEqual(plan.panels_of([], () => ""), []);
});

/* ---- curves ---- */

const live = (...entries) => {
	const h = new History();
	for (const [time, value] of entries)
		h.push(T + time, value, 1000);
	return h;
};
const intervals = (more) => past.read_answer({ from: new Date(T).toISOString(), to: new Date(T + 30_000).toISOString(), recorded: new Date(T + 30_000).toISOString(),
	gaps: [], interval: 10, time: [0, 10, 20].map((s) => T / 1000 + s), channels: [{ name: "a", type: "float", mean: [1, 2, null], min: [0, 2, null],
		max: [9, 2, null], count: [5, 1, 0], quality: [null, "thinned", "no_answer"], ...more }] }, T);

test("a curve is cut to what is shown, with the value that holds where it begins, its band and its qualities", () => {
	const c = curves.curve_of(HEAD, past.join(live(), intervals(), "a"), T + 5000, T + 30_000);
	assert.deepEqual([...c.x.slice(0, 3)], [T, T + 10_000, T + 20_000]);
	assert.deepEqual([...c.highs.slice(0, 2)], [9, 2]);
	assert.deepEqual(curves.stretches(c), [{ from: T + 10_000, to: T + 20_000, reason: "thinned" }, { from: T + 20_000, to: T + 30_000, reason: "no_answer" }]);
	assert.deepEqual(curves.reach(c, T, T + 30_000), [0, 9]);
	assert.deepEqual(curves.reach(c, T + 12_000, T + 15_000), [2, 2]);
	assert.deepEqual(curves.curve_of(HEAD, past.join(live(), null, "a"), T, T + 1).x.length, 0);
	assert.deepEqual(curves.curve_of(HEAD, past.join(live([500, 1]), null, "a"), T, T + 100).x.length, 0);
});

test("the present goes on behind the past, without a band", () => {
	const c = curves.curve_of(HEAD, past.join(live([12_000, 5], [14_000, 6]), intervals(), "a"), T, T + 15_000);
	assert.deepEqual([...c.x], [T, T + 10_000, T + 12_000, T + 14_000]);
	assert.deepEqual([...c.y], [1, 2, 5, 6]);
	assert.deepEqual([...c.highs], [9, 2, 5, 6]);
	assert.equal(c.quality.length, 2);
});

test("one channel against another has a point for each moment, in the order of time, and none where one is not known", () => {
	const x = past.join(live([0, 10], [2000, 20], [3000, NaN]), null, "x");
	const y = past.join(live([0, 1], [1000, 2]), null, "y");
	const c = curves.pair_of(HEAD, x, y, T, T + 4000);
	assert.deepEqual(Array.from(c.x, (v, k) => [v, c.y[k]]), [[10, 1], [10, 2], [20, 2], [NaN, NaN], [NaN, NaN]]);
	const [low, high] = curves.width_of([c]);
	assert.ok(low < 10 && high > 20 && low > 9 && high < 21);
	assert.equal(curves.width_of([]), null);
});

test("one channel against another keeps the least and the most of each interval", () => {
	const c = curves.pair_of(HEAD, past.join(live(), intervals({ name: "x", mean: [10, 20, 30] }), "x"), past.join(live(), intervals(), "a"), T, T + 30_000);
	assert.deepEqual([c.x[0], c.y[0], c.lows[0], c.highs[0]], [10, 1, 0, 9]);
	assert.deepEqual([c.x[1], c.y[1], c.lows[1], c.highs[1]], [20, 2, 2, 2]);
	assert.deepEqual(curves.reach(c, 5, 15), [0, 9]);
});

test("runs over each other are read by their numbers, with or without a step", () => {
	const p = past.read_over({ from: 0, to: 20, recorded: null, interval: 10, time: [0, 10], channels: [
		{ name: "a run 2 step 20 Heat", run: 2, type: "float", mean: [1, 2], min: [1, 2], max: [1, 2], count: [1, 1] },
		{ name: "a run 3 step 20 Heat", run: 3, type: "float", samples: [[0, 1], [5, 7]] }],
	since: [{ run: 2, title: "", step: "20 Heat", open: false, begin: null, seconds: 20, gaps: [] },
		{ run: 3, title: "", step: "20 Heat", open: false, begin: null, seconds: 20, gaps: [{ from: 8, to: 9, cause: "computer_off", text: "" }] }] }, 0);
	assert.deepEqual([...p.lines.keys()], ["a run 2", "a run 3"]);
	assert.equal(p.end, 20_000);
	assert.deepEqual([...p.lines.get("a run 3").times], [0, 5000, 8000]);
	assert.ok(Number.isNaN(p.lines.get("a run 3").values[2]));
	assert.deepEqual([...past.join(live(), p, "a run 2").steps.times.slice(0, 2)], [0, 10_000]);
});

test("no two lines look the same while there are ways to draw them", () => {
	for (const [channels, runs] of [[1, 20], [8, 4], [3, 5], [30, 1]]) {
		const seen = new Set();
		for (let c = 0; c < channels; c++)
			for (let r = 0; r < runs; r++)
				seen.add(JSON.stringify(curves.style_of(c, r, runs)));
		assert.ok(seen.size >= Math.min(8, channels * runs), `${channels} x ${runs}: ${seen.size}`);
		if (channels * runs <= 8)
			assert.equal(seen.size, channels * runs);
	}
});

/* ---- cursors ---- */

const steps = (x, y, more) => ({ ...HEAD, steps: true, x: x.map((s) => s * 1000), y, lows: [], highs: [], quality: [], until: 100_000, ...more });

test("between the cursors: difference, slope, mean by time, least and most of the bands", () => {
	const m = measure(steps([0, 10, 20], [1, 3, 5], { lows: [1, -7, 5], highs: [1, 3, 8] }), 5000, 25_000);
	assert.equal(m.a.value, 1);
	assert.equal(m.b.value, 5);
	assert.deepEqual(m.b.span, [5, 8]);
	assert.equal(m.difference, 4);
	assert.equal(m.slope, 0.2);
	assert.equal(m.mean, (1 * 5 + 3 * 10 + 5 * 5) / 20);
	assert.deepEqual([m.least, m.most, m.known], [-7, 8, 1]);
});

test("what is not known counts for nothing between the cursors, and is told", () => {
	const m = measure(steps([0, 10, 20], [1, NaN, 5]), 5000, 25_000);
	assert.equal(m.mean, (1 * 5 + 5 * 5) / 10);
	assert.equal(m.known, 0.5);
	const none = measure(steps([], []), 0, 10);
	assert.deepEqual([none.mean, none.least, none.difference, none.slope], [null, null, null, null]);
	assert.equal(measure(steps([0], [1]), 5000, 5000).slope, null);
	assert.equal(measure(steps([10], [1]), 0, 20_000).a.value, null);
	assert.equal(reading_at(steps([0], [1]), 100_001).value, null);
});

test("cursors the other way round: the difference changes its sign, the slope does not", () => {
	const c = steps([0, 10], [1, 3]);
	assert.equal(measure(c, 15_000, 5000).difference, -2);
	assert.equal(measure(c, 15_000, 5000).slope, measure(c, 5000, 15_000).slope);
	assert.equal(measure(c, 15_000, 5000).mean, measure(c, 5000, 15_000).mean);
});

test("of one channel against another: the points between the cursors, no value at them", () => {
	const c = { ...HEAD, steps: false, x: [1, 2, 3, 2], y: [10, 20, 30, 40], lows: [], highs: [], quality: [], until: 0 };
	const m = measure(c, 1.5, 2.5);
	assert.deepEqual([m.a.value, m.least, m.most, m.mean, m.slope], [null, 20, 40, 30, null]);
});

/* ---- marks ---- */

const story = { run: 4, title: "x", begin: new Date(T).toISOString(), notes: [{ time: new Date(T + 3000).toISOString(), text: "note" }],
	sequences: [{ name: "s", title: "S", steps: [{ number: 10, title: "Purge", begin_seconds: 0 }, { number: 20, title: "Heat", begin_seconds: 60 },
		{ number: 10, title: "Purge", begin_seconds: 90 }], marks: [{ seconds: 70, text: "peak" }] }] };

test("steps, marks and notes of a run count from its beginning, or from a step of it", () => {
	assert.deepEqual(marks.run_marks(story, "").map((m) => [m.at, m.kind, m.text]), [[0, "step", "10 Purge"], [3000, "note", "note"], [60_000, "step", "20 Heat"],
		[70_000, "note", "peak"], [90_000, "step", "10 Purge"]]);
	assert.equal(marks.run_marks(story, "Heat").find((m) => m.text === "peak").at, 10_000);
	assert.equal(marks.run_marks(story, "20").find((m) => m.text === "20 Heat").at, 0);
	assert.deepEqual(marks.common_steps([story, { ...story, sequences: [{ name: "s", title: "", steps: [story.sequences[0].steps[1]] }] }]).map((s) => s.number), [20]);
	assert.deepEqual(marks.common_steps([]), []);
});

test("of events those that say something of the bench are marks, dated ones alone", () => {
	const all = marks.event_marks([{ time: null, kind: "trip", severity: "error", text: "" }, { time: new Date(T).toISOString(), kind: "trip", severity: "error", text: "t" },
		{ time: new Date(T).toISOString(), kind: "sequence_sets", severity: "info", text: "" }, { time: new Date(T).toISOString(), kind: "sequence_step", severity: "info", text: "s" }]);
	assert.deepEqual(all.map((m) => m.kind), ["event", "step"]);
});

test("marks near each other are one group", () => {
	const at = (...list) => list.map((n) => ({ at: n, kind: "event", severity: "info", text: String(n), run: null }));
	assert.deepEqual(marks.group_marks(at(30, 0, 2, 10), (x) => x, 5).map((g) => g.map((m) => m.at)), [[0, 2], [10], [30]]);
	assert.deepEqual(marks.group_marks([], (x) => x, 5), []);
});

test("limits are comparisons of a channel with a number in its own unit", () => {
	const unit_of = (n) => ({ T_bed: "degC", P_in: "bar", total: "mL_n/min" })[n] ?? null;
	const of = (text) => marks.limits_of("hot", text, unit_of).map((l) => [l.channel, l.sign, l.value]);
	assert.deepEqual(of("T_bed > 500 degC"), [["T_bed", ">", 500]]);
	assert.deepEqual(of("(P_in >= 9.5 bar and T_bed < -3 degC) or total < 1 mL_n/min"), [["P_in", ">=", 9.5], ["T_bed", "<", -3], ["total", "<", 1]]);
	assert.deepEqual(of("T_bed > 500 K"), []);
	assert.deepEqual(of("T_bed > P_in and not door and abs(T_bed) > 3"), []);
	assert.deepEqual(of(null), []);
});

/* ---- links ---- */

test("the export asks for what is shown", () => {
	const clock = links.export_link(full({ names: ["T_bed", "N2"] }), T, T + 60_000, 800, "csv-fr", "Europe/Paris");
	assert.equal(clock, "api/v1/history?channels=T_bed,N2&from=2027-01-15T08%3A00%3A00.000Z&to=2027-01-15T08%3A01%3A00.000Z&points=800&format=csv-fr&zone=Europe%2FParis");
	const q = (link) => Object.fromEntries(new URLSearchParams(link.split("?")[1]));
	assert.deepEqual(q(links.export_link(full({ names: ["TCD"], axis: "channel", x: "T_bed" }), T, T + 1, null, "xlsx", "UTC")),
		{ channels: "TCD", from: "2027-01-15T08:00:00.000Z", to: "2027-01-15T08:00:00.001Z", raw: "1", x: "T_bed", format: "xlsx", zone: "UTC" });
	assert.deepEqual(q(links.export_link(full({ names: ["TCD"], axis: "step", step: "heat", runs: [12, 9] }), -60_000, 7_200_500, 100, "json", "UTC")),
		{ channels: "TCD", since: "run:12/step:heat,run:9/step:heat", from: "-60 s", to: "7200.5 s", points: "100", format: "json", zone: "UTC" });
	assert.equal(q(links.export_link(full({ names: ["TCD"], axis: "channel", x: "T_bed", runs: [1] }), 0, 1000, 10, "csv", "UTC")).channels, "T_bed,TCD");
});

/* ---- moving ---- */

const shown = { from: T - 3_600_000, to: T, limits: { first: 0, now: T } };

test("keys and gestures move the clock, the part of runs, the band of a channel", () => {
	const clock = moves.key_move("ArrowLeft", full(), shown);
	assert.deepEqual(clock.view, { span: 3_600_000, end: T - 1_800_000 });
	assert.deepEqual(moves.key_move("End", clock, shown).view, { span: 3_600_000, end: null });
	const over = full({ axis: "run", runs: [1] });
	const s = { ...shown, from: 0, to: 1000 };
	assert.deepEqual(moves.key_move("ArrowRight", over, s).part, [500, 1500]);
	assert.deepEqual(moves.zoomed(over, 0.5, 250, s).part, [125, 625]);
	assert.deepEqual(moves.marked(over, 1, 2, s).part, [1, 2]);
	assert.equal(moves.all_of({ ...over, part: [1, 2] }).part, null);
	assert.deepEqual(moves.zoomed(full({ axis: "channel", x: "a" }), 2, 500, s).band, [-500, 1500]);
	assert.equal(moves.key_move("q", over, s), null);
	assert.deepEqual(moves.key_move("c", over, { ...s, to: 900 }).cursors, [300, 600]);
});

/* ---- drawing ---- */

/* What a pen was told: strokes as lists of points. */
function pen() {
	const lines = [];
	const rects = [];
	return { lines, rects, moveTo: (x, y) => lines.push([[x, y]]), lineTo: (x, y) => lines.at(-1).push([x, y]), fillRect: (...r) => rects.push(r),
		beginPath() {}, stroke() {}, setLineDash() {} };
}
const place = (more) => ({ left: 0, top: 0, width: 100, height: 100, from: 0, to: 100_000, low: 0, high: 100, ratio: 1, ...more });

test("steps hold until the next one; a value that is not known breaks the line", () => {
	const p = pen();
	paint_line(p, steps([0, 10, 20, 30], [10, 50, NaN, 20]), place(), "");
	const corners = p.lines.map((line) => line.filter((at, k) => k === 0 || String(at) !== String(line[k - 1])));
	assert.deepEqual(corners.map((line) => [line[0], line.at(-1)]), [[[0, 90], [20, 50]], [[30, 80], [100, 80]]]);
	assert.deepEqual(new Set(corners[0].map(String)), new Set(["0,90", "10,90", "10,50", "20,50"]));
});

test("of a hundred thousand points one rectangle a column is drawn, and no spike is lost", () => {
	const n = 100_000;
	const y = Array.from({ length: n }, (_, k) => (k === 54_321 ? 99 : 50 + (k % 2)));
	for (const dash of [0, 1]) {
		const p = pen();
		paint_line(p, steps(y.map((_, k) => k / 1000), y, { dash }), place(), "");
		assert.ok(p.rects.length <= 103 && p.lines.length === 0, `${p.rects.length}`);
		assert.ok(p.rects.some(([, top]) => top === 0), "to the spike, and half a line more");
	}
});

test("a value that is not known ends the line within a column of many points too, and the band leaves it out", () => {
	const n = 100_000;
	const y = Array.from({ length: n }, (_, k) => (k >= 50_200 && k < 53_300 ? NaN : 50 + (k % 2)));
	const at = steps(y.map((_, k) => k / 1000), y, { lows: y.map((v) => v - 5), highs: y.map((v) => v + 5) });
	const [line, band] = [pen(), pen()];
	paint_line(line, at, place(), "");
	paint_band(band, at, place(), "");
	for (const { rects } of [line, band])
		assert.ok(rects.length > 90 && rects.every(([left, , width]) => left + width <= 52 || left >= 52), "nothing between 51.2 and 52.3 in the middle of it");
	assert.deepEqual(curves.reach({ ...at, y: Float64Array.from(y) }, 50_500, 53_000), null);
});

test("rectangles and path are the same line", () => {
	const x = Array.from({ length: 60 }, (_, k) => k * 1.6);
	const y = x.map((_, k) => (k % 7 === 3 ? NaN : (k * 37) % 90));
	const [path, filled] = [pen(), pen()];
	paint_line(path, steps(x, y, { dash: 2, until: 96_000 }), place(), "");
	paint_line(filled, steps(x, y, { until: 96_000 }), place(), "");
	assert.ok(path.lines.length > 5 && filled.rects.length > 20);
	/* Each stroke of the path lies within some rectangle. */
	for (const line of path.lines)
		for (let k = 1; k < line.length; k++) {
			const [mid_x, mid_y] = [(line[k - 1][0] + line[k][0]) / 2, (line[k - 1][1] + line[k][1]) / 2];
			assert.ok(filled.rects.some(([l, t, w, h]) => mid_x >= l && mid_x <= l + w && mid_y >= t && mid_y <= t + h), `${mid_x} ${mid_y}`);
		}
});

test("bands of one column of pixels are one rectangle, with the least and the most of them", () => {
	const n = 10_000;
	const x = Array.from({ length: n }, (_, k) => k / 100);
	const p = pen();
	paint_band(p, steps(x, x.map(() => 50), { lows: x.map((_, k) => (k === 5005 ? 1 : 40)), highs: x.map(() => 60) }), place(), "");
	assert.ok(p.rects.length <= 101, `${p.rects.length}`);
	p.rects.forEach(([left, , width], k) => assert.ok(k === 0 || left >= p.rects[k - 1][0] + p.rects[k - 1][2], "none overlaps another"));
	assert.ok(p.rects.some(([, top, , height]) => top + height === 99));
});

test("before what is shown nothing is drawn but the value that holds", () => {
	const p = pen();
	paint_line(p, steps([-50, 10], [10, 20]), place(), "");
	assert.deepEqual(p.lines[0].slice(0, 3), [[0, 90], [10, 90], [10, 80]]);
});
