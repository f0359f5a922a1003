/* line_rig.h - a serial line with Modbus RTU units on it, on a clock that the test moves
 *
 * The engine speaks the real codec "modbus-rtu"; characters take their time on the line; every answer may come late, broken,
 * in pieces, from somebody else. Each question changes what all registers hold, so that a value tells which question it
 * answers: one that answers another than the last one is counted as wrong.
 */
#ifndef TESTS_LINE_RIG_H
#define TESTS_LINE_RIG_H

#include "link/link.h"

#define LINE_UNITS 33 /* unit numbers 1 .. 32 */
#define LINE_POINTS 128
#define LINE_PIECES 512
#define LINE_LOG 4096
#define LINE_ID_REGISTER 900 /* holds device.number, whatever is asked */

struct line_device {
	bool is_silent;
	bool is_broken;   /* a wrong CRC */
	int64_t delay_ns; /* from the last bit of a question to the first of its answer */
	size_t piece; /* its answers come in so many bytes; 0: whole, when its last bit has come */
	int64_t pause_ns; /* between pieces, beside the time of their characters */
	uint8_t as_unit;  /* the unit that it calls itself; 0: its own */
	uint16_t number;
	int write_code; /* exception that it answers writes with; 0: none */
	const char *vendor, *product, *revision; /* vendor NULL: does not know function 43 */
};

struct line_point {
	unsigned unit;
	const char *opts; /* of `read:`, as image_builder.h has them */
	int64_t every_ns;
	const char *write; /* of `write:`; NULL: read-only */
};

struct line_preset {
	unsigned unit;
	const char *opts; /* of `write:` */
	int64_t value;
};

struct line_conf {
	uint32_t baud; /* 8E1 */
	unsigned n_units;
	const struct line_point *points; /* [n_points], grouped by unit */
	size_t n_points;
	const struct line_preset *presets; /* [n_presets] */
	size_t n_presets;
	int64_t timeout_ns;
	uint32_t retries;
	int64_t late_max_ns, probe_max_ns; /* 0: the defaults */
	bool has_echo;
	const char *host; /* NULL: /dev/ttyS0 */
	/* Of unit 1: IDENTIFY_TEXT "GW1", IDENTIFY_POINT: LINE_ID_REGISTER is 3216. */
	enum image_identify identify;
};

struct line_question {
	int64_t at_ns;
	uint8_t unit, function;
	uint16_t address;
	uint16_t value; /* what is written, or how many are read */
};

struct line_piece {
	uint8_t bytes[512];
	size_t n;
	int64_t at_ns; /* when its last bit has come */
};

struct line_rig {
	struct line_conf conf;
	struct image *img;
	struct link *link;
	struct link_sink sink;
	int64_t now_ns, char_ns, silence_ns;
	struct line_device device[LINE_UNITS]; /* [unit] */
	/* the wire */
	bool is_open;
	bool is_deaf; /* no port there */
	bool is_slow; /* opening takes until line_open() */
	struct link_wants wants;
	struct line_piece pieces[LINE_PIECES];
	int64_t busy_ns; /* end of the last character on the line */
	uint8_t asked[300];
	size_t n_asked;
	size_t cut_echo; /* so many bytes of an echo come, the rest are spoiled; 0: all */
	unsigned salt, unit_asked;
	/* what happened */
	struct line_question log[LINE_LOG];
	size_t n_log;
	unsigned n_early; /* questions less than 3.5 characters after the last byte */
	unsigned n_wrong; /* good values that do not belong to the last question */
	unsigned n_flush, n_opens, n_closes, n_late, n_foreign;
	struct reading last[LINE_POINTS];
	int64_t told_ns[LINE_POINTS];
	unsigned n_good[LINE_POINTS], n_bad[LINE_POINTS];
	int state[LINE_UNITS], reason[LINE_UNITS]; /* [unit] */
	unsigned n_written;
	char refused[100];        /* what the trace said last of one that cannot be prepared */
	enum quality verdict[64]; /* [tag] */
};

void line_init(struct line_rig *r, const struct line_conf *conf);
void line_done(struct line_rig *r);
struct image *line_image(const struct line_conf *conf);
/* Do what the engine wants and what time brings, until then. */
void line_run(struct line_rig *r, int64_t until_ns);
void line_take(struct line_rig *r);
/* Bytes that come at that time, from whoever. */
void line_say(struct line_rig *r, const void *bytes, size_t n, int64_t at_ns);
/* A sound frame: body[0..n) and its CRC. */
void line_say_frame(struct line_rig *r, const uint8_t *body, size_t n, int64_t at_ns);
/* The port is gone, without a word of the engine. */
void line_lose(struct line_rig *r);
/* What is_slow kept waiting. */
void line_open(struct line_rig *r);
/* Questions of a unit (0: any) with that function (0: any), in the log from `first` on. */
unsigned line_asked(const struct line_rig *r, unsigned unit, unsigned function, size_t first);
struct board_state line_state(const struct line_rig *r, unsigned unit);
/* Run until a point is told something (good or bad), at most until then; true when it was. */
bool line_run_to_news(struct line_rig *r, unsigned point, int64_t until_ns);

#endif
