// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where a program's policy is found, which files are believed, in which language its texts come,
 * and what nested policies add. It must never look outside of its own folder.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <unistd.h>

#include "iap-lab.h"
#include "iap/describe.h"
#include "iap/find.h"
#include "lab.h"

#define PROG	"/usr/bin/prog"
#define ADMIN	IAP_ADMIN_FOLDER
#define SYSTEM	IAP_SYSTEM_FOLDER
#define TAIL	".InternetAccessPolicy.json"

struct lab {
	char path[LAB_ROOT];
	struct iap_root root;
	struct iap_langs langs;
};

static int setup(void **state)
{
	static const char *const dirs[] = {
		"/usr", "/usr/bin", "/usr/share", "/usr/share/snitch", SYSTEM,
		"/usr/share/applications", "/usr/share/prog", "/etc", "/etc/snitch", ADMIN,
		"/etc/snitch/iap/usr", "/etc/snitch/iap/usr/bin", "/var", "/var/lib",
		"/var/lib/dpkg", "/var/lib/dpkg/info", "/var/lib/flatpak", "/var/lib/flatpak/app",
		"/var/lib/flatpak/app/org.x.App", "/snap", "/snap/thing", "/home", "/home/me",
		SYSTEM "/de.lproj", SYSTEM "/de_AT.lproj", SYSTEM "/fr.lproj",
		SYSTEM "/prog.InternetAccessPolicy.d",
		SYSTEM "/prog.InternetAccessPolicy.d/deep.InternetAccessPolicy.d",
	};
	struct lab *lab = calloc(1, sizeof(*lab));

	assert_non_null(lab);
	lab_root(lab->path, dirs, sizeof(dirs) / sizeof(dirs[0]));
	assert_int_equal(iap_root_open(&lab->root, lab->path), 0);
	iap_langs_init(&lab->langs, "en");
	lab_write(lab->path, PROG, "x");
	*state = lab;
	return 0;
}

static int teardown(void **state)
{
	struct lab *lab = *state;

	iap_root_close(&lab->root);
	lab_remove(lab->path);
	free(lab);
	return 0;
}

/* A policy whose description is @says, for the programs @keys (JSON), or without keys. */
static void put(const struct lab *lab, const char *path, const char *says, const char *keys)
{
	char text[1000];

	snprintf(text, sizeof(text), "{\"ApplicationDescription\":\"%s\"%s%s}", says,
		 keys ? ",\"X-Snitch-For\":" : "", keys ? keys : "");
	lab_write(lab->path, path, text);
}

static void assert_in(const struct lab *lab, const char *program, const char *cgroup,
		      const char *want)
{
	struct iap_search search = {
		.root = &lab->root, .path = program, .cgroup = cgroup, .langs = &lab->langs,
	};
	struct iap_found found;

	if (iap_find(&search, &found)) {
		if (want)
			fail_msg("%s: nothing, not '%s'", program, want);
		return;
	}
	if (!want)
		fail_msg("%s: '%s', not nothing", program, found.policy->description);
	assert_string_equal(found.policy->description, want);
	iap_found_clear(&found);
}

static void finds(const struct lab *lab, const char *want)
{
	assert_in(lab, PROG, NULL, want);
}

static void the_nearest_to_root_wins(void **state)
{
	const struct lab *lab = *state;

	finds(lab, NULL);
	put(lab, "/usr/share/prog/InternetAccessPolicy.json", "share", NULL);
	finds(lab, "share");
	put(lab, PROG TAIL, "beside", NULL);
	finds(lab, "beside");
	put(lab, SYSTEM "/prog" TAIL, "system", "[\"" PROG "\"]");
	finds(lab, "system");
	put(lab, ADMIN "/any" TAIL, "admin", "[\"" PROG "\"]");
	finds(lab, "admin");
	put(lab, ADMIN PROG TAIL, "path", NULL);
	finds(lab, "path");
	/* a property list goes before JSON */
	lab_write(lab->path, ADMIN PROG ".InternetAccessPolicy.plist",
		  "<plist><dict><key>ApplicationDescription</key><string>plist</string></dict>"
		  "</plist>");
	finds(lab, "plist");
	/* one that is none is passed over */
	lab_write(lab->path, ADMIN PROG ".InternetAccessPolicy.plist", "<plist><dict>");
	finds(lab, "path");
}

static void a_link_is_its_target(void **state)
{
	const struct lab *lab = *state;
	char link[200];

	snprintf(link, sizeof(link), "%s/usr/bin/link", lab->path);
	assert_int_equal(symlink("prog", link), 0);
	put(lab, SYSTEM "/prog" TAIL, "system", "[\"" PROG "\"]");
	assert_in(lab, "/usr/bin/link", NULL, "system");
	assert_in(lab, "/usr/bin/other", NULL, NULL);
}

static void keys(void **state)
{
	const struct lab *lab = *state;

	lab_write(lab->path, "/var/lib/dpkg/info/pack.list", "/.\n/usr\n/usr/bin\n" PROG "\n");
	lab_write(lab->path, "/usr/share/applications/app.desktop",
		  "[Other]\nExec=" PROG "\n[Desktop Entry]\nName=x\nExec=prog %u\n");
	lab_write(lab->path, "/usr/share/applications/not.desktop",
		  "[Other]\nExec=prog\n[Desktop Entry]\nExec=prognosis\n");
	put(lab, SYSTEM "/a" TAIL, "desktop", "[\"desktop app\"]");
	finds(lab, "desktop");
	put(lab, SYSTEM "/b" TAIL, "package", "[\"package pack\"]");
	finds(lab, "package");
	put(lab, SYSTEM "/c" TAIL, "pattern", "[\"/usr/bin/pro*\"]");
	finds(lab, "pattern");
	put(lab, SYSTEM "/b" TAIL, "package", "[\"package other\"]");
	put(lab, SYSTEM "/c" TAIL, "pattern", "[\"/usr/*\"]");
	put(lab, SYSTEM "/a" TAIL, "desktop", "[\"desktop not\",\"flatpak x\",\"nonsense\",7]");
	finds(lab, NULL);
	/* the name of a file without keys */
	put(lab, SYSTEM "/pack" TAIL, "by name", NULL);
	finds(lab, "by name");
}

static void sandboxes(void **state)
{
	static const char scope[] = "/user.slice/app.slice/app-flatpak-org.x.App-42.scope";
	const struct lab *lab = *state;

	put(lab, SYSTEM "/a" TAIL, "flatpak", "[\"flatpak org.x.App\"]");
	put(lab, SYSTEM "/b" TAIL, "snap", "[\"snap thing\"]");
	assert_in(lab, "/var/lib/flatpak/app/org.x.App/bin/app", NULL, "flatpak");
	assert_in(lab, "/var/lib/flatpak/app/org.x.Apple/bin/app", NULL, NULL);
	assert_in(lab, "/snap/thing/1/bin/x", NULL, "snap");
	assert_in(lab, "/snap/things/1/bin/x", NULL, NULL);
	/* what the control group says counts only inside of a sandbox */
	assert_in(lab, "/app/bin/app", scope, "flatpak");
	assert_in(lab, "/app/bin/app", "/app-flatpak-org.x.Apple-1.scope", NULL);
	assert_in(lab, "/app/bin/app", NULL, NULL);
	finds(lab, NULL);
	assert_in(lab, PROG, scope, NULL);
	assert_in(lab, "/home/me/app", scope, NULL);
}

static void mode(const struct lab *lab, const char *path, mode_t bits)
{
	char whole[256];

	snprintf(whole, sizeof(whole), "%s%s", lab->path, path);
	assert_int_equal(chmod(whole, bits), 0);
}

static void own(const struct lab *lab, const char *path, uid_t uid)
{
	char whole[256];

	snprintf(whole, sizeof(whole), "%s%s", lab->path, path);
	assert_int_equal(lchown(whole, uid, (gid_t)-1), 0);
}

static void what_others_may_write_is_not_believed(void **state)
{
	const struct lab *lab = *state;

	put(lab, PROG TAIL, "beside", NULL);
	mode(lab, PROG TAIL, 0664);
	finds(lab, NULL);
	mode(lab, PROG TAIL, 0646);
	finds(lab, NULL);
	mode(lab, PROG TAIL, 0644);
	finds(lab, "beside");
	mode(lab, "/usr/bin", 01777);
	finds(lab, NULL);
	mode(lab, "/usr/bin", 0755);
	put(lab, SYSTEM "/x" TAIL, "system", "[\"" PROG "\"]");
	mode(lab, SYSTEM, 0777);
	finds(lab, "beside");
	mode(lab, SYSTEM, 0755);
	finds(lab, "system");
}

static void links_are_not_followed(void **state)
{
	const struct lab *lab = *state;
	char link[200];

	put(lab, "/home/me/evil" TAIL, "evil", NULL);
	snprintf(link, sizeof(link), "%s" PROG TAIL, lab->path);
	assert_int_equal(symlink("../../home/me/evil" TAIL, link), 0);
	finds(lab, NULL);
}

/* A user's policy counts for that user's own programs only. */
static void owners(void **state)
{
	const struct lab *lab = *state;

	if (geteuid())
		skip();
	put(lab, PROG TAIL, "beside", NULL);
	own(lab, PROG TAIL, 1000);
	finds(lab, NULL);
	put(lab, SYSTEM "/x" TAIL, "system", "[\"" PROG "\"]");
	own(lab, SYSTEM "/x" TAIL, 1000);
	finds(lab, NULL);

	lab_write(lab->path, "/home/me/app", "x");
	put(lab, "/home/me/app" TAIL, "mine", NULL);
	own(lab, "/home/me", 1000);
	own(lab, "/home/me/app", 1000);
	own(lab, "/home/me/app" TAIL, 1000);
	assert_in(lab, "/home/me/app", NULL, "mine");
	own(lab, "/home/me/app" TAIL, 1001);
	assert_in(lab, "/home/me/app", NULL, NULL);
	own(lab, "/home/me/app" TAIL, 0);
	assert_in(lab, "/home/me/app", NULL, "mine");
	/* root's program in a folder of somebody else */
	own(lab, "/home/me/app", 0);
	assert_in(lab, "/home/me/app", NULL, NULL);
}

static const struct iap_connection *first(struct iap_found *found)
{
	assert_true(found->policy->n_connections > 0);
	return &found->policy->connections[0];
}

static void assert_texts(struct lab *lab, const char *langs, const char *description,
			 const char *purpose)
{
	struct iap_search search = { .root = &lab->root, .path = PROG, .langs = &lab->langs };
	struct iap_found found;

	iap_langs_init(&lab->langs, langs);
	assert_int_equal(iap_find(&search, &found), 0);
	assert_string_equal(found.policy->description, description);
	assert_string_equal(first(&found)->purpose, purpose);
	iap_found_clear(&found);
}

#define KEYED	"{\"ApplicationDescription\":\"D\",\"X-Snitch-For\":[\"" PROG "\"]," \
		"\"Connections\":[{\"Host\":\"*\",\"Purpose\":\"P\"}]"
#define STRINGS	"prog.InternetAccessPolicy.strings"

static void languages_fall_back(void **state)
{
	struct lab *lab = *state;

	lab_write(lab->path, SYSTEM "/prog" TAIL, KEYED "}");
	assert_texts(lab, "de_AT", "D", "P");
	lab_write(lab->path, SYSTEM "/de.lproj/" STRINGS, "D = \"Programm\"; P = \"Zweck\";");
	assert_texts(lab, "de_AT", "Programm", "Zweck");
	lab_write(lab->path, SYSTEM "/de_AT.lproj/" STRINGS, "P = \"Sinn\";");
	assert_texts(lab, "de_AT", "Programm", "Sinn");
	assert_texts(lab, "fr:de", "Programm", "Zweck");
	assert_texts(lab, "fr", "D", "P");
	/* one that is broken, or that others may write, does not count */
	lab_write(lab->path, SYSTEM "/de_AT.lproj/" STRINGS, "P = \"Sinn\"");
	assert_texts(lab, "de_AT", "Programm", "Zweck");
	mode(lab, SYSTEM "/de.lproj/" STRINGS, 0666);
	assert_texts(lab, "de_AT", "D", "P");
	/* a whole file in another language */
	lab_write(lab->path, SYSTEM "/fr.lproj/prog" TAIL,
		  "{\"ApplicationDescription\":\"programme\",\"Connections\":[{\"Host\":\"*\","
		  "\"Purpose\":\"but\"}]}");
	assert_texts(lab, "fr", "programme", "but");
	assert_texts(lab, "it", "D", "P");
}

static void embedded_translations(void **state)
{
	struct lab *lab = *state;

	lab_write(lab->path, SYSTEM "/prog" TAIL, KEYED ",\"Localizations\":{\"de\":{\"D\":"
		  "\"Programm\",\"P\":\"Zweck\"},\"de-AT\":{\"P\":\"Sinn\"},\"en\":{\"P\":"
		  "\"purpose\"},\"fr\":7}}");
	assert_texts(lab, "de", "Programm", "Zweck");
	assert_texts(lab, "de_AT", "Programm", "Sinn");
	assert_texts(lab, "fr", "D", "purpose");
	/* a file goes before */
	lab_write(lab->path, SYSTEM "/de.lproj/" STRINGS, "P = \"Grund\";");
	assert_texts(lab, "de", "Programm", "Grund");
}

#define NESTED	SYSTEM "/prog.InternetAccessPolicy.d"
#define ONE(host, purpose) \
	"{\"ApplicationDescription\":\"n\",\"Connections\":[{\"Host\":\"" host "\"," \
	"\"Purpose\":\"" purpose "\"}]," \
	"\"Services\":[{\"Name\":\"s\",\"Purpose\":\"%APPNAME%\"}]}"

static void nested_policies(void **state)
{
	struct lab *lab = *state;
	struct iap_search search = { .root = &lab->root, .path = PROG, .langs = &lab->langs };
	struct iap_found found;

	lab_write(lab->path, SYSTEM "/prog" TAIL, KEYED "}");
	lab_write(lab->path, NESTED "/deep" TAIL, ONE("b.example", "one of %APPNAME%"));
	lab_write(lab->path, NESTED "/deep.InternetAccessPolicy.d/deeper" TAIL,
		  ONE("c.example", "two"));
	/* one without a description adds nothing, nor does what others may write */
	lab_write(lab->path, NESTED "/bad" TAIL,
		  "{\"Connections\":[{\"Host\":\"d.example\",\"Purpose\":\"p\"}]}");
	lab_write(lab->path, NESTED "/open" TAIL, ONE("e.example", "open"));
	mode(lab, NESTED "/open" TAIL, 0666);
	assert_int_equal(iap_find(&search, &found), 0);
	assert_int_equal(found.policy->n_connections, 3);
	assert_int_equal(found.policy->n_services, 2);
	assert_string_equal(found.policy->description, "D");
	assert_string_equal(found.policy->connections[0].purpose, "P");
	assert_string_equal(found.policy->connections[1].purpose, "one of prog");
	assert_true(found.policy->connections[1].nested);
	assert_string_equal(found.policy->connections[2].purpose, "two");
	assert_string_equal(found.policy->services[0].purpose, "prog");
	iap_found_clear(&found);
}

static void copy(const struct lab *lab, const char *from, const char *to)
{
	const char *top = getenv("SNITCH_TOP");
	char path[400], bytes[4096];
	FILE *in, *out;
	size_t n;

	snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/iap/elf/%s", top ? top : ".", from);
	in = fopen(path, "re");
	assert_non_null(in);
	n = fread(bytes, 1, sizeof(bytes), in);
	fclose(in);
	snprintf(path, sizeof(path), "%s%s", lab->path, to);
	out = fopen(path, "we");
	assert_non_null(out);
	fwrite(bytes, 1, n, out);
	fclose(out);
	chmod(path, 0755);
}

static void notes_in_the_executable(void **state)
{
	const struct lab *lab = *state;

	copy(lab, "64.elf", PROG);
	finds(lab, "noted");
	copy(lab, "32.elf", PROG);
	finds(lab, "noted");
	mode(lab, PROG, 0777);
	finds(lab, NULL);
}

static void duplicates_are_shown_once(void **state)
{
	struct lab *lab = *state;
	struct iap_search search = { .root = &lab->root, .path = PROG, .langs = &lab->langs };
	struct iap_found found;
	size_t at = 0;
	json_t *d;

	lab_write(lab->path, SYSTEM "/prog" TAIL,
		  "{\"ApplicationDescription\":\"d\",\"X-Snitch-For\":[\"" PROG "\"],"
		  "\"Connections\":[{\"Host\":\"a.example\",\"Purpose\":\"p\"},"
		  "{\"Host\":\"b.example\",\"Purpose\":\"q\"},"
		  "{\"Host\":\"c.example\",\"Purpose\":\"p\"}]}");
	assert_int_equal(iap_find(&search, &found), 0);
	d = iap_describe(&found, NULL);
	assert_int_equal(json_array_size(json_object_get(d, "connections")), 3);
	assert_string_equal(iap_next_text(d, "purpose", &at), "p");
	assert_string_equal(iap_next_text(d, "purpose", &at), "q");
	assert_null(iap_next_text(d, "purpose", &at));
	assert_string_equal(json_string_value(json_object_get(d, "source")), "shipped with snitch");
	json_decref(d);
	iap_found_clear(&found);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_nearest_to_root_wins),
		TEST(a_link_is_its_target),
		TEST(keys),
		TEST(sandboxes),
		TEST(what_others_may_write_is_not_believed),
		TEST(links_are_not_followed),
		TEST(owners),
		TEST(languages_fall_back),
		TEST(embedded_translations),
		TEST(nested_policies),
		TEST(notes_in_the_executable),
		TEST(duplicates_are_shown_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
