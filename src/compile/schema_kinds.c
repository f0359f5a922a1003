/* schema_kinds.c - what may stand in a bench file about kinds of outputs, and about what stands between a device and people: the tables */
#include "compile/schema.h"

#define END                                                                                        \
	{                                                                                          \
		.name = NULL                                                                       \
	}

static const char *const words_order[] = { "off_first", "as_listed", NULL };

const struct key schema_pattern[] = {
	[PATTERN_OF] = { .name = "of",
		.kind = KEY_REFS,
		.is_needed = true,
		.help = "its parts: channels of instruments that take writes and can be read "
			"back" },
	[PATTERN_CHOICES] = { .name = "choices",
		.kind = KEY_ROWS,
		.is_needed = true,
		.help = "what each part is at each choice: {vent: [off, off], react: [on, off]}" },
	[PATTERN_ORDER] = { .name = "order",
		.kind = KEY_CHOICE,
		.words = words_order,
		.def = "off_first",
		.help = "off_first: parts that are to be off go before the others; as_listed: all "
			"in "
			"the order of 'of'" },
	END,
};

const struct key schema_gas[] = {
	[GAS_CALIBRATED] = { .name = "calibrated",
		.kind = KEY_TEXT,
		.is_needed = true,
		.help = "the gas that the device counts in: N2" },
	[GAS_FLOWING] = { .name = "flowing",
		.kind = KEY_TEXT,
		.is_needed = true,
		.help = "the gas that flows: CO2" },
	[GAS_FACTOR] = { .name = "factor",
		.kind = KEY_NUMBER,
		.is_needed = true,
		.help = "the maker's factor: what flows is what the device shows x factor" },
	[GAS_REFERENCE] = { .name = "reference",
		.kind = KEY_TEXT,
		.help = "the conditions that volumes are meant at: 0 degC, 1013.25 mbar" },
	END,
};

const struct key schema_calibration[] = {
	[CALIBRATION_POINTS] = { .name = "points",
		.kind = KEY_PAIRS,
		.help = "raw and true value, straight lines between: [[0, 0.2], [100, 99.7]]" },
	[CALIBRATION_POLY] = { .name = "poly",
		.kind = KEY_NUMBERS,
		.help = "true = a0 + a1 raw + a2 raw^2 ...: [a0, a1, a2], at most 10" },
	[CALIBRATION_DATE] = { .name = "date",
		.kind = KEY_TEXT,
		.help = "when it was calibrated: 2026-01-10" },
	[CALIBRATION_DUE] = { .name = "due",
		.kind = KEY_TEXT,
		.help = "when it has to be calibrated again: 2027-01-10" },
	[CALIBRATION_CERTIFICATE] = { .name = "certificate",
		.kind = KEY_TEXT,
		.help = "where that is written" },
	END,
};

const struct key schema_lock[] = {
	[LOCK_CHANNEL] = { .name = "channel",
		.kind = KEY_REF,
		.is_needed = true,
		.help = "the switch: INSTRUMENT.CHANNEL, or a channel of the bench" },
	[LOCK_LOCKED_AT] = { .name = "locked",
		.kind = KEY_TEXT,
		.def = "on",
		.help = "what it shows while it locks: on, off, or one of its choices" },
	END,
};
