/* quality.c - the table of quality.def as data */
#include "msg/quality.h"

static const struct quality_row rows[Q_COUNT] = {
#define QUALITY(name, class, token, en, fr, remedy_en, remedy_fr, opcua, sparkplug)                \
	[Q_##name] = { Q_CLASS_##class, token, en, fr, remedy_en, remedy_fr, opcua, sparkplug },
#include "msg/quality.def"
#undef QUALITY
};

const struct quality_row *
quality_row(unsigned quality)
{
	return &rows[quality < Q_COUNT ? quality : Q_UNREADABLE];
}

const char *
quality_class_text(unsigned quality)
{
	static const char *const words[] = { "good", "uncertain", "bad" };

	return words[quality_row(quality)->class];
}
