/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads tests/golden/NAME.hex; see the README there. It must never skip what it cannot read. */
#ifndef SNITCH_GOLDEN_H
#define SNITCH_GOLDEN_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOLDEN_MAX 1024

/**
 * struct golden - the bytes of a golden file
 */
struct golden {
	_Alignas(8) unsigned char bytes[GOLDEN_MAX];
	size_t len;
};

static inline FILE *golden_open(const char *name)
{
	const char *top = getenv("SNITCH_TOP");
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/golden/%s.hex", top ? top : ".", name);
	f = fopen(path, "re");
	if (!f) {
		perror(path);
		exit(1);
	}
	return f;
}

/** golden_load - ends the program when the file is not there or no hexadecimal */
static inline void golden_load(const char *name, struct golden *g)
{
	FILE *f = golden_open(name);
	char line[256], *p;
	unsigned int byte;
	int used;

	memset(g, 0, sizeof(*g));
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "#\n")] = '\0';
		for (p = line; g->len < GOLDEN_MAX && sscanf(p, " %2x%n", &byte, &used) == 1;
		     p += used)
			g->bytes[g->len++] = byte;
		if (p[strspn(p, " ")]) {
			fprintf(stderr, "%s.hex: not hexadecimal: %s\n", name, p);
			exit(1);
		}
	}
	fclose(f);
}

#endif
