#!/usr/bin/python3
"""Compare the trees with line numbers, which the table editor of the page works on, with what is written down: lines.py BUILD [--update]

lines/NAME.json is what `mbc sequence lines` gives for lines/NAME.seq and for the sequences of the demonstration bench; web/test/rows.test.mjs reads them. Prints TAP.
"""
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
DEMO = HERE.parent.parent / "benches/demo/sequences"


def main():
    mbc = pathlib.Path(sys.argv[1]).resolve() / "mbc"
    texts = sorted([*(HERE / "lines").glob("*.seq"), *DEMO.glob("*.seq")])
    failed = 0
    print(f"1..{len(texts)}")
    for i, path in enumerate(texts, 1):
        done = subprocess.run([mbc, "sequence", "lines", path], capture_output=True, text=True, timeout=60)
        kept = HERE / "lines" / (path.stem + ".json")
        if "--update" in sys.argv and done.returncode == 0:
            kept.write_text(json.dumps(json.loads(done.stdout), indent=1, ensure_ascii=False) + "\n")
        good = done.returncode == 0 and kept.exists() and json.loads(done.stdout) == json.loads(kept.read_text())
        failed += not good
        print(f"{'ok' if good else 'not ok'} {i} - {path.stem}" + ("" if good else f"\n# {done.stderr}see {kept.name}; --update after a wanted change"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
