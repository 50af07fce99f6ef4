// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Copying the write-ahead log back into the file is what waits for the disk (fsync), so a thread of
 * its own does it, with a connection of its own. It must never touch the store's connection, and
 * writers never wait for it (a passive checkpoint).
 */
#include <signal.h>

#include "private.h"

static void *sweep(void *ctx)
{
	struct history *h = ctx;
	sqlite3 *db = NULL;

	if (!sqlite3_open_v2(h->path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
			     SQLITE_OPEN_PRIVATECACHE, NULL)) {
		sqlite3_exec(db, "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -64", NULL, NULL,
			     NULL);
		sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	}
	sqlite3_close(db);
	__atomic_store_n(&h->swept, true, __ATOMIC_RELEASE);
	return NULL;
}

void history_sweep_end(struct history *h)
{
	if (h->sweeping)
		pthread_join(h->sweeper, NULL);
	h->sweeping = false;
}

void history_sweep(struct history *h)
{
	sigset_t all, before;

	if (h->sweeping && __atomic_load_n(&h->swept, __ATOMIC_ACQUIRE))
		history_sweep_end(h);
	if (h->sweeping || h->log_pages < HISTORY_LOG_PAGES)
		return;
	h->swept = false;
	/* signals are the main thread's */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	h->sweeping = !pthread_create(&h->sweeper, NULL, sweep, h);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}
