#!/usr/bin/python3
"""A Modbus server by pymodbus, on a TCP or a UDP port: pymodbus_server.py PORT TABLES [tell | udp]

TABLES: JSON {"holding": {"3": 250}, "input": {}, "coil": {}, "discrete": {}}, for unit 1; other addresses give exception 2.
tell: what is read and written in the holding registers is printed, "read 3 1", "write 3 [250]".
"""
import json
import sys

from pymodbus.datastore import ModbusServerContext, ModbusSlaveContext, ModbusSparseDataBlock
from pymodbus.device import ModbusDeviceIdentification
from pymodbus.server import StartTcpServer, StartUdpServer


class Telling(ModbusSparseDataBlock):
    def getValues(self, address, count=1):
        print("read", address, count, flush=True)
        return super().getValues(address, count)

    def setValues(self, address, values, use_as_default=False):
        print("write", address, values, flush=True)
        return super().setValues(address, values, use_as_default)


def block(table, kind=ModbusSparseDataBlock):
    return kind({int(address): word for address, word in table.items()} or {65535: 0})


tables = json.loads(sys.argv[2])
context = ModbusSlaveContext(di=block(tables["discrete"]), co=block(tables["coil"]), hr=block(tables["holding"], Telling if sys.argv[3:] == ["tell"] else ModbusSparseDataBlock),
                             ir=block(tables["input"]), zero_mode=True)
identity = ModbusDeviceIdentification(info_name={"VendorName": "pymodbus", "ProductCode": "PM", "MajorMinorRevision": "3.0"})
setup = {"context": ModbusServerContext(slaves={1: context}, single=False), "identity": identity, "address": ("127.0.0.1", int(sys.argv[1]))}
if sys.argv[3:] == ["udp"]:
    StartUdpServer(**setup)
else:
    StartTcpServer(**setup, allow_reuse_address=True)
