/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netprog: the programs that want to talk. One static executable that the cases copy to
 * other paths, so that each copy is a program of its own to snitch.
 * Must never say that something worked because it was sent: the far end counts.
 *
 * Each operation prints one line: WHAT RESULT us=N, where RESULT is OK or errno's name and
 * N is the guest time it took in microseconds.
 */
#ifndef NETPROG_H
#define NETPROG_H

#include <netinet/in.h>
#include <stdint.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

__attribute__((format(printf, 1, 2), noreturn)) void die(const char *fmt, ...);
uint64_t now_us(void);
/* report() - the line of one operation; @err 0 is OK. */
void report(const char *what, int err, uint64_t start);
/* option() - takes "--name VALUE" out of the arguments; @fallback when absent. */
const char *option(const char *name, const char *fallback);
long option_number(const char *name, long fallback);
/* option_slow() - how many times slower than a stock kernel: $SLOW. */
long option_slow(void);
/* option_wait(), option_sleep() - milliseconds, more of them on a slow kernel ($SLOW): a wait
 * ends early when what it waits for comes, a sleep does not, so it grows less.
 */
long option_wait(const char *name, long fallback);
long option_sleep(const char *name, long fallback);
/* flag() - takes "--name" out. */
int flag(const char *name);
/* arg() - the next argument left; dies with @what when there is none. */
const char *arg(const char *what);
int more_args(void);
/* program_path() - argv[0]. */
char *program_path(void);

union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* address_of() - numeric address, fe80::1%DEVICE too, and port; returns the length for the calls. */
socklen_t address_of(union address *a, const char *text, unsigned int port);
/* socket_for() - dies when the kernel has no such socket. */
int socket_for(const union address *a, int type, int proto);
/* bind_port() - any address of @a's family; nothing when @port is 0. */
void bind_port(int fd, const union address *a, unsigned int port);
/* accept_one() - listens at any address, v4 and v6, says so, and returns the first connection. */
int accept_one(unsigned int port);
/* give_fd() - to whoever listens at a unix socket, within 10 s; 0 or an errno. receive_fd() - does. */
int give_fd(const char *path, int fd);
int receive_fd(const char *path);
/* wait_connect() - a nonblocking connect's end: 0, its errno, or ETIMEDOUT. */
int wait_connect(int fd, int ms);

/* net-crowd.c */
int do_crowd(void);
int do_ownfiles(void);
/* net-names.c */
int do_names(void);
/* net-lie.c */
int do_lie(void);
/* dns_labels() - "a.b" as a message has it; returns its length. */
size_t dns_labels(unsigned char *buf, const char *name);
int do_segments(void);
int do_hello(void);
/* net-basic.c */
int do_tcp(void);
int do_udp(void);
int do_icmp(void);
int do_raw(void);
int do_senddata(void);
/* net-many.c */
int do_udpmany(void);
int do_tcpmany(void);
int do_quick(void);
int do_churn(void);
/* net-evade.c */
int do_simopen(void);
int do_repair(void);
int do_forge(void);
int do_smc(void);
int do_reconnect(void);
int do_pass(void);
int do_take(void);
int do_listen(void);
/* send_fd(), take_fd() - a descriptor over a connected unix socket; send_fd() gives an errno. */
int send_fd(int s, int fd);
int take_fd(int s);
/* set_route(), clear_lsrr() - what a socket sends goes to @via first: @how srh, type2 or lsrr (a source
 * route, IPv4); and no more. An errno, which set_route() has reported; -1 with errno set.
 */
int set_route(const char *how, int fd, const union address *via);
int clear_lsrr(int fd);
int do_fabricate(void);
/* net-packet.c */
int do_packet(void);
/* net-tun.c */
int do_tun(void);
/* net-inject.c */
int do_inject(void);

/*
 * net-fault.c; on kernels with fault injection only.
 * fail_nth() - of this thread's allocations from now on the @n-th fails; 0: none. fail_left() - how
 * many were missing for that, 0: it did fail; ends it.
 */
void fail_nth(unsigned int n);
unsigned int fail_left(void);
int do_insmod(void);
/* net-xdp.c */
int do_xdp(void);
int do_pppoe(void);
/* net-disguise.c */
int do_disguise(void);
int do_lazyargv(void);
/* net-path.c */
int do_path(void);
int do_pathfd(void);
int do_answer(void);
int do_tfo(void);
int do_tfoleave(void);
int do_mixed(void);
int do_rounds(void);
/* net-uring.c: one operation each, by a ring of its own; 0 or an errno.
 * URING_FIXED closes the socket once the ring has it: then it is in no table of descriptors.
 */
enum uring { URING_INLINE, URING_ASYNC, URING_SQPOLL, URING_FIXED };
int uring_connect(int fd, const union address *a, socklen_t len, enum uring how);
int uring_send(int fd, const void *data, size_t len, enum uring how);
/* uring_move() - as send() and recv() return, errno too. */
ssize_t uring_move(int fd, void *data, size_t len, int receive);
/* net-load.c, net-feed.c */
int do_load(void);
int do_feed(void);
/* net-server.c */
int do_server(void);
/* net-steps.c */
int do_steps(void);
int do_fakeudp(void);
/* net-holes.c */
int do_via(void);
int do_viatcp(void);
int do_redirect(void);
int do_spray(void);
int do_switch(void);
/* net-life.c */
int do_badexec(void);
int do_oneshot(void);
int do_oneshots(void);
int do_rest(void);
int do_cloexec(void);
int do_stall(void);
int do_stuff(void);
/* net-torture.c, net-torture-run.c */
int do_torture(void);
int do_script(void);
int do_torture_run(void);
/* net-leak.c */
int do_kind(void);
int do_header(void);
int do_rawtype(void);
int do_freebind(void);
int do_steal(void);
int do_rxrpc(void);

#endif
