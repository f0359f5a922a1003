/* libmodbus_loop.c - what a plain libmodbus master reaches on a serial line: the peer of mbc's figures
 *
 * libmodbus_loop PATH BAUD FORMAT UNIT REGISTERS SECONDS SILENCE_US
 *
 * Reads holding registers 0.. of one unit again and again. libmodbus itself keeps no silence between an answer and the next
 * request; SILENCE_US is what its user sleeps in between (0: nothing, which breaks the standard). Checks that register n of unit u
 * holds n + 1000 x u, as line_emulator has it. Prints "transactions N errors N seconds S rate R".
 */
#include <errno.h>
#include <modbus.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double
now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static modbus_t *
connect_to(char **argv)
{
	const char *format = argv[3];
	modbus_t *m =
		modbus_new_rtu(argv[1], atoi(argv[2]), format[1], format[0] - '0', format[2] - '0');

	if (m == NULL || modbus_set_slave(m, atoi(argv[4])) < 0 ||
		modbus_set_response_timeout(m, 1, 0) < 0 || modbus_connect(m) < 0) {
		fprintf(stderr, "libmodbus_loop: %s: %s\n", argv[1], modbus_strerror(errno));
		exit(1);
	}
	modbus_flush(m);
	return m;
}

static int
read_once(modbus_t *m, int unit, int n)
{
	uint16_t words[MODBUS_MAX_READ_REGISTERS];

	if (modbus_read_registers(m, 0, n, words) != n)
		return 0;
	for (int i = 0; i < n; i++) {
		if (words[i] != (uint16_t)(i + 1000 * unit))
			return 0;
	}
	return 1;
}

int
main(int argc, char **argv)
{
	unsigned long transactions = 0, errors = 0;
	int unit, registers;
	double began, spent, seconds;
	long silence_us;
	modbus_t *m;

	if (argc != 8 || strlen(argv[3]) != 3 || atoi(argv[5]) < 1 ||
		atoi(argv[5]) > MODBUS_MAX_READ_REGISTERS) {
		fprintf(stderr, "usage: libmodbus_loop PATH BAUD FORMAT UNIT REGISTERS SECONDS "
				"SILENCE_US\n");
		return 2;
	}
	unit = atoi(argv[4]);
	registers = atoi(argv[5]);
	seconds = atof(argv[6]);
	silence_us = atol(argv[7]);
	m = connect_to(argv);
	began = now_s();
	do {
		struct timespec pause = { silence_us / 1000000, silence_us % 1000000 * 1000 };

		if (read_once(m, unit, registers)) {
			transactions++;
		} else {
			errors++;
			modbus_flush(m);
		}
		if (silence_us > 0)
			nanosleep(&pause, NULL);
		spent = now_s() - began;
	} while (spent < seconds);
	printf("transactions %lu errors %lu seconds %.3f rate %.3f\n", transactions, errors, spent,
		(double)transactions / spent);
	modbus_close(m);
	modbus_free(m);
	return 0;
}
