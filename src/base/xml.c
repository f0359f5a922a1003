/* xml.c - XML written straight into a buffer */
#include "base/xml.h"

#include <string.h>

void
xml_head(struct buf *out)
{
	buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
}

void
xml_open(struct buf *out, const char *name)
{
	buf_printf(out, "<%s>", name);
}

void
xml_close(struct buf *out, const char *name)
{
	buf_printf(out, "</%s>", name);
}

void
xml_text(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '<')
			buf_puts(out, "&lt;");
		else if (c == '>')
			buf_puts(out, "&gt;");
		else if (c == '&')
			buf_puts(out, "&amp;");
		else if (c == '"')
			buf_puts(out, "&quot;");
		else if (c < 0x20 && c != '\t' && c != '\n')
			buf_puts(out, "\xEF\xBF\xBD");
		else if (strncmp(text, "\xEF\xBF\xBE", 3) == 0 ||
			 strncmp(text, "\xEF\xBF\xBF", 3) == 0) {
			/* U+FFFE and U+FFFF are sound UTF-8, and no characters of XML. */
			buf_puts(out, "\xEF\xBF\xBD");
			text += 2;
		} else
			buf_putc(out, (char)c);
	}
}

void
xml_leaf(struct buf *out, const char *name, const char *text)
{
	xml_open(out, name);
	xml_text(out, text);
	xml_close(out, name);
}
