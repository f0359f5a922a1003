/* replay.c - run a fuzz target on every file of its corpus, as a plain test: replay_NAME FOLDER
 *
 * What once broke a decoder stays in the corpus; here it is tried at each `make test`, with any
 * compiler. Tells TAP.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX (5u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Try one file; false when it cannot be read. The bytes end where their memory ends, so that a
 * sanitizer sees a read beyond them. */
static int
try_file(const char *folder, const char *name)
{
	static uint8_t bytes[INPUT_MAX];
	char path[4096];
	uint8_t *exact;
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "rb");
	if (f == NULL)
		return 0;
	n = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	exact = malloc(n > 0 ? n : 1);
	if (exact == NULL)
		return 0;
	memcpy(exact, bytes, n);
	LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	return 1;
}

int
main(int argc, char **argv)
{
	struct dirent *entry;
	int tried = 0, failed = 0;
	DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;

	if (folder == NULL) {
		fprintf(stderr, "replay: cannot read the corpus '%s'\n", argc == 2 ? argv[1] : "");
		return 1;
	}
	while ((entry = readdir(folder)) != NULL) {
		int is_done;

		if (entry->d_name[0] == '.')
			continue;
		is_done = try_file(argv[1], entry->d_name);
		failed += !is_done;
		printf("%s %d - %s\n", is_done ? "ok" : "not ok", ++tried, entry->d_name);
		fflush(stdout); /* a crash on the next file must not lose the name of this one */
	}
	closedir(folder);
	printf("1..%d\n", tried);
	return tried == 0 || failed > 0;
}
