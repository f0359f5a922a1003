/* event.c - events as text */
#include "msg/event.h"

#include "base/text.h"

static const char *const texts[EVENT_COUNT] = {
#define EVENT(name, text) [EVENT_##name] = text,
#include "msg/event.def"
#undef EVENT
};

void
event_text(struct buf *out, const struct event *e)
{
	const struct quality_row *reason = quality_row(e->reason);

	for (const char *p = texts[e->kind]; *p != '\0'; p++) {
		if (*p != '%') {
			buf_putc(out, *p);
			continue;
		}
		p++;
		if (*p == 's')
			buf_puts(out, e->subject);
		else if (*p == 'r')
			buf_puts(out, reason->text_en);
		else
			out->n += text_from_double(buf_room(out, 32), e->value);
	}
	if (e->reason != Q_GOOD)
		buf_printf(out, "; %s", reason->remedy_en);
}
