// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Giving up rights: root, capabilities, system calls. It must never go on with more than it was
 * told to keep.
 */
#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../util/cleanup.h"
#include "../util/log.h"
#include "daemon.h"

int sandbox_user(const char *user)
{
	struct passwd *pw;
	int r;

	prctl(PR_SET_DUMPABLE, 0);
	if (!user || geteuid())
		return 0;
	errno = 0;
	pw = getpwnam(user);
	if (!pw) {
		log_msg(LOG_ERR, "there is no user \"%s\"; make one with \"systemd-sysusers\" or start with --no-drop",
			user);
		return -ENOENT;
	}
	if (initgroups(user, pw->pw_gid)) {
		r = -errno;
		log_msg(LOG_ERR, "cannot take the groups of \"%s\": %s", user, strerror(-r));
		return r;
	}
	capng_clear(CAPNG_SELECT_BOTH);
	capng_updatev(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_ADMIN,
		      CAP_DAC_READ_SEARCH, CAP_SYS_PTRACE, -1);
	r = capng_change_id(pw->pw_uid, pw->pw_gid, CAPNG_CLEAR_BOUNDING);
	if (r) {
		log_msg(LOG_ERR, "cannot become \"%s\" (libcap-ng says %d); start as root or with --no-drop",
			user, r);
		return -EPERM;
	}
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_DUMPABLE, 0);
	return 0;
}

/*
 * A list of what is never needed, not of what is: libraries change what they call, and a firewall
 * that is killed by an upgrade of libc protects nobody. What remains cannot execute, trace, mount,
 * load, or open a network socket.
 */
#ifdef __SANITIZE_ADDRESS__
/* The leak checker traces its own process, which is forbidden below: at the end it would wait for
 * ever. The unit tests look for leaks.
 */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

static const char *const denied[] = {
	"execve", "execveat", "fork", "vfork", "ptrace", "process_vm_readv", "process_vm_writev",
	"mount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen", "fsmount",
	"fsconfig", "fspick", "mount_setattr", "setns", "unshare", "init_module", "finit_module",
	"delete_module", "kexec_load", "kexec_file_load", "bpf", "perf_event_open",
	"userfaultfd", "reboot", "swapon", "swapoff", "sethostname", "setdomainname",
	"settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "acct", "quotactl",
	"add_key", "request_key", "keyctl", "iopl", "ioperm", "mknod", "mknodat", "setuid",
	"setgid", "setreuid", "setregid", "setresuid", "setresgid", "setgroups", "setfsuid",
	"setfsgid", "io_uring_setup", "io_uring_enter", "io_uring_register", "personality",
	"name_to_handle_at", "open_by_handle_at", "lookup_dcookie", "syslog", "vhangup",
};

static int deny_calls(scmp_filter_ctx ctx)
{
	size_t i;
	int nr, r = 0;

	for (i = 0; r >= 0 && i < SNITCH_ARRAY_SIZE(denied); i++) {
		nr = seccomp_syscall_resolve_name(denied[i]);
		if (nr == __NR_SCMP_ERROR)
			continue;	/* libseccomp does not know it: an older one */
		r = seccomp_rule_add(ctx, SCMP_ACT_KILL_PROCESS, nr, 0);
		if (r == -EDOM || r == -EINVAL)
			r = 0;	/* not of this architecture */
	}
	return r;
}

/* Sockets: only AF_UNIX (1) and AF_NETLINK (16). A range would need two looks at one argument. */
static int deny_network(scmp_filter_ctx ctx)
{
	int family, r = 0;

	for (family = AF_UNSPEC; r >= 0 && family < AF_NETLINK; family++) {
		if (family != AF_UNIX)
			r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
					     SCMP_A0(SCMP_CMP_EQ, family));
	}
	if (r >= 0)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
				     SCMP_A0(SCMP_CMP_GT, AF_NETLINK));
	return r;
}

int sandbox_syscalls(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int r = ctx ? deny_calls(ctx) : -ENOMEM;

	if (r >= 0)
		r = deny_network(ctx);
	if (r >= 0)
		r = seccomp_load(ctx);
	if (ctx)
		seccomp_release(ctx);
	if (r < 0)
		log_msg(LOG_ERR, "the filter of system calls was not taken: %s; start with --no-seccomp to do without",
			strerror(-r));
	return r;
}
