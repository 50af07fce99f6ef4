// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checks and packs /dev/snitch messages. It must never act on one: it is the
 * same code in the kernel and in user space.
 */
#include "proto.h"

/* Fixed sizes: a compiler that lays them out otherwise breaks the wire. */
static_assert(sizeof(struct snitch_hdr) == 16);
static_assert(sizeof(struct snitch_hello) == 40);
static_assert(sizeof(struct snitch_verdict) == 48);
static_assert(sizeof(struct snitch_bind) == 32);
static_assert(sizeof(struct snitch_cache) == 72);
static_assert(sizeof(struct snitch_welcome) == 80);
static_assert(sizeof(struct snitch_owner) == 176);
static_assert(sizeof(struct snitch_flow_event) == 128);
static_assert(sizeof(struct snitch_cancel) == 32);
static_assert(sizeof(struct snitch_lost) == 40);
static_assert(sizeof(struct snitch_result) == 24);
static_assert(sizeof(struct snitch_decided) == 48);
static_assert(sizeof(struct snitch_ended) == 112);
static_assert(sizeof(struct snitch_dns) == 80);
static_assert(sizeof(struct snitch_data) == 24);

#define V4_LEN	4
#define FRAME_LEN 8	/* of an AF_PACKET destination */

static bool final_action(u32 action)
{
	return action == SNITCH_ALLOW || action == SNITCH_DENY || action == SNITCH_DROP;
}

/* The origins that user space may give. */
static bool user_origin(u32 origin)
{
	return origin == SNITCH_BY_RULE || origin == SNITCH_BY_PERSON ||
	       origin == SNITCH_BY_MODE || origin == SNITCH_BY_NAME;
}

static bool addr_ok(u8 family, const u8 addr[16])
{
	if (family == AF_INET)
		return !memchr_inv(addr + V4_LEN, 0, 16 - V4_LEN);
	if (family == AF_PACKET)
		return !memchr_inv(addr + FRAME_LEN, 0, 16 - FRAME_LEN);
	return family == AF_INET6;
}

static bool role_ok(u32 role)
{
	return role == SNITCH_ROLE_DECIDER || role == SNITCH_ROLE_OBSERVER;
}

/* ---- user space to kernel */

static bool hello_ok(const void *msg)
{
	const struct snitch_hello *m = msg;

	if (!role_ok(m->role) || m->pad || m->flags & ~SNITCH_HELLO_TAKEOVER)
		return false;
	return m->role == SNITCH_ROLE_DECIDER || !m->flags;
}

static bool verdict_ok(const void *msg)
{
	const struct snitch_verdict *m = msg;

	if (m->flags & ~(SNITCH_V_ACK | SNITCH_V_CACHE | SNITCH_V_DATA) || m->pad ||
	    !user_origin(m->origin))
		return false;
	if (m->flags & SNITCH_V_DATA && (m->flags & SNITCH_V_CACHE || m->action != SNITCH_ALLOW))
		return false;
	if (!(m->flags & SNITCH_V_CACHE) && m->until)
		return false;
	if (m->action == SNITCH_HOLD)
		return !(m->flags & SNITCH_V_CACHE);
	return final_action(m->action);
}

static bool bind_ok(const void *msg)
{
	const struct snitch_bind *m = msg;

	return m->generation && m->app <= SNITCH_APPS_MAX && !m->pad;
}

static bool cache_ok(const void *msg)
{
	const struct snitch_cache *m = msg;

	return final_action(m->action) && user_origin(m->origin) && !m->pad &&
	       addr_ok(m->family, m->addr);
}

/* ---- kernel to user space */

static bool welcome_ok(const void *msg)
{
	const struct snitch_welcome *m = msg;

	return m->abi_major == SNITCH_ABI_MAJOR && role_ok(m->role);
}

static bool no_nul(const char *s, size_t len)
{
	return !memchr(s, '\0', len);
}

static bool owner_ok(const void *msg)
{
	const struct snitch_owner *m = msg;
	const char *exe = (const char *)(m + 1);
	const char *cgroup = exe + m->exe_len + m->cmd_len;
	const char *script = cgroup + m->cgroup_len;
	const char *end = script + m->script_len;

	if (m->hdr.size != snitch_proto_owner_size(m->exe_len, m->cmd_len, m->cgroup_len,
						   m->script_len))
		return false;
	if (m->pad || m->kernel >= __SNITCH_K_MAX || m->parent == m->hdr.id)
		return false;
	if (memchr_inv(end, 0, (const char *)msg + m->hdr.size - end))
		return false;
	return no_nul(exe, m->exe_len) && no_nul(cgroup, m->cgroup_len) &&
	       no_nul(script, m->script_len);
}

static bool flow_ok(const void *msg)
{
	const struct snitch_flow_event *m = msg;

	return m->owner && !m->pad && addr_ok(m->family, m->saddr) && addr_ok(m->family, m->daddr);
}

static bool cancel_ok(const void *msg)
{
	const struct snitch_cancel *m = msg;

	return m->why >= SNITCH_CANCEL_CLOSED && m->why <= SNITCH_CANCEL_UNHELD &&
	       final_action(m->action);
}

static bool result_ok(const void *msg)
{
	const struct snitch_result *m = msg;

	return m->error <= 0 && m->error >= -4095 && !m->pad &&
	       m->type >= SNITCH_MSG_VERDICT && m->type <= SNITCH_MSG_CACHE;
}

static bool decided_ok(const void *msg)
{
	const struct snitch_decided *m = msg;

	return final_action(m->action) && !m->pad &&
	       m->origin >= SNITCH_BY_RULE && m->origin <= SNITCH_BY_NAME;
}

static bool ended_ok(const void *msg)
{
	const struct snitch_ended *m = msg;

	return m->cookie && !m->pad && addr_ok(m->family, m->saddr) && addr_ok(m->family, m->daddr);
}

static bool dns_ok(const void *msg)
{
	const struct snitch_dns *m = msg;
	const char *end = (const char *)(m + 1) + m->len;

	if (m->len > SNITCH_DNS_MAX || m->hdr.size != snitch_proto_dns_size(m->len))
		return false;
	if ((m->proto != IPPROTO_TCP && m->offset) ||
	    m->flags & ~(SNITCH_D_ANSWER | SNITCH_D_GROUP) || m->flags == SNITCH_D_GROUP ||
	    (m->family != AF_INET && m->family != AF_INET6))
		return false;
	return addr_ok(m->family, m->own) && addr_ok(m->family, m->server) &&
	       !memchr_inv(end, 0, (const char *)msg + m->hdr.size - end);
}

static bool data_ok(const void *msg)
{
	const struct snitch_data *m = msg;
	const char *end = (const char *)(m + 1) + m->len;

	if (m->len > SNITCH_DATA_MAX || m->hdr.size != snitch_proto_data_size(m->len))
		return false;
	return !(m->flags & ~SNITCH_DATA_LAST) &&
	       !memchr_inv(end, 0, (const char *)msg + m->hdr.size - end);
}

enum shape_id { ID_NONE, ID_SOME, ID_ANY };	/* 0; not 0; either */

/**
 * struct shape - what one message type must look like
 * @size: bytes of the struct; the message is as long unless @tail
 * @tail: bytes follow the struct; @ok checks how many
 * @id: what the header's id may be
 * @ok: checks the members; NULL when there are none
 */
struct shape {
	u16 size;
	bool tail;
	enum shape_id id;
	bool (*ok)(const void *msg);
};

static const struct shape user_shapes[] = {
	[SNITCH_MSG_HELLO] = { sizeof(struct snitch_hello), false, ID_NONE, hello_ok },
	[SNITCH_MSG_VERDICT] = { sizeof(struct snitch_verdict), false, ID_SOME, verdict_ok },
	[SNITCH_MSG_BIND] = { sizeof(struct snitch_bind), false, ID_SOME, bind_ok },
	[SNITCH_MSG_GET_OWNER] = { sizeof(struct snitch_hdr), false, ID_SOME, NULL },
	[SNITCH_MSG_CACHE] = { sizeof(struct snitch_cache), false, ID_SOME, cache_ok },
};

/* To an observer, FLOW and DECIDED have id 0 when the flow was never parked. */
static const struct shape kernel_shapes[] = {
	[SNITCH_MSG_WELCOME - SNITCH_MSG_WELCOME] = {
		sizeof(struct snitch_welcome), false, ID_NONE, welcome_ok },
	[SNITCH_MSG_OWNER - SNITCH_MSG_WELCOME] = {
		sizeof(struct snitch_owner), true, ID_SOME, owner_ok },
	[SNITCH_MSG_FLOW - SNITCH_MSG_WELCOME] = {
		sizeof(struct snitch_flow_event), false, ID_ANY, flow_ok },
	[SNITCH_MSG_CANCEL - SNITCH_MSG_WELCOME] = {
		sizeof(struct snitch_cancel), false, ID_SOME, cancel_ok },
	[SNITCH_MSG_LOST - SNITCH_MSG_WELCOME] = {
		sizeof(struct snitch_lost), false, ID_NONE, NULL },
	[SNITCH_MSG_RESULT - SNITCH_MSG_WELCOME] = {
		sizeof(struct snitch_result), false, ID_SOME, result_ok },
	[SNITCH_MSG_DECIDED - SNITCH_MSG_WELCOME] = {
		sizeof(struct snitch_decided), false, ID_ANY, decided_ok },
	[SNITCH_MSG_ENDED - SNITCH_MSG_WELCOME] = {
		sizeof(struct snitch_ended), false, ID_NONE, ended_ok },
	[SNITCH_MSG_DNS - SNITCH_MSG_WELCOME] = {
		sizeof(struct snitch_dns), true, ID_SOME, dns_ok },
	[SNITCH_MSG_DATA - SNITCH_MSG_WELCOME] = {
		sizeof(struct snitch_data), true, ID_SOME, data_ok },
};

/* One whole message at @msg, of which at most @left bytes are there. */
static bool message_ok(const struct shape *shapes, u16 first, size_t n, const void *msg,
		       size_t left)
{
	const struct snitch_hdr *h = msg;
	const struct shape *s;

	if (left < sizeof(*h) || h->size > left || !IS_ALIGNED(h->size, 8))
		return false;
	if (h->version != SNITCH_MSG_VERSION || h->type < first || h->type >= first + n)
		return false;
	s = &shapes[h->type - first];
	if (!s->size || (s->tail ? h->size < s->size : h->size != s->size))
		return false;
	if ((s->id == ID_SOME && !h->id) || (s->id == ID_NONE && h->id))
		return false;
	return !s->ok || s->ok(msg);
}

static bool user_message_ok(const void *msg, size_t left)
{
	return message_ok(user_shapes, 0, ARRAY_SIZE(user_shapes), msg, left);
}

int snitch_proto_check_hello(const void *buf, size_t len)
{
	const struct snitch_hello *m = buf;

	if (len < sizeof(m->hdr))
		return -EINVAL;
	if (m->hdr.type != SNITCH_MSG_HELLO)
		return user_message_ok(buf, len) ? -EPROTO : -EINVAL;
	if (len < offsetofend(struct snitch_hello, abi_minor))
		return -EINVAL;
	if (m->abi_major != SNITCH_ABI_MAJOR)
		return -EPROTONOSUPPORT;
	return user_message_ok(buf, len) && m->hdr.size == len ? 0 : -EINVAL;
}

int snitch_proto_check_batch(const void *buf, size_t len, unsigned int *count)
{
	const struct snitch_hdr *h;
	unsigned int n = 0;
	size_t off;

	if (len > SNITCH_WRITE_MAX)
		return -E2BIG;
	for (off = 0; off < len; off += h->size, n++) {
		h = buf + off;
		if (!user_message_ok(h, len - off))
			return -EINVAL;
		if (h->type == SNITCH_MSG_HELLO)
			return n ? -EINVAL : -EPROTO;
	}
	*count = n;
	return n ? 0 : -EINVAL;
}

const struct snitch_hdr *snitch_proto_next(const void *buf, size_t len, size_t *off)
{
	const struct snitch_hdr *h = buf + *off;

	if (*off >= len)
		return NULL;
	*off += h->size;
	return h;
}

void snitch_proto_hdr(struct snitch_hdr *h, u16 type, u32 size, u64 id)
{
	h->size = size;
	h->version = SNITCH_MSG_VERSION;
	h->type = type;
	h->id = id;
}

size_t snitch_proto_owner_size(size_t exe_len, size_t cmd_len, size_t cgroup_len,
			       size_t script_len)
{
	size_t size;

	if (exe_len > SNITCH_PATH_MAX || cmd_len > SNITCH_CMDLINE_MAX ||
	    cgroup_len > SNITCH_CGROUP_MAX || script_len > SNITCH_PATH_MAX)
		return 0;
	size = ALIGN(sizeof(struct snitch_owner) + exe_len + cmd_len + cgroup_len + script_len,
		     (size_t)8);
	return size <= SNITCH_READ_MIN ? size : 0;
}

size_t snitch_proto_dns_size(size_t len)
{
	return ALIGN(sizeof(struct snitch_dns) + len, (size_t)8);
}

size_t snitch_proto_data_size(size_t len)
{
	return ALIGN(sizeof(struct snitch_data) + len, (size_t)8);
}

static char *append(char *to, const char *from, size_t len)
{
	if (len)
		memcpy(to, from, len);
	return to + len;
}

void snitch_proto_pack_owner(struct snitch_owner *dst, const struct snitch_owner *fixed,
			     const char *exe, size_t exe_len, const char *cmd, size_t cmd_len,
			     const char *cgroup, size_t cgroup_len,
			     const char *script, size_t script_len)
{
	size_t size = snitch_proto_owner_size(exe_len, cmd_len, cgroup_len, script_len);
	char *to = (char *)(dst + 1);

	if (dst != fixed)
		*dst = *fixed;
	snitch_proto_hdr(&dst->hdr, SNITCH_MSG_OWNER, size, fixed->hdr.id);
	dst->exe_len = exe_len;
	dst->cmd_len = cmd_len;
	dst->cgroup_len = cgroup_len;
	dst->script_len = script_len;
	dst->pad = 0;
	to = append(to, exe, exe_len);
	to = append(to, cmd, cmd_len);
	to = append(to, cgroup, cgroup_len);
	to = append(to, script, script_len);
	memset(to, 0, (char *)dst + size - to);
}

int snitch_proto_check_event(const void *buf, size_t len)
{
	const struct snitch_hdr *h = buf;

	if (!message_ok(kernel_shapes, SNITCH_MSG_WELCOME, ARRAY_SIZE(kernel_shapes), buf, len))
		return -EINVAL;
	return h->size == len ? 0 : -EINVAL;
}

int snitch_proto_check_read(const void *buf, size_t len, unsigned int *count)
{
	const struct snitch_hdr *h;
	unsigned int n = 0;
	size_t off;

	for (off = 0; off < len; off += h->size, n++) {
		h = buf + off;
		if (!message_ok(kernel_shapes, SNITCH_MSG_WELCOME, ARRAY_SIZE(kernel_shapes), h,
				len - off))
			return -EINVAL;
	}
	*count = n;
	return n ? 0 : -EINVAL;
}
