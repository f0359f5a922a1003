/* http_terminal.h - the XML of LabVIEW's web services; for the codec `http` alone */
#ifndef DRIVERS_HTTP_TERMINAL_H
#define DRIVERS_HTTP_TERMINAL_H

#include "drivers/http_value.h"

/* All points of the request that are terminals. False when the page has another form: `where` and `why` tell; then the readings
 * mean nothing. */
bool http_terminal_read(struct http_page *p);

#endif
