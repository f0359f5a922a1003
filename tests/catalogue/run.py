#!/usr/bin/python3
"""Try the instrument files of the catalogue: run.py [--every N] MBC-COMPILE TWIN-SAYS [FILE ...]

Each file has to say who it is in English and French, to pass `mbc-compile --check`, and to be proven: each byte of each answer of its
exchanges is changed, and each answer cut short, and no digit of a value may change unnoticed. Its simulated instrument, set to the values
that an exchange expects, has to answer with the bytes that stand there. vectors.txt names what the files must hold. With --every only each Nth of the changed answers is tried, for builds that are
slow. Prints TAP.
"""
import importlib.util
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

import yaml

HERE = pathlib.Path(__file__).resolve().parent
CATALOGUE = HERE.parent.parent / "instruments"
REASONS = {"bad", "under_range", "over_range", "not_ready", "sensor_fault", "switched_off", "missing", "not_a_number", "device_failure",
           "below_live_zero"}
BATCH = 6  # exchanges a file: mbc-compile tells 50 errors at most, and each of them may have one a value

# What the simulated instrument answers otherwise than the exchange: (file, part of its answer): why.
OTHERWISE = {
    ("adam-4018", "!014018"): "its name is that of the instrument",
    ("alicat-mc", "+00123.4"): "the column of the totalizer is no value and shows 0",
    ("ak-analyser", "#"): "a value that is marked is written without its number",
    ("julabo", "-12.50<0A>"): "the other end of answers",
    ("julabo", "refusal"): "the words behind a code are not described",
    ("keysight-344xx", "KEYSIGHT"): "its name is that of the instrument",
    ("keller-bus", "refusal"): "an error that nobody asked for has the code 0",
    ("keller-bus", "01 30 05 14"): "its class, version and buffer are no values",
    ("knauer-azura-p", "<0A>FLOW"): "it sends no line feeds",
    ("moxa-e1241-rest", "aoIndex"): "the value of the file is rounded, and so between two numbers",
    ("mettler-sics", "B012345678"): "its name is that of the instrument",
    ("mks-g-series", "ACK;DA"): "it repeats the setpoint, others do not",
    ("new-era-ne1000", "1.500MM"): "the pump shows four digits wherever the point stands",
    ("pfeiffer-turbo", "refusal"): "the parameter that an error repeats is not described",
    ("scpi-dmm", "KEYSIGHT"): "its name is that of the instrument",
    ("ssi-pump", "0125"): "some pumps write leading zeros",
    ("velleman-k8090", "<04 51 00 01 00 AA 0F>"): "it answers the question behind the order, too",
    ("vici-multiposition", "Position is = 12"): "one blank less",
    ("vici-multiposition", "refusal"): "what stands before the equals sign is not described",
    ("vici-two-position", "Position is = B"): "one blank less, no quotes",
    ("vici-two-position", "refusal"): "what stands before the equals sign is not described",
}

# Protocols that no simulated instrument plays: why.
NOT_PLAYED = {"folder": "its files are real ones"}

# Answers with digits that are passed over: (file, question): why, and how many of its last bytes those are at most (None: they stand in its middle).
PASSED_OVER = {
    ("ak-analyser", "<02> AKON K1<03>"): ("behind #", None),
    ("alicat-mc", "B<0D>"): ("the totalizer", None),
    ("ssi-pump", "CS<0D>"): ("the last place", None),
    ("ipx800-v3-m2m", "GetInputs"): ("inputs 9 to 32", 26),
    ("ipx800-v3-m2m", "GetOutputs"): ("relays 9 to 32", 26),
    ("ipx800-v4-m2m", "Get=R"): ("relays from 9 on", 6),
    ("ipx800-v4-m2m", "Get=A"): ("analog inputs from 5 on", 14),
}

golden = importlib.util.spec_from_file_location("golden", HERE.parent / "golden" / "run.py")
golden_run = importlib.util.module_from_spec(golden)
golden.loader.exec_module(golden_run)


# ---- bytes ----------------------------------------------------------------------------------------------------------------------

def to_bytes(text):
    """As exchanges hold them: pairs in hexadecimal, or text with <0D>."""
    text = str(text)
    if re.fullmatch(r"[0-9A-F]{2}( [0-9A-F]{2})*", text):
        return bytes.fromhex(text)
    out = bytearray()
    for part in re.findall(r"<[0-9A-F ]+>|\\.|.", text, re.S):
        if part[0] == "<":
            out += bytes.fromhex(part[1:-1])
        elif part[0] == "\\":
            out += {"r": b"\r", "n": b"\n", "t": b"\t"}.get(part[1], part[1].encode())
        else:
            out += part.encode("latin-1")
    return bytes(out)


def to_hex(data):
    return data.hex(" ").upper()


def steps(value):
    return [] if value is None else [None if one is None else to_bytes(one) for one in (value if isinstance(value, list) else [value])]


# ---- the file by itself ---------------------------------------------------------------------------------------------------------

def check(program, path):
    return subprocess.run([program, "--check", str(path)], capture_output=True, timeout=60, text=True,
                          env={**os.environ, "MBC_CATALOGUE": str(CATALOGUE)})


def spelled_out(channels):
    """ai{0..3} is ai0 to ai3."""
    out = {}
    for key, channel in channels.items():
        brace = re.fullmatch(r"(.*)\{(\d+)\.\.(\d+)\}(.*)", key)
        names = [key] if brace is None else [f"{brace[1]}{n}{brace[4]}" for n in range(int(brace[2]), int(brace[3]) + 1)]
        out |= {name: out.get(name, {}) | channel for name in names}
    return out


def check_file(program, path, file):
    result = check(program, path)
    if result.returncode != 0 or result.stderr != "":
        return result.stderr
    titles = file["title"] if isinstance(file["title"], dict) else {}
    if set(titles) < {"en", "fr"}:
        return "title has no text in en and fr"
    for name, channel in file["channels"].items():
        if "title" in channel and (not isinstance(channel["title"], dict) or set(channel["title"]) < {"en", "fr"}):
            return f"the title of {name} has no text in en and fr"
    missing = [key for key in ("maker", "models", "quantities", "sources") if key not in file]
    if missing:
        return "missing: " + ", ".join(missing)
    if not file.get("exchanges") and not file.get("unproven"):
        return "neither exchanges nor unproven"
    return None


# ---- changed answers -------------------------------------------------------------------------------------------------------------

def mutants_of(answer):
    """Number of the changed byte (-1: cut short), and the bytes."""
    for i, byte in enumerate(answer):
        for mask in (0x01, 0x10) + ((0x06,) if byte in b"+-" else ()):
            yield i, answer[:i] + bytes([byte ^ mask]) + answer[i + 1:]
    for n in range(1, len(answer)):
        yield -1, answer[:n]


def is_meant(file, exchange, answer, place, changed):
    """Was it a digit of a value, or the sign of one that is not 0, that became another? Or is something missing?"""
    if all(value in REASONS for value in exchange.get("expect", {}).values()):
        return False
    if file["protocol"] == "http" and place >= 0:
        return False  # head, and members that no channel reads
    if place < 0 or answer[place] in b"0123456789":
        receive = changed["receive"] if isinstance(changed["receive"], list) else [changed["receive"]]
        return place < 0 or any(len(one) == len(answer) and chr(one[place]).isdigit() and one != answer for one in map(to_bytes, receive))
    return answer[place] in b"+-" and re.match(rb"[0. ]*[1-9]", answer[place + 1:]) is not None


def all_mutants(file):
    """Exchange, step, number of the byte, the changed exchange."""
    for exchange in file.get("exchanges", []):
        answers = steps(exchange.get("receive"))
        for step, answer in enumerate(answers):
            for place, changed in mutants_of(answer) if answer is not None else ():
                row = [to_hex(one) if one is not None else None for one in answers]
                row[step] = to_hex(changed)
                receive = row if isinstance(exchange["receive"], list) else row[0]
                yield exchange, answer, place, {**exchange, "receive": receive}


def passed(program, folder, name, head, batch):
    """Which of the changed exchanges mbc-compile takes for good."""
    path = pathlib.Path(folder) / name
    first = head.count("\n") + 2
    path.write_text(head + "exchanges:\n" + "".join(f"  - {json.dumps(one[3])}\n" for one in batch))
    told = check(program, path).stderr
    wrong = {int(line) - first for line in re.findall(r"^[^:\n]+:(\d+):\d+: error", told, re.M)}
    assert "more;" not in told and all(0 <= i < len(batch) for i in wrong), told
    return [one for i, one in enumerate(batch) if i not in wrong]


def is_passed_over(stem, exchange, answer, place):
    why, last = PASSED_OVER.get((stem, str(exchange.get("send"))), ("", 0))
    return why != "" and (last is None or place >= len(answer) - last or place < 0)


def check_mutants(program, path, file, every):
    """How many were made, how many passed, and those that must not have."""
    head = path.read_text().split("\nexchanges:\n")[0] + "\n"
    mutants, good, bad = list(all_mutants(file))[::every], 0, []
    with tempfile.TemporaryDirectory() as folder:
        for at in range(0, len(mutants), BATCH):
            for exchange, answer, place, changed in passed(program, folder, path.name, head, mutants[at:at + BATCH]):
                good += 1
                if not is_passed_over(path.stem, exchange, answer, place) and is_meant(file, exchange, answer, place, changed):
                    bad.append(f"{exchange.get('send', 'unasked')}: {changed['receive']} still gives {exchange['expect']}")
    return len(mutants), good, bad


# ---- simulated instruments --------------------------------------------------------------------------------------------------------

def raw_number(channel, token):
    """The value that shows a reason why there is none; None: only a text does."""
    scale, offset = channel.get("scale", 1), channel.get("offset", 0)
    for raw, reason in channel.get("invalid", {}).items():
        if reason == token and all(isinstance(one, (int, float)) for one in (raw, scale, offset)):
            return raw * scale + offset
    return None


def number_of(channel, value):
    choices = channel.get("choices", {})
    if isinstance(choices, list):
        choices = {word: i for i, word in enumerate(choices)}
    if value in choices:
        return choices[value]
    return {"yes": 1, "no": 0, True: 1, False: 0}.get(value, value) if value in ("yes", "no") or isinstance(value, bool) else value


def orders_of(file, exchange):
    """What sets the twin to the values of an exchange; None: no number shows them."""
    orders = []
    bits = {}
    for name, value in (exchange.get("expect") or {}).items():
        if name not in file["channels"]:
            word, bit = name.rsplit(".", 1)
            places = file["channels"][word]["bits"]
            place = next(at for at, one in (places.items() if isinstance(places, dict) else enumerate(places)) if one == bit)
            bits[word] = bits.get(word, 0) | (number_of({}, value) << int(place))
            continue
        channel = file["channels"][name]
        if value in REASONS:
            value = raw_number(channel, value)
            if value is None:
                return None
        if "calc" not in channel:
            orders.append(f"set {name} {number_of(channel, value)}")
    return orders + [f"set {word} {value}" for word, value in bits.items() if word not in exchange["expect"]]


class Twin:
    def __init__(self, program, says, path, file, params, folder):
        wire = {"serial": "/dev/ttyS0"} if "serial" in file.get("line", {}) else {"tcp": "127.0.0.1:4001"}
        secrets = {key: str(value) for key, value in params.items() if file.get("params", {}).get(key, {}).get("type") == "secret"}
        bench = {"bench": "b", "links": {"l": wire},
                 "instruments": {"d": {"use": path.stem, "link": "l", **params, **{key: {"secret": key} for key in secrets}}}}
        source, image = pathlib.Path(folder) / "bench.yaml", pathlib.Path(folder) / "image"
        source.write_text(json.dumps(bench))
        with open(image, "wb") as out:
            subprocess.run([program, "--out-fd", str(out.fileno()), str(source)], pass_fds=[out.fileno()], check=True,
                           env={**os.environ, "MBC_CATALOGUE": str(path.parent)})
        self.process = subprocess.Popen([says, str(image), *secrets.values()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def order(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def ask(self, data):
        self.order("ask " + to_hex(data))
        return bytes.fromhex(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait(10)


def settled(exchange):
    """Without the questions that are asked again because the device was not there yet: when it is, is a matter of time."""
    questions, answers = steps(exchange.get("send")), steps(exchange.get("receive"))
    kept = [i for i, one in enumerate(questions) if questions[i + 1:i + 2] != [one]]
    if len(kept) == len(questions) or len(answers) != len(questions):
        return exchange
    return {**exchange, "send": [exchange["send"][i] for i in kept], "receive": [exchange["receive"][i] for i in kept]}


def play(twin, file, exchange):
    """The answers; None: it cannot be set so, or is not asked."""
    orders = orders_of(file, exchange)
    if orders is None or "send" not in exchange:
        return None
    for order in orders + (["refuse on"] if "refused" in exchange else []):
        twin.order(order)
    answers = []
    for question in steps(exchange["send"]):
        if answers and "set" in exchange:
            twin.order("later")  # what is written takes its time
        answers.append(twin.ask(question))
    if "refused" in exchange:
        twin.order("refuse off")
    return answers


def why_otherwise(name, exchange):
    answer = b"".join(one or b"" for one in steps(exchange.get("receive")))
    for (file, part), why in OTHERWISE.items():
        if file == name and to_bytes(part) in answer:
            return why
    return None


def means_the_same(program, folder, path, exchange, answers):
    """Does the file take these answers for those of the exchange?"""
    if not any(answers) or any(one == b"" for one, wanted in zip(answers, steps(exchange["receive"])) if wanted):
        return False
    row = [to_hex(one) if one else None for one in answers]
    head = path.read_text().split("\nexchanges:\n")[0] + "\n"
    changed = {**exchange, "receive": row if isinstance(exchange["receive"], list) else row[0]}
    return passed(program, folder, path.name, head, [(exchange, None, None, changed)]) != []


def check_twin(program, says, path, file):
    """Answers that are exact, and what is wrong. The exchanges of a file follow on one another: what was set stays."""
    if file["protocol"] in NOT_PLAYED:
        return 0, []
    twins, exact, wrong, refusals = {}, 0, [], []
    with tempfile.TemporaryDirectory() as folder:
        for exchange in map(settled, file.get("exchanges", [])):
            key = json.dumps(exchange.get("with", {}))
            if key not in twins:
                twins[key] = Twin(program, says, path, file, exchange.get("with", {}), folder)
            wanted = [one or b"" for one in steps(exchange.get("receive"))] or [b""]
            got = play(twins[key], file, exchange)
            is_exact = got is not None and b"".join(got) == b"".join(wanted)
            exact += is_exact
            if "refused" in exchange:
                refusals.append(is_exact)
            if not is_exact and got is not None and "refused" not in exchange and \
                    why_otherwise(path.stem, exchange) is None and not means_the_same(program, folder, path, exchange, got):
                wrong.append(f"{exchange['send']}: answers {got}, not {wanted}")
        if any(twin.close() != 0 for twin in twins.values()):
            wrong.append("twin_says gave up")
    if file["protocol"] == "text" and refusals and not any(refusals) and (path.stem, "refusal") not in OTHERWISE:
        wrong.append("no refusal of the file is what the simulated instrument says")
    return exact, wrong


# ---- the table of vectors ----------------------------------------------------------------------------------------------------------

def check_vectors(files):
    wrong = []
    for line in (HERE / "vectors.txt").read_text().splitlines():
        if line == "" or line.startswith("#"):
            continue
        name, ask, answer, file, meaning = (part.strip() for part in line.split("|"))
        if file == "-" or meaning == "":
            wrong += [f"{name}: no reason why no file holds it"] if meaning == "" else []
            continue
        rows = [(one, two) for exchange in files.get(file, {}).get("exchanges", [])
                for one, two in zip(steps(exchange.get("send")), steps(exchange.get("receive"))) if one]
        if not any(bytes.fromhex(ask) == one[:len(bytes.fromhex(ask))] and bytes.fromhex(answer) == two for one, two in rows):
            wrong.append(f"{name}: no exchange of {file}.yaml holds these bytes")
    return "\n".join(wrong) or None


def main():
    words = sys.argv[1:]
    every = int(words[1]) if words[0] == "--every" else 1
    if words[0] == "--every":
        del words[:2]
    program, says = (str(pathlib.Path(one).resolve()) for one in words[:2])
    paths = [pathlib.Path(one).resolve() for one in words[2:]] or sorted(CATALOGUE.glob("*.yaml"))
    tap, files = golden_run.Tap(), {}
    made = good = exchanges = exact = 0
    for path in paths:
        files[path.stem] = file = yaml.load(path.read_text(), golden_run.Reader)
        file["channels"] = spelled_out(file["channels"])
        why = check_file(program, path, file)
        tap.tell(path.stem, why)
        if why is not None:
            continue
        n, passing, bad = check_mutants(program, path, file, every)
        tap.tell(f"{path.stem}: changed answers", "\n".join(bad[:5]) or None)
        fine, wrong = check_twin(program, says, path, file)
        tap.tell(f"{path.stem}: its simulated instrument", "\n".join(wrong) or None)
        made, good, exact, exchanges = made + n, good + passing, exact + fine, exchanges + len(file.get("exchanges", []))
    if len(words) == 2:
        tap.tell("vectors", check_vectors(files))
    lines = sorted(path.read_text().count("\n") for path in paths)
    print(f"# {len(paths)} files; lines: median {statistics.median(lines):g}, ninetieth percentile {lines[len(lines) * 9 // 10]}")
    print(f"# {made} changed answers, {good} of them ({100 * good / max(made, 1):.1f} %) in bytes without meaning")
    print(f"# {exchanges} exchanges, {exact} of them byte for byte what the simulated instrument answers")
    print(f"1..{tap.count}")
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
