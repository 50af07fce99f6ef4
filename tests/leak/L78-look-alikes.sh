# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L78: what is made for the eye: letters that look like others, text that turns its direction, names of
# 253 bytes, 64 KiB of arguments. Names stand in their wire form, and what decides is on the screen.
. /snitch/leak/lib/texts.sh

texts_begin
# turned: "gpj.exe" seen from the other side; with marks without width in it.
program=$DIR/$'MARK\xe2\x80\xaegpj\xe2\x80\xacx\xe2\x80\x8b\xe2\x81\xa6y'
cp $EVIL "$program"
sends 8100 "$program" udp $F4 8100
t_ok "turned: it is asked about" test -n "$Q"
look
tame "turned" ask pending pending.json explain rules log log.json journal
t_none "turned: 0 packets" udp 8100

# name NAME PORT: evil looks it up and goes there; what asks shows it.
name() {
	sends $2 $EVIL names $F4 "=$1" $2 1
	asked test
	t_none "${1:0:20}: while it waits, 0 packets" udp $2
	snitch answer $Q deny >/dev/null
	wait $SENDER
	t_none "${1:0:20}: refused, 0 packets" udp $2
}
name xn--pple-43d.test 8101
for face in ask pending pending.json; do
	t_ok "punycode stays so: $face" grep -q 'xn--pple-43d\.test' $FACES/$face
done
label=$(printf 'x%.0s' {1..63})
long=good.$label.$label.$label.${label:0:50}.test
name $long 8102
t_cmp "a name of 253 bytes is one" ${#long} -ge 250
t_ok "ask keeps its end, which says whose it is" grep -qE 'x\.test' $FACES/ask || t_note "$(cat $FACES/ask)"
t_is "and stays on the screen" "$(awk 'length > 80' $FACES/ask)" ""
t_is "JSON has all of it" "$(jq -r '.questions[] | select(.ports | index(8102)) | .name' $FACES/pending.json)" "$long"

much=$(head -c 65536 /dev/zero | tr '\0' m)
cp $EVIL $DIR/MARK-much
sends 8103 $DIR/MARK-much udp $F4 8103 --data x "$much"
t_ok "64 KiB of arguments: it is asked about" test -n "$Q"
look
tame "64 KiB of arguments" ask pending.json log.json
t_ok "64 KiB of arguments: the screen shows program and port" grep -q 8103 $FACES/ask
t_cmp "64 KiB of arguments: what is told is bounded" "$(stat -c %s $FACES/pending.json)" -lt 20000
t_none "64 KiB of arguments: 0 packets" udp 8103
texts_done
