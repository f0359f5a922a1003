#!/usr/bin/python3
"""The pages of events list every kind as src/msg/event.def has it: event_pages.py [--update]

Prints TAP. --update writes the tables anew.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BEGIN, END = "<!-- kinds: from src/msg/event.def by tests/unit/event_pages.py --update -->", "<!-- end of kinds -->"
PAGES = {  # page: heading, severities, column of the text, column of the remedy, what a field of the text is called
    "docs/events.md": ("| kind | | text | what to do |", {"INFO": "", "WARNING": "!", "ERROR": "!!"}, 1, 3,
                       {"%s": "*subject*", "%r": "*reason*", "%1": "*value*", "%t": ": *note*", "%p": "*who*"}),
    "docs/events.fr.md": ("| genre | | texte | que faire |", {"INFO": "", "WARNING": "!", "ERROR": "!!"}, 2, 4,
                          {"%s": "*sujet*", "%r": "*motif*", "%1": "*valeur*", "%t": " : *note*", "%p": "*qui*"}),
}


def kinds():
    text = (ROOT / "src/msg/event.def").read_text().partition("*/")[2]
    text = re.sub(r"^/\*.*?\*/\n", "", text, flags=re.M | re.S)  # headings between the kinds
    for row in re.findall(r"^EVENT\((.*?)\)\s*(?=^EVENT\(|\Z)", text, re.M | re.S):
        name, _, severity = re.match(r'(\w+),\s*"\w+",\s*(\w+),\s*(\w+)', row).groups()
        yield severity, re.findall(r'"((?:[^"\\]|\\.)*)"', row)


def table(page):
    assert len(list(kinds())) == len(re.findall(r"^EVENT\(", (ROOT / "src/msg/event.def").read_text(), re.M))
    heading, severities, text, remedy, fields = PAGES[page]
    lines = [heading, "|---|---|---|---|"]
    for severity, words in kinds():
        said = words[text]
        for field, name in fields.items():
            said = said.replace(field, name)
        lines.append(f"| `{words[0]}` | {severities[severity]} | {said} | {words[remedy]} |")
    return "\n".join(lines)


def main():
    number, failed = 0, False
    for page in PAGES:
        path = ROOT / page
        before, rest = path.read_text().split(BEGIN)
        found, after = rest.split(END)
        if "--update" in sys.argv:
            path.write_text(f"{before}{BEGIN}\n{table(page)}\n{END}{after}")
            continue
        number += 1
        is_same = found.strip() == table(page)
        failed = failed or not is_same
        print(f"{'ok' if is_same else 'not ok'} {number} - {page}")
        if not is_same:
            print("# it is not what src/msg/event.def says; run tests/unit/event_pages.py --update")
    if number:
        print(f"1..{number}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
