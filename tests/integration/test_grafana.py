"""Grafana's JSON plug-ins as they ask: shapes, values against /history, hostile bodies, and the dashboard that docs/ has."""
import contextlib
import http.client
import json
import socket
import sys
import time
import unittest

import jsonschema
import yaml

sys.dont_write_bytecode = True
from harness import PATIENCE_S, ROOT, Bench, Device, wait_for  # noqa: E402

HISTORY = "/api/v1/history"


def text(port):
    return f"""tick: 50 ms
history: {{commit: 200 ms}}
links:
  l: {{tcp: "127.0.0.1:{port}"}}
instruments:
  d: {{use: modbus, link: l, every: 50 ms, channels: {{a: {{read: {{holding: 0}}, unit: degC, title: Bed temperature}}, b: {{read: {{holding: 1}}, scale: 0.1, unit: bar}}}}}}
alarms:
  hot: {{when: d.a > 500 degC, title: too hot, priority: high, do: Switch the heater off.}}
"""


class Asks(unittest.TestCase):
    """A bench whose device has shown a spike, and somebody who asks as the plug-ins do."""

    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        cls.addClassCleanup(cls.stack.close)
        cls.device = cls.stack.enter_context(Device({0: 20, 1: 215}))
        cls.bench = cls.stack.enter_context(Bench("grafana", text(cls.device.port)))
        cls.api = json.loads((ROOT / "src/serve/openapi.json").read_text())
        cls.bench.wait_good("d.a", "d.b")
        cls.begun_ms = int(time.time() * 1000)
        for value in (21, 900, 22):
            cls.device.holding[0] = value
            wait_for(f"{value} is recorded", lambda value=value: value in cls.raw())

    @classmethod
    def raw(cls, name="d.a"):
        answer = cls.bench.ask(f"{HISTORY}/{name}?from=-10min&raw=1", expect=None)
        return [sample[1] for sample in json.loads(answer[0])["channels"][0]["samples"]] if answer else []

    def send(self, path, body, headers=None, method="POST"):
        connection = http.client.HTTPConnection("127.0.0.1", self.bench.port, timeout=PATIENCE_S)
        with contextlib.closing(connection):
            data = body if isinstance(body, (bytes, str)) else json.dumps(body)
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # of a body that is refused before it is all there
                connection.request(method, "/grafana/" + path, data, {"Content-Type": "application/json", **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.getheader("Content-Type"), answer.read()

    def post(self, path, body=""):
        """What it answers, as the description says it does."""
        status, kind, data = self.send(path, body)
        self.assertEqual((status, kind), (200, "application/json"), data)
        value = json.loads(data)
        schema = self.api["paths"]["/grafana/" + path]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
        jsonschema.Draft202012Validator(schema, resolver=jsonschema.RefResolver("", self.api)).validate(value)
        return value

    def refused(self, path, body, status, *words, headers=None):
        got, kind, data = self.send(path, body, headers)
        self.assertEqual((got, kind), (status, "application/problem+json"), data)
        for word in words:
            self.assertIn(word, json.loads(data)["detail"])

    def question(self, *targets, **more):
        """As simPod's plug-in sends it, with what it sends besides."""
        now = int(time.time() * 1000)
        iso = lambda ms: time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms / 1000)) + f".{ms % 1000:03d}Z"
        return {"app": "dashboard", "requestId": "Q101", "timezone": "browser", "panelId": 2, "dashboardUID": "x", "publicDashboardAccessToken": "",
                "range": {"from": iso(now - 60000), "to": iso(now), "raw": {"from": "now-1m", "to": "now"}}, "rangeRaw": {"from": "now-1m", "to": "now"},
                "interval": "1s", "intervalMs": 1000, "maxDataPoints": 600, "scopedVars": {"__interval": {"text": "1s", "value": "1s"}},
                "startTime": now, "adhocFilters": [],
                "targets": [{"refId": chr(65 + k), "datasource": {"type": "simpod-json-datasource", "uid": "u"}, "editorMode": "builder", "hide": False,
                             "target": "", "payload": {}, **target} for k, target in enumerate(targets)], **more}


class Grafana(Asks):
    # ---- shapes ----

    def test_the_data_source_works(self):
        for path in ("/grafana/", "/grafana"):
            body, kind = self.bench.ask(path)
            self.assertEqual((json.loads(body)["status"], kind), ("ok", "application/json"))

    def test_lists(self):
        metrics = self.post("metrics", {"metric": "", "payload": {}})
        bed = next(metric for metric in metrics if metric["value"] == "d.a")
        self.assertEqual(bed["label"], "Bed temperature")
        self.assertIn({"label": "max", "value": "max"}, bed["payloads"][0]["options"])
        self.assertIn("@alarms", [metric["value"] for metric in metrics])
        self.assertEqual(len(self.post("metrics")), len(metrics))  # without a body
        self.assertIn({"label": "envelope", "value": "envelope"}, self.post("metric-payload-options", {"metric": "d.a", "payload": {}, "name": "agg"}))
        self.assertEqual(self.post("metric-payload-options", {"metric": "d.a", "payload": {}, "name": "nothing"}), [])
        self.assertIn({"__text": "Bed temperature", "__value": "d.a"}, self.post("variable", {"payload": {"target": "channels"}, "range": {}}))
        self.assertEqual([row["__value"] for row in self.post("variable", {"payload": "d.*"})], ["d.a", "d.b"])
        self.assertIn({"__text": "d", "__value": "d"}, self.post("variable", {"payload": {"target": "instruments"}}))
        self.assertIn("alarm_on", [row["__value"] for row in self.post("variable", {"payload": {"target": "kinds"}})])
        self.assertIn({"type": "string", "text": "unit"}, self.post("tag-keys", {}))
        self.assertTrue({"degC", "bar"} <= {row["text"] for row in self.post("tag-values", {"key": "unit"})})
        self.assertEqual(self.post("tag-values", {"key": "nothing"}), [])
        self.assertEqual(self.post("search", {"target": "d."}), ["d.a", "d.b"])
        self.assertIn("d.a", self.post("search"))
        self.assertEqual(self.post("search", {"target": "nothing at all"}), [])

    # ---- values ----

    def test_values_are_those_of_the_history(self):
        question = self.question({"target": "d.a", "payload": {"agg": "envelope"}}, {"target": "d.a", "payload": {"agg": "last"}},
                                 {"target": "d.b", "payload": {"agg": "count"}}, {"target": "d.a", "payload": {"agg": "max"}, "hide": True})
        question["range"]["to"] = question["range"]["to"][:-5] + ".000Z"  # whole seconds: the last interval is the last one of /history
        series = self.post("query", question)
        self.assertEqual([one["target"] for one in series], ["d.a min", "d.a", "d.a max", "d.a last", "d.b count"])
        times = [at for _, at in series[0]["datapoints"]]
        self.assertEqual({at % 1000 for at in times}, {0})
        self.assertEqual({b - a for a, b in zip(times, times[1:])}, {1000})
        lists = self.bench.get(f"{HISTORY}?channels=d.a,d.b&from={times[0]}&to={times[-1] + 1000}&points={len(times)}")
        a, b = lists["channels"]
        got = {one["target"]: [value for value, _ in one["datapoints"]] for one in series}
        # The last interval still grows between the two questions.
        for mine, theirs in (("d.a min", a["min"]), ("d.a", a["mean"]), ("d.a max", a["max"]), ("d.b count", b["count"])):
            self.assertEqual(got[mine][:-2], theirs[:-2], mine)
        for mine, theirs in zip(got["d.a last"][:-2], a["last"][:-2]):
            if theirs is not None:
                self.assertEqual(mine, theirs)
        self.assertIn(900, got["d.a max"])
        self.assertIn(None, got["d.a"])  # before it was there

    def test_samples_while_they_are_few(self):
        until = int(time.time() * 1000)
        question = self.question({"target": "d.a"}, {"target": "d.a", "payload": {"agg": "raw"}})
        question["range"] = {"from": until - 600000, "to": until}  # milliseconds
        few, raw = self.post("query", {**question, "maxDataPoints": 5000})
        samples = self.bench.get(f"{HISTORY}/d.a?from={until - 600000}&to={until}&raw=1")["channels"][0]["samples"]
        samples = [sample for sample in samples if sample[1] is not None]
        mine = [point for point in few["datapoints"] if point[0] is not None]
        self.assertEqual([value for value, _ in mine], [sample[1] for sample in samples])
        self.assertEqual([at for _, at in mine], [int(sample[0] * 1000 + 1e-4) for sample in samples])
        self.assertEqual(few["datapoints"], raw["datapoints"])
        many = self.post("query", {**question, "maxDataPoints": 1})[0]["datapoints"]
        self.assertEqual(len(many), 1)

    def test_no_more_points_than_are_wanted(self):
        for points in (1, 2, 3, 7, 100, 1000, 999999):
            for width in (0, 1, 100, 7777, 10**12):
                question = self.question({"target": "d.a", "payload": {"agg": "mean"}}, maxDataPoints=points, intervalMs=width)
                got = self.post("query", question)[0]["datapoints"]
                self.assertTrue(1 <= len(got) <= points, (points, width, len(got)))
        for points in (None, 0, -5, 2.5, 1e300):
            self.assertTrue(self.post("query", self.question({"target": "d.a", "payload": {"agg": "mean"}}, maxDataPoints=points, intervalMs=None)))

    def test_targets(self):
        names = lambda *targets, **more: [one["target"] for one in self.post("query", self.question(*({"target": t, "payload": {"agg": "mean"}} for t in targets), **more))]
        self.assertEqual(names("d.*"), ["d.a", "d.b"])
        for several in ("d.a|d.b", "(d.a|d.b)", "(d\\.a|d\\.b)", "{d.a,d.b}", "/^(d\\.a|d\\.b)$/"):
            self.assertEqual(names(several), ["d.a", "d.b"])
        self.assertEqual(names("d.b", "nothing", "d.a"), ["d.b", "nothing", "d.a"])
        self.assertEqual(self.post("query", self.question({"target": "nothing"})), [{"target": "nothing", "datapoints": []}])
        self.assertEqual(names("", "no*thing"), [])
        self.assertEqual(self.post("query", {"targets": []}), [])
        self.assertEqual(self.post("query"), [])
        bar = [{"key": "unit", "operator": "=", "value": "bar"}]
        self.assertEqual(names("d.*", adhocFilters=bar), ["d.b"])
        self.assertEqual(names("d.a", filters=bar), [])
        self.assertEqual(names("d.*", adhocFilters=[{"key": "unit", "operator": "!=", "value": "bar"}]), ["d.a"])
        self.assertEqual(names("d.*", adhocFilters=[{"key": "name", "operator": "=~", "value": "^(d\\.b|x)$"}]), ["d.b"])
        self.assertEqual(names("d.*", adhocFilters=[{"key": "instrument", "operator": "!~", "value": "d"}]), [])

    def test_one_table(self):
        rows = self.post("query", self.question({"target": "d.a", "payload": {"agg": "mean", "format": "table"}}, {"target": "nothing", "type": "table"},
                                                {"target": "d.b", "payload": {"agg": "envelope"}, "type": "table"}, {"target": "d.b", "payload": {"agg": "max"}}))
        self.assertEqual(rows[0]["target"], "d.b max")
        table = rows[1]
        self.assertEqual([column["text"] for column in table["columns"]], ["Time", "d.a", "d.b min", "d.b", "d.b max"])
        self.assertEqual(table["columns"][0]["type"], "time")
        self.assertEqual({len(row) for row in table["rows"]}, {5})
        self.assertIn(21.5, {row[2] for row in table["rows"]})
        self.assertEqual([row[0] for row in table["rows"]], [at for _, at in rows[0]["datapoints"]])

    def test_bad_values_are_null(self):
        with contextlib.ExitStack() as stack:
            device = stack.enter_context(Device({0: 20, 1: 215}))
            bench = stack.enter_context(Bench("grafana2", text(device.port)))
            bench.wait_good("d.a")
            device.fault = "silent"
            bench.wait_reason("d.a", "no_answer", "stale", "connection_lost")
            mine, self.bench = self.bench, bench
            try:
                for aggregate in ("auto", "raw", "mean", "last"):
                    question = self.question({"target": "d.a", "payload": {"agg": aggregate}}, maxDataPoints=5000, intervalMs=100)
                    wait_for("null is told", lambda question=question: self.post("query", {**question, "range": {"from": "-1min", "to": "now"}})[0]["datapoints"][-1][0] is None)
            finally:
                self.bench = mine

    # ---- events ----

    def test_pages_by_identity(self):
        wait_for("the alarm is recorded", lambda: self.bench.get("/api/v1/events?kind=alarm_on")["events"])
        to = self.bench.get("/api/v1/events?limit=1")["events"][0]["id"]
        whole = [event["id"] for event in self.bench.get(f"/api/v1/events?before={to}")["events"]]
        self.assertEqual(whole, list(range(1, to)))
        pages, before = [], to
        while True:
            page = self.bench.get(f"/api/v1/events?limit=2&before={before}")
            pages = [event["id"] for event in page["events"]] + pages
            if page["omitted"] == 0:
                break
            before = page["events"][0]["id"]
        self.assertEqual(pages, whole)
        for bad in ("0", "-1", "x"):
            self.assertIn("before", self.bench.get(f"/api/v1/events?before={bad}", expect=400)["detail"])

    def test_annotations(self):
        wait_for("the alarm is recorded", lambda: self.bench.get("/api/v1/events?kind=alarm_on")["events"])
        note = {"name": "mbc", "datasource": "mbc", "enable": True, "iconColor": "rgba(255, 96, 96, 1)", "query": ""}
        marks = self.post("annotations", {"range": self.question()["range"], "rangeRaw": {"from": "now-1m", "to": "now"}, "annotation": note})
        on = next(mark for mark in marks if mark["title"] == "alarm_on")
        self.assertEqual((on["annotation"], on["tags"]), (note, ["alarm_on", "hot"]))
        event = self.bench.get("/api/v1/events?kind=alarm_on")["events"][0]
        self.assertEqual(on["text"], event["text"])
        titles = lambda query: {mark["title"] for mark in self.post("annotations", {"range": {"from": "-1h"}, "annotation": {"query": query}})}
        self.assertEqual(titles("kind=instrument_up"), {"instrument_up"})
        self.assertEqual(titles("instrument_* subject=d"), {"instrument_up"})
        self.assertEqual(titles("events subject=hot"), titles("alarms"))
        self.assertEqual(titles("runs"), set())
        self.assertEqual(len(self.post("annotations", {"range": {"from": "-1h"}, "annotation": {"query": "events limit=2"}})), 2)
        self.refused("annotations", {"annotation": {"query": "kind=nothing"}}, 400, "nothing", "events.md")
        self.refused("annotations", {"annotation": {"query": "events limit=0"}}, 400, "1 to 10000")

    def test_events_as_a_table(self):
        wait_for("the alarm is recorded", lambda: self.bench.get("/api/v1/events?kind=alarm_on")["events"])
        table, = self.post("query", self.question({"target": "@alarms"}, {"target": "@kind=instrument_up"}, range={"from": "-1h", "to": "now"}))
        self.assertEqual([column["text"] for column in table["columns"]], ["time", "title", "text", "tags", "subject", "severity", "who"])
        self.assertTrue({"alarm_on", "instrument_up"} <= {row[1] for row in table["rows"]})
        self.assertEqual([row[3] for row in table["rows"] if row[1] == "alarm_on"][0], "alarm_on,hot")
        self.refused("query", self.question({"target": "@alarms"}, {"target": "d.a"}), 400, "panel of its own")

    # ---- who means no good ----

    def test_hostile_bodies(self):
        deep = lambda n, inner="1": "[" * n + inner + "]" * n
        try:
            self.refused("query", b"x" * (1 << 20), 413, "128 KB")
        except (ConnectionError, http.client.HTTPException):
            pass  # the refusal was overtaken by the end of the connection
        self.refused("query", json.dumps({"a": deep(40)}).replace('"[', "[").replace(']"', "]"), 400, "levels")
        self.refused("query", "[" * 100000, 400)
        self.refused("query", '{"a":' * 20000, 400, "levels")
        self.refused("query", {"targets": [{"target": "d.a"}] * 1500}, 400, "100 targets")
        self.refused("query", {"targets": [{"target": "d.a"}] * 10000}, 413)
        self.refused("query", {"targets": [{"target": "|".join(["*zz*"] * 30)}]}, 400, "stars")
        self.refused("query", {"targets": [{"target": "|".join(["d.a"] * 101)}]}, 400, "100 channels")
        for body in ('{"maxDataPoints": NaN}', '{"intervalMs": Infinity}', '{"maxDataPoints": 1e999}', '{"maxDataPoints": "many"}', '{"targets": "d.a"}',
                     '{"targets": [3]}', '{"targets": [{"target": 3}]}', '{"range": []}', '{"range": {"from": {}}}', '{"targets": [{"target": "a"]}', "[]", "3",
                     '"x"', "{", "{}}", '{"a" 1}', '{"targets": [{"hide": "yes"}]}', b'{"a": "\xff"}', '{"a": "\\ud800"}', '{"adhocFilters": [3]}'):
            with self.subTest(body):
                self.refused("query", body, 400, "line 1")
        self.refused("query", self.question({"target": "d.a", "payload": {"agg": "median"}}), 400, "median", "envelope")
        self.refused("query", self.question({"target": "d.a"}, range={"from": "soon"}), 400, "soon")
        self.refused("query", self.question({"target": "d.a"}, range={"from": "now", "to": "-1h"}), 400, "not before")
        self.refused("query", self.question({"target": "d.*"}, adhocFilters=[{"key": "unit", "operator": "<", "value": "3"}]), 400, "=~")
        self.refused("query", "{}", 403, "another origin", headers={"Origin": "http://evil.example"})
        self.refused("query", "{}", 415, "application/json", headers={"Content-Type": "text/plain"})
        self.refused("query", "{}", 421, headers={"Host": "evil.example"})
        self.assertEqual(self.send("query", "", method="PUT")[0], 405)
        self.assertEqual(self.send("nothing", "{}")[0], 405)
        self.assertEqual(self.post("query", self.question({"target": "'; drop table chunk; --"}))[0]["datapoints"], [])
        self.assertEqual(self.post("query", self.question({"target": "d.a" * 100, "payload": {"agg": "mean"}}))[0]["datapoints"], [])
        self.assertEqual(len(self.post("query", self.question({"target": "d.a", "payload": {"agg": "mean"}}))), 1)

    def test_in_pieces_and_slow(self):
        """A body that comes byte by byte, in chunks; a client that never ends it; one that takes nothing of its answer: the others are served."""
        body = json.dumps(self.question({"target": "d.a", "payload": {"agg": "mean"}})).encode()
        head = b"POST /grafana/query HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        with contextlib.ExitStack() as stack:
            connect = lambda: stack.enter_context(socket.create_connection(("127.0.0.1", self.bench.port), PATIENCE_S))
            stuck = connect()
            stuck.sendall(head + b"Content-Length: 5000\r\n\r\n{")
            lazy = connect()
            many = json.dumps({"range": {"from": 1, "to": int(time.time() * 1000)}, "maxDataPoints": 20000, "intervalMs": 1,
                               "targets": [{"target": "d.a", "payload": {"agg": "mean"}}] * 100}).encode()
            lazy.sendall(head + b"Content-Length: %d\r\n\r\n" % len(many) + many)
            sock = connect()
            sock.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n")
            for k in range(len(body)):
                sock.sendall(b"1\r\n" + body[k:k + 1] + b"\r\n")
            sock.sendall(b"0\r\n\r\n")
            answer = http.client.HTTPResponse(sock)
            answer.begin()
            self.assertEqual((answer.status, json.loads(answer.read())[0]["target"]), (200, "d.a"))
            self.assertEqual(self.post("query", self.question({"target": "d.a", "payload": {"agg": "mean"}}))[0]["target"], "d.a")
            # The one who was lazy gets it all in the end.
            answer = http.client.HTTPResponse(lazy)
            answer.begin()
            series = json.loads(answer.read())
            self.assertEqual({len(one["datapoints"]) for one in series}, {20000})

    def test_infinity_asks_for_json(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.bench.port, timeout=PATIENCE_S)
        with contextlib.closing(connection):
            for path in ("/d.a?from=-1min&points=5&format=flat", f"/d.a?from={self.begun_ms}&to={self.begun_ms + 5000}&format=flat",
                         f"/d.a?from={self.begun_ms // 1000}&to={self.begun_ms // 1000 + 5}&format=flat",
                         "/d.a?from=2026-01-01T00:00:00Z&to=2026-01-01T01:00:00.000Z&points=5&format=flat"):
                connection.request("GET", HISTORY + path, headers={"Accept": "application/json;q=0.9,text/plain", "Accept-Encoding": "gzip",
                                                                   "User-Agent": "Grafana/11.2.0", "X-Grafana-Org-Id": "1"})
                answer = connection.getresponse()
                self.assertEqual((answer.status, answer.getheader("Content-Type"), answer.getheader("Content-Encoding")), (200, "application/json", None))
                rows = json.loads(answer.read())
                self.assertIsInstance(rows, list)
                self.assertIn("d.a", rows[0])
            connection.request("GET", "/api/v1/channels", headers={"Accept": "application/json;q=0.9,text/plain", "Accept-Encoding": "gzip"})
            answer = connection.getresponse()
            self.assertEqual(answer.getheader("Content-Type"), "application/json")
            self.assertIn("channels", json.loads(answer.read()))


class Dashboard(Asks):
    """What docs/ gives away: each question of it is answered by a bench that runs."""

    def test_every_panel_is_answered(self):
        board = json.loads((ROOT / "docs/grafana/bench.json").read_text())
        self.assertEqual(sorted({panel["id"] for panel in board["panels"]}), [panel["id"] for panel in board["panels"]])
        variables = {variable["name"]: variable for variable in board["templating"]["list"]}
        self.assertEqual(variables["datasource"]["query"], "simpod-json-datasource")
        channels = [row["__value"] for row in self.post("variable", {"payload": {"target": variables["channel"]["query"]["query"]}, "range": {}})]
        self.assertIn("d.a", channels)
        values = {"$channel": "(d\\.a|d\\.b)", "$states": variables["states"]["current"]["value"]}
        annotations = board["annotations"]["list"]
        wait_for("the alarm is recorded", lambda: self.bench.get("/api/v1/events?kind=alarm_on")["events"])
        for one in [*board["panels"], *annotations]:
            self.assertEqual(one["datasource"], {"type": "simpod-json-datasource", "uid": "${datasource}"})
            for target in one.get("targets") or [one["target"]]:
                with self.subTest(one.get("title") or one["name"]):
                    self.assertEqual(target["datasource"], one["datasource"])
                    what = values.get(target["target"], target["target"])
                    self.assertNotIn("$", what)
                    answer = self.post("query", self.question({**target, "target": what}, maxDataPoints=one.get("maxDataPoints", 600)))
                    self.assertTrue(answer)
                    for series in answer:
                        if "rows" in series:
                            self.assertIn("time", [column["text"] for column in series["columns"]])
                        else:
                            self.assertTrue(any(value is not None for value, _ in series["datapoints"]), series["target"])
        names = [series["target"] for series in self.post("query", self.question({"target": values["$states"], "payload": {"agg": "last"}}))]
        self.assertEqual(names, ["alarm.hot last"])

    def test_provisioning(self):
        sources = yaml.safe_load((ROOT / "docs/grafana/datasources.yaml").read_text())["datasources"]
        self.assertEqual([source["type"] for source in sources],
                         ["simpod-json-datasource", "yesoreyeram-infinity-datasource", "prometheus", "postgres"])
        self.assertTrue(sources[0]["url"].endswith("/grafana"))


if __name__ == "__main__":
    unittest.main()
