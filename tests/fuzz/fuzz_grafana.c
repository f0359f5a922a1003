/* fuzz_grafana.c - bodies of Grafana's plug-ins: JSON of strangers, targets, words for events; and text_fits() */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "serve/grafana.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
check(const struct grafana_ask *ask)
{
	if (ask->n_targets > GRAFANA_TARGETS || ask->n_filters > GRAFANA_FILTERS ||
		ask->points < 0 || ask->width_ms < 0)
		abort();
	for (size_t i = 0; i < ask->n_targets; i++) {
		const char *text = ask->targets[i].text;

		if (text_utf8(text, strlen(text)) != strlen(text) || text[0] == '\0')
			abort();
		text_fits(text, strlen(text), ask->target);
	}
	if (strlen(ask->target) > GRAFANA_WORD_MAX || strlen(ask->query) > GRAFANA_WORD_MAX)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct grafana_ask ask;
	char *body = mem_text_n((const char *)data, n);
	struct grafana_series marks = { 0 };
	struct err err = { 0 };

	if (grafana_read(body, n, &ask, &err) == 0) {
		check(&ask);
		if (grafana_marks(ask.query, &marks, &err) < 0 && err.msg[0] == '\0')
			abort();
	} else if (err.msg[0] == '\0') {
		abort();
	}
	free(body);
	return 0;
}
