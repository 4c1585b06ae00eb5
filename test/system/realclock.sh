#!/bin/bash
# realclock.sh - this host's own clock is put wrong and brought right again, against a server whose
# time does not move with it (rawserver: CLOCK_MONOTONIC_RAW). Puts the clock back at the end.
#
# Takes eight minutes. Skipped, with the reason, where the clock may not be set.
set -u
BUILD=${BUILD:-$PWD/build}
dir=$(mktemp -d /tmp/truechimer-clock.XXXXXX)
chmod 755 "$dir"
port=21130
pids=()

clock() { # set FREQ_PPM and/or step: clock OFFSET_S FREQ_PPM
    python3 - "$@" <<'PY'
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
class timex(ctypes.Structure):
    _fields_ = [('modes', ctypes.c_uint), ('offset', ctypes.c_long), ('freq', ctypes.c_long),
                ('maxerror', ctypes.c_long), ('esterror', ctypes.c_long), ('status', ctypes.c_int),
                ('constant', ctypes.c_long), ('precision', ctypes.c_long), ('tolerance', ctypes.c_long),
                ('sec', ctypes.c_long), ('usec', ctypes.c_long), ('tick', ctypes.c_long), ('rest', ctypes.c_long * 20)]
step, ppm = float(sys.argv[1]), float(sys.argv[2])
t = timex()
t.modes, t.freq, t.tick = 0x2 | 0x4000, int(ppm * 65536), 10000
if libc.adjtimex(ctypes.byref(t)) < 0: sys.exit(1)
if step:
    t = timex()
    t.modes = 0x100 | 0x2000
    t.sec, t.usec = divmod(int(step * 1e9), 10**9)
    if libc.adjtimex(ctypes.byref(t)) < 0: sys.exit(1)
PY
}

if ! clock 0 0 2>/dev/null; then
    echo "skip realclock: setting the clock is not permitted here"
    exit 0
fi

finish() {
    kill "${pids[@]}" 2>/dev/null
    wait 2>/dev/null
    clock "$(awk 'END { print 0 }' /dev/null)" 0
    # What the tests added to the clock comes off again, measured on a clock that nobody steers.
    python3 - "$epoch_real" "$epoch_raw" <<'PY'
import sys, time
real, raw = int(sys.argv[1]), int(sys.argv[2])
moved = (time.time_ns() - real) - (time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW) - raw)
time.clock_settime_ns(time.CLOCK_REALTIME, time.time_ns() - moved)
PY
    rm -rf "$dir"
}
read -r epoch_real epoch_raw < <(python3 -c 'import time; print(time.time_ns(), time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW))')
trap finish EXIT
trap 'exit 130' INT TERM

check() { # check NAME CONDITION-IN-AWK: reports one test
    if awk "BEGIN { exit !($2) }"; then echo "ok realclock: $1 ($2)"; else
        echo "not ok realclock: $1 ($2)"
        tail -n 12 "$dir"/*.log
    fi
}
start_server() { # OFFSET PPM SECONDS
    "$BUILD/test/system/rawserver" --port $port --offset "$1" --ppm "$2" --seconds "$3" >"$dir/truth" &
    server=$!
    pids+=($server)
    sleep 0.2
}
start_daemon() { # LINE...
    "$BUILD/chronyd" -d -u root "cmdport 0" "pidfile /" "port 0" "bindcmdaddress /" \
        "driftfile $dir/drift" "$@" >"$dir/chronyd.log" 2>&1 &
    daemon=$!
    pids+=($daemon)
}
# The newest error of the system clock in seconds, without sign; its frequency in ppm.
error() { tail -n 1 "$dir/truth" | awk '{ print ($2 < 0 ? -$2 : $2) }'; }

# --- 3.7 s and 80 ppm off: stepped, close after a minute, frequency learned after five
clock 0 0
start_server 3.7 80 330
start_daemon "server 127.0.0.1 port $port iburst minpoll 2 maxpoll 4" "makestep 1 3"
sleep 10
check "stepped within 10 s" "$(error) < 0.01"
grep -q 'System clock was stepped by 3\.[67]' "$dir/chronyd.log" && echo "ok realclock: says that it stepped" ||
    echo "not ok realclock: says that it stepped"
sleep 50
check "within 100 us after a minute" "$(error) < 100e-6"
sleep 240
kill -TERM $daemon
wait $daemon 2>/dev/null
status=$?
check "ends cleanly" "$status == 0"
learned=$(awk '{ print $1 }' "$dir/drift")
check "frequency within 2 ppm after five minutes" "$learned + 80 < 2 && $learned + 80 > -2"
check "still within 100 us" "$(error) < 100e-6"
kill $server 2>/dev/null

# --- the drift file brings the frequency back
clock 0 0
start_server 0 80 30
start_daemon "server 127.0.0.1 port $port offline"
sleep 2
check "drift file is used after a restart" "$(tail -n 1 "$dir/truth" | awk '{ print $3 }') - 80 < 2 && $(tail -n 1 "$dir/truth" | awk '{ print $3 }') - 80 > -2"
kill -TERM $daemon $server
wait $daemon $server 2>/dev/null

# --- without makestep the same offset is slewed at the allowed rate
clock 0 0
rm -f "$dir/drift"
start_server 3.7 80 100
start_daemon "server 127.0.0.1 port $port iburst minpoll 2 maxpoll 4"
sleep 20
first=$(error)
sleep 10
second=$(error)
check "slewed, not stepped, at the allowed rate" "$first < 3.0 && $first > 1.5 && ($first - $second) / 10 > 0.07 && ($first - $second) / 10 < 0.0835"
grep -q stepped "$dir/chronyd.log" && echo "not ok realclock: never stepped" || echo "ok realclock: never stepped"
sleep 45
check "slewed out" "$(error) < 1e-3"
