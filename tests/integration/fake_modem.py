"""A GSM modem behind a pseudo-terminal: `with FakeModem(folder / "modem") as modem`. gammu and smstools take it for one (test_fake_modem.py).

modem.sent: (number, text) of each message, parts of long ones by themselves. modem.store: index -> PDU in hex. modem.receive(from, text) brings one in.
modem.faults, a set that may change at any time:

echo            commands come back, whatever ATE0 says
noise           bytes that are no characters before each line
urc             a line that nobody asked for in the middle of each answer
late-prompt     the prompt for a text comes after 3 s
no-prompt       it never comes
cms-41          the next text is refused with +CMS ERROR: 41
cms-28          the next text is refused with +CMS ERROR: 28
silent          it takes commands and says nothing
reset-on-text   the next text is taken, then the modem starts anew without a word about it
no-delete       what is deleted stays
lost-cmti       what comes in is stored and not told
twice           what comes in, comes in twice
full            the store is full of drafts
no-pdu          there is no PDU mode
no-report       no reports
"""
import argparse
import pathlib
import sys
import time

from pty_fakes import Port

BASIC = ("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
         "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà")
EXTENDED = {0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|", 0x65: "€"}
STORE = 10
STAMP = bytes.fromhex("62118241021380")  # 2026-11-28 14:20:31 +02:00


def unpack(data, count, skip=0):
    bits = int.from_bytes(data, "little") >> skip
    return [(bits >> 7 * i) & 0x7F for i in range(count)]


def pack(septets):
    bits = sum(s << 7 * i for i, s in enumerate(septets))
    return bits.to_bytes((7 * len(septets) + 7) // 8, "little")


def text_of(septets):
    out, escaped = "", False
    for s in septets:
        if escaped:
            out += EXTENDED.get(s, " ")
        elif s != 0x1B:
            out += BASIC[s]
        escaped = s == 0x1B and not escaped
    return out


def address(number):
    digits = number.lstrip("+")
    padded = digits + "F" * (len(digits) % 2)
    return bytes([len(digits), 0x91 if number.startswith("+") else 0x81]) + bytes.fromhex("".join(padded[i + 1] + padded[i] for i in range(0, len(padded), 2)))


def submitted(pdu):
    """Number, text, header of user data, and whether a report is wanted, of a SUBMIT with the centre's address."""
    at = 1 + pdu[0]
    first, digits = pdu[at], pdu[at + 2]
    if first & 3 != 1:
        raise ValueError("no SUBMIT")
    raw = pdu[at + 4:at + 4 + (digits + 1) // 2]
    number = ("+" if pdu[at + 3] & 0x70 == 0x10 else "") + "".join(f"{b & 15:x}{b >> 4:x}" for b in raw)[:digits]
    at += 4 + len(raw)
    dcs = pdu[at + 1]
    at += 2 + {0: 0, 2: 1, 1: 7, 3: 7}[first >> 3 & 3]
    length, data = pdu[at], pdu[at + 1:]
    if len(data) != (length if dcs & 0x0C else (7 * length + 7) // 8):
        raise ValueError("wrong length")
    header = data[:data[0] + 1] if first & 0x40 else b""
    if dcs & 0x0C == 8:
        return number, data[len(header):].decode("utf-16-be"), header, bool(first & 0x20)
    before = (8 * len(header) + 6) // 7
    return number, text_of(unpack(data, length)[before:]), header, bool(first & 0x20)


def delivered(number, text):
    """A DELIVER, with the centre's address."""
    if all(c in BASIC and c != "\x1b" for c in text):
        septets = [BASIC.index(c) for c in text]
        dcs, length, data = 0, len(septets), pack(septets)
    else:
        data = text.encode("utf-16-be")
        dcs, length = 8, len(data)
    return bytes.fromhex("079194710167000004") + address(number) + bytes([0, dcs]) + STAMP + bytes([length]) + data


class FakeModem(Port):
    def __init__(self, path, faults=(), pin=None):
        super().__init__(path)
        self.faults = set(faults)
        self.pin = pin  # None: the card wants none
        self.pins = 0  # tries
        self.store = {}
        self.sent = []
        self.reference = 0
        self.registered = 1
        self.start()

    def start(self):
        self.line = b""
        self.has_echo = True
        self.mode = 1  # as many are when they are switched on
        self.charset = "GSM"
        self.tells = self.reports = 0
        self.length = None  # of the text that is being entered
        self.is_ready = self.pin is None

    def reset(self):
        self.start()
        self.send(b"\r\nRDY\r\n", 0.2)

    # ---- what comes in ----

    def receive(self, number, text):
        self.bring(delivered(number, text))

    def bring(self, pdu):
        for _ in range(2 if "twice" in self.faults else 1):
            if len(self.store) >= STORE:
                return False
            index = min(set(range(1, STORE + 1)) - set(self.store))
            self.store[index] = pdu.hex().upper()
            if self.tells and "lost-cmti" not in self.faults:
                self.send(b'\r\n+CMTI: "SM",%d\r\n' % index)
        return True

    # ---- what it says ----

    def say(self, *lines):
        if "silent" in self.faults:
            return
        noise = b"\x80\xff\x01" if "noise" in self.faults else b""
        self.put(b"".join(b"\r\n" + noise + line.encode() + b"\r\n" for line in lines))

    def take(self, data):
        for byte in data:
            c = bytes([byte])
            if self.length is not None:
                self.enter(c)
            elif c == b"\r":
                line, self.line = self.line, b""
                if self.has_echo or "echo" in self.faults:
                    self.put(line + b"\r")
                self.command(line.decode("latin-1").strip())
            elif c not in b"\n\x1a\x1b":
                self.line += c

    def enter(self, c):
        if c == b"\x1b":
            self.length = None
            self.line = b""
            self.say("OK")
        elif c == b"\x1a":
            text, length, self.line, self.length = self.line, self.length, b"", None
            self.text(text, length)
        else:
            self.line += c

    def command(self, line):
        self.asked.append(line)
        upper = line.upper()
        if not upper.startswith("AT"):
            if line:
                self.say("ERROR")
            return
        if "urc" in self.faults and len(line) > 4 and not upper.startswith("AT+CMGS"):
            self.say("+CREG: 1")
        self.answer(upper[2:], line)

    def prompt(self, length):
        self.length = length
        if "no-prompt" not in self.faults:
            self.send(b"\r\n> ", 3.0 if "late-prompt" in self.faults else 0)

    def answer(self, c, line):
        if not self.is_ready and c.split("=")[0].split("?")[0] in ("+CMGF", "+CPMS", "+CMGS", "+CMGL", "+CNMI", "+CSCA"):
            return self.say("+CMS ERROR: 311")
        if c.startswith("+CMGS="):
            return self.prompt(c[6:])
        if c.startswith("E") and c[1:] in ("", "0", "1"):
            self.has_echo = c == "E1"
            return self.say("OK")
        lines = self.lines(c, line)
        self.say(*lines if lines[-1:] and lines[-1].startswith(("ERROR", "+CM")) and "ERROR" in lines[-1] else [*lines, "OK"])
        if c == "+CFUN=1,1":
            self.reset()

    def lines(self, c, line):
        """The lines of an answer; an error is the last, OK is added."""
        used = len(self.store)
        if "full" in self.faults:
            self.faults.discard("full")
            self.store = {i: "0011000C919471103254760000A702E834" for i in range(1, STORE + 1)}
            used = STORE
        words = {
            "": [], "Z": [], "I": ["FAKE", "Modem 1", "1.0"], "+CGMI": ["FAKE"], "+CGMM": ["Modem 1"], "+CGMR": ["1.0"],
            "+CGSN": ["490154203237518"], "+CIMI": ["262010000000001"], "+CSQ": ["+CSQ: 20,99"],
            "+CPIN?": ["+CPIN: READY" if self.is_ready else "+CPIN: SIM PIN"],
            "+CREG?": [f"+CREG: 1,{self.registered}"], "+CEREG?": [f"+CEREG: 1,{self.registered}"], "+CGREG?": [f"+CGREG: 1,{self.registered}"],
            "+CSCS?": [f'+CSCS: "{self.charset}"'], "+CSCS=?": ['+CSCS: ("GSM","UCS2","IRA")'],
            "+CMGF?": [f"+CMGF: {self.mode}"], "+CMGF=?": ["+CMGF: (0,1)"], "+CSMS?": ["+CSMS: 0,1,1,1"], "+CSMS=0": ["+CSMS: 1,1,1"],
            "+CPMS=?": ['+CPMS: ("SM"),("SM"),("SM")'], "+CPMS?": [f'+CPMS: "SM",{used},{STORE},"SM",{used},{STORE},"SM",{used},{STORE}'],
            "+CSCA?": ['+CSCA: "+491710760000",145'], "+CNMI=?": ["+CNMI: (0-2),(0,1),(0),(0,1),(0)"], "+CNMI?": [f"+CNMI: 2,{self.tells},0,{self.reports},0"],
            "+CPINR=\"SIM PIN\"": ["+CPINR: SIM PIN,3,3"], "+COPS?": ['+COPS: 0,0,"Fake"'], "+CBC": ["+CBC: 0,80"],
        }
        if c in words:
            return words[c]
        if c.startswith("+CPMS="):
            return [f"+CPMS: {used},{STORE},{used},{STORE},{used},{STORE}"] if '"SM"' in c else ["+CMS ERROR: 302"]
        if c.startswith("+CPIN="):
            self.pins += 1
            self.is_ready = c[6:].strip('"') == self.pin
            return [] if self.is_ready else ["+CME ERROR: 16"]
        if c.startswith("+CMGF="):
            if c[6:] == "0" and "no-pdu" in self.faults:
                return ["ERROR"]
            self.mode = int(c[6:])
            return []
        if c.startswith("+CSCS="):
            self.charset = c[6:].strip('"')
            return []
        if c.startswith("+CNMI="):
            fields = (c[6:].split(",") + ["0"] * 5)[:5]
            self.tells, self.reports = fields[1] != "0", fields[3] == "1"
            return []
        if c.startswith(("+CMEE=", "+CREG=", "+CEREG=", "+CGREG=", "+CSMP=", "+CSCA=", "+CFUN=", "+CLIP=")):
            return []
        if c.startswith("+CMGL"):
            return [f"+CMGL: {i},1,,{len(pdu) // 2 - 1 - int(pdu[:2], 16)}\r\n{pdu}" for i, pdu in sorted(self.store.items())]
        if c.startswith("+CMGR="):
            pdu = self.store.get(int(c[6:]))
            return [f"+CMGR: 1,,{len(pdu) // 2 - 1 - int(pdu[:2], 16)}\r\n{pdu}"] if pdu else ["+CMS ERROR: 321"]
        if c.startswith("+CMGD="):
            if "no-delete" not in self.faults:
                self.store.pop(int(c[6:].split(",")[0]), None)
            return []
        return ["ERROR"]

    def text(self, text, length):
        for fault in ("cms-41", "cms-28"):
            if fault in self.faults:
                self.faults.discard(fault)
                return self.say(f"+CMS ERROR: {fault[4:]}")
        if self.mode != 0:
            return self.say("+CMS ERROR: 304")  # only what real clients use is offered
        try:
            pdu = bytes.fromhex(text.decode().strip())
            if len(pdu) - 1 - pdu[0] != int(length):
                raise ValueError("another length than was told")
            number, words, header, wants_report = submitted(pdu)
        except (ValueError, IndexError, KeyError):
            return self.say("+CMS ERROR: 304")
        self.sent.append((number, words))
        self.headers = [*getattr(self, "headers", []), header]
        if "reset-on-text" in self.faults:
            self.faults.discard("reset-on-text")
            return self.reset()
        self.reference = (self.reference + 1) % 256
        self.say(f"+CMGS: {self.reference}", "OK")
        if wants_report and self.reports and "no-report" not in self.faults:
            tpdu = bytes([6, self.reference]) + address(number) + STAMP + STAMP + b"\0"
            self.send(f"\r\n+CDS: {len(tpdu)}\r\n00{tpdu.hex().upper()}\r\n".encode(), 0.1)
        return None


def main():
    """fake_modem.py PATH [--fault NAME].. [--pin PIN]: until it is interrupted; each message that is sent is a line; a line "NUMBER TEXT" comes in."""
    p = argparse.ArgumentParser(description=main.__doc__)
    p.add_argument("path", type=pathlib.Path)
    p.add_argument("--fault", action="append", default=[])
    p.add_argument("--pin")
    args = p.parse_args()
    with FakeModem(args.path, args.fault, args.pin) as modem:
        for line in sys.stdin:
            number, _, text = line.rstrip("\n").partition(" ")
            modem.receive(number, text)
            time.sleep(0.1)
            for sent in modem.sent:
                print(*sent, flush=True)


if __name__ == "__main__":
    main()
