#!/bin/bash
# refclock.sh - shared memory and sockets of reference clocks, with a writer of samples that are a
# quarter of a second off and have outliers. What cannot be opened ends the start.
name=refclock
. "$(dirname "$0")/common.bash"
make -s BUILD="$BUILD" "$BUILD/test/system/shmwriter" >/dev/null 2>&1
writer=$BUILD/test/system/shmwriter
[ -x "$writer" ] || { echo "not ok refclock: the writer of samples was not built"; exit 1; }
ask() { "$chronyc" -h "$dir/run/chronyd.sock" "$@" >"$dir/answer" 2>&1; }
answered() { grep -Eq -- "$1" "$dir/answer"; }
mkdir "$dir/run" && chmod 0770 "$dir/run"
quiet=("port 0" "cmdport 0" "pidfile $dir/chronyd.pid")

# A unit that nobody uses; its memory is removed at the end.
unit=$((100 + $$ % 100))
key=$(printf '0x%x' $((0x4e545030 + unit)))
trap 'clean_up; ipcrm -M "$key" 2>/dev/null' EXIT
write() { "$writer" "$@" 2>/dev/null & pids+=($!); }

configure "bindcmdaddress $dir/run/chronyd.sock" "logdir $dir/log.d" "dumpdir $dir" "log refclocks" \
    "refclock SHM $unit refid GPS poll 0 dpoll -2" "refclock SOCK $dir/s.sock poll 0 noselect" \
    "refclock SOCK $dir/p.sock lock GPS poll 0 refid PULS noselect" "server 127.0.0.1 port 9"
expect "start" start -f "$dir/chrony.conf"
expect "no socket" test -S "$dir/s.sock"
expect "no memory" sh -c "ipcs -m | grep -q '$key .* 600 *96 '"
write shm "$unit" 0.25 20
write sock "$dir/s.sock" 0.25 20
write pulse "$dir/p.sock" 0.25 20
for _ in $(seq 1 60); do
    sleep 0.25
    ask sources
    answered '^#\* GPS' && answered '^#\? SOC1 +0 +0 +[1-7]?7 ' && break
done
ask sources
expect "GPS is not selected" answered '^#\* GPS +0 +0 +[1-7]?[1-7]?7 '
expect "SOC1 is not there" answered '^#\? SOC1 +0 +0 +[1-7]?[1-7]?7 '
expect "PULS is not there" answered '^#\? PULS +0 +0 +[1-7]?[1-7]?7 '
ask -n sources
expect "order" test "$(awk 'NR > 2 { printf "%s ", $2 }' "$dir/answer")" = "GPS SOC1 PULS 127.0.0.1 "
finish "shared memory and sockets are sources, before the servers"
ask -c tracking
expect "reference" answered '^47505300,GPS,1,'
expect "offset" awk -F, '{ e = $5 + 0; if (e < 0) e = -e; exit !(e > 0.2499 && e < 0.2501) }' "$dir/answer"
finish "the offset is that of the writer, without its outliers"
ask sourcestats
expect "GPS" answered '^GPS +[0-9]+ +[0-9]+ '
ask selectdata
expect "noselect" answered '^N SOC1 .* N---- '
ask ntpdata
refuse "refclock" answered GPS
finish "statistics have them, NTP data do not"
ask -c sources
expect "columns" answered '^#,\*,GPS,0,0,[0-7]+,[0-9]+,'
finish "sources in columns"
expect "refused" ask offset SOC1 0.5
expect "log" has 'Z Source SOC1 new offset 0.5$'
refuse "unknown" ask offset NONE 0.5
for _ in $(seq 1 30); do
    ask -c sources
    answered '^#,.,SOC1,.*,-0\.(49|50)[0-9]+,[0-9.]+$' && break
    sleep 0.25
done
expect "offset" answered '^#,.,SOC1,.*,-0\.(49|50)[0-9]+,[0-9.]+$'
finish "the offset of a reference clock can be changed"
log=$dir/log.d/refclocks.log
expect "heading" grep -qx '   Date (UTC) Time         Refid  DP L P  Raw offset   Cooked offset      Disp.' "$log"
expect "sample" grep -Eq '^....-..-.. ..:..:..\.[0-9]{6} GPS   ( |[0-9]){3} N 0  [0-9.e+-]{12} [ -][0-9.e+-]{12} [ -][0-9.e+-]{9}$' "$log"
expect "pulse" grep -Eq '^....-..-.. ..:..:..\.[0-9]{6} PULS  ( |[0-9]){3} N 1 ' "$log"
expect "filtered" grep -Eq '^....-..-.. ..:..:..\.[0-9]{6} GPS     - N -       -       [ -][0-9.e+-]{12} [ -][0-9.e+-]{9}$' "$log"
finish "refclocks.log"
stop
expect "status $status" test "$status" -eq 0
expect "dump file" grep -qx '\.' "$dir/refid:47505300.dat"
refuse "socket is left" test -e "$dir/s.sock"
finish "the end removes sockets and leaves dump files"
expect "start" start -r -f "$dir/chrony.conf"
sleep 0.3
expect "not loaded" has 'Loaded dump file for GPS$'
refuse "file is left" test -e "$dir/refid:47505300.dat"
stop
finish "dump files are loaded"

# TEXT REFCLOCK-ARGUMENTS...: fatal
fatal() {
    local text=$1
    shift
    run -d -x "${quiet[@]}" "bindcmdaddress /" "refclock $*"
    expect "status $status" test "$status" -eq 1
    expect "not told" has "Fatal error : .*$text"
    finish "refclock $* ends the start"
}
fatal 'unknown refclock driver GPS' GPS 0
fatal 'unknown refclock driver shm' shm 0
fatal 'Invalid SHM unit x' SHM x
fatal 'Invalid refclock driver option permit' SHM 0:permit
fatal 'Invalid value of refclock driver option perm' SHM 0:perm=9
fatal '/nonexistent/pps0: No such file or directory' PPS /nonexistent/pps0
fatal '/nonexistent/ptp0: No such file or directory' PHC /nonexistent/ptp0
fatal 'Interface lo has no PTP clock' PHC lo
fatal 'no PPS device|not compiled in' PPS /dev/null
fatal 'no PTP clock' PHC /dev/null
fatal 'no real-time clock' RTC /dev/null
fatal 'Invalid value of refclock driver option pin' PHC /dev/null:pin=x
fatal '/nonexistent/a.sock' SOCK /nonexistent/a.sock
run -d -x "${quiet[@]}" "bindcmdaddress /" "refclock SHM $unit" "refclock SHM $unit refid SHM0"
expect "status $status" test "$status" -eq 1
finish "a reference id is used once"
run -p 'refclock GPS 0 poll 3'
expect "status $status" test "$status" -eq 0
finish "-p takes any driver"
exit $bad
