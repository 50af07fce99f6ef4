/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mode: what happens to flows that no rule decides. Kept over restarts in one small file; it
 * never becomes "ask" by itself.
 */
#ifndef SNITCH_DAEMON_MODE_H
#define SNITCH_DAEMON_MODE_H

#include <stdint.h>

#include <linux/snitch.h>

/**
 * struct mode - the mode in force
 * @now: enum snitch_mode
 * @after: what @now falls back to
 * @until: when, CLOCK_REALTIME seconds; 0: never. Real time, because it outlives a reboot
 */
struct mode {
	uint32_t now;
	uint32_t after;
	uint64_t until;
};

/* Reads a mode's name. Return: 0 or -EINVAL. */
int mode_parse(const char *text, uint32_t *mode);

/**
 * mode_load() - the mode kept in @path
 *
 * Without a file: observe. A file that makes no sense counts as quiet, never as something more
 * open, and is told.
 *
 * Return: 0, 1 when the file made no sense, or a negative errno when it could not be read (quiet).
 */
int mode_load(struct mode *mode, const char *path);

/* Keeps @mode in @path: written to a new file, synced, renamed. Return: 0 or a negative errno. */
int mode_save(const struct mode *mode, const char *path);

/*
 * Changes @mode to @now for @seconds (0: until changed again), counted from @real_now. A timed
 * change on top of a timed one falls back to what the first would have fallen back to.
 */
void mode_set(struct mode *mode, uint32_t now, uint64_t seconds, uint64_t real_now);

/* Falls back when the time is over. Return: 1 when @mode changed, else 0. */
int mode_expire(struct mode *mode, uint64_t real_now);

#endif
