# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2034,SC2154
# A connection of its own words, and what became of it: got, refused or held.
# Must never judge by the sender's word alone where something is said to have arrived.
. /snitch/cases/lib/daemon.sh

C=/opt/c	# a program that no rule names
[[ -x $C ]] || cp $A $C

N=0
# send PROGRAM ADDRESS: a connection of its own words; they are $SENT. It may wait.
send() {
	SENT=word$((++N))
	go sender $1 tcp $2 80 --data $SENT
}
held_is() { [[ $(j .Kernel.Held status) == "$1" ]]; }
# cell NAME WANT PROGRAM ADDRESS: WANT is got, refused or held; a held one is refused afterwards.
cell() {
	local name="$1: $3 to $4: $2" id
	send $3 $4
	if [[ $2 == held ]]; then
		t_ok "$name" wait_for 5 held_is 1
		t_ok "$name: nothing arrived" eval "! far_got tcp 80 $SENT"
		id=$(j '.questions[] | select(.flows > 0) | .id' pending)
		snitch answer "$id" deny >/dev/null
	fi
	ended sender
	if [[ $2 == got ]]; then
		t_ok "$name" wait_for 5 far_got tcp 80 $SENT || t_note "$(cat $TMP/sender)"
	else
		t_ok "$name" said sender '^connect ECONNREFUSED' || t_note "$(cat $TMP/sender)"
		t_ok "$name: nothing arrived" eval "! far_got tcp 80 $SENT"
	fi
}
