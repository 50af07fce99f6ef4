/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the bench's workload program share.
 * Must never grow beyond what tests/bench itself needs.
 */
#ifndef BENCH_WORKLOAD_H
#define BENCH_WORKLOAD_H

#include <netinet/in.h>
#include <stdint.h>

/* die() - says why, with errno, on stderr and ends with status 3; does not return. */
void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* now_ns() - CLOCK_MONOTONIC, nanoseconds. */
uint64_t now_ns(void);

/* address_of() - an IPv4 address and a decimal port; ends the program if it is none. */
struct sockaddr_in address_of(const char *text, const char *port);

/*
 * do_serve() - the far end, for ever: UDP 9000 and 9001 never read, TCP 9001 echoes, TCP 9002
 * discards. Prints "serving" when all are bound.
 */
void do_serve(char **argv);

/*
 * do_decide() - a decider as small as one can be, for ever. argv[0] is its only answer:
 * allow, hold, or remember: allow, and let the kernel do so from now on. Prints "deciding" when it is the decider. SIGTERM ends it: then, and only
 * with allow, it prints "verdict N", the median cost in ns of the write() of one verdict.
 */
void do_decide(char **argv);

#endif
