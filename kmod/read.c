// SPDX-License-Identifier: GPL-2.0-only
/*
 * Read: turns what is pending into messages, one at a time: peek, build,
 * copy, and only then take it off. The life of an event: device.h.
 */
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "data.h"
#include "device.h"
#include "dns.h"
#include "observe.h"
#include "policy.h"
#include "proto.h"

static size_t read_build_owner(void *buf, struct snitch_image *image)
{
	struct snitch_owner *o = buf;
	size_t exe, cmd, cgroup, script, size;

	snitch_image_strings(image);
	memset(o, 0, sizeof(*o));
	o->hdr.id = image->id;
	o->parent = image->parent ? image->parent->id : 0;
	o->start = image->start;
	o->exec_id = image->exec_id;
	o->cgroup = image->cgroup;
	o->exe_ino = image->exe.ino;
	o->exe_ctime = image->exe.ctime;
	o->exe_ctime_nsec = image->exe.ctime_nsec;
	o->exe_dev = image->exe.dev;
	o->exe_gen = image->exe.gen;
	o->exe_size = image->exe_size;
	o->exe_uid = image->exe_uid;
	o->exe_mode = image->exe_mode;
	o->pid = image->tgid;
	o->ppid = image->ppid;
	o->ns_pid = image->ns_pid;
	o->uid = image->uid;
	o->euid = image->euid;
	o->gid = image->gid;
	o->loginuid = image->loginuid;
	o->session = image->session;
	o->pidns = image->pidns;
	o->mntns = image->mntns;
	o->userns = image->userns;
	o->userns_owner = image->userns_owner;
	o->flags = snitch_image_flags(image);
	o->kernel = image->kernel;
	memcpy(o->comm, image->comm, sizeof(o->comm));

	exe = snitch_image_string(&image->path) ? image->path_len : 0;
	cmd = snitch_image_string(&image->cmdline) ? image->cmd_len : 0;
	cgroup = snitch_image_string(&image->cgroup_path) ? image->cgroup_len : 0;
	script = snitch_image_string(&image->script) ? image->script_len : 0;
	size = snitch_proto_owner_size(exe, cmd, cgroup, script);
	if (!size) {
		script = 0;
		size = snitch_proto_owner_size(exe, cmd, cgroup, 0);
	}
	snitch_proto_pack_owner(o, o, image->path, exe, image->cmdline, cmd, image->cgroup_path,
				cgroup, image->script, script);
	return size;
}

static size_t read_build_welcome(struct snitch_file *f)
{
	struct snitch_welcome *w = f->buf;

	memset(w, 0, sizeof(*w));
	snitch_proto_hdr(&w->hdr, SNITCH_MSG_WELCOME, sizeof(*w), 0);
	w->abi_major = SNITCH_ABI_MAJOR;
	w->abi_minor = SNITCH_ABI_MINOR;
	w->role = f->role;
	w->features = f->features;
	w->generation = snitch_policy_generation();
	w->instance = snitch_instance;
	w->max_flows = READ_ONCE(snitch_limits.max_flows);
	w->max_flows_image = READ_ONCE(snitch_limits.max_flows_image);
	w->max_flows_uid = READ_ONCE(snitch_limits.max_flows_uid);
	w->consult_ms = READ_ONCE(snitch_limits.consult_ms);
	w->hold_tcp_ms = READ_ONCE(snitch_limits.hold_tcp_ms);
	w->hold_ms = READ_ONCE(snitch_limits.hold_ms);
	w->hold_dns_ms = READ_ONCE(snitch_limits.hold_dns_ms);
	w->grace_ms = READ_ONCE(snitch_limits.grace_ms);
	return sizeof(*w);
}

static size_t read_build_park(void *buf, const struct snitch_park *p, enum snitch_park_event ev)
{
	struct snitch_flow_event *e = buf;
	struct snitch_cancel *c = buf;

	if (ev == SNITCH_PEV_FLOW) {
		snitch_park_fill_event(p, e);
		snitch_proto_hdr(&e->hdr, SNITCH_MSG_FLOW, sizeof(*e), p->id);
		return sizeof(*e);
	}
	if (ev == SNITCH_PEV_DATA)
		return snitch_data_build(p, buf);
	memset(c, 0, sizeof(*c));
	snitch_proto_hdr(&c->hdr, SNITCH_MSG_CANCEL, sizeof(*c), p->id);
	c->why = p->cancel_why;
	c->action = p->action ?: SNITCH_DROP;
	c->packets = p->packets;
	c->bytes = p->truesize;
	return sizeof(*c);
}

/* -ENOSPC: no room for it; -EFAULT: it stays; else the bytes copied. */
static ssize_t read_copy(const struct snitch_file *f, char __user *to, size_t room, size_t size)
{
	if (size > room)
		return -ENOSPC;
	return copy_to_user(to, f->buf, size) ? -EFAULT : size;
}

/* The eldest ancestor that this session has not been told of, or NULL. */
static struct snitch_image *read_unannounced(const struct snitch_file *f,
					     struct snitch_image *image)
{
	struct snitch_image *found = NULL;
	unsigned int i;

	for (i = 0; image && i < SNITCH_ANCESTORS_MAX; i++, image = image->parent)
		if (image->announced != f->session)
			found = image;
	return found;
}

static ssize_t read_owner(struct snitch_file *f, struct snitch_image *image, char __user *to,
			  size_t room)
{
	ssize_t n = read_copy(f, to, room, read_build_owner(f->buf, image));

	if (n > 0) {
		spin_lock_bh(&snitch_park_lock);
		image->announced = f->session;
		spin_unlock_bh(&snitch_park_lock);
	}
	return n;
}

/* The oldest DNS message, or the OWNER it needs first; or how many were lost. */
static ssize_t read_dns(struct snitch_file *f, char __user *to, size_t room)
{
	const struct snitch_lost *lost = f->buf;
	struct snitch_image *image, *owner;
	ssize_t n = 0;
	u64 id;

	image = snitch_dns_peek(f, f->buf, &id);
	spin_lock_bh(&snitch_park_lock);
	owner = read_unannounced(f, image);
	spin_unlock_bh(&snitch_park_lock);
	if (owner) {
		n = read_owner(f, owner, to, room);
	} else if (lost->hdr.type) {
		n = read_copy(f, to, room, lost->hdr.size);
		if (n > 0)
			snitch_dns_drop(id, id ? 0 : lost->dns);
	}
	snitch_image_put(image);
	return n;
}

/*
 * The oldest parked flow's FLOW, DATA or CANCEL, or the OWNER it needs first. DNS
 * messages that came before it go before it, and no others: looked at after
 * the flow, for what it follows from was there before it was.
 */
static ssize_t read_park(struct snitch_file *f, char __user *to, size_t room)
{
	struct snitch_image *owner = NULL;
	enum snitch_park_event ev;
	struct snitch_park *p;
	ssize_t n;

	spin_lock_bh(&snitch_park_lock);
	p = snitch_device_first(f);
	if (snitch_dns_before(f, p ? p->event_since : U64_MAX)) {
		spin_unlock_bh(&snitch_park_lock);
		return read_dns(f, to, room);
	}
	if (!p) {
		spin_unlock_bh(&snitch_park_lock);
		return 0;
	}
	snitch_park_get(p);
	ev = p->pending;
	if (ev == SNITCH_PEV_FLOW)
		owner = read_unannounced(f, p->image);
	if (owner) {
		snitch_image_get(owner);
	} else {
		p->told = f->session;
		read_build_park(f->buf, p, ev);
	}
	spin_unlock_bh(&snitch_park_lock);

	if (owner) {
		n = read_owner(f, owner, to, room);
		snitch_image_put(owner);
	} else {
		n = read_copy(f, to, room, ((struct snitch_hdr *)f->buf)->size);
		if (n > 0)
			snitch_device_event_read(f, p, ev);
	}
	snitch_park_put(p);
	return n;
}

static bool read_result_peek(struct snitch_file *f, struct snitch_result *r)
{
	bool some;

	spin_lock_bh(&snitch_park_lock);
	some = f->results_used;
	if (some)
		*r = f->results[f->results_head];
	spin_unlock_bh(&snitch_park_lock);
	return some;
}

static void read_result_drop(struct snitch_file *f)
{
	spin_lock_bh(&snitch_park_lock);
	f->results_head = (f->results_head + 1) % SNITCH_RESULTS_MAX;
	f->results_used--;
	spin_unlock_bh(&snitch_park_lock);
}

/* A result; for GET_OWNER the OWNER itself, if it still can be found. */
static ssize_t read_result(struct snitch_file *f, char __user *to, size_t room)
{
	struct snitch_image *image = NULL;
	struct snitch_result r;
	size_t size = sizeof(r);
	ssize_t n;

	if (!f->results || !read_result_peek(f, &r))
		return 0;
	if (r.type == SNITCH_MSG_GET_OWNER && !r.error) {
		image = snitch_image_find(r.hdr.id);
		if (!image)
			r.error = -ENOENT;
	}
	if (image)
		size = read_build_owner(f->buf, image);
	else
		memcpy(f->buf, &r, sizeof(r));
	snitch_image_put(image);
	n = read_copy(f, to, room, size);
	if (n > 0)
		read_result_drop(f);
	return n;
}

static ssize_t read_observed(struct snitch_file *f, char __user *to, size_t room)
{
	struct snitch_image *owner = NULL;
	struct snitch_seen seen;
	struct snitch_lost *l = f->buf;
	size_t size;
	ssize_t n;
	u64 lost;
	bool some = snitch_observe_peek(f, &seen, &lost);

	if (lost) {
		memset(l, 0, sizeof(*l));
		snitch_proto_hdr(&l->hdr, SNITCH_MSG_LOST, sizeof(*l), 0);
		l->events = lost;
		size = sizeof(*l);
	} else if (!some) {
		return 0;
	} else if (seen.image) {
		owner = snitch_observe_untold(f, seen.image);
		size = read_build_owner(f->buf, owner);
	} else {
		size = seen.hdr.size;
		memcpy(f->buf, &seen.hdr, size);
	}
	n = read_copy(f, to, room, size);
	if (n > 0 && owner)
		snitch_observe_told(f, owner->id);
	/* an ancestor went before the oldest event, which is still there */
	if (n > 0 && (!owner || owner == seen.image))
		snitch_observe_drop(f, lost);
	if (some && seen.image)
		snitch_image_put(seen.image);
	return n;
}

static ssize_t read_one(struct snitch_file *f, char __user *to, size_t room)
{
	ssize_t n;

	if (f->welcome) {
		n = read_copy(f, to, room, read_build_welcome(f));
		if (n > 0)
			f->welcome = false;
		return n;
	}
	n = read_result(f, to, room);
	if (n)
		return n;
	return f->observer ? read_observed(f, to, room) : read_park(f, to, room);
}

/** snitch_read_ready() - is there anything to read? any context but the lock's */
bool snitch_read_ready(struct snitch_file *f)
{
	bool ready;

	if (READ_ONCE(f->replaced) || READ_ONCE(f->welcome))
		return true;
	if (f->observer && snitch_observe_ready(f))
		return true;
	spin_lock_bh(&snitch_park_lock);
	ready = f->results_used || snitch_device_first(f) || snitch_dns_before(f, U64_MAX);
	spin_unlock_bh(&snitch_park_lock);
	return ready;
}

/*
 * snitch_read() - as many whole messages as fit
 *
 * Return: bytes; 0 when there is nothing; -EINVAL when not even one fits;
 * -EFAULT when the first could not be copied (it stays).
 * Context: process, under read_mutex.
 */
ssize_t snitch_read(struct snitch_file *f, char __user *to, size_t room)
{
	size_t done = 0;
	ssize_t n;

	while ((n = read_one(f, to + done, room - done)) > 0)
		done += n;
	if (done || !n)
		return done;
	return n == -ENOSPC ? -EINVAL : n;
}
