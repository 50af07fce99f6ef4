# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# Rules decide in the kernel, without any decider: allow, deny (told at once), drop (silent).
. /snitch/cases/lib/case.sh

case_begin
far_up tcp:80 tcp:81 tcp:82 udp:80 udp:81 udp:82
warm $A
chmod 755 $B
policy <<-END
	unmatched deny
	allow $A $F4 port 80
	allow $A $F6 port 80
	deny $A any port 81
	drop $A any port 82
	deny $A any proto icmp
	deny $A any proto icmp6
	deny $A any proto 253
	allow $A 10.77.0.0/24 port 84-86
	deny $A 10.77.0.1-10.77.0.9 port 85
	allow $B any uid 1000
	allow /opt/not-there any
END
t_is "armed by the first transaction" "$(stat_of armed)" 1
t_is "rules are counted" "$(stat_of rules)" 12
for to in $F4 $F6; do
	in_c $A tcp $to 81 >/dev/null
	t_out "allowed TCP to $to" '^echo OK' $A tcp $to 80 --data hello
	t_out "allowed UDP to $to" '^recv OK' $A udp $to 80 --wait 2000
	t_fast "denied TCP to $to: ECONNREFUSED within 10 ms" '^connect ECONNREFUSED' 10000 \
		$A tcp $to 81 --data leak
	t_fast "denied nonblocking TCP to $to: from connect() itself" '^start ECONNREFUSED' 10000 \
		$A tcp $to 81 --nonblock
	t_fast "denied UDP to $to: EPERM" '^send EPERM' 10000 $A udp $to 81
	t_out "denied connected UDP to $to: EPERM each time" '^send EPERM' $A udp $to 81 --connect --count 2
	# An IPv6 ping socket does not hand the error on; the far end tells.
	[[ $to == *:* ]] || t_fast "denied ping to $to: EPERM" '^send EPERM' 10000 $A icmp $to
	in_c $A icmp $to >/dev/null
	t_fast "denied raw protocol to $to: EPERM" '^send EPERM' 10000 $A raw $to 253
	t_out "dropped TCP to $to is not told" '^connect ETIMEDOUT' $A tcp $to 82 --nonblock --wait 1500
	t_out "dropped UDP to $to is not told" '^send OK' $A udp $to 82
	t_out "unmatched TCP to $to" '^connect ECONNREFUSED' $A tcp $to 83
	t_out "a program without rules to $to" '^connect ECONNREFUSED' $B tcp $to 80
done
t_out "rank decides: the allow of 84-86 is stronger than the deny of 85" '^send OK' $A udp $F4 85
t_out "a port outside the range" '^send EPERM' $A udp $F4 87
t_out "an address outside the range" '^send EPERM' $A udp 10.78.0.1 84
t_out "a rule for one user: the user" '^echo OK' setpriv --reuid 1000 --clear-groups $B tcp $F4 80 --data mine
t_out "a rule for one user: not root" '^connect ECONNREFUSED' $B tcp $F4 80
# A control group is the sender's, as it is now, and those below it count.
mkdir -p /sys/fs/cgroup/far/below
policy "unmatched deny" "allow $A any cgroup $(stat -c %i /sys/fs/cgroup/far)"
enter='echo $$ >/sys/fs/cgroup/$1/cgroup.procs && shift && exec "$@"'
t_out "a rule for a control group: in it" '^echo OK' bash -c "$enter" - far $A tcp $F4 80 --data group
t_out "a rule for a control group: below it" '^echo OK' bash -c "$enter" - far/below $A tcp $F4 80 --data group
t_out "a rule for a control group: outside" '^connect ECONNREFUSED' $A tcp $F4 80
go moved $A udp $F4 80 --count 2 --gap 1500
t_said "not in the group yet" moved '^send EPERM'
echo ${PIDS[moved]} >/sys/fs/cgroup/far/cgroup.procs
t_said "moved into the group: the same socket may" moved '^send OK'
ended moved
for port in 81 82 83; do
	t_none "TCP $port: 0 packets at the far end" tcp $port
	t_none "UDP $port: 0 packets at the far end" udp $port
done
for proto in icmp icmp6 253; do t_none "protocol $proto: 0 packets" $proto; done
t_cmp "refusals are counted" "$(stat_of refused)" -ge 16

# A refused lookup ends at once, and only where it was the socket's own peer that was asked.
policy "unmatched allow" "allow $A any port 80" "deny $A any port 53"
t_out "a connected socket is told that its lookup will not be answered" '^recv ECONNREFUSED' \
	$A steps 0 --v4 connect $F4 53 to $F4 53 lookup recv 500
t_out "a lookup past the peer is refused" '^to EPERM' $A steps 0 --v4 connect $F4 80 to $F4 53 past
t_out "and is not the peer's fault" '^recv ETIMEDOUT' \
	$A steps 0 --v4 connect $F4 81 to $F4 53 past recv 500
t_out "neither does an unconnected socket hear of it" '^recv ETIMEDOUT' \
	$A steps 0 --v4 to $F4 53 lookup recv 500
t_none "UDP 53: 0 packets" udp 53

policy "deny /usr/bin/curl any"
warm curl
t_run "denied curl: exit status 7" 7 in_c curl -sS -m 20 http://$F4/
t_ok "and says connection refused" bash -c \
	"in-net c curl -v -m 20 http://$F4/ 2>&1 | grep -qi 'connection refused'"

# An executable that nothing binds is not for any-program rules, but for built-in ones.
policy "unmatched ask" "allow any any port 80"
t_out "any-program rule, no binding, no decider: fail mode" '^connect ECONNREFUSED' $A tcp $F4 80
policy "unmatched ask" "allow any any port 80 builtin"
t_out "built-in any-program rule: allowed" '^echo OK' $A tcp $F4 80 --data builtin
policy "unmatched ask" "allow any any port 80" "deny $A any port 99"
t_out "a program with rules of its own is bound" '^echo OK' $A tcp $F4 80 --data bound
policy "unmatched ask" "allow $A any daemon" "allow $A any port 80"
t_out "a stronger rule that only the daemon can judge: consult" '^connect ECONNREFUSED' $A tcp $F4 80
policy "unmatched allow" "deny $A any port 81"
t_out "unmatched allow" '^echo OK' $A tcp $F4 80 --data unmatched
t_out "unmatched allow, but no binding: fail mode" '^connect ECONNREFUSED' $B tcp $F4 80
# An executable with two names is one program; whoever is bound to either has the rules of both.
cp $A /opt/name1
ln -f /opt/name1 /opt/name2
cp $A /opt/old
policy "unmatched ask" "allow /opt/name1 192.0.2.1" "deny /opt/name2 any" "allow any any port 80"
decider --default hold
go old /opt/old udp $F4 80 --wait 2000
t_seen "nothing binds it: a question" '^FLOW .*remote=[^ ]*:80 '
tell "bind $(field owner '^FLOW') 3 $(field generation '^FLOW')"
sleep 0.2
tell deny all
ended old
: >$LOG
t_out "bound by its second name: the rule refuses" '^send EPERM' /opt/old udp $F4 80
t_is "and nobody is asked" "$(count_seen '^FLOW')" 0
decider_end
policy "mode off" "deny $A any"
t_out "mode off judges nothing" '^echo OK' $A tcp $F4 80 --data off
t_done
