// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Throws spoiled policies, translations, notes, Hosts and texts at their readers, starting from the
 * files of corpus/iap: a folder there is a reader here. What found a fault is kept there as a file.
 * It must never touch a file outside of memory.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "iap/find.h"
#include "rounds.h"
#include "util/escape.h"

#define SEEDS_MAX	64
#define SIZE_MAX_SEED	16384

static void check(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

/* Nothing that reaches a terminal may steer it. */
static void check_shown(const char *raw)
{
	char *text = iap_text(raw);
	size_t len = strlen(text), at = 0, n;
	unsigned int code;

	for (; at < len; at += n) {
		n = snitch_utf8_len(text + at, len - at, &code);
		check(n && (code == '\\' || !snitch_code_is_unsafe(code)), "a text is not tame");
	}
	free(text);
}

/* Each selection shows each description at most once, and an exact one alone. */
static void check_selections(const struct iap_policy *policy)
{
	const struct iap_connection **out = calloc(policy->n_connections + 1, sizeof(*out));
	static const char *const names[] = { "www.example.com", "example.com", NULL };
	struct iap_selection sel = { .family = 2, .addr = { 192, 0, 2, 5 }, .proto = 6 };
	size_t n, i, k;

	for (i = 0; i < 9; i++) {
		sel.kind = i % 3;
		sel.name = names[i / 3];
		sel.port = i % 2 ? 443 : -1;
		n = iap_select(policy, &sel, out);
		check(n <= policy->n_connections, "more shown than there are");
		for (k = 1; k < n; k++)
			check(out[k] != out[k - 1], "shown twice");
	}
	free(out);
}

static void read_policy(const char *bytes, size_t len)
{
	struct iap_report report = { .n = 0 };
	struct iap_policy *policy = NULL;
	struct iap_langs langs;
	size_t i;

	iap_langs_init(&langs, "de:fr");
	if (iap_load_bytes(bytes, len, &langs, &policy, &report)) {
		check(!policy && report.fatal, "refused without a fault");
	} else {
		check(policy->description && !report.fatal, "taken with a fatal fault");
		check_shown(policy->description);
		for (i = 0; i < policy->n_connections; i++)
			check_shown(policy->connections[i].purpose);
		check_selections(policy);
		iap_free(policy);
	}
	iap_report_clear(&report);
}

static void read_strings(const char *bytes, size_t len)
{
	struct iap_report report = { .n = 0 };
	json_t *table = iap_read_strings(bytes, len, &report);

	check(!!table == !report.fatal, "translations and faults disagree");
	json_decref(table);
	iap_report_clear(&report);
}

static void read_elf(const char *bytes, size_t len)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	char *note = NULL;
	size_t n;

	check(fd >= 0 && write(fd, bytes, len) == (ssize_t)len, "no memory file");
	if (!iap_elf_note(fd, &note, &n)) {
		check(n <= len, "a note larger than its file");
		free(note);
	}
	close(fd);
}

static void read_host(const char *bytes, size_t len)
{
	char *text = strndup(bytes, len);
	struct iap_item *items;
	size_t n, i;

	if (!iap_host_parse(text, "Host", &items, &n, NULL)) {
		check(n && n <= IAP_ITEMS_MAX, "no item, or too many");
		for (i = 0; i < n; i++)
			check(items[i].name || (items[i].kind != IAP_HOST &&
						items[i].kind != IAP_PATTERN), "a name is missing");
		iap_items_free(items, n);
	}
	free(text);
}

static void read_text(const char *bytes, size_t len)
{
	char *text = strndup(bytes, len);

	check_shown(text);
	free(text);
}

static const struct {
	const char *folder;
	void (*read)(const char *bytes, size_t len);
} targets[] = {
	{ "json", read_policy }, { "xml", read_policy }, { "binary", read_policy },
	{ "strings", read_strings }, { "elf", read_elf }, { "host", read_host },
	{ "text", read_text },
};

#define TARGETS	(sizeof(targets) / sizeof(targets[0]))

static struct seed {
	size_t target;
	size_t len;
	char *bytes;
} seeds[SEEDS_MAX];
static size_t n_seeds;

static void add_seed(size_t target, const char *path)
{
	struct seed *seed = &seeds[n_seeds];
	FILE *f = fopen(path, "re");

	check(f && n_seeds < SEEDS_MAX, path);
	seed->bytes = malloc(SIZE_MAX_SEED);
	seed->len = fread(seed->bytes, 1, SIZE_MAX_SEED, f);
	seed->target = target;
	n_seeds++;
	fclose(f);
}

static void add_folder(const char *top, size_t target)
{
	char path[512];
	const struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/iap/%s", top, targets[target].folder);
	dir = opendir(path);
	check(dir, path);
	while ((e = readdir(dir))) {
		char file[800];

		if (e->d_name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, e->d_name);
		add_seed(target, file);
	}
	closedir(dir);
}

static size_t spoil(char *bytes, size_t n, size_t size)
{
	static const char special[] = "\0\xff\"\\[]{}<>/=*,:;-&u";
	size_t at = n ? rand() % n : 0, k = n ? rand() % (n - at) % 40 : 0;

	switch (rand() % 6) {
	case 0:			/* a part goes */
		memmove(bytes + at, bytes + at + k, n - at - k);
		return n - k;
	case 1:			/* a part stands there twice */
		if (n + k > size)
			return n;
		memmove(bytes + at + k, bytes + at, n - at);
		return n + k;
	case 2:
		if (n)
			bytes[at] = (char)rand();
		return n;
	case 3:
		if (n)
			bytes[at] = special[rand() % (sizeof(special) - 1)];
		return n;
	case 4:
		if (n)
			bytes[at] ^= (char)(1 << rand() % 8);
		return n;
	default:
		return rand() % 4 ? n : at;
	}
}

int main(void)
{
	const char *runs = getenv("FUZZ_RUNS"), *top = getenv("SNITCH_TOP");
	long left = runs ? atol(runs) : 20000;
	size_t i;

	for (i = 0; i < TARGETS; i++)
		add_folder(top ? top : ".", i);
	for (i = 0; i < n_seeds; i++)
		targets[seeds[i].target].read(seeds[i].bytes, seeds[i].len);
	srand(getenv("FUZZ_SEED") ? atoi(getenv("FUZZ_SEED")) : 1);
	while (left-- > 0) {
		const struct seed *seed = &seeds[rand() % n_seeds];
		char *bytes = malloc(2 * SIZE_MAX_SEED), *exact;
		size_t n = seed->len;
		int k;

		memcpy(bytes, seed->bytes, n);
		for (k = rand() % 8; k >= 0; k--)
			n = spoil(bytes, n, 2 * SIZE_MAX_SEED);
		/* of its very size, so that a byte read beyond it is noticed */
		exact = malloc(n ? n : 1);
		memcpy(exact, bytes, n);
		free(bytes);
		targets[seed->target].read(exact, n);
		free(exact);
	}
	for (i = 0; i < n_seeds; i++)
		free(seeds[i].bytes);
	rounds_end(0);
	return 0;
}
