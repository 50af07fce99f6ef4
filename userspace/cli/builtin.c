// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `snitch rules disable builtin NAME` and `enable`: built-in rules, switched off by a link to
 * /dev/null in the administrator's folder. It must never switch one off without saying what breaks.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../util/cleanup.h"
#include "../util/format.h"
#include "cli.h"

#define BUILTIN	"/usr/lib/snitch/rules.d"
#define ADMIN	"/etc/snitch/rules.d"
#define SUFFIX	".rules"
#define OFF	"Switched off, "

/**
 * struct builtin - what the command line says
 * @root: prefix of all folders, "" for none
 * @name: as given, NULL: none
 */
struct builtin {
	const char *root, *name;
	bool yes;
};

/* "dns", "20-dns" and "20-dns.rules" all are 20-dns.rules. */
static bool is_called(const char *file, const char *name)
{
	const char *plain = file + strspn(file, "0123456789");
	size_t len = strlen(name);

	if (!strcmp(file, name))
		return true;
	if (!strncmp(file, name, len) && !strcmp(file + len, SUFFIX))
		return true;
	return *plain == '-' && !strncmp(plain + 1, name, len) && !strcmp(plain + 1 + len, SUFFIX);
}

static bool is_rules(const char *file)
{
	size_t len = strlen(file);

	return file[0] != '.' && len > strlen(SUFFIX) &&
	       !strcmp(file + len - strlen(SUFFIX), SUFFIX);
}

/* Is it switched off? -1: another file has taken its place. */
static int is_off(const struct builtin *b, const char *file)
{
	_cleanup_free_ char *path = snitch_format("%s" ADMIN "/%s", b->root, file);
	char target[16];
	ssize_t n = path ? readlink(path, target, sizeof(target)) : -1;

	if (n < 0)
		return errno == ENOENT ? 0 : -1;
	return n == (ssize_t)strlen("/dev/null") && !memcmp(target, "/dev/null", n) ? 1 : -1;
}

/* What the file says of being switched off: from there to the end of its first note. */
static char *what_breaks(const struct builtin *b, const char *file)
{
	_cleanup_free_ char *path = snitch_format("%s" BUILTIN "/%s", b->root, file);
	_cleanup_fclose_ FILE *f = path ? fopen(path, "re") : NULL;
	_cleanup_free_ char *text = NULL;
	char line[512], *at, *joined = NULL;
	size_t size = 0;
	FILE *out = f ? open_memstream(&joined, &size) : NULL;

	if (!out)
		return NULL;
	while (fgets(line, sizeof(line), f) && line[0] == '#') {
		line[strcspn(line, "\n")] = '\0';
		fprintf(out, "%s%s", size ? " " : "", line + 1 + strspn(line + 1, " \t"));
		fflush(out);
	}
	fclose(out);
	text = joined;
	at = text ? strstr(text, OFF) : NULL;
	return at ? strdup(at) : NULL;
}

/* ---- all of them --------------------------------------------------------------------------- */

static int list(struct cli *cli, const struct builtin *b)
{
	_cleanup_free_ char *path = snitch_format("%s" BUILTIN, b->root);
	json_t *all = json_array();
	struct dirent **entries;
	int i, n = path ? scandir(path, &entries, NULL, alphasort) : -1;

	for (i = 0; i < n; i++) {
		const char *file = entries[i]->d_name;
		int off = is_off(b, file);

		if (is_rules(file) && cli->json)
			json_array_append_new(all, json_pack("{s:s,s:b}", "name", file, "off", off));
		else if (is_rules(file))
			out_printf("%-4s%s%s\n", off ? "off" : "on", file,
				   off < 0 ? "  (another file in " ADMIN " stands for it)" : "");
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	if (cli->json)
		return out_json(json_pack("{s:o}", "builtin", all));
	json_decref(all);
	return CLI_OK;
}

/* The file that @b->name means; @file has room for any name. Return: enum cli_exit. */
static int find(const struct builtin *b, char file[NAME_MAX + 1])
{
	_cleanup_free_ char *path = snitch_format("%s" BUILTIN, b->root);
	DIR *dir = path ? opendir(path) : NULL;
	struct dirent *entry;

	file[0] = '\0';
	while (dir && !file[0] && (entry = readdir(dir)))
		if (is_rules(entry->d_name) && is_called(entry->d_name, b->name))
			snprintf(file, NAME_MAX + 1, "%s", entry->d_name);
	if (dir)
		closedir(dir);
	if (file[0])
		return CLI_OK;
	out_error("there are no built-in rules '%s'; `snitch rules disable builtin` lists them",
		  b->name);
	return CLI_NOT_FOUND;
}

/* ---- one ----------------------------------------------------------------------------------- */

static int failed(const char *path, int r)
{
	out_error("%s: %s%s", path, strerror(r), r == EACCES || r == EPERM ? ": use sudo" : "");
	return r == EACCES || r == EPERM || r == EROFS ? CLI_DENIED : CLI_FAILED;
}

static bool agreed(void)
{
	char line[16];

	if (!isatty(STDIN_FILENO))
		return false;
	fputs("Switch them off? [y/N] ", stdout);
	fflush(stdout);
	return fgets(line, sizeof(line), stdin) && (line[0] == 'y' || line[0] == 'Y');
}

static int disable(struct cli *cli, const struct builtin *b, const char *file)
{
	_cleanup_free_ char *path = snitch_format("%s" ADMIN "/%s", b->root, file);
	_cleanup_free_ char *breaks = what_breaks(b, file);
	int off = is_off(b, file);

	if (!path)
		return CLI_FAILED;
	if (off > 0)
		return CLI_OK;
	if (off < 0) {
		out_error("%s stands for it already: its rules count instead", path);
		return CLI_FAILED;
	}
	/* on standard error, so that a script's log has it, too */
	out_error("%s: %s", file, breaks ? breaks : "nobody has written down what then breaks");
	if (!b->yes && !agreed()) {
		out_error("nothing was changed; --yes agrees beforehand");
		return CLI_FAILED;
	}
	if (symlink("/dev/null", path))
		return failed(path, errno);
	return admin_tell(cli, b->root[0] ? b->root : NULL);
}

static int enable(struct cli *cli, const struct builtin *b, const char *file)
{
	_cleanup_free_ char *path = snitch_format("%s" ADMIN "/%s", b->root, file);
	int off = is_off(b, file);

	if (!path)
		return CLI_FAILED;
	if (!off)
		return CLI_OK;
	if (off < 0) {
		out_error("%s stands for it: remove that file, if you mean it", path);
		return CLI_FAILED;
	}
	if (unlink(path))
		return failed(path, errno);
	return admin_tell(cli, b->root[0] ? b->root : NULL);
}

int builtin_switch(struct cli *cli, int argc, char **argv, bool on)
{
	struct builtin b = { .root = "" };
	char file[NAME_MAX + 1];
	int i, code;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--yes"))
			b.yes = true;
		else if (!strcmp(argv[i], "--root") && i + 1 < argc)
			b.root = argv[++i];
		else if (!b.name && argv[i][0] != '-')
			b.name = argv[i];
		else
			argc = 0;
	}
	if (argc < 1 || strcmp(argv[0], "builtin"))
		return out_usage("rules %s wants: builtin [NAME]%s", on ? "enable" : "disable",
				 on ? "" : " [--yes]");
	if (!b.name)
		return list(cli, &b);
	code = find(&b, file);
	if (code)
		return code;
	return on ? enable(cli, &b, file) : disable(cli, &b, file);
}
