"""Programs of others at both ends: OWFS with its simulated sensors is read, sigrok-cli and PyVISA read and write what `mbc twin` plays."""
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import pyvisa

from harness import PATIENCE_S, Bench, Process, Twin, can_connect, free_port, need_peer, wait_for

# ---- 1-Wire behind OWFS -------------------------------------------------------------------------------------------------------

WARM, GONE = "28.0123456789AB", "28.0123456789AE"

ONE_WIRE = """
links:
  owfs: {tcp: "127.0.0.1:%(port)d", probe_max: 2 s}
instruments:
  bath: {use: owfs-thermometer, link: owfs, sensor: %(warm)s, every: 100 ms}
  gone: {use: owfs-thermometer, link: owfs, sensor: %(gone)s, folder: /uncached, every: 100 ms}
  switch:
    use: http
    link: owfs
    every: 100 ms
    timeout: 3 s
    channels:
      pio0: {read: {path: /json/%(switch)s/PIO.0, json: "[0]", type: bool, on: "true", off: "false"}}
      pio3: {read: {path: /json/%(switch)s/PIO.3, json: "[0]", type: bool, on: "true", off: "false"}}
      byte: {read: {path: /json/%(switch)s/PIO.BYTE, json: "[0]", quoted: yes}}
      type: {read: {path: /json/%(switch)s/type, json: "[0]", type: text}}
"""


class OneWire(unittest.TestCase):
    """owserver with a thermometer and a switch that it makes up, and owhttpd in front of it, as on a bench with a USB adapter."""

    def setUp(self):
        self.server_port, self.web_port = free_port(), free_port()
        self.start_server(-12.5)
        self.start_web()

    def start(self, program, port, *words):
        process = Process([need_peer(program), "--foreground", "--port", f"127.0.0.1:{port}", *words])
        self.addCleanup(process.stop)
        wait_for(program, lambda: can_connect(port))
        return process

    def start_server(self, temperature, sensors=WARM):
        """The range of its chance is one temperature wide; the switch is the one of its tester, whose ports are on and off in turn."""
        self.server = self.start("owserver", self.server_port, f"--fake={sensors}", "--tester=29",
                                 f"--temperature_low={temperature}", f"--temperature_high={temperature}")
        wait_for("the sensors", lambda: WARM in self.says("owdir", "/"))

    def start_web(self):
        self.web = self.start("owhttpd", self.web_port, "-s", f"127.0.0.1:{self.server_port}", "--nozero")

    def says(self, program, path):
        """What the tools of OWFS say about a path."""
        return subprocess.run([need_peer(program), "-s", f"127.0.0.1:{self.server_port}", path], capture_output=True, text=True,
                              timeout=PATIENCE_S).stdout.strip()

    def test_sensors(self):
        switch = next(path.strip("/") for path in self.says("owdir", "/").splitlines() if path.startswith("/29."))
        with Bench("wires", ONE_WIRE % {"port": self.web_port, "warm": WARM, "gone": GONE, "switch": switch}) as bench:
            bench.wait_value("bath.temperature", -12.5)
            # This owhttpd gives now and then the answer to the question before, on a connection of its own: what counts is that each value comes.
            bench.wait_good("switch.pio0", "switch.pio3", "switch.byte", "switch.type")
            bench.wait_value("bath.temperature", float(self.says("owget", f"/{WARM}/temperature")))
            bits = [int(bit) for bit in self.says("owget", f"/{switch}/PIO.ALL").split(",")]
            self.assertNotEqual(bits[0], bits[3])
            bench.wait_value("switch.pio0", bool(bits[0]))
            bench.wait_value("switch.pio3", bool(bits[3]))
            bench.wait_value("switch.byte", float(self.says("owget", f"/{switch}/PIO.BYTE")))
            bench.wait_value("switch.type", "DS2408")
            bench.wait_reason("gone.temperature", "refused_address")  # a sensor that is not there; its neighbours are not disturbed
            bench.wait_good("bath.temperature")

            self.server.stop()  # no sensor is to be had, though the page answers
            bench.wait_reason("bath.temperature", "refused_address")
            self.start_server(21.25, f"{WARM},{GONE}")
            bench.wait_value("bath.temperature", 21.25)
            bench.wait_value("gone.temperature", 21.25)  # it was plugged in

            self.web.stop()
            bench.wait_reason("bath.temperature", "no_connection", "connection_lost", "stale")
            self.start_web()
            bench.wait_value("bath.temperature", 21.25)


# ---- masters of simulated instruments -----------------------------------------------------------------------------------------

METER = "HEWLETT-PACKARD,34401A,0,11-5-2"

SCPI = """
links:
  lan: {tcp: "127.0.0.1:%(meter)d"}
  rack: {tcp: "127.0.0.1:%(supply)d"}
  line: {serial: "%(folder)s/line", line: 9600 8N1}
instruments:
  dmm: {use: keysight-344xx, link: lan, every: 100 ms, timeout: 500 ms, identify: {is: "%(model)s"}, channels: {configured: {every: 100 ms}}}
  psu: {use: scpi-psu, link: rack, every: 100 ms, timeout: 500 ms, channels: {error: {every: 100 ms}}, twin: {voltage: {noise: 0}}}
  old: {use: scpi-dmm, link: line, every: 100 ms, timeout: 500 ms}
"""


class Played(unittest.TestCase):
    """A meter and a power supply on the network, a meter on a line, all played by `mbc twin`."""

    model = METER

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="mbc-test-")))
        self.ports = {name: free_port() for name in ("meter", "supply")}
        self.bench = Bench("scpi", SCPI % {**self.ports, "folder": self.folder, "model": self.model})
        self.addCleanup(shutil.rmtree, self.bench.folder, ignore_errors=True)
        twin = Twin(self.bench.file, self.ports.values(), self.bench.environment)
        self.addCleanup(twin.stop)
        twin.wait_line(r"link 'line'")
        wait_for("the door of the twin", lambda: self.bench.mbc("twin", str(self.bench.file), "--fault").returncode == 0)

    def keep(self, channel, value):
        """Hold a channel at a value."""
        done = self.bench.mbc("twin", str(self.bench.file), "--set", f"{channel}={value}")
        self.assertEqual(done.returncode, 0, done.stderr)


class Sigrok(Played):
    """The driver scpi-dmm of sigrok-cli. Not on the line: its library for serial ports opens no pseudo-terminals."""

    def sigrok(self, *words):
        return subprocess.run([need_peer("sigrok-cli"), "-d", f"scpi-dmm:conn=tcp-raw/127.0.0.1/{self.ports['meter']}", *words],
                              capture_output=True, text=True, timeout=PATIENCE_S)

    def readings(self, n):
        return self.sigrok("--samples", str(n)).stdout.splitlines()

    def test_a_meter(self):
        self.keep("dmm.reading", "-3.25")
        self.assertIn("scpi-dmm - HEWLETT-PACKARD 34401A 11-5-2 [S/N: 0] with 1 channel: P1", self.sigrok("--show").stdout)
        self.assertIn("voltage/dc (current)", self.sigrok("--show").stdout)
        self.assertEqual(self.readings(3), 3 * ["P1: -3.250 V DC"])
        self.keep("dmm.reading", "9.9e37")
        self.assertEqual(self.readings(1), ["P1: inf mV DC"])
        # Somebody turns to ohms at its front: sigrok shows another unit, and mbc what is measured.
        self.keep("dmm.configured", "RES +1.000000E+03,+1.000000E-03")
        self.keep("dmm.reading", "470.5")
        self.assertEqual(self.readings(1), ["P1: 470.500 \N{OHM SIGN}"])
        with self.bench as bench:
            bench.wait_value("dmm.reading", 470.5)
            bench.wait_value("dmm.configured", "RES +1.000000E+03,+1.000000E-03")
            self.assertEqual(self.readings(2), 2 * ["P1: 470.500 \N{OHM SIGN}"])  # both at once
            self.keep("dmm.reading", "9.9e37")
            bench.wait_reason("dmm.reading", "over_range")
            self.assertEqual(self.readings(1), ["P1: inf m\N{OHM SIGN}"])


class SigrokAndAnother(Played):
    model = "HEWLETT-PACKARD,34499Z,0,11-5-2"

    def test_a_model_that_it_does_not_know(self):
        self.assertIn("No devices found", Sigrok.sigrok(self, "--show").stderr)


class Visa(Played):
    """PyVISA with pyvisa-py: over TCP and on the line."""

    def open(self, name, **options):
        manager = pyvisa.ResourceManager("@py")
        self.addCleanup(manager.close)
        device = manager.open_resource(name, read_termination="\n", timeout=1000 * PATIENCE_S, **options)
        self.addCleanup(device.close)
        return device

    def socket(self, name):
        return self.open(f"TCPIP::127.0.0.1::{self.ports[name]}::SOCKET")

    def check_errors(self, device):
        """What it does not know is not answered, and stands in its queue, once each, until it is read or cleared."""
        self.assertEqual(device.query("SYST:ERR?"), '+0,"No error"')
        device.timeout = 200
        with self.assertRaises(pyvisa.VisaIOError) as caught:
            device.query("BOGUS?")
        self.assertEqual(caught.exception.error_code, pyvisa.constants.StatusCode.error_timeout)
        device.timeout = 1000 * PATIENCE_S
        device.write("BOGUS")
        self.assertEqual([device.query("SYST:ERR?") for _ in range(3)], 2 * ['-113,"Undefined header"'] + ['+0,"No error"'])
        device.write("BOGUS")
        device.write("*CLS")
        self.assertEqual(device.query("*OPC?"), "1")
        self.assertEqual(device.query("SYST:ERR?"), '+0,"No error"')

    def test_a_meter(self):
        self.keep("dmm.reading", "-3.25")
        meter = self.socket("meter")
        self.assertEqual(meter.query("*IDN?"), METER)
        meter.write("CONF:VOLT:DC 10,0.001")
        self.assertEqual(meter.query("CONF?"), '"VOLT +1.000000E+01,+1.000000E-03"')
        self.assertEqual(meter.query_ascii_values("READ?"), [-3.25])
        self.keep("dmm.reading", "9.91e37")
        self.assertEqual(meter.query("READ?"), "+9.91000000E+37")
        self.check_errors(meter)
        with self.bench as bench:
            bench.wait_reason("dmm.reading", "not_a_number")
            bench.wait_value("dmm.message", "No error")

    def test_a_meter_on_a_line(self):
        self.keep("old.reading", "0.125")
        meter = self.open(f"ASRL{self.folder / 'line'}::INSTR", baud_rate=9600)
        self.assertEqual(meter.query("*IDN?"), "old")
        self.assertEqual(meter.query_ascii_values("READ?"), [0.125])
        self.check_errors(meter)
        meter.close()
        with self.bench as bench:  # and now mbc on the same line
            bench.wait_value("old.reading", 0.125)

    def test_a_supply_is_set(self):
        """What PyVISA orders comes into force, and mbc sees it."""
        supply = self.socket("supply")
        with self.bench as bench:
            bench.wait_value("psu.voltage_set", 5)
            supply.write("VOLT 3.3")
            supply.write("OUTP ON")
            self.assertEqual(supply.query("*OPC?"), "1")
            self.assertEqual(supply.query_ascii_values("VOLT?"), [3.3])
            self.assertEqual(supply.query("OUTP?"), "1")
            bench.wait_value("psu.voltage_set", 3.3)
            bench.wait_value("psu.voltage", 3.3)
            bench.wait_value("psu.output", True)
            self.keep("psu.current", "0.5")
            self.assertEqual(supply.query_ascii_values("MEAS:CURR?"), [0.5])
            bench.wait_value("psu.current", 0.5)

    def test_orders_that_are_none(self):
        """mbc tells the errors that another master made, for as long as they stand in the queue."""
        supply = self.socket("supply")
        with self.bench as bench:
            bench.wait_value("psu.error", 0)
            for _ in range(20):  # each is gone when it was read
                supply.write("VOLTS 4")
            bench.wait_value("psu.error", -113)
            bench.wait_value("psu.error", 0)
            self.assertEqual(bench.value("psu.voltage_set"), 5)


if __name__ == "__main__":
    unittest.main()
