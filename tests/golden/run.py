#!/usr/bin/python3
"""Compare what mbc-compile says about bench files with what is written down: run.py MBC-COMPILE [--update]

NAME.in.yaml goes in; NAME.ok holds the exit code, the merged bench and the messages. A bench that is accepted is printed back, must parse to
itself, and must satisfy the JSON Schema. instruments/NAME.yaml is an instrument file by itself. Larger inputs are made here. Prints TAP.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import jsonschema
import yaml

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
DOCUMENT = ROOT / "docs/bench-file.md"
FILE_DOCUMENT = ROOT / "docs/instrument-file.md"
CATALOGUE = ROOT / "instruments"
LIMIT_S = 2.5  # the program bounds itself to 2 s of processor time
LIMIT_KIB = 64 * 1024  # neither bound means anything under a sanitizer


class Reader(yaml.SafeLoader):
    """YAML 1.2 as editors read it: only true and false are truths, and there are no dates or sexagesimals."""


Reader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rules if tag.endswith((":int", ":float", ":null"))]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class Tap:
    def __init__(self):
        self.count = self.failed = 0

    def tell(self, name, why=None):
        self.count += 1
        print(f"{'ok' if why is None else 'not ok'} {self.count} - {name}")
        if why is not None:
            self.failed += 1
            print("# " + why.rstrip().replace("\n", "\n# "))


def compile_file(program, *arguments, cwd=HERE):
    return subprocess.run([program, *arguments], cwd=cwd, capture_output=True, timeout=60)


def text_of(result):
    return (f"exit {result.returncode}\n" + result.stdout.decode() + result.stderr.decode())


def parses_to_itself(program, merged):
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "again.yaml").write_bytes(merged)
        (pathlib.Path(folder) / "instruments").symlink_to(HERE / "instruments")
        again = compile_file(program, "--merged", "again.yaml", cwd=folder)
    return again.returncode == 0 and again.stdout == merged


def check_golden(program, schema, path, update):
    """None, or what is wrong."""
    result = compile_file(program, "--merged", path.name)
    ok = path.with_name(path.name.replace(".in.yaml", ".ok"))
    text = text_of(result)
    if update:
        ok.write_text(text)
    if not ok.exists():
        return f"{ok.name} is missing; run run.py MBC-COMPILE --update and read what it writes"
    if text != ok.read_text():
        return f"expected:\n{ok.read_text()}\ngot:\n{text}"
    if result.returncode != 0:
        line = re.compile(r"^[^:\n]+:\d+:\d+: (error|warning): .+; .+ \[[a-z-]+\]$|^and \d+ more; ")
        odd = [one for one in result.stderr.decode().splitlines() if not line.match(one)]
        return "a message without place, remedy or code: " + odd[0] if odd or not result.stderr else None
    if not parses_to_itself(program, result.stdout):
        return "the merged bench does not parse to itself"
    try:
        jsonschema.validate(yaml.load(result.stdout, Reader), schema)
    except jsonschema.ValidationError as error:
        return f"accepted, but not by the JSON Schema: {error.message}"
    return None


def check_catalogue(program, path):
    """A file of the catalogue is right, and its exchanges are as they should be."""
    result = compile_file(program, "--check", str(path))
    return text_of(result) if result.returncode != 0 or result.stderr else None


def check_file(program, schema, path, update):
    """An instrument file by itself: None, or what is wrong."""
    result = compile_file(program, "--check", f"instruments/{path.name}")
    ok = path.with_suffix(".ok")
    text = text_of(result)
    if update:
        ok.write_text(text)
    if not ok.exists():
        return f"{ok.name} is missing; run run.py MBC-COMPILE --update and read what it writes"
    if text != ok.read_text():
        return f"expected:\n{ok.read_text()}\ngot:\n{text}"
    return schema_refuses(schema, path) if result.returncode == 0 else None


def schema_refuses(schema, path):
    try:
        jsonschema.validate(yaml.load(path.read_bytes(), Reader), schema)
    except jsonschema.ValidationError as error:
        return f"accepted, but not by the JSON Schema: {error.message[:400]}"
    return None


def check_file_schema(schema):
    """None, or what is wrong: the schema of instrument files takes a good one, and not what is wrong in its form."""
    jsonschema.Draft202012Validator.check_schema(schema)
    good = {"instrument": "a", "title": "A", "confidence": "low", "protocol": "modbus", "unproven": "no device",
            "params": {"unit": {"type": "int"}}, "every": "${unit} s",
            "channels": {"a": {"read": {"holding": "${unit}"}, "scale": "10^-unit"}}}
    wrong = {
        "no protocol": {"protocol": None},
        "a protocol that does not exist": {"protocol": "modbuss"},
        "nothing that proves it": {"unproven": None},
        "an empty list of exchanges": {"unproven": None, "exchanges": []},
        "a link": {"link": "io"},
        "messages of a codec that has none": {"messages": {"a": {"send": "a"}}},
        "an unknown key of a channel": {"channels": {"a": {"reed": 1}}},
        "a param without type": {"params": {"unit": {"default": 1}}},
        "an exchange without question": {"exchanges": [{"receive": "01"}]},
        "a line that is no map": {"line": "9600 8N1"},
    }
    validator = jsonschema.Draft202012Validator(schema)
    if not validator.is_valid(good):
        return "a good instrument file is refused"
    for what, change in wrong.items():
        if validator.is_valid({key: value for key, value in (good | change).items() if value is not None}):
            return f"it accepts {what}"
    return None


def check_schema(schema):
    jsonschema.Draft202012Validator.check_schema(schema)
    wrong = {"bench": "a", "instruments": {"d": {"use": "modbus", "link": "io", "channels": {"a": {"reed": 1}}}}}
    if jsonschema.Draft202012Validator(schema).is_valid(wrong):
        return "the JSON Schema accepts an unknown key"
    return None


def check_document(schema):
    """Every key that the tables know is in the reference."""
    known = DOCUMENT.read_text()
    keys = set(schema["properties"])
    for definition in schema["$defs"].values():
        keys |= set(definition.get("properties", {}))
    missing = sorted(key for key in keys if f"`{key}`" not in known)
    return f"{DOCUMENT.name} does not tell about: {', '.join(missing)}" if missing else None


def check_file_document(schema):
    """Every key that only instrument files have is in their reference."""
    known = FILE_DOCUMENT.read_text()
    keys = set(schema["$defs"]["file_text"]["required"])
    for name in ("file_line", "param", "exchange"):
        keys |= set(schema["$defs"][name]["properties"])
    missing = sorted(key for key in keys if f"`{key}`" not in known)
    return f"{FILE_DOCUMENT.name} does not tell about: {', '.join(missing)}" if missing else None


def check_tutorial(program, path):
    """The files of a tutorial are good, and what mbc check says about them stands in it: None, or what is wrong."""
    known = path.read_text()
    blocks = re.findall(r"^```yaml\n(.*?)^```$", known, re.M | re.S)
    with tempfile.TemporaryDirectory() as folder:
        for block in blocks:
            kind, name = re.match(r"(bench|instrument): (\S+)", block).groups()
            file = pathlib.Path(folder) / ("instruments" if kind == "instrument" else "") / f"{name}.yaml"
            file.parent.mkdir(exist_ok=True)
            file.write_text(block)
            environment = os.environ | {"MBC_CATALOGUE": str(ROOT / "instruments")}
            result = subprocess.run([program, "--check", str(file)], capture_output=True, timeout=60, env=environment)
            said = (result.stdout + result.stderr).decode().strip()
            if result.returncode != 0 or f"    {said}\n" not in known:
                return f"of {name} it does not tell: {said}"
    return None if blocks else "no file stands in it"


def check_example():
    """What is shown can be run: None, or what is wrong."""
    file = (ROOT / "benches/safety/bench.yaml").read_text()
    missing = [path.name for path in sorted(ROOT.glob("docs/safety*.md")) if f"```yaml\n{file}```\n" not in path.read_text()]
    return "not in " + ", ".join(missing) if missing else None


def check_statement():
    """The statement stands word for word where it has to: None, or what is wrong."""
    def words(path):
        text = (ROOT / path).read_text()
        return " ".join(re.sub(r'\\n|"|^> ?', " ", text, flags=re.M).split())

    statement = words("docs/safety.md")
    statement = statement[statement.index("mbc is a control and monitoring system."):]
    statement = statement[:statement.index(" What follows")]
    places = ("README.md", "docs/tutorial.md", "docs/man/mbc.1", "src/cli/doctor.c")
    missing = [path for path in places if statement not in words(path)]
    return f"not in {', '.join(missing)}: {statement}" if missing else None


def large_bench(channels):
    lines = ["bench: large", "links:", '  io: {tcp: "127.0.0.1:502"}', "instruments:"]
    for i in range(channels // 2):
        if i % 100 == 0:
            lines += [f"  d{i // 100}:", "    use: modbus", "    link: io", f"    unit: {i // 100 % 247 + 1}", "    channels:"]
        lines.append(f"      c{i % 100}: {{read: {{holding: {i % 100 * 2}, type: float32}}, unit: degC, scale: 0.1}}")
    lines.append("channels:")
    for i in range(channels - channels // 2):
        lines.append(f"  T{i}: {{calc: T{i - 1} + 5 K, unit: degC}}" if i % 2 else
                     f"  T{i}: {{read: d{i // 100}.c{i % 100}, range: [0 degC, 300 degC]}}")
    return "\n".join(lines) + "\n"


def large_inputs():
    """Name, bytes, exit code, what must be in the messages (one of several: a sanitizer lifts the bound on memory)."""
    follow = "bench: a\ninstruments: {pc: {use: system}}\nchannels:\n"
    yield "10 000 channels", large_bench(10000).encode(), 0, "10000 channels"
    yield "more than 20 000 channels", large_bench(20100).encode(), 1, "too-large"
    yield "10 000 channels that follow one another", (follow + "".join(
        f"  a{i}: {{read: a{i + 1}}}\n" for i in range(10000)) + "  a10000: {read: pc.cpu}\n").encode(), 0, "10007 channels"
    yield "a circle of 10 000 channels", (follow + "".join(
        f"  a{i}: {{calc: a{(i + 1) % 10000} + 1}}\n" for i in range(10000))).encode(), 1, "circle"
    yield "many circles through 9000 channels", (follow + "".join(
        f"  a{i}: {{calc: a{(i + 1) % 9000}{' + a0' * 50}}}\n" for i in range(9000))).encode(), 1, "in a circle: a0 -> a1"
    yield "15 000 long names, all wrong", (follow + "".join(
        f"  a_long_name_of_a_channel_that_is_like_all_the_others_{i}: {{read: a_long_name_of_a_channel_that_is_not_there_{i}x}}\n"
        for i in range(15000))).encode(), 1, "and 14950 more"
    yield "10 000 errors", (follow + "".join(f"  a{i}: {{read: b{i}.x}}\n" for i in range(10000))).encode(), 1, "and 9950 more"
    yield "more than 4 MB", b"#" * (4 << 20) + b"\nbench: a\n", 1, "larger than 4 MB"
    yield "4 MB in one value", b"bench: " + b"x" * 4000000, 1, "cannot name a bench"
    yield "two million open brackets", b"a: " + b"[" * 2000000, 1, "[syntax]|[depth]"
    yield "two million list items", b"a: [" + b"1," * 2000000 + b"]", 1, "too-large"
    yield "half a million values", b"a:\n" + b"- 1\n" * 500000, 1, "too-large"
    yield "4 MB of quotes", b'"' * 4000000, 1, "[syntax]"
    yield "an expression of 4 MB", b"bench: a\nchannels: {a: {calc: '" + b"(" * 3900000 + b"'}}\n", 1, "[expression]"


def check_large(program, folder, data, code, wanted):
    path = pathlib.Path(folder) / "large.yaml"
    path.write_bytes(data)
    began = time.monotonic()
    process = subprocess.Popen([program, "--check", str(path)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    text = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = usage.ru_utime + usage.ru_stime
    if process.returncode != code or not any(one in text for one in wanted.split("|")):
        return f"expected exit {code} and '{wanted}', got {process.returncode}:\n{text[:500]}"
    if b"__asan_init" in pathlib.Path(program).read_bytes():
        return None
    if seconds > LIMIT_S:
        return f"took {seconds:.2f} s of processor time, {time.monotonic() - began:.2f} s in all"
    if usage.ru_maxrss > LIMIT_KIB:
        return f"took {usage.ru_maxrss} KiB"
    return None


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    update = "--update" in sys.argv
    tap = Tap()
    schema = json.loads(compile_file(program, "--schema").stdout)
    tap.tell("JSON Schema", check_schema(schema))
    tap.tell("reference of all keys", check_document(schema))
    file_schema = json.loads(compile_file(program, "--schema-instrument").stdout)
    tap.tell("JSON Schema of instrument files", check_file_schema(file_schema))
    tap.tell("reference of the keys of instrument files", check_file_document(file_schema))
    for path in sorted([*ROOT.glob("docs/first-instrument*.md"), *ROOT.glob("docs/safety*.md")]):
        tap.tell(path.name, check_tutorial(program, path))
    tap.tell("the example of docs/safety.md is the file in benches", check_example())
    tap.tell("what mbc is not, in each place that has to say it", check_statement())
    for path in sorted(ROOT.glob("instruments/*.yaml")):
        tap.tell(f"JSON Schema accepts {path.name}", schema_refuses(file_schema, path))
    for path in sorted(HERE.glob("instruments/*.yaml")):
        tap.tell(f"instrument file {path.stem}", check_file(program, file_schema, path, update))
    for path in sorted(HERE.glob("*.in.yaml")):
        tap.tell(path.name.removesuffix(".in.yaml"), check_golden(program, schema, path, update))
    for path in sorted(CATALOGUE.glob("*.yaml")):
        tap.tell("catalogue: " + path.stem, check_catalogue(program, path))
    with tempfile.TemporaryDirectory() as folder:
        for name, data, code, wanted in large_inputs():
            tap.tell(name, check_large(program, folder, data, code, wanted))
    print(f"1..{tap.count}")
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
