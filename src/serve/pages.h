/* pages.h - files that are part of the program: the operators' page and the description of the API */
#ifndef SERVE_PAGES_H
#define SERVE_PAGES_H

#include "base/defs.h"

/* A file as embed.sh put it into the program, plain and packed. */
struct page_file {
	const char *path; /* "/app.js" */
	const char *type; /* "text/javascript; charset=utf-8" */
	const unsigned char *plain, *plain_end;
	const unsigned char *gzip, *gzip_end;
};

extern const struct page_file page_files[];
extern const size_t page_n_files;

#define PAGE_TAG 24 /* bytes of an entity tag with its quotes */

/* Index of the file at this path ("/" is "/index.html"), -1 if there is none. */
int page_find(const char *path);
/* The same of the page for everybody, which the operators' server does not have. */
int page_find_public(const char *path);

/* Its entity tag: a hash of its bytes. out: PAGE_TAG bytes. The two forms of a file have tags of their own. */
void page_tag(char *out, int page, bool is_gzip);

#endif
