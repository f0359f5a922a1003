// A Modbus TCP server by npm's modbus-serial: node modbus_serial_server.js PORT
// Holding register n holds n + 1000, input register n holds n + 2000, coil n and discrete input n are on when n is odd.
"use strict";
const ModbusRTU = require("modbus-serial");
const written = new Map();
const vector = {
	getHoldingRegister: (address) => written.get(address) ?? address + 1000,
	getInputRegister: (address) => address + 2000,
	getCoil: (address) => address % 2 === 1,
	getDiscreteInput: (address) => address % 2 === 1,
	setRegister: (address, value) => { written.set(address, value); },
};
const server = new ModbusRTU.ServerTCP(vector, { host: "127.0.0.1", port: Number(process.argv[2]), unitID: 1 });
server.on("initialized", () => console.log("listening"));
server.on("socketError", () => {});
