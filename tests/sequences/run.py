#!/usr/bin/env python3
"""run.py MBC-COMPILE: sequences that are good, and what is wrong on purpose in them.

Each good file is accepted, keeps its meaning through text, JSON and text again, and does not change when it is formatted twice. Each
mutation (mutations.py) is refused with its code at its place; each change of good.py is accepted.
"""
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from good import CHANGES
from mutations import MUTATIONS

COMPILE = os.path.abspath(sys.argv[1])
BENCH = os.path.join(HERE, "bench.yaml")
LINE = re.compile(r"^(.*?):(\d+):(\d+): error: (.*; .*) \[([a-z0-9-]+)\]$")
failures = 0


def fail(text):
    global failures
    failures += 1
    print("FAILED:", text)


def run(*args):
    p = subprocess.run([COMPILE, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    return p.returncode, p.stdout, p.stderr.decode("utf-8", "replace")


def check(text, folder):
    path = os.path.join(folder, "x.seq")
    with open(path, "w", encoding="utf-8", newline="") as f:
        f.write(text)
    return run("--check", BENCH, path)


def place(text, offset):
    """Line and column in characters."""
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def mutate(source, m):
    find, put = m[1], m[2]
    if source.count(find) < 1:
        raise ValueError("not in the file: %r" % find)
    text = source.replace(find, put, 1)
    if "§" in text:
        at = text.index("§")
        text = text.replace("§", "", 1)
    else:
        at = text.index(m[3])
    return text, place(text, at)


def refuse(code, m, source, folder):
    text, wanted = mutate(source, m)
    rc, _, said = check(text, folder)
    told = [LINE.match(line) for line in said.splitlines() if ": error: " in line]
    if rc != 1 or not told or None in told:
        fail("%s: %r: exit %d, %s" % (code, m[1:], rc, said.strip() or "accepted"))
        return
    first = told[0]
    if first.group(5) != code or (int(first.group(2)), int(first.group(3))) != wanted:
        fail("%s at %s: %r\n    %s" % (code, wanted, m[1:], said.strip()))
    elif len(told) > 1 and code not in FOLLOWED:
        fail("%s: more than one fault: %r\n    %s" % (code, m[1:], said.strip()))


# Codes of which one change makes several faults.
FOLLOWED = {"needs", "step-order", "param-range", "unknown-choice", "include", "name-twice", "unknown-unit", "name", "no-unit", "syntax",
            "expression", "unreachable", "empty", "control-character", "interlock", "shutoff", "two-writers", "unknown-command", "otherwise",
            "time", "unknown-name", "order", "record-rate"}


def round_trips(path, folder):
    rc, once, said = run("--sequence", "format", path)
    if rc != 0:
        fail("%s cannot be formatted: %s" % (path, said))
        return
    a, j = os.path.join(folder, "a.seq"), os.path.join(folder, "a.seq.json")
    open(a, "wb").write(once)
    if run("--sequence", "format", a)[1] != once:
        fail("%s changes when it is formatted again" % path)
    if run("--sequence", "format", a, "--check")[0] != 0:
        fail("%s is not taken as formatted" % path)
    json = run("--sequence", "json", path)[1]
    open(j, "wb").write(json)
    if run("--sequence", "text", j)[1] != once:
        fail("%s is another one behind JSON" % path)
    if run("--check", BENCH, j)[0] != 0:
        fail("%s as JSON is refused: %s" % (path, run("--check", BENCH, j)[2]))
    open(a, "wb").write(once)
    if run("--sequence", "json", a)[1] != json:
        fail("%s has another JSON once it is formatted" % path)
    comments = lambda b: sorted(c.strip() for c in re.findall(rb"#[^\n\"]*$", b, re.M))
    if comments(open(path, "rb").read()) != comments(once):
        fail("%s loses comments" % path)


# What is wrong in JSON: text that stands in the file, what stands there instead, and the code; § is the place.
JSON_WRONG = [
    ('"do":"set"', '"do":§"sett"', "json"), ('"version":2', '"version":§"2"', "json"), ('"version":2', '"version":2,§"versions":3', "json"),
    ('"version":2', '"version":2,§"version":3', "json"), ('"to":"T_hot"', '"to":"T_hot §; abort"', "syntax"), ('"to":"T_hot"', '"to":"T_hot §# c"', "syntax"),
    ('"output":"N2_flow"', '"output":"§N2 flow"', "name"), ('"output":"N2_flow"', '"output":"§set"', "syntax"), ('"title":"Start"', '"title":§7', "json"),
    ('"title":"Start"', '"title":"St§\x01art"', "json"), ('"step":10', '"step":§10.5', "json"), ('"handlers":[', '"handlers":[1§', "json"),
    ('"comment":"#', '"comment":§"', "json"), ('"sequence":', '§sequence:', "json"), ('"joined":true', '"joined":§1', "json"),
]


def refuse_json(find, put, code, json, folder):
    path = os.path.join(folder, "w.seq.json")
    if find not in json:
        fail("not in the JSON: %r" % find)
        return
    text = json.replace(find, put, 1)
    at = len(text[:text.index("§")]) + 1
    with open(path, "w", encoding="utf-8") as f:
        f.write(text.replace("§", "", 1))
    rc, _, said = run("--sequence", "text", path)
    told = [LINE.match(line) for line in said.splitlines() if ": error: " in line]
    told = told[0] if told and told[0] else None
    if rc != 1 or told is None or told.group(5) != code or (int(told.group(2)), int(told.group(3))) != (1, at):
        fail("JSON %r, %s at %d: exit %d, %s" % (put, code, at, rc, said.strip()[:400]))


def main():
    good = {}
    n_bad = n_good = 0
    for name in sorted(os.listdir(os.path.join(HERE, "good"))):
        path = os.path.join(HERE, "good", name)
        with open(path, encoding="utf-8", newline="") as f:
            good[name] = f.read()
        rc, _, said = run("--check", BENCH, path)
        n_good += 1
        if rc != 0 or "error" in said:
            fail("%s is refused: %s" % (name, said))
    with tempfile.TemporaryDirectory() as folder:
        for name, text in good.items():
            round_trips(os.path.join(HERE, "good", name), folder)
            with open(os.path.join(folder, name), "w", encoding="utf-8", newline="") as f:
                f.write(text)
        json = run("--sequence", "json", os.path.join(HERE, "good", "all.seq"))[1].decode()
        for wrong in JSON_WRONG:
            n_bad += 1
            refuse_json(*wrong, json, folder)
        for code, table in MUTATIONS.items():
            if len(table) < 5:
                fail("%s has %d mutations, and should have five" % (code, len(table)))
            for m in table:
                n_bad += 1
                refuse(code, m, good[m[0]], folder)
        for name, find, put in CHANGES:
            n_good += 1
            if find not in good[name]:
                fail("not in %s: %r" % (name, find))
                continue
            rc, _, said = check(good[name].replace(find, put, 1), folder)
            if rc != 0:
                fail("a good one is refused: %r -> %r\n    %s" % (find, put, said.strip()))
    print("%d good, %d wrong, %d codes, %d failures" % (n_good, n_bad, len(MUTATIONS), failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
