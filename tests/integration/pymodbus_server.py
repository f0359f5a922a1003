#!/usr/bin/python3
"""A Modbus TCP server by pymodbus: pymodbus_server.py PORT TABLES

TABLES: JSON {"holding": {"3": 250}, "input": {}, "coil": {}, "discrete": {}}, for unit 1; other addresses give exception 2.
"""
import json
import sys

from pymodbus.datastore import ModbusServerContext, ModbusSlaveContext, ModbusSparseDataBlock
from pymodbus.device import ModbusDeviceIdentification
from pymodbus.server import StartTcpServer


def block(table):
    return ModbusSparseDataBlock({int(address): word for address, word in table.items()} or {65535: 0})


tables = json.loads(sys.argv[2])
context = ModbusSlaveContext(di=block(tables["discrete"]), co=block(tables["coil"]), hr=block(tables["holding"]),
                             ir=block(tables["input"]), zero_mode=True)
identity = ModbusDeviceIdentification(info_name={"VendorName": "pymodbus", "ProductCode": "PM", "MajorMinorRevision": "3.0"})
StartTcpServer(context=ModbusServerContext(slaves={1: context}, single=False), identity=identity,
               address=("127.0.0.1", int(sys.argv[1])))
