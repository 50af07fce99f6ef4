// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `snitch iap`: what the policy of a program says, and where it comes from. It must never need the
 * daemon.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../daemon/places.h"
#include "../iap/describe.h"
#include "../policy/program.h"
#include "../util/cleanup.h"
#include "../util/format.h"
#include "cli.h"

/**
 * struct wish - what `show` was asked for
 * @policy: a file to show instead of what is found
 * @selected: --selection was given
 * @name: of iap_name(), owned
 * @deny: only what comes of denying
 */
struct wish {
	const char *program;
	const char *lang;
	const char *policy;
	bool selected;
	bool deny;
	char *name;
	struct iap_selection sel;
};

/* ---- the program ------------------------------------------------------------------------- */

/* The path of a program given by path or by name, as the shell would find it; for free(). */
static char *program_path(const char *program)
{
	const char *path = getenv("PATH");
	size_t n;

	if (*program == '/')
		return strdup(program);
	if (strchr(program, '/'))
		return realpath(program, NULL);
	for (; path && *path; path += n + (path[n] == ':')) {
		_cleanup_free_ char *file = NULL;

		n = strcspn(path, ":");
		file = snitch_format("%.*s/%s", (int)n, path, program);
		if (file && *file == '/' && !access(file, X_OK))
			return snitch_take_ptr(file);
	}
	return NULL;
}

static int no_program(const char *program)
{
	out_error("no program '%s' here; give its whole path", program);
	return CLI_NOT_FOUND;
}

/* ---- show -------------------------------------------------------------------------------- */

static void print_text(const char *label, const char *text)
{
	if (!text || !*text)
		return;
	out_printf("%-10s ", label);
	out_wrapped(11, text);
}

static void print_connection(const struct cli *cli, const json_t *c)
{
	const char *port = value_str(c, "port", NULL), *proto = value_str(c, "protocol", NULL);
	_cleanup_free_ char *head = NULL;

	head = snitch_format("%s%s%s%s%s%s%s", value_str(c, "host", "?"), port ? " port " : "",
			     port ? port : "", proto ? " " : "", proto ? proto : "",
			     strcmp(value_str(c, "direction", ""), "in") ? "" : ", incoming",
			     strcmp(value_str(c, "relevance", ""), "essential") ? "" :
			     ", essential");
	out_printf("\n");
	out_colour(cli, 1, head ? head : "?");
	out_printf("\n");
	print_text("  for", value_str(c, "purpose", NULL));
	print_text("  if denied", value_str(c, "deny_consequences", NULL));
}

static void print_policy(const struct cli *cli, const json_t *d)
{
	const json_t *c;
	size_t i;

	print_text("says", value_str(d, "application", ""));
	print_text("made by", value_str(d, "developer", NULL));
	print_text("website", value_str(d, "website", NULL));
	print_text("source", value_str(d, "source", NULL));
	print_text("file", value_str(d, "file", NULL));
	print_text("known from", value_str(d, "established", NULL));
	json_array_foreach(json_object_get(d, "connections"), i, c)
		print_connection(cli, c);
	if (value_bool(d, "no_connections"))
		out_printf("\nIt makes no connections of its own.\n");
	else if (!json_array_size(json_object_get(d, "connections")))
		out_printf("\nNothing is said of such a connection.\n");
	json_array_foreach(json_object_get(d, "services"), i, c) {
		out_printf("\nby %s\n", value_str(c, "name", "?"));
		print_text("  for", value_str(c, "purpose", NULL));
	}
}

static void print_denial(const json_t *d)
{
	const char *text;
	size_t at = 0;

	while ((text = iap_next_text(d, "deny_consequences", &at)))
		out_wrapped(0, text);
}

/* The file that was named: whoever names it answers for where it lies. */
static int load_named(const struct wish *w, const struct iap_langs *langs, const char *app,
		      struct iap_found *found)
{
	_cleanup_free_ char *dir = NULL, *name = NULL;
	struct iap_root root;
	char *slash;
	int r;

	memset(found, 0, sizeof(*found));
	found->place = IAP_BESIDE;
	found->path = realpath(w->policy, NULL);
	if (!found->path)
		return -errno;
	dir = strdup(found->path);
	slash = dir ? strrchr(dir, '/') : NULL;
	name = slash ? strdup(slash) : NULL;
	if (!name)
		return -ENOMEM;
	*slash = '\0';
	r = iap_root_open(&root, *dir ? dir : NULL);
	if (r)
		return r;
	r = iap_load(&root, name, geteuid(), langs, app, &found->policy, &found->owner, NULL);
	iap_root_close(&root);
	return r;
}

static int get_policy(const struct wish *w, const struct iap_root *root, struct iap_found *found)
{
	_cleanup_free_ char *path = w->program ? program_path(w->program) : strdup(w->policy);
	struct iap_search search = { .root = root, .path = path };
	struct iap_langs langs;
	int r;

	if (!path)
		return no_program(w->program);
	iap_langs_init(&langs, w->lang);
	search.langs = &langs;
	if (!w->policy) {
		if (!iap_find(&search, found))
			return CLI_OK;
		out_error("%s has no policy; `snitch iap which` says where was looked", path);
		return CLI_NOT_FOUND;
	}
	r = load_named(w, &langs, path, found);
	if (!r)
		return CLI_OK;
	out_error("%s: %s; `snitch iap lint` says more", w->policy, r == -EINVAL ?
		  "not a policy" : strerror(-r));
	iap_found_clear(found);
	return r == -ENOENT ? CLI_NOT_FOUND : CLI_INVALID;
}

static int show(struct cli *cli, struct wish *w)
{
	bool any = !w->selected && !w->name && !w->sel.family;
	struct iap_found found;
	struct places places;
	struct policy_env env;
	struct iap_root root;
	json_t *d;
	int code;

	if (iap_root_open(&root, getenv(SNITCH_ROOT_ENV)))
		return CLI_FAILED;
	code = get_policy(w, &root, &found);
	if (!code) {
		if (places_read(&places, root.prefix))
			memset(&places, 0, sizeof(places));
		env = (struct policy_env){
			.local = places.local, .n_local = places.n_local, .dns = places.dns,
			.n_dns = places.n_dns, .broadcast = places.broadcast,
			.n_broadcast = places.n_broadcast,
		};
		w->sel.name = w->name;
		w->sel.env = &env;
		/* without any wish: all of it */
		any = any && w->sel.port < 0 && w->sel.proto < 0 && !w->sel.incoming && !w->deny;
		d = iap_describe(&found, any ? NULL : &w->sel);
		if (cli->json) {
			json_incref(d);
			code = out_json(d);
		} else if (w->deny) {
			print_denial(d);
		} else {
			print_policy(cli, d);
		}
		json_decref(d);
		iap_found_clear(&found);
	}
	iap_root_close(&root);
	return code;
}

static int set_host(struct wish *w, const char *text)
{
	if (inet_pton(AF_INET, text, w->sel.addr) == 1) {
		w->sel.family = AF_INET;
	} else if (inet_pton(AF_INET6, text, w->sel.addr) == 1) {
		w->sel.family = AF_INET6;
	} else {
		free(w->name);
		w->name = iap_name(text);
		return w->name ? 0 : out_usage("'%s' is no host", text);
	}
	return 0;
}

static int set_port(struct wish *w, const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || n > 65535)
		return out_usage("'%s' is no port", text);
	w->sel.port = (int)n;
	return 0;
}

static int set_protocol(struct wish *w, const char *text)
{
	w->sel.proto = proto_parse(text);
	return w->sel.proto >= 0 ? 0 : out_usage("'%s' is no protocol", text);
}

static int set_selection(struct wish *w, const char *text)
{
	w->selected = true;
	return iap_select_parse(text, &w->sel.kind) ?
	       out_usage("--selection is host, domain or any, not '%s'", text) : 0;
}

static int set_lang(struct wish *w, const char *text)
{
	w->lang = text;
	return 0;
}

static int set_policy(struct wish *w, const char *text)
{
	w->policy = text;
	return 0;
}

static const struct {
	const char *option;
	int (*set)(struct wish *w, const char *text);
} options[] = {
	{ "--host", set_host },			/* a name, or an address */
	{ "--address", set_host },		/* besides a name */
	{ "--port", set_port },
	{ "--protocol", set_protocol },
	{ "--selection", set_selection },
	{ "--lang", set_lang },
	{ "--policy", set_policy },
};

static int read_option(struct wish *w, char ***argv)
{
	const char *option = *(*argv)++;
	size_t i;

	if (!strcmp(option, "--deny")) {
		w->deny = true;
		return 0;
	}
	if (!strcmp(option, "--incoming")) {
		w->sel.incoming = true;
		return 0;
	}
	for (i = 0; i < SNITCH_ARRAY_SIZE(options); i++) {
		if (strcmp(option, options[i].option))
			continue;
		return **argv ? options[i].set(w, *(*argv)++) :
		       out_usage("%s wants a value", option);
	}
	if (*option == '-' || w->program)
		return out_usage("iap show does not take '%s'; see `man snitch`", option);
	w->program = option;
	return 0;
}

static int cmd_show(struct cli *cli, char **argv)
{
	struct wish w = { .sel = { .proto = -1, .port = -1 } };
	int code = 0;

	while (*argv && !code)
		code = read_option(&w, &argv);
	if (!code && !w.program && !w.policy)
		code = out_usage("iap show wants a program");
	if (!code && w.selected && w.sel.kind == IAP_SELECT_DOMAIN && !w.name)
		code = out_usage("--selection domain wants the domain: --host DOMAIN");
	if (!code && w.selected && w.sel.kind == IAP_SELECT_HOST && !w.name && !w.sel.family)
		code = out_usage("--selection host wants the host: --host HOST");
	/* without a host, any */
	if (!w.selected && !w.name && !w.sel.family)
		w.sel.kind = IAP_SELECT_ANY;
	if (!code)
		code = show(cli, &w);
	free(w.name);
	return code;
}

/* ---- which ------------------------------------------------------------------------------- */

static const char *outcome(int result)
{
	switch (result) {
	case 0:
		return "used";
	case -ENOENT:
		return "nothing there";
	case -EPERM:
	case -ELOOP:
		return "not believed: others than its owner could have put it there";
	case -EINVAL:
		return "not a policy; `snitch iap lint` says why";
	default:
		return strerror(-result);
	}
}

static void tell(void *ctx, const char *path, int result)
{
	json_array_append_new(ctx, json_pack("{s:s,s:s}", "path", path, "outcome",
					     outcome(result)));
}

static int which(struct cli *cli, const char *path, const struct iap_root *root)
{
	json_t *looked = json_array(), *step, *out;
	struct iap_search search = { .root = root, .path = path, .tell = tell, .ctx = looked };
	struct iap_found found;
	struct iap_langs langs;
	size_t i;
	int code;

	iap_langs_init(&langs, NULL);
	search.langs = &langs;
	code = iap_find(&search, &found) ? CLI_NOT_FOUND : CLI_OK;
	if (cli->json) {
		_cleanup_free_ char *source = code ? NULL : iap_source(&found);

		out = json_pack("{s:s,s:O,s:s?,s:s?}", "program", path, "looked", looked, "file",
				found.path, "source", source);
		out_json(out);
	} else {
		json_array_foreach(looked, i, step)
			out_printf("%s: %s\n", value_str(step, "path", "?"),
				   value_str(step, "outcome", "?"));
		if (code)
			out_printf("no policy of %s\n", path);
	}
	json_decref(looked);
	iap_found_clear(&found);
	return code;
}

static int cmd_which(struct cli *cli, char **argv)
{
	_cleanup_free_ char *path = *argv && !argv[1] ? program_path(*argv) : NULL;
	struct iap_root root;
	int code;

	if (!*argv || argv[1])
		return out_usage("iap which wants one program");
	if (!path)
		return no_program(*argv);
	if (iap_root_open(&root, getenv(SNITCH_ROOT_ENV)))
		return CLI_FAILED;
	code = which(cli, path, &root);
	iap_root_close(&root);
	return code;
}

int cmd_iap(struct cli *cli, int argc, char **argv)
{
	/* options taken out of the line may have left words behind its end */
	argv[argc] = NULL;
	if (argc && !strcmp(argv[0], "show"))
		return cmd_show(cli, argv + 1);
	if (argc && !strcmp(argv[0], "which"))
		return cmd_which(cli, argv + 1);
	if (argc && !strcmp(argv[0], "lint"))
		return cmd_iap_lint(cli, argc - 1, argv + 1);
	return out_usage("iap wants show, which or lint; see `man snitch`");
}
