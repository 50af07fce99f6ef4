// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hook: the way of a packet, readable top to bottom. Known flows go on after
 * one lookup: no lock, no allocation, no string. What is not known is judged;
 * what the policy cannot judge is parked. In doubt the packet is refused.
 */
#include <linux/cred.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/ip.h>
#include <net/ip6_fib.h>
#include <net/ipv6.h>
#include <net/l3mdev.h>
#include <net/tcp.h>

#include "audit.h"
#include "counter.h"
#include "dns.h"
#include "dnstcp.h"
#include "observe.h"
#include "flow.h"
#include "hook.h"
#include "owner.h"
#include "park.h"
#include "policy.h"
#include "reply.h"
#include "revoke.h"

/*
 * struct hook_packet - one packet on its way, for the functions of this file
 * @mine: current is the sender
 * @tcp: a TCP stream socket, and the packet is TCP
 * @loopback: it stays on this machine
 */
struct hook_packet {
	struct sk_buff *skb;
	const struct nf_hook_state *state;
	struct sock *sk;
	u64 cookie;
	bool tcp;
	bool mine;
	bool loopback;
	struct snitch_packet packet;
};

/*
 * snitch_refuse_now() - the verdict that tells a sender no at its first packet
 * @tcp: only ECONNREFUSED gets through connect(); any other error hangs there
 * @action: SNITCH_DROP tells nothing: the packet just is not sent
 */
unsigned int snitch_refuse_now(struct sk_buff *skb, bool tcp, u32 action)
{
	if (action == SNITCH_DROP) {
		kfree_skb(skb);
		return NF_STOLEN;
	}
	return NF_DROP_ERR((tcp ? -ECONNREFUSED : -EPERM));
}

/* ---- visits that are not judged ---- */

/* IPsec shows each packet again, wrapped. */
static bool hook_second_visit(const struct sk_buff *skb, const struct nf_hook_state *state)
{
	if (state->pf == NFPROTO_IPV4)
		return IPCB(skb)->flags & IPSKB_XFRM_TRANSFORMED;
#if IS_ENABLED(CONFIG_IPV6)
	return IP6CB(skb)->flags & IP6SKB_XFRM_TRANSFORMED;
#else
	return false;
#endif
}

/* A VRF shows each packet again with the real device, but for those to its own addresses: they
 * come back in by the VRF itself, as others do by loopback.
 */
static bool hook_vrf_again(const struct sk_buff *skb, u8 pf)
{
	if (pf == NFPROTO_IPV4)
		return skb_rtable(skb)->rt_type != RTN_LOCAL;
#if IS_ENABLED(CONFIG_IPV6)
	return !(((const struct rt6_info *)skb_dst(skb))->rt6i_flags & (RTF_LOCAL | RTF_ANYCAST));
#else
	return true;
#endif
}

/* ---- known flows ---- */

static u32 hook_uid(void)
{
	return __kuid_val(current_euid());	/* as the initial user namespace counts */
}

/* The image that made the flow was replaced by exec, and somebody still holds
 * the socket: data that leave now may be another program's.
 */
static bool hook_inherited(const struct snitch_flow *f, const struct sock *sk)
{
	const struct snitch_image *image = rcu_dereference(f->image);

	return image && READ_ONCE(image->replaced) && !sock_flag(sk, SOCK_DEAD);
}

static struct snitch_flow *hook_find(const struct hook_packet *h)
{
	const struct snitch_flow_key key = {
		.sk = h->sk,
		.cookie = h->cookie,
		.daddr = &h->packet.daddr,
		.peer = h->packet.peer,
		.loopback = h->loopback,
		.tcp = h->tcp,
		.mine = h->mine,
	};

	return snitch_flow_find(&key);
}

/* True: the entry lets this very packet go on, by what only the slow look knows. */
static bool hook_passes(struct hook_packet *h, struct snitch_flow *f)
{
	if (!snitch_flow_current(f) || f->action != SNITCH_ALLOW)
		return false;
	if (h->mine ? !snitch_flow_is_currents(f)
		    : !rcu_access_pointer(f->image) || hook_inherited(f, h->sk))
		return false;
	snitch_flow_account(f, h->skb->len);
	return true;
}

/* ---- judgement ---- */

static void hook_subject(const struct hook_packet *h, struct snitch_subject *s)
{
	s->packet = &h->packet;
	s->netns = h->state->net->ns.inum;
	s->loopback = h->loopback;
}

void snitch_hook_tell(const struct snitch_subject *s, const struct snitch_judgement *j, u64 cookie)
{
	if (j->action != SNITCH_ALLOW)
		snitch_audit_refused(s->image, s->uid, s->packet, j->action, j->origin,
				     j->origin_id);
	if (snitch_observed())
		snitch_tell_judged(s, j, cookie, 0);
}

/* @answer: NULL, or it is an answer and for as long only */
static int hook_remember(const struct sock *sk, u64 cookie, const struct snitch_subject *s,
			 const struct snitch_judgement *j, const struct snitch_answer *answer)
{
	struct snitch_flow_new n = {
		.sk = sk,
		.cookie = cookie,
		.generation = j->generation,
		.sets = j->sets,
		.image = s->image,
		.packet = s->packet,
		.uid = s->uid,
		.netns = s->netns,
		.action = j->action,
		.origin = j->origin,
		.origin_id = j->origin_id,
		.loopback = s->loopback,
		.flags = answer ? SNITCH_FLOW_REPLY :
			 j->origin == SNITCH_BY_INBOUND ? SNITCH_FLOW_WEAK : 0,
		.until = answer ? answer->until : 0,
		.packets = 1,
		.bytes = s->packet->len,
	};

	return snitch_flow_add(&n);
}

int snitch_hook_remember(const struct sock *sk, u64 cookie, const struct snitch_subject *s,
			 const struct snitch_judgement *j)
{
	return hook_remember(sk, cookie, s, j, NULL);
}

static unsigned int hook_kernel(struct hook_packet *h, u32 kernel)
{
	struct snitch_subject s = { .kernel = kernel };
	struct snitch_judgement j;
	bool allow;

	if (!snitch_policy_judge_kind(kernel, &j) || j.action != SNITCH_ALLOW) {
		hook_subject(h, &s);
		s.ifindex = h->state->out->ifindex;
		s.image = snitch_image_kernel(kernel);
		snitch_policy_judge(&s, &j);
		if (j.action != SNITCH_ALLOW)
			snitch_audit_refused(s.image, 0, s.packet, j.action, j.origin,
					     j.origin_id);
		snitch_image_put(s.image);
	}
	allow = j.action == SNITCH_ALLOW;
	if (j.unmatched)
		snitch_count(allow ? SNITCH_C_KERNEL_ALLOWED : SNITCH_C_KERNEL_REFUSED);
	return allow ? NF_ACCEPT : NF_DROP;
}

/*
 * A refused connection ends; its RST is the end already. What TCP has in its queue goes no more
 * until then, whoever's entry would let it: the next packet out of softirq has no sender.
 * @image: on whose account; NULL: nobody's, its owner's next packet does it
 */
static void hook_abort(const struct hook_packet *h, const struct snitch_image *image, u32 origin,
		       u64 origin_id)
{
	if (!h->tcp || h->sk->sk_state == TCP_SYN_SENT || h->packet.tcp_flags & SNITCH_TCP_RST)
		return;
	snitch_flow_cut(h->sk, h->cookie, origin, origin_id);
	if (image)
		snitch_revoke_abort(h->sk, image);
}

/* Does what is refused come again by itself, out of a context that names nobody? Then it is
 * remembered who sent it: whoever holds the socket by then may be allowed what he was not.
 */
static bool hook_repeats(const struct hook_packet *h, u32 action)
{
	if (h->tcp)
		return action == SNITCH_DROP && h->packet.tcp_flags & SNITCH_TCP_SYN;
	return h->sk->sk_protocol == IPPROTO_SCTP || h->sk->sk_protocol == IPPROTO_DCCP;
}

/* A final judgement: remember what is allowed, refuse the rest. */
static unsigned int hook_final(struct hook_packet *h, const struct snitch_subject *s,
			       const struct snitch_judgement *j)
{
	snitch_hook_tell(s, j, h->cookie);
	if (j->action != SNITCH_ALLOW) {
		snitch_count(SNITCH_C_REFUSED);
		hook_abort(h, s->image, j->origin, j->origin_id);
		if (h->cookie && hook_repeats(h, j->action))
			snitch_hook_remember(h->tcp ? h->sk : NULL, h->cookie, s, j);
		return snitch_refuse_now(h->skb, h->tcp, j->action);
	}
	if (h->cookie && snitch_hook_remember(h->tcp ? h->sk : NULL, h->cookie, s, j)) {
		snitch_count(SNITCH_C_BOUND_GLOBAL);
		return snitch_refuse_now(h->skb, h->tcp, SNITCH_DENY);
	}
	snitch_count(SNITCH_C_ACCEPTED);
	return NF_ACCEPT;
}

/* A connection that came in is its server's, also when that gives it to another program or user:
 * not asked about, only denied by a rule.
 */
static void hook_inbound(const struct snitch_flow *f, struct snitch_judgement *j)
{
	if (!(f->flags & SNITCH_FLOW_WEAK) || f->origin != SNITCH_BY_INBOUND ||
	    READ_ONCE(f->action) != SNITCH_ALLOW || !snitch_judgement_open(j))
		return;
	j->action = SNITCH_ALLOW;
	j->origin = SNITCH_BY_INBOUND;
	j->origin_id = 0;
}

/*
 * Where no rule speaks, an answer to what came in may go. What a rule or a
 * person says stands, and lockdown: like an accepted connection it is refused
 * only by an explicit deny. True: @verdict.
 */
static bool hook_answer(struct hook_packet *h, const struct snitch_subject *s,
			struct snitch_judgement *j, unsigned int *verdict)
{
	struct snitch_answer answer;

	if (j->action == SNITCH_ALLOW || !snitch_judgement_open(j) || h->tcp ||
	    !snitch_reply_answers(h->sk, h->cookie, s, &answer))
		return false;
	j->action = SNITCH_ALLOW;
	j->origin = SNITCH_BY_INBOUND;
	j->origin_id = 0;
	snitch_hook_tell(s, j, h->cookie);
	/* Who has one question has one answer: a server's many peers fill no table. */
	if (answer.again)
		hook_remember(NULL, h->cookie, s, j, &answer);
	*verdict = NF_ACCEPT;
	return true;
}

/* What a program can set on a socket, every packet's header carries. */
static bool hook_has_options(const struct hook_packet *h)
{
	if (h->packet.family == AF_INET)
		return *skb_network_header(h->skb) != SNITCH_PLAIN_V4;
	return ipv6_hdr(h->skb)->nexthdr != IPPROTO_TCP;
}

/* A segment of the connection itself: whoever holds it now, nothing of his is in it. */
static bool hook_is_bare(const struct hook_packet *h)
{
	return h->tcp && !h->packet.unparsed && !h->packet.payload &&
	       !(h->packet.tcp_flags & SNITCH_TCP_SYN) && !hook_has_options(h);
}

/*
 * The last who holds a socket ends the connection in its own name, though it never spoke on it;
 * were that refused, it would be sent again as nobody's. One that exec closed also acknowledges
 * what comes meanwhile.
 */
static bool hook_only_closes(const struct hook_packet *h, const struct snitch_image *owner)
{
	if (!hook_is_bare(h))
		return false;
	return h->packet.tcp_flags & (SNITCH_TCP_FIN | SNITCH_TCP_RST) ||
	       (READ_ONCE(owner->replaced) && owner->pid == task_tgid(current));
}

static bool hook_has_data(const struct hook_packet *h)
{
	return h->packet.payload || h->packet.unparsed;
}

/* Is it what somebody wants to see before it goes? See data.h. */
static bool hook_is_data(const struct hook_packet *h, const struct snitch_flow *f)
{
	return READ_ONCE(f->action) != SNITCH_ASK || hook_has_data(h);
}

/* Nobody can be asked, and it stays in TCP's queue: was it on another program's connection? One
 * that went past its peer has no entry.
 */
static bool hook_must_end(const struct hook_packet *h, const struct snitch_flow *f, u32 flags,
			  unsigned int verdict)
{
	return (verdict & NF_VERDICT_MASK) == NF_DROP && hook_has_data(h) &&
	       (!f || flags & SNITCH_F_FOREIGN_DATA);
}

/*
 * An entry stands for this packet, but not for this sender, or not under this
 * policy. True: @verdict; false: judge it as a new flow.
 */
static bool hook_entry(struct hook_packet *h, struct snitch_flow *f, struct snitch_subject *s,
		       unsigned int *verdict)
{
	struct snitch_image *owner = rcu_dereference(f->image);
	u32 action;

	if (h->mine && !snitch_flow_sender_is(f, s->image, s->uid)) {
		if (owner && hook_only_closes(h, owner)) {
			s->image = owner;
			s->uid = f->uid;
		} else {
			if (owner || !(f->flags & SNITCH_FLOW_WEAK)) {
				snitch_count(SNITCH_C_SWITCHED);
				return false;
			}
			/* The first to speak on an accepted or older connection. */
			WRITE_ONCE(f->generation, 0);
		}
	} else if (!h->mine) {
		/* Data: its sender is looked for first; of a connection older than us
		 * that nobody holds any more there is none.
		 */
		if (!owner && f->action == SNITCH_ALLOW && h->packet.payload &&
		    !(f->origin == SNITCH_BY_OLDER && sock_flag(h->sk, SOCK_DEAD)))
			return false;
		if (!owner) {		/* nobody has spoken on it yet */
			*verdict = f->action == SNITCH_ALLOW ? NF_ACCEPT : NF_DROP;
			return true;
		}
		if (f->action == SNITCH_ALLOW && hook_inherited(f, h->sk) && !hook_is_bare(h))
			return false;
		s->image = owner;
		s->uid = f->uid;
	}
	action = f->action;
	if (!snitch_flow_current(f))
		action = snitch_revoke_judge(f, s);
	/* An entry that says so waits for first data, and lets everything else go. */
	if (action == SNITCH_ASK && hook_is_data(h, f))
		return false;
	if (action == SNITCH_ALLOW || action == SNITCH_ASK) {
		if (!owner)
			snitch_flow_claim(f, s->image, s->uid);
		snitch_flow_account(f, h->skb->len);
		*verdict = NF_ACCEPT;
		return true;
	}
	hook_abort(h, s->image, f->origin, f->origin_id);
	*verdict = snitch_refuse_now(h->skb, h->tcp, action);
	return true;
}

/*
 * Some who look up a name pay no heed to what send() says, and wait for the
 * answer that cannot come (dig does): a connected socket is told as by a
 * closed port, too, unless the question went past its peer.
 */
static void hook_end_lookup(const struct hook_packet *h, unsigned int verdict)
{
	if (verdict != NF_DROP_ERR(-EPERM) || !h->mine || h->packet.proto != IPPROTO_UDP ||
	    h->packet.dport != SNITCH_DNS_PORT ||
	    READ_ONCE(h->sk->sk_state) != TCP_ESTABLISHED ||
	    !snitch_packet_to_peer(&h->packet, h->sk))
		return;
	WRITE_ONCE(h->sk->sk_err, ECONNREFUSED);
	sk_error_report(h->sk);
}

/* A user's packet that no entry lets pass at once. */
static unsigned int hook_judge(struct hook_packet *h, struct snitch_flow *f)
{
	struct snitch_subject s = {};
	struct snitch_judgement j;
	struct snitch_image *mine = NULL;
	unsigned int verdict;
	u32 flags = 0;

	hook_subject(h, &s);
	if (h->mine) {
		mine = snitch_image_current();
		if (!mine) {
			if (hook_has_data(h))
				hook_abort(h, NULL, SNITCH_BY_FAIL, 0);
			return snitch_refuse_now(h->skb, h->tcp, SNITCH_DENY);
		}
		s.image = mine;
		s.uid = hook_uid();
	}
	if (f) {
		if (mine && !snitch_flow_current(f))
			snitch_image_check(mine);
		if (hook_entry(h, f, &s, &verdict))
			goto out;
		s.image = mine;
		if (mine)
			s.uid = hook_uid();
		if (READ_ONCE(f->action) == SNITCH_ASK && h->packet.payload)
			flags |= SNITCH_F_DATA;
		if (h->mine ? !snitch_flow_sender_is(f, mine, s.uid) : hook_inherited(f, h->sk))
			flags |= SNITCH_F_FOREIGN_DATA;
	}
	if (!h->mine) {
		snitch_count(SNITCH_C_FOREIGN);
		return snitch_park_packet(h->skb, h->state, &s, NULL, h->cookie,
					  flags | SNITCH_F_ADOPTED);
	}
	snitch_image_check(s.image);
	snitch_policy_judge(&s, &j);
	snitch_image_refresh(s.image);
	if (hook_answer(h, &s, &j, &verdict))
		goto out;
	if (f)
		hook_inbound(f, &j);
	if (j.action == SNITCH_ASK) {
		if (h->packet.unparsed)
			flags |= SNITCH_F_UNPARSED;
		verdict = snitch_park_packet(h->skb, h->state, &s, &j, h->cookie, flags);
		if (hook_must_end(h, f, flags, verdict))
			hook_abort(h, mine, SNITCH_BY_FAIL, 0);
	} else {
		verdict = hook_final(h, &s, &j);
	}
out:
	snitch_image_put(mine);
	hook_end_lookup(h, verdict);
	return verdict;
}

/* ---- the way in ---- */

/* Noted before it is judged: who is asked about it shall see what it asks for. */
static void hook_question(const struct hook_packet *h)
{
	struct snitch_image *image = snitch_image_current();

	if (!image)
		return;
	snitch_dns_question(h->skb, h->state->pf, image, hook_uid(), h->state->net->ns.inum);
	snitch_image_put(image);
}

/* The same over TCP. What had to wait, the kernel sends for who has spoken. */
static void hook_segment(const struct hook_packet *h, const struct snitch_flow *f)
{
	struct snitch_image *mine = h->mine ? snitch_image_current() : NULL;
	struct snitch_image *image = mine;

	if (!h->mine && f)
		image = rcu_dereference(f->image);
	if (image)
		snitch_dnstcp_question(h->skb, h->state->pf, h->sk, h->cookie, image,
				       mine ? hook_uid() : f->uid);
	snitch_image_put(mine);
}

static unsigned int hook_user(struct hook_packet *h)
{
	struct snitch_flow *f = NULL;

	if (h->mine && snitch_dns_is_question(h->packet.peer.word) && !h->packet.unparsed)
		hook_question(h);
	h->cookie = atomic64_read(&h->sk->sk_cookie);
	if (h->cookie)
		f = hook_find(h);
	else		/* no entry knows a socket that has none */
		h->cookie = snitch_cookie_make(h->sk);
	/* Only towards its own peer: a routing header may have been put on it. */
	if (!f && h->tcp && h->sk->sk_state != TCP_SYN_SENT &&
	    snitch_packet_to_peer(&h->packet, h->sk))
		f = snitch_flow_adopt(h->sk, &h->packet, h->loopback);
	if (h->tcp && snitch_dns_is_segment(h->packet.dport) && h->packet.payload &&
	    snitch_packet_to_peer(&h->packet, h->sk))
		hook_segment(h, f);
	if (f && hook_passes(h, f))
		return NF_ACCEPT;
	return hook_judge(h, f);
}

/*
 * Resets and acknowledgements that the kernel answers with by itself. Newer
 * kernels put the socket on them that was spoken to; it may be a listener's or
 * a closed one's and did not send them. No packet of a user's has this mark.
 */
static bool hook_is_answer(const struct sk_buff *skb)
{
	return skb->destructor == sock_edemux;
}

/* Whose packet is it? All but what the fast path recognised. */
static noinline unsigned int hook_slow(struct sk_buff *skb, const struct nf_hook_state *state,
				       bool loopback)
{
	struct hook_packet h;
	u32 kernel = 0;

	h.skb = skb;
	h.state = state;
	h.sk = state->sk;
	h.loopback = loopback;
	/* First, for a SYN-ACK bears the mark of an answer, too. */
	if (h.sk && snitch_owner_is_tcp(h.sk) && h.sk->sk_state == TCP_LISTEN) {
		snitch_count(SNITCH_C_REFUSED);
		return NF_DROP;		/* an answer with headers of the program's own making */
	}
	if (hook_is_answer(skb))
		h.sk = NULL;
	snitch_packet_parse(&h.packet, skb, state->pf);
	if (h.packet.unparsed)
		snitch_count(SNITCH_C_UNPARSED);
	switch (snitch_owner_context(h.sk, &h.packet, &kernel)) {
	case SNITCH_CTX_KERNEL:
		return hook_kernel(&h, kernel);
	case SNITCH_CTX_TASK:
		h.mine = true;
		break;
	case SNITCH_CTX_FOREIGN:
		h.mine = false;
		break;
	}
	h.tcp = snitch_owner_is_tcp(h.sk) && h.packet.proto == IPPROTO_TCP;
	return hook_user(&h);
}

/*
 * Nearly all packets end here: of known flows, and answers to inbound traffic
 * that the kernel makes alone (sockets that are still requests or only wait,
 * and a listener's SYN-ACK with a cookie).
 */
static __always_inline bool hook_known(const struct sock *sk, const struct sk_buff *skb, bool v4,
				       bool loopback)
{
	if (!sk_fullsock(sk))
		return true;
	if (!snitch_owner_is_tcp(sk))
		return snitch_flow_passes_other(sk, skb, v4, loopback);
	if (sk->sk_state != TCP_LISTEN)
		return snitch_flow_passes_tcp(sk, skb, v4, loopback);
	/* A routing header on the listener could send it anywhere: see hook_slow(). */
	return v4 || ipv6_hdr(skb)->nexthdr == IPPROTO_TCP;
}

static __always_inline unsigned int hook_any(struct sk_buff *skb, const struct nf_hook_state *state,
					     bool loopback)
{
	const struct sock *sk = state->sk;

	if (sk && hook_known(sk, skb, state->pf == NFPROTO_IPV4, loopback))
		return NF_ACCEPT;
	return hook_slow(skb, state, loopback);
}

/*
 * Does it stay on this machine, with all that answers it?
 *
 * What leaves by loopback comes back in, and is answered by the kernel: echo
 * replies, errors that quote it, SYN-ACKs. With somebody else's source those
 * answers go out.
 */
static bool hook_stays(const struct sk_buff *skb, const struct nf_hook_state *state)
{
	return snitch_packet_source_is_ours(skb, state->pf == NFPROTO_IPV4, state->net,
					    state->out);
}

/* Apart, for the calls in them make others save registers. */
static noinline unsigned int hook_to_loopback(struct sk_buff *skb,
					      const struct nf_hook_state *state)
{
	return hook_any(skb, state, hook_stays(skb, state));
}

static noinline unsigned int hook_to_vrf(struct sk_buff *skb, const struct nf_hook_state *state)
{
	if (hook_vrf_again(skb, state->pf) || hook_second_visit(skb, state))
		return NF_ACCEPT;
	return hook_to_loopback(skb, state);
}

/*
 * snitch_hook() - NF_INET_LOCAL_OUT, IPv4 and IPv6
 *
 * Return: NF_ACCEPT, a drop with the errno the sender shall see, or NF_STOLEN.
 * Context: under rcu_read_lock(); process context or softirq.
 */
unsigned int snitch_hook(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	if (!snitch_policy_armed())
		return NF_ACCEPT;
	if (unlikely(netif_is_l3_master(state->out)))
		return hook_to_vrf(skb, state);
	if (hook_second_visit(skb, state))
		return NF_ACCEPT;
	if (unlikely(state->out->flags & IFF_LOOPBACK))
		return hook_to_loopback(skb, state);
	return hook_any(skb, state, false);
}
