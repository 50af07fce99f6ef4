// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `snitch doctor`: looks for what is wrong and says what to do about it. It
 * must never change anything, and must work with every part missing.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../lib/snitch.h"
#include "../policy/policy.h"
#include "../util/cleanup.h"
#include "../util/format.h"
#include "../util/panic.h"
#include "cli.h"

enum finding { FINE, NOTE, WARN, BAD };

struct doctor {
	struct cli *cli;
	json_t *findings;
	bool bad;
};

static void say(struct doctor *d, enum finding what, const char *check, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void say(struct doctor *d, enum finding what, const char *check, const char *fmt, ...)
{
	static const struct {
		const char *word;
		int colour;
	} words[] = { { "ok", 32 }, { "note", 36 }, { "warning", 33 }, { "BAD", 31 } };
	_cleanup_free_ char *text = NULL;
	char padded[16];
	va_list ap;

	va_start(ap, fmt);
	text = snitch_vformat(fmt, ap);
	va_end(ap);
	if (!text)
		return;
	d->bad |= what == BAD;
	if (d->cli->json) {
		json_array_append_new(d->findings, json_pack("{s:s,s:s,s:s}", "finding",
							     words[what].word, "check", check,
							     "text", text));
		return;
	}
	snprintf(padded, sizeof(padded), "%-8s", words[what].word);
	out_colour(d->cli, words[what].colour, padded);
	out_printf(" %-9s ", check);
	out_wrapped(19, text);
}

static bool read_word(const char *path, char *buf, size_t size)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");

	if (!f || !fgets(buf, (int)size, f))
		return false;
	buf[strcspn(buf, "\n")] = '\0';
	return true;
}

static void check_module(struct doctor *d)
{
	char version[64] = "";
	struct utsname u;

	uname(&u);
	if (access("/sys/module/snitch", F_OK)) {
		say(d, BAD, "module", "not loaded into %s: modprobe snitch; where that fails: "
		    "dkms status snitch", u.release);
		return;
	}
	read_word("/sys/module/snitch/version", version, sizeof(version));
	say(d, FINE, "module", "loaded into %s%s%s", u.release, *version ? ", version " : "",
	    version);
}

/* snitchd's own group, which it opens the device to where udev does not; 0 without that user. */
static gid_t snitch_gid(void)
{
	const struct passwd *pw = getpwnam("snitch");

	return pw ? pw->pw_gid : 0;
}

static void check_device(struct doctor *d)
{
	struct stat st;

	if (stat(SNITCH_DEVICE_PATH, &st))
		say(d, BAD, "device", "%s: %s: load the module; see `dmesg | grep snitch`",
		    SNITCH_DEVICE_PATH, strerror(errno));
	else if (!S_ISCHR(st.st_mode))
		say(d, BAD, "device", "%s is no device: remove it and load the module again",
		    SNITCH_DEVICE_PATH);
	else if (st.st_mode & 0007 || (st.st_mode & 0070 && st.st_gid != snitch_gid()))
		say(d, WARN, "device", "%s, mode %04o, uid %u, gid %u, is open to others than "
		    "snitchd; is the udev rule there?", SNITCH_DEVICE_PATH, st.st_mode & 07777,
		    st.st_uid, st.st_gid);
	else
		say(d, FINE, "device", "%s, mode %04o, uid %u, gid %u", SNITCH_DEVICE_PATH,
		    st.st_mode & 07777, st.st_uid, st.st_gid);
}

static void check_counters(struct doctor *d, const struct snitch_status *st)
{
	static const struct {
		enum snitch_counter counter;
		const char *what;
	} bad[] = {
		{ SNITCH_C_BOUND_GLOBAL, "a bound on parked flows was reached" },
		{ SNITCH_C_BOUND_IMAGE, "one program reached its bound on parked flows" },
		{ SNITCH_C_BOUND_UID, "one user reached the bound on parked flows" },
		{ SNITCH_C_BOUND_NETNS, "one network namespace reached its bound" },
		{ SNITCH_C_NOMEM, "memory was short" },
		{ SNITCH_C_CONSULT_TIMEOUT, "snitchd did not answer in time" },
		{ SNITCH_C_OWNERS_FULL, "no room for more processes" },
		{ SNITCH_C_EVENTS_LOST, "events for observers were lost" },
		{ SNITCH_C_AUDIT_LOST, "audit records were lost" },
		{ SNITCH_C_DISGUISED, "programs disguised themselves as others" },
		{ SNITCH_C_PASSED, "programs got connections of others, which no rule allows them" },
	};
	size_t i;

	for (i = 0; i < SNITCH_ARRAY_SIZE(bad); i++)
		if (st->counter[bad[i].counter])
			say(d, NOTE, "counters", "%s %llu: %s since the module was loaded",
			    snitch_counter_name(bad[i].counter),
			    (unsigned long long)st->counter[bad[i].counter], bad[i].what);
}

static void check_policy(struct doctor *d, const struct snitch_status *st)
{
	bool refuse = st->policy.fail != SNITCH_ALLOW;

	if (!st->armed)
		say(d, WARN, "policy", "none loaded: nothing is judged; start snitchd");
	else if (!st->generation)
		say(d, WARN, "policy", "none loaded, and the module judges (armed=1): all is "
		    "refused; start snitchd");
	else if (st->policy.mode == SNITCH_MODE_OFF)
		say(d, WARN, "policy", "mode off: nothing is judged; `snitch mode observe`");
	else
		say(d, FINE, "policy", "generation %llu, mode %s, %u rules of %u programs",
		    (unsigned long long)st->generation, snitch_mode_name(st->policy.mode),
		    st->rules, st->apps);
	if (!st->decider_pid)
		say(d, BAD, "decider", "none: flows without a rule are %s; "
		    "systemctl start snitchd", refuse ? "refused" : "allowed");
	else if (!st->decider_alive)
		say(d, BAD, "decider", "pid %u does not read its events: "
		    "systemctl restart snitchd", st->decider_pid);
	else
		say(d, FINE, "decider", "pid %u, %u flows parked, %u of them held for a person",
		    st->decider_pid, st->parked, st->held);
}

static void check_netlink(struct doctor *d)
{
	struct snitch_status st;
	struct snitch_nl *nl;
	int rc;

	if (geteuid()) {
		say(d, NOTE, "kernel", "its own state is for root: sudo snitch doctor tells more");
		return;
	}
	rc = snitch_nl_open(&nl);
	if (rc < 0) {
		say(d, BAD, "kernel", "netlink family \"%s\": %s", SNITCH_GENL_NAME,
		    rc == -ENOENT ? "not there: load the module" : strerror(-rc));
		return;
	}
	rc = snitch_nl_status(nl, &st);
	if (rc < 0) {
		say(d, BAD, "kernel", "status: %s: are module and program of one version?",
		    strerror(-rc));
	} else {
		check_policy(d, &st);
		check_counters(d, &st);
	}
	snitch_nl_close(nl);
}

static void check_daemon(struct doctor *d)
{
	json_t *st = NULL;

	if (cli_bus_open(d->cli, true)) {
		say(d, BAD, "snitchd", "not on the bus: systemctl start snitchd; "
		    "journalctl -u snitchd tells why it ended");
		return;
	}
	if (cli_call_json(d->cli, "GetStatus", &st, "")) {
		say(d, BAD, "snitchd", "does not answer: systemctl restart snitchd");
		return;
	}
	say(d, FINE, "snitchd", "version %s, mode %s, %s", value_str(st, "Version", "?"),
	    value_str(st, "Mode", "?"), d->cli->direct ? "by its private socket" : "on the bus");
	if (!value_bool(st, "Deciding"))
		say(d, BAD, "snitchd", "does not decide: %s",
		    value_str(st, "DeviceError", "no reason given"));
	if (*value_str(st, "RulesError", ""))
		say(d, BAD, "rules", "%s (the rules before stay in force)",
		    value_str(st, "RulesError", ""));
	if (!strcmp(value_str(st, "Mode", ""), "ask") && !value_int(st, "Agents", 0))
		say(d, NOTE, "agents", "none: in mode ask unknown flows are refused at once; "
		    "run `snitch ask`");
	json_decref(st);
}

static void check_rules(struct doctor *d)
{
	struct rule_error err = { 0 };
	struct ruleset *set = NULL;
	char text[1024];
	int rc = ruleset_load(NULL, 0, &set, &err);

	if (rc == -EACCES) {
		say(d, NOTE, "rules", "their folders are for root: sudo snitch doctor checks them");
	} else if (rc < 0) {
		say(d, BAD, "rules", "%s", rule_error_print(&err, text, sizeof(text)));
	} else {
		say(d, FINE, "rules", "%zu in the folders, no error", set->n_rules);
		ruleset_free(set);
	}
}

static void check_install(struct doctor *d)
{
	if (!getpwnam("snitch"))
		say(d, WARN, "user", "no user snitch: systemd-sysusers makes it");
	if (access("/usr/lib/snitch/rules.d", R_OK))
		say(d, WARN, "rules", "/usr/lib/snitch/rules.d: %s: no built-in rules: "
		    "install again", strerror(errno));
	if (snitch_panic_in_force(NULL))
		say(d, WARN, "panic", "in force: only loopback works; `snitch release` ends it");
}

/* Others that take packets or change whose they seem to be. */
static void check_others(struct doctor *d)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/net/netfilter/nfnetlink_queue", "re");
	unsigned int queue, port;
	struct utsname u;
	int major, minor;

	while (f && fscanf(f, "%u %u%*[^\n]", &queue, &port) == 2)
		say(d, NOTE, "others", "NFQUEUE %u (port %u): packets it reinjects before snitch "
		    "sees them may be taken for its reader's", queue, port);
	uname(&u);
	if (sscanf(u.release, "%d.%d", &major, &minor) == 2 &&
	    (major < 5 || (major == 5 && minor < 16)))
		say(d, NOTE, "kernel", "%s has no netdev egress hook: AF_PACKET senders are not "
		    "enforced", u.release);
}

int cmd_doctor(struct cli *cli, int argc, char **argv)
{
	struct doctor d = { .cli = cli };

	(void)argv;
	if (argc)
		return out_usage("doctor takes no arguments");
	d.findings = json_array();
	check_module(&d);
	check_device(&d);
	check_netlink(&d);
	check_daemon(&d);
	check_rules(&d);
	check_install(&d);
	check_others(&d);
	if (cli->json)
		out_json(json_pack("{s:b,s:O}", "ok", !d.bad, "findings", d.findings));
	else
		out_printf("%s\n", d.bad ? "something is wrong: see above" : "all is well");
	json_decref(d.findings);
	return d.bad ? CLI_FAILED : CLI_OK;
}
