/* libmodbus_slave.c - libmodbus as a unit on a serial line: libmodbus_slave PORT UNIT
 *
 * Holding registers 0..999. Register n holds 1000 * (n / 100) + the number of the request, 0..999: a value tells which
 * hundred it was asked from, and when. Prints "ready", then runs until it is ended.
 */
#include <errno.h>
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>

#define REGISTERS 1000

int
main(int argc, char **argv)
{
	uint8_t query[MODBUS_RTU_MAX_ADU_LENGTH];
	modbus_mapping_t *map;
	modbus_t *line;

	if (argc != 3)
		return 1;
	line = modbus_new_rtu(argv[1], 19200, 'N', 8, 1);
	map = modbus_mapping_new(0, 0, REGISTERS, 0);
	if (line == NULL || map == NULL || modbus_set_slave(line, atoi(argv[2])) < 0 ||
		modbus_connect(line) < 0) {
		fprintf(stderr, "cannot start: %s\n", modbus_strerror(errno));
		return 1;
	}
	printf("ready\n");
	fflush(stdout);
	for (unsigned n = 0;;) {
		int got = modbus_receive(line, query);

		if (got < 0 && errno == EIO)
			break; /* the line is gone */
		if (got <= 0)
			continue; /* for another unit, or broken */
		n++;
		for (unsigned i = 0; i < REGISTERS; i++)
			map->tab_registers[i] = (uint16_t)(1000 * (i / 100) + n % 1000);
		(void)modbus_reply(line, query, got, map);
	}
	modbus_mapping_free(map);
	modbus_free(line);
	return 0;
}
