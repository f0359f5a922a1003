/* gpio_lines.h - reading and driving lines of a GPIO chip for the `gpio` codec
 *
 * Request, in lines: a tag of 8 characters, then for each line
 *	get <direction><polarity><bias> <debounce_ms> <line>	direction i (make it an input) or - (as it is); polarity h or l (active
 *								low); bias u, d, n (none) or - (as it is)
 *	set <polarity> <0 or 1> <line>				make it an output of this level, and read it back
 * <line> is its number on the chip or its name. Answer: the tag's line, then for each "0", "1", "missing", "many" (two have this
 * name) or "error <errno>".
 *
 * A line that was asked for is held, as consumer "mbc", until the chip is let go: others see who has it, and an output
 * keeps its level. What the kernel does with it then depends on the chip.
 */
#ifndef IO_GPIO_LINES_H
#define IO_GPIO_LINES_H

#include "base/defs.h"

#define GPIO_LINES_ANSWER 512 /* bytes of the longest answer */

/* The system calls, which a test replaces. Each returns what the call does, -1 with errno. */
struct gpio_calls {
	int (*open)(const char *path);
	int (*control)(int fd, unsigned long request, void *arg);
	void (*close)(int fd);
};

struct gpio_lines;

/* where: path of a device or label of a chip; calls: stays the caller's, NULL: the kernel's. */
struct gpio_lines *gpio_lines_new(const char *where, const struct gpio_calls *calls);
void gpio_lines_free(void *g); /* struct gpio_lines * */

/* Blocks as long as the kernel does. out: GPIO_LINES_ANSWER bytes. Returns the answer's length. */
size_t gpio_lines_answer(void *g, const uint8_t *request, size_t n, uint8_t *out);

#endif
