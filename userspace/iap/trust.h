/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that may be believed: nobody but root, or but the owner of the program they are about, can
 * have written them or put them there. A symbolic link is never followed.
 */
#ifndef SNITCH_IAP_TRUST_H
#define SNITCH_IAP_TRUST_H

#include <dirent.h>
#include <stddef.h>
#include <sys/types.h>

/**
 * struct iap_root - what stands for /
 * @prefix: its path, "" for / itself
 * @fd: open
 * @owner: root; in tests who owns the folder
 */
struct iap_root {
	char *prefix;
	int fd;
	uid_t owner;
};

/** iap_root_open - @prefix NULL: /; 0 or a negative errno */
int iap_root_open(struct iap_root *root, const char *prefix);
void iap_root_close(struct iap_root *root);

/**
 * iap_trusted_open - open a file, looking at each folder on the way
 * @path: absolute, below @root
 * @also: besides @root's owner, who may own the file and the folders
 * @owner: gets whose the file is; may be NULL
 *
 * Return: a descriptor of a regular file; -ENOENT; -EPERM: others could have written it; another
 * negative errno.
 */
int iap_trusted_open(const struct iap_root *root, const char *path, uid_t also, uid_t *owner);

/** iap_trusted_read - the same, and its bytes (at most IAP_BYTES_MAX) for free(); 0 or as above */
int iap_trusted_read(const struct iap_root *root, const char *path, uid_t also, char **out,
		     size_t *len, uid_t *owner);

/** iap_trusted_list - names in a folder, sorted; at most @max; their number or as above */
int iap_trusted_list(const struct iap_root *root, const char *path, uid_t also, int max,
		     struct dirent ***out);
void iap_list_free(struct dirent **list, int n);

#endif
