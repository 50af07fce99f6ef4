// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `snitch monitor`: each decision as the kernel makes it, and what went on each flow that ended.
 * It must never slow a decision: what it cannot read in time is lost, and that is said.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "../lib/snitch.h"
#include "../util/cleanup.h"
#include "../util/netname.h"
#include "cli.h"
#include "flowtext.h"
#include "whose.h"

static void now_text(char *buf, size_t size, bool with_date)
{
	struct timespec ts;
	struct tm tm;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (with_date)
		gmtime_r(&ts.tv_sec, &tm);
	else
		localtime_r(&ts.tv_sec, &tm);
	n = strftime(buf, size, with_date ? "%Y-%m-%dT%H:%M:%S" : "%H:%M:%S", &tm);
	snprintf(buf + n, size - n, with_date ? ".%09ldZ" : ".%03ld",
		 with_date ? ts.tv_nsec : ts.tv_nsec / 1000000);
}

struct monitor {
	struct cli *cli;
	struct whose whose;
};

static void print_event(void *ctx, const struct snitch_monitor *e)
{
	struct monitor *mon = ctx;
	_cleanup_free_ char *of = whose_text(&mon->whose, e->flow.owner);
	char remote[FLOW_ENDPOINT_TEXT], comm[72], when[40], number[4], verdict[16];
	struct cli *cli = mon->cli;
	bool allow = e->decided.action == SNITCH_ALLOW;

	now_text(when, sizeof(when), false);
	flow_comm(e->comm, comm, sizeof(comm));
	flow_endpoint(e->flow.family, e->flow.daddr, e->flow.dport, remote, sizeof(remote));
	snprintf(verdict, sizeof(verdict), "%-5s", snitch_action_name(e->decided.action));
	out_printf("%s ", when);
	out_colour(cli, allow ? 32 : 31, verdict);
	out_printf(" %s[%u] uid %u -> %s %s by %s", comm, e->pid, e->flow.uid, remote,
		   snitch_proto_name(e->flow.family, e->flow.proto, number, sizeof(number)),
		   snitch_origin_name(e->decided.origin));
	if (e->decided.origin_id)
		out_printf(" %016llx", (unsigned long long)e->decided.origin_id);
	if (e->decided.packets)
		out_printf(" (%u packets had waited)", e->decided.packets);
	if (e->flow.flags & SNITCH_F_PASSED)
		out_printf(" (got another program's open connection)");
	if (of && *of)
		out_printf(" [%s]", of);
	out_printf("\n");
}

static void print_end(void *ctx, const struct snitch_monitor_ended *m)
{
	char remote[FLOW_ENDPOINT_TEXT], comm[72], when[40], number[4];
	const struct snitch_ended *e = &m->ended;

	(void)ctx;
	now_text(when, sizeof(when), false);
	flow_comm(m->comm, comm, sizeof(comm));
	flow_endpoint(e->family, e->daddr, e->dport, remote, sizeof(remote));
	out_printf("%s ended %s[%u] uid %u -> %s %s, %llu bytes sent", when, comm, m->pid, e->uid,
		   remote, snitch_proto_name(e->family, e->proto, number, sizeof(number)),
		   (unsigned long long)e->bytes);
	if (e->rx_packets)
		out_printf(", %llu received", (unsigned long long)e->rx_bytes);
	out_printf("\n");
}

static void json_program(struct monitor *mon, json_t *o, const char *comm, uint32_t pid,
			 uint64_t owner)
{
	char text[72];

	flow_comm(comm, text, sizeof(text));
	flow_set_id(o, "owner", owner);
	json_object_set_new(o, "comm", json_string(text));
	whose_set(&mon->whose, o, owner);
	json_object_set_new(o, "pid", json_integer(pid));
}

static void json_event(void *ctx, const struct snitch_monitor *e)
{
	json_t *o = json_object();
	char when[40], rule[20];

	now_text(when, sizeof(when), true);
	json_object_set_new(o, "type", json_string("decision"));
	json_object_set_new(o, "t", json_string(when));
	flow_set_id(o, "id", e->flow.hdr.id);
	flow_set_id(o, "cookie", e->flow.cookie);
	json_program(ctx, o, e->comm, e->pid, e->flow.owner);
	json_object_set_new(o, "uid", json_integer(e->flow.uid));
	json_object_set_new(o, "netns", json_integer(e->flow.netns));
	flow_set_remote(o, e->flow.family, e->flow.proto, e->flow.saddr, e->flow.sport,
			e->flow.daddr, e->flow.dport);
	json_object_set_new(o, "verdict", json_string(snitch_action_name(e->decided.action)));
	json_object_set_new(o, "by", json_string(snitch_origin_name(e->decided.origin)));
	snprintf(rule, sizeof(rule), "%016llx", (unsigned long long)e->decided.origin_id);
	json_object_set_new(o, "rule", e->decided.origin_id ? json_string(rule) : json_null());
	json_object_set_new(o, "parked_packets", json_integer(e->decided.packets));
	json_object_set_new(o, "passed", json_boolean(e->flow.flags & SNITCH_F_PASSED));
	out_ndjson(o);
}

static void json_end(void *ctx, const struct snitch_monitor_ended *m)
{
	const struct snitch_ended *e = &m->ended;
	json_t *o = json_object();
	char when[40];

	now_text(when, sizeof(when), true);
	json_object_set_new(o, "type", json_string("ended"));
	json_object_set_new(o, "t", json_string(when));
	flow_set_id(o, "cookie", e->cookie);
	json_program(ctx, o, m->comm, m->pid, e->owner);
	json_object_set_new(o, "uid", json_integer(e->uid));
	json_object_set_new(o, "netns", json_integer(e->netns));
	flow_set_remote(o, e->family, e->proto, e->saddr, e->sport, e->daddr, e->dport);
	flow_set_counts(o, e->packets, e->bytes, e->rx_packets, e->rx_bytes);
	out_ndjson(o);
}

static void say_lost(struct cli *cli)
{
	if (cli->json)
		out_ndjson(json_pack("{s:s}", "type", "lost"));
	else
		out_error("some decisions were not read in time and are lost here");
}

static int follow(struct monitor *m, struct snitch_nl_monitor *mon, int signals)
{
	static const struct snitch_monitor_calls text = { print_event, print_end },
						 json = { json_event, json_end };
	struct cli *cli = m->cli;
	struct pollfd fds[] = {
		{ .fd = snitch_nl_monitor_fd(mon), .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
	};

	for (;;) {
		int rc = poll(fds, 2, -1);

		if (rc < 0 && errno != EINTR)
			return cli_nl_error("monitor", -errno, NULL);
		if (fds[1].revents)
			return CLI_OK;
		rc = snitch_nl_monitor_dispatch(mon, cli->json ? &json : &text, m);
		if (rc == -ENOBUFS)
			say_lost(cli);
		else if (rc < 0)
			return cli_nl_error("monitor", rc, NULL);
		fflush(stdout);
	}
}

int cmd_monitor(struct cli *cli, int argc, char **argv)
{
	struct monitor m = { .cli = cli };
	struct snitch_nl_monitor *mon;
	sigset_t set;
	int rc, code, fd;

	(void)argv;
	if (argc)
		return out_usage("monitor takes no arguments");
	rc = snitch_nl_monitor_open(&mon);
	if (rc < 0)
		return cli_nl_error("monitor", rc, NULL);
	whose_open(&m.whose);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	code = cli->json ? out_hello("decisions") : CLI_OK;
	if (!code)
		code = follow(&m, mon, fd);
	close(fd);
	whose_close(&m.whose);
	snitch_nl_monitor_close(mon);
	return code;
}
