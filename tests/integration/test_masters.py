"""Masters that nobody here wrote, against `mbc twin`: functions 1-6, 15, 16, 22, 23 and 43/14."""
import asyncio
import json
import logging
import os
import pathlib
import subprocess
import tempfile
import unittest

from harness import BUILD, HERE, MBC, PATIENCE_S, Twin, free_port, need_peer


def twin_text(port):
    tables = (("h", "holding", 10, 100), ("i", "input", 4, 200), ("c", "coil", 8, None), ("d", "discrete", 4, None))
    channels, starts = "", ""
    for short, table, count, first in tables:
        for n in range(count):
            channels += f"      {short}{n}: {{read: {{{table}: {n}}}}}\n"
            if first is not None:
                starts += f"      {short}{n}: {{start: {n + first}}}\n"
    return f"""bench: twin-{port}
links: {{io: {{tcp: "127.0.0.1:{port}"}}}}
instruments:
  dev:
    use: modbus
    link: io
    unit: 1
    channels:
{channels}    twin:
{starts}"""


class Masters(unittest.TestCase):
    """Each test has a twin of its own: what one master wrote, the next must not see."""

    def setUp(self):
        self.port = free_port()
        self.folder = folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="mbc-test-")))
        file = folder / "bench.yaml"
        file.write_text(twin_text(self.port))
        self.twin = Twin(file, [self.port], dict(os.environ, MBC_RUN_DIR=str(folder), MBC_STATE_DIR=str(folder)))
        self.addCleanup(self.twin.stop)

    def poll(self, *words, values=()):
        """mbpoll once, with addresses that begin at 0."""
        return subprocess.run([need_peer("mbpoll"), "-m", "tcp", "-a", "1", "-p", str(self.port), "-0", "-1", *words, "127.0.0.1",
                               *map(str, values)], capture_output=True, text=True, timeout=PATIENCE_S)

    def test_what_cannot_be_listened_on_is_named(self):
        environment = dict(os.environ, MBC_RUN_DIR=str(self.folder), MBC_STATE_DIR=str(self.folder))
        for name, address in {"taken": f"127.0.0.1:{self.port}", "not ours": "192.0.2.1:5020"}.items():
            file = self.folder / "other.yaml"
            file.write_text(twin_text(self.port).replace(f"127.0.0.1:{self.port}", address))
            with self.subTest(name):
                done = subprocess.run([MBC, "twin", file], env=environment, capture_output=True, text=True, timeout=PATIENCE_S)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(address, done.stderr)
                self.assertIn("'io'", done.stderr)

    def test_libmodbus(self):
        program = BUILD / "tests/integration/libmodbus_master"
        if not program.exists():
            self.skipTest("peer libmodbus was missing when this was built: run `make test`, which installs it")
        done = subprocess.run([program, str(self.port)], capture_output=True, text=True, timeout=PATIENCE_S)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stdout.count("as expected"), 15)

    def test_modbus_serial(self):
        done = subprocess.run([need_peer("node"), HERE / "modbus_serial_master.js", str(self.port)], capture_output=True, text=True,
                              timeout=PATIENCE_S, cwd=HERE)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        seen = json.loads(done.stdout)
        self.assertEqual(seen["holding"], [100, 101, 102])
        self.assertEqual(seen["input"], [200, 201, 202, 203])
        self.assertEqual(seen["coils"], [False] * 8)
        self.assertEqual(seen["discrete"], [False] * 4)
        self.assertEqual(seen["coils_after"], [False, True, False, False, True, True, False, False])
        self.assertEqual(seen["holding_after"], [65535, 1, 2])
        self.assertEqual(seen["refused"], 2)
        self.assertTrue(seen["identity"])

    def test_mbpoll(self):
        shown = self.poll("-t", "4", "-r", "0", "-c", "3")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertRegex(shown.stdout, r"\[0\]:\s+100\s+\[1\]:\s+101\s+\[2\]:\s+102")
        self.assertRegex(self.poll("-t", "3", "-r", "2", "-c", "1").stdout, r"\[2\]:\s+202")
        self.assertRegex(self.poll("-t", "0", "-r", "7", "-c", "1").stdout, r"\[7\]:\s+0")
        self.assertRegex(self.poll("-t", "1", "-r", "3", "-c", "1").stdout, r"\[3\]:\s+0")
        self.assertEqual(self.poll("-t", "4", "-r", "5", values=[321]).returncode, 0)
        self.assertRegex(self.poll("-t", "4", "-r", "5", "-c", "1").stdout, r"\[5\]:\s+321")
        self.assertEqual(self.poll("-t", "0", "-r", "6", values=[1]).returncode, 0)
        self.assertRegex(self.poll("-t", "0", "-r", "6", "-c", "1").stdout, r"\[6\]:\s+1")
        self.assertIn("Illegal data address", self.poll("-t", "4", "-r", "600", "-c", "1").stderr)

    def test_pymodbus(self):
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)
        asyncio.run(asyncio.wait_for(self.pymodbus(), PATIENCE_S))

    async def pymodbus(self):
        from pymodbus.client import AsyncModbusTcpClient
        from pymodbus.mei_message import ReadDeviceInformationRequest

        master = AsyncModbusTcpClient("127.0.0.1", port=self.port, timeout=5)
        await master.connect()
        ask = master.protocol if hasattr(master, "protocol") else master
        self.assertEqual((await ask.read_holding_registers(0, 10, slave=1)).registers, list(range(100, 110)))
        self.assertEqual((await ask.read_input_registers(0, 4, slave=1)).registers, list(range(200, 204)))
        self.assertEqual((await ask.read_coils(0, 8, slave=1)).bits[:8], [False] * 8)
        self.assertEqual((await ask.read_discrete_inputs(0, 4, slave=1)).bits[:4], [False] * 4)
        await ask.write_coil(2, True, slave=1)
        await ask.write_coils(5, [True, True], slave=1)
        self.assertEqual((await ask.read_coils(0, 8, slave=1)).bits[:8], [False, False, True, False, False, True, True, False])
        await ask.write_register(0, 5, slave=1)
        await ask.write_registers(1, [6, 7], slave=1)
        await ask.mask_write_register(address=2, and_mask=0x0003, or_mask=0x0010, unit=1)
        both = await ask.readwrite_registers(read_address=0, read_count=4, write_address=3, write_registers=[9], unit=1)
        self.assertEqual(both.registers, [5, 6, 0x13, 9])
        answer = await ask.execute(ReadDeviceInformationRequest(read_code=1, object_id=0, unit=1))
        self.assertFalse(answer.isError(), answer)
        self.assertEqual(sorted(answer.information), [0, 1, 2])
        self.assertTrue(all(answer.information.values()))
        self.assertEqual((await ask.read_holding_registers(500, 1, slave=1)).exception_code, 2)
        closing = master.close()
        if asyncio.iscoroutine(closing):
            await closing


if __name__ == "__main__":
    unittest.main()
