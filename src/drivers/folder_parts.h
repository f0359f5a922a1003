/* folder_parts.h - the parts of the `folder` codec, for them alone; pure
 *
 * folder.c makes points and questions; folder_read.c reads the answers about small files, folder_result.c those about result files.
 */
#ifndef DRIVERS_FOLDER_PARTS_H
#define DRIVERS_FOLDER_PARTS_H

#include "drivers/folder_block.h"
#include "drivers/table.h"
#include "link/codec.h"

/* Options of the instrument. */
enum ins_opt {
	OPT_HWMON,
	OPT_IIO,
	OPT_DEVICE,
	OPT_NEWEST,
	OPT_COMPLETE,
	OPT_MAX_AGE,
	OPT_HEADER,
	OPT_OPEN_END,
	OPT_SEPARATOR,
	OPT_DECIMAL,
	OPT_ENCODING
};

/* point.space: what is read. */
enum what { W_FILE, W_W1, W_HWMON, W_IIO, W_RESULT };
/* point.type */
enum form { F_NUMBER, F_TEXT };
/* point.order of W_RESULT */
enum about { ABOUT_VALUE, ABOUT_AGE, ABOUT_MODIFIED, ABOUT_NAME };

/* Where a reading goes: the text that is found, or the number. */
struct finding {
	enum quality quality;
	unsigned code;
	double number;
	char text[TABLE_CELL_MAX];
};

/* How the instrument's files are written, and which line names the columns (0: none). */
void folder_form(const struct instrument *ins, struct table_form *out);
unsigned folder_header(const struct instrument *ins);

enum quality folder_quality(const struct block *b); /* of a file, before its content is looked at */
void folder_cell(const struct table_line *line, const struct point *pt, unsigned column,
	const struct table_form *form, struct finding *f);
void folder_put(const struct point *pt, uint32_t at, const struct finding *f, struct readings *out);

/* codec->decode, of what stands behind the tag in [at, end). */
int folder_decode_files(const struct instrument *ins, const struct request *req,
	const struct point *pts, const char *at, const char *end, struct vars *vars,
	struct readings *out, struct err *err);
int folder_decode_result(const struct instrument *ins, const struct request *req,
	const struct point *pts, const char *at, const char *end, struct vars *vars,
	struct readings *out, struct err *err);

#endif
