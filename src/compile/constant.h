/* constant.h - numbers written as arithmetic: 0.1, 1/3, 10^-1, (20 - 4)/16 */
#ifndef COMPILE_CONSTANT_H
#define COMPILE_CONSTANT_H

#include "base/err.h"

/* Evaluate + - * / ^ and brackets over plain numbers. On failure err->msg is "cause; remedy". */
int constant_parse(const char *text, double *out, struct err *err) MUST_CHECK;

#endif
