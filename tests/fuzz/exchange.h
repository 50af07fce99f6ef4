/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the fuzz smokes of the readers of other firewalls' rules share: files of a kept corpus,
 * spoiled, and what must hold for whatever is read. Included by each of them once.
 */
#ifndef SNITCH_FUZZ_EXCHANGE_H
#define SNITCH_FUZZ_EXCHANGE_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exchange/exchange.h"
#include "policy/program.h"
#include "util/escape.h"

#define SEEDS_MAX	128
#define SEED_BYTES	8192	/* more of a file only repeats itself */

struct seed {
	char *bytes;
	size_t len;
};

static struct seed seeds[SEEDS_MAX];
static size_t n_seeds;

/* All files but the golden ones of tests/exchange/@sub. */
static inline void read_corpus(const char *sub)
{
	const char *top = getenv("SNITCH_TOP");
	const struct dirent *e;
	char path[4096];
	DIR *dir;

	snprintf(path, sizeof(path), "%s/tests/exchange/%s", top ? top : ".", sub);
	dir = opendir(path);
	while (dir && n_seeds < SEEDS_MAX && (e = readdir(dir))) {
		struct seed *s = &seeds[n_seeds];
		FILE *f;

		if (e->d_name[0] == '.' || strstr(e->d_name, ".golden"))
			continue;
		snprintf(path, sizeof(path), "%s/tests/exchange/%s/%s", top ? top : ".", sub,
			 e->d_name);
		f = fopen(path, "re");
		s->bytes = malloc(SEED_BYTES);
		if (!f || !s->bytes)
			abort();
		s->len = fread(s->bytes, 1, SEED_BYTES, f);
		fclose(f);
		n_seeds++;
	}
	if (dir)
		closedir(dir);
	if (!n_seeds) {
		fprintf(stderr, "no corpus in tests/exchange/%s\n", sub);
		exit(1);
	}
}

/* One byte, one word or one stretch is not what it was. */
static inline void spoil(char *bytes, size_t *len, size_t size, const char *const *words)
{
	size_t at = *len ? rand() % *len : 0, n, count = 0;

	while (words[count])
		count++;
	switch (rand() % 6) {
	case 0:
		if (*len)
			bytes[at] = rand();
		break;
	case 1:	/* a stretch is missing */
		n = rand() % 40;
		n = n < *len - at ? n : *len - at;
		memmove(bytes + at, bytes + at + n, *len - at - n);
		*len -= n;
		break;
	case 2:	/* a stretch stands twice */
		n = rand() % 200;
		n = n < *len - at ? n : *len - at;
		if (*len + n > size)
			break;
		memmove(bytes + at + n, bytes + at, *len - at);
		*len += n;
		break;
	case 3:
		*len = at;
		break;
	default:	/* a word of the format in place of what stood there */
		words += rand() % count;
		n = strlen(*words);
		if (n <= *len - at)
			memcpy(bytes + at, *words, n);
	}
}

static inline void wrong(const char *what, const char *text)
{
	fprintf(stderr, "%s: '%s'\n", what, text);
	abort();
}

static inline void check_rule(const struct exchange_rule *r, bool reviewed)
{
	char text[RULE_TEXT_MAX];
	struct rule *back = NULL;
	struct rule_error err;

	if (exchange_rule_text(r->rule, text, sizeof(text)) < 0 || strlen(text) >= RULE_LINE_MAX)
		wrong("a rule that is too long", "");
	if (rule_parse(text, NULL, 0, &back, &err) || !back || !rule_equal(r->rule, back))
		wrong("a rule that is not read back", text);
	if (!reviewed && r->rule->action == SNITCH_ALLOW && !(r->rule->flags & RULE_F_DISABLED))
		wrong("an allow rule that is not disabled", text);
	if (r->review && !(r->rule->flags & RULE_F_DISABLED))
		wrong("a rule to review that is not disabled", text);
	rule_free(back);
}

/* What is printed obeys nobody. */
static inline void check_text(const char *s)
{
	size_t left = strlen(s);

	while (left) {
		unsigned int code;
		size_t n = snitch_utf8_len(s, left, &code);

		if (!n || (snitch_code_is_unsafe(code) && code != '\\'))
			wrong("a report that is not safe to print", s);
		s += n;
		left -= n;
	}
}

static inline void check_lists(const struct exchange *x)
{
	struct rule_item item;
	const char *why;
	size_t i, k;

	for (i = 0; i < x->n_lists; i++) {
		if (strchr(x->lists[i].name, '/') || x->lists[i].name[0] == '.')
			wrong("a list that is no file name", x->lists[i].name);
		if (x->lists[i].about)
			check_text(x->lists[i].about);
		for (k = 0; k < x->lists[i].n_entries; k++) {
			if (item_parse(x->lists[i].entries[k], true, &item, &why) ||
			    item.kind == RULE_I_LIST)
				wrong("an entry that is no remote", x->lists[i].entries[k]);
			item_clear(&item);
		}
	}
}

/* Whatever it was: rules that are read back, a report that can be printed, counts that fit. */
static inline void import_one(enum exchange_format format, const char *bytes, size_t len)
{
	struct exchange_options options = {
		.reviewed = rand() % 2, .one_user = rand() % 2, .uid = 1000,
		.temporary = rand() % 2, .lists = rand() % 2,
	};
	struct exchange *x = exchange_new(&options);
	char line[4096], *copy = malloc(len + 1), *out;
	size_t i, n;
	int r;

	if (!x || !copy)
		abort();
	memcpy(copy, bytes, len);	/* exactly @len bytes: the sanitiser sees one more */
	copy = realloc(copy, len ? len : 1);
	r = exchange_import(x, format, "a/\033[2Jfile.lsrules", copy, len);
	free(copy);
	if (r && (r != -22 || x->n_rules))
		wrong("a file that is refused with rules", "");
	if (r && !x->n_left)
		wrong("a file that is refused without a word", "");
	for (i = 0; i < x->n_rules; i++)
		check_rule(&x->rules[i], options.reviewed);
	check_lists(x);
	for (i = 0; i < x->n_entries; i++)
		check_text(exchange_entry_print(&x->entries[i], line, sizeof(line)));
	if (x->n_enforced + x->n_kept != x->n_rules || x->n_review > x->n_enforced)
		wrong("counts that do not fit", "");
	if (exchange_export(x, rand() % 2 ? EXCHANGE_LSRULES : EXCHANGE_JSON, &out, &n))
		wrong("rules that are not exported", "");
	free(out);
	exchange_free(x);
}

static inline int fuzz_exchange(enum exchange_format format, const char *sub,
				const char *const *words)
{
	const char *runs = getenv("FUZZ_RUNS");
	long left = runs ? atol(runs) : 20000;
	size_t i;

	srand(1);
	read_corpus(sub);
	for (i = 0; i < n_seeds; i++)
		import_one(format, seeds[i].bytes, seeds[i].len);
	while (left-- > 0) {
		const struct seed *seed = &seeds[rand() % n_seeds];
		char bytes[2 * SEED_BYTES];
		size_t len = seed->len;
		int k;

		memcpy(bytes, seed->bytes, len);
		for (k = rand() % 5; k >= 0; k--)
			spoil(bytes, &len, sizeof(bytes), words);
		import_one(format, bytes, len);
	}
	for (i = 0; i < n_seeds; i++)
		free(seeds[i].bytes);
	return 0;
}

#endif
