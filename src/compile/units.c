/* units.c - words for units become exponents, factor and offset
 *
 * Source of the words behind the table: udunits2 2.2.28, udunits2-lib.info. It does not tell points from differences;
 * here a unit with an offset that stands alone is a point.
 */
#include "compile/units.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <udunits2.h>

#include "base/text.h"
#include "model/unit.h"

#define TEXT_MAX 63
#define DEPTH_MAX 4      /* of a table entry that is explained by others */
#define CACHE_SLOTS 2048 /* a power of two; at most half of them are used */

enum kind { KIND_WORD, KIND_SAME, KIND_OWN, KIND_REFUSED };
enum prefixes { NONE = 0, SMALL = 1, LARGE = 2, ALL = 7 };

static const struct row {
	const char *name;
	enum kind kind;
	enum prefixes prefixes;
	int dim; /* KIND_OWN */
	double factor;
	const char *text; /* word of udunits2, unit, or remedy */
} rows[] = {
#define WORD(name, prefixes, word) { name, KIND_WORD, prefixes, 0, 1, word },
#define SAME(name, prefixes, factor, text) { name, KIND_SAME, prefixes, 0, factor, text },
#define OWN(name, prefixes, dim, factor, text) { name, KIND_OWN, prefixes, dim, factor, text },
#define REFUSED(name, remedy) { name, KIND_REFUSED, NONE, 0, 0, remedy },
#include "compile/units.def"
#undef WORD
#undef SAME
#undef OWN
#undef REFUSED
};

static const struct {
	const char *name;
	int set; /* a bit of enum prefixes */
	double factor;
} prefixes[] = { { "p", 1, 1e-12 }, { "n", 1, 1e-9 }, { "µ", 1, 1e-6 }, { "μ", 1, 1e-6 },
	{ "u", 1, 1e-6 }, { "m", 1, 1e-3 }, { "k", 2, 1e3 }, { "M", 2, 1e6 }, { "G", 2, 1e9 },
	{ "T", 2, 1e12 }, { "c", 4, 1e-2 }, { "d", 4, 1e-1 }, { "h", 4, 1e2 } };

/* Base units of udunits2, in the order of enum unit_dim. */
static const char *const base_words[] = { "meter", "kilogram", "second", "ampere", "kelvin", "mole",
	"candela" };

struct entry {
	char text[TEXT_MAX + 1]; /* empty: free */
	struct unit unit;
};

static struct {
	ut_system *system;
	ut_unit *base[NELEM(base_words)];
	struct entry cache[CACHE_SLOTS];
	size_t n_cached;
} units;

static int parse_text(const char *text, int depth, struct unit *out, struct err *err);

/* ---- the database --------------------------------------------------------------------------------------------- */

void
units_close(void)
{
	for (size_t i = 0; i < NELEM(units.base); i++)
		ut_free(units.base[i]);
	ut_free_system(units.system);
	memset(&units, 0, sizeof(units));
}

int
units_open(struct err *err)
{
	ut_status status;
	const char *path;

	ut_set_error_message_handler(ut_ignore);
	path = ut_get_path_xml(NULL, &status);
	units.system = ut_read_xml(NULL);
	if (units.system == NULL)
		return err_set(err, ERR_IO, errno,
			"the units of udunits2 cannot be read from '%s'; install the package "
			"libudunits2-0, or set UDUNITS2_XML_PATH to udunits2.xml",
			path != NULL ? path : "udunits2.xml");
	for (size_t i = 0; i < NELEM(units.base); i++) {
		units.base[i] = ut_get_unit_by_name(units.system, base_words[i]);
		if (units.base[i] == NULL) {
			units_close();
			return err_set(err, ERR_IO, 0,
				"the units of udunits2 in '%s' have no %s; install the package "
				"libudunits2-0 again",
				path != NULL ? path : "udunits2.xml", base_words[i]);
		}
	}
	return 0;
}

/* ---- a unit of udunits2 as numbers: its visitor tells the exponents, its converter the rest ------------------ */

static bool
add_basic(struct unit *u, const ut_unit *basic, int power)
{
	for (size_t i = 0; i < NELEM(units.base); i++) {
		if (ut_compare(basic, units.base[i]) == 0) {
			u->dim[i] = (int8_t)(u->dim[i] + power);
			return true;
		}
	}
	return ut_is_dimensionless(basic) != 0; /* radian */
}

static ut_status
visit_basic(const ut_unit *unit, void *ctx)
{
	return add_basic(ctx, unit, 1) ? UT_SUCCESS : UT_VISIT_ERROR;
}

static ut_status
visit_product(const ut_unit *unit, int n, const ut_unit *const *basic, const int *powers, void *ctx)
{
	for (int i = 0; i < n; i++)
		if (!add_basic(ctx, basic[i], powers[i]))
			return UT_VISIT_ERROR;
	return UT_SUCCESS;
}

static ut_status visit_galilean(
	const ut_unit *unit, double scale, const ut_unit *under, double offset, void *ctx);

static ut_status
visit_timestamp(const ut_unit *unit, const ut_unit *time, double origin, void *ctx)
{
	return UT_VISIT_ERROR;
}

static ut_status
visit_logarithmic(const ut_unit *unit, double base, const ut_unit *reference, void *ctx)
{
	return UT_VISIT_ERROR;
}

static const ut_visitor visitor = { visit_basic, visit_product, visit_galilean, visit_timestamp,
	visit_logarithmic };

static ut_status
visit_galilean(const ut_unit *unit, double scale, const ut_unit *under, double offset, void *ctx)
{
	return ut_accept_visitor(under, &visitor, ctx);
}

/* The product of base units that `u` is a multiple of; caller frees. */
static ut_unit *
base_product(const struct unit *u)
{
	ut_unit *product = ut_get_dimensionless_unit_one(units.system);

	for (size_t i = 0; i < NELEM(units.base) && product != NULL; i++) {
		ut_unit *power = ut_raise(units.base[i], u->dim[i]);
		ut_unit *both = power != NULL ? ut_multiply(product, power) : NULL;

		ut_free(power);
		ut_free(product);
		product = both;
	}
	return product;
}

/* A slope that is computed far from its offset is cleaned of the last digits: 5/9 is meant as 1/1.8. */
static double
clean_slope(double slope)
{
	char text[32];

	snprintf(text, sizeof(text), "%.12g", 1 / slope);
	return 1 / strtod(text, NULL);
}

static bool
convert_unit(ut_unit *unit, struct unit *u)
{
	ut_unit *product = base_product(u);
	cv_converter *cv = product != NULL ? ut_get_converter(unit, product) : NULL;

	ut_free(product);
	if (cv == NULL)
		return false;
	u->offset = cv_convert_double(cv, 0);
	u->is_point = u->offset != 0;
	u->factor =
		u->is_point
			? clean_slope((cv_convert_double(cv, 1000) - cv_convert_double(cv, -1000)) /
				      2000)
			: cv_convert_double(cv, 1);
	cv_free(cv);
	return isnormal(u->factor) && isfinite(u->offset);
}

static bool
udunits_word(const char *word, struct unit *out)
{
	ut_unit *unit = ut_parse(units.system, word, UT_UTF8);
	struct unit u = { 0 };
	bool is_good = unit != NULL && ut_accept_visitor(unit, &visitor, &u) == UT_SUCCESS &&
		       convert_unit(unit, &u);

	ut_free(unit);
	if (is_good)
		*out = u;
	return is_good;
}

/* ---- names ---------------------------------------------------------------------------------------------------- */

static const struct row *
find_row(const char *name)
{
	for (size_t i = 0; i < NELEM(rows); i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

/* mbarg is m and barg. The name itself was looked for before: min, cd and Pa are no m-in, c-d, P-a. */
static const struct row *
find_prefixed(const char *name, double *out_factor)
{
	for (size_t i = 0; i < NELEM(prefixes); i++) {
		size_t n = strlen(prefixes[i].name);
		const struct row *row;

		if (strncmp(name, prefixes[i].name, n) != 0)
			continue;
		row = find_row(name + n);
		if (row != NULL && (row->prefixes & prefixes[i].set) != 0) {
			*out_factor = prefixes[i].factor;
			return row;
		}
	}
	return NULL;
}

static bool
is_long_word(const char *name)
{
	size_t n = 0;

	for (; name[n] != '\0'; n++)
		if (name[n] != '_' && !(name[n] >= 'a' && name[n] <= 'z') &&
			!(name[n] >= 'A' && name[n] <= 'Z'))
			return false;
	return n >= 5;
}

static int
unknown(const char *name, struct err *err)
{
	const char *names[NELEM(rows)], *near;
	size_t n = 0;

	for (size_t i = 0; i < NELEM(rows); i++)
		if (rows[i].kind != KIND_REFUSED)
			names[n++] = rows[i].name;
	near = text_nearest(name, names, n);
	if (near != NULL)
		return err_set(err, ERR_CONF, 0, "unknown unit '%s'; did you mean %s?", name, near);
	return err_set(err, ERR_CONF, 0,
		"unknown unit '%s'; docs/units.md lists them, a division has blanks around '/'",
		name);
}

static int
row_unit(const struct row *row, double factor, int depth, struct unit *out, struct err *err)
{
	struct unit u = unit_one;
	int rc;

	if (row->kind == KIND_REFUSED)
		return err_set(
			err, ERR_CONF, 0, "'%s' is not taken as a unit; %s", row->name, row->text);
	if (row->kind == KIND_WORD) {
		if (!udunits_word(row->text, &u))
			return err_set(err, ERR_IO, 0,
				"the database of udunits2 has no '%s'; install the package "
				"libudunits2-0 again",
				row->text);
	} else if ((rc = parse_text(row->text, depth + 1, &u, err)) != 0) {
		return rc;
	}
	if (row->kind == KIND_OWN) {
		memset(u.dim, 0, sizeof(u.dim));
		u.dim[row->dim] = 1;
	}
	u.factor *= factor * row->factor;
	*out = u;
	return 0;
}

static int
parse_name(const char *name, int depth, struct unit *out, struct err *err)
{
	const struct row *row = find_row(name);
	double factor = 1;

	if (row == NULL)
		row = find_prefixed(name, &factor);
	if (row != NULL)
		return row_unit(row, factor, depth, out, err);
	if (is_long_word(name) && udunits_word(name, out))
		return 0;
	return unknown(name, err);
}

/* ---- names with exponents, joined by '/' ---------------------------------------------------------------------- */

/* Cut the exponent off the end of `name`: m2, m^2, s-1, m², s⁻¹; 1 when there is none. */
static int
cut_exponent(char *name)
{
	static const struct {
		const char *text;
		int power;
	} raised[] = { { "⁻¹", -1 }, { "⁻²", -2 }, { "⁻³", -3 }, { "¹", 1 }, { "²", 2 },
		{ "³", 3 } };
	size_t n = strlen(name), k;
	int power;

	for (size_t i = 0; i < NELEM(raised); i++) {
		k = strlen(raised[i].text);
		if (n > k && strcmp(name + n - k, raised[i].text) == 0) {
			name[n - k] = '\0';
			return raised[i].power;
		}
	}
	if (n < 2 || name[n - 1] < '0' || name[n - 1] > '9')
		return 1;
	power = name[--n] - '0';
	if (n > 1 && name[n - 1] == '-') {
		power = -power;
		n--;
	}
	if (n > 1 && name[n - 1] == '^')
		n--;
	name[n] = '\0';
	return power;
}

static int
parse_term(const char *term, int depth, struct unit *out, struct err *err)
{
	char name[TEXT_MAX + 1];
	struct unit u;
	int power, rc;

	if (find_row(term) != NULL) /* Nm3, m3_n: the digit belongs to the name */
		return parse_name(term, depth, out, err);
	text_copy(name, sizeof(name), term);
	power = cut_exponent(name);
	if ((rc = parse_name(name, depth, &u, err)) != 0)
		return rc;
	if (power == 1)
		*out = u;
	else if (power == 0 || !unit_combine(&unit_one, &u, power, out))
		return err_set(
			err, ERR_CONF, 0, "the exponent in '%s' is out of range; use 1 to 9", term);
	return 0;
}

static int
check_form(const char *text, struct err *err)
{
	size_t n = strlen(text);

	if (n > TEXT_MAX)
		return err_set(err, ERR_CONF, 0, "a unit of %zu characters; it has at most %d", n,
			TEXT_MAX);
	if (text_utf8(text, n) != n)
		return err_set(
			err, ERR_CONF, 0, "a unit that is not UTF-8; save the file as UTF-8");
	for (const char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7F)
			return err_set(err, ERR_CONF, 0,
				"a blank in the unit '%s'; write it without, as in mL/min", text);
	if (strpbrk(text, ".*()") != NULL || strstr(text, "·") != NULL)
		return err_set(err, ERR_CONF, 0,
			"only '/' joins units, not as in '%s'; write Nm, Wh, Pas, or a quotient: "
			"kg/m-2 for kg times m2",
			text);
	return 0;
}

static int
parse_text(const char *text, int depth, struct unit *out, struct err *err)
{
	struct unit product = unit_one, u;
	char term[TEXT_MAX + 1];
	const char *p = text;
	size_t n;
	int rc;

	if (depth > DEPTH_MAX)
		return err_set(err, ERR_CONF, 0, "the unit '%s' explains itself; correct it", text);
	for (bool is_first = true;; is_first = false) {
		n = strcspn(p, "/");
		if (n == 0)
			return err_set(err, ERR_CONF, 0,
				"a name is missing beside '/' in the unit '%s'; write 1/min or "
				"mL/min",
				text);
		memcpy(term, p, n);
		term[n] = '\0';
		if (is_first && strcmp(term, "1") == 0)
			u = unit_one;
		else if ((rc = parse_term(term, depth, &u, err)) != 0)
			return rc;
		if (is_first)
			product = u;
		else if (!unit_combine(&product, &u, -1, &product))
			return err_set(err, ERR_CONF, 0,
				"the unit '%s' is out of range; use smaller exponents", text);
		if (p[n] == '\0')
			break;
		p += n + 1;
	}
	*out = product;
	return 0;
}

/* The slot of `text`: its own, or the free one where it belongs. */
static struct entry *
cache_slot(const char *text)
{
	size_t i = text_hash(text, strlen(text)) & (CACHE_SLOTS - 1);

	while (units.cache[i].text[0] != '\0' && strcmp(units.cache[i].text, text) != 0)
		i = (i + 1) & (CACHE_SLOTS - 1);
	return &units.cache[i];
}

int
units_parse(const char *text, struct unit *out, struct err *err)
{
	struct entry *slot;
	struct unit u;
	int rc;

	if (text[0] == '\0') {
		*out = unit_one;
		return 0;
	}
	slot = cache_slot(text);
	if (slot->text[0] != '\0') {
		*out = slot->unit;
		return 0;
	}
	if ((rc = check_form(text, err)) != 0 || (rc = parse_text(text, 0, &u, err)) != 0)
		return rc;
	if (units.n_cached < CACHE_SLOTS / 2) {
		text_copy(slot->text, sizeof(slot->text), text);
		slot->unit = u;
		units.n_cached++;
	}
	*out = u;
	return 0;
}

const char *
units_list(size_t i)
{
	for (size_t k = 0; k < NELEM(rows); k++)
		if (rows[k].kind != KIND_REFUSED && i-- == 0)
			return rows[k].name;
	return NULL;
}
