/* language.h - the languages of what is told to people */
#ifndef MSG_LANGUAGE_H
#define MSG_LANGUAGE_H

enum language { LANGUAGE_EN, LANGUAGE_FR };

#endif
