// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `snitch run -- COMMAND`: rules for the command and all that it starts, which end with it. It must
 * never leave a rule behind, and never run the command without them.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "../policy/policy.h"
#include "../util/cleanup.h"
#include "cli.h"

#define USAGE	"run wants [--allow|--deny|--ask \"REMOTE [port N] [proto]\"]... [--rules FILE] " \
		"[--record FILE] -- COMMAND"

/**
 * struct run - what the command line says
 * @rules: text being written, @text when it is closed
 * @n: how many rules
 */
struct run {
	FILE *rules;
	char *text;
	size_t size;
	unsigned int n;
	const char *record;
};

static int check_rule(const char *line, const char *file, unsigned int number)
{
	struct rule_error err = { 0 };
	struct rule *rule = NULL;
	char said[1024];

	if (rule_parse(line, file, number, &rule, &err) < 0) {
		out_error("%s", rule_error_print(&err, said, sizeof(said)));
		return CLI_INVALID;
	}
	rule_free(rule);
	return CLI_OK;
}

/* "--allow 192.0.2.1 port 80" is a rule about whatever runs. */
static int add_rule(struct run *run, const char *action, const char *remote)
{
	char line[RULE_LINE_MAX];
	int code;

	if (snprintf(line, sizeof(line), "%s any to %s", action, remote) >= (int)sizeof(line))
		return CLI_INVALID;
	code = check_rule(line, NULL, 0);
	if (!code)
		fprintf(run->rules, "%s\n", line);
	run->n++;
	return code;
}

static int add_file(struct run *run, const char *name)
{
	_cleanup_fclose_ FILE *f = fopen(name, "re");
	_cleanup_free_ char *line = NULL;
	unsigned int number = 0;
	size_t size = 0;
	int code = CLI_OK;

	if (!f) {
		out_error("%s: %s", name, strerror(errno));
		return errno == ENOENT ? CLI_NOT_FOUND : CLI_FAILED;
	}
	while (!code && getline(&line, &size, f) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		code = check_rule(line, name, ++number);
		fprintf(run->rules, "%s\n", line);
		run->n++;
	}
	return code;
}

static int take_option(struct run *run, const char *option, const char *value)
{
	static const char *const actions[] = { "allow", "deny", "drop", "ask" };
	size_t i;

	for (i = 0; i < SNITCH_ARRAY_SIZE(actions); i++)
		if (!strncmp(option, "--", 2) && !strcmp(option + 2, actions[i]))
			return add_rule(run, actions[i], value);
	if (!strcmp(option, "--rules"))
		return add_file(run, value);
	if (strcmp(option, "--record"))
		return out_usage("run: no option '%s'; " USAGE, option);
	run->record = value;
	return CLI_OK;
}

/* ---- the command --------------------------------------------------------------------------- */

/* It gets its terminal's signals itself; this program only waits. */
static void ignore_signals(void)
{
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
}

static pid_t start(char **argv, const sigset_t *mask)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	sigprocmask(SIG_SETMASK, mask, NULL);
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	/* without its rules it is not to go on */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	execvp(argv[0], argv);
	out_error("%s: %s", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static int wait_for_command(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return CLI_FAILED;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The rule file, made before the command runs: no command runs in vain. */
static FILE *open_record(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	if (f)
		return f;
	out_error("%s: %s", name, strerror(errno));
	if (fd >= 0)
		close(fd);
	return NULL;
}

static int write_record(struct cli *cli, uint64_t loan, FILE *f, char **argv)
{
	json_t *needs;
	int code = cli_call_json(cli, "LoanNeeds", &needs, "t", loan);

	if (code)
		return code;
	/* only the name: arguments may hold anything, secrets too */
	fprintf(f, "# what %s needed; read it before you keep it\n",
		strpbrk(argv[0], "\n\r") ? "a command" : argv[0]);
	fputs(json_string_value(needs) ? json_string_value(needs) : "", f);
	json_decref(needs);
	if (fflush(f) || fsync(fileno(f))) {
		out_error("the record was not written: %s", strerror(errno));
		return CLI_FAILED;
	}
	return CLI_OK;
}

static int run_command(struct cli *cli, struct run *run, char **argv)
{
	struct cli_loan loan = {
		.text = run->text, .name = "snitch run", .tree = true, .record = run->record,
	};
	_cleanup_fclose_ FILE *record = NULL;
	sigset_t mask;
	pid_t pid;
	int code;

	sigprocmask(SIG_SETMASK, NULL, &mask);
	if (run->record) {
		record = open_record(run->record);
		if (!record)
			return CLI_FAILED;
	}
	code = cli_lend(cli, &loan, NULL);
	if (code)
		return code;
	ignore_signals();
	pid = start(argv, &mask);
	if (pid < 0) {
		out_error("cannot start %s: %s", argv[0], strerror(errno));
		return CLI_FAILED;
	}
	code = wait_for_command(pid);
	if (record && write_record(cli, loan.loan, record, argv))
		return CLI_FAILED;
	return code;
}

int cmd_run(struct cli *cli, int argc, char **argv)
{
	struct run run = { .n = 0 };
	int code = CLI_OK;

	run.rules = open_memstream(&run.text, &run.size);
	if (!run.rules)
		return CLI_FAILED;
	while (!code && argc >= 2 && !strncmp(argv[0], "--", 2) && argv[0][2]) {
		code = take_option(&run, argv[0], argv[1]);
		argv += 2;
		argc -= 2;
	}
	if (!code && argc && !strcmp(argv[0], "--")) {
		argv++;
		argc--;
	}
	if (!code && !argc)
		code = out_usage(USAGE);
	/* nothing said, or a record to be made: the command may do what it wants */
	if (!code && (!run.n || run.record))
		code = add_rule(&run, "allow", "any");
	if (fclose(run.rules) && !code)
		code = CLI_FAILED;
	if (!code)
		code = run_command(cli, &run, argv);
	free(run.text);
	return code;
}
