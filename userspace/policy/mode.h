/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mode: what happens to flows that no rule decides. Kept over restarts in one small file; it
 * never becomes "ask" by itself.
 */
#ifndef SNITCH_POLICY_MODE_H
#define SNITCH_POLICY_MODE_H

#include <stdint.h>

#include <linux/snitch.h>

#define MODE_FILE	"/var/lib/snitch/mode"

/**
 * struct mode - the mode in force
 * @now: enum snitch_mode
 * @after: what @now falls back to
 * @until: when, CLOCK_BOOTTIME ns; 0: never
 */
struct mode {
	uint32_t now;
	uint32_t after;
	uint64_t until;
};

/**
 * struct mode_clock - what time it is
 * @boottime: CLOCK_BOOTTIME ns: it goes on in suspend, and nobody sets it
 * @real: seconds since 1970; counts only for what outlives a reboot
 * @boot: which boot this is; "" when it is not known
 */
struct mode_clock {
	uint64_t boottime;
	uint64_t real;
	char boot[40];
};

void mode_clock_read(struct mode_clock *clock);

/* Reads a mode's name. Return: 0 or -EINVAL. */
int mode_parse(const char *text, uint32_t *mode);

/**
 * mode_load() - the mode kept in @path
 *
 * Without a file: observe. A file that makes no sense counts as quiet, never as something more
 * open, and is told. A timed mode of this boot ends by the boot-time clock, one of an earlier boot
 * by the calendar.
 *
 * Return: 0, 1 when the file made no sense, or a negative errno when it could not be read (quiet).
 */
int mode_load(struct mode *mode, const char *path, const struct mode_clock *clock);

/* Keeps @mode in @path: written to a new file, synced, renamed. Return: 0 or a negative errno. */
int mode_save(const struct mode *mode, const char *path, const struct mode_clock *clock);

/*
 * Changes @mode to @now for @seconds (0: until changed again), counted from @boottime. A timed
 * change on top of a timed one falls back to what the first would have fallen back to.
 */
void mode_set(struct mode *mode, uint32_t now, uint64_t seconds, uint64_t boottime);

/* Falls back when the time is over. Return: 1 when @mode changed, else 0. */
int mode_expire(struct mode *mode, uint64_t boottime);

#endif
