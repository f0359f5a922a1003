#!/usr/bin/python3
"""The history under kills and power cuts, for as long as it is given: tests/soak_store.py BUILD --for SECONDS [--seed SEED]

Each round has a seed of its own; a round that fails is printed with the command that repeats it.
"""
import argparse
import pathlib
import subprocess
import sys
import time

KILLS, CUTS = 100, 300
arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
arguments.add_argument("build", type=pathlib.Path)
arguments.add_argument("--for", dest="seconds", type=float, required=True)
arguments.add_argument("--seed", type=int, default=time.time_ns() // 1000)
options = arguments.parse_args()
end, seed, kills, cuts, failed = time.monotonic() + options.seconds, options.seed, 0, 0, 0
while time.monotonic() < end:
    for name, count in ("test_history_store", KILLS), ("test_history_power", CUTS):
        command = [str(options.build / "tests/unit" / name), str(count), str(seed)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            failed += 1
            print(f"failed: {' '.join(command)}\n{done.stdout}{done.stderr}", flush=True)
    kills, cuts, seed = kills + KILLS, cuts + CUTS, seed + 1
print(f"history: {kills} kills, {cuts} power cuts, {failed} rounds failed; seeds {options.seed} to {seed - 1}")
sys.exit(1 if failed else 0)
