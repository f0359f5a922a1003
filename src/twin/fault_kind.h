/* fault_kind.h - the kinds of fault.def */
#ifndef TWIN_FAULT_KIND_H
#define TWIN_FAULT_KIND_H

enum fault_kind {
#define FAULT(name, word, span, help) FAULT_##name,
#include "twin/fault.def"
#undef FAULT
	FAULT_KINDS
};

#endif
