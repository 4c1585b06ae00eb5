#!/bin/bash
# candm.sh - the command protocol as raw bytes against a real daemon: order of checks, transports,
# envelopes and the report stream. The packets are made by candm.py, which shares no code with us.
name=candm
. "$(dirname "$0")/common.bash"
command -v python3 >/dev/null || {
    echo "skip candm: python3 is missing"
    exit 0
}
ip addr add 127.0.0.5/32 dev lo 2>/dev/null
run=$dir/run
mkdir -m 0750 "$run"
cat >"$dir/keys" <<END
5 SHA1 HEX:000102030405060708090a0b0c0d0e0f
7 AES128 HEX:f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff
END
chmod 600 "$dir/keys"
cat >"$dir/chrony.conf" <<END
port 0
cmdport 10323
bindcmdaddress $run/chronyd.sock
pidfile $dir/chronyd.pid
keyfile $dir/keys
cmdkey 5
cmdkey 7 control
server 127.0.0.1 port 10999 offline
END
if ! start -u root -f "$dir/chrony.conf"; then
    echo "not ok candm: the daemon starts"
    cat "$dir/log"
    exit 1
fi
timeout 60 python3 test/system/candm.py 10323 "$run" "$dir/log" || bad=1

# The request to end is answered before the end.
"$chronyc" -h "$run/chronyd.sock" shutdown >"$dir/out" 2>&1
expect "answered" grep -q '^200 OK' "$dir/out"
wait "$pid"
expect "status 0" [ $? -eq 0 ]
expect "sockets are gone" [ -z "$(ls "$run")" ]
finish "shutdown answers, and leaves nothing behind"
exit $bad
