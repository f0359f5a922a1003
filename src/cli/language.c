/* language.c - in which language to talk to who called us */
#include "cli/language.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum language
language_of_user(void)
{
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value != NULL && value[0] != '\0')
			return strncmp(value, "fr", 2) == 0 ? LANGUAGE_FR : LANGUAGE_EN;
	}
	return LANGUAGE_EN;
}
