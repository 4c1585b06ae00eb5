#!/bin/bash
# chronyc_against_debian.sh - our chronyc and Debian's, side by side, against Debian's chronyd.
#
# PEERS=DIR [BUILD=DIR] test/system/chronyc_against_debian.sh
#
# PEERS holds the unpacked packages (PEERS/chrony/usr/bin/chronyc ...). Every command is given to
# both tools, in text and in CSV; standard output, standard error and exit status have to be the
# same, byte for byte. Figures that differ from one moment to the next are replaced by a letter per
# digit-run first, with their widths kept. Prints "ok NAME" or "not ok NAME" with the difference.
set -u
cd "$(dirname "$0")/../.." || exit 2
root=$PWD
BUILD=${BUILD:-build}
PEERS=${PEERS:-build/peers}
case $PEERS in /*) ;; *) PEERS=$root/$PEERS ;; esac
theirs=$PEERS/chrony/usr/bin/chronyc
daemon=$PEERS/chrony/usr/sbin/chronyd
case $BUILD in /*) ours=$BUILD/chronyc ;; *) ours=$root/$BUILD/chronyc ;; esac
for f in "$theirs" "$daemon" "$ours"; do
    [ -x "$f" ] || { echo "not ok chronyc_against_debian: $f is missing"; exit 1; }
done
[ "$(id -u)" -eq 0 ] || { echo "skip chronyc_against_debian: needs root"; exit 0; }

dir=$(mktemp -d /tmp/chronyc.XXXXXX)
pids=
finish() {
    for p in $pids; do kill "$p" 2>/dev/null; done
    wait 2>/dev/null
    rm -rf "$dir"
}
trap finish EXIT
bad=0
pass() { echo "ok chronyc_against_debian: $1"; }
fail() {
    echo "not ok chronyc_against_debian: $1"
    bad=1
}

# --- two daemons: a server, and one that uses it in every way that shows in a report
echo "1 SHA1 HEX:8484848484848484848484" >"$dir/keys"
cat >"$dir/server.conf" <<END
local stratum 8
allow
port 21123
cmdport 0
keyfile $dir/keys
bindcmdaddress $dir/server/sock
pidfile $dir/server.pid
END
cat >"$dir/client.conf" <<END
server 127.0.0.1 port 21123 minpoll 0 maxpoll 0 iburst key 1
server ::1 port 21123 minpoll 0 maxpoll 0 noselect
server source.invalid iburst prefer
peer 127.0.0.2 port 21129 minpoll 0 trust require
server 127.0.0.3 port 21123 minpoll 0 maxpoll 0 xleave
refclock SHM 0 refid SHMX noselect
keyfile $dir/keys
port 21124
allow 127.0.0.0/8
manual
smoothtime 400 0.01 leaponly
cmdport 21323
bindcmdaddress $dir/client/sock
pidfile $dir/client.pid
driftfile $dir/drift
END
"$daemon" -x -d -u root -f "$dir/server.conf" >"$dir/server.log" 2>&1 &
pids=$!
"$daemon" -x -d -u root -f "$dir/client.conf" >"$dir/client.log" 2>&1 &
pids="$pids $!"
for _ in 1 2 3 4 5 6 7 8 9 10; do
    "$theirs" -h "$dir/client/sock" -c sources 2>/dev/null | grep -q '^^,.,::1,8' && break
    sleep 1
done

# Every digit becomes 0 and units lose their name, so that only the layout is compared where the
# figures move. Signs go too: noise has both.
blur() {
    sed -e 's/[0-9]/0/g' -e 's/0[num]s/0XX/g' -e 's/[+-]\([ 0]\)/_\1/g' -e 's/[ _]*0*0XX/ OFFSET/g' \
        -e 's/00*\.0*/0.0/g' -e 's/  */ /g' -e 's/00*/0/g' -e 's/ slow/ WORD/; s/ fast/ WORD/'
}
exact() { cat; }

# both FILTER OPTIONS... -- ARGUMENTS...: run the two tools, compare.
both() {
    local filter=$1 name
    shift
    name="$*"
    timeout 60 "$theirs" "$@" >"$dir/t.out" 2>"$dir/t.err" </dev/null
    echo "status $?" >>"$dir/t.out"
    timeout 60 "$ours" "$@" >"$dir/o.out" 2>"$dir/o.err" </dev/null
    echo "status $?" >>"$dir/o.out"
    for f in t.out t.err o.out o.err; do $filter <"$dir/$f" >"$dir/$f.f"; done
    if cmp -s "$dir/t.out.f" "$dir/o.out.f" && cmp -s "$dir/t.err.f" "$dir/o.err.f"; then
        pass "${name//$dir/DIR}"
    else
        fail "${name//$dir/DIR}"
        diff "$dir/t.out.f" "$dir/o.out.f" | sed 's/^/  /'
        diff "$dir/t.err.f" "$dir/o.err.f" | sed 's/^/  /'
    fi
}
unix="-h $dir/client/sock"
udp="-h 127.0.0.1 -p 21323"
nobody="-h 127.0.0.1 -p 21999"

# --- reports whose figures move
for c in tracking sources "sources -a" sourcestats "sourcestats -a" selectdata "selectdata -a" \
    ntpdata "ntpdata 127.0.0.3" "ntpdata 127.0.0.2" serverstats clients "clients -k" "clients -p 1" \
    smoothing "manual list" activity "waitsync 1" "waitsync 2 0 0 0.1"; do
    both blur $unix -n $c
    both blur $unix -c $c
done
for c in tracking sources sourcestats; do
    both blur $unix $c
    both blur $unix -N -a $c
    both blur $udp -n $c
done
# --- reports that stand still
for c in "authdata" "authdata -a" "sourcename 127.0.0.1" "sourcename ID#0000000001" \
    "sourcename 127.0.0.9" "ntpdata 127.0.0.9" rtcdata; do
    both exact $unix -n $c
    both exact $unix -c $c
    both exact $unix -N $c
done
# --- what UDP may not
for c in serverstats ntpdata authdata selectdata clients "manual on" makestep shutdown \
    "add server 127.0.0.8" "accheck 127.0.0.1" "online" "burst 1/1" "local" "settime 12:00"; do
    both exact $udp $c
    both exact $udp -c $c
done
# --- nobody there
for c in tracking sources "sources -v" clients "manual list" "waitsync 2 0 0 0.1" online help; do
    [ "$c" = help ] || both exact $nobody $c
done
both exact -h /nonexistent tracking
both exact -h source.invalid tracking
both exact -6 -h 127.0.0.1 tracking
both exact -4 -h ::1 tracking
both blur -h /nonexistent,127.0.0.1 -p 21323 activity

# --- commands and complaints; each line is a command of its own
while IFS= read -r line; do
    both exact $unix -m "$line"
done <<'END'

# a comment
! another
foo
TRACKING
accheck
accheck 127.0.0.1
accheck 1.2.3.4
accheck localhost
accheck ID#1
accheck host.invalid
cmdaccheck 127.0.0.1
add
add server
add something 1.2.3.4
add server host.invalid
add server 127.0.0.3
delete
delete host.invalid
allow
allow 10
allow 10.1
allow 10.1.2/24
allow 10/8
allow 0/0
allow ::/0
allow 300
allow 256.1
allow 1..2
allow 10 /8
allow 1.2.3.4/33
allow 1.2.3.4/
allow 1.2.3.4/x
allow 1.2.3.4/-1
allow all
allow all 10
allow host.invalid
allow localhost/8
allow 1 2 3
allow fe80::1%lo
deny 10
deny all 10.2
cmdallow 10
cmdallow all 10.1
cmddeny 10
cmddeny all
burst
burst 4
burst 4/x
burst 4 / 4
burst 1/1
burst 1/1x
burst 1/1 10.0.0.0/8
burst 1/1 255.255.255.0/127.0.0.3
burst 1/1 127.0.0.3/255.255.255.0
burst 1/1 foo/bar
burst 1/1 1.2.3.4/99
offline 10.0.0.0/8
online
online 127.0.0.3
online ID#0000000001
online ID#1
online ID#77
online 1.2.3.4/ff
online 1.2.3.4 5.6.7.8
online host.invalid
onoffline
minpoll
minpoll 127.0.0.3
minpoll 127.0.0.3 x
minpoll 127.0.0.3 0 7
minpoll 127.0.0.3 0x
minpoll host.invalid 1
maxpoll 127.0.0.3 0
maxpoll ID#0000000001 7
maxpoll 127.0.0.9 0
minstratum 127.0.0.3 2
polltarget 127.0.0.3 8
maxdelay 127.0.0.3 1.5
maxdelay 127.0.0.3 x
maxdelayratio 127.0.0.3 4
maxdelaydevratio 127.0.0.3 1e1
local foo
local stratum x
local stratum 99
local off foo
local stratum 5 orphan distance 2
local STRATUM 5
local
local off
manual
manual foo
manual delete
manual delete x
manual delete 7
manual reset
manual off
manual on
settime nonsense
smoothtime
smoothtime foo
smoothtime reset
smoothtime activate
makestep
makestep 1
makestep x y
makestep 1 3
makestep 1 3x
makestep 1 3.5
makestep 1 2 3
maxupdateskew
maxupdateskew x
maxupdateskew 5
maxupdateskew 5x
reselect
reselectdist
reselectdist 1e-4
refresh
reload
reload foo
reload sources
reset
reset foo
reset sources
dump
dump foo
cyclelogs
rekey
writertc
trimrtc
dfreq
dfreq x
dfreq 0.0
doffset x
doffset 0.0
clients -p
clients -p x
clients -k -p
dns
dns foo
dns -n
dns +n
dns -4
dns -46
dns -n x
timeout
timeout 99
timeout x
timeout 1000
timeout 1000x
retries
retries 31
retries -1
retries x
retries 2
keygen x
keygen 1 FOO
keygen 7 sha1
keygen 1 SHA1 x
keygen 1 SHA1 160 x
password foo
authhash
sourcename
sourcename host.invalid
sourcename 127.0.0.1 foo
ntpdata host.invalid
exit
quit
END

# --- what can be done only once is undone in between
once() {
    local again=$1
    shift
    "$theirs" $unix -m "$@" >"$dir/t.f" 2>&1; echo $? >>"$dir/t.f"
    "$theirs" $unix -m "$again" >/dev/null 2>&1
    "$ours" $unix -m "$@" >"$dir/o.f" 2>&1; echo $? >>"$dir/o.f"
    "$theirs" $unix -m "$again" >/dev/null 2>&1
    if cmp -s "$dir/t.f" "$dir/o.f"; then pass "$*"; else
        fail "$*"; diff "$dir/t.f" "$dir/o.f" | sed 's/^/  /'; fi
}
once "delete 127.0.0.7" "add server 127.0.0.7 minpoll 4iburst maxdelay 0.1prefer offline" \
    "sourcename 127.0.0.7" "add server 127.0.0.7"
once "delete 127.0.0.7" "add peer 127.0.0.7 port 9 key 1 presend 4 minstratum 3 version 3" \
    "maxpoll 127.0.0.7 3" "delete 127.0.0.7" "delete 127.0.0.7"

# --- keys: the figures are random, the layout is not
for c in keygen "keygen 5" "keygen 5 MD5" "keygen 7 SHA3-256 128" "keygen 1 SHA1 1" \
    "keygen 1 AES128 7" "keygen 2 AES256" "keygen 10 SHA256 99999"; do
    random() { sed 's/[0-9A-F]/0/g'; }
    both random $unix $c
done

# --- several commands, piped input
both exact $unix -m "manual on" "manual reset" foo "manual on"
both exact $unix -m quit foo
piped() {
    printf '%b' "$1" | "$theirs" $unix >"$dir/t.out" 2>"$dir/t.err"
    echo "status $?" >>"$dir/t.out"
    printf '%b' "$1" | "$ours" $unix >"$dir/o.out" 2>"$dir/o.err"
    echo "status $?" >>"$dir/o.out"
    if cmp -s "$dir/t.out" "$dir/o.out" && cmp -s "$dir/t.err" "$dir/o.err"; then
        pass "piped '$1'"
    else
        fail "piped '$1'"
        diff "$dir/t.out" "$dir/o.out" | sed 's/^/  /'
    fi
}
piped 'foo\nreselect\n'
piped 'reselect\nfoo\n'
piped 'foo\nquit\nfoo\n'
piped 'reselect\nfoo'
piped ''
piped '\n# x\n'
# --- an output that takes nothing
for c in activity reselect; do
    "$theirs" $unix $c >/dev/full 2>"$dir/t.err"; t=$?
    "$ours" $unix $c >/dev/full 2>"$dir/o.err"; o=$?
    if [ $t -eq $o ] && cmp -s "$dir/t.err" "$dir/o.err"; then pass "$c to a full disk"; else
        fail "$c to a full disk ($t, $o)"; fi
done
# --- a line that is too long
long=$(printf '%2100s' '')
both exact $unix "activity$long"

# --- manual time: first entry by each tool, then the list of both
"$theirs" $unix -m "manual reset" >/dev/null
"$theirs" $unix settime 12:00 | tail -1 >"$dir/t.out"
sleep 2
"$ours" $unix settime 12:00 | tail -1 >"$dir/o.out"
if grep -qx 'Clock was -*[0-9.]* seconds fast.  Frequency change = -*[0-9.]*ppm, new frequency = -*[0-9.]*ppm' \
    "$dir/o.out"; then pass "settime 12:00"; else fail "settime 12:00"; cat "$dir/o.out"; fi
both exact $unix manual list
both exact $unix -c manual list
both exact $unix manual delete 9
if [ "$("$ours" $unix -m "manual delete 1" "manual delete 0" "manual list" | head -3 | tr '\n' ,)" = \
    "200 OK,200 OK,210 n_samples = 0," ]; then pass "manual delete"; else fail "manual delete"; fi

# --- nothing is left behind in the daemon's directory
if [ "$(ls -A "$dir/client")" = sock ]; then pass "nothing left behind"; else
    fail "left behind: $(ls -A "$dir/client")"; fi
"$ours" $unix shutdown >"$dir/o.out"; status=$?
if [ $status -eq 0 ] && [ "$(cat "$dir/o.out")" = "200 OK" ]; then pass shutdown; else
    fail "shutdown ($status)"; fi
exit $bad
