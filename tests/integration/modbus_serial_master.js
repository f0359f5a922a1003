// npm's modbus-serial as the master of a twin: node modbus_serial_master.js PORT
// The twin is the one of libmodbus_master.c. Prints a JSON object of what it read.
"use strict";
const ModbusRTU = require("modbus-serial");

async function main() {
	const master = new ModbusRTU();
	const seen = {};
	await master.connectTCP("127.0.0.1", { port: Number(process.argv[2]) });
	master.setID(1);
	master.setTimeout(5000);
	seen.holding = (await master.readHoldingRegisters(0, 3)).data;
	seen.input = (await master.readInputRegisters(0, 4)).data;
	seen.coils = (await master.readCoils(0, 8)).data;
	seen.discrete = (await master.readDiscreteInputs(0, 4)).data.slice(0, 4);
	await master.writeCoil(1, true);
	await master.writeCoils(4, [true, true]);
	seen.coils_after = (await master.readCoils(0, 8)).data;
	await master.writeRegister(0, 65535);
	await master.writeRegisters(1, [1, 2]);
	seen.holding_after = (await master.readHoldingRegisters(0, 3)).data;
	seen.refused = await master.readHoldingRegisters(500, 1).then(() => 0, (error) => error.modbusCode);
	seen.identity = (await master.readDeviceIdentification(1, 0)).data;
	master.close(() => {});
	console.log(JSON.stringify(seen));
}

main().catch((error) => { console.error(error); process.exit(1); });
