/* http_xml.h - the parts of XML: elements, attributes, text; for the codec `http` alone */
#ifndef DRIVERS_HTTP_XML_H
#define DRIVERS_HTTP_XML_H

#include "drivers/http_value.h"

#define HTTP_XML_DEPTH 16 /* of elements in elements */

struct http_xml {
	const char *at, *end;
	const char *why; /* what is wrong; NULL: nothing yet */
};

struct http_xml_tag {
	struct run name; /* without a prefix */
	struct run full; /* with it */
	struct run attributes;
	bool is_close, is_empty;
};

/* False, with the first reason that was told. */
bool http_xml_fail(struct http_xml *s, const char *why);
/* Up to the first element: a byte order mark, the XML declaration. */
bool http_xml_begin(struct http_xml *s);
bool http_xml_blanks(struct http_xml *s); /* true when there were some */
bool http_xml_tag(struct http_xml *s, struct http_xml_tag *out);
struct run http_xml_content(struct http_xml *s); /* up to the next element, or the end */
bool http_xml_attribute(const struct http_xml_tag *t, struct run wanted, struct run *out);

/* Content, or what an attribute says, without blanks around it. */
void http_xml_text(struct run from, bool is_utf8, struct http_text *out);

#endif
