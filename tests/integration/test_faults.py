"""Devices that are dead, silent, half, foreign or partly broken: reasons at once, neighbours unharmed, recovery alone."""
import time
import unittest

from harness import Bench, Device, Full, Silent, free_port, wait_for, widest_gap

EVERY_S = 0.1
NO_FLOOD = 6  # lines that one instrument may write to the log for one fault and one recovery, warnings of a retry included


def bench_text(ports, channels="      a: {read: {holding: 3}}\n"):
    """A bench with a link and an instrument for each name: port."""
    links = "".join(f"  {name}: {{tcp: \"127.0.0.1:{port}\"}}\n" for name, port in ports.items())
    instruments = "".join(f"""  {name}:
    use: modbus
    link: {name}
    every: {int(EVERY_S * 1000)} ms
    timeout: 200 ms
    channels:
{channels}""" for name in ports)
    return f"links:\n{links}instruments:\n{instruments}"


class Faults(unittest.TestCase):
    def spoiled(self, fault, *reasons):
        """One healthy neighbour, one device that is spoiled and repaired; the spoiled one must say why, then come back."""
        with Device({3: 11}) as good, Device({3: 22}) as bad, \
                Bench("f-" + (fault or "none"), bench_text({"good": good.port, "bad": bad.port})) as bench:
            bench.wait_good("good.a", "bad.a")
            bad.fault = fault
            began = time.monotonic()
            bench.wait_reason("bad.a", *reasons)
            time.sleep(1.5)  # the fault lasts: neither the neighbour nor the log may notice
            self.assertEqual(bench.channel("good.a")["quality"], "good")
            self.assertIsNone(bench.channel("bad.a")["value"])
            self.assertLess(widest_gap(good.reads(began)), 1.0)
            self.assertGreater(len(good.reads(began)), 0.4 * (time.monotonic() - began) / EVERY_S)
            state = bench.get("/api/v1/instruments/bad")
            self.assertEqual(state["state"], "down")
            self.assertTrue(state["remedy"])
            bad.holding[3] = 33
            bad.fault = ""
            bench.wait_value("bad.a", 33)
            self.assertEqual(bench.get("/api/v1/instruments/bad")["state"], "up")
            downs = bench.process.find(r"instrument 'bad': down")
            self.assertEqual(len(downs), 1, downs)
            self.assertLessEqual(len(bench.process.find("'bad'")), NO_FLOOD, bench.process.text())
            self.assertFalse(bench.process.find("instrument 'good': down"))

    def test_silent_device(self):
        self.spoiled("silent", "no_answer")

    def test_half_a_frame(self):
        self.spoiled("half", "no_answer", "garbled_answer", "connection_lost")

    def test_foreign_transaction_id(self):
        self.spoiled("foreign", "no_answer", "wrong_answer")

    def test_connection_closed_at_once(self):
        self.spoiled("close", "connection_lost", "no_connection")

    def test_port_that_nobody_listens_on(self):
        port = free_port()
        with Device({3: 11}) as good, Bench("dead", bench_text({"good": good.port, "bad": port})) as bench:
            bench.wait_good("good.a")
            bench.wait_reason("bad.a", "no_connection")
            with Device({3: 44}, port=port):
                bench.wait_value("bad.a", 44)
            bench.wait_reason("bad.a", "no_connection", "connection_lost")
            self.assertEqual(bench.channel("good.a")["quality"], "good")
            self.assertLess(widest_gap(good.reads()[1:]), 1.0)

    def test_port_that_accepts_and_never_answers(self):
        with Device({3: 11}) as good, Silent() as bad, Bench("mute", bench_text({"good": good.port, "bad": bad.port})) as bench:
            bench.wait_good("good.a")
            bench.wait_reason("bad.a", "no_answer")
            self.assertEqual(bench.channel("good.a")["quality"], "good")

    def test_host_that_swallows_packets(self):
        with Device({3: 11}) as good, Full() as bad, Bench("void", bench_text({"good": good.port, "bad": bad.port})) as bench:
            bench.wait_good("good.a")
            bench.wait_reason("bad.a", "no_connection")
            self.assertEqual(bench.channel("good.a")["quality"], "good")
            self.assertLess(widest_gap(good.reads()[1:]), 1.0)

    def test_one_bad_register_spares_its_neighbours(self):
        channels = "".join(f"      r{address}: {{read: {{holding: {address}}}}}\n" for address in range(10, 30))
        with Device({address: address for address in range(10, 30)}) as device:
            device.refuse = {17}
            with Bench("hole", bench_text({"dev": device.port}, channels)) as bench:
                bench.wait_reason("dev.r17", "refused_address")
                others = [f"dev.r{address}" for address in range(10, 30) if address != 17]
                bench.wait_good(*others)
                self.assertEqual([bench.value(name) for name in others], [a for a in range(10, 30) if a != 17])
                self.assertEqual(bench.get("/api/v1/instruments/dev")["state"], "up")
                since = time.monotonic()
                wait_for("polls of the others", lambda: len(device.reads(since)) >= 40)
                reads = [address <= 17 < address + count for stamp, _, function, address, count in list(device.log)
                         if stamp > since and function == 3]
                self.assertLess(sum(reads), len(reads) / 6, "the refused register is asked for nearly as often as the others")
                channels_now = bench.channels()
                self.assertTrue(all(channels_now[name]["quality"] == "good" for name in others))

    def test_two_units_on_one_wire(self):
        """A unit that is silent behind a gateway must not take its neighbour along."""
        with Device({3: 5}) as device:
            answer = device._answer
            device._answer = lambda sock, tid, unit, pdu: unit == 1 and answer(sock, tid, unit, pdu)
            with Bench("gw", f"""
links: {{io: {{tcp: "127.0.0.1:{device.port}"}}}}
instruments:
  one: {{use: modbus, link: io, unit: 1, every: 100 ms, timeout: 200 ms, channels: {{a: {{read: {{holding: 3}}}}}}}}
  two: {{use: modbus, link: io, unit: 2, every: 100 ms, timeout: 200 ms, channels: {{a: {{read: {{holding: 3}}}}}}}}
""") as bench:
                bench.wait_good("one.a")
                bench.wait_reason("two.a", "no_answer")
                wait_for("two is down", lambda: bench.get("/api/v1/instruments/two")["state"] == "down")
                since = time.monotonic()
                wait_for("polls of the neighbour", lambda: len(device.reads(since)) > 20)
                self.assertEqual(bench.channel("one.a")["quality"], "good")


if __name__ == "__main__":
    unittest.main()
