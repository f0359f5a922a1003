"""Files of this computer, from the folder to `mbc get`: a /sys that umockdev makes, and result files that are written in steps."""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import tempfile
import unittest

from harness import PATIENCE_S, Bench, Process, need_peer, wait_for

# As `umockdev-record` writes it: P: the device, A: its files, L: its links. umockdev makes the tree of /sys that the kernel would.
MACHINE = r"""P: /devices/platform/coretemp.0/hwmon/hwmon2
E: SUBSYSTEM=hwmon
A: name=coretemp\n
A: temp1_input=45000\n
A: temp2_input=46000\n
A: temp2_fault=1\n

P: /devices/platform/coretemp.1/hwmon/hwmon0
E: SUBSYSTEM=hwmon
A: name=coretemp\n
A: temp1_input=55000\n

P: /devices/platform/fans/hwmon/hwmon1
E: SUBSYSTEM=hwmon
A: name=fans\n
A: fan1_input=1200\n

P: /devices/w1_bus_master1/28-0123456789ab
E: SUBSYSTEM=w1
A: w1_slave=50 05 4b 46 7f ff 0c 10 1c : crc=1c YES\n50 05 4b 46 7f ff 0c 10 1c t=21062\n

P: /devices/w1_bus_master1/28-0123456789ac
E: SUBSYSTEM=w1
A: temperature=20125\n

P: /devices/spi0.0/iio:device1
E: SUBSYSTEM=iio
A: name=mcp3008\n
A: in_voltage0_raw=512\n
A: in_voltage_scale=2.5\n
A: in_temp_input=23500\n
"""

BENCH = """links:
  chips: {{folder: {sys}/class/hwmon}}
  wires: {{folder: {sys}/bus/w1/devices}}
  adcs: {{folder: {sys}/bus/iio/devices}}
instruments:
  cpu0: {{use: folder, link: chips, every: 100 ms, hwmon: coretemp, device: coretemp.0, channels: {{t: {{read: {{input: temp1_input}}, scale: 0.001, unit: degC}}, u: {{read: {{input: temp2_input}}}}}}}}
  cpu1: {{use: folder, link: chips, every: 100 ms, hwmon: coretemp, device: coretemp.1, channels: {{t: {{read: {{input: temp1_input}}, scale: 0.001, unit: degC}}}}}}
  cpu: {{use: folder, link: chips, every: 100 ms, hwmon: coretemp, channels: {{t: {{read: {{input: temp1_input}}}}}}}}
  fans: {{use: folder, link: chips, every: 100 ms, hwmon: fans, channels: {{n: {{read: {{input: fan1_input}}}}, none: {{read: {{input: fan2_input}}}}}}}}
  room: {{use: folder, link: wires, every: 100 ms, channels: {{a: {{read: {{w1: 28-0123456789ab}}, unit: degC}}, b: {{read: {{w1: 28-0123456789ac}}, unit: degC}}, c: {{read: {{w1: 28-0123456789ad}}}}}}}}
  adc: {{use: folder, link: adcs, every: 100 ms, iio: mcp3008, channels: {{v: {{read: {{channel: voltage0}}, unit: mV}}, t: {{read: {{channel: temp}}}}}}}}
"""


@contextlib.contextmanager
def machine():
    """The root of a /sys that umockdev has made, known to the programs as such."""
    with tempfile.TemporaryDirectory(prefix="mbc-machine-") as folder:
        file = pathlib.Path(folder) / "machine.umockdev"
        file.write_text(MACHINE)
        keeper = Process([need_peer("umockdev-run"), "-d", file, "--", "sh", "-c", "echo root $UMOCKDEV_DIR; exec sleep 1000"])
        try:
            root = pathlib.Path(re.search(r"root (\S+)", keeper.wait_line("root ", "out"))[1]) / "sys"
            os.environ["MBC_SYSFS"] = str(root)
            yield root
        finally:
            os.environ.pop("MBC_SYSFS", None)
            keeper.stop()


def slave(mdegc, verdict="YES"):
    """The two lines of w1_slave."""
    head = "50 05 4b 46 7f ff 0c 10 1c"
    return f"{head} : crc=1c {verdict}\n{head} t={mdegc}\n"


def replace(path, text):
    """Change a file at one go, as the kernel's own change."""
    new = path.with_name("." + path.name)
    new.write_text(text)
    new.replace(path)


class Sysfs(unittest.TestCase):
    def test_chips_and_sensors(self):
        with machine() as root, Bench("sys", BENCH.format(sys=root)) as bench:
            for name, value in {"cpu0.t": 45, "cpu1.t": 55, "fans.n": 1200, "room.a": 21.062, "room.b": 20.125, "adc.v": 1280, "adc.t": 23500}.items():
                bench.wait_value(name, value)
            bench.wait_reason("cpu0.u", "sensor_fault")
            bench.wait_reason("fans.none", "missing")
            bench.wait_reason("room.c", "missing")
            bench.wait_reason("cpu.t", "wrong_answer")  # two have the name
            self.assertIn("add device:", bench.mbc("trace", "cpu").stdout)

            sensor = root / "devices/w1_bus_master1/28-0123456789ab/w1_slave"
            replace(sensor, slave(22000, "NO"))
            bench.wait_reason("room.a", "garbled_answer")
            replace(sensor, slave(22000))
            bench.wait_value("room.a", 22)
            replace(sensor, slave(85000))
            bench.wait_reason("room.a", "sensor_fault")
            self.assertEqual(bench.value("room.b"), 20.125)

            # Pulled out and put back under another number: found again; the neighbours are not disturbed.
            sensor.unlink()
            (root / "class/hwmon/hwmon1").unlink()
            bench.wait_reason("room.a", "missing")
            bench.wait_reason("fans.n", "missing")
            self.assertEqual((bench.value("room.b"), bench.value("cpu0.t")), (20.125, 45))
            (root / "devices/platform/fans/hwmon/hwmon1").rename(root / "devices/platform/fans/hwmon/hwmon7")
            (root / "class/hwmon/hwmon7").symlink_to("../../devices/platform/fans/hwmon/hwmon7")
            replace(root / "devices/platform/fans/hwmon/hwmon7/fan1_input", "900\n")
            sensor.write_text(slave(23000))
            bench.wait_value("fans.n", 900)
            bench.wait_value("room.a", 23)


    def test_the_kernels_own_folder(self):
        """Without any fake: the links of which the real /sys is made are followed, from within the sandbox."""
        name = sorted(os.listdir("/sys/class/net"))[0]
        mtu = int(pathlib.Path(f"/sys/class/net/{name}/mtu").read_text())
        text = f"""links: {{net: {{folder: /sys/class/net}}}}
instruments:
  net: {{use: folder, link: net, channels: {{mtu: {{read: {{file: {name}/mtu}}}}, up: {{read: {{file: {name}/subsystem/{name}/mtu}}}}}}}}
"""
        with Bench("net", text) as bench:
            bench.wait_value("net.mtu", mtu)
            bench.wait_reason("net.up", "device_failure", "missing")  # a link further down


RESULTS = """links:
  gc: {{folder: {folder}}}
instruments:
  gc:
    use: folder
    link: gc
    every: 50 ms
    newest: "run*.csv"
    complete_after: 700 ms
    max_age: 1 h
    decimal: ","
    encoding: latin-1
    channels:
      co: {{read: {{column: "CO %"}}, unit: "%", stale_after: 1 h}}
      h2: {{read: {{column: 3}}, unit: "%", stale_after: 1 h}}
      sample: {{read: {{column: "Échantillon", type: text}}}}
      age: {{read: {{about: age}}, unit: s}}
      file: {{read: {{about: name}}}}
"""
HEADER = "Échantillon;CO %;H2 %\r\n"


class Results(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mbc-results-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.text = RESULTS.format(folder=self.folder)

    def add(self, name, text):
        with (self.folder / name).open("ab") as file:
            file.write(text.encode("latin-1"))

    def wait_age(self, bench, seconds):
        """Until the controller itself tells that the file has not changed for so long."""
        wait_for(f"a file of {seconds} s", lambda: (bench.value("gc.age") or 0) > seconds)

    def test_a_file_that_is_written_in_two_steps(self):
        self.add("run1.csv", HEADER + "blank;0,5;")
        with Bench("gc", self.text) as bench, bench.stream(["gc.co", "gc.h2"]) as stream:
            bench.wait_value("gc.file", "run1.csv")
            self.wait_age(bench, 1.5)  # its writer hangs in the middle of a row: twice as long as a complete file takes
            bench.wait_reason("gc.h2", "garbled_answer")
            self.assertEqual(bench.channel("gc.co")["quality"], "bad")
            self.add("run1.csv", "12,5\r\n")
            bench.wait_value("gc.h2", 12.5)
            bench.wait_value("gc.co", 0.5)
            self.assertEqual(bench.value("gc.sample"), "blank")

            # The next run: while it is written the values of the last one stay.
            self.add("run2.csv", HEADER)
            bench.wait_value("gc.file", "run2.csv")
            self.add("run2.csv", "sample 1;3,")
            self.assertIn((bench.value("gc.co"), bench.value("gc.h2")), ((0.5, 12.5), (None, None)))
            self.add("run2.csv", "25;45,5\r\n")
            bench.wait_value("gc.co", 3.25)
            bench.wait_value("gc.h2", 45.5)
            told = set()  # of all that was shown since the start
            while not {3.25, 45.5} <= told:
                event, data = stream.get(timeout=PATIENCE_S)
                if event == "update" and data["value"] is not None:
                    told.add(data["value"])
            self.assertEqual(told, {0.5, 12.5, 3.25, 45.5})

            (self.folder / "run2.csv").unlink()
            bench.wait_value("gc.co", 0.5)
            (self.folder / "run1.csv").unlink()
            bench.wait_reason("gc.co", "missing")

    def test_old_files_and_links_have_no_value(self):
        self.add("run1.csv", HEADER + "old;0,5;12,5\r\n")
        os.utime(self.folder / "run1.csv", (1e9, 1e9))
        outside = pathlib.Path(tempfile.mkdtemp(prefix="mbc-outside-"))
        self.addCleanup(shutil.rmtree, outside, ignore_errors=True)
        (outside / "secret.csv").write_text("x;CO %;y\n1;66;1\n")
        (self.folder / "run9.csv").symlink_to(outside / "secret.csv")
        with Bench("gc", self.text) as bench:
            bench.wait_reason("gc.co", "stale")
            self.assertEqual(bench.value("gc.file"), "run1.csv")
            self.assertGreater(bench.value("gc.age"), 3600)
            os.utime(self.folder / "run1.csv")
            bench.wait_value("gc.co", 0.5)

            # The controller may read its own folders, and it says so when it is asked for another one.
            other = self.text.replace(str(self.folder), str(outside)).replace("run*", "sec*")
            if re.search(r"control: .*landlock [1-9]", bench.mbc("doctor").stdout):
                bench.reload(other)
                line = bench.process.wait_line("may read no other folders", "err")
                self.assertIn("restart the bench", line)
                self.assertEqual(bench.value("gc.co"), 0.5)
            else:
                bench.reload(other)
                bench.wait_value("gc.co", 66)

    def test_a_controller_that_is_killed_comes_back_to_its_folders(self):
        self.add("run1.csv", HEADER + "blank;0,5;12,5\r\n")
        with Bench("gc", self.text) as bench:
            bench.wait_value("gc.co", 0.5)
            os.kill(bench.pids()["control"], signal.SIGKILL)
            wait_for("another controller", lambda: bench.channel("gc.co")["quality"] == "bad")
            bench.wait_value("gc.co", 0.5)


class Lines(unittest.TestCase):
    def test_a_chip_that_is_not_there(self):
        text = """links: {pins: {gpio: no-such-chip}}
instruments:
  io: {use: gpio, link: pins, every: 50 ms, channels: {a: {read: {line: 1, active: low}}, b: {read: {line: NAME}, write: {line: NAME}}}}
"""
        with Bench("pins", text) as bench:
            bench.wait_reason("io.a", "missing")
            bench.wait_reason("io.b", "missing")
            self.assertEqual(bench.process.find("Operation not permitted"), [])


if __name__ == "__main__":
    unittest.main()
