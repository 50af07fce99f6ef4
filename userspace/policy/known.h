/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which file a program was when its rules were made, and each that took its place rightfully since:
 * device, inode, size and ctime, and the SHA-256 of the newest. It never judges whether a change is
 * right: the caller does.
 *
 * Kept in /var/lib/snitch/programs, a program a line: digest or "-", up to KNOWN_FILES files as
 * DEV:INODE:SIZE:SECONDS.NANOSECONDS with commas between ("-": none), and the path, written with
 * snitch_escape().
 */
#ifndef SNITCH_POLICY_KNOWN_H
#define SNITCH_POLICY_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <linux/snitch.h>

#define KNOWN_FILES	4	/* an upgrade, while the version before still runs, and its links */
#define KNOWN_SHA256	32

/* A file with its contents as they were: all of it changes when the contents do. */
struct known_file {
	uint64_t dev;
	uint64_t ino;
	uint64_t size;
	int64_t ctime;
	uint32_t nsec;
};

/**
 * struct known_program - what is remembered of one path
 * @path: as rules name it; owned
 * @real: where links on the way lead; NULL: nowhere else; owned; not kept
 * @files: that are the program, the newest first; owned
 * @wrong: files at the path that are not the program, as found by this daemon; owned; not kept
 * @has_sha256: @sha256 is that of the newest file
 * @unreadable: its digest could not be had; not kept
 * @served: it is on a file system that a program serves, as last seen; not kept
 * @named: some rule names it; not kept
 */
struct known_program {
	char *path;
	char *real;
	struct known_file *files;
	struct known_file *wrong;
	uint8_t sha256[KNOWN_SHA256];
	uint8_t n_files, n_wrong;	/* KNOWN_FILES at most */
	bool has_sha256;
	bool unreadable;
	bool served;
	bool named;
};

/* Zero it before first use. Sorted by path. */
struct known {
	struct known_program *programs;	/* owned */
	size_t n, room;
};

void known_file_of_stat(struct known_file *file, const struct stat *st);
/* As the kernel tells it: the same as of stat(2) where a file system does not make up devices. */
void known_file_of_owner(struct known_file *file, const struct snitch_owner *owner);
bool known_file_equal(const struct known_file *a, const struct known_file *b);

struct known_program *known_find(const struct known *k, const char *path);
/* The first whose path leads to @real. */
struct known_program *known_find_real(const struct known *k, const char *real);
/* Return: the program, which may have been there before; NULL without memory. */
struct known_program *known_add(struct known *k, const char *path);
void known_forget(struct known *k, const char *path);
/* Forgets all that is not @named. Return: true when there was any. */
bool known_prune(struct known *k);
void known_clear(struct known *k);

bool known_is(const struct known_program *p, const struct known_file *file);
bool known_is_wrong(const struct known_program *p, const struct known_file *file);
/* True when one of its files has this inode, whatever became of the rest. */
bool known_same_inode(const struct known_program *p, const struct known_file *file);
/*
 * @file is the program; the oldest is forgotten. Return: true when that is news; false, too, when
 * there was no memory to remember it.
 */
bool known_accept(struct known_program *p, const struct known_file *file);
void known_refuse(struct known_program *p, const struct known_file *file);
/* Frees all that @p owns. */
void known_program_clear(struct known_program *p);

/**
 * known_load() - read the file into @k, which is empty
 * @root: prefix of the file's path; NULL: none
 *
 * Return: 0, also without a file; -EBADMSG (lines that make no sense are left out), -ENOMEM, or
 * from the file system.
 */
int known_load(struct known *k, const char *root);
/* Writes the file anew, synced. Return: 0, or from the file system. */
int known_save(const struct known *k, const char *root);

#endif
