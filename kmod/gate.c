// SPDX-License-Identifier: GPL-2.0-only
/* Gate: see gate.h. */
#include <linux/if_packet.h>
#include <linux/if_xdp.h>
#include <linux/kprobes.h>
#include <linux/netdevice.h>

#include "egress.h"
#include "gate.h"
#include "policy.h"

/* Under rcu_read_lock(). */
static bool gate_loopback(struct net *net, const struct snitch_packet *p)
{
	const struct net_device *out = dev_get_by_index_rcu(net, ntohl(p->daddr.ip6[0]));

	return out && out->flags & IFF_LOOPBACK;
}

static bool gate_passes(const struct socket *sock, const struct snitch_packet *p)
{
	bool passes;

	rcu_read_lock();
	passes = snitch_egress_passes(sock->sk, p, gate_loopback(sock_net(sock->sk), p));
	rcu_read_unlock();
	return passes;
}

/* Allowed: there is an entry now, and gate_passes() finds it. */
static int gate_judge(struct socket *sock, const struct snitch_packet *p)
{
	struct net *net = sock_net(sock->sk);
	u32 action;

	rcu_read_lock();
	action = snitch_egress_judge(sock->sk, net, p, gate_loopback(net, p));
	rcu_read_unlock();
	return action == SNITCH_ALLOW ? 0 : -EPERM;
}

/* ---- AF_PACKET ---- */

/* Where a frame says it goes: the call's address, or the socket's. The type of one that the
 * sender made whole is not known.
 */
static void gate_claim(const struct socket *sock, const struct msghdr *msg, size_t len,
		       struct snitch_packet *p)
{
	const struct sockaddr_ll *to = msg->msg_name;
	struct net *net = sock_net(sock->sk);
	struct sockaddr_ll own = {};

	if (sock->type == SOCK_PACKET) {
		snitch_egress_packet(p, net, 0, 0, len);
		return;
	}
	if (!to || msg->msg_namelen < offsetof(struct sockaddr_ll, sll_hatype)) {
		sock->ops->getname((struct socket *)sock, (struct sockaddr *)&own, 0);
		to = &own;
	}
	snitch_egress_packet(p, net, to->sll_ifindex,
			     sock->type == SOCK_DGRAM ? ntohs(to->sll_protocol) : 0, len);
}

static bool gate_frame_ready(const struct socket *sock, const void *msg)
{
	struct snitch_packet p;

	if (SNITCH_COMPAT_EGRESS)
		return snitch_egress_watched(sock_net(sock->sk));
	gate_claim(sock, msg, 0, &p);
	return gate_passes(sock, &p);
}

static int gate_send(struct socket *sock, struct msghdr *msg, size_t len)
{
	struct snitch_packet p;
	int err;

	if (SNITCH_COMPAT_EGRESS) {
		err = snitch_egress_watch(sock_net(sock->sk));
	} else {
		gate_claim(sock, msg, len, &p);
		err = gate_judge(sock, &p);
	}
	err = err ?: sock->ops->sendmsg(sock, msg, len);
	module_put(THIS_MODULE);
	return err;
}

/* ---- AF_XDP ---- */

static bool gate_xdp_ready(const struct socket *sock, const void *addr)
{
	const struct sockaddr_xdp *at = addr;
	struct snitch_packet p;

	snitch_egress_packet(&p, sock_net(sock->sk), at->sxdp_ifindex, 0, 0);
	return gate_passes(sock, &p);
}

/* Too short an address is refused by the socket's own. */
static int gate_xdp_bind(struct socket *sock, void *addr, int len)
{
	const struct sockaddr_xdp *at = addr;
	struct snitch_packet p;
	int err = -EINVAL;

	if (len >= (int)sizeof(*at)) {
		snitch_egress_packet(&p, sock_net(sock->sk), at->sxdp_ifindex, 0, 0);
		err = gate_judge(sock, &p) ?: sock->ops->bind(sock, addr, len);
	}
	module_put(THIS_MODULE);
	return err;
}

/* ---- probes ---- */

/**
 * struct gate - one function that is watched
 * @kp: its probe
 * @ready: may the call go on? of its first two arguments; any context
 * @instead: what runs if not
 * @up: registered
 */
struct gate {
	struct kprobe kp;
	bool (*ready)(const struct socket *sock, const void *arg);
	unsigned long instead;
	bool up;
};

static int gate_probe(struct kprobe *kp, struct pt_regs *regs)
{
	const struct gate *g = container_of(kp, struct gate, kp);
	const struct socket *sock = (const struct socket *)regs_get_kernel_argument(regs, 0);

	if (!snitch_policy_armed() ||
	    g->ready(sock, (const void *)regs_get_kernel_argument(regs, 1)) ||
	    !try_module_get(THIS_MODULE))
		return 0;
	instruction_pointer_set(regs, g->instead);
	return 1;
}

/* That there is one keeps the probe from being made a jump, after which nobody could be sent
 * elsewhere.
 */
static void gate_probed(struct kprobe *kp, struct pt_regs *regs, unsigned long flags)
{
}

#define GATE(symbol, is_ready, runs) {			\
	.kp = {						\
		.symbol_name = symbol,			\
		.pre_handler = gate_probe,		\
		.post_handler = gate_probed,		\
	},						\
	.ready = is_ready,				\
	.instead = (unsigned long)(runs),		\
}

static struct gate gates[] = {
	GATE("packet_sendmsg", gate_frame_ready, gate_send),
	GATE("packet_sendmsg_spkt", gate_frame_ready, gate_send),	/* SOCK_PACKET */
	GATE("xsk_bind", gate_xdp_ready, gate_xdp_bind),
};

int snitch_gate_init(void)
{
	int err, failed = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(gates); i++) {
		err = register_kprobe(&gates[i].kp);
		gates[i].up = !err;
		if (!err)
			continue;
		if (err == -ENOMEM) {	/* of this moment, and not what the kernel has not */
			snitch_gate_exit();
			return err;
		}
		if (gates[i].ready == gate_frame_ready)
			failed = err;
		else if (err != -ENOENT)	/* no such sockets in this kernel */
			pr_warn("AF_XDP is not judged: no probe (%d)\n", err);
	}
	return failed;
}

void snitch_gate_exit(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(gates); i++) {
		if (gates[i].up)
			unregister_kprobe(&gates[i].kp);
		gates[i].up = false;
	}
	synchronize_rcu_tasks();	/* who has just given the module back */
}
