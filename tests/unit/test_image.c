/* test_image.c - a reader may trust what image_check() took, whatever the bytes were */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/rand.h"
#include "model/expr.h"
#include "model/image.h"
#include "msg/health.h"

/* A bench of one link, one instrument with two points, and one channel of each source. */
enum { N_CHANNELS = 5 };

struct sample_image {
	struct image head;
	struct image_link links[2];
	struct image_instrument instruments[1];
	struct image_preset presets[1];
	struct image_point points[2];
	struct image_channel channels[N_CHANNELS];
	struct image_choice choices[2];
	struct image_twin twins[2];
	struct expr_op code[3];
	char strings[64];
};

/* Offsets of the texts in `strings`. */
enum {
	S_LOOP = 1,
	S_OVEN = 6,
	S_CODEC = 11,
	S_PV = 18,
	S_VALVE = 21,
	S_T = 27,
	S_SUM = 29,
	S_HEALTH = 33,
	S_OPEN = 37,
	S_SPARE = 48 /* empty, to the end */
};

static const char strings[64] = "\0loop\0oven\0modbus\0pv\0valve\0T\0sum\0mbc\0open";

#define TABLE(member)                                                                              \
	((struct image_table){ offsetof(struct sample_image, member),                              \
		NELEM(((struct sample_image *)NULL)->member) })

static void
make(struct sample_image *s)
{
	memset(s, 0, sizeof(*s));
	memcpy(s->strings, strings, sizeof(strings));
	s->head = (struct image){ .magic = IMAGE_MAGIC,
		.version = IMAGE_VERSION,
		.on_stop = IMAGE_NONE,
		.bench_state = IMAGE_NONE,
		.horn = IMAGE_NONE,
		.size = sizeof(*s),
		.bench = S_OVEN,
		.tick_ns = 100 * NS_PER_MS,
		.links = TABLE(links),
		.instruments = TABLE(instruments),
		.presets = TABLE(presets),
		.points = TABLE(points),
		.channels = TABLE(channels),
		.choices = TABLE(choices),
		.twins = TABLE(twins),
		.code = TABLE(code),
		.strings = TABLE(strings) };
	s->links[0] = (struct image_link){ .name = S_LOOP, .kind = LINK_TCP, .host = S_LOOP };
	s->links[1] = (struct image_link){ .name = S_OVEN, .kind = LINK_SYSTEM };
	s->instruments[0] = (struct image_instrument){ .name = S_OVEN,
		.codec = S_CODEC,
		.n_points = 2,
		.n_presets = 1,
		.every_ns = NS_PER_S,
		.timeout_ns = NS_PER_S };
	s->presets[0] = (struct image_preset){ .address = 46, .count = 1, .said = S_OPEN };
	for (uint32_t i = 0; i < 2; i++) {
		s->points[i] = (struct image_point){ .channel = i, .every_ns = NS_PER_S };
		s->choices[i] = (struct image_choice){ .number = i, .word = S_OPEN };
		s->twins[i] = (struct image_twin){ .point = i, .follows = i == 0 ? IMAGE_NONE : 0 };
	}
	s->channels[0] = (struct image_channel){ .name = S_PV,
		.type = VALUE_FLOAT,
		.has_scale = 1,
		.factor = 0.1,
		.filter = FILTER_MEDIAN,
		.filter_n = 5,
		.stale_ns = NS_PER_S };
	s->channels[1] = (struct image_channel){
		.name = S_VALVE, .type = VALUE_CHOICE, .source = 1, .n_choices = 2
	};
	s->channels[2] = (struct image_channel){ .name = S_T,
		.type = VALUE_FLOAT,
		.source_kind = SOURCE_CHANNEL,
		.has_range = 1,
		.max = 700 };
	s->channels[3] = (struct image_channel){ .name = S_SUM,
		.type = VALUE_FLOAT,
		.source_kind = SOURCE_CALC,
		.n_ops = 3,
		.instrument = IMAGE_NONE };
	s->channels[4] = (struct image_channel){ .name = S_HEALTH,
		.type = VALUE_FLOAT,
		.source_kind = SOURCE_HEALTH,
		.instrument = IMAGE_NONE };
	s->code[0] = (struct expr_op){ .code = EXPR_OP_LOAD, .arg.i = 0 };
	s->code[1] = (struct expr_op){ .code = EXPR_OP_LOAD, .arg.i = 2 };
	s->code[2] = (struct expr_op){ .code = EXPR_OP_ADD };
}

static void
test_good_image(void **state)
{
	struct sample_image s;
	struct err err;

	make(&s);
	if (image_check(&s, sizeof(s), &err) != 0)
		fail_msg("%s", err.msg);
	assert_int_equal(image_find_channel(&s.head, "T"), 2);
	assert_int_equal(image_find_channel(&s.head, "sum"), 3);
	assert_int_equal(image_find_channel(&s.head, "su"), IMAGE_NONE);
}

#define REFUSED(change)                                                                            \
	do {                                                                                       \
		make(&s);                                                                          \
		change;                                                                            \
		if (image_check(&s, sizeof(s), &err) != ERR_CONF)                                  \
			fail_msg("taken: %s", #change);                                            \
		if (strstr(err.msg, "; compile the bench file again") == NULL)                     \
			fail_msg("%s: %s", #change, err.msg);                                      \
	} while (0)

static void
test_header_and_tables(void **state)
{
	struct sample_image s;
	struct err err;

	REFUSED(s.head.magic++);
	REFUSED(s.head.version++);
	REFUSED(s.head.size--);
	REFUSED(s.head.size++);
	REFUSED(s.head.tick_ns = NS_PER_MS);
	REFUSED(s.head.tick_ns = NS_PER_S + 1);
	REFUSED(s.head.bench = sizeof(strings));
	REFUSED(s.head.listen = UINT32_MAX);
	REFUSED(s.head.watchdog = UINT32_MAX);
	REFUSED(s.head.is_realtime = 2);
	REFUSED((s.head.watchdog = S_OVEN, s.head.watchdog_timeout_ns = 0));
	REFUSED(s.head.links.off += 4);
	REFUSED(s.head.links.off = 0);
	REFUSED(s.head.links.n = UINT32_MAX);
	REFUSED(s.head.channels.off = UINT32_MAX - 7);
	REFUSED(s.head.channels.n = IMAGE_CHANNELS_MAX + 1);
	REFUSED(s.head.code.n++; s.head.code.off = sizeof(s) - 64);
	REFUSED(s.head.strings.n = 0);
	REFUSED(s.head.strings.n = 3);
	REFUSED(s.head.strings.n = 65);
	REFUSED(s.strings[0] = 'x');
	REFUSED(s.strings[63] = 'x');
	REFUSED(s.strings[2] = (char)0xFF);
	make(&s);
	assert_int_equal(image_check(&s, sizeof(s) - 8, &err), ERR_CONF);
	assert_int_equal(image_check(&s, 7, &err), ERR_CONF);
	assert_int_equal(image_check((char *)&s + 4, sizeof(s) - 4, &err), ERR_CONF);
}

static void
test_words(void **state)
{
	char room[IMAGE_WORDS_BYTES_MAX + 1], *words[IMAGE_WORDS_MAX + 2],
		host[IMAGE_WORDS_BYTES_MAX + 2] = "/a b";

	assert_int_equal(image_words("/a b\n./p\n\n-x y", room, words), 4);
	assert_string_equal(words[0], "/a b");
	assert_string_equal(words[1], "./p");
	assert_string_equal(words[2], "");
	assert_string_equal(words[3], "-x y");
	assert_null(words[4]);
	assert_int_equal(image_words("", room, words), 0);
	assert_int_equal(image_words("/a", room, words), 0);
	assert_int_equal(image_words("/a\n", room, words), 0);
	assert_int_equal(image_words("\np", room, words), 0);
	for (unsigned i = 0; i < IMAGE_WORDS_MAX; i++)
		strcat(host, "\nw");
	assert_int_equal(image_words(host, room, words), IMAGE_WORDS_MAX + 1);
	strcat(host, "\nw");
	assert_int_equal(image_words(host, room, words), 0);
	memset(host, 'x', sizeof(host) - 1);
	host[sizeof(host) - 1] = '\0';
	host[1] = '\n';
	assert_int_equal(image_words(host, room, words), 0);
	host[sizeof(host) - 2] = '\0';
	assert_int_equal(image_words(host, room, words), 2);
}

/* The supervisor makes and removes files of this name. */
static void
test_name_of_the_bench(void **state)
{
	static const char *const bad[] = { "../x", "a/b", ".", "a.b", "-a", "a b", "a\n",
		"\303\251" };
	struct sample_image s;
	struct err err;

	REFUSED(s.head.bench = 0);
	for (size_t i = 0; i < NELEM(bad); i++)
		REFUSED((strcpy(s.strings + S_SPARE, bad[i]), s.head.bench = S_SPARE));
	make(&s);
	strcpy(s.strings + S_SPARE, "Cell_2-b");
	s.head.bench = S_SPARE;
	assert_int_equal(image_check(&s, sizeof(s), &err), 0);
}

static void
test_rows(void **state)
{
	struct sample_image s;
	struct err err;

	REFUSED(s.links[0].name = 0);

	REFUSED(s.links[1].kind = LINK_KINDS);
	REFUSED(s.links[1].kind = LINK_HELPER);
	REFUSED((s.links[1].kind = LINK_HELPER, s.links[1].host = S_OVEN)); /* a folder alone */
	REFUSED(s.links[0].host = 64);
	REFUSED(s.links[0].gap_ns = -1);
	REFUSED(s.links[0].connect_timeout_ns = INT64_MAX);
	REFUSED(s.instruments[0].link = 2);
	REFUSED(s.instruments[0].codec = 0);
	REFUSED(s.instruments[0].n_points = 3);
	REFUSED(s.instruments[0].first_point = UINT32_MAX);
	REFUSED(s.instruments[0].first_point = 1);
	REFUSED(s.instruments[0].n_points = 1);
	REFUSED(s.instruments[0].n_presets = 2);
	REFUSED(s.instruments[0].first_preset = 1);
	REFUSED(s.head.presets.n = IMAGE_PRESETS_MAX);
	REFUSED(s.presets[0].value = VALUE_TYPES);
	REFUSED(s.presets[0].key = UINT32_MAX);
	REFUSED(s.presets[0].text = sizeof(strings));
	REFUSED(s.presets[0].said = sizeof(strings));
	REFUSED(s.instruments[0].every_ns = 0);
	REFUSED(s.instruments[0].timeout_ns = INT64_MIN);
	REFUSED(s.points[0].instrument = 1);
	REFUSED(s.points[0].channel = N_CHANNELS);
	REFUSED(s.points[0].channel = 2);
	REFUSED(s.points[0].key = 1000);
	REFUSED(s.points[0].write_key = 1000);
	REFUSED(s.points[1].every_ns = -5);
	REFUSED(s.choices[1].word = 64);
	REFUSED(s.twins[0].point = 2);
	REFUSED(s.twins[0].follows = 2);
	REFUSED(s.twins[0].tau_s = -1);
	REFUSED(s.twins[0].fall_s = -1);
	REFUSED(s.twins[0].rate = (double)NAN);
	REFUSED(s.twins[0].lag_s = (double)INFINITY);
	REFUSED(s.twins[0].paced = 1000);
	REFUSED(s.twins[0].pace = (double)NAN);
	REFUSED(s.twins[1].is_integral = 2);
	REFUSED(s.twins[0].is_integral = 1); /* of nothing */
	REFUSED(s.twins[1].noise = (double)NAN);
	REFUSED(s.twins[1].period_s = (double)INFINITY);
}

static void
test_channels(void **state)
{
	struct sample_image s;
	struct err err;

	REFUSED(s.channels[0].name = 0);
	REFUSED(s.channels[0].unit = 64);
	REFUSED(s.channels[0].was = 64);
	REFUSED(s.channels[0].type = VALUE_TYPES);
	REFUSED(s.channels[0].source_kind = SOURCE_HEALTH + 1);
	REFUSED(s.channels[0].filter = FILTER_MEAN + 1);
	REFUSED(s.channels[0].filter_n = CHANNEL_FILTER_MAX + 1);
	REFUSED(s.channels[0].filter_n = 0);
	REFUSED(s.channels[0].has_scale = 2);
	REFUSED(s.channels[0].factor = (double)NAN);
	REFUSED(s.channels[0].instrument = 1);
	REFUSED(s.channels[0].stale_ns = -1);
	REFUSED(s.channels[0].source = 2);
	REFUSED(s.channels[0].source = 1);
	REFUSED(s.channels[1].n_choices = 3);
	REFUSED(s.channels[1].first_choice = UINT32_MAX);
	REFUSED(s.channels[2].source = 2); /* itself */
	REFUSED(s.channels[2].source = 3); /* a later one */
	REFUSED(s.channels[2].type = VALUE_TEXT);
	REFUSED(s.channels[2].max = -1);
	REFUSED(s.channels[2].min = (double)NAN);
	REFUSED(s.channels[3].n_ops = 0);
	REFUSED(s.channels[3].n_ops = 4);
	REFUSED(s.channels[3].source = 1);
	REFUSED(s.channels[3].source = UINT32_MAX);
	REFUSED(s.channels[3].type = VALUE_TEXT);
	REFUSED(s.code[1].arg.i = 3); /* the channel itself */
	REFUSED(s.code[2].code = EXPR_OP_AND);
	REFUSED(s.code[2].code = 99);
	REFUSED(s.channels[4].source = HEALTH_COUNT);
}

/* Everything that a reader would touch; the sanitizers watch. */
static uint64_t
read_all(const struct image *img)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < img->channels.n; i++) {
		const struct image_channel *c = image_channel_at(img, i);

		sum += strlen(image_text(img, c->name)) + strlen(image_text(img, c->unit));
		for (uint32_t k = 0; k < c->n_choices; k++)
			sum += strlen(
				image_text(img, image_choice_at(img, c->first_choice + k)->word));
		if (c->source_kind == SOURCE_POINT)
			sum += image_point_at(img, c->source)->address;
	}
	for (uint32_t i = 0; i < img->instruments.n; i++) {
		const struct image_instrument *ins = image_instrument_at(img, i);

		sum += image_link_at(img, ins->link)->port;
		for (uint32_t k = 0; k < ins->n_points; k++)
			sum += image_point_at(img, ins->first_point + k)->address;
	}
	return sum;
}

static void
test_any_bytes(void **state)
{
	struct sample_image s;
	uint64_t seed = 1;
	uint64_t sum = 0;
	int taken = 0;

	for (int round = 0; round < 200000; round++) {
		uint8_t *bytes = (uint8_t *)&s;

		make(&s);
		for (uint64_t k = 1 + rand_below(&seed, 3); k > 0; k--)
			bytes[rand_below(&seed, sizeof(s))] = (uint8_t)rand_next(&seed);
		if (image_check(&s, sizeof(s), NULL) != 0)
			continue;
		taken++;
		sum += read_all(&s.head);
	}
	assert_true(taken > 1000 && taken < 199000);
	assert_true(sum > 0);
}

/* Both ways through a table, one that bends back, too. */
static void
test_tables(void **state)
{
	static const struct image_knot curve[] = { { 0, 0 }, { 10, 20 }, { 20, 100 } };
	static const struct image_knot flow[] = { { 0, 0 }, { 41942, 131.06875 },
		{ 41943, -73.725 }, { 65535, 0 } };

	(void)state;
	for (int raw = 0; raw <= 20; raw++)
		assert_float_equal(
			image_table_place(curve, 3, image_table_value(curve, 3, raw)), raw, 1e-9);
	assert_float_equal(image_table_value(curve, 3, 15), 60, 1e-9);
	assert_float_equal(image_table_value(curve, 3, 21), 108, 1e-9);
	assert_float_equal(image_table_place(curve, 3, 200), 20, 0);
	assert_float_equal(image_table_place(curve, 3, -1), 0, 0);
	assert_float_equal(image_table_value(flow, 4, 65435), -0.3125, 1e-9);
	assert_float_equal(image_table_place(flow, 4, 50), 16000, 1e-6);
	assert_float_equal(image_table_place(flow, 4, -0.3125), 65435, 1e-6); /* not on the jump */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_image),
		cmocka_unit_test(test_header_and_tables),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_name_of_the_bench),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_channels),
		cmocka_unit_test(test_any_bytes),
		cmocka_unit_test(test_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
