#!/bin/bash
# chronyc_ours.sh - the tool with our own daemon: ways to it, keys, waiting, explaining, the terminal.
name=chronyc_ours
. "$(dirname "$0")/common.bash"

mkdir -p "$dir/run"
cat >"$dir/keys" <<END
7 SHA256 HEX:00112233445566778899AABBCCDDEEFF00112233
8 SHA256 HEX:99112233445566778899AABBCCDDEEFF00112233
END
chmod 600 "$dir/keys"
cat >"$dir/server.conf" <<END
port 20123
local stratum 5
allow
cmdport 0
bindcmdaddress $dir/run2/sock
pidfile $dir/server.pid
END
cat >"$dir/chrony.conf" <<END
server 127.0.0.77 port 20123 minpoll -2 maxpoll -2 iburst
port 0
cmdport 20323
cmdkey 7 control
cmdkey 8
keyfile $dir/keys
bindcmdaddress $dir/run1/sock
pidfile $dir/client.pid
END
start -f "$dir/server.conf" || { echo "not ok $name: start of the server"; exit 1; }
start -f "$dir/chrony.conf" || { echo "not ok $name: start of the daemon"; exit 1; }
unix="-h $dir/run1/sock"
udp="-h 127.0.0.1 -p 20323"

# --- waiting
timeout 30 "$chronyc" $unix wait --max-error 0.5 --timeout 20 >"$dir/out" 2>"$dir/log"
status=$?
expect "status $status" [ $status -eq 0 ]
expect "no line" grep -q '^right: Yes, offline: No, verdict: [a-z ]*, error bound: 0\.[0-9]* s, waited: [0-9.]* s$' "$dir/out"
finish "wait for a bound on the error"
timeout 30 "$chronyc" $unix wait --max-error 1e-12 --timeout 0.5 >"$dir/out" 2>"$dir/log"
expect "status" [ $? -eq 1 ]
finish "wait that is in vain has status 1"
timeout 30 "$chronyc" -h 127.0.0.1 -p 20999 wait --timeout 0.5 >"$dir/out" 2>"$dir/log"
expect "status" [ $? -eq 2 ]
expect "stdout" grep -q 'verdict: no answer' "$dir/out"
finish "wait for nobody has status 2"
timeout 30 "$chronyc" $unix waitsync 20 0.5 0 0.1 >"$dir/out" 2>"$dir/log"
expect "status" [ $? -eq 0 ]
finish "waitsync"

# --- explaining
"$chronyc" $unix -n explain >"$dir/out" 2>"$dir/log"
expect "verdict" grep -Eq '^(OK|SETTLING|NOT IN CONTROL): ' "$dir/out"
expect "source" grep -q '^^\* 127.0.0.77: it is followed\.$' "$dir/out"
finish "explain"
"$chronyc" $udp -n explain >"$dir/out" 2>"$dir/log"
expect "verdict" grep -Eq '^(OK|SETTLING|NOT IN CONTROL): ' "$dir/out"
expect "source" grep -q '^^\* 127.0.0.77: it is followed\.$' "$dir/out"
finish "explain over UDP, where reasons are closed"

# --- what is cut to the width of a column: what reverse DNS was asked for, and nothing else
long=fd00:1111:2222:3333:4444:5555:6666:7777
"$chronyc" $unix -m "add server $long offline" >/dev/null 2>&1
"$chronyc" $unix sources >"$dir/out" 2>"$dir/log"
expect "address without a name" grep -q '^^? fd00:1111:2222:3333:4444>     0 ' "$dir/out"
"$chronyc" $unix -w sources >"$dir/out" 2>"$dir/log"
expect "wide" grep -q "^^? $long  *0 " "$dir/out"
"$chronyc" $unix -n sources >"$dir/out" 2>"$dir/log"
expect "numeric" grep -q "^^? $long  *0 " "$dir/out"
"$chronyc" $unix -c sources >"$dir/out" 2>"$dir/log"
expect "CSV" grep -q "^^,?,$long," "$dir/out"
"$chronyc" $unix delete "$long" >/dev/null 2>&1
finish "an address that has no name is cut like a name"
if unshare -m true 2>/dev/null; then
    echo "127.0.0.77 a.very.long.name.of.a.time.server.invalid" >"$dir/hosts"
    named() {
        unshare -m sh -c 'mount --bind "$1" /etc/hosts && shift && exec "$@"' sh "$dir/hosts" \
            "$chronyc" $unix "$@" >"$dir/out" 2>"$dir/log"
    }
    named tracking
    expect "tracking" grep -q '^Reference ID    : 7F00004D (a.very.long.name.of.a.time.server.invalid)$' "$dir/out"
    named sources
    expect "sources" grep -q '^^\* a.very.long.name.of.a.ti>     5 ' "$dir/out"
    named -w sources
    expect "wide sources" grep -q '^^\* a.very.long.name.of.a.time.server.inva>  *5 ' "$dir/out"
    finish "a long name is cut in columns, but not in tracking"
else
    echo "skip $name: a long name (needs a mount namespace)"
fi

# --- surplus words: most commands pass over them, these do not
for line in "manual on x" "manual off x" "manual reset x"; do
    "$chronyc" $unix -m "$line" >"$dir/out" 2>"$dir/log"
    expect "status of $line" [ $? -eq 1 ]
    expect "$line" grep -qx 'Invalid syntax for manual command' "$dir/log"
done
"$chronyc" $unix local OFF >"$dir/out" 2>"$dir/log"
expect "local OFF" grep -qx 'Invalid syntax for local command' "$dir/log"
for line in "online 127.0.0.0/8 x" "online 255.0.0.0/127.0.0.77 x" "burst 1/1 127.0.0.77 x"; do
    "$chronyc" $unix -m "$line" >"$dir/out" 2>"$dir/log"
    expect "$line" grep -qx '200 OK' "$dir/out"
done
finish "surplus words"

# --- who may what
"$chronyc" $udp reselect >"$dir/out" 2>"$dir/log"
expect "status" [ $? -eq 1 ]
expect "text" grep -qx '501 Not authorised' "$dir/out"
expect "stderr" [ ! -s "$dir/log" ]
finish "nothing changes over UDP, and scripts see the old line alone"
"$chronyc" $udp --hints reselect >"$dir/out" 2>"$dir/log"
expect "hint" grep -q 'opencommands' "$dir/log"
finish "hints say what would help"
"$chronyc" -h "$dir/nowhere/sock,127.0.0.1" -p 20999 --hints tracking >"$dir/out" 2>"$dir/log"
expect "text" grep -qx '506 Cannot talk to daemon' "$dir/out"
expect "socket" grep -q "^Socket $dir/nowhere/sock: .*No such file" "$dir/log"
expect "udp" grep -q '^UDP 127.0.0.1:20999: .*refused' "$dir/log"
finish "hints say what was tried"

key() { "$chronyc" $udp -k "$dir/keys" "$@" >"$dir/out" 2>"$dir/log"; }
key -K 7 reselect
expect "control key" grep -qx '200 OK' "$dir/out"
key -K 7 -m reselect serverstats "burst 1/1"
expect "several" [ "$(grep -cx '200 OK' "$dir/out")" -eq 2 ]
key -K 8 serverstats
expect "monitor key reads" grep -q '^NTP packets received' "$dir/out"
key -K 8 reselect
expect "monitor key does not change" grep -qx '501 Not authorised' "$dir/out"
printf 'authenticate 7\nreselect\nauthenticate off\nreselect\n' | key
expect "authenticate" [ "$(tr '\n' , <"$dir/out")" = "200 OK,501 Not authorised," ]
finish "keys from afar"
sed 's/HEX:00/HEX:FF/' "$dir/keys" >"$dir/wrong"
"$chronyc" $udp -k "$dir/wrong" -K 7 reselect >"$dir/out" 2>"$dir/log"
expect "status" [ $? -eq 1 ]
expect "text" grep -qx '501 Not authorised' "$dir/out"
expect "warning about the mode" grep -q 'read by others' "$dir/log"
finish "a wrong key is refused, an exposed one warned about"

# --- the stream for reports: a user who may enter the directory but not write to it
if [ "$(id -u)" -eq 0 ] && [ -S "$dir/run1/chronyd.ro.sock" ]; then
    chmod 755 "$dir/run1"
    chmod 666 "$dir/run1/chronyd.ro.sock"
    cp "$chronyc" "$dir/chronyc" && chmod 755 "$dir/chronyc"
    nobody() {
        python3 -c 'import os, sys
os.setgid(65534); os.setuid(65534); os.execv(sys.argv[1], sys.argv[1:])' "$dir/chronyc" "$@" \
            >"$dir/out" 2>"$dir/log"
    }
    nobody $unix serverstats
    expect "report" grep -q '^NTP packets received' "$dir/out"
    nobody $unix --hints reselect
    expect "command" grep -qx '501 Not authorised' "$dir/out"
    expect "hint" grep -q 'Only reports' "$dir/log"
    finish "reports for who may not write beside the socket"
    chmod 750 "$dir/run1"
else
    echo "skip $name: the stream for reports (needs root)"
fi

# --- the directory for replies
if [ "$(id -u)" -eq 0 ]; then
    "$chronyc" $unix waitsync 0 1e-12 0 100 >/dev/null 2>&1 &
    tool=$!
    for _ in $(seq 1 100); do
        ls "$dir/run1/chronyc.$tool"/*/sock >/dev/null 2>&1 && break
        sleep 0.02
    done
    expect "modes" [ "$(stat -c %a "$dir/run1/chronyc.$tool" "$dir/run1/chronyc.$tool"/* \
        "$dir/run1/chronyc.$tool"/*/sock | tr '\n' ,)" = 711,711,666, ]
    expect "an unguessable name" [ "$(ls "$dir/run1/chronyc.$tool" | tr -d '\n' | wc -c)" -eq 16 ]
    kill "$tool"
    wait "$tool"
    expect "removed" [ ! -e "$dir/run1/chronyc.$tool" ]
    finish "a private directory for replies, removed at the end"
fi

# --- what a shell completes
"$chronyc" $unix --complete "delete " >"$dir/out" 2>"$dir/log"
expect "sources" grep -qx 127.0.0.77 "$dir/out"
"$chronyc" -h /nonexistent --complete "manual o" >"$dir/out" 2>"$dir/log"
expect "words without a daemon" [ "$(tr '\n' , <"$dir/out")" = on,off, ]
finish "completion for shells"
if command -v bash >/dev/null; then
    cat >"$dir/complete" <<'END'
PATH=$1:$PATH
. "$2"
COMP_WORDS=(chronyc -h "$3" sourcename 127) COMP_CWORD=4
_chronyc
echo "${COMPREPLY[*]}"
END
    expect "bash" [ "$(bash "$dir/complete" "$BUILD" chronyc/completion/chronyc.bash "$dir/run1/sock")" = 127.0.0.77 ]
    finish "completion in bash"
fi

# --- at a terminal
python3 test/system/chronyc_terminal.py "$chronyc" "$dir/run1/sock" || bad=1

# --- speed: starting, asking and ending belong to it
start_ns=$(date +%s%N)
for _ in $(seq 1 50); do "$chronyc" $unix -n tracking >/dev/null; done
mean_us=$((($(date +%s%N) - start_ns) / 50000))
expect "$mean_us us" [ "$mean_us" -lt 20000 ]
finish "tracking takes milliseconds as a process"

exit $bad
