#!/usr/bin/python3
"""Compare the step tables of rehearsals of the demonstration bench's sequences with what is written down: rehearse.py BUILD [--update]

rehearse.json holds, for each sequence that rehearses, how it ends and its steps. Texts have to be the same, times within two ticks. Prints TAP.
"""
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
DEMO = HERE.parent.parent / "benches/demo"
OK = HERE / "rehearse.json"
NEAR_S = 0.2  # the mathematics of two C libraries may differ in the last digit of a noise
COLD = ["--begin", "furnace.sp=25", "--begin", "furnace.pv=25", "--begin", "daq.tc0=25"]
RUNS = {
    "purge-and-warm-up": COLD,
    "purge-and-warm-up, hot": [],
    "purge-and-warm-up, by bytes": [*COLD, "--bytes"],
    "purge-and-warm-up, to 200 degC": [*COLD, "--set", "T_warm=200 degC", "--set", "purge=5 min"],
    "methanation": [],
    "leak-test": [],
    "leak-test, under pressure": ["--begin", "daq.ai0=2.5"],
}


def table(mbc, name, options):
    path = DEMO / "sequences" / (name.partition(",")[0] + ".seq")
    done = subprocess.run([mbc, "rehearse", DEMO / "bench.yaml", path, *options, "--json"], capture_output=True, text=True, timeout=250)
    if done.returncode not in (0, 1) or not done.stdout:
        sys.exit(f"{name}: exit {done.returncode}: {done.stderr}")
    told = json.loads(done.stdout)
    return {key: told[key] for key in ("ends", "why", "where", "takes_s", "at_most_s", "steps")}


def differs(one, other):
    """Where two documents do, or None."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return next((f"{key}: {found}" for key in one if (found := differs(one[key], other[key]))), None)
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return next((f"{i}: {found}" for i, (a, b) in enumerate(zip(one, other)) if (found := differs(a, b))), None)
    if all(isinstance(n, (int, float)) for n in (one, other)) and abs(one - other) <= NEAR_S:
        return None
    return None if one == other else f"{one!r} is not {other!r}"


def main():
    mbc = pathlib.Path(sys.argv[1]).resolve() / "mbc"
    got = {name: table(mbc, name, options) for name, options in RUNS.items()}
    if "--update" in sys.argv:
        OK.write_text(json.dumps(got, indent=1, ensure_ascii=False) + "\n")
    ok = json.loads(OK.read_text())
    failed = 0
    print(f"1..{len(RUNS)}")
    for i, name in enumerate(RUNS, 1):
        why = differs(got[name], ok.get(name))
        failed += why is not None
        print(f"{'ok' if why is None else 'not ok'} {i} - {name}" + ("" if why is None else f"\n# {why}"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
