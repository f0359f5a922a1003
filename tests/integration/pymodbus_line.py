#!/usr/bin/python3
"""Modbus RTU units by pymodbus: pymodbus_line.py PORT UNITS

PORT: a serial port, or host:port of a TCP server behind which RTU is spoken. UNITS: JSON {"1": {"3": 250}, "2": {}}, holding registers
by unit; other addresses give exception 2, other units no answer. The register that is null counts the readings of it.
"""
import asyncio
import json
import sys

from pymodbus.datastore import ModbusServerContext, ModbusSlaveContext, ModbusSparseDataBlock
from pymodbus.device import ModbusDeviceIdentification
from pymodbus.framer.rtu_framer import ModbusRtuFramer
from pymodbus.server import StartAsyncSerialServer, StartAsyncTcpServer


class Block(ModbusSparseDataBlock):
    """Registers of which some count how often they are read."""

    def __init__(self, table):
        self.counting = [int(address) for address, word in table.items() if word is None]
        super().__init__({int(address): word or 0 for address, word in table.items()} or {65535: 0})

    def getValues(self, address, count=1):  # noqa: N802: pymodbus names it
        for register in self.counting:
            if address <= register < address + count:
                self.values[register] = (self.values[register] + 1) & 0xFFFF
        return super().getValues(address, count)


units = {int(unit): ModbusSlaveContext(hr=Block(table), zero_mode=True) for unit, table in json.loads(sys.argv[2]).items()}
identity = ModbusDeviceIdentification(info_name={"VendorName": "pymodbus", "ProductCode": "PM", "MajorMinorRevision": "3.0"})
common = {"context": ModbusServerContext(slaves=units, single=False), "identity": identity, "framer": ModbusRtuFramer,
          "ignore_missing_slaves": True}
if ":" in sys.argv[1]:
    host, port = sys.argv[1].split(":")
    asyncio.run(StartAsyncTcpServer(address=(host, int(port)), **common))
else:  # a pseudo-terminal refuses parity bits
    asyncio.run(StartAsyncSerialServer(port=sys.argv[1], baudrate=19200, parity="N", stopbits=1, bytesize=8, timeout=0.005, **common))
