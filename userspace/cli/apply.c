// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `snitch apply FILE [--confirm SPAN]` and `snitch confirm`: a file of rules becomes one of the
 * administrator's, at once or once somebody says that the machine can still be reached. It must
 * never leave rules on trial behind when it ends.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../policy/policy.h"
#include "../util/cleanup.h"
#include "../util/format.h"
#include "../util/save.h"
#include "../util/timespan.h"
#include "cli.h"
#include "sshpeer.h"

#define FOLDER		"/etc/snitch/rules.d"
#define GRACE_SECONDS	5	/* for a daemon that comes back and reverts by itself */
#define SUFFIX		".rules"

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
	(void)sig;
	interrupted = 1;
}

/* ---- the file ------------------------------------------------------------------------------ */

static int check_rules(FILE *f, const char *name)
{
	_cleanup_free_ char *line = NULL;
	struct rule_error err = { 0 };
	unsigned int number = 0;
	size_t size = 0;
	char text[1024];
	ssize_t len;

	while ((len = getline(&line, &size, f)) >= 0) {
		struct rule *rule = NULL;
		int r = strlen(line) == (size_t)len ?
			rule_parse(line, name, ++number, &rule, &err) : -EINVAL;

		rule_free(rule);
		if (!r)
			continue;
		out_error("%s", r == -EINVAL && !err.line ? "a NUL byte: not a text file" :
			  rule_error_print(&err, text, sizeof(text)));
		return CLI_INVALID;
	}
	return CLI_OK;
}

/* The whole file, checked. */
static int read_rules(const char *name, char **text)
{
	_cleanup_fclose_ FILE *f = fopen(name, "re");
	size_t n;
	int code;

	if (!f) {
		out_error("%s: %s", name, strerror(errno));
		return errno == ENOENT ? CLI_NOT_FOUND : CLI_FAILED;
	}
	code = check_rules(f, name);
	if (code)
		return code;
	rewind(f);
	*text = malloc(RULE_FILE_MAX + 1);
	if (!*text)
		return CLI_FAILED;
	n = fread(*text, 1, RULE_FILE_MAX, f);
	(*text)[n] = '\0';
	if (fgetc(f) == EOF && !ferror(f) && strlen(*text) == n)
		return CLI_OK;
	out_error("%s cannot be read as a whole, or is bigger than 16 MiB", name);
	return CLI_FAILED;
}

/* "web" and "/root/web.rules" both are web.rules. */
static char *file_name(const char *path)
{
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	size_t len = strlen(base);
	bool has = len > strlen(SUFFIX) && !strcmp(base + len - strlen(SUFFIX), SUFFIX);

	return snitch_format("%s%s", base, has ? "" : SUFFIX);
}

/* Readable from its first moment on: snitchd is not root, and reads it at once. */
static int put_text(FILE *f, const void *ctx)
{
	if (fchmod(fileno(f), 0644))
		return -errno;
	return fputs(ctx, f) < 0 ? -EIO : 0;
}

/* Into the administrator's folder; what was there stays as NAME.last. */
static int keep_rules(const char *name, const char *text)
{
	_cleanup_free_ char *path = snitch_format(FOLDER "/%s", name);
	_cleanup_free_ char *last = snitch_format(FOLDER "/%s.last", name);
	int r;

	if (!path || !last)
		return CLI_FAILED;
	mkdir("/etc/snitch", 0755);
	mkdir(FOLDER, 0755);
	unlink(last);
	if (link(path, last) && errno != ENOENT)
		out_error("cannot keep the version before: %s", strerror(errno));
	r = snitch_save(FOLDER, name, put_text, text);
	if (!r)
		return CLI_OK;
	out_error("%s: %s", path, strerror(-r));
	return r == -EACCES || r == -EPERM || r == -EROFS ? CLI_DENIED : CLI_FAILED;
}

/* ---- waiting ------------------------------------------------------------------------------- */

/* Return: how the trial stands; "" when snitchd does not tell. */
static const char *trial_state(struct cli *cli, const char *name, char buf[16])
{
	json_t *status = NULL;

	buf[0] = '\0';
	if (cli_bus_open(cli, true) || cli_call_json(cli, "GetStatus", &status, "")) {
		cli_bus_close(cli);
		return buf;
	}
	if (!strcmp(value_str(status, "Trial", ""), name))
		snprintf(buf, 16, "%s", value_str(status, "TrialState", ""));
	else	/* another daemon, that knows of none: it has the rules before */
		snprintf(buf, 16, "reverted");
	json_decref(status);
	return buf;
}

static int report(struct cli *cli, const char *state)
{
	bool kept = !strcmp(state, "confirmed");

	if (cli->json)
		out_json(json_pack("{s:s}", "state", state));
	else
		out_printf("%s\n", kept ? "confirmed: the rules are kept" :
			   "reverted: the rules before are in force again");
	return kept ? CLI_OK : CLI_FAILED;
}

/*
 * Until somebody confirms or the time is over. snitchd reverts by itself; where it does not
 * answer after that, the rules of the files are loaded from here.
 */
static int wait_for_end(struct cli *cli, const char *name, uint64_t until)
{
	struct timespec second = { .tv_sec = 1 };
	char state[16];

	signal(SIGHUP, SIG_IGN);	/* the line this was typed on is what may break */
	signal(SIGINT, on_interrupt);
	signal(SIGTERM, on_interrupt);
	for (;;) {
		nanosleep(&second, NULL);
		if (interrupted && !cli_call(cli, "EndTrial", NULL, "b", 0))
			return report(cli, "reverted");
		trial_state(cli, name, state);
		if (state[0] && strcmp(state, "running"))
			return report(cli, state);
		if (snitch_boottime() < until + GRACE_SECONDS * SNITCH_NSEC_PER_SEC &&
		    !(interrupted && !state[0]))
			continue;
		out_error("snitchd does not answer: the rules of the files are loaded without it");
		return cli_load_rules() ? CLI_FAILED : report(cli, "reverted");
	}
}

/* ---- commands ------------------------------------------------------------------------------ */

static int try_rules(struct cli *cli, const char *name, const char *text, uint64_t seconds)
{
	uint64_t until = snitch_boottime() + seconds * SNITCH_NSEC_PER_SEC;
	_cleanup_free_ char *keep = sshpeer_rule();
	char span[32];
	int code;

	code = cli_call(cli, "BeginTrial", NULL, "ssts", name, text, seconds, keep ? keep : "");
	if (code)
		return code;
	if (!cli->json) {
		out_printf("%s is in force for %s; `snitch confirm` keeps it, best from a new login; "
			   "Ctrl-C reverts\n", name,
			   snitch_span_format(seconds, span, sizeof(span)));
		if (keep)
			out_printf("your connection is kept: %s\n", keep);
	}
	fflush(stdout);
	return wait_for_end(cli, name, until);
}

static int apply_now(struct cli *cli, const char *name, const char *text)
{
	int code = keep_rules(name, text);

	return code ? code : cli_call(cli, "Reload", NULL, "");
}

int cmd_apply(struct cli *cli, int argc, char **argv)
{
	_cleanup_free_ char *text = NULL, *name = NULL;
	const char *file = NULL;
	uint64_t seconds = 0;
	int i, code;

	for (i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--confirm")) {
			if (++i == argc || snitch_span_parse(argv[i], &seconds))
				return out_usage("--confirm wants a span of time: 60s, 5m");
		} else if (!file) {
			file = argv[i];
		} else {
			return out_usage("apply wants one FILE, and --confirm SPAN");
		}
	}
	if (!file)
		return out_usage("apply wants a FILE of rules");
	if (geteuid()) {
		out_error("the administrator's rules are changed by root only: use sudo");
		return CLI_DENIED;
	}
	code = read_rules(file, &text);
	if (code)
		return code;
	name = file_name(file);
	if (!name)
		return CLI_FAILED;
	return seconds ? try_rules(cli, name, text, seconds) : apply_now(cli, name, text);
}

int cmd_confirm(struct cli *cli, int argc, char **argv)
{
	const char *name, *text;
	sd_bus_message *m = NULL;
	int code;

	(void)argv;
	if (argc)
		return out_usage("confirm takes no arguments");
	code = cli_call(cli, "GetTrial", &m, "");
	if (code)
		return code;
	if (sd_bus_message_read(m, "sst", &name, &text, NULL) < 0 || strchr(name, '/'))
		code = CLI_FAILED;
	else
		code = keep_rules(name, text);
	sd_bus_message_unref(m);
	if (code)
		return code;
	code = cli_call(cli, "EndTrial", NULL, "b", 1);
	return code ? code : report(cli, "confirmed");
}
