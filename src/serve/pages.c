/* pages.c - files that are part of the program */
#include "serve/pages.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

static int
find(const char *path)
{
	for (size_t i = 0; i < page_n_files; i++)
		if (strcmp(page_files[i].path, path) == 0)
			return (int)i;
	return -1;
}

static const char folder[] = "/public/"; /* of the page for everybody */

int
page_find(const char *path)
{
	if (strcmp(path, "/") == 0)
		path = "/index.html";
	if (strncmp(path, folder, sizeof(folder) - 1) == 0)
		return -1;
	return find(path);
}

int
page_find_public(const char *path)
{
	char text[64];

	if (strcmp(path, "/favicon.svg") == 0)
		return find(path);
	snprintf(text, sizeof(text), "%.*s%.40s", (int)sizeof(folder) - 2, folder,
		strcmp(path, "/") == 0 ? "/index.html" : path);
	return find(text);
}

void
page_tag(char *out, int page, bool is_gzip)
{
	const struct page_file *p = &page_files[page];
	uint64_t hash = text_hash(p->plain, (size_t)(p->plain_end - p->plain));

	snprintf(out, PAGE_TAG, "\"%016llx%s\"", (unsigned long long)hash, is_gzip ? "-gz" : "");
}
