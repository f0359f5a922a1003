/* libmodbus_master.c - libmodbus as the master of a twin: libmodbus_master PORT
 *
 * The twin has, on unit 1: holding registers 0..9 (register n starts at n + 100), input registers
 * 0..3 (n + 200), coils 0..7 and discrete inputs 0..3, all off; nothing else. Ends with 0, or with
 * 1 after a line that tells what differs.
 */
#include <errno.h>
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;

static void
expect(const char *what, int is_true)
{
	printf("%s: %s\n", what, is_true ? "as expected" : modbus_strerror(errno));
	failures += !is_true;
}

static void
read_tables(modbus_t *m)
{
	uint16_t words[10] = { 0 };
	uint8_t bits[8];
	int is_right;

	is_right = modbus_read_registers(m, 0, 10, words) == 10;
	for (int i = 0; i < 10; i++)
		is_right = is_right && words[i] == i + 100;
	expect("function 3", is_right);
	expect("function 4", modbus_read_input_registers(m, 1, 3, words) == 3 && words[0] == 201 &&
				     words[2] == 203);
	memset(bits, 1, sizeof(bits));
	expect("function 1", modbus_read_bits(m, 0, 8, bits) == 8 && bits[0] == 0 && bits[7] == 0);
	memset(bits, 1, sizeof(bits));
	expect("function 2", modbus_read_input_bits(m, 0, 4, bits) == 4 && bits[3] == 0);
}

static void
write_bits(modbus_t *m)
{
	const uint8_t pattern[8] = { 1, 0, 1, 1, 0, 0, 1, 0 };
	uint8_t bits[8] = { 0 };

	expect("function 5",
		modbus_write_bit(m, 3, 1) == 1 && modbus_read_bits(m, 3, 1, bits) == 1 && bits[0]);
	expect("function 15", modbus_write_bits(m, 0, 8, pattern) == 8 &&
				      modbus_read_bits(m, 0, 8, bits) == 8 &&
				      memcmp(bits, pattern, sizeof(bits)) == 0);
}

static void
write_registers(modbus_t *m)
{
	const uint16_t three[3] = { 11, 22, 33 };
	uint16_t words[10] = { 0 };

	expect("function 6", modbus_write_register(m, 2, 4711) == 1 &&
				     modbus_read_registers(m, 2, 1, words) == 1 &&
				     words[0] == 4711);
	expect("function 16", modbus_write_registers(m, 4, 3, three) == 3 &&
				      modbus_read_registers(m, 4, 3, words) == 3 &&
				      memcmp(words, three, sizeof(three)) == 0);
	/* (current AND and-mask) OR (or-mask AND NOT and-mask): the example of the specification, 6.16. */
	expect("function 22", modbus_write_register(m, 7, 0x12) == 1 &&
				      modbus_mask_write_register(m, 7, 0xF2, 0x25) == 1 &&
				      modbus_read_registers(m, 7, 1, words) == 1 &&
				      words[0] == 0x17);
	expect("function 23", modbus_write_and_read_registers(m, 8, 2, three, 7, 3, words) == 3 &&
				      words[0] == 0x17 && words[1] == 11 && words[2] == 22);
}

static void
refusals(modbus_t *m)
{
	uint16_t word;
	uint8_t bit;

	expect("exception 2 for a register that is not there",
		modbus_read_registers(m, 500, 1, &word) == -1 && errno == EMBXILADD);
	expect("exception 2 for a block that reaches over the end",
		modbus_read_registers(m, 9, 2, (uint16_t[2]){ 0 }) == -1 && errno == EMBXILADD);
	expect("exception 2 for a coil that is not there",
		modbus_read_bits(m, 500, 1, &bit) == -1 && errno == EMBXILADD);
	expect("exception 2 for a write to a register that is not there",
		modbus_write_register(m, 500, 1) == -1 && errno == EMBXILADD);
	expect("an answer after the refusals", modbus_read_registers(m, 2, 1, &word) == 1);
}

int
main(int argc, char **argv)
{
	modbus_t *m = argc == 2 ? modbus_new_tcp("127.0.0.1", atoi(argv[1])) : NULL;

	if (m == NULL) {
		fprintf(stderr, "usage: libmodbus_master PORT\n");
		return 2;
	}
	modbus_set_slave(m, 1);
	modbus_set_response_timeout(m, 5, 0);
	if (modbus_connect(m) < 0) {
		fprintf(stderr, "cannot connect to port %s: %s\n", argv[1], modbus_strerror(errno));
		modbus_free(m);
		return 1;
	}
	read_tables(m);
	write_bits(m);
	write_registers(m);
	refusals(m);
	modbus_close(m);
	modbus_free(m);
	return failures != 0;
}
