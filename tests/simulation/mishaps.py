#!/usr/bin/python3
"""Instruments of the catalogue, with whatever can go wrong with them: mishaps.py BUILD [--lines] [--udp] [OPTION ...] [NAME ...]

Makes a bench of each instrument file (without NAME: of all of them) and gives them to the program `mishaps` of the build folder with the
options, which are its own (mishaps.c). With --lines also benches of several instruments on one line, where they can be told apart;
with --udp each that speaks in datagrams, too, instead of its own wire or with --lines beside it. The name of a bench is NAME, NAME-line or NAME-udp.
Parameters that have no default are those of the file's first exchange that has them. Files that no simulated instrument plays are named.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import yaml

HERE = pathlib.Path(__file__).resolve().parent
CATALOGUE = HERE.parent.parent / "instruments"
WITH_VALUE = ("--seed", "--case", "--for", "--questions")
ON_UDP = ("modbus", "text")
ADDRESSES = ("address", "unit", "node", "id")  # the parameter that tells instruments of one line apart


class Reader(yaml.SafeLoader):
    """yes and no are words, as in mbc."""


Reader.yaml_implicit_resolvers = {first: [(tag, pattern) for tag, pattern in rows if tag != "tag:yaml.org,2002:bool"]
                                  for first, rows in yaml.SafeLoader.yaml_implicit_resolvers.items()}


def params_of(file):
    """Those without a default."""
    given = {}
    for exchange in file.get("exchanges", []):
        given = {**exchange.get("with", {}), **given}
    out = {}
    for name, param in file.get("params", {}).items():
        if "default" not in param:
            out[name] = given.get(name, param.get("choices", param.get("range", ["x"]))[0])
    return out


def is_serial(file):
    return "serial" in file.get("line", {}) or file["protocol"] == "modbus-rtu"


def wire_of(file):
    if is_serial(file):
        return {"serial": "/dev/ttyS0," + file.get("line", {}).get("serial", "9600 8N1")}
    return {"tcp": "127.0.0.1:4001"}


def instrument(name, file, more):
    out = {"use": name, "link": "l", "every": "1 s", **params_of(file), **more}
    if "identity" in file:
        out["identify"] = {"is": "tr"}  # what a simulated instrument calls itself begins with its name
    return out


def address_of(file):
    """The name of the parameter, and two values of it."""
    for name in ADDRESSES:
        param = file.get("params", {}).get(name)
        if param is None or not is_serial(file):
            continue
        if param.get("type") == "int":
            return name, [param["range"][0] + 1, param["range"][0] + 2]
        if param.get("type") == "text" and str(param.get("default")) == "A":
            return name, ["A", "B"]
    return None


def datagrams(files):
    """Those that speak in datagrams."""
    for name, file in files.items():
        if file["protocol"] in ON_UDP:
            yield f"{name}-udp", {"bench": "b", "links": {"l": {"udp": "127.0.0.1:4001"}}, "instruments": {"try1": instrument(name, file, {})}}


def benches(files, has_lines):
    """Name and bench of each."""
    for name, file in files.items():
        yield name, {"bench": "b", "links": {"l": wire_of(file)}, "instruments": {"try1": instrument(name, file, {})}}
    if not has_lines:
        return
    by_protocol = {}
    for name, file in files.items():
        found = address_of(file)
        if found is None:
            continue
        param, values = found
        by_protocol.setdefault(file["protocol"].replace("modbus-rtu", "modbus"), []).append((name, file, param))
        yield f"{name}-line", {"bench": "b", "links": {"l": wire_of(file)}, "instruments": {
            f"try{i}": instrument(name, file, {param: value}) for i, value in enumerate(values)}}
    mixed = {}
    for name, file, param in by_protocol.get("modbus", []):
        mixed.setdefault(file.get("line", {}).get("serial"), []).append((name, file, param))
    for number, (line, group) in enumerate((line, group + mixed.get(None, [])) for line, group in mixed.items() if line is not None):
        yield f"modbus-line{number + 1}", {
            "bench": "b", "links": {"l": {"serial": f"/dev/ttyS0,{line}"}}, "instruments": {
                f"try{i}": instrument(name, file, {param: 11 + i}) for i, (name, file, param) in enumerate(group)}}


def compile_bench(program, folder, name, bench):
    """The image, or what was wrong."""
    source, image = folder / f"{name}.yaml", folder / f"{name}.image"
    source.write_text(json.dumps(bench))
    with open(image, "wb") as out:
        done = subprocess.run([program, "--out-fd", str(out.fileno()), str(source)], pass_fds=[out.fileno()], text=True,
                              capture_output=True, env={**os.environ, "MBC_CATALOGUE": str(CATALOGUE)})
    if done.returncode == 0:
        return image
    print(f"not ok - {name}: its bench cannot be compiled\n# {done.stderr.strip()[:600]}")
    sys.exit(1)


def played():
    """Codecs that have a player."""
    text = "".join(path.read_text() for path in (HERE.parent.parent / "src/twin").glob("play_*.c"))
    return set(re.findall(r'\.codec = "([a-z0-9-]+)"', text))


def is_wanted(name, files, has_lines, has_udp):
    if name in files:
        return has_lines or not has_udp
    return has_udp if name.endswith("-udp") else has_lines


def main():
    words = sys.argv[2:]
    build = pathlib.Path(sys.argv[1]).resolve()
    has_lines, has_udp = "--lines" in words, "--udp" in words
    options, names = [], []
    while words:
        word = words.pop(0)
        if word in WITH_VALUE:
            options += [word, words.pop(0)]
        elif word.startswith("--"):
            options += [word] if word not in ("--lines", "--udp") else []
        else:
            names.append(word)
    files = {path.stem: yaml.load(path.read_text(), Reader) for path in sorted(CATALOGUE.glob("*.yaml"))}
    players = played()
    for name, file in list(files.items()):
        if file["protocol"] not in players:
            print(f"# {name}: not played, {file['protocol']} has no simulated instrument", flush=True)
            del files[name]
    with tempfile.TemporaryDirectory(prefix="mbc-mishaps-") as folder:
        made = dict(benches(files, True)) | dict(datagrams(files))
        wanted = names or [name for name in made if is_wanted(name, files, has_lines, has_udp)]
        images = [compile_bench(build / "mbc-compile", pathlib.Path(folder), name, made[name]) for name in wanted]
        return subprocess.run([build / "tests/simulation/mishaps", *options, *images]).returncode


if __name__ == "__main__":
    sys.exit(main())
