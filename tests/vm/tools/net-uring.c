// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Operations by io_uring: in the submitter's own context, in a worker thread, or by a
 * thread that polls the ring. Must never touch the socket itself.
 */
#include <errno.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "netprog.h"

struct ring {
	int fd;
	unsigned int *sq_tail, *sq_mask, *sq_flags, *sq_array;
	unsigned int *cq_head, *cq_tail, *cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
};

static void *ring_map(int fd, size_t len, off_t what)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, what);

	if (p == MAP_FAILED)
		die("ring mmap");
	return p;
}

static void ring_open(struct ring *r, enum uring how)
{
	struct io_uring_params p = { .flags = how == URING_SQPOLL ? IORING_SETUP_SQPOLL : 0,
				     .sq_thread_idle = 50 };
	char *sq, *cq;

	r->fd = syscall(SYS_io_uring_setup, 8, &p);
	if (r->fd < 0)
		die("io_uring_setup");
	sq = ring_map(r->fd, p.sq_off.array + p.sq_entries * sizeof(unsigned int),
		      IORING_OFF_SQ_RING);
	cq = ring_map(r->fd, p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe),
		      IORING_OFF_CQ_RING);
	r->sqes = ring_map(r->fd, p.sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
	r->sq_tail = (unsigned int *)(sq + p.sq_off.tail);
	r->sq_mask = (unsigned int *)(sq + p.sq_off.ring_mask);
	r->sq_flags = (unsigned int *)(sq + p.sq_off.flags);
	r->sq_array = (unsigned int *)(sq + p.sq_off.array);
	r->cq_head = (unsigned int *)(cq + p.cq_off.head);
	r->cq_tail = (unsigned int *)(cq + p.cq_off.tail);
	r->cq_mask = (unsigned int *)(cq + p.cq_off.ring_mask);
	r->cqes = (struct io_uring_cqe *)(cq + p.cq_off.cqes);
}

/* Until there is a completion; the polling thread is woken when it sleeps. */
static int ring_run(struct ring *r, const struct io_uring_sqe *sqe, enum uring how)
{
	unsigned int tail = *r->sq_tail, slot = tail & *r->sq_mask, head = *r->cq_head;
	unsigned int flags = IORING_ENTER_GETEVENTS, submit = 1;
	int res;

	r->sqes[slot] = *sqe;
	if (how == URING_ASYNC)
		r->sqes[slot].flags |= IOSQE_ASYNC;
	else if (how == URING_FIXED)
		r->sqes[slot].flags |= IOSQE_FIXED_FILE;
	r->sq_array[slot] = slot;
	__atomic_store_n(r->sq_tail, tail + 1, __ATOMIC_SEQ_CST);
	if (how == URING_SQPOLL) {
		submit = 0;
		if (__atomic_load_n(r->sq_flags, __ATOMIC_SEQ_CST) & IORING_SQ_NEED_WAKEUP)
			flags |= IORING_ENTER_SQ_WAKEUP;
	}
	while (__atomic_load_n(r->cq_tail, __ATOMIC_ACQUIRE) == head) {
		if (syscall(SYS_io_uring_enter, r->fd, submit, 1, flags, NULL, 0) < 0 &&
		    errno != EINTR)
			die("io_uring_enter");
		submit = 0;
	}
	res = r->cqes[head & *r->cq_mask].res;
	__atomic_store_n(r->cq_head, head + 1, __ATOMIC_RELEASE);
	return res;
}

static int run_one(struct io_uring_sqe *sqe, enum uring how)
{
	struct ring r;
	int res;

	ring_open(&r, how);
	if (how == URING_FIXED) {
		if (syscall(SYS_io_uring_register, r.fd, IORING_REGISTER_FILES, &sqe->fd, 1) < 0)
			die("io_uring_register");
		close(sqe->fd);
		sqe->fd = 0;	/* the first of the ring's own */
	}
	res = ring_run(&r, sqe, how);
	return res < 0 ? -res : 0;
}

int uring_connect(int fd, const union address *a, socklen_t len, enum uring how)
{
	struct io_uring_sqe sqe = { .opcode = IORING_OP_CONNECT, .fd = fd,
				    .addr = (unsigned long)a, .off = len };

	return run_one(&sqe, how);
}

int uring_send(int fd, const void *data, size_t len, enum uring how)
{
	struct io_uring_sqe sqe = { .opcode = IORING_OP_SEND, .fd = fd,
				    .addr = (unsigned long)data, .len = len,
				    .msg_flags = MSG_NOSIGNAL };

	return run_one(&sqe, how);
}

ssize_t uring_move(int fd, void *data, size_t len, int receive)
{
	struct io_uring_sqe sqe = { .opcode = receive ? IORING_OP_RECV : IORING_OP_SEND, .fd = fd,
				    .addr = (unsigned long)data, .len = len,
				    .msg_flags = MSG_NOSIGNAL };
	static struct ring ring;
	int res;

	if (!ring.sqes)
		ring_open(&ring, URING_INLINE);
	res = ring_run(&ring, &sqe, URING_INLINE);
	errno = res < 0 ? -res : 0;
	return res < 0 ? -1 : res;
}
