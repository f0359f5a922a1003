/* seq_program.h - sequences as tables of an image: what the controller runs
 *
 * Rows are those of model/sequence.h. Until they are written into the image, what is a text in them is a place in `texts` (0: the
 * empty one), and what is a channel is one of the image already.
 */
#ifndef COMPILE_SEQ_PROGRAM_H
#define COMPILE_SEQ_PROGRAM_H

#include "compile/bench.h"
#include "model/sequence.h"

struct seq_programs {
	BENCH_TABLE(struct image_sequence) sequences;
	BENCH_TABLE(struct image_seq_step) steps;
	BENCH_TABLE(struct image_seq_expect) expects;
	BENCH_TABLE(struct image_instr) instrs;
	BENCH_TABLE(struct image_seq_action) actions;
	BENCH_TABLE(struct image_seq_guard) guards;
	BENCH_TABLE(struct image_slot) slots;
	BENCH_TABLE(struct image_seq_row) rows;
	BENCH_TABLE(struct image_seq_back) backs;
	BENCH_TABLE(struct image_seq_limit) limits;
	BENCH_TABLE(struct image_seq_file) files;
	BENCH_TABLE(uint32_t) numbers;
	BENCH_TABLE(bool) is_text; /* [number]: it is a place in texts */
	BENCH_TABLE(const char *) texts;
	uint32_t state[IMAGE_SEQUENCE_SHOWN]; /* channels of the bench's table */
	bool is_any;
	uint32_t n_files; /* sequences of the folder, good or not */
	int code;         /* exit code: 0 all are good, 1 some are not */
};

struct seq;
struct diag;

/* The channels that tell of the sequence under test, before channels are put in order. */
void seq_programs_declare(struct bench *b);

/* One more sequence, checked without errors. False: it uses what is not there yet, and that was told. */
bool seq_programs_add(struct bench *b, struct diag *d, struct seq *q, const char *path);

void seq_programs_done(struct seq_programs *p);

#endif
