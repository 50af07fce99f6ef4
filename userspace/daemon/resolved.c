// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading systemd-resolved's monitor. It must never keep the loop waiting, nor keep more of one text
 * than its bound.
 */
#include "resolved.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../names/resolved.h"

/* The NUL at the end is part of it. */
static const char subscribe[] =
	"{\"method\":\"io.systemd.Resolve.Monitor.SubscribeQueryResults\",\"more\":true}";

/* @skipping: the rest of a text that was too long is passed over */
struct resolved {
	sd_event *event;
	struct sockaddr_un addr;
	resolved_text_t take;
	void *ctx;
	int fd;
	sd_event_source *source;
	bool skipping;
	size_t n;
	char buf[RESOLVED_TEXT_MAX];
};

struct resolved *resolved_new(sd_event *event, const char *root, resolved_text_t take, void *ctx)
{
	struct resolved *resolved = calloc(1, sizeof(*resolved));
	size_t size = sizeof(resolved->addr.sun_path);

	if (!resolved)
		return NULL;
	resolved->event = event;
	resolved->take = take;
	resolved->ctx = ctx;
	resolved->fd = -1;
	resolved->addr.sun_family = AF_UNIX;
	if ((size_t)snprintf(resolved->addr.sun_path, size, "%s" RESOLVED_SOCKET, root) >= size)
		resolved->addr.sun_path[0] = '\0';	/* there is no such socket */
	return resolved;
}

static void disconnect(struct resolved *resolved)
{
	resolved->source = sd_event_source_disable_unref(resolved->source);
	if (resolved->fd >= 0)
		close(resolved->fd);
	resolved->fd = -1;
}

void resolved_free(struct resolved *resolved)
{
	if (!resolved)
		return;
	disconnect(resolved);
	free(resolved);
}

bool resolved_connected(const struct resolved *resolved)
{
	return resolved->fd >= 0;
}

/* Hands over all texts that have ended. Return: false: no more. */
static bool hand_over(struct resolved *resolved)
{
	char *start = resolved->buf, *end = start + resolved->n, *stop;
	bool more = true;

	while (more && (stop = memchr(start, '\0', end - start))) {
		if (!resolved->skipping)
			more = resolved->take(resolved->ctx, start, stop - start);
		resolved->skipping = false;
		start = stop + 1;
	}
	resolved->n = end - start;
	memmove(resolved->buf, start, resolved->n);
	if (resolved->n == sizeof(resolved->buf)) {
		resolved->skipping = true;
		resolved->n = 0;
	}
	return more;
}

void resolved_catch_up(struct resolved *resolved)
{
	ssize_t n;

	if (resolved->fd < 0)
		return;
	n = read(resolved->fd, resolved->buf + resolved->n, sizeof(resolved->buf) - resolved->n);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		resolved->n += n;
	if (n <= 0 || !hand_over(resolved))
		disconnect(resolved);
}

static int on_readable(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	(void)source;
	(void)fd;
	(void)events;
	resolved_catch_up(userdata);
	return 0;
}

int resolved_connect(struct resolved *resolved)
{
	int r;

	if (resolved->fd >= 0)
		return 0;
	if (!resolved->addr.sun_path[0])
		return -ENOENT;
	resolved->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (resolved->fd < 0)
		return -errno;
	resolved->n = 0;
	resolved->skipping = false;
	if (connect(resolved->fd, (struct sockaddr *)&resolved->addr, sizeof(resolved->addr)) ||
	    send(resolved->fd, subscribe, sizeof(subscribe), MSG_NOSIGNAL) != sizeof(subscribe))
		r = errno ? -errno : -EIO;
	else
		r = sd_event_add_io(resolved->event, &resolved->source, resolved->fd, EPOLLIN,
				    on_readable, resolved);
	if (r < 0)
		disconnect(resolved);
	return r < 0 ? r : 0;
}
