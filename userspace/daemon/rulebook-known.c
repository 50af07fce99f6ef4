// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Programs that rules name: whether the file at the path is the one that the rules were made for.
 * It must never let a changed file pass for it because the daemon was not there to see the change.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../util/cleanup.h"
#include "../util/format.h"
#include "../util/log.h"
#include "../util/served.h"
#include "rulebook-private.h"

static void save(struct rulebook *rb)
{
	int r = known_save(&rb->known, rb->root);

	rb->unsaved = r;
	if (r)
		log_msg(LOG_ERR, "cannot keep in mind which files the programs of rules are (%s/var/lib/snitch/programs): %s",
			rb->root, strerror(-r));
}

int rulebook_recall(struct rulebook *rb)
{
	int known = known_load(&rb->known, rb->root);
	int r = suspended_load(&rb->suspended, rb->root);

	/* what could not be read is not believed anew */
	rb->doubt = known != 0;
	return r ? r : known;
}

bool rulebook_suspended(const struct rulebook *rb, const char *exe)
{
	return suspended_has(&rb->suspended, exe);
}

bool rulebook_unsure(const struct rulebook *rb, const char *exe)
{
	return suspended_has(&rb->unsure, exe);
}

int rulebook_suspend(struct rulebook *rb, const char *exe)
{
	int err, r;

	suspended_remove(&rb->unsure, exe);
	r = suspended_add(&rb->suspended, exe);
	if (r <= 0)
		return r;
	err = suspended_save(&rb->suspended, rb->root);
	return err ? err : 1;
}

/* Return: true when rules did not count for it before. */
static bool lift(struct rulebook *rb, const char *exe)
{
	bool was = suspended_remove(&rb->unsure, exe);

	if (suspended_remove(&rb->suspended, exe)) {
		suspended_save(&rb->suspended, rb->root);
		was = true;
	}
	return was;
}

void rulebook_unsuspend(struct rulebook *rb, const char *exe)
{
	lift(rb, exe);
	if (known_find(&rb->known, exe)) {
		known_forget(&rb->known, exe);
		save(rb);
	}
}

/* ---- what lies at the paths ------------------------------------------------------------- */

/* The kernel knows programs by the path without links. */
static void find_real(struct rulebook *rb, struct known_program *p, const char *path)
{
	_cleanup_free_ char *top = realpath(rb->root[0] ? rb->root : "/", NULL);
	char *real = realpath(path, NULL);
	size_t skip = top && top[1] ? strlen(top) : 0;

	free(p->real);
	p->real = NULL;
	if (real && top && !strncmp(real, top, skip) && strcmp(real + skip, p->path))
		p->real = strdup(real + skip);
	free(real);
}

const char *rulebook_name(const struct rulebook *rb, const char *exe)
{
	const struct known_program *p;

	if (policy_app(&rb->compiled, exe))
		return exe;
	p = known_find_real(&rb->known, exe);
	return p ? p->path : exe;
}

/* Return: true when @p is not as it was kept. */
static bool compare(struct rulebook *rb, struct known_program *p)
{
	_cleanup_free_ char *path = snitch_format("%s%s", rb->root, p->path);
	_cleanup_close_ int fd = -1;
	struct known_file file;
	struct stat st;

	/* no file, nothing to judge by it; the kernel walks the same paths when it loads */
	fd = path ? open(path, O_PATH | O_CLOEXEC) : -1;
	p->served = fd >= 0 && snitch_is_served(fd);
	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode))
		return false;
	find_real(rb, p, path);
	if (p->served)
		return false;
	known_file_of_stat(&file, &st);
	if (known_is(p, &file)) {
		lift(rb, p->path);
		return false;
	}
	if (known_is_wrong(p, &file)) {
		rulebook_suspend(rb, p->path);
		return false;
	}
	/* the rules are new, or older than the file */
	if (!p->n_files && !rb->doubt && !rulebook_suspended(rb, p->path) &&
	    !rulebook_unsure(rb, p->path)) {
		known_accept(p, &file);
		return true;
	}
	if (suspended_add(&rb->unsure, p->path) == 1)
		rb->news = true;
	return false;
}

void rulebook_compare(struct rulebook *rb)
{
	bool dirty = false;
	size_t i;

	rb->news = false;
	for (i = 0; i < rb->known.n; i++)
		rb->known.programs[i].named = false;
	for (i = 0; i < rb->set->n_rules; i++) {
		const struct rule *rule = rb->set->rules[i];
		struct known_program *p;

		if (rule->program.kind != RULE_P_PATH)
			continue;
		p = known_add(&rb->known, rule->program.name);
		if (!p || p->named)
			continue;
		p->named = true;
		dirty |= compare(rb, p);
	}
	/* with files that cannot be read, rules may be missing that come back */
	if (rb->loaded && !rb->bad_files[0])
		dirty |= known_prune(&rb->known);
	rb->doubt = false;
	if (dirty || rb->unsaved)
		save(rb);
}

/* ---- what is known ------------------------------------------------------------------------ */

static const struct known_program *of_image(const struct rulebook *rb, const struct image *image,
					    struct known_file *file)
{
	known_file_of_owner(file, &image->wire);
	if (!file->ino || (image->wire.flags & (SNITCH_O_DISGUISED | SNITCH_O_UNKNOWN |
						SNITCH_O_KERNEL | SNITCH_O_MEMFD |
						SNITCH_O_SERVED)))
		return NULL;
	return known_find(&rb->known, rulebook_name(rb, image->exe));
}

bool rulebook_knows(const struct rulebook *rb, const struct image *image)
{
	struct known_file file;
	const struct known_program *p = of_image(rb, image, &file);

	return p && known_is(p, &file);
}

bool rulebook_knows_wrong(const struct rulebook *rb, const struct image *image)
{
	struct known_file file;
	const struct known_program *p = of_image(rb, image, &file);

	return p && known_is_wrong(p, &file);
}

void rulebook_note_served(struct rulebook *rb, const char *exe)
{
	struct known_program *p = known_find(&rb->known, exe);

	if (p)
		p->served = true;
}

bool rulebook_served(const struct rulebook *rb, const char *exe)
{
	const struct known_program *p = known_find(&rb->known, exe);

	return p && p->served;
}

const char *rulebook_next_unread(const struct rulebook *rb, size_t *at)
{
	while (*at < rb->known.n) {
		const struct known_program *p = &rb->known.programs[(*at)++];

		if (!p->named)
			continue;
		if (rulebook_unsure(rb, p->path) ||
		    (p->n_files && !p->has_sha256 && !p->unreadable))
			return p->path;
	}
	return NULL;
}

/* ---- findings ------------------------------------------------------------------------------- */

static bool is_program(const struct known_program *p, const struct inspect_finding *finding)
{
	const struct known_file *file = &finding->file;

	if (known_is(p, file) || (finding->vouched && finding->at_path))
		return true;
	return p->has_sha256 && !memcmp(p->sha256, finding->sha256, KNOWN_SHA256) &&
	       (finding->at_path || known_same_inode(p, file));
}

static void take_in(struct rulebook *rb, struct known_program *p,
		    const struct inspect_finding *finding, const struct known_file *owners,
		    struct rulebook_found *found)
{
	found->is_program = true;
	found->same = known_is(p, &finding->file) ||
		      (p->has_sha256 && !memcmp(p->sha256, finding->sha256, KNOWN_SHA256));
	known_accept(p, &finding->file);
	if (owners && owners->ino)
		known_accept(p, owners);
	/* an older version that still runs says nothing about the file at the path */
	if (finding->at_path) {
		memcpy(p->sha256, finding->sha256, KNOWN_SHA256);
		p->has_sha256 = true;
		found->lifted = lift(rb, p->path);
	}
	save(rb);
}

static int of_path(struct rulebook *rb, struct known_program *p,
		   const struct inspect_finding *finding, struct rulebook_found *found)
{
	if (!finding->error && is_program(p, finding)) {
		take_in(rb, p, finding, NULL, found);
		return 0;
	}
	p->unreadable = true;
	if (!finding->error)
		known_refuse(p, &finding->file);
	/* nothing was compared with a file that is gone, or is the program as far as is known */
	if (finding->error == -ENOENT || !rulebook_unsure(rb, p->path))
		return 0;
	found->suspended = true;
	return rulebook_suspend(rb, p->path);
}

int rulebook_found(struct rulebook *rb, const char *exe, const struct image *image, bool own,
		   const struct inspect_finding *finding, struct rulebook_found *found)
{
	struct known_program *p = known_find(&rb->known, exe);
	struct known_file file;

	*found = (struct rulebook_found){ .is_program = false };
	if (!p)
		return 0;
	if (!image)
		return of_path(rb, p, finding, found);
	known_file_of_owner(&file, &image->wire);
	if (!finding->error && !own && !known_file_equal(&file, &finding->file)) {
		known_refuse(p, &file);
		return of_path(rb, p, finding, found);
	}
	if (!finding->error && is_program(p, finding)) {
		take_in(rb, p, finding, &file, found);
		return 0;
	}
	known_refuse(p, &file);
	/*
	 * Another file under that name, in a container, perhaps of a file system that does not
	 * answer: it says nothing about the one at the path.
	 */
	if (finding->error ? own : !finding->at_path)
		return 0;
	if (!finding->error)
		known_refuse(p, &finding->file);
	found->suspended = true;
	return rulebook_suspend(rb, exe);
}
