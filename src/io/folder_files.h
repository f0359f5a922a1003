/* folder_files.h - reading files of one folder for the `folder` codec
 *
 * Request, in lines: a tag of 8 characters, then what is read.
 *	chip PREFIX NAME	of the folders in it whose own name begins with PREFIX, the one whose file `name` holds NAME: the lines
 *				behind count from there
 *	device WORD		of several such chips the one on whose way WORD is a folder
 *	file PATH		that file
 *	w1 SENSOR		SENSOR/w1_slave, or SENSOR/temperature
 *	hwmon INPUT		INPUT and, for temp1_input, temp1_fault
 *	iio CHANNEL		in_CHANNEL_raw or _input, in_CHANNEL_offset, in_CHANNEL_scale; of the last two also those of its kind
 *				(in_voltage_scale)
 *	newest PATTERN		the file in the folder itself that was changed last and fits (* and ?)
 * Answer: the tag's line and a block for each file (drivers/folder_block.h).
 *
 * Nothing outside of the folder is read: names lead down, and a symbolic link is followed only where the kernel's own folders
 * are made of them, in the folder itself on sysfs, to another place on sysfs.
 */
#ifndef IO_FOLDER_FILES_H
#define IO_FOLDER_FILES_H

#include "base/defs.h"

#define FOLDER_FILES_MAX 4096 /* bytes of the longest answer */

/* Blocks as long as the kernel does. `path`: char *, of the folder. out: FOLDER_FILES_MAX bytes. Returns the answer's length. */
size_t folder_files_answer(void *path, const uint8_t *request, size_t n, uint8_t *out);

#endif
