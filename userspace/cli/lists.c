// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `snitch lists`: what blocklists there are, and changing them. It must never write a list itself:
 * the daemon owns them.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <time.h>
#include <unistd.h>

#include "../lists/lists.h"
#include "../util/cleanup.h"
#include "../util/timespan.h"
#include "cli.h"

static void print_time(const char *what, int64_t seconds)
{
	time_t when = seconds;
	struct tm tm;
	char text[32];

	if (seconds && localtime_r(&when, &tm) && strftime(text, sizeof(text), "%F %R", &tm))
		out_printf("%-11s %s\n", what, text);
}

/* What is wrong with it, or "". */
static const char *trouble(const json_t *list)
{
	const char *problem = value_str(list, "problem", "");

	return *problem ? problem : value_str(list, "error", "");
}

/* After @word, which leads; at a terminal in lines that begin where it ends. */
static void print_trouble(const struct cli *cli, const char *word, const char *wrong)
{
	out_colour(cli, 31, word);
	out_printf(" ");
	out_wrapped((unsigned int)strlen(word) + 1, wrong);
}

static int cmd_list(struct cli *cli, int argc, char **argv)
{
	json_t *all, *list;
	size_t i;
	int code;

	(void)argv;
	if (argc)
		return out_usage("lists list takes no arguments");
	code = cli_call_json(cli, "ListLists", &all, "");
	if (code)
		return code;
	if (cli->json)
		return out_json(json_pack("{s:i,s:o}", "schema", 1, "lists", all));
	out_printf("%-20s  %-9s  %9s  %9s  %8s\n", "NAME", "KIND", "NAMES", "RANGES", "HITS");
	json_array_foreach(all, i, list) {
		const char *wrong = trouble(list);

		out_printf("%-20s  %-9s  %9lld  %9lld  %8lld", value_str(list, "name", "?"),
			   value_str(list, "kind", "?"), (long long)value_int(list, "names", 0),
			   (long long)value_int(list, "ranges", 0),
			   (long long)value_int(list, "hit_count", 0));
		if (!value_bool(list, "enabled"))
			out_printf("  (switched off)");
		out_printf("\n");
		if (*wrong)
			print_trouble(cli, "  problem:", wrong);
	}
	json_decref(all);
	return CLI_OK;
}

/* ---- show -------------------------------------------------------------------------------- */

static void print_lines(const char *what, const json_t *lines)
{
	const json_t *line;
	size_t i;

	json_array_foreach(lines, i, line)
		out_printf("%-11s %s\n", i ? "" : what, json_string_value(line));
}

static void print_hits(const json_t *hits)
{
	const json_t *hit;
	size_t i;

	json_array_foreach(hits, i, hit) {
		const char *entry = json_string_value(json_array_get(hit, 0));

		out_printf("%-11s %lld of %s\n", i ? "" : "hits",
			   (long long)json_integer_value(json_array_get(hit, 1)), entry ? entry : "?");
	}
}

static void print_entries(const json_t *list)
{
	long long names = value_int(list, "names", 0), ranges = value_int(list, "ranges", 0);
	long long exceptions = value_int(list, "exceptions", 0);

	out_printf("%-11s %lld name%s, %lld range%s of addresses, %lld exception%s\n", "entries",
		   names, names == 1 ? "" : "s", ranges, ranges == 1 ? "" : "s", exceptions,
		   exceptions == 1 ? "" : "s");
}

/* What is wrong, and what counts meanwhile. */
static void print_problem(const struct cli *cli, const json_t *list)
{
	print_trouble(cli, "problem    ", trouble(list));
	if (!*value_str(list, "url", "") || !*value_str(list, "error", ""))
		return;
	if (value_int(list, "names", 0) || value_int(list, "ranges", 0))
		out_printf("%-11s what was fetched before counts\n", "");
	out_printf("%-11s to try again now: snitch lists update %s\n", "",
		   value_str(list, "name", "?"));
}

static void print_list(const struct cli *cli, const json_t *list)
{
	int64_t every = value_int(list, "every", 0);
	const char *url = value_str(list, "url", "");
	char span[32];

	out_printf("%-11s %s (%s%s)\n", "list", value_str(list, "name", "?"),
		   value_str(list, "scope", "?"),
		   value_bool(list, "enabled") ? "" : ", switched off");
	out_printf("%-11s %s\n", "kind", value_str(list, "kind", "?"));
	print_entries(list);
	if (*url)
		out_printf("%-11s %s, every %s\n", "url", url,
			   snitch_span_format(every ? every : 86400, span, sizeof(span)));
	print_time("fetched", value_int(list, "fetched", 0));
	print_time("tried", value_int(list, "tried", 0));
	if (*trouble(list))
		print_problem(cli, list);
	if (value_int(list, "bad", 0))
		out_printf("%-11s %lld of %lld lines\n", "unread", (long long)value_int(list, "bad", 0),
			   (long long)value_int(list, "lines", 0));
	print_lines("", json_object_get(list, "bad_lines"));
	print_hits(json_object_get(list, "hits"));
}

static int cmd_show(struct cli *cli, int argc, char **argv)
{
	json_t *all, *list, *found = NULL;
	size_t i;
	int code;

	if (argc != 1)
		return out_usage("lists show wants the name of a list");
	code = cli_call_json(cli, "ListLists", &all, "");
	if (code)
		return code;
	json_array_foreach(all, i, list)
		if (!strcmp(value_str(list, "name", ""), argv[0]))
			found = list;
	if (!found) {
		out_error("there is no list '%s'; `snitch lists` shows them", argv[0]);
		code = CLI_NOT_FOUND;
	} else if (cli->json) {
		code = out_json(json_incref(found));
	} else {
		print_list(cli, found);
	}
	json_decref(all);
	return code;
}

/* ---- test -------------------------------------------------------------------------------- */

static int cmd_test(struct cli *cli, int argc, char **argv)
{
	const char *name = argc == 2 ? argv[0] : "", *what = argc ? argv[argc - 1] : "";
	bool listed = false;
	json_t *all, *t;
	size_t i;
	int code;

	if (argc < 1 || argc > 2)
		return out_usage("lists test wants [NAME] and a HOST or ADDRESS");
	code = cli_call_json(cli, "TestList", &all, "ss", name, what);
	if (code)
		return code;
	json_array_foreach(all, i, t) {
		const char *except = value_str(t, "exception", "");

		listed |= value_bool(t, "listed");
		if (cli->json)
			continue;
		if (value_bool(t, "listed"))
			out_printf("%s is on %s: %s\n", what, value_str(t, "name", "?"),
				   value_str(t, "entry", "?"));
		else if (*except)
			out_printf("%s is excepted from %s: %s\n", what, value_str(t, "name", "?"),
				   except);
	}
	if (cli->json)
		return out_json(json_pack("{s:i,s:b,s:o}", "schema", 1, "listed", listed, "lists", all));
	json_decref(all);
	if (!listed)
		out_printf("%s is on no list%s%s\n", what, *name ? " of this name: " : "", name);
	return CLI_OK;
}

/* ---- changes ------------------------------------------------------------------------------ */

/* The contents of @path in memory, sealed: the daemon needs no path and cannot be made to wait. */
static int open_contents(const char *path)
{
	_cleanup_close_ int from = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int to = -1;
	off_t all = 0;
	ssize_t n;

	if (from < 0)
		return -errno;
	to = memfd_create("list", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (to < 0)
		return -errno;
	while ((n = sendfile(to, from, NULL, 1 << 20)) > 0) {
		all += n;
		if (all > LIST_FILE_MAX)
			return -EFBIG;
	}
	if (n < 0 || fcntl(to, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE))
		return -errno;
	return snitch_take_fd(&to);
}

struct add {
	const char *name, *url, *kind;
	uint64_t every;
	int fd;
};

/* Options of `lists add`, wherever they stand. Return: what is left, -1: told. */
static int add_options(int argc, char **argv, struct add *add)
{
	int i, n = 0;

	for (i = 0; i < argc; i++) {
		bool kind = !strcmp(argv[i], "--kind"), every = !strcmp(argv[i], "--every");

		if (!kind && !every) {
			if (argv[i][0] == '-') {
				out_usage("lists add takes --kind KIND and --every SPAN, not '%s'", argv[i]);
				return -1;
			}
			argv[n++] = argv[i];
			continue;
		}
		if (++i == argc || (every && snitch_span_parse(argv[i], &add->every))) {
			out_usage("lists add: %s", kind ? "--kind auto, domains, hosts or addresses" :
				  "--every wants a span of time, like 12h");
			return -1;
		}
		if (kind)
			add->kind = argv[i];
	}
	return n;
}

static int send_list(struct cli *cli, const struct add *add)
{
	const char *kind = add->kind ? add->kind : "auto";

	if (add->fd >= 0)
		return cli_call(cli, "SetList", NULL, "sa{sv}", add->name, 2, "kind", "s", kind,
				"contents", "h", add->fd);
	if (add->every)
		return cli_call(cli, "SetList", NULL, "sa{sv}", add->name, 3, "kind", "s", kind,
				"url", "s", add->url, "every", "t", add->every);
	return cli_call(cli, "SetList", NULL, "sa{sv}", add->name, 2, "kind", "s", kind, "url", "s",
			add->url);
}

static int cmd_add(struct cli *cli, int argc, char **argv)
{
	struct add add = { .fd = -1 };
	_cleanup_close_ int fd = -1;
	int n = add_options(argc, argv, &add), code;

	if (n < 0)
		return CLI_USAGE;
	if (n != 2)
		return out_usage("lists add wants NAME and an https:// URL or a FILE");
	add.name = argv[0];
	if (strstr(argv[1], "://")) {
		add.url = argv[1];
	} else if (add.every) {
		return out_usage("--every is for lists that are fetched");
	} else {
		fd = open_contents(argv[1]);
		if (fd < 0) {
			out_error("%s: %s", argv[1], strerror(-fd));
			return fd == -ENOENT ? CLI_NOT_FOUND : fd == -EACCES ? CLI_DENIED : CLI_FAILED;
		}
		add.fd = fd;
	}
	code = send_list(cli, &add);
	if (!code && cli->json)
		return out_json(json_pack("{s:s}", "added", add.name));
	if (!code && add.url)
		out_printf("%s will be fetched; see: snitch lists show %s\n", add.name, add.name);
	return code;
}

static int rm(struct cli *cli, const char *name, const void *ctx)
{
	(void)ctx;
	return cli_call(cli, "RemoveList", NULL, "s", name);
}

static int cmd_rm(struct cli *cli, int argc, char **argv)
{
	if (!argc)
		return out_usage("lists rm wants the name of a list");
	return cli_remove_each(cli, argc, argv, rm, NULL);
}

static int cmd_update(struct cli *cli, int argc, char **argv)
{
	int code;

	if (argc > 1)
		return out_usage("lists update takes at most the name of one list");
	code = cli_call(cli, "UpdateList", NULL, "s", argc ? argv[0] : "");
	if (!code && cli->json)
		return out_json(json_pack("{s:s}", "updating", argc ? argv[0] : ""));
	if (!code && argc)
		out_printf("%s will be fetched; see: snitch lists show %s\n", argv[0], argv[0]);
	else if (!code)
		out_printf("all lists will be fetched; see: snitch lists\n");
	return code;
}

static int cmd_except(struct cli *cli, int argc, char **argv)
{
	bool remove = argc && !strcmp(argv[0], "--rm");
	int code;

	if (argc != 2 + remove)
		return out_usage("lists except wants [--rm] NAME ENTRY, a host or addresses");
	code = cli_call(cli, "ExceptList", NULL, "ssb", argv[remove], argv[remove + 1], remove);
	if (!code && cli->json)
		return out_json(json_pack("{s:s,s:s,s:b}", "list", argv[remove], "entry",
					  argv[remove + 1], "excepted", !remove));
	return code;
}

static int set_enabled(struct cli *cli, int argc, char **argv, int enabled)
{
	int code;

	if (argc != 1)
		return out_usage("lists %s wants the name of a list", enabled ? "enable" : "disable");
	code = cli_call(cli, "SetList", NULL, "sa{sv}", argv[0], 1, "enabled", "b", enabled);
	if (!code && cli->json)
		return out_json(json_pack("{s:s,s:b}", "list", argv[0], "enabled", enabled));
	return code;
}

static int cmd_enable(struct cli *cli, int argc, char **argv)
{
	return set_enabled(cli, argc, argv, 1);
}

static int cmd_disable(struct cli *cli, int argc, char **argv)
{
	return set_enabled(cli, argc, argv, 0);
}

int cmd_lists(struct cli *cli, int argc, char **argv)
{
	static const struct cli_verb verbs[] = {
		{ "list", cmd_list }, { "show", cmd_show }, { "test", cmd_test },
		{ "add", cmd_add }, { "rm", cmd_rm }, { "update", cmd_update },
		{ "except", cmd_except }, { "enable", cmd_enable }, { "disable", cmd_disable },
		{ NULL, NULL },
	};

	return cli_verb(cli, "lists", verbs, argc, argv);
}
