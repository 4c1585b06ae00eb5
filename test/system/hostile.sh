#!/bin/bash
# hostile.sh - things in the wrong place: pipes, devices, links and crowds. Nothing may hang or die.
name=hostile
. "$(dirname "$0")/common.bash"

mkfifo "$dir/pipe"
run -d -x -t 1 -f "$dir/pipe"
expect "status $status" test "$status" -eq 1
expect "text" has 'Fatal error : Could not open .*is a pipe that nobody writes to'
configure "include $dir/pipe"
run -d -x -t 1 -f "$dir/chrony.conf"
expect "include: status $status" test "$status" -eq 1
configure local 'server 127.0.0.9' "keyfile $dir/pipe" "driftfile $dir/pipe" \
    "leapseclist $dir/pipe" "tempcomp $dir/pipe 1 0 0 0 0"
run -d -x -t 1 -f "$dir/chrony.conf"
expect "state files: status $status" test "$status" -le 1
run -n -x -t 1 -l "$dir/pipe" -f "$dir/chrony.conf"
expect "log: status $status" test "$status" -eq 1
finish "a pipe in place of a file does not make it wait"
configure local "pidfile $dir/pipe"
run -d -x -t 1 -f "$dir/chrony.conf"
expect "status $status" test "$status" -eq 0
finish "a pipe in place of the pid file is replaced"

run -p -f <(sleep 0.2; echo 'maxdistance 2')
expect "status $status" test "$status" -eq 0
expect "not read" grep -q '^maxdistance 2' "$dir/out"
run -p -f /dev/null
expect "/dev/null: status $status" test "$status" -eq 0
for device in zero urandom ptmx; do
    run -p -f "/dev/$device"
    expect "$device: status $status" test "$status" -eq 1
done
finish "pipes that speak are read, endless devices are refused"

mkdir -m 1777 "$dir/open"
echo precious >"$dir/target"
for f in drift drift.tmp tracking.log 127.0.0.9.dat 127.0.0.9.dat.tmp chronyd.pid; do
    ln -s "$dir/target" "$dir/open/$f"
done
printf '%s\n' 'port 0' 'cmdport 0' 'bindcmdaddress /' "pidfile $dir/open/chronyd.pid" local \
    "driftfile $dir/open/drift" "logdir $dir/open" 'log tracking' "dumpdir $dir/open" \
    'server 127.0.0.9 offline' >"$dir/chrony.conf"
expect "did not start" start -f "$dir/chrony.conf"
stop
expect "status $status" test "$status" -eq 0
expect "written through a link" test "$(cat "$dir/target")" = precious
finish "links that lie in wait are not followed"

printf '%s\n' 'port 0' 'cmdport 0' 'bindcmdaddress /' 'pidfile /' local >"$dir/chrony.conf"
(ulimit -f 0 && exec timeout 10 "$chronyd" -n -x -t 1 -l "$dir/limited" -f "$dir/chrony.conf") \
    >/dev/null 2>&1
status=$?
expect "status $status" test "$status" -eq 0
finish "a limit of file sizes is like a full disk"

: >"$dir/many.conf"
configure "bindcmdaddress $dir/run/chronyd.sock"
{ cat "$dir/chrony.conf"
    for a in $(seq 0 255); do printf "server 10.1.$a.%d offline\n" $(seq 0 255); done
} >"$dir/many.conf"
start -f "$dir/many.conf"
for _ in $(seq 1 400); do [ -s "$dir/ready" ] && break; sleep 0.05; done
expect "did not start" test -s "$dir/ready"
expect "count" grep -q '^65536 sources offline' <(timeout 10 "$chronyc" -h "$dir/run/chronyd.sock" activity)
stop
expect "status $status" test "$status" -eq 0
finish "65536 sources start in seconds"
echo 'server 10.2.0.1' >>"$dir/many.conf"
run -p -f "$dir/many.conf"
expect "status $status" test "$status" -eq 1
expect "text" has 'Could not parse server directive at line 655'
finish "one more is refused"

configure "bindcmdaddress $dir/run/chronyd.sock" local
expect "did not start" start -f "$dir/chrony.conf"
clients=()
for _ in $(seq 1 60); do
    timeout 20 "$chronyc" -n -h "$dir/run/chronyd.sock" tracking >/dev/null 2>&1 &
    clients+=($!)
done
failed=0
for c in "${clients[@]}"; do wait "$c" || failed=$((failed + 1)); done
expect "$failed without an answer" test "$failed" -eq 0
stop
finish "sixty clients at once are all answered"
exit $bad
