# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034
# What every case of tests/vm/cases uses: TAP, the two namespaces, the far end's counters,
# waiting in guest time, the module, the health of the kernel.
# Must never decide by wall-clock time or by what the sending side says it sent.
#
# A case:  . /snitch/guest/lib.sh;  net_up;  t_ok NAME COMMAND...;  t_done

T_COUNT=0
T_FAILED=0
SLOW=${SLOW:-1}
MODULE=${MODULE:-/snitch/snitch.ko}
C4=10.77.0.1 F4=10.77.0.2 C6=fd77::1 F6=fd77::2

# --- TAP -------------------------------------------------------------------------------

# t_pass NAME / t_fail NAME [WHY...]: one test point.
t_pass() { T_COUNT=$((T_COUNT + 1)); printf 'ok %d - %s\n' "$T_COUNT" "$1"; }
t_fail() {
	T_COUNT=$((T_COUNT + 1)) T_FAILED=$((T_FAILED + 1))
	printf 'not ok %d - %s\n' "$T_COUNT" "$1"
	shift
	[[ $# -eq 0 ]] || t_note "$*"
	return 1
}

# t_skip NAME WHY: counted as skipped.
t_skip() { T_COUNT=$((T_COUNT + 1)); printf 'ok %d - %s # SKIP %s\n' "$T_COUNT" "$1" "$2"; }

# t_note TEXT: a diagnostic line for each line of text.
t_note() { printf '%s\n' "$*" | sed 's/^/# /'; }

# t_ok NAME COMMAND...: passes if the command succeeds; its output is shown when it does not.
t_ok() {
	local name=$1 out status=0
	shift
	out=$("$@" 2>&1) || status=$?
	if [[ $status -eq 0 ]]; then t_pass "$name"; return 0; fi
	t_fail "$name" "command: $*" || true
	t_note "status $status"$'\n'"$out"
	return 1
}

# t_run NAME STATUS COMMAND...: passes if the command ends with that exit status.
t_run() {
	local name=$1 want=$2 out status=0
	shift 2
	out=$("$@" 2>&1) || status=$?
	if [[ $status -eq $want ]]; then t_pass "$name"; return 0; fi
	t_fail "$name" "command: $*" || true
	t_note "status $status, expected $want"$'\n'"$out"
	return 1
}

# t_is NAME GOT WANT: passes if both strings are the same.
t_is() {
	if [[ $2 == "$3" ]]; then t_pass "$1"; else t_fail "$1" "got '$2', expected '$3'"; fi
}

# t_cmp NAME GOT OP WANT: integers; OP is one of -eq -ne -lt -le -gt -ge.
t_cmp() {
	if [[ $2 =~ ^-?[0-9]+$ ]] && test "$2" "$3" "$4"; then t_pass "$1"
	else t_fail "$1" "got '$2', expected $3 $4"; fi
}

# t_done: prints the plan and ends the case. A case that never gets here has failed.
t_done() {
	printf '1..%d\n' "$T_COUNT"
	exit $((T_FAILED > 0))
}

# --- guest time ------------------------------------------------------------------------

now_us() { printf '%s\n' "${EPOCHREALTIME/[.,]/}"; }

# nap SECONDS: as sleep, without a process: an emulated processor takes its time to make one.
exec {NEVER}<> <(:)
nap() { read -rt "$1" -u "$NEVER" || true; }

# wait_for SECONDS COMMAND...: until the command succeeds; 1 when the time is over.
# SECONDS is guest time for a stock kernel, multiplied on slow (debug) ones. Looks again after an
# eighth of the time waited so far: each look makes processes, and most waits are short.
wait_for() {
	local start=${EPOCHREALTIME/[.,]/} limit=$(($1 * 1000000 * SLOW)) waited step
	shift
	until "$@" >/dev/null 2>&1; do
		waited=$((${EPOCHREALTIME/[.,]/} - start))
		[[ $waited -lt $limit ]] || return 1
		step=$((waited < 160000 ? 20000 : waited > 3200000 ? 400000 : waited / 8))
		printf -v step '0.%06d' $step
		nap "$step"
	done
}

# elapsed_ms COMMAND...: prints the guest milliseconds a command took; its status is kept.
elapsed_ms() {
	local start status=0
	start=$(now_us)
	"$@" >/dev/null 2>&1 || status=$?
	printf '%d\n' $((($(now_us) - start) / 1000))
	return "$status"
}

# warm FILE...: reads programs into the page cache, so that no disk is timed.
# Their libraries, too: the guest's clock jumps while a page of one is waited for.
warm() {
	local f libraries
	for f in "$@"; do
		f=$(type -P "$f")
		mapfile -t libraries < <(ldd "$f" 2>/dev/null | grep -o '/[^ ]*' || :)	# none: static
		cat "$f" "${libraries[@]}" >/dev/null
	done
}

# --- namespaces: c (client) -- veth -- f (far end) ----------------------------------------

in_c() { in-net c "$@"; }
in_f() { in-net f "$@"; }

net_sysctls() {
	local f settings=()
	for f in all default; do
		settings+=("net.ipv6.conf.$f.accept_dad=0" "net.ipv6.conf.$f.accept_ra=0"
			"net.ipv6.conf.$f.router_solicitations=0" "net.ipv4.conf.$f.rp_filter=0")
	done
	"$1" sysctl -q -w "${settings[@]}" net.ipv4.ping_group_range='0 2147483647'
}

# net_end IN DEVICE ADDRESS4 ADDRESS6 PEER4 PEER6 PEER_MAC: one end of the cable.
net_end() {
	local in=$1 dev=$2
	shift 2
	"$in" ip -batch - <<-END
		addr add $1/24 dev $dev
		addr add $2/64 dev $dev nodad
		link set dev lo up
		link set dev $dev up
		neigh replace $3 lladdr $5 dev $dev nud permanent
		neigh replace $4 lladdr $5 dev $dev nud permanent
	END
}

# net_up: both namespaces, fixed addresses on both families, counters at the far end.
net_up() {
	local c=02:77:00:00:00:01 f=02:77:00:00:00:02
	net_down
	ip netns add c && ip netns add f || return 1
	net_sysctls in_c
	net_sysctls in_f
	ip link add name vc address $c netns c type veth peer name vf address $f netns f &&
		net_end in_c vc $C4 $C6 $F4 $F6 $f && net_end in_f vf $F4 $F6 $C4 $C6 $c || return 1
	in_c ip -batch - <<-END
		route add default via $F4
		route add ::/0 via $F6
	END
	wait_for 5 in_c ip -6 route get $F6
	far_table
}

net_down() {
	ip netns pids c 2>/dev/null | xargs -r kill -9
	ip netns pids f 2>/dev/null | xargs -r kill -9
	ip netns del c 2>/dev/null
	ip netns del f 2>/dev/null
	return 0
}

# --- what the far end received -------------------------------------------------------------

# far_table: what far-count reads. Counted where packets come in, before anything can drop them:
# by protocol and destination port, or by protocol alone where there are no ports. Neighbour
# discovery and MLD count apart.
far_table() {
	in_f nft -f - <<-'END'
	table inet far {
		counter everything { }
		counter nd { }
		set ports {
			typeof meta l4proto . th dport
			size 65535
			flags dynamic
			counter
		}
		set protos {
			typeof meta l4proto
			size 256
			flags dynamic
			counter
		}
		chain in {
			type filter hook prerouting priority -450; policy accept;
			iifname != "vf" return
			meta l4proto ipv6-icmp icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report } counter name nd return
			meta nfproto ipv6 exthdr hbh exists meta l4proto ipv6-icmp counter name nd return
			counter name everything
			meta l4proto { tcp, udp, udplite, sctp, dccp } update @ports { meta l4proto . th dport } return
			update @protos { meta l4proto }
		}
	}
	END
}

declare -A PROTO_NUMBER=([icmp]=1 [tcp]=6 [udp]=17 [dccp]=33 [esp]=50 [icmp6]=58 [icmpv6]=58 [sctp]=132 [udplite]=136)

# far_reset: counts from zero.
far_reset() { far-count reset; }

# far_bytes, far_packets PROTO [PORT]: PROTO a name or number.
far_bytes() { far-count bytes "${PROTO_NUMBER[$1]:-$1}" ${2:+"$2"}; }
far_packets() { far-count packets "${PROTO_NUMBER[$1]:-$1}" ${2:+"$2"}; }

# far_total [bytes|packets]: everything but neighbour discovery, whose packets far_nd prints.
far_total() { far-count "${1:-packets}" total; }
far_nd() { far-count packets nd; }

# --- servers at the far end ------------------------------------------------------------------

# serve_tcp PORT / serve_udp PORT: echo servers on both families, ready when this returns.
serve_tcp() {
	in_f socat "TCP6-LISTEN:$1,fork,reuseaddr,ipv6only=0" EXEC:cat >/dev/null 2>&1 &
	wait_for 10 far_listens -t "$1"
}
serve_udp() {
	in_f socat -T 5 "UDP6-RECVFROM:$1,fork,ipv6only=0" EXEC:cat >/dev/null 2>&1 &
	wait_for 10 far_listens -u "$1"
}
far_listens() { [[ -n $(in_f ss -H -ln "$1" "sport = :$2") ]]; }

# --- the module --------------------------------------------------------------------------------

module_loaded() { [[ -d /sys/module/snitch ]]; }

# module_load [PARAMETER=VALUE...]: loads the tree's module and waits for its device.
module_load() {
	insmod "$MODULE" "$@" || return 1
	wait_for 5 test -c /dev/snitch
}
module_unload() { module_loaded || return 0; rmmod snitch; }

# parked_count: flows parked now; empty when nobody can tell.
parked_count() {
	snitch-tool status 2>/dev/null | sed -n -E 's/^[[:space:]]*parked[ :=]+([0-9]+).*/\1/p' | head -n 1
}

# --- the kernel's health -------------------------------------------------------------------------

HEALTH_BAD='WARNING:|BUG:|KASAN|UBSAN|suspicious RCU|possible circular|possible recursive|inconsistent lock|INFO: task .* blocked|soft lockup|rcu.*(stall|detected)|ODEBUG|refcount_t:|general protection|Oops|sleeping function|waiting for .* to become free|held lock|list_(add|del) corruption|scheduling while atomic|usercopy|kernel NULL|leaked reference|ref_tracker'

# health_mark: complaints before now are somebody else's.
health_mark() {
	HEALTH_MARK="snitch-test mark $BASHPID $RANDOM"
	HEALTH_TAINT=$(</proc/sys/kernel/tainted)
	printf '<6>%s\n' "$HEALTH_MARK" >/dev/kmsg
}

dmesg_since_mark() {
	dmesg | awk -v mark="${HEALTH_MARK:-no mark}" '{line[NR] = $0} index($0, mark) {from = NR}
		END {for (i = from + 1; i <= NR; i++) print line[i]}'
}

health_dmesg() {
	local bad
	bad=$(dmesg_since_mark | grep -E -A 30 "$HEALTH_BAD") || return 0
	printf 'the kernel complains:\n%s\n' "$(head -n 80 <<<"$bad")"
	return 1
}

# Out-of-tree (O) and unsigned (E) are the module's own; any other that is new is a failure.
health_taint() {
	local taint
	taint=$(($(</proc/sys/kernel/tainted) & ~(4096 | 8192 | ${HEALTH_TAINT:-0})))
	[[ $taint -eq 0 ]] || { echo "kernel newly tainted: $taint"; return 1; }
}

health_parked() {
	module_loaded || return 0
	wait_for 2 none_parked || { echo "still parked: '$(parked_count)' flows"; return 1; }
}
none_parked() { [[ $(parked_count) == 0 ]]; }

health_unload() {
	module_loaded || return 0
	rmmod snitch || { echo "module does not unload"; lsmod | grep snitch; return 1; }
	[[ ! -e /dev/snitch ]] || { echo "/dev/snitch is still there"; return 1; }
}

# kmemleak needs two scans some seconds apart before a report means something.
health_leaks() {
	local file=/sys/kernel/debug/kmemleak
	[[ -w $file ]] || return 0
	echo scan >$file; sleep 6; echo scan >$file; sleep 1; echo scan >$file
	[[ -s $file || -n $(head -c 1 $file) ]] || return 0
	echo "memory leaks:"; head -n 100 $file
	return 1
}

health_all() {
	local status=0
	health_parked || status=1
	health_unload || status=1
	health_taint || status=1
	health_dmesg || status=1
	return $status
}

# health_check [NAME]: one test point; the module is unloaded afterwards.
health_check() { t_ok "${1:-kernel healthy, parked 0, module unloads}" health_all; }

# leak_check [NAME]: one test point; skipped without kmemleak. Unload the module first.
leak_check() {
	[[ -w /sys/kernel/debug/kmemleak ]] || { t_skip "${1:-no memory leaks}" "no kmemleak"; return; }
	t_ok "${1:-no memory leaks}" health_leaks
}
