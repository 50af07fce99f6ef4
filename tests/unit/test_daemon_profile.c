// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Profiles: which line of the file holds where, and which rules count then. It must never look at
 * the network of the machine, but to see that it can; nor change any but its own.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "core-lab.h"
#include "daemon/network.h"
#include "policy/profile.h"
#include "util/cleanup.h"

static int read_conf(struct lab *lab, const char *text, struct profile_conf *conf,
		     struct rule_error *err)
{
	char path[160];

	lab_write(lab->root, PROFILE_FILE, text);
	snprintf(path, sizeof(path), "%s" PROFILE_FILE, lab->root);
	return profile_conf_read(conf, path, err);
}

static const char good[] =
	"# where we are\n"
	"home when ssid \"My Wi-Fi\" gateway 192.0.2.1\n"
	"\"the office\" when gateway 2001:db8::1 mac 02:00:5e:00:53:01 # its router\n"
	"vpn when interface wg0\n"
	"hotel when connection Hotel\n"
	"away otherwise\n";

static void test_choose(void **state)
{
	struct profile_facts facts = { .n_links = 0 };
	struct lab *lab = *state;
	struct profile_conf conf;
	struct rule_error err;

	assert_int_equal(read_conf(lab, good, &conf, &err), 0);
	assert_int_equal(conf.n, 5);
	assert_true(conf.needs_gateways && conf.needs_names);
	assert_string_equal(profile_choose(&conf, &facts), "away");
	strcpy(facts.connections[facts.n_connections++], "Hotel");
	assert_string_equal(profile_choose(&conf, &facts), "hotel");
	strcpy(facts.links[facts.n_links++], "wg0");
	assert_string_equal(profile_choose(&conf, &facts), "vpn");	/* the first line counts */
	strcpy(facts.ssids[facts.n_ssids++], "My Wi-Fi");
	/* all of a line must hold */
	assert_string_equal(profile_choose(&conf, &facts), "vpn");
	facts.gateways[0] = (struct profile_gateway){
		.family = AF_INET, .addr = { 192, 0, 2, 1 },
	};
	facts.n_gateways = 1;
	assert_string_equal(profile_choose(&conf, &facts), "home");
	facts.n_ssids = 0;
	/* the address of one gateway and the MAC of another are no office */
	facts.gateways[0].has_mac = true;
	memcpy(facts.gateways[0].mac, "\x02\x00\x5e\x00\x53\x01", 6);
	facts.gateways[1] = (struct profile_gateway){
		.family = AF_INET6, .addr = { 0x20, 1, 0xd, 0xb8, [15] = 1 },
	};
	facts.n_gateways = 2;
	assert_string_equal(profile_choose(&conf, &facts), "vpn");
	facts.gateways[1].has_mac = true;
	memcpy(facts.gateways[1].mac, "\x02\x00\x5e\x00\x53\x01", 6);
	assert_string_equal(profile_choose(&conf, &facts), "the office");
	profile_conf_clear(&conf);
}

static void test_bad_files(void **state)
{
	static const char *const bad[] = {
		"home\n", "home when\n", "home if ssid x\n", "home when ssid\n", "home when ssid x ssid y\n",
		"home when gateway 192.0.2\n", "home when gateway host.example\n",
		"home when mac 02:00:5e:00:53\n", "home when mac 02:00:5e:00:53:zz\n",
		"home when colour blue\n", "home otherwise ssid x\n", "\"\" when ssid x\n",
		"home when ssid \"x\n", "home when ssid \"\"\n", ", when ssid x\n",
		"ok when interface a\nhome when ssid x,y\n",
	};
	struct lab *lab = *state;
	struct profile_conf conf;
	struct rule_error err;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (read_conf(lab, bad[i], &conf, &err) != -EINVAL)
			fail_msg("taken: %s", bad[i]);
		assert_int_not_equal(err.line, 0);
		assert_int_not_equal(err.expected[0], '\0');
		assert_int_equal(conf.n, 0);
	}
	lab_unlink(lab->root, PROFILE_FILE);
	assert_int_equal(profile_conf_read(&conf, "/nonexistent/profiles.conf", &err), 0);
	assert_int_equal(conf.n, 0);
	assert_null(profile_choose(&conf, &(struct profile_facts){ .n_links = 0 }));
}

static enum fake_state become(struct lab *lab, uint64_t id, const char *to)
{
	return send_flow(lab, id, 1, to, 443, 1000, 0)->state;
}

static void use(struct lab *lab, const char *name)
{
	assert_true(rulebook_set_profile(lab->core.rules, name));
	assert_false(rulebook_set_profile(lab->core.rules, name));
	assert_int_equal(core_install(&lab->core), 0);
}

static void count_app(struct lab *lab, size_t n)
{
	assert_int_equal(lab->n_rules, n);
}

static void test_rules_of_profiles(void **state)
{
	struct lab *lab = *state;

	write_rules(lab, "allow /usr/bin/curl to 192.0.2.1 profile home\n"
			 "allow any to 192.0.2.2\n"
			 "deny /usr/bin/curl to any profile away\n");
	set_mode(lab, SNITCH_MODE_QUIET);
	/* none is active: such rules do not count, nor are they in the kernel */
	count_app(lab, 1);
	assert_int_equal(become(lab, 10, "192.0.2.1"), FAKE_REFUSED);
	assert_int_equal(fake_flow_get(lab->fake, 10)->verdict.origin, SNITCH_BY_MODE);
	assert_int_equal(become(lab, 11, "192.0.2.2"), FAKE_ALLOWED);
	use(lab, "home");
	count_app(lab, 2);
	assert_int_equal(become(lab, 12, "192.0.2.1"), FAKE_ALLOWED);
	/* a whole denial is one while its profile is active: no general allow opens it */
	use(lab, "away");
	assert_int_equal(become(lab, 13, "192.0.2.1"), FAKE_REFUSED);
	assert_int_equal(become(lab, 14, "192.0.2.2"), FAKE_REFUSED);
	assert_int_equal(fake_flow_get(lab->fake, 14)->verdict.origin, SNITCH_BY_RULE);
	use(lab, NULL);
	assert_int_equal(become(lab, 15, "192.0.2.2"), FAKE_ALLOWED);
}

static void see(void *ctx, const struct rulebook_row *row)
{
	assert_string_equal(row->why, row->active ? "" : "its profile is not active");
	*(unsigned int *)ctx += row->active;
}

static void test_seen_in_the_list(void **state)
{
	struct lab *lab = *state;
	unsigned int active = 0;

	write_rules(lab, "allow any to 192.0.2.1 profile home\nallow any to 192.0.2.2\n");
	rulebook_each(lab->core.rules, see, &active);
	assert_int_equal(active, 1);
	use(lab, "home");
	rulebook_each(lab->core.rules, see, &active);
	assert_int_equal(active, 3);
}

/* Reading works, whatever this machine has. */
static void test_network(void **state)
{
	struct profile_facts facts = { .n_links = 0 };
	int fd = network_watch(true);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(network_read(&facts, true), 0);
	assert_true(facts.n_links <= PROFILE_LINKS_MAX);
}

/* A machine with two networks, one of them with two ways out. */
static const char *const network[] = {
	"ip link set lo up",
	"ip link add net0 type veth peer name peer0",
	"ip link add net1 type veth peer name peer1",
	"ip link set net0 up", "ip link set peer0 up", "ip link set net1 up",
	"ip addr add 192.0.2.2/24 dev net0",
	"ip -6 addr add 2001:db8::2/64 dev net0 nodad",
	"ip route add default via 192.0.2.1",
	"ip route add default metric 50 nexthop via 192.0.2.8 dev net0 nexthop via 192.0.2.9 dev net0",
	"ip -6 route add default via 2001:db8::1",
	"ip route add 198.51.100.0/24 via 192.0.2.77",
	"ip route add default via 192.0.2.78 table 200",
	"ip route add blackhole default metric 900",
	"ip neigh add 192.0.2.1 lladdr 02:00:5e:00:53:01 dev net0 nud permanent",
	"ip neigh add 192.0.2.1 lladdr 02:00:5e:00:53:77 dev peer0 nud permanent",
	"ip neigh add 192.0.2.9 lladdr 02:00:5e:00:53:09 dev net0 nud permanent",
	"ip -6 neigh add 2001:db8::1 lladdr 02:00:5e:00:53:06 dev net0 nud permanent",
};

static bool make_network(void)
{
	size_t i;

	for (i = 0; i < SNITCH_ARRAY_SIZE(network); i++) {
		if (!system(network[i]))
			continue;
		print_message("not here: %s\n", network[i]);
		return false;
	}
	return true;
}

/* @mac: the last byte of the gateway's, 0: none is known */
static void assert_gateway(const struct profile_facts *facts, const char *text, uint8_t mac)
{
	uint8_t family = strchr(text, ':') ? AF_INET6 : AF_INET, addr[16] = { 0 };
	const uint8_t whole[6] = { 0x02, 0x00, 0x5e, 0x00, 0x53, mac };
	size_t i;

	assert_int_equal(inet_pton(family, text, addr), 1);
	for (i = 0; i < facts->n_gateways; i++) {
		const struct profile_gateway *gw = &facts->gateways[i];

		if (gw->family != family || memcmp(gw->addr, addr, sizeof(addr)))
			continue;
		assert_int_equal(gw->has_mac, mac != 0);
		if (mac)
			assert_memory_equal(gw->mac, whole, sizeof(whole));
		return;
	}
	fail_msg("no gateway %s", text);
}

static void test_gateways(void **state)
{
	struct profile_facts facts = { .n_links = 0 };
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), r = -1;
	bool made;

	(void)state;
	assert_true(home >= 0);
	if (unshare(CLONE_NEWNET)) {
		close(home);
		print_message("no network of its own without root\n");
		skip();
	}
	made = make_network();
	if (made)
		r = network_read(&facts, true);
	assert_int_equal(setns(home, CLONE_NEWNET), 0);
	close(home);
	if (!made)
		skip();
	assert_int_equal(r, 0);
	assert_true(profile_has_link(&facts, "net0") && profile_has_link(&facts, "peer0"));
	assert_false(profile_has_link(&facts, "net1") || profile_has_link(&facts, "peer1"));
	assert_int_equal(facts.n_gateways, 4);
	assert_gateway(&facts, "192.0.2.1", 0x01);
	assert_gateway(&facts, "192.0.2.8", 0);
	assert_gateway(&facts, "192.0.2.9", 0x09);
	assert_gateway(&facts, "2001:db8::1", 0x06);
	/* without them, links alone */
	assert_int_equal(network_read(&facts, false), 0);
	assert_int_equal(facts.n_gateways, 0);
}

#define LAB(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB(test_choose),
		LAB(test_bad_files),
		LAB(test_rules_of_profiles),
		LAB(test_seen_in_the_list),
		cmocka_unit_test(test_network),
		cmocka_unit_test(test_gateways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
