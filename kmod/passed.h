/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Passed: open connections that come into another program's hands, as
 * SCM_RIGHTS, pidfd_getfd() and the like do it (one place of the kernel, a
 * kprobe stands there), or by exec. What that program sends is judged when
 * it leaves in its context; what it only adds to a queue leaves in softirq
 * with the verdict that was given, and nobody can tell whose bytes those
 * are. So whoever has no rule for such a connection is told to observers
 * when it gets it, and counted: it is detected, not stopped.
 *
 * Lifetimes: a note has references to socket, image and pid, waits in a
 * lock-free list (PASSED_MAX at most; what does not fit is counted as a lost
 * event) and is judged by one worker.
 */
#ifndef SNITCH_PASSED_H
#define SNITCH_PASSED_H

/* 0 or -ENOMEM. Where the kernel has no place to probe it says so and goes on: it stops nothing. */
int snitch_passed_init(void);
void snitch_passed_exit(void);

/* current has just executed a program: what it still has open came from another. Probe. */
void snitch_passed_execed(void);

#endif
