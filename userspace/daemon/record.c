// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the daemon writes down about flows. It must never write more than a hostile program's
 * share: the same thing again within 10 s is only counted.
 */
#include <stdio.h>
#include <string.h>

#include "../util/cleanup.h"
#include "../util/escape.h"
#include "../util/format.h"
#include "../util/log.h"
#include "../util/timespan.h"
#include "core.h"

#define REPEAT_NS	(10 * SNITCH_NSEC_PER_SEC)

static uint64_t hash(uint64_t h, const void *data, size_t len)
{
	const unsigned char *p = data;

	while (len--)
		h = (h ^ *p++) * 0x100000001b3ULL;	/* FNV-1a */
	return h;
}

/* True when the same was said within 10 s; @times: how often since, when it is to be said. */
static bool repeated(struct core *core, uint64_t key, unsigned long *times)
{
	struct core_repeat *slot = &core->repeats[key % CORE_REPEATS];
	uint64_t now = snitch_boottime();

	if (slot->key == key && now - slot->when < REPEAT_NS) {
		slot->count++;
		return true;
	}
	*times = slot->key == key ? slot->count : 0;
	*slot = (struct core_repeat){ .key = key, .when = now };
	return false;
}

static uint64_t event_key(const char *what, const char *program, const struct snitch_flow_event *ev)
{
	uint64_t key = 0xcbf29ce484222325ULL;

	key = hash(key, what, strlen(what));
	key = hash(key, program, strlen(program));
	key = hash(key, ev->daddr, sizeof(ev->daddr));
	key = hash(key, &ev->dport, sizeof(ev->dport));
	key = hash(key, &ev->proto, sizeof(ev->proto));
	return hash(key, &ev->uid, sizeof(ev->uid));
}

void core_record(struct core *core, int priority, const char *what,
		 const struct snitch_flow_event *ev, const struct owner *owner, uint64_t rule)
{
	const struct image *image = owner->image;
	char addr[SNITCH_ADDR_TEXT], kernel[32], proto_num[8], more[48] = "";
	char pid[16], uid[16], port[8], id[24], names[512];
	const char *program = image_program(image, kernel, sizeof(kernel));
	const char *proto = snitch_proto_name(ev->family, ev->proto, proto_num,
					      sizeof(proto_num));
	_cleanup_free_ char *message = NULL, *cmdline = NULL;
	unsigned long times = 0;

	if (repeated(core, event_key(what, program, ev), &times))
		return;
	snitch_addr_format(ev->family, ev->daddr, addr);
	snprintf(pid, sizeof(pid), "%u", image->wire.pid);
	snprintf(uid, sizeof(uid), "%u", ev->uid);
	snprintf(port, sizeof(port), "%u", ev->dport);
	snprintf(id, sizeof(id), "%016llx", (unsigned long long)rule);
	if (times)
		snprintf(more, sizeof(more), " (and %lu times before)", times);
	core_name_in_words(core, ev, owner, names, sizeof(names));
	message = snitch_format("%s: %s to %s port %s %s%s, pid %s uid %s%s", what, program, addr,
				port, proto, names, pid, uid, more);
	if (!message)
		return;
	cmdline = snitch_cmdline(image->cmdline, image->wire.cmd_len);
	log_fields(priority, message, (struct log_field[]){
		{ "SNITCH_EVENT", what },
		{ "SNITCH_PROGRAM", program },
		{ "SNITCH_CMDLINE", cmdline },
		{ "SNITCH_PARENT", owner->n_parents ? owner->parents[0]->exe : NULL },
		{ "SNITCH_PID", pid },
		{ "SNITCH_UID", uid },
		{ "SNITCH_ADDRESS", addr },
		{ "SNITCH_PORT", port },
		{ "SNITCH_NAMES", names[0] ? names + 2 : NULL },
		{ "SNITCH_PROTO", proto },
		{ "SNITCH_RULE", rule ? id : NULL },
		{ NULL, NULL },
	});
}
