/* bench.tsx - the bench as its operators know it: alarms, trips, sequence, plot, instruments, table */
import { Alarms } from "../alarms";
import { Instruments } from "../instruments";
import { Plot } from "../plot";
import { SequencePanel } from "../sequence";
import { Synoptic } from "../synoptic";
import { Table } from "../table";
import { Trips } from "../trips";

export function Bench() {
	return (
		<>
			<Alarms />
			<Trips />
			<SequencePanel />
			<Synoptic />
			<Plot />
			<Instruments />
			<Table />
		</>
	);
}
