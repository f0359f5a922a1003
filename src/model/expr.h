/* expr.h - the expression language: one everywhere
 *
 * Lexis and grammar: docs/expressions.md. Parsing and checking need names and units, which the caller provides, so this
 * file knows neither YAML nor udunits2; the program that results runs in `control` without them.
 *
 * Types are (dimension, point or difference): 20 degC is a point of temperature, 5 K a difference. A truth has three
 * values (Kleene): a comparison with a bad value is *unknown*.
 */
#ifndef MODEL_EXPR_H
#define MODEL_EXPR_H

#include "base/err.h"
#include "msg/value.h"

#define EXPR_DIMS 12      /* base dimensions; the first seven are those of the SI */
#define EXPR_DEPTH_MAX 64 /* nesting of brackets, and of the evaluation's stack */
#define EXPR_OPS_MAX 1024
#define EXPR_TIME_MAX_S 1e8  /* of a time inside an expression */
#define EXPR_SOURCE_MAX 4096 /* bytes of one expression */

/* A unit: value_in_base = value * factor + offset. */
struct unit {
	int8_t dim[EXPR_DIMS]; /* exponents */
	double factor, offset;
	bool is_point; /* has an offset: degC, degF; K and everything else are differences */
};

/* EXPR_UNKNOWN is for a name whose type its caller cannot tell, because of an error that was told already: it fits
 * everywhere, and what comes of it is unknown too. The rest of the expression is checked; its program is of no use. */
enum expr_kind { EXPR_NUMBER, EXPR_TRUTH, EXPR_CHOICE, EXPR_TEXT, EXPR_UNKNOWN };

/* What a name stands for. */
struct expr_name {
	enum expr_kind kind;
	uint32_t channel;      /* index the program will ask for */
	struct unit unit;      /* EXPR_NUMBER */
	const char *unit_text; /* for messages; borrowed */
	const void *choices;   /* EXPR_CHOICE: the caller's own */
	/* Of what is no channel: parameters and loop names of a sequence. */
	uint32_t n_items; /* a list: its elements are `channel` and those behind it; 0: none */
	bool is_const;    /* EXPR_NUMBER: it is its value, and is not read */
	const double *
		values; /* in `unit`, one or n_items: where a constant is needed; NULL: there are none */
};

/* What the parser asks of its caller. Each returns 0, or a negative code with err->msg set to cause; remedy. */
struct expr_env {
	void *ctx;
	int (*unit)(void *ctx, const char *text, struct unit *out, struct err *err);
	int (*name)(void *ctx, const char *name, struct expr_name *out, struct err *err);
	int (*choice)(
		void *ctx, const void *choices, const char *word, int64_t *out, struct err *err);
	bool has_last; /* last(NAME) stands for what the name "NAME.last" does, and `outage` is a name */
	bool has_step; /* `step` is a name, and `step in (10, 20)` a condition */
	/* Is a reserved word, where a value stands, the name of a channel after all? NULL: none is. An instrument may have a channel `ready`. */
	bool (*owns)(void *ctx, const char *word);
};

enum expr_opcode {
	EXPR_OP_CONST,  /* push arg.f */
	EXPR_OP_TRUTH,  /* push truth arg.i */
	EXPR_OP_LOAD,   /* push channel arg.i as a number in its own unit */
	EXPR_OP_AFFINE, /* top = top * arg.f + arg2 */
	EXPR_OP_NEG,
	EXPR_OP_ADD,
	EXPR_OP_SUB,
	EXPR_OP_MUL,
	EXPR_OP_DIV,
	EXPR_OP_ABS,
	EXPR_OP_MIN,
	EXPR_OP_MAX,
	EXPR_OP_EQ,
	EXPR_OP_NE,
	EXPR_OP_LT,
	EXPR_OP_LE,
	EXPR_OP_GT,
	EXPR_OP_GE,
	EXPR_OP_NOT,
	EXPR_OP_AND,
	EXPR_OP_OR,
	EXPR_OP_BAD,     /* push truth: is channel arg.i bad? never unknown */
	EXPR_OP_AGE,     /* push seconds since the acquisition of channel arg.i */
	EXPR_OP_IS_TRUE, /* number to truth: a bool channel */
	EXPR_OP_VOTE,    /* pops arg.i truths: true when at least arg2 are true or unknown */
	/* Those that remember: arg.i is the number of their cell. */
	EXPR_OP_FROZEN, /* number to truth: unchanged for arg2 ns */
	EXPR_OP_SINCE,  /* truth to seconds: true for so long */
	EXPR_OP_HOLDS,  /* truth to truth: true for arg2 ns */
	EXPR_OP_RISES,  /* truth to truth: was false, is true */
	EXPR_OP_FALLS,  /* truth to truth: was true, is false */
	EXPR_OP_MEAN,   /* number to number: over arg2 ns */
	EXPR_OP_SLOPE,  /* number to number: change a second over arg2 ns */
	EXPR_OP_RSD, /* number to number: relative standard deviation of the last arg2 acquisitions */
	EXPR_OP_TOTAL,     /* number to number: times seconds, summed */
	EXPR_OP_HOURS,     /* truth to seconds: true so long in all */
	EXPR_OP_ITEM,      /* number to number: channel arg.i + top - 1, of arg2 */
	EXPR_OP_HOLDS_FOR, /* truth and seconds to truth: true for so long; arg.i is its cell */
};

struct expr_op {
	uint32_t code;
	uint32_t spare;
	union value arg;
	double arg2;
};

/* A parsed and checked expression. */
struct expr {
	struct expr_op ops[EXPR_OPS_MAX];
	uint32_t n;
	enum expr_kind kind;
	struct unit unit;   /* EXPR_NUMBER: in which its result comes */
	uint32_t reads[64]; /* channels it reads, each once */
	uint32_t n_reads;
	uint32_t n_cells; /* that it needs; its ops number them from 0 */
};

/* Parse and check `source`. On failure err->msg is "cause; remedy" and *out_column the place (1: first character). */
int expr_parse(const char *source, const struct expr_env *env, struct expr *out, int *out_column,
	struct err *err) MUST_CHECK;

/* Make the result come in `unit` (a number) by a last conversion; fails when the dimensions or the kind differ. */
int expr_convert(
	struct expr *e, const struct unit *unit, const char *unit_text, struct err *err) MUST_CHECK;

/* Does an operation remember? Then its arg.i is the number of its first cell: whoever joins programs adds to it. */
bool expr_has_cell(const struct expr_op *op);
/* How many values it takes off the stack; each puts one there. */
uint32_t expr_pops(const struct expr_op *op);
/* How many cells it takes; 0: it does not remember. */
uint32_t expr_cells(const struct expr_op *op);

#define EXPR_RSD_MIN 2 /* acquisitions */
#define EXPR_RSD_MAX 100

enum truth { TRUTH_FALSE, TRUTH_TRUE, TRUTH_UNKNOWN };

/* What one operation remembers from one evaluation to the next. Plain data: zeroed it has seen nothing yet. */
struct expr_cell {
	int64_t at_ns;   /* of the last evaluation */
	int64_t held_ns; /* since, for: how long true; frozen: how long unchanged */
	double v;        /* frozen: the value */
	uint8_t is;      /* what was seen at at_ns: 0 nothing that is known, else 1 + enum truth */
	uint8_t was;     /* what was seen last before at_ns */
	uint8_t spare[6];
};

/* Values for evaluation: what channel i is now. */
struct expr_input {
	void *ctx;
	void (*load)(void *ctx, uint32_t channel, double *out, unsigned *out_quality,
		int64_t *out_stamp_ns);
	int64_t now_ns; /* never before that of an earlier evaluation; the same one may come again */
	struct expr_cell *cells; /* NULL: what needs memory is unknown */
	bool is_trial;           /* only a question: the cells stay as they are */
};

struct expr_result {
	double number;    /* kind NUMBER or CHOICE */
	enum truth truth; /* kind TRUTH */
	unsigned quality; /* GOOD; OUT_OF_RANGE when an input is uncertain; SOURCE_BAD, UNDEFINED */
	int64_t stamp_ns; /* of the oldest input; now when there is none */
};

/* Run a program of n ops that expr_parse() made; does not allocate. */
void expr_run(const struct expr_op *ops, uint32_t n, const struct expr_input *in,
	struct expr_result *out);

/* True when ops come from expr_parse(): stack never under- or overflows, channels below n_channels, cells below n_cells. For
 * bytes from outside. */
bool expr_is_sound(const struct expr_op *ops, uint32_t n, uint32_t n_channels, uint32_t n_cells);

/* "(point of temperature)", "length/time": for messages. out: 96 bytes. */
void unit_describe(char *out, const struct unit *unit);

/* The channel that an operation reads; UINT32_MAX: none. */
uint32_t expr_op_reads(const struct expr_op *op);

#endif
