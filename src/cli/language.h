/* language.h - in which language to talk to who called us */
#ifndef CLI_LANGUAGE_H
#define CLI_LANGUAGE_H

#include "msg/language.h"

/* By LC_ALL, LC_MESSAGES, LANG, as everywhere: French when it begins with "fr", else English. */
enum language language_of_user(void);

#endif
