// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `snitch panic` and `snitch release`: cut everything but loopback, and end
 * it. Both work by netlink alone: they must never depend on the daemon.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>

#include "../lib/snitch.h"
#include "../policy/mode.h"
#include "../policy/policy.h"
#include "../policy/suspend.h"
#include "../util/cleanup.h"
#include "../util/panic.h"
#include "../util/timespan.h"
#include "cli.h"

#define DNS_MAX		8

/* The mark that keeps the daemon from loading its rules over the panic. */
static int set_mark(void)
{
	int fd;

	mkdir("/run/snitch", 0755);
	fd = open(SNITCH_PANIC_FILE, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int load(const struct snitch_policy *policy, const char *const *apps,
		const struct snitch_rule *rules, const char *what)
{
	struct snitch_policy_sink sink;
	struct snitch_nl *nl;
	int rc, tries, code = cli_nl_open(&nl);

	if (code)
		return code;
	snitch_nl_sink(nl, &sink);
	for (tries = 0; tries < 20; tries++) {
		rc = snitch_policy_load(&sink, policy, apps, rules, NULL, NULL, NULL);
		if (rc != -EBUSY)
			break;
		nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
	}
	if (rc < 0)
		code = cli_nl_error(what, rc, nl);
	snitch_nl_close(nl);
	return code;
}

int cmd_panic(struct cli *cli, int argc, char **argv)
{
	int rc, code;

	(void)argv;
	if (argc)
		return out_usage("panic takes no arguments");
	rc = set_mark();
	code = load(&snitch_panic_policy, NULL, snitch_panic_rules, "panic");
	if (code) {
		if (!rc)
			unlink(SNITCH_PANIC_FILE);
		return code;
	}
	if (rc < 0)
		out_error("cannot write %s (%s): a reload of the daemon's rules ends the panic",
			  SNITCH_PANIC_FILE, strerror(-rc));
	if (cli->json)
		return out_json(json_pack("{s:b}", "panic", 1));
	out_printf("everything but loopback is cut, open connections too; "
		   "`snitch release` ends it\n");
	return CLI_OK;
}

/* The configured resolvers, which a built-in rule lets programs ask. */
static size_t read_dns(struct policy_net *dns)
{
	_cleanup_fclose_ FILE *f = fopen("/etc/resolv.conf", "re");
	char line[256], addr[64];
	size_t n = 0;

	while (f && n < DNS_MAX && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "nameserver %63s", addr) != 1)
			continue;
		memset(&dns[n], 0, sizeof(dns[n]));
		dns[n].family = strchr(addr, ':') ? AF_INET6 : AF_INET;
		dns[n].len = strchr(addr, ':') ? 128 : 32;
		n += inet_pton(dns[n].family, addr, dns[n].addr) == 1;
	}
	return n;
}

/* The mode the daemon kept. */
static uint32_t saved_mode(void)
{
	struct mode_clock clock;
	struct mode mode;

	mode_clock_read(&clock);
	mode_load(&mode, MODE_FILE, &clock);
	mode_expire(&mode, clock.boottime);
	return mode.now;
}

int cli_load_rules(void)
{
	struct policy_net dns[DNS_MAX];
	struct policy_env env = {
		.mode = saved_mode(), .forward = SNITCH_FORWARD_LOG, .dns = dns, .n_dns = read_dns(dns),
		.now = (uint64_t)time(NULL), .boottime = snitch_boottime(),
	};
	struct policy_compiled out = { 0 };
	struct suspended changed = { 0 };
	struct rule_error err = { 0 };
	struct ruleset *set = NULL;
	char text[1024];
	int rc, code;

	rc = ruleset_load(NULL, 0, &set, &err);
	if (rc < 0) {
		out_error("%s", rule_error_print(&err, text, sizeof(text)));
		return CLI_INVALID;
	}
	rc = suspended_load(&changed, NULL);
	if (rc < 0)
		out_error("cannot read which executables changed: %s; their rules count",
			  strerror(-rc));
	rc = policy_compile(set, &env, &out);
	if (!rc)
		suspended_withhold(&changed, &out);
	suspended_clear(&changed);
	if (rc < 0) {
		out_error("cannot compile the rules: %s", strerror(-rc));
		code = CLI_FAILED;
	} else {
		code = load(&out.policy, (const char *const *)out.apps, out.rules, "release");
	}
	policy_compiled_free(&out);
	ruleset_free(set);
	return code;
}

int cmd_release(struct cli *cli, int argc, char **argv)
{
	bool daemon, panic;
	int code;

	(void)argv;
	if (argc)
		return out_usage("release takes no arguments");
	panic = !unlink(SNITCH_PANIC_FILE);
	if (!panic && errno != ENOENT) {
		code = errno == EACCES || errno == EPERM ? CLI_DENIED : CLI_FAILED;
		out_error("cannot remove %s: %s%s", SNITCH_PANIC_FILE, strerror(errno),
			  code == CLI_DENIED ? ": use sudo" : "");
		return code;
	}
	daemon = cli_bus_open(cli, true) == CLI_OK;
	code = daemon ? cli_call(cli, "Reload", NULL, "") : cli_load_rules();
	if (code)
		return code;
	if (cli->json)
		return out_json(json_pack("{s:b}", "panic", 0));
	out_printf("%s%s\n", panic ? "the rules are in force again" :
		   "there was no panic to end; the rules are in force",
		   daemon ? "" : " (by the kernel alone: snitchd is not running)");
	return CLI_OK;
}
