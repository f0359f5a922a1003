/* text_format.h - formats of messages: what an instrument file says about bytes; pure
 *
 * A format is literal text in which each character is one byte, with elements in braces:
 *
 *	\r \n \t        the usual characters; '\' itself is \\
 *	<0D 0A>         bytes in hexadecimal ('<' itself is <3C>, '{' is <7B>, '[' is <5B>)
 *	{flow:num}      a value with a name; without one it is passed over, but must have the form
 *	[ {sp:num}]     what may be missing, as a whole
 *	{..} {_} {_6}   anything up to what follows; any number of blanks, usually 6
 *	{=sum8hex}      a checksum of all since {^} or the beginning; {=sum8hex?} is not compared
 *	{password:secret} the instrument's password
 *	{#hex3} {#u8+4} how many bytes follow up to the checksum, {$} or the end (plus 4)
 *
 * docs/drivers/text.md is the reference; text_format_kinds() lists what may stand behind the colon.
 */
#ifndef DRIVERS_TEXT_FORMAT_H
#define DRIVERS_TEXT_FORMAT_H

#include "link/codec.h"

#define TEXT_ELEMENTS_MAX 160
#define TEXT_FIELDS_MAX 32
#define TEXT_NO_FIELD 0xFF

enum text_kind {
	TEXT_BYTE,
	TEXT_NUM,    /* a decimal number, with or without point and exponent */
	TEXT_EXP,    /* the same, written with an exponent */
	TEXT_INT,    /* a whole decimal number */
	TEXT_FIX,    /* the same, its last `digits` behind a point that is not written */
	TEXT_EXPO,   /* six digits of vacuum gauges: four of a mantissa, two of an exponent */
	TEXT_HEX,    /* hexadecimal digits */
	TEXT_UINT,   /* a binary number of `width` bytes */
	TEXT_SINT,   /* with sign: two's complement */
	TEXT_FLOAT,  /* IEEE 754 */
	TEXT_BCD,    /* two decimal digits a byte */
	TEXT_PACKED, /* four characters of six bits in three bytes */
	TEXT_TEXT,
	TEXT_WORD,  /* up to a blank */
	TEXT_WORDS, /* one of several; its value is its number, from 0 */
	TEXT_BLOCK, /* a definite block of IEEE 488.2: #15hello */
	TEXT_ANY,
	TEXT_BLANKS,
	TEXT_MARK, /* from here on a checksum counts */
	TEXT_STOP, /* up to here a length counts */
	TEXT_CHECK,
	TEXT_LENGTH,
	TEXT_OPTION, /* `skip` elements follow that may be missing together */
	TEXT_OPTION_END,
	TEXT_SECRET, /* the instrument's password */
};

struct text_slice {
	const char *at;
	size_t n;
};

struct text_element {
	uint8_t kind;  /* enum text_kind */
	uint8_t byte;  /* TEXT_BYTE */
	uint8_t width; /* characters, or bytes of a binary number; 0: as many as there are */
	int8_t digits; /* behind the point; -1: as many as the number needs */
	uint8_t order; /* binary: bytes from the first on the wire: see text_value.c */
	uint8_t field; /* number of a value with a name; TEXT_NO_FIELD */
	uint8_t check; /* TEXT_CHECK: see text_check.h */
	uint8_t skip;  /* TEXT_OPTION: elements in it */
	bool has_plus, is_hex,
		is_lax; /* a sign always; binary as hexadecimal digits; a checksum that is not compared */
	bool has_blanks;  /* filled up with blanks instead of zeros, behind the sign */
	uint8_t exponent; /* TEXT_EXP: least digits of the exponent */
	int16_t more;     /* TEXT_LENGTH: added to the count */
	struct text_slice name, words;
};

struct text_format {
	unsigned n, n_fields;
	const char *
		secret; /* what TEXT_SECRET stands for, borrowed; NULL: not known. Whoever sends or hears it puts it in */
	struct text_element at[TEXT_ELEMENTS_MAX];
};

/* ERR_CONF with "cause; remedy"; err->sys is the byte of the text where it stands. */
int text_format_parse(const char *text, struct text_format *out, struct err *err) MUST_CHECK;

/* Beyond its form: can an answer of this form be read (is_receive), or a question of it be written? */
int text_format_check(const struct text_format *f, bool is_receive, struct err *err) MUST_CHECK;

/* Does the password stand in it? */
bool text_format_has_secret(const struct text_format *f);

/* The element of a field by its name; NULL: there is none. */
const struct text_element *text_format_field(const struct text_format *f, const char *name);

/* How many bytes on the wire this element always has; 0: that depends. */
size_t text_format_width(const struct text_element *e);

/* The longest run of literal bytes from element i on; returns its length. out: TEXT_ELEMENTS_MAX bytes. */
size_t text_format_literal(const struct text_format *f, unsigned i, uint8_t *out);

#endif
