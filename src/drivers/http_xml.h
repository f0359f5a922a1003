/* http_xml.h - the XML of LabVIEW's web services; for the codec `http` alone */
#ifndef DRIVERS_HTTP_XML_H
#define DRIVERS_HTTP_XML_H

#include "link/codec.h"

enum http_type { HTTP_NUMBER, HTTP_TEXT, HTTP_BOOL };

/* Terminals of text[0..n) to the readings at[0..req->n) of the request's points, whose keys are the terminals' names. The
 * readings come with quality MISSING, and keep it when there is no such terminal. Texts go to the rooms of `out`. False when the text has another form:
 * what is wrong (borrowed) and at which byte; then the readings mean nothing. */
bool http_xml_read(const char *text, size_t n, const struct request *req, const struct point *pts,
	struct reading *at, struct readings *out, size_t *out_where, const char **out_why);

#endif
