/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cleanup attributes that make ownership visible: a variable marked so is released at the end of
 * its scope. Never mark a variable whose value is handed on without snitch_take_ptr/take_fd.
 */
#ifndef SNITCH_UTIL_CLEANUP_H
#define SNITCH_UTIL_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void snitch_cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void snitch_cleanup_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void snitch_cleanup_fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define _cleanup_(f)	__attribute__((cleanup(f)))
#define _cleanup_free_	_cleanup_(snitch_cleanup_free)
#define _cleanup_close_	_cleanup_(snitch_cleanup_close)
#define _cleanup_fclose_	_cleanup_(snitch_cleanup_fclose)

/* The value of @p, which is NULL afterwards: ownership goes to the caller. */
#define snitch_take_ptr(p)			\
	({					\
		__typeof__(p) taken_ = (p);	\
		(p) = NULL;			\
		taken_;				\
	})

static inline int snitch_take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#define SNITCH_ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#endif
