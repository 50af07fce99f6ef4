/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the package manager says of a file: whose it is, and whether it is what the package
 * brought. One interface; a package manager is a line in the table of package.c. It never believes
 * a record, or a file, that anybody but root could have written.
 *
 * Everything here reads files and may take its time: only the inspector's workers call it.
 */
#ifndef SNITCH_PACKAGE_PACKAGE_H
#define SNITCH_PACKAGE_PACKAGE_H

#include <stdbool.h>
#include <sys/types.h>

#define PACKAGE_MD5	33	/* bytes of a digest in hexadecimal digits, with its NUL */

/**
 * struct package_word - what it says
 * @name, @version: with a yes; @version "" where it is not known
 * @busy: it is at work: a no may become a yes
 */
struct package_word {
	char name[128];
	char version[128];
	bool busy;
};

/**
 * struct package_question - about one file
 * @root: an open folder that stands for /
 * @owner: uid that records must belong to: root, or in tests the owner of @root
 * @path: of the file, absolute, without symbolic links on the way
 * @md5: of its contents, lower case
 */
struct package_question {
	int root;
	uid_t owner;
	const char *path;
	const char *md5;
};

/* Return: 1: a package brought exactly this; 0: none says so. */
int package_vouches(const struct package_question *q, struct package_word *word);

/* Return: 1: the installed @package has brought a file of this path, whatever is in it now; 0. */
int package_lists(const struct package_question *q, const char *package);

/*
 * True when nobody but q->owner can have put the file there, or can change it: file and folders on
 * the way belong to q->owner and are not writable by group or others.
 */
bool package_trusted(const struct package_question *q);

/* Opens a record below @dir. Return: a descriptor; -1: not there, or not q->owner's alone. */
int package_open(const struct package_question *q, int dir, const char *path);

/* ---- package managers: as package_vouches() ---- */

int dpkg_vouches(const struct package_question *q, struct package_word *word);
int dpkg_lists(const struct package_question *q, const char *package);

#endif
