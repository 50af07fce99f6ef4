// SPDX-License-Identifier: GPL-2.0-only
/*
 * Audit: records of type AUDIT_KERNEL_OTHER. Refusals are collected for a
 * second, by executable, user, rule and destination, and written by a worker:
 * never from the hook, never more than AUDIT_BATCH a second. No record ever
 * waits for auditd: what its queue has no room for is lost and counted.
 */
#include <linux/audit.h>
#include <linux/hash.h>
#include <linux/jhash.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "audit.h"
#include "counter.h"
#include "escape.h"
#include "uid.h"

#define AUDIT_PENDING	256	/* different refusals collected */
#define AUDIT_SHARE	128	/* of them one user's */
#define AUDIT_BATCH	64	/* records a second */
#define AUDIT_BITS	7	/* of the table by content */
#define AUDIT_UID_BITS	6	/* users with the same hash have one share */

/*
 * struct audit_refusal - one kind of refusal; under snitch_audit_lock
 * @node: in audit_table
 * @order: in audit_queue, oldest first, or in audit_spare
 * @image: the first that was refused so, referenced
 * @daddr: destination, with @dport, @family and @proto
 * @origin_id: told in the record, as @uid, @action and @origin
 * @count: how often
 * @uid: effective, of the sender
 * @action: DENY or DROP
 * @origin: enum snitch_origin
 * @share: number of its user's share
 * @dport: host order
 * @family: AF_INET, AF_INET6, or AF_PACKET
 * @proto: IP protocol
 */
struct audit_refusal {
	struct hlist_node node;
	struct list_head order;
	struct snitch_image *image;
	union nf_inet_addr daddr;
	u64 origin_id;
	u32 count;
	u32 uid;
	u32 action;
	u32 origin;
	u32 share;
	u16 dport;
	u8 family;
	u8 proto;
};

static struct audit_refusal *audit_slots;
static struct hlist_head audit_table[1 << AUDIT_BITS];
static unsigned int audit_shares[1 << AUDIT_UID_BITS];
static LIST_HEAD(audit_queue);
static LIST_HEAD(audit_spare);
static DEFINE_SPINLOCK(snitch_audit_lock);
static char *audit_text;	/* of the worker alone */

static void audit_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(audit_worker, audit_work);

static const char *audit_action(u32 action)
{
	return action == SNITCH_DROP ? "drop" : "deny";
}

static const char *audit_origin(u32 origin)
{
	static const char *const names[] = {
		[SNITCH_BY_RULE] = "rule", [SNITCH_BY_PERSON] = "person",
		[SNITCH_BY_MODE] = "mode", [SNITCH_BY_FAIL] = "fail",
		[SNITCH_BY_INBOUND] = "inbound", [SNITCH_BY_KERNEL] = "kernel",
		[SNITCH_BY_OLDER] = "older", [SNITCH_BY_NAME] = "name",
	};

	return origin < ARRAY_SIZE(names) && names[origin] ? names[origin] : "?";
}

/* ---- events that are rare ---- */

static struct audit_buffer *audit_begin(void)
{
	struct audit_buffer *ab = audit_log_start(NULL, GFP_ATOMIC | __GFP_NOWARN,
						  AUDIT_KERNEL_OTHER);

	if (!ab)
		snitch_count(SNITCH_C_AUDIT_LOST);
	return ab;
}

/* @pid and @comm: who did it. */
static void audit_event(const char *op, const char *rest, u32 pid, const char *comm)
{
	char escaped[SNITCH_ESCAPED(SNITCH_COMM_LEN)];
	struct audit_buffer *ab = audit_begin();

	if (!ab)
		return;
	snitch_escape_audit(escaped, sizeof(escaped), comm, strnlen(comm, SNITCH_COMM_LEN));
	audit_log_format(ab, "snitch op=%s%s pid=%u comm=%s res=1", op, rest, pid, escaped);
	audit_log_end(ab);
}

static void audit_event_current(const char *op, const char *rest)
{
	char who[128], comm[TASK_COMM_LEN];

	BUILD_BUG_ON(TASK_COMM_LEN < SNITCH_COMM_LEN);
	scnprintf(who, sizeof(who), "%s uid=%u auid=%u ses=%u", rest,
		  from_kuid(&init_user_ns, current_uid()),
		  from_kuid(&init_user_ns, audit_get_loginuid(current)),
		  audit_get_sessionid(current));
	get_task_comm(comm, current);
	audit_event(op, who, task_tgid_nr(current), comm);
}

void snitch_audit_decider(bool attached, u32 pid, const char *comm)
{
	audit_event(attached ? "decider-attached" : "decider-lost", "", pid, comm);
}

void snitch_audit_policy(u64 generation, u32 rules)
{
	char rest[64];

	scnprintf(rest, sizeof(rest), " generation=%llu rules=%u", generation, rules);
	audit_event_current("policy", rest);
}

/* ---- refusals ---- */

static u32 audit_hash(const struct snitch_image *image, u32 uid, const struct snitch_packet *p)
{
	u32 hash = jhash2((const u32 *)&p->daddr, sizeof(p->daddr) / sizeof(u32), uid);
	u64 who = image->has_exe ? image->exe.ino : image->id;

	return jhash_3words(hash, p->dport << 8 | p->proto, (u32)who, 0) >> (32 - AUDIT_BITS);
}

static struct audit_refusal *audit_find(struct hlist_head *head, const struct audit_refusal *want)
{
	struct audit_refusal *r;

	lockdep_assert_held(&snitch_audit_lock);
	hlist_for_each_entry(r, head, node)
		if (r->dport == want->dport && r->proto == want->proto &&
		    r->family == want->family && r->uid == want->uid &&
		    r->action == want->action && r->origin == want->origin &&
		    r->origin_id == want->origin_id &&
		    nf_inet_addr_cmp(&r->daddr, &want->daddr) &&
		    snitch_image_same_exe(r->image, want->image))
			return r;
	return NULL;
}

static struct audit_refusal *audit_new(struct hlist_head *head, const struct audit_refusal *want)
{
	struct audit_refusal *r;

	lockdep_assert_held(&snitch_audit_lock);
	r = list_first_entry_or_null(&audit_spare, struct audit_refusal, order);
	if (!r || audit_shares[want->share] >= AUDIT_SHARE)
		return NULL;
	list_del(&r->order);
	*r = *want;
	snitch_image_get(r->image);
	audit_shares[r->share]++;
	hlist_add_head(&r->node, head);
	list_add_tail(&r->order, &audit_queue);
	queue_delayed_work(system_unbound_wq, &audit_worker, HZ);
	return r;
}

void snitch_audit_refused(struct snitch_image *image, u32 uid, const struct snitch_packet *p,
			  u32 action, u32 origin, u64 origin_id)
{
	struct audit_refusal *r, want = {
		.image = image,
		.daddr = p->daddr,
		.origin_id = origin_id,
		.uid = uid,
		.action = action,
		.origin = origin,
		.dport = p->dport,
		.family = p->family,
		.proto = p->proto,
	};
	struct hlist_head *head;

	if (audit_enabled == AUDIT_OFF || !image)
		return;
	want.share = hash_32(image->quota ? image->quota->uid : uid, AUDIT_UID_BITS);
	head = &audit_table[audit_hash(image, uid, p)];
	spin_lock_bh(&snitch_audit_lock);
	r = audit_find(head, &want) ?: audit_new(head, &want);
	if (r)
		r->count++;
	spin_unlock_bh(&snitch_audit_lock);
	if (!r)
		snitch_count(SNITCH_C_AUDIT_LOST);
}

/* The oldest refusal, out of the table; its image is the caller's to put. */
static bool audit_take(struct audit_refusal *out)
{
	struct audit_refusal *r;

	spin_lock_bh(&snitch_audit_lock);
	r = list_first_entry_or_null(&audit_queue, struct audit_refusal, order);
	if (r) {
		*out = *r;
		hlist_del(&r->node);
		audit_shares[r->share]--;
		list_move(&r->order, &audit_spare);
	}
	spin_unlock_bh(&snitch_audit_lock);
	return r;
}

static void audit_put_string(struct audit_buffer *ab, const char *name, const char *s, size_t len)
{
	if (!s) {
		audit_log_format(ab, " %s=?", name);
		return;
	}
	snitch_escape_audit(audit_text, SNITCH_ESCAPED(SNITCH_PATH_MAX), s,
			    min_t(size_t, len, SNITCH_PATH_MAX));
	audit_log_format(ab, " %s=%s", name, audit_text);
}

static void audit_write(const struct audit_refusal *r)
{
	struct snitch_image *image = r->image;
	struct audit_buffer *ab;
	const char *path;

	snitch_image_strings(image);
	path = snitch_image_string(&image->path);
	ab = audit_begin();
	if (!ab)
		return;
	audit_log_format(ab, "snitch op=refused action=%s origin=%s rule=%llu count=%u",
			 audit_action(r->action), audit_origin(r->origin), r->origin_id, r->count);
	audit_log_format(ab, " pid=%u uid=%u auid=%u ses=%u", image->tgid, r->uid,
			 image->loginuid, image->session);
	audit_log_format(ab, " proto=%u dport=%u", r->proto, r->dport);
	if (r->family == AF_INET)
		audit_log_format(ab, " daddr=%pI4", &r->daddr.ip);
	else if (r->family == AF_PACKET)
		audit_log_format(ab, " ethertype=%#06x oif=%u", r->dport, ntohl(r->daddr.ip6[0]));
	else
		audit_log_format(ab, " daddr=%pI6c", &r->daddr.in6);
	audit_put_string(ab, "comm", image->comm, strnlen(image->comm, SNITCH_COMM_LEN));
	audit_put_string(ab, "exe", path, path ? image->path_len : 0);
	audit_log_format(ab, " res=0");
	audit_log_end(ab);
}

static bool audit_write_some(void)
{
	struct audit_refusal r;
	unsigned int i;

	for (i = 0; i < AUDIT_BATCH; i++) {
		if (!audit_take(&r))
			return false;
		audit_write(&r);
		snitch_image_put(r.image);
		cond_resched();
	}
	return true;
}

static void audit_work(struct work_struct *work)
{
	if (audit_write_some())
		queue_delayed_work(system_unbound_wq, &audit_worker, HZ);
}

/* ---- start and end ---- */

int snitch_audit_init(void)
{
	unsigned int i;

	audit_text = kmalloc(SNITCH_ESCAPED(SNITCH_PATH_MAX), GFP_KERNEL);
	audit_slots = kcalloc(AUDIT_PENDING, sizeof(*audit_slots), GFP_KERNEL);
	if (!audit_text || !audit_slots) {
		kfree(audit_text);
		kfree(audit_slots);
		return -ENOMEM;
	}
	for (i = 0; i < AUDIT_PENDING; i++)
		list_add_tail(&audit_slots[i].order, &audit_spare);
	audit_event_current("load", "");
	return 0;
}

/** snitch_audit_exit() - nobody refuses any more: write what is left */
void snitch_audit_exit(void)
{
	cancel_delayed_work_sync(&audit_worker);
	while (audit_write_some())
		;
	audit_event_current("unload", "");
	kfree(audit_slots);
	kfree(audit_text);
}
