/* past.test.mjs - the pure parts of the plot: joining what was recorded to what the page has seen, and what is to be asked */
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { History, merge } = await load("history");
const past = await load("past");
const view = await load("view");

const T = 1_800_000_000_000; /* ms */
const iso = (ms) => new Date(ms).toISOString();
const answer = (more) => ({ from: iso(T), to: iso(T + 10_000), recorded: iso(T + 10_000), gaps: [], channels: [], ...more });
const raw = (samples, more) => past.read_answer(answer({ channels: [{ name: "a", type: "float", samples }], ...more }), T);
const live = (...entries) => {
	const h = new History();
	for (const [time, value] of entries)
		h.push(T + time, value, 1000);
	return h;
};
const drawn = (h, p) => {
	const { steps } = past.join(h, p, "a");
	return Array.from(steps.times, (time, k) => [time - T, steps.values[k]]);
};

test("the page's own values follow the recorded ones without a seam", () => {
	const p = raw([[(T + 1000) / 1000, 1], [(T + 4000) / 1000, 2], [(T + 7000) / 1000, 3]]);
	assert.deepEqual(drawn(live([5000, 2], [7000, 3.5]), p).slice(0, 4), [[1000, 1], [4000, 2], [5000, 2], [7000, 3.5]]);
});

test("a recorder that lags a moment leaves no hole; one that lags long does", () => {
	const p = raw([[(T + 1000) / 1000, 1]]);
	assert.deepEqual(drawn(live([12_000, 2]), p), [[1000, 1], [12_000, 2]]);
	assert.deepEqual(drawn(live([30_000, 2]), p), [[1000, 1], [10_000, NaN], [30_000, 2]]);
});

test("what was missed while the stream was away comes from the record", () => {
	const h = live([0, 1], [2000, NaN]);
	h.interrupt();
	h.push(T + 8000, 9, 1000);
	assert.equal(h.whole(), T + 8000);
	assert.deepEqual(drawn(h, raw([[T / 1000, 1], [(T + 5000) / 1000, 7]])), [[0, 1], [5000, 7], [8000, 9]]);
	assert.deepEqual(drawn(h, null), [[0, 1], [2000, NaN], [8000, 9]], "without a record, as it was seen");
});

test("a recorded value holds until the next one, a gap, or 150 s", () => {
	const gaps = [{ from: iso(T + 2000), to: iso(T + 3000), cause: "bench_stopped", text: "" }];
	const p = past.read_answer(answer({ gaps, channels: [{ name: "a", type: "float",
		samples: [[(T + 1000) / 1000, 1], [(T + 4000) / 1000, null, "no_answer"], [(T + 5000) / 1000, 3]] }] }), T);
	assert.deepEqual(Array.from(p.lines.get("a").times, (t) => t - T), [1000, 2000, 4000, 5000, 155_000]);
	assert.deepEqual([...p.lines.get("a").values], [1, NaN, NaN, 3, NaN]);
	assert.equal(past.gap_at(p, T + 2500).cause, "bench_stopped");
	assert.equal(past.gap_at(p, T + 3000), null);
});

test("an interval keeps its spike; switches show their last value", () => {
	const p = past.read_answer(answer({ interval: 5, time: [T / 1000, T / 1000 + 5], channels: [
		{ name: "a", type: "float", mean: [1, null], min: [0, null], max: [790, null], last: [1, null], count: [5000, 0] },
		{ name: "b", type: "bool", mean: [0.4, 1], min: [false, true], max: [true, true], last: [false, true], count: [9, 1] }] }), T);
	const j = past.join(new History(), p, "a");
	assert.deepEqual(past.span_at(j, T + 100), [0, 790]);
	assert.equal(past.span_at(j, T + 6000), null);
	assert.deepEqual(past.extent(j, T, T + 10_000), [0, 790]);
	assert.equal(past.extent(j, T + 5000, T + 10_000), null);
	assert.deepEqual(merge([j.steps], T, T + 9000)[1], [1, null, null]);
	assert.deepEqual([...p.lines.get("b").values], [0, 1]);
	assert.equal(p.most, 5000);
});

test("asked is what the page has not itself, and an answer is asked once", () => {
	const own = new Map([["a", live([5000, 1])], ["b", live([0, 1])]]);
	const w = past.wish_of(own, T + 0.7, T + 9000.4, T + 9000.4, 100);
	assert.deepEqual(w, { names: ["a"], from: T, to: T + 9000, until: T + 5000, points: 100 });
	assert.equal(past.wish_of(own, T + 6000, T + 9000, T + 9000, 100), null);
	const none = new Set();
	assert.equal(past.satisfies(raw([]), w, none), true);
	assert.equal(past.satisfies(raw([], { recorded: iso(T + 4999) }), w, none), false, "not recorded so far yet");
	assert.equal(past.satisfies({ ...raw([]), interval: 500 }, w, none), false, "too coarse");
	assert.equal(past.satisfies(raw([]), { ...w, names: ["c"] }, none), false);
	assert.equal(past.satisfies(raw([]), { ...w, names: ["c"] }, new Set(["c"])), true);
	assert.equal(past.covers(w, { ...w, from: T + 200, to: T + 9200 }), true, "the time has gone on");
	assert.equal(past.covers(w, { ...w, from: T - 1 }), false);
});

test("an answer over runs reaches where it was asked to, whatever a length times 1000 is", () => {
	for (let ms = 1; ms < 20_000; ms++) {
		const p = past.read_over({ from: 0, to: ms / 1000, recorded: null, channels: [{ name: "a run:1", run: 1, type: "float", samples: [] }], since: [] }, 0);
		assert.ok(past.satisfies(p, { names: ["a run 1"], from: 0, to: ms, until: ms, points: 900 }, new Set()), `${ms} ms`);
	}
});

test("views stay between the first moment and now", () => {
	const l = { first: 0, now: T };
	const hour = { span: 3600e3, end: null };
	assert.deepEqual(view.step(hour, -1800e3, l), { span: 3600e3, end: T - 1800e3 });
	assert.deepEqual(view.step(view.step(hour, -1800e3, l), 1800e3, { ...l, now: T + 500 }), hour);
	assert.deepEqual(view.pan(hour, 1800e3, l), { span: 3600e3, end: T });
	assert.deepEqual(view.zoom({ span: 3600e3, end: T - 3600e3 }, 0.5, T - 5400e3, l), { span: 1800e3, end: T - 4500e3 });
	assert.deepEqual(view.zoom(hour, 2, T - 1800e3, l), { span: 7200e3, end: null });
	assert.deepEqual(view.go_to(hour, T + 1e9, l), { span: 3600e3, end: T });
	assert.deepEqual(view.pan({ span: 60e3, end: null }, -1e9, { first: T - 600e3, now: T }), { span: 60e3, end: T - 540e3 });
});
