// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `snitch flows`: what the kernel knows of flows now, decided or parked. It
 * must never need the daemon.
 */
#include <langinfo.h>
#include <string.h>

#include "../ask/words.h"
#include "../lib/snitch.h"
#include "../util/cleanup.h"
#include "../util/netname.h"
#include "../util/timespan.h"
#include "cli.h"
#include "flowtext.h"
#include "whose.h"

#define WIDE		"%-15s %7u %6u %-6s %-22s %-22s %-7s %-8s "
#define WIDE_HEAD	"%-15s %7s %6s %-6s %-22s %-22s %-7s %-8s "
#define NARROW		"%-15s %-6s %-22s %-7s %-8s "
#define NARROW_HEAD	"%-15s %-6s %-22s %-7s %-8s "
#define WIDE_COLUMNS	130
#define OF_MIN		12	/* columns; with less room that column is left out */

/* On a terminal that a whole line does not fit some columns are left out, never a part of one. */
static bool narrow(void)
{
	unsigned int columns = out_columns();

	return columns && columns < WIDE_COLUMNS;
}

/* Whose it is, in the room that is left on the line; everything where it is no terminal's. */
static char *whose_column(struct whose *whose, uint64_t owner)
{
	_cleanup_free_ char *text = whose_text(whose, owner);
	unsigned int columns = out_columns();

	if (!columns || !text)
		return snitch_take_ptr(text);
	if (columns < WIDE_COLUMNS + OF_MIN)
		return NULL;
	return words_fit(text, columns - WIDE_COLUMNS - 2, true,
			 !strcmp(nl_langinfo(CODESET), "UTF-8"));
}

static void print_head(bool parked)
{
	if (parked)
		out_printf("%-8s %6s %-6s %-26s %-7s %7s %7s %5s\n", "ID", "UID", "PROTO",
			   "REMOTE", "STATE", "PACKETS", "BYTES", "LEFT");
	else if (narrow())
		out_printf(NARROW_HEAD "%8s %8s\n", "PROGRAM", "PROTO", "REMOTE", "VERDICT", "BY",
			   "BYTES", "ID");
	else
		out_printf(WIDE_HEAD "%8s %10s %8s  %s\n", "PROGRAM", "PID", "UID", "PROTO",
			   "LOCAL", "REMOTE", "VERDICT", "BY", "PACKETS", "BYTES", "ID", "OF");
}

/**
 * struct listing - what comes out
 * @list: JSON; NULL: text
 */
struct listing {
	json_t *list;
	struct whose whose;
};

static int print_flow(void *ctx, const struct snitch_flow_info *f)
{
	char local[FLOW_ENDPOINT_TEXT], remote[FLOW_ENDPOINT_TEXT], comm[72], number[4];
	struct listing *l = ctx;
	_cleanup_free_ char *of = NULL;
	const char *proto;

	flow_comm(f->comm, comm, sizeof(comm));
	flow_endpoint(f->family, f->saddr, f->sport, local, sizeof(local));
	flow_endpoint(f->family, f->daddr, f->dport, remote, sizeof(remote));
	proto = snitch_proto_name(f->family, f->proto, number, sizeof(number));
	of = narrow() ? NULL : whose_column(&l->whose, f->owner);
	if (narrow())
		out_printf(NARROW "%8llu %8llu\n", comm, proto, remote,
			   snitch_action_name(f->action), snitch_origin_name(f->origin),
			   (unsigned long long)f->bytes, (unsigned long long)f->cookie);
	else
		out_printf(WIDE "%8llu %10llu %8llu  %s\n", comm, f->pid, f->uid, proto, local,
			   remote, snitch_action_name(f->action), snitch_origin_name(f->origin),
			   (unsigned long long)f->packets, (unsigned long long)f->bytes,
			   (unsigned long long)f->cookie, of ? of : "");
	return 0;
}

static int add_flow(void *ctx, const struct snitch_flow_info *f)
{
	struct listing *l = ctx;
	json_t *o = json_object();
	char comm[72];

	flow_comm(f->comm, comm, sizeof(comm));
	json_object_set_new(o, "comm", json_string(comm));
	whose_set(&l->whose, o, f->owner);
	json_object_set_new(o, "pid", json_integer(f->pid));
	json_object_set_new(o, "uid", json_integer(f->uid));
	json_object_set_new(o, "netns", json_integer(f->netns));
	flow_set_remote(o, f->family, f->proto, f->saddr, f->sport, f->daddr, f->dport);
	json_object_set_new(o, "verdict", json_string(snitch_action_name(f->action)));
	json_object_set_new(o, "by", json_string(snitch_origin_name(f->origin)));
	flow_set_id(o, "by_id", f->origin_id);
	flow_set_id(o, "cookie", f->cookie);
	flow_set_id(o, "owner", f->owner);
	flow_set_counts(o, f->packets, f->bytes, f->rx_packets, f->rx_bytes);
	return json_array_append_new(l->list, o);
}

static long long left_seconds(const struct snitch_parked_info *p)
{
	uint64_t now = snitch_boottime();

	return p->until > now ? (long long)((p->until - now) / SNITCH_NSEC_PER_SEC) : 0;
}

static int print_parked(void *ctx, const struct snitch_parked_info *p)
{
	const struct snitch_flow_event *f = &p->flow;
	char remote[FLOW_ENDPOINT_TEXT], number[4];

	(void)ctx;
	flow_endpoint(f->family, f->daddr, f->dport, remote, sizeof(remote));
	out_printf("%-8llu %6u %-6s %-26s %-7s %7u %7u %4llds\n", (unsigned long long)f->hdr.id, f->uid,
		   snitch_proto_name(f->family, f->proto, number, sizeof(number)), remote,
		   p->held ? "held" : "consult", p->packets, p->bytes, left_seconds(p));
	return 0;
}

static int add_parked(void *ctx, const struct snitch_parked_info *p)
{
	const struct snitch_flow_event *f = &p->flow;
	struct listing *l = ctx;
	json_t *o = json_object();

	flow_set_id(o, "id", f->hdr.id);
	flow_set_id(o, "owner", f->owner);
	flow_set_id(o, "cookie", f->cookie);
	json_object_set_new(o, "uid", json_integer(f->uid));
	json_object_set_new(o, "netns", json_integer(f->netns));
	flow_set_remote(o, f->family, f->proto, f->saddr, f->sport, f->daddr, f->dport);
	json_object_set_new(o, "held", json_boolean(p->held));
	json_object_set_new(o, "packets", json_integer(p->packets));
	json_object_set_new(o, "bytes", json_integer(p->bytes));
	json_object_set_new(o, "seconds_left", json_integer(left_seconds(p)));
	return json_array_append_new(l->list, o);
}

int cmd_flows(struct cli *cli, int argc, char **argv)
{
	bool parked = argc == 1 && !strcmp(argv[0], "--parked");
	struct listing l = { 0 };
	struct snitch_nl *nl;
	int rc, code;

	if (argc && !parked)
		return out_usage("flows takes only --parked");
	code = cli_nl_open(&nl);
	if (code)
		return code;
	if (cli->json)
		l.list = json_array();
	else
		print_head(parked);
	if (!parked)
		whose_open(&l.whose);
	if (parked)
		rc = snitch_nl_parked(nl, cli->json ? add_parked : print_parked, &l);
	else
		rc = snitch_nl_flows(nl, cli->json ? add_flow : print_flow, &l);
	whose_close(&l.whose);
	if (rc < 0)
		code = cli_nl_error("flows", rc, nl);
	else if (cli->json)
		code = out_json(json_pack("{s:i,s:O}", "schema", 1, parked ? "parked" : "flows",
					  l.list));
	json_decref(l.list);
	snitch_nl_close(nl);
	return code;
}
