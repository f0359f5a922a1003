#!/usr/bin/python3
"""Does the reader that knows only docs/history-format.md read what the program writes? chunk_reader.py CHUNK_SAMPLES [SEED SERIES]"""
import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True
# From this seed on the series meet every prediction and every kind of value.
SERIES = ["2000", "420"]
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import chunk_read  # noqa: E402


def told(lines):
    """Blobs with the samples that the program says are in them."""
    blobs = []
    for line in lines:
        words = line.split()
        if words[0] == "blob":
            blobs.append((bytes.fromhex(words[1]), []))
            continue
        value = bytes.fromhex(words[3][1:]) if words[3][0] == '"' else int(words[3], 16)
        stands_for = (int(words[4]), int(words[5]), *(int(word, 16) for word in words[6:])) if len(words) > 4 else None
        blobs[-1][1].append((int(words[0]), int(words[1]), int(words[2]), value, stands_for))
    return blobs


def differs(blob, samples):
    try:
        found = chunk_read.read_blob(blob)[1]
    except chunk_read.Damaged as error:
        return f"refused: {error}"
    if len(found) != len(samples):
        return f"{len(found)} samples, not {len(samples)}"
    return next((f"sample {i}: {a}, not {b}" for i, (a, b) in enumerate(zip(found, samples)) if a != b), "")


def main():
    program, seed, series = sys.argv[1], *(sys.argv[2:4] or SERIES)
    out = subprocess.run([program, seed, series], capture_output=True, text=True, check=True).stdout
    blobs = told(out.splitlines())
    wrong = [(i, text) for i, text in enumerate(differs(*blob) for blob in blobs) if text]
    cut = [i for i, (blob, _) in enumerate(blobs[:40]) if not differs(blob[:-1], []).startswith("refused")]
    for i, text in wrong[:10]:
        print(f"# blob {i}: {text}; {blobs[i][0][:40].hex()}")
    print(f"{'not ok' if wrong or not blobs else 'ok'} 1 - {len(blobs)} blobs are read as they were written")
    print(f"{'not ok' if cut else 'ok'} 2 - a blob without its last byte is refused")
    coarse = sum(blob[0] == 2 for blob, _ in blobs)
    print(f"{'ok' if coarse > 20 else 'not ok'} 3 - {coarse} of them have samples that stand for several")
    print("1..3")
    return 1 if wrong or cut or coarse <= 20 else 0


sys.exit(main())
