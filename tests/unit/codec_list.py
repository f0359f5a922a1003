#!/usr/bin/python3
"""Each codec of the list has its page and its unit test: codec_list.py NAME...

NAME... is the list that opens src/drivers/meson.build. Prints TAP.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SECTIONS = ("Errors|errors", "Points|points|Addresses", "Standard")


def faults(name):
    page = ROOT / "docs/drivers" / f"{name}.md"
    test = ROOT / "tests/unit" / f"test_{name}.c"
    if not page.is_file():
        yield f"docs/drivers/{name}.md is missing: write what the codec talks to, wiring, points, errors, standard"
    else:
        headings = [line for line in page.read_text().splitlines() if line.startswith("#")]
        if not headings or "`use: " not in headings[0]:
            yield f"docs/drivers/{name}.md: its title does not say `use: ...`"
        for section in SECTIONS:
            if not any(re.search(section, heading) for heading in headings[1:]):
                yield f"docs/drivers/{name}.md: no section {section.split('|')[0]}"
    if not test.is_file():
        yield f"tests/unit/test_{name}.c is missing"
    elif f"'{name}'" not in (ROOT / "tests/unit/meson.build").read_text():
        yield f"tests/unit/test_{name}.c is not in tests/unit/meson.build"


def main(names):
    said = {name: list(faults(name)) for name in names}
    said["the list"] = [] if names and names == sorted(names) else ["src/drivers/meson.build: the list is not sorted"]
    for number, (name, found) in enumerate(said.items(), 1):
        print(f"{'not ok' if found else 'ok'} {number} - {name}")
        for fault in found:
            print(f"# {fault}")
    print(f"1..{len(said)}")
    return any(said.values())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
