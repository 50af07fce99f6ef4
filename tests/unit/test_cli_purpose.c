// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a question is told of by the policy of its program: by scope, by name and address, and only
 * for the very program. It must never look outside of its own folder.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ask/purpose.h"
#include "iap/find.h"
#include "lab.h"

#define POLICY	"{\"ApplicationDescription\":\"d\",\"X-Snitch-For\":[\"/usr/bin/prog\"]," \
		"\"Connections\":[" \
		"{\"Host\":\"192.0.2.7\",\"Purpose\":\"address\",\"Port\":\"443\"}," \
		"{\"Host\":\"www.example.com\",\"Purpose\":\"host\"}," \
		"{\"Host\":\"*.example.com\",\"Purpose\":\"domain\"}," \
		"{\"Host\":\"=*\",\"Purpose\":\"any\"},{\"Host\":\"*\",\"Purpose\":\"else\"}]}"

struct lab {
	char path[LAB_ROOT];
	struct purposes *purposes;
};

static int setup(void **state)
{
	static const char *const dirs[] = {
		"/usr", "/usr/bin", "/usr/share", "/usr/share/snitch", IAP_SYSTEM_FOLDER,
	};
	struct lab *lab = calloc(1, sizeof(*lab));

	lab_root(lab->path, dirs, sizeof(dirs) / sizeof(dirs[0]));
	lab_write(lab->path, "/usr/bin/prog", "x");
	lab_write(lab->path, IAP_SYSTEM_FOLDER "/prog.InternetAccessPolicy.json", POLICY);
	lab->purposes = purposes_new(lab->path, "en");
	assert_non_null(lab->purposes);
	*state = lab;
	return 0;
}

static int teardown(void **state)
{
	struct lab *lab = *state;

	purposes_free(lab->purposes);
	lab_remove(lab->path);
	free(lab);
	return 0;
}

static json_t *question(const char *address)
{
	return json_pack("{s:s,s:s,s:s,s:i,s:s,s:[]}", "program", "/usr/bin/prog", "address",
			 address, "destination", address, "port", 443, "proto", "tcp", "flags");
}

/* Return: the purposes joined; NULL: no policy. */
static const char *told(struct lab *lab, const json_t *q, const char *scope)
{
	static char out[256];
	json_t *d = purpose_of(lab->purposes, q, scope), *c;
	size_t i;

	*out = '\0';
	json_array_foreach(json_object_get(d, "connections"), i, c)
		snprintf(out + strlen(out), sizeof(out) - strlen(out), "%s%s", i ? " " : "",
			 json_string_value(json_object_get(c, "purpose")));
	json_decref(d);
	return d ? out : NULL;
}

static void by_scope(void **state)
{
	json_t *q = question("192.0.2.7");

	assert_string_equal(told(*state, q, "address-port"), "address");
	assert_string_equal(told(*state, q, "address"), "address");
	assert_string_equal(told(*state, q, "any"), "any");
	assert_string_equal(told(*state, q, "port"), "any");
	json_object_set_new(q, "port", json_integer(80));
	assert_string_equal(told(*state, q, "address-port"), "else");
	json_decref(q);
	q = question("192.0.2.8");
	assert_string_equal(told(*state, q, "address-port"), "else");
	json_decref(q);
}

static void by_name(void **state)
{
	json_t *q = question("192.0.2.7");

	json_object_set_new(q, "name", json_string("www.example.com"));
	json_object_set_new(q, "domain", json_string("example.com"));
	assert_string_equal(told(*state, q, "address-port"), "host");
	assert_string_equal(told(*state, q, "domain"), "host domain");
	json_object_set_new(q, "name", json_string("ftp.example.com"));
	json_object_set_new(q, "address", json_string("192.0.2.8"));
	assert_string_equal(told(*state, q, "address-port"), "domain");
	json_decref(q);
}

static void only_of_that_program(void **state)
{
	static const char *const hidden[] = { "disguised", "memfd", "deleted", "unknown" };
	struct lab *lab = *state;
	char path[200];
	struct stat st;
	size_t i;

	snprintf(path, sizeof(path), "%s/usr/bin/prog", lab->path);
	assert_int_equal(stat(path, &st), 0);
	for (i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
		json_t *q = question("192.0.2.7");

		json_object_set_new(q, "flags", json_pack("[s]", hidden[i]));
		assert_null(told(lab, q, "any"));
		json_decref(q);
	}
	json_t *q = question("192.0.2.7");

	json_object_set_new(q, "exe_dev", json_integer((json_int_t)st.st_dev));
	json_object_set_new(q, "exe_ino", json_integer((json_int_t)st.st_ino));
	assert_non_null(told(lab, q, "any"));
	/* another file under that name: a container's */
	json_object_set_new(q, "exe_ino", json_integer((json_int_t)st.st_ino + 1));
	assert_null(told(lab, q, "any"));
	json_object_set_new(q, "program", json_string("kernel icmp-error"));
	assert_null(told(lab, q, "any"));
	json_object_set_new(q, "program", json_string("/usr/bin/other"));
	assert_null(told(lab, q, "any"));
	json_decref(q);
}

static void questions_get_it_attached(void **state)
{
	struct lab *lab = *state;
	json_t *q = question("192.0.2.7");

	purpose_attach(lab->purposes, q);
	assert_non_null(json_object_get(q, "policy"));
	json_decref(q);
	q = json_pack("{s:s}", "program", "/usr/bin/other");
	purpose_attach(lab->purposes, q);
	purpose_attach(NULL, q);
	assert_null(json_object_get(q, "policy"));
	json_decref(q);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(by_scope),
		TEST(by_name),
		TEST(only_of_that_program),
		TEST(questions_get_it_attached),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
