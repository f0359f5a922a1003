/* tail.c - samples of many channels in one blob */
#include "history/tail.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "msg/quality.h"

#define TAIL_MAGIC 'T'
#define TAIL_VERSION 1
#define HEAD 2
#define PLACES_MAX 6
#define NONE UINT32_MAX

/* What stands for a value. */
enum mark {
	MARK_NOTHING,
	MARK_INT,                            /* zigzag varint */
	MARK_RAW,                            /* 8 bytes */
	MARK_TEXT,                           /* its length and its bytes */
	MARK_DECIMAL,                        /* + places: zigzag varint, divided by 10^places */
	MARK_MAX = MARK_DECIMAL + PLACES_MAX /* the last one */
};
#define MARK_QUALITY 0x80 /* quality and code follow; else it is good, without a code */

static const double tens[PLACES_MAX + 1] = { 1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6 };

struct entry {
	int64_t stamp_ns;
	union value v; /* a text: where it begins in `texts` */
	uint16_t quality, code;
	uint32_t next; /* of the same channel; NONE */
	uint32_t type;
};

struct tail {
	struct entry *at;
	size_t n, cap;
	uint32_t *first, *last; /* [channel] into at; NONE */
	uint32_t n_channels;    /* room of these two */
	uint32_t *order;        /* channels in the order of their first samples */
	size_t n_order;
	struct buf texts; /* each ends with a NUL */
	struct buf plain;
	ZSTD_CCtx *pack;
	ZSTD_DCtx *unpack;
	uint8_t *room; /* of an unpacked blob */
	size_t n_room;
};

struct tail *
tail_new(void)
{
	struct tail *t = mem_zero(1, sizeof(*t));

	t->pack = ZSTD_createCCtx();
	t->unpack = ZSTD_createDCtx();
	if (t->pack == NULL || t->unpack == NULL)
		abort();
	ZSTD_CCtx_setParameter(t->pack, ZSTD_c_compressionLevel, 1);
	ZSTD_CCtx_setParameter(t->pack, ZSTD_c_windowLog, 17);
	return t;
}

void
tail_free(struct tail *t)
{
	if (t == NULL)
		return;
	ZSTD_freeCCtx(t->pack);
	ZSTD_freeDCtx(t->unpack);
	buf_done(&t->texts);
	buf_done(&t->plain);
	free(t->at);
	free(t->first);
	free(t->last);
	free(t->order);
	free(t->room);
	free(t);
}

/* ---- writing -------------------------------------------------------------------------------------------------------------- */

static void
make_room(struct tail *t, uint32_t channel)
{
	if (t->n == t->cap) {
		t->cap = MAX(2 * t->cap, (size_t)256);
		t->at = mem_grow(t->at, t->cap, sizeof(*t->at));
	}
	if (channel < t->n_channels)
		return;
	uint32_t n = MAX(channel + 1, t->n_channels + t->n_channels / 2);

	t->first = mem_grow(t->first, n, sizeof(*t->first));
	t->last = mem_grow(t->last, n, sizeof(*t->last));
	t->order = mem_grow(t->order, n, sizeof(*t->order));
	for (uint32_t i = t->n_channels; i < n; i++)
		t->first[i] = NONE;
	t->n_channels = n;
}

void
tail_add(struct tail *t, uint32_t channel, enum value_type type, const struct sample *s)
{
	struct entry *e;

	make_room(t, channel);
	e = &t->at[t->n];
	*e = (struct entry){ .stamp_ns = s->stamp_ns,
		.v = s->v,
		.quality = s->quality,
		.code = s->code,
		.next = NONE,
		.type = type };
	if (type == VALUE_TEXT) {
		e->v.u = t->texts.n;
		buf_put(&t->texts, s->text, strnlen(s->text, VALUE_TEXT_MAX));
		buf_putc(&t->texts, '\0');
	}
	if (t->first[channel] == NONE) {
		t->first[channel] = (uint32_t)t->n;
		t->order[t->n_order++] = channel;
	} else {
		t->at[t->last[channel]].next = (uint32_t)t->n;
	}
	t->last[channel] = (uint32_t)t->n++;
}

size_t
tail_count(const struct tail *t)
{
	return t->n;
}

static uint64_t
zigzag(int64_t v)
{
	return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

static void
put_varint(struct buf *out, uint64_t v)
{
	uint8_t *p = (uint8_t *)buf_room(out, 10);
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		p[n++] = (uint8_t)(v | 0x80);
	p[n++] = (uint8_t)v;
	out->n += n;
}

static bool
same_bits(double a, double b)
{
	return memcmp(&a, &b, sizeof(a)) == 0;
}

/* The decimal that a number stands for, exactly; false when it is none of few places. */
static bool
find_decimal(enum value_type type, double v, int *out_places, int64_t *out_k)
{
	for (int places = 0; places <= PLACES_MAX; places++) {
		double scaled = v * tens[places], k;

		k = nearbyint(scaled);
		if (!(fabs(k) > 0 && fabs(k) < 9007199254740992.0)) /* no integer is -0 */
			continue;
		if (type == VALUE_FLOAT32 ? !same_bits((double)((float)k / (float)tens[places]), v)
					  : !same_bits(k / tens[places], v))
			continue;
		*out_places = places;
		*out_k = (int64_t)k;
		return true;
	}
	return false;
}

static bool
is_whole(enum value_type type)
{
	return type != VALUE_FLOAT && type != VALUE_FLOAT32 && type != VALUE_TEXT;
}

static void
put_sample(const struct tail *t, struct buf *out, const struct entry *s, int64_t before_ns,
	int64_t unit_ns)
{
	const enum value_type type = (enum value_type)s->type;
	const char *text = type == VALUE_TEXT ? t->texts.data + s->v.u : "";
	bool has_quality = s->quality != Q_GOOD || s->code != 0;
	uint8_t more = has_quality ? MARK_QUALITY : 0, raw[8];
	size_t at = out->n;
	int places;
	int64_t k;

	buf_putc(out, (char)(MARK_NOTHING | more));
	put_varint(out, zigzag((int64_t)((uint64_t)(s->stamp_ns / unit_ns) -
					 (uint64_t)(before_ns / unit_ns))));
	if (text[0] != '\0') {
		out->data[at] = (char)(MARK_TEXT | more);
		put_varint(out, strlen(text));
		buf_put(out, text, strlen(text));
	} else if (type == VALUE_TEXT || s->v.u == 0) {
		/* nothing */
	} else if (is_whole(type)) {
		out->data[at] = (char)(MARK_INT | more);
		put_varint(out, zigzag(s->v.i));
	} else if (find_decimal(type, s->v.f, &places, &k)) {
		out->data[at] = (char)((MARK_DECIMAL + places) | more);
		put_varint(out, zigzag(k));
	} else {
		out->data[at] = (char)(MARK_RAW | more);
		put_u64le(raw, s->v.u);
		buf_put(out, raw, sizeof(raw));
	}
	if (has_quality) {
		put_varint(out, s->quality);
		put_varint(out, s->code);
	}
}

/* The largest unit that divides all times. */
static unsigned
find_unit(const struct tail *t, int64_t *out_ns)
{
	unsigned power = 9;
	int64_t unit = NS_PER_S;

	for (size_t i = 0; i < t->n; i++)
		while (t->at[i].stamp_ns % unit != 0) {
			power--;
			unit /= 10;
		}
	*out_ns = unit;
	return power;
}

static void
put_group(struct tail *t, uint32_t channel, uint32_t before, int64_t first_ns, int64_t unit_ns)
{
	uint32_t first = t->first[channel];
	size_t n = 0;

	for (uint32_t i = first; i != NONE; i = t->at[i].next)
		n++;
	put_varint(&t->plain, channel - before);
	put_varint(&t->plain, n);
	buf_putc(&t->plain, (char)t->at[first].type);
	for (uint32_t i = first; i != NONE; i = t->at[i].next) {
		put_sample(t, &t->plain, &t->at[i], first_ns, unit_ns);
		first_ns = t->at[i].stamp_ns;
	}
	t->first[channel] = NONE;
}

static int
compare(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* All groups, by the numbers of their channels. */
static void
put_groups(struct tail *t)
{
	int64_t unit_ns, first_ns = t->n > 0 ? t->at[0].stamp_ns : 0;
	uint32_t before = 0;

	buf_clear(&t->plain);
	buf_putc(&t->plain, (char)find_unit(t, &unit_ns));
	put_varint(&t->plain, zigzag(first_ns / unit_ns));
	if (t->n_order > 0)
		qsort(t->order, t->n_order, sizeof(*t->order), compare);
	for (size_t i = 0; i < t->n_order; i++) {
		put_group(t, t->order[i], before, first_ns, unit_ns);
		before = t->order[i];
	}
}

void
tail_take(struct tail *t, struct buf *out)
{
	size_t cap, n;
	char *p;

	put_groups(t);
	t->n = t->n_order = 0;
	buf_clear(&t->texts);
	cap = ZSTD_compressBound(t->plain.n);
	p = buf_room(out, HEAD + cap);
	p[0] = TAIL_MAGIC;
	p[1] = TAIL_VERSION;
	n = ZSTD_compress2(t->pack, p + HEAD, cap, t->plain.data, t->plain.n);
	if (ZSTD_isError(n))
		abort(); /* the room is as large as it asks for */
	out->n += HEAD + n;
}

/* ---- reading -------------------------------------------------------------------------------------------------------------- */

struct input {
	const uint8_t *at, *end;
	bool is_bad; /* it ended too early, or a number is too long: all further ones are 0 */
};

static uint64_t
get_varint(struct input *in)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64 && in->at < in->end; shift += 7) {
		uint8_t byte = *in->at++;

		v |= (uint64_t)(byte & 0x7F) << shift;
		if (byte < 0x80)
			return v;
	}
	in->is_bad = true;
	return 0;
}

static int64_t
get_zigzag(struct input *in)
{
	uint64_t v = get_varint(in);

	return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

static const uint8_t *
get_bytes(struct input *in, size_t n)
{
	const uint8_t *p = in->at;

	if ((size_t)(in->end - in->at) < n) {
		in->is_bad = true;
		return NULL;
	}
	in->at += n;
	return p;
}

static void
get_text(struct input *in, struct sample *out)
{
	uint64_t n = get_varint(in);
	const uint8_t *p = n <= VALUE_TEXT_MAX ? get_bytes(in, (size_t)n) : NULL;

	if (p == NULL) {
		in->is_bad = true;
		return;
	}
	memcpy(out->text, p, (size_t)n);
}

static void
get_value(struct input *in, enum value_type type, unsigned mark, struct sample *out)
{
	const uint8_t *p;

	if (mark == MARK_NOTHING)
		return;
	if (mark == MARK_TEXT && type == VALUE_TEXT) {
		get_text(in, out);
	} else if (mark == MARK_INT && is_whole(type)) {
		out->v.i = get_zigzag(in);
	} else if (mark == MARK_RAW) {
		p = get_bytes(in, 8);
		out->v.u = p == NULL ? 0 : get_u64le(p);
	} else if (mark >= MARK_DECIMAL && mark <= MARK_MAX && !is_whole(type)) {
		double k = (double)get_zigzag(in), ten = tens[mark - MARK_DECIMAL];

		out->v.f = type == VALUE_FLOAT32 ? (double)((float)k / (float)ten) : k / ten;
	} else {
		in->is_bad = true;
	}
}

static void
get_sample(struct input *in, enum value_type type, int64_t before_ns, int64_t unit_ns,
	struct sample *out)
{
	const uint8_t *mark = get_bytes(in, 1);

	*out = (struct sample){ .quality = Q_GOOD };
	if (mark == NULL)
		return;
	out->stamp_ns =
		(int64_t)((uint64_t)before_ns + (uint64_t)get_zigzag(in) * (uint64_t)unit_ns);
	get_value(in, type, *mark & ~(unsigned)MARK_QUALITY, out);
	if (*mark & MARK_QUALITY) {
		out->quality = (uint16_t)get_varint(in);
		out->code = (uint16_t)get_varint(in);
	}
}

static int
read_groups(struct input *in, uint32_t only, tail_fn fn, void *ctx, struct err *err)
{
	const uint8_t *power = get_bytes(in, 1);
	int64_t unit_ns = 1, first_ns;
	uint64_t channel = 0;

	for (unsigned i = 0; power != NULL && i < *power && i < 9; i++)
		unit_ns *= 10;
	first_ns = (int64_t)((uint64_t)get_zigzag(in) * (uint64_t)unit_ns);
	while (in->at < in->end && !in->is_bad) {
		uint64_t number = get_varint(in), n = get_varint(in);
		const uint8_t *type = get_bytes(in, 1);
		int64_t before_ns = first_ns;

		channel += number;
		if (in->is_bad || *type >= VALUE_TYPES || number > INT32_MAX || channel > INT32_MAX)
			break;
		for (; n > 0; n--) {
			struct sample s;

			get_sample(in, (enum value_type) * type, before_ns, unit_ns, &s);
			if (in->is_bad)
				return err_set(
					err, ERR_PROTO, 0, "a blob of samples that breaks off");
			before_ns = s.stamp_ns;
			if (only == NONE || only == channel)
				fn(ctx, (uint32_t)channel, (enum value_type) * type, &s);
		}
	}
	return in->at == in->end && !in->is_bad && power != NULL && *power <= 9
		       ? 0
		       : err_set(err, ERR_PROTO, 0, "a blob of samples that makes no sense");
}

int
tail_read(struct tail *t, const uint8_t *blob, size_t n, uint32_t only, tail_fn fn, void *ctx,
	struct err *err)
{
	unsigned long long size;
	struct input in = { 0 };

	if (n < HEAD || blob[0] != TAIL_MAGIC || blob[1] != TAIL_VERSION)
		return err_set(err, ERR_PROTO, 0,
			"a blob that this version of mbc does not know; update mbc");
	size = ZSTD_getFrameContentSize(blob + HEAD, n - HEAD);
	if (size > TAIL_BYTES_MAX) /* also what is no frame, and one that does not say */
		return err_set(err, ERR_PROTO, 0, "a blob of samples that cannot be unpacked");
	if (size > t->n_room || t->room == NULL) {
		t->n_room = (size_t)MAX(size, 1ull);
		t->room = mem_grow(t->room, t->n_room, 1);
	}
	if (ZSTD_decompressDCtx(t->unpack, t->room, t->n_room, blob + HEAD, n - HEAD) != size)
		return err_set(err, ERR_PROTO, 0, "a blob of samples that cannot be unpacked");
	in.at = t->room;
	in.end = t->room + size;
	return read_groups(&in, only, fn, ctx, err);
}
