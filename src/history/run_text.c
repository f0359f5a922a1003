/* run_text.c - what is known of a run as JSON and as lines for people */
#include "history/run_text.h"

#include <string.h>

#include "base/json.h"

/* ---- JSON ----------------------------------------------------------------------------------------------------------------- */

static void
put_text(struct buf *out, const char *text)
{
	struct json j;

	json_open(&j, out);
	json_text(&j, NULL, text);
}

static void
put_time(struct buf *out, struct stamp *stamp, int64_t wall_ns)
{
	buf_putc(out, '"');
	stamp_put(stamp, out, wall_ns);
	buf_putc(out, '"');
}

void
run_json(struct buf *out, struct stamp *stamp, const struct run_row *run)
{
	buf_printf(out, "\"run\":%u,\"title\":", run->run);
	put_text(out, run->title);
	buf_puts(out, ",\"begin\":");
	put_time(out, stamp, run->begin_ns);
	buf_puts(out, ",\"end\":");
	if (run->is_open)
		buf_puts(out, "null");
	else
		put_time(out, stamp, run->end_ns);
	buf_puts(out, ",\"seconds\":");
	stamp_put_seconds(out, run->end_ns - run->begin_ns);
	buf_puts(out, ",\"started_by\":");
	put_text(out, run->who);
	buf_puts(out, ",\"stopped_by\":");
	put_text(out, run->is_open ? NULL : run->who1);
	buf_printf(out, ",\"bench_hash\":\"%s\",\"fields\":%s", run->bench, run->fields);
}

struct notes {
	struct buf *out;
	struct stamp *stamp;
	int64_t begin_ns;
	size_t n;
};

static void
json_note(void *ctx, const struct run_note *note)
{
	struct notes *l = ctx;

	buf_puts(l->out, l->n++ > 0 ? ",\n{\"time\":" : "\n{\"time\":");
	put_time(l->out, l->stamp, note->wall_ns);
	buf_puts(l->out, ",\"seconds\":");
	stamp_put_seconds(l->out, MAX(note->wall_ns - l->begin_ns, INT64_C(0)));
	buf_puts(l->out, ",\"who\":");
	put_text(l->out, note->who);
	buf_puts(l->out, ",\"text\":");
	put_text(l->out, note->text);
	buf_putc(l->out, '}');
}

int
run_json_notes(struct buf *out, struct reader *r, struct stamp *stamp, const struct run_row *run,
	struct err *err)
{
	struct notes l = { out, stamp, run->begin_ns, 0 };
	int rc;

	buf_puts(out, "\"notes\":[");
	rc = runs_notes(r, run->run, json_note, &l, err);
	buf_putc(out, ']');
	return rc;
}

/* ---- lines ---------------------------------------------------------------------------------------------------------------- */

static void
put_span(struct buf *out, int64_t ns)
{
	long long s = (long long)(ns / NS_PER_S);

	buf_printf(out, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
}

static void
field_in_line(void *ctx, const char *name, const char *value)
{
	buf_printf(ctx, " %s=%s", name, value);
}

int
run_line(struct buf *out, struct reader *r, struct stamp *stamp, const struct run_row *run,
	struct err *err)
{
	int rc;

	buf_printf(out, "%4u  ", run->run);
	stamp_put(stamp, out, run->begin_ns / NS_PER_S * NS_PER_S);
	buf_puts(out, "  ");
	put_span(out, run->end_ns - run->begin_ns);
	buf_puts(out, run->is_open ? " open " : "  ");
	if (run->title[0] != '\0')
		buf_printf(out, " '%s' ", run->title);
	rc = runs_fields(r, run->fields, field_in_line, out, err);
	while (out->n > 0 && out->data[out->n - 1] == ' ')
		out->n--;
	buf_putc(out, '\n');
	return rc;
}

static void
field_line(void *ctx, const char *name, const char *value)
{
	buf_printf(ctx, "  %s: %s\n", name, value);
}

static void
note_line(void *ctx, const struct run_note *note)
{
	struct notes *l = ctx;

	if (l->n++ == 0)
		buf_puts(l->out, "notes\n");
	buf_puts(l->out, "  ");
	stamp_put(l->stamp, l->out, note->wall_ns / NS_PER_S * NS_PER_S);
	buf_printf(l->out, "  %s: %s\n", note->who, note->text);
}

int
run_page(struct buf *out, struct reader *r, struct stamp *stamp, const struct run_row *run,
	struct err *err)
{
	struct notes l = { out, stamp, run->begin_ns, 0 };
	size_t at;
	int rc;

	buf_printf(out, "run %u", run->run);
	if (run->title[0] != '\0')
		buf_printf(out, ": %s", run->title);
	buf_puts(out, "\nbegan  ");
	stamp_put(stamp, out, run->begin_ns);
	buf_printf(out, "  by %s\n", run->who);
	if (run->is_open) {
		buf_puts(out, "open, recorded until  ");
		stamp_put(stamp, out, run->end_ns);
	} else {
		buf_puts(out, "ended  ");
		stamp_put(stamp, out, run->end_ns);
		buf_printf(out, "  by %s", run->who1);
	}
	buf_puts(out, "  after ");
	put_span(out, run->end_ns - run->begin_ns);
	buf_printf(out, "\nbench file  %s\nfields\n", run->bench);
	at = out->n;
	rc = runs_fields(r, run->fields, field_line, out, err);
	if (out->n == at) /* none: the heading goes */
		out->n -= strlen("fields\n");
	return rc < 0 ? rc : runs_notes(r, run->run, note_line, &l, err);
}
