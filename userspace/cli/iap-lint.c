// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `snitch iap lint`: faults of policies and of their translations, each with its place. It must
 * never need the daemon, nor believe a file more for having none.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../iap/find.h"
#include "../util/cleanup.h"
#include "cli.h"

/* What of the file's own translations will not work. */
static void check_localizations(const json_t *root, struct iap_report *report)
{
	json_t *all = json_object_get(root, "Localizations"), *table, *text;
	const char *lang, *key;
	char where[64];

	if (all && !json_is_object(all))
		iap_fault(report, false, "Localizations", "not a dictionary: ignored");
	json_object_foreach(all, lang, table) {
		snprintf(where, sizeof(where), "Localizations.%.40s", lang);
		if (!json_is_object(table))
			iap_fault(report, false, where, "not a dictionary: ignored");
		json_object_foreach(table, key, text) {
			if (!json_is_string(text))
				iap_fault(report, false, where, "'%.80s' is no string: ignored",
					  key);
		}
	}
}

static void check_keys(const struct iap_policy *policy, struct iap_report *report)
{
	size_t i;

	for (i = 0; i < policy->n_keys; i++)
		if (!iap_key_valid(policy->keys[i]))
			iap_fault(report, false, IAP_KEY_FOR, "'%.80s' names no program: write "
				  "/PATH, or package, desktop, flatpak or snap and a name",
				  policy->keys[i]);
}

static void check_policy(const char *bytes, size_t len, struct iap_report *report)
{
	static const struct iap_texts texts;
	json_t *root = iap_read(bytes, len, report);
	struct iap_policy *policy = NULL;

	if (root) {
		check_localizations(root, report);
		if (!iap_build(root, &texts, &policy, report))
			check_keys(policy, report);
		iap_free(policy);
	}
	json_decref(root);
}

/* An ELF file with a policy in it. */
static bool check_elf(int fd, struct iap_report *report)
{
	_cleanup_free_ char *note = NULL;
	size_t len;
	char magic[4];
	int r;

	if (pread(fd, magic, sizeof(magic), 0) != sizeof(magic) ||
	    memcmp(magic, "\177ELF", sizeof(magic)))
		return false;
	r = iap_elf_note(fd, &note, &len);
	if (r)
		iap_fault(report, true, NULL, r == -ENOENT ? "an ELF file without a policy in a note" :
			  "a broken ELF file");
	else
		check_policy(note, len, report);
	return true;
}

static bool is_strings(const char *path)
{
	size_t n = strlen(path);

	return n > 8 && !strcmp(path + n - 8, ".strings");
}

/* Return: 0, or an errno. */
static int check_file(const char *path, struct iap_report *report)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	_cleanup_free_ char *bytes = malloc(IAP_BYTES_MAX + 1);
	size_t len = 0;
	ssize_t n = 1;

	if (fd < 0)
		return errno;
	if (!bytes)
		return ENOMEM;
	if (check_elf(fd, report))
		return 0;
	while (n > 0 && len <= IAP_BYTES_MAX) {
		n = read(fd, bytes + len, IAP_BYTES_MAX + 1 - len);
		if (n < 0)
			return errno;
		len += (size_t)n;
	}
	if (is_strings(path))
		json_decref(iap_read_strings(bytes, len, report));
	else
		check_policy(bytes, len, report);
	return 0;
}

static json_t *fault_object(const char *path, const struct iap_finding *f)
{
	json_t *out = json_pack("{s:s*,s:s,s:s}", "file", path, "severity",
				f->fatal ? "fatal" : "tolerable", "reason", f->why);

	if (!out)
		out = json_pack("{s:s,s:s}", "severity", f->fatal ? "fatal" : "tolerable", "reason",
				f->why);
	if (f->line)
		json_object_set_new(out, "line", json_integer(f->line));
	if (f->column)
		json_object_set_new(out, "column", json_integer(f->column));
	if (*f->where)
		json_object_set_new(out, "key", json_string(f->where));
	return out;
}

static void print_fault(const char *path, const struct iap_finding *f)
{
	out_printf("%s:", path);
	if (f->line)
		out_printf("%u:%u:", f->line, f->column);
	out_printf(" %s: %s%s%s\n", f->fatal ? "fatal" : "tolerable", f->where,
		   *f->where ? ": " : "", f->why);
}

/* Adds a file's faults to @all, or prints them where that is NULL. */
static int lint(const char *path, json_t *all)
{
	struct iap_report report = { .n = 0 };
	int r = check_file(path, &report), code = CLI_OK;
	unsigned int i;

	if (r) {
		out_error("%s: %s", path, strerror(r));
		return r == ENOENT ? CLI_NOT_FOUND : r == EACCES ? CLI_DENIED : CLI_FAILED;
	}
	for (i = 0; i < report.n; i++) {
		if (all)
			json_array_append_new(all, fault_object(path, &report.found[i]));
		else
			print_fault(path, &report.found[i]);
	}
	if (report.more && !all)
		out_printf("%s: and %u more\n", path, report.more);
	if (report.n)
		code = report.fatal ? CLI_INVALID : CLI_FAILED;
	iap_report_clear(&report);
	return code;
}

int cmd_iap_lint(struct cli *cli, int argc, char **argv)
{
	json_t *all = cli->json ? json_array() : NULL;
	int code = CLI_OK, one, i;

	if (!argc) {
		json_decref(all);
		return out_usage("iap lint wants files");
	}
	/* the numbers rise with what is worse, but for tolerable faults being 1 */
	for (i = 0; i < argc; i++) {
		one = lint(argv[i], all);
		code = one > code ? one : code;
	}
	if (all) {
		one = out_json(json_pack("{s:i,s:o}", "schema", 1, "faults", all));
		code = one > code ? one : code;
	}
	return code;
}
