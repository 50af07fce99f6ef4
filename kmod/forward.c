// SPDX-License-Identifier: GPL-2.0-only
/* Forward: see forward.h. */
#include <linux/jhash.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/random.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "audit.h"
#include "counter.h"
#include "forward.h"
#include "observe.h"
#include "policy.h"
#include "tuple.h"

#define FORWARD_BITS		12
#define FORWARD_CLOCK_STEPS	64		/* entries looked at for one to evict */
#define FORWARD_LOOK		(10 * HZ)	/* is it a local flow's still? */

/* What is kept of a namespace; all under forward_lock. */
struct forward_net {
	struct list_head entries;
	unsigned int n;
	unsigned long told_since;	/* jiffies */
	unsigned int told;
};

/* Who began to speak to whom, by which device it came in. */
struct forward_key {
	const struct net *net;
	union nf_inet_addr addr[2];
	u16 port[2];
	u8 family;
	u8 proto;
	int in;
};

/*
 * struct forward - one flow
 * @out: by which device it goes on, as of its last packet
 * @local: judged where it was sent, as was seen at @looked (jiffies) the last time
 * @used: for the clock
 * @seen: jiffies of the last packet, either way
 * @action: of a judgement of @generation, and of the sets of @sets if that is not 0
 */
struct forward {
	struct hlist_node node;
	struct forward_key key;
	int out;
	bool local;
	bool used;
	u8 action;
	unsigned long seen;
	unsigned long looked;
	u64 generation;
	u64 sets;
	struct forward_net *fn;
	struct list_head of_net;
	struct list_head of_all;
	struct rcu_head rcu;
};

static unsigned int forward_id;
static struct kmem_cache *forward_slab;
static struct hlist_head *forward_table __read_mostly;
static u32 forward_seed __read_mostly;	/* nobody outside can fill a bucket on purpose */
static LIST_HEAD(forward_all);		/* the clock, with forward_count under forward_lock */
static unsigned int forward_count;
static DEFINE_SPINLOCK(forward_lock);
static bool forward_hooked;		/* under snitch_policy_mutex */

/* ---- the table ---- */

/* The same for both directions. */
static struct hlist_head *forward_bucket(const struct forward_key *k)
{
	u32 one = jhash2(k->addr[0].all, 4, forward_seed + k->port[0]);
	u32 two = jhash2(k->addr[1].all, 4, forward_seed + k->port[1]);
	u32 hash = jhash_2words(one + two, k->proto, forward_seed);

	return &forward_table[hash >> (32 - FORWARD_BITS)];
}

static void forward_key(struct forward_key *k, const struct nf_hook_state *state,
			const struct snitch_packet *p)
{
	k->net = state->net;
	k->addr[0] = p->saddr;
	k->addr[1] = p->daddr;
	k->port[0] = p->sport;
	k->port[1] = p->dport;
	k->family = p->family;
	k->proto = p->proto;
	k->in = state->in->ifindex;
}

/* @back: in the other direction */
static bool forward_same_ends(const struct forward_key *a, const struct forward_key *b, bool back)
{
	return a->net == b->net && a->family == b->family && a->proto == b->proto &&
	       a->port[0] == b->port[back] && a->port[1] == b->port[!back] &&
	       nf_inet_addr_cmp(&a->addr[0], &b->addr[back]) &&
	       nf_inet_addr_cmp(&a->addr[1], &b->addr[!back]);
}

/* Does it belong to the entry? One judged elsewhere may take any way. */
static bool forward_is(const struct forward *e, const struct forward_key *k)
{
	if (forward_same_ends(&e->key, k, false))
		return READ_ONCE(e->local) || e->key.in == k->in;
	return forward_same_ends(&e->key, k, true) &&
	       (READ_ONCE(e->local) || READ_ONCE(e->out) == k->in);
}

static struct forward *forward_find(const struct forward_key *k)
{
	struct forward *e;

	hlist_for_each_entry_rcu(e, forward_bucket(k), node, lockdep_is_held(&forward_lock))
		if (forward_is(e, k))
			return e;
	return NULL;
}

static void forward_free_rcu(struct rcu_head *rcu)
{
	kmem_cache_free(forward_slab, container_of(rcu, struct forward, rcu));
}

static void forward_unlink(struct forward *e)
{
	lockdep_assert_held(&forward_lock);
	hlist_del_init_rcu(&e->node);
	list_del(&e->of_net);
	list_del(&e->of_all);
	e->fn->n--;
	forward_count--;
	call_rcu(&e->rcu, forward_free_rcu);
}

/* The oldest that was not used since it was looked at the last time. */
static void forward_evict(struct forward_net *fn)
{
	struct forward *e;
	unsigned int i;

	lockdep_assert_held(&forward_lock);
	for (i = 0;; i++) {
		e = fn ? list_first_entry(&fn->entries, struct forward, of_net)
		       : list_first_entry(&forward_all, struct forward, of_all);
		if (!e->used || i >= FORWARD_CLOCK_STEPS)
			break;
		e->used = false;
		list_move_tail(&e->of_net, &e->fn->entries);
		list_move_tail(&e->of_all, &forward_all);
	}
	if (!time_after(jiffies, READ_ONCE(e->seen) + SNITCH_FORWARD_IDLE))
		snitch_count(SNITCH_C_FORWARD_FULL);
	forward_unlink(e);
}

/* Takes @new. False: another packet of the flow was quicker, and has told of it. */
static bool forward_add(struct forward *new)
{
	struct forward_net *fn = new->fn;
	struct forward *old;

	spin_lock_bh(&forward_lock);
	old = forward_find(&new->key);
	if (old) {
		spin_unlock_bh(&forward_lock);
		kmem_cache_free(forward_slab, new);
		return false;
	}
	if (fn->n >= SNITCH_FORWARDS_NET_MAX)
		forward_evict(fn);
	if (forward_count >= SNITCH_FORWARDS_MAX)
		forward_evict(NULL);
	list_add_tail(&new->of_net, &fn->entries);
	list_add_tail(&new->of_all, &forward_all);
	fn->n++;
	forward_count++;
	hlist_add_head_rcu(&new->node, forward_bucket(&new->key));
	spin_unlock_bh(&forward_lock);
	return true;
}

static void forward_remove(struct forward *e)
{
	spin_lock_bh(&forward_lock);
	if (!hlist_unhashed(&e->node))
		forward_unlink(e);
	spin_unlock_bh(&forward_lock);
}

/* ---- what was judged where it was sent ---- */

/* Was it the other end that spoke first? Then that was forwarded, and judged as such. */
static bool forward_is_answer(const struct snitch_flow *f)
{
	return f->flags & SNITCH_FLOW_REPLY || f->origin == SNITCH_BY_INBOUND;
}

/* Has a socket of another namespace an accepted flow from the first to the second end? @back: the
 * other way round, and it began.
 */
static bool forward_sent_here(const struct forward_key *k, bool back)
{
	const union snitch_peer peer = {
		.family = k->family, .proto = k->proto, .dport = k->port[!back],
	};
	const union nf_inet_addr *own = &k->addr[back], *to = &k->addr[!back];
	const u16 sport = k->port[back];
	const struct snitch_flow *f;
	unsigned int seen = 0;

	hlist_for_each_entry_rcu(f, snitch_tuple_bucket(to, peer.word, sport), by_peer) {
		if (++seen > SNITCH_TUPLE_WALK)
			break;
		if (snitch_tuple_is(f, to, peer.word, sport) && nf_inet_addr_cmp(&f->saddr, own) &&
		    f->netns != k->net->ns.inum && READ_ONCE(f->action) == SNITCH_ALLOW &&
		    !(back && forward_is_answer(f)))
			return true;
	}
	return false;
}

/* Or is it what answers one? */
static bool forward_is_local(const struct forward_key *k)
{
	return forward_sent_here(k, false) || forward_sent_here(k, true);
}

/* An entry says so for a while after its flow has ended: goodbyes come late. */
static bool forward_stays_local(struct forward *e)
{
	unsigned long looked = READ_ONCE(e->looked);

	if (!time_after(jiffies, looked + FORWARD_LOOK))
		return true;
	if (forward_is_local(&e->key)) {
		WRITE_ONCE(e->looked, jiffies);
		return true;
	}
	return !time_after(jiffies, looked + SNITCH_FORWARD_LOCAL);
}

/* ---- judgement ---- */

static void forward_judge(const struct forward_key *k, const struct snitch_packet *p,
			  struct snitch_subject *s, struct snitch_judgement *j)
{
	*s = (struct snitch_subject) {
		.packet = p,
		.image = snitch_image_kernel(SNITCH_K_FORWARDED),
		.netns = k->net->ns.inum,
		.ifindex = k->in,
		.kernel = SNITCH_K_FORWARDED,
	};
	snitch_policy_judge(s, j);
}

/* Who floods makes no flood of messages about it. */
static bool forward_may_tell(struct forward_net *fn)
{
	bool may;

	spin_lock_bh(&forward_lock);
	if (time_after(jiffies, fn->told_since + HZ)) {
		fn->told_since = jiffies;
		fn->told = 0;
	}
	may = fn->told++ < SNITCH_FORWARDS_TOLD;
	spin_unlock_bh(&forward_lock);
	return may;
}

static void forward_tell(struct forward_net *fn, const struct snitch_subject *s,
			 const struct snitch_judgement *j)
{
	bool allow = j->action == SNITCH_ALLOW;

	snitch_count(allow ? SNITCH_C_FORWARDED : SNITCH_C_FORWARD_REFUSED);
	if (!allow)
		snitch_audit_refused(s->image, 0, s->packet, j->action, j->origin, j->origin_id);
	if (!snitch_observed())
		return;
	if (forward_may_tell(fn))
		snitch_tell_judged(s, j, 0, 0);
	else
		snitch_count(SNITCH_C_EVENTS_LOST);
}

/* A known flow under another policy, in the name of who began: told again only if that changes
 * what becomes of it.
 */
static u32 forward_rejudge(struct forward *e)
{
	const struct forward_key *k = &e->key;
	const struct snitch_packet p = {
		.family = k->family, .proto = k->proto, .saddr = k->addr[0], .daddr = k->addr[1],
		.sport = k->port[0], .dport = k->port[1],
	};
	struct snitch_judgement j;
	struct snitch_subject s;
	bool was, is;

	forward_judge(k, &p, &s, &j);
	is = j.action == SNITCH_ALLOW;
	spin_lock_bh(&forward_lock);
	was = e->action == SNITCH_ALLOW;
	WRITE_ONCE(e->action, j.action);
	WRITE_ONCE(e->sets, j.sets);
	/* Pairs with the acquire in forward_current(). */
	smp_store_release(&e->generation, j.generation);
	spin_unlock_bh(&forward_lock);
	if (was != is)
		forward_tell(e->fn, &s, &j);
	snitch_image_put(s.image);
	return j.action;
}

static bool forward_current(const struct forward *e)
{
	/* Pairs with the release in forward_rejudge(). */
	const u64 generation = smp_load_acquire(&e->generation);
	const u64 sets = READ_ONCE(e->sets);

	return generation == snitch_policy_generation() &&
	       (!sets || sets == snitch_policy_sets_generation());
}

/* Nothing was heard of it for long: the next one with these ends is another flow. */
static bool forward_over(const struct forward *e, const struct snitch_packet *p)
{
	if (!time_after(jiffies, READ_ONCE(e->seen) + SNITCH_FORWARD_IDLE))
		return false;
	return p->proto != IPPROTO_TCP ||
	       (p->tcp_flags & (SNITCH_TCP_SYN | SNITCH_TCP_ACK)) == SNITCH_TCP_SYN;
}

/* What becomes of a packet of a known flow; 0: it is not that flow any more. */
static u32 forward_known(struct forward *e, const struct nf_hook_state *state,
			 const struct forward_key *k, const struct snitch_packet *p)
{
	const int out = state->out->ifindex;
	const unsigned long now = jiffies;

	if (READ_ONCE(e->local) ? !forward_stays_local(e) : forward_over(e, p))
		return 0;
	if (READ_ONCE(e->seen) != now)
		WRITE_ONCE(e->seen, now);
	if (!READ_ONCE(e->used))
		WRITE_ONCE(e->used, true);
	if (READ_ONCE(e->local))
		return SNITCH_ALLOW;
	if (READ_ONCE(e->out) != out && forward_same_ends(&e->key, k, false))
		WRITE_ONCE(e->out, out);
	return forward_current(e) ? READ_ONCE(e->action) : forward_rejudge(e);
}

/* An error about a known flow, to the end that the quoted packet came from. */
static bool forward_quotes_known(const struct sk_buff *skb, const struct nf_hook_state *state,
				 const struct snitch_packet *p)
{
	struct snitch_packet quoted;
	struct forward_key k;
	struct forward *e;

	if (!snitch_packet_is_error(p) || !snitch_packet_quoted(skb, state->pf, &quoted) ||
	    !nf_inet_addr_cmp(&quoted.saddr, &p->daddr))
		return false;
	/* It comes in where the answer to the quoted packet would. */
	swap(quoted.saddr, quoted.daddr);
	swap(quoted.sport, quoted.dport);
	forward_key(&k, state, &quoted);
	e = forward_find(&k);
	if (e)
		return READ_ONCE(e->local) || READ_ONCE(e->action) == SNITCH_ALLOW;
	return forward_is_local(&k);
}

/* Judged and remembered, then told; without memory only judged. */
static u32 forward_new(const struct nf_hook_state *state, const struct forward_key *k,
		       const struct snitch_packet *p)
{
	struct forward *e = kmem_cache_zalloc(forward_slab, GFP_ATOMIC | __GFP_NOWARN);
	struct forward_net *fn = net_generic(k->net, forward_id);
	struct snitch_judgement j = { .action = SNITCH_ALLOW };
	struct snitch_subject s = {};
	bool local = forward_is_local(k);

	if (!local)
		forward_judge(k, p, &s, &j);
	if (!e) {
		snitch_count(SNITCH_C_NOMEM);
	} else {
		e->key = *k;
		e->out = state->out->ifindex;
		e->local = local;
		e->action = j.action;
		e->generation = j.generation;
		e->sets = j.sets;
		e->seen = jiffies;
		e->looked = jiffies;
		e->fn = fn;
		if (forward_add(e) && !local)
			forward_tell(fn, &s, &j);
	}
	snitch_image_put(s.image);
	return j.action;
}

/* ---- the way in ---- */

/*
 * forward_hook() - NF_INET_FORWARD, IPv4 and IPv6, where the policy asks for it
 *
 * After NAT and after every other firewall: what they drop does not go on, and
 * what they say stands.
 *
 * Return: NF_ACCEPT or NF_DROP. Context: softirq, under rcu_read_lock().
 */
static unsigned int forward_hook(void *priv, struct sk_buff *skb,
				 const struct nf_hook_state *state)
{
	struct snitch_packet p;
	struct forward_key k;
	struct forward *e;
	u32 action = 0;

	if (!snitch_policy_armed())
		return NF_ACCEPT;
	snitch_packet_parse(&p, skb, state->pf);
	forward_key(&k, state, &p);
	e = forward_find(&k);
	if (e) {
		action = forward_known(e, state, &k, &p);
		if (!action)
			forward_remove(e);
	} else if (forward_quotes_known(skb, state, &p)) {
		action = SNITCH_ALLOW;
	}
	if (!action)
		action = forward_new(state, &k, &p);
	return action == SNITCH_ALLOW ? NF_ACCEPT : NF_DROP;
}

static const struct nf_hook_ops forward_hooks[] = {
	{
		.hook		= forward_hook,
		.pf		= NFPROTO_IPV4,
		.hooknum	= NF_INET_FORWARD,
		.priority	= NF_IP_PRI_LAST,
	},
	{
		.hook		= forward_hook,
		.pf		= NFPROTO_IPV6,
		.hooknum	= NF_INET_FORWARD,
		.priority	= NF_IP6_PRI_LAST,
	},
};

/* ---- namespaces ---- */

static int __net_init forward_start_net(struct net *net)
{
	struct forward_net *fn = net_generic(net, forward_id);

	INIT_LIST_HEAD(&fn->entries);
	return nf_register_net_hooks(net, forward_hooks, ARRAY_SIZE(forward_hooks));
}

static void __net_exit forward_unhook_net(struct net *net)
{
	nf_unregister_net_hooks(net, forward_hooks, ARRAY_SIZE(forward_hooks));
}

/* A grace period lies between that and this: nobody adds any more. */
static void __net_exit forward_stop_net(struct net *net)
{
	struct forward_net *fn = net_generic(net, forward_id);
	struct forward *e, *next;

	spin_lock_bh(&forward_lock);
	list_for_each_entry_safe(e, next, &fn->entries, of_net)
		forward_unlink(e);
	spin_unlock_bh(&forward_lock);
}

static struct pernet_operations forward_ops = {
	.init		= forward_start_net,
	.pre_exit	= forward_unhook_net,
	.exit		= forward_stop_net,
	.id		= &forward_id,
	.size		= sizeof(struct forward_net),
};

static bool forward_wanted(const struct snitch_policy *head)
{
	return head->forward != SNITCH_FORWARD_IGNORE && head->mode != SNITCH_MODE_OFF;
}

int snitch_forward_begin(const struct snitch_policy *head)
{
	int err;

	lockdep_assert_held(&snitch_policy_mutex);
	if (forward_hooked || !forward_wanted(head))
		return 0;
	err = register_pernet_subsys(&forward_ops);
	forward_hooked = !err;
	return err;
}

void snitch_forward_end(const struct snitch_policy *head)
{
	lockdep_assert_held(&snitch_policy_mutex);
	if (!forward_hooked || forward_wanted(head))
		return;
	unregister_pernet_subsys(&forward_ops);
	forward_hooked = false;
}

int snitch_forward_init(void)
{
	get_random_bytes(&forward_seed, sizeof(forward_seed));
	forward_slab = kmem_cache_create("snitch_forward", sizeof(struct forward), 0, SLAB_ACCOUNT,
					 NULL);
	forward_table = kvcalloc(1 << FORWARD_BITS, sizeof(*forward_table), GFP_KERNEL);
	if (forward_slab && forward_table)
		return 0;
	snitch_forward_exit();
	return -ENOMEM;
}

void snitch_forward_exit(void)
{
	if (forward_hooked)
		unregister_pernet_subsys(&forward_ops);
	forward_hooked = false;
	rcu_barrier();
	kvfree(forward_table);
	kmem_cache_destroy(forward_slab);
}
