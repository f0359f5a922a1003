/* gate.c - conditions on what a device says it is */
#include "model/gate.h"

#include <string.h>

#include "base/text.h"

static const char *const ops[GATE_OPS] = { "=", "!=", "<", "<=", ">", ">=" };

enum gate_op
gate_parse(const char *text, const char **out_rest)
{
	enum gate_op op = GATE_IS;
	size_t n = 0;

	text += strspn(text, " ");
	for (int i = 0; i < GATE_OPS; i++)
		if (strlen(ops[i]) > n && strncmp(text, ops[i], strlen(ops[i])) == 0) {
			op = (enum gate_op)i;
			n = strlen(ops[i]);
		}
	text += n;
	*out_rest = text + strspn(text, " ");
	return op;
}

const char *
gate_op_text(unsigned op)
{
	return op < GATE_OPS ? ops[op] : "?";
}

/* A run of digits without the zeros before it. */
static size_t
take_digits(const char **text, const char **out)
{
	size_t n;

	*text += strspn(*text, "0");
	*out = *text;
	n = strspn(*text, "0123456789");
	*text += n;
	return n;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int
gate_compare(const char *a, const char *b)
{
	while (*a != '\0' && *b != '\0') {
		const char *x, *y;
		size_t n, m;
		int rc;

		if (!is_digit(*a) || !is_digit(*b)) {
			if (*a != *b)
				return (unsigned char)*a - (unsigned char)*b;
			a++;
			b++;
			continue;
		}
		n = take_digits(&a, &x);
		m = take_digits(&b, &y);
		if (n != m)
			return n < m ? -1 : 1;
		rc = memcmp(x, y, n);
		if (rc != 0)
			return rc;
	}
	return (*a != '\0') - (*b != '\0');
}

bool
gate_holds(const char *said, unsigned op, const char *wanted, bool is_number)
{
	double x, y;
	int order;

	if (said[0] == '\0')
		return false;
	if (is_number) {
		if (!text_to_double(said, &x) || !text_to_double(wanted, &y))
			return false;
		order = (x > y) - (x < y);
	} else {
		order = gate_compare(said, wanted);
	}
	switch (op) {
	case GATE_IS:
		return order == 0;
	case GATE_IS_NOT:
		return order != 0;
	case GATE_BELOW:
		return order < 0;
	case GATE_AT_MOST:
		return order <= 0;
	case GATE_ABOVE:
		return order > 0;
	default:
		return order >= 0;
	}
}
