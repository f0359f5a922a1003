"""Every instrument file of the catalogue, simulated and read over real wires: `mbc twin` on one side, `mbc run` on the other."""
import json
import pathlib
import unittest

import yaml

from harness import Bench, Twin, free_port, wait_for

CATALOGUE = pathlib.Path(__file__).resolve().parent.parent.parent / "instruments"
LIMIT_S = 60  # a device behind TCP is first asked when no late answer can come any more: twice its timeout
NOT_PLAYED = {"folder"}  # protocols without a simulated instrument
AT_USB = {"velleman-k8055"}  # over HID, which no simulated instrument speaks, and only heard
UNASKED = {"sartorius_sbi.printed"}  # told only when the balance prints by itself


def needed_params(file):
    """What a bench has to say: as its exchanges do."""
    with_ = next((one["with"] for one in file.get("exchanges", []) if "with" in one), {})
    return {name: with_[name] if name in with_ else next(iter(param["words"])) if "words" in param else 1
            for name, param in file.get("params", {}).items() if "default" not in param}


def wire(file, port):
    return {"rtu" if file["protocol"] == "modbus-rtu" else "tcp": f"127.0.0.1:{port}"}


class Catalogue(unittest.TestCase):
    def test_every_channel_gets_a_good_value(self):
        files = {path.stem: yaml.load(path.read_text(), yaml.BaseLoader) for path in sorted(CATALOGUE.glob("*.yaml"))}
        files = {name: file for name, file in files.items() if file["protocol"] not in NOT_PLAYED and name not in AT_USB}
        ports = [free_port() for _ in files]
        links = {f"l{i}": wire(file, port) for i, (file, port) in enumerate(zip(files.values(), ports))}
        instruments = {name.replace("-", "_"): {"use": name, "link": f"l{i}", **needed_params(file)}
                       for i, (name, file) in enumerate(files.items())}
        bench = Bench("catalogue", f"links: {json.dumps(links)}\ninstruments: {json.dumps(instruments)}")
        twin = Twin(bench.file, ports, bench.environment)
        try:
            with bench:
                def bad():
                    return [f"{name}: {channel['reason']}" for name, channel in bench.channels().items()
                            if channel["quality"] != "good" and not name.startswith("mbc.") and name not in UNASKED]
                try:
                    wait_for("good values of all instruments", lambda: not bad(), LIMIT_S)
                except AssertionError as error:
                    raise AssertionError(f"{error}; bad are {bad()}") from None
                self.assertEqual(bench.value("alicat_mc.gas"), "N2")
                self.assertEqual(bench.value("alicat_mc.flags"), "")
                self.assertEqual(bench.value("huber_pilot.setpoint"), 25)
        finally:
            twin.stop()


if __name__ == "__main__":
    unittest.main()
