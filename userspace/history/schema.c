// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tables and statements of the store. A change of the tables is one more step at the end of
 * history_steps, and HISTORY_SCHEMA counts them. It must never change a step that was released.
 */
#include "schema.h"

/*
 * "keeper" counts rows by the user they belong to, so that making room needs no walk through the
 * table. The unique key begins with what the search for a row's bytes knows.
 */
const char *const history_steps[HISTORY_SCHEMA] = {
	"CREATE TABLE program("
	" id INTEGER PRIMARY KEY, path TEXT NOT NULL, script TEXT NOT NULL, parents TEXT NOT NULL,"
	" flags INTEGER NOT NULL, dev INTEGER NOT NULL, ino INTEGER NOT NULL,"
	" ctime INTEGER NOT NULL, UNIQUE(path, script, parents, flags)) STRICT;"
	"CREATE TABLE flow("
	" id INTEGER PRIMARY KEY, program INTEGER NOT NULL, uid INTEGER NOT NULL,"
	" belongs INTEGER NOT NULL, family INTEGER NOT NULL, proto INTEGER NOT NULL,"
	" port INTEGER NOT NULL, address BLOB NOT NULL, name TEXT NOT NULL,"
	" inbound INTEGER NOT NULL, action INTEGER NOT NULL, origin INTEGER NOT NULL,"
	" rule INTEGER NOT NULL, day INTEGER NOT NULL, first INTEGER NOT NULL,"
	" last INTEGER NOT NULL, count INTEGER NOT NULL, sent INTEGER NOT NULL,"
	" received INTEGER NOT NULL, UNIQUE(program, uid, port, address, proto, family, inbound,"
	" day, action, origin, rule, belongs, name)) STRICT;"
	"CREATE INDEX flow_last ON flow(last);"
	"CREATE INDEX flow_keeper ON flow(belongs, last);"
	"CREATE TABLE keeper(belongs INTEGER PRIMARY KEY, n INTEGER NOT NULL) STRICT;"
	"CREATE TRIGGER flow_more AFTER INSERT ON flow BEGIN"
	" INSERT INTO keeper VALUES(new.belongs, 1)"
	" ON CONFLICT(belongs) DO UPDATE SET n = n + 1; END;"
	"CREATE TRIGGER flow_less AFTER DELETE ON flow BEGIN"
	" UPDATE keeper SET n = n - 1 WHERE belongs = old.belongs; END;",

	"CREATE TABLE rule("
	" id INTEGER PRIMARY KEY, hits INTEGER NOT NULL, last INTEGER NOT NULL) STRICT;",

	"ALTER TABLE program RENAME TO program_before;"
	"CREATE TABLE program("
	" id INTEGER PRIMARY KEY, path TEXT NOT NULL, script TEXT NOT NULL, parents TEXT NOT NULL,"
	" app TEXT NOT NULL, flags INTEGER NOT NULL, dev INTEGER NOT NULL, ino INTEGER NOT NULL,"
	" ctime INTEGER NOT NULL, UNIQUE(path, script, parents, app, flags)) STRICT;"
	"INSERT INTO program SELECT id, path, script, parents, '', flags, dev, ino, ctime"
	" FROM program_before;"
	"DROP TABLE program_before;",
};

const char *const history_texts[__SQL_MAX] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_PROGRAM] = "INSERT INTO program(path, script, parents, app, flags, dev, ino, ctime)"
		" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
		" ON CONFLICT(path, script, parents, app, flags)"
		" DO UPDATE SET dev = ?6, ino = ?7, ctime = ?8 RETURNING id",
	[SQL_PROGRAM_ID] = "SELECT id FROM program"
		" WHERE path = ?1 AND script = ?2 AND parents = ?3 AND app = ?4 AND flags = ?5",
	[SQL_FLOW] = "INSERT INTO flow(program, uid, port, address, proto, family, inbound, day,"
		" action, origin, rule, belongs, name, first, last, count, sent, received)"
		" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,"
		" ?17, ?18)"
		" ON CONFLICT(program, uid, port, address, proto, family, inbound, day, action,"
		" origin, rule, belongs, name)"
		" DO UPDATE SET last = max(last, ?15), first = min(first, ?14),"
		" count = count + ?16, sent = sent + ?17, received = received + ?18",
	[SQL_BYTES] = "UPDATE flow SET sent = sent + ?9, received = received + ?10 WHERE id ="
		" (SELECT id FROM flow WHERE program = ?1 AND uid = ?2 AND port = ?3 AND"
		" address = ?4 AND proto = ?5 AND family = ?6 AND inbound = ?7 AND day >= ?8 AND"
		" action = 1 ORDER BY last DESC LIMIT 1)",
	[SQL_USE] = "INSERT INTO rule VALUES(?1, ?2, ?3) ON CONFLICT(id)"
		" DO UPDATE SET hits = hits + ?2, last = max(last, ?3)",
	[SQL_READ] = "SELECT f.id, p.path, p.script, p.parents, p.flags, p.dev, p.ino, p.ctime,"
		" f.uid, f.belongs, f.family, f.proto, f.port, f.address, f.name, f.inbound,"
		" f.action, f.origin, f.rule, f.first, f.last, f.count, f.sent, f.received, p.app"
		" FROM flow f CROSS JOIN program p ON p.id = f.program"
		" WHERE (f.last, f.id) < (?1, ?2) AND f.last >= ?3"
		" ORDER BY f.last DESC, f.id DESC LIMIT ?4",
	[SQL_READ_OF] = "SELECT f.id, p.path, p.script, p.parents, p.flags, p.dev, p.ino, p.ctime,"
		" f.uid, f.belongs, f.family, f.proto, f.port, f.address, f.name, f.inbound,"
		" f.action, f.origin, f.rule, f.first, f.last, f.count, f.sent, f.received, p.app"
		" FROM flow f CROSS JOIN program p ON p.id = f.program"
		" WHERE f.belongs = ?5 AND (f.last, f.id) < (?1, ?2) AND f.last >= ?3"
		" ORDER BY f.last DESC, f.id DESC LIMIT ?4",
	[SQL_USES] = "SELECT id, hits, last FROM rule",
	[SQL_COUNT] = "SELECT coalesce(sum(n), 0) FROM keeper",
	[SQL_PAGES] = "SELECT (SELECT page_count FROM pragma_page_count()) -"
		" (SELECT freelist_count FROM pragma_freelist_count())",
	[SQL_OLD] = "DELETE FROM flow WHERE id IN"
		" (SELECT id FROM flow WHERE last < ?1 ORDER BY last LIMIT ?2)",
	[SQL_OLDEST] = "DELETE FROM flow WHERE id IN"
		" (SELECT id FROM flow ORDER BY last, id LIMIT ?1)",
	[SQL_OLDEST_OF] = "DELETE FROM flow WHERE id IN"
		" (SELECT id FROM flow WHERE belongs = ?2 ORDER BY last, id LIMIT ?1)",
	[SQL_GREEDY] = "SELECT belongs FROM keeper WHERE n > ?1 ORDER BY n DESC LIMIT 1",
	[SQL_PROGRAMS] = "DELETE FROM program WHERE id > ?1 AND id <= ?2 AND"
		" NOT EXISTS (SELECT 1 FROM flow WHERE program = program.id)",
	[SQL_LAST_PROGRAM] = "SELECT coalesce(max(id), 0) FROM program",
	[SQL_OLD_USES] = "DELETE FROM rule WHERE last < ?1",
};
