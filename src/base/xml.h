/* xml.h - XML 1.0 written straight into a buffer
 *
 * Elements and text only, no attributes beyond what the caller writes. Characters that XML 1.0 forbids
 * (control characters but tab and newline) are written as U+FFFD. Texts must be valid UTF-8.
 */
#ifndef BASE_XML_H
#define BASE_XML_H

#include "base/buf.h"

void xml_head(struct buf *out);                                     /* <?xml ...?> */
void xml_open(struct buf *out, const char *name);                   /* <name> */
void xml_close(struct buf *out, const char *name);                  /* </name> */
void xml_text(struct buf *out, const char *text);                   /* escaped */
void xml_leaf(struct buf *out, const char *name, const char *text); /* <name>text</name> */

#endif
