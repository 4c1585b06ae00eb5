#!/bin/bash
# badinput.sh - faulty configurations, files and surroundings: what is fatal, and what is not.
name=badinput
. "$(dirname "$0")/common.bash"

# fatal_line LINE TEXT: a configuration file with that line as the fifth is refused with TEXT
fatal_line() {
    configure "$1"
    run -d -x -f "$dir/chrony.conf"
    expect "status $status" test "$status" -eq 1
    expect "text" has "Z Fatal error : $2"
    finish "'$1' is refused"
}
fatal_line 'nosuchdirective 1' "Invalid directive nosuchdirective at line 5 in file $dir/chrony.conf\$"
fatal_line 'makestep 1' "Missing arguments for makestep directive at line 5 in file $dir/chrony.conf\$"
fatal_line 'makestep 1 x' "Could not parse makestep directive at line 5 in file $dir/chrony.conf"
fatal_line 'maxupdateskew many' "Could not parse maxupdateskew directive at line 5 in file $dir/chrony.conf"
fatal_line 'port 70000' 'Invalid value 70000 in port directive \(min 0, max 65535\) at line 5'
fatal_line 'rtcsync now' "Too many arguments for rtcsync directive at line 5 in file $dir/chrony.conf\$"
fatal_line 'server' 'Invalid syntax for server directive at line 5'
fatal_line 'server 127.0.0.1 nosuchoption' 'Invalid option in server directive at line 5'
fatal_line 'server 127.0.0.1 minpoll x' 'Invalid value in server directive at line 5'
fatal_line "include $dir/no-such-file" "Could not open $dir/no-such-file"
fatal_line 'mailonchange root 0.5 extra' 'Too many arguments for mailonchange directive at line 5'

run -d -x -f "$dir/not-there.conf"
expect "status $status" test "$status" -eq 1
expect "text" has "Fatal error : Could not open $dir/not-there.conf : No such file or directory\$|Fatal error : Could not open $dir/not-there.conf: No such file"
finish "a missing configuration file is fatal"
mkdir "$dir/directory.conf"
run -d -x -f "$dir/directory.conf"
expect "status $status" test "$status" -eq 1
finish "a directory as configuration file is fatal"
head -c 100000 /dev/zero | tr '\0' 'a' >"$dir/long.conf"
run -d -x -f "$dir/long.conf"
expect "status $status" test "$status" -eq 1
head -c 65536 /dev/urandom >"$dir/random.conf"
run -d -x -f "$dir/random.conf"
expect "status $status" test "$status" -eq 1
finish "an endless line and random bytes are fatal"

# --- state files
configure "driftfile $dir/drift" 'local'
for content in '' 'abc' '1.0' '1e999 nan' $'\x01\x02\x03' '12.5 0.1 garbage'; do
    printf '%s' "$content" >"$dir/drift"
    run -d -x -t 1 -f "$dir/chrony.conf"
    expect "status $status" test "$status" -eq 0
done
printf '12.500 0.100\n' >"$dir/drift"
run -d -x -t 1 -f "$dir/chrony.conf"
expect "not read" has 'Frequency 12\.500 \+/- 0\.100 ppm read from '"$dir/drift"'$'
finish "corrupt drift files are survived, a good one is read"
rm -f "$dir/drift"
mkdir "$dir/drift"
run -d -x -t 1 -f "$dir/chrony.conf"
expect "status $status" test "$status" -eq 0
finish "a directory in place of the drift file is survived"
rmdir "$dir/drift"

printf '1 SHA256 HEX:00112233445566778899aabbccddeeff\n2 WHAT x\nx y z\n3 AES128 HEX:00\n' >"$dir/keys"
chmod 600 "$dir/keys"
configure "keyfile $dir/keys" 'server 127.0.0.1 port 9 key 7' 'local'
run -d -x -t 1 -f "$dir/chrony.conf"
expect "status $status" test "$status" -eq 0
expect "count" has 'Loaded 1 symmetric keys$'
expect "missing key" has 'Key 7 is missing$'
finish "bad lines of a key file are skipped, a missing key is told"
printf '1 SHA256 HEX:00112233445566778899aabbccddeeff\n' >"$dir/keys"
configure "keyfile $dir/keys" 'local'
for mode in 604 602 646 777; do
    chmod $mode "$dir/keys"
    run -d -x -t 1 -f "$dir/chrony.conf"
    expect "mode $mode is not told" has "Wrong permissions on $dir/keys\$"
    expect "mode $mode: keys not loaded" has 'Loaded 1 symmetric keys$'
done
for mode in 600 640 660 771; do
    chmod $mode "$dir/keys"
    run -d -x -t 1 -f "$dir/chrony.conf"
    refuse "mode $mode is told" has 'Wrong permissions'
done
finish "a key file that others can read or write is told of"
configure "keyfile $dir/no-keys" 'local'
run -d -x -t 1 -f "$dir/chrony.conf"
expect "status $status" test "$status" -eq 0
expect "not told" has 'no-keys'
finish "a missing key file is not fatal"

mkdir -p "$dir/dump"
printf 'SRC0\nrubbish\n' >"$dir/dump/127.0.0.1.dat"
head -c 5000 /dev/urandom >"$dir/dump/127.0.0.2.dat"
configure "dumpdir $dir/dump" 'server 127.0.0.1 port 9' 'server 127.0.0.2 port 9'
run -d -x -r -t 1 -f "$dir/chrony.conf"
expect "status $status" test "$status" -eq 1
expect "not removed" test ! -e "$dir/dump/127.0.0.1.dat"
finish "corrupt dump files are survived and removed"

# --- surroundings
configure 'local' 'port 12123' allow
start -f "$dir/chrony.conf"
expect "did not start" test $? -eq 0
run -d -x -t 1 "pidfile $dir/other.pid" 'port 12123' 'cmdport 0' 'bindcmdaddress /' allow
expect "not told" has 'Could not open NTP socket on (0\.0\.0\.0|\[::\]):12123'
expect "status $status" test "$status" -eq 1
finish "a taken NTP port is told"
run -d -x -t 1 -f "$dir/chrony.conf"
expect "status $status" test "$status" -eq 1
expect "not told" has "Fatal error : Another chronyd may already be running \(pid=$pid\), check $dir/chronyd.pid\$"
expect "pid file was taken" test "$(cat "$dir/chronyd.pid")" = "$pid"
finish "a second daemon is refused"
stop
expect "status $status" test "$status" -eq 0

python3 - "$dir" <<'PY' &
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('127.0.0.1', 12324))
open(sys.argv[1] + '/bound', 'w').close()
time.sleep(30)
PY
holder=$!
pids+=("$holder")
for _ in $(seq 1 100); do [ -e "$dir/bound" ] && break; sleep 0.05; done
run -d -x -t 1 -4 "pidfile $dir/chronyd.pid" 'port 0' 'cmdport 12324' 'bindcmdaddress /' 'local'
kill "$holder"
expect "not told" has 'Could not open command socket on 127\.0\.0\.1:12324'
finish "a taken command port is told"

echo 999999999 >"$dir/chronyd.pid"
configure 'local'
run -d -x -t 1 -f "$dir/chrony.conf"
expect "status $status" test "$status" -eq 0
expect "pid file stays" test ! -e "$dir/chronyd.pid"
finish "a stale pid file is replaced, and gone at the end"
run -d -x -t 1 'port 0' 'cmdport 0' 'bindcmdaddress /' "pidfile $dir/no/such/dir/pid"
expect "status $status" test "$status" -eq 1
expect "not told" has "Fatal error : Could not open $dir/no/such/dir/pid"
finish "a pid file that cannot be written is fatal"

configure "logdir $dir/chrony.conf/impossible" 'log tracking' "dumpdir $dir/chrony.conf/dump" 'local'
run -d -x -t 1 -f "$dir/chrony.conf"
expect "status $status" test "$status" -eq 0
expect "not told" has 'impossible'
finish "directories that cannot be made are told, not fatal"

if [ "$(id -u)" -eq 0 ]; then
    mkdir -m 0777 "$dir/open"
    run -d -x -t 1 'port 0' 'cmdport 0' "bindcmdaddress $dir/open/sock" "pidfile $dir/chronyd.pid" 'local'
    expect "permissions" has "Wrong permissions on $dir/open\$"
    expect "disabled" has "Disabled command socket $dir/open/sock\$"
    expect "status $status" test "$status" -eq 0
    chmod 0770 "$dir/open"
    chown 65534 "$dir/open"
    run -d -x -t 1 'port 0' 'cmdport 0' "bindcmdaddress $dir/open/sock" "pidfile $dir/chronyd.pid" 'local'
    expect "owner" has "Wrong owner of $dir/open \("
    expect "disabled" has "Disabled command socket $dir/open/sock\$"
    finish "a command socket's directory that is not safe disables the socket"

    mkdir "$dir/full"
    if mount -t tmpfs -o size=64k tmpfs "$dir/full" 2>/dev/null; then
        configure "driftfile $dir/full/drift" "logdir $dir/full" 'log tracking measurements' \
            'local' "dumpdir $dir/full"
        dd if=/dev/zero of="$dir/full/filler" bs=4k 2>/dev/null
        run -d -x -t 2 -f "$dir/chrony.conf"
        expect "status $status" test "$status" -eq 0
        expect "told once" test "$(grep -c 'tracking.log' "$dir/log")" -le 1
        expect "half a drift file" test ! -s "$dir/full/drift"
        finish "a full disk is survived"
        umount "$dir/full"
    else
        echo "skip $name: no small file system can be mounted here"
    fi
fi
exit $bad
