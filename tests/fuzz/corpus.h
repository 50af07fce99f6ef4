/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kept files of a fuzzer: all of tests/fuzz/corpus/FOLDER, in the order of their names, so that a
 * seed repeats a run. A folder without files is a mistake.
 */
#ifndef TESTS_FUZZ_CORPUS_H
#define TESTS_FUZZ_CORPUS_H

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CORPUS_FILES	64
#define CORPUS_BYTES	4096	/* of a file */

struct corpus {
	struct {
		uint8_t b[CORPUS_BYTES];
		size_t n;
	} file[CORPUS_FILES];
	unsigned int n;
};

static inline void corpus_fail(const char *path)
{
	fprintf(stderr, "%s: no corpus, or more than there is room for\n", path);
	exit(1);
}

/* For corpus_free(). */
static inline struct corpus *corpus_read(const char *folder)
{
	const char *top = getenv("SNITCH_TOP");
	struct corpus *c = calloc(1, sizeof(*c));
	char path[512], name[800];
	struct dirent **list = NULL;
	FILE *f;
	int n, i;

	snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s", top ? top : ".", folder);
	n = scandir(path, &list, NULL, alphasort);
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s/%s", path, list[i]->d_name);
		f = list[i]->d_name[0] == '.' ? NULL : fopen(name, "re");
		free(list[i]);
		if (!f)
			continue;
		if (!c || c->n == CORPUS_FILES)
			corpus_fail(name);
		c->file[c->n].n = fread(c->file[c->n].b, 1, CORPUS_BYTES, f);
		if (fgetc(f) != EOF)
			corpus_fail(name);
		c->n++;
		fclose(f);
	}
	free(list);
	if (!c || !c->n)
		corpus_fail(path);
	return c;
}

static inline void corpus_free(struct corpus *c)
{
	free(c);
}

#endif
