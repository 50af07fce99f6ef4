/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an executable's path and control group are worth: is the file at that path, here, the one
 * that runs; whose app, snap, container or script is it? A path of another mount namespace reads
 * as its maker likes; only the inode counts. It never waits for a file system that a user has
 * made, and never believes a record that anybody but root can write.
 */
#ifndef SNITCH_DAEMON_IDENTITY_H
#define SNITCH_DAEMON_IDENTITY_H

#include <stdbool.h>
#include <sys/types.h>

#include "../policy/app.h"
#include "../question/owner.h"

#define APP_WORDS	(APP_NAME_MAX + APP_CONTAINER_ID + 32)	/* bytes of identity_words() */

/**
 * struct identity - what was found out about an image, once
 * @at_path: the file at its path is the one that runs, and only root could have put it there
 * @ids: what its control group says
 * @app: as rules ask for it; points into this block and to the image's strings
 * @images: of @app
 */
struct identity {
	bool at_path;
	struct app_ids ids;
	struct app app;
	const char *images[APP_IMAGES];
	char names[APP_IMAGES][APP_NAME_MAX];
};

/**
 * identity_of() - find out, or tell what was found before
 * @image: keeps the answer until it goes
 * @root: prefix of all folders, "" for none
 * @userns: inode of the initial user namespace; 0: not known
 *
 * Return: the image's; NULL without memory: then nothing is vouched for.
 */
const struct identity *identity_of(struct image *image, const char *root, uint32_t userns);

/*
 * What an image is part of, in words as rules name it: "unit NAME", "flatpak ID (claimed)"..., ""
 * for nothing. It looks at no file: what nobody has found out yet is a claim. Return: @buf.
 */
char *identity_words(const struct image *image, char *buf, size_t size);

/* container.c: names and digest of the image of a container of root's. Return: how many. */
size_t container_images(int root, uid_t owner, const char *id, char names[][APP_NAME_MAX],
			size_t room);

#endif
