"""Reading devices that nobody here wrote, from the wire to the API and the command line."""
import json
import math
import struct
import unittest

from harness import HERE, Bench, Process, can_connect, free_port, need_peer, wait_for

ORDERS = {  # the bytes of a big-endian value, as each order puts them on the wire
    "ABCD": lambda words: words,
    "CDAB": lambda words: words[::-1],
    "BADC": lambda words: [swapped(word) for word in words],
    "DCBA": lambda words: [swapped(word) for word in words[::-1]],
}
WIDE = {  # type: (struct code, a value whose bytes all differ)
    "uint32": (">I", 0x12345678),
    "int32": (">i", -305419897),
    "uint64": (">Q", 0xFEDCBA9876543210),
    "int64": (">q", -81985529216486896),
    "float32": (">f", 123.456),
    "float64": (">d", -9.87654321e-5),
}


def swapped(word):
    return (word & 0xFF) << 8 | word >> 8


def words_of(raw):
    return list(struct.unpack(f">{len(raw) // 2}H", raw))


def wide_points():
    """name -> (address, type, order, words, value) for every type of several registers in every order."""
    points, address = {}, 100
    for kind, (code, value) in WIDE.items():
        for order, arrange in ORDERS.items():
            words = arrange(words_of(struct.pack(code, value)))
            points[f"{kind}_{order.lower()}"] = (address, kind, order, words, value)
            address += len(words)
    return points


class Pymodbus(unittest.TestCase):
    """python3-pymodbus as the device: all tables, all types, all orders."""

    @classmethod
    def setUpClass(cls):
        cls.wide = wide_points()
        holding = {3: 250, 4: 0xFFF6, 5: 0x1234, 6: 0b0000_0100_0000_0001, 10: 1, 11: 2}
        holding |= dict(zip(range(20, 24), words_of(b"Gas N2\0\0")))
        holding |= dict(zip((30, 31), words_of(struct.pack(">f", math.nan))))
        holding |= dict(zip((40, 41), (0x1234, 0x5678)))
        for address, _, _, words, _ in cls.wide.values():
            holding |= dict(zip(range(address, address + len(words)), words))
        tables = {"holding": holding, "input": {7: 777}, "coil": {0: True, 1: False}, "discrete": {9: True, 10: False}}
        port = free_port()
        cls.server = Process(["/usr/bin/python3", HERE / "pymodbus_server.py", port, json.dumps(tables)])
        cls.addClassCleanup(cls.server.stop)
        wait_for("pymodbus listens", lambda: can_connect(port))
        channels = "".join(f"      {name}: {{read: {{holding: {address}, type: {kind}, order: {order}}}}}\n"
                           for name, (address, kind, order, _, _) in cls.wide.items())
        cls.bench = cls.enterClassContext(Bench("pm", f"""
links: {{io: {{tcp: "127.0.0.1:{port}"}}}}
instruments:
  dev:
    use: modbus
    link: io
    unit: 1
    every: 100 ms
    channels:
      a: {{read: {{holding: 3, type: uint16}}, unit: degC}}
      scaled: {{read: {{holding: 3, type: uint16}}, scale: 0.1, unit: degC}}
      negative: {{read: {{holding: 4, type: int16}}}}
      bcd: {{read: {{holding: 5, type: bcd16}}}}
      bcd_wide: {{read: {{holding: 40, type: bcd32}}}}
      bit_on: {{read: {{holding: 6, bit: 10}}}}
      bit_off: {{read: {{holding: 6, bit: 9}}}}
      word: {{read: {{holding: 20, type: string, length: 4}}}}
      nan: {{read: {{holding: 30, type: float32}}}}
      input: {{read: {{input: 7, type: uint16}}}}
      coil_on: {{read: {{coil: 0}}}}
      coil_off: {{read: {{coil: 1}}}}
      discrete_on: {{read: {{discrete: 9}}}}
      discrete_off: {{read: {{discrete: 10}}}}
      unknown: {{read: {{holding: 5000}}}}
{channels}
channels:
  T: {{read: dev.a}}
  twice: {{calc: dev.a + 250 K, unit: degC}}
  broken: {{calc: dev.nan + 1}}
"""))
        cls.bench.wait_good("dev.a", "dev.coil_on", "dev.discrete_on", "dev.input", "T", *(f"dev.{name}" for name in cls.wide))

    def test_registers(self):
        for name, value in {"a": 250, "negative": -10, "bcd": 1234, "bcd_wide": 12345678, "input": 777}.items():
            with self.subTest(name):
                self.assertEqual(self.bench.value("dev." + name), value)
        self.assertAlmostEqual(self.bench.value("dev.scaled"), 25.0, places=9)

    def test_bits(self):
        for name in ("bit", "coil", "discrete"):
            with self.subTest(name):
                self.assertIs(self.bench.value(f"dev.{name}_on"), True)
                self.assertIs(self.bench.value(f"dev.{name}_off"), False)

    def test_text(self):
        self.assertEqual(self.bench.value("dev.word"), "Gas N2")

    def test_every_type_in_every_order(self):
        for name, (_, kind, _, _, value) in self.wide.items():
            with self.subTest(name):
                got = self.bench.value("dev." + name)
                if kind == "float32":
                    self.assertEqual(struct.pack(">f", got), struct.pack(">f", value))
                else:
                    self.assertEqual(got, value)

    def test_not_a_number_is_null_with_its_reason(self):
        channel = self.bench.channel("dev.nan")
        self.assertIsNone(channel["value"])
        self.assertEqual((channel["quality"], channel["reason"]), ("bad", "not_a_number"))
        self.assertEqual(self.bench.channel("broken")["reason"], "source_bad")

    def test_an_address_the_device_lacks_names_its_reason(self):
        self.bench.wait_reason("dev.unknown", "refused_address")
        self.assertEqual(self.bench.channel("dev.a")["quality"], "good")

    def test_bench_channels(self):
        channel = self.bench.channel("T")
        self.assertEqual((channel["value"], channel["unit"]), (250, "degC"))
        self.assertAlmostEqual(self.bench.value("twice"), 500.0, places=9)

    def test_identity(self):
        identity = wait_for("identity", lambda: self.bench.get("/api/v1/instruments/dev")["identity"])
        self.assertIn("pymodbus", identity)

    def test_command_line_shows_the_same(self):
        shown = self.bench.mbc("get", "dev.a", "T")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertRegex(shown.stdout, r"dev\.a\s.*\b250\b")
        self.assertRegex(shown.stdout, r"T\s.*\b250\b")
        wrong = self.bench.mbc("get", "dev.aa")
        self.assertEqual(wrong.returncode, 1)
        self.assertIn("dev.aa", wrong.stderr)

    def test_flat_pages(self):
        self.assertEqual(self.bench.get("/json")["dev.a"], 250)
        self.assertIn("<Name>dev.a</Name><Value>250", self.bench.get("/xml").replace("\n", "").replace("> <", "><"))


class ModbusSerial(unittest.TestCase):
    """npm's modbus-serial as the device."""

    def test_all_tables(self):
        port = free_port()
        server = Process([need_peer("node"), HERE / "modbus_serial_server.js", port], cwd=HERE)
        self.addCleanup(server.stop)
        server.wait_line("listening")
        with Bench("ms", f"""
links: {{io: {{tcp: "127.0.0.1:{port}"}}}}
instruments:
  dev:
    use: modbus
    link: io
    every: 200 ms
    channels:
      h: {{read: {{holding: 3}}}}
      i: {{read: {{input: 4}}}}
      far: {{read: {{holding: 90}}}}
      on: {{read: {{coil: 5}}}}
      off: {{read: {{discrete: 6}}}}
""") as bench:
            bench.wait_good("dev.h", "dev.i", "dev.far", "dev.on", "dev.off")
            values = {name: bench.value("dev." + name) for name in ("h", "i", "far", "on", "off")}
        self.assertEqual(values, {"h": 1003, "i": 2004, "far": 1090, "on": True, "off": False})


if __name__ == "__main__":
    unittest.main()
