#!/bin/bash
# process.sh - the process: background, signals, readiness, sockets of a service manager, log file,
# and what it costs (wake-ups, memory, time to the first answer).
name=process
. "$(dirname "$0")/common.bash"

# --- into the background
if [ "$(id -u)" -eq 0 ]; then
    configure 'local'
    : >"$dir/log"
    timeout 20 "$chronyd" -x -l "$dir/log" -f "$dir/chrony.conf" 2>"$dir/stderr"
    expect "status $?" test $? -eq 0
    expect "no pid file when the parent returns" test -s "$dir/chronyd.pid"
    pid=$(cat "$dir/chronyd.pid" 2>/dev/null)
    expect "not running" kill -0 "$pid"
    expect "not in /" test "$(readlink "/proc/$pid/cwd")" = /
    expect "standard files" test "$(readlink "/proc/$pid/fd/0" "/proc/$pid/fd/1" "/proc/$pid/fd/2" |
        sort -u)" = /dev/null
    expect "session" test "$(ps -o tty= -p "$pid" | tr -d ' ')" = '?'
    expect "own session is led" test "$(ps -o sid= -p "$pid" | tr -d ' ')" != "$$"
    expect "terminal output" test ! -s "$dir/stderr"
    kill "$pid"
    for _ in $(seq 1 100); do [ -e "$dir/chronyd.pid" ] || break; sleep 0.05; done
    expect "pid file stays" test ! -e "$dir/chronyd.pid"
    expect "last words" has 'Z chronyd exiting$'
    finish "goes into the background, and its parent returns when it is ready"

    timeout 20 "$chronyd" -x -l "$dir/log" -f "$dir/not-there" 2>"$dir/stderr"
    expect "status" test $? -eq 1
    expect "not told on standard error" grep -q '^Could not open' "$dir/stderr"
    (cd "$dir" && timeout 20 "$chronyd" -x -l "$dir/log" -f chrony.conf 2>"$dir/stderr")
    expect "relative path" test $? -eq 1
    finish "a fatal error in the background is told by the parent"
fi

# --- signals
configure 'local' "driftfile $dir/drift" "dumpdir $dir/dump"
for signal in INT TERM QUIT HUP; do
    expect "did not start" start -f "$dir/chrony.conf"
    stop $signal
    expect "SIG$signal: status $status" test "$status" -eq 0
    expect "SIG$signal: pid file stays" test ! -e "$dir/chronyd.pid"
    expect "SIG$signal: last words" has 'Z chronyd exiting$'
done
finish "INT, TERM, QUIT and HUP end it cleanly"
start -f "$dir/chrony.conf"
kill -PIPE "$pid"
sleep 0.1
expect "died" kill -0 "$pid"
stop
finish "SIGPIPE is ignored"
for i in 1 2 3 4 5 6 7 8 9 10; do
    "$chronyd" -d -x -f "$dir/chrony.conf" 2>"$dir/log" &
    pid=$!
    sleep 0.0$i
    kill "$pid"
    timeout 5 tail --pid=$pid -f /dev/null
    expect "try $i: hangs" test $? -eq 0
    kill -9 "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
done
finish "a signal at any moment of the start is not lost"

# --- readiness
expect "did not start" start -f "$dir/chrony.conf"
expect "no newline" test "$(od -An -c "$dir/ready" | tr -d ' ')" = '\n'
stop
finish "-N writes a newline and closes"
python3 - "$dir" "$chronyd" <<'PY' >"$dir/notify" 2>&1
import os, signal, socket, subprocess, sys
d, chronyd = sys.argv[1:]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(d + '/notify.sock')
s.settimeout(5)
p = subprocess.Popen([chronyd, '-d', '-x', '-f', d + '/chrony.conf'], stderr=subprocess.DEVNULL,
                     env=dict(os.environ, NOTIFY_SOCKET=d + '/notify.sock'))
try:
    print(s.recv(100).decode())
    p.send_signal(signal.SIGTERM)
    print(s.recv(100).decode())
    p.wait(5)
finally:
    p.kill()
    p.wait()
PY
expect "READY" grep -q '^READY=1' "$dir/notify"
expect "STOPPING" grep -q '^STOPPING=1' "$dir/notify"
finish "tells a service manager READY=1 and STOPPING=1"
NOTIFY_SOCKET=@abstract run -d -x -t 1 -f "$dir/chrony.conf"
expect "status $status" test "$status" -eq 1
finish "an abstract NOTIFY_SOCKET is fatal"

# --- LISTEN_FDS, and the time from the start to the first answer
cat >"$dir/ask.py" <<'PY'
import os, signal, socket, subprocess, sys, time
d, chronyd, adopt = sys.argv[1:]
port = 12123
os.dup2(os.open('/dev/null', os.O_RDWR), 3)
fd = os.open('/dev/null', os.O_RDWR) if adopt != 'yes' else None
if adopt == 'yes':
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind(('0.0.0.0', port))
    os.dup2(listener.fileno(), 4)
env = dict(os.environ)
if adopt == 'yes':
    env['LISTEN_FDS'] = '2'
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.connect(('127.0.0.1', port))
client.settimeout(0.002)
start = time.monotonic()
p = subprocess.Popen([chronyd, '-d', '-x', '-4', f'port {port}', 'cmdport 0', 'bindcmdaddress /', 'local',
                      'allow', f'pidfile {d}/chronyd.pid'], stderr=open(d + '/log', 'w'), env=env,
                     pass_fds=(3, 4) if adopt == 'yes' else ())
answer = None
while answer is None and time.monotonic() < start + 5:
    try:
        client.send(b'\x23' + bytes(47))
        answer = client.recv(200)
    except (ConnectionRefusedError, TimeoutError):
        pass
took = time.monotonic() - start
inodes = []
for f in os.listdir(f'/proc/{p.pid}/fd'):
    try:
        inodes.append(os.readlink(f'/proc/{p.pid}/fd/{f}'))
    except OSError:
        pass
p.send_signal(signal.SIGTERM)
p.wait(5)
print('stratum', answer[1] if answer else 'none')
print('took_ms', round(took * 1e3, 1))
if adopt == 'yes':
    print('adopted', 'yes' if os.readlink('/proc/self/fd/4') in inodes else 'no')
PY
python3 "$dir/ask.py" "$dir" "$chronyd" yes >"$dir/out" 2>&1
expect "answer" grep -q '^stratum 10' "$dir/out"
expect "not used" grep -q '^adopted yes' "$dir/out"
finish "uses a socket that was passed with LISTEN_FDS"
best=9999
for _ in 1 2 3 4 5; do
    python3 "$dir/ask.py" "$dir" "$chronyd" no >"$dir/out" 2>&1
    took=$(sed -n 's/^took_ms //p' "$dir/out")
    best=$(awk -v a="$best" -v b="${took:-9999}" 'BEGIN { print a < b ? a : b }')
done
expect "$best ms" awk -v t="$best" 'BEGIN { exit !(t < 25) }'
finish "answers within 25 ms of its start"

# --- cost
configure 'server 127.0.0.1 port 12123 minpoll 2 maxpoll 2' "driftfile $dir/drift" "logdir $dir" \
    'log tracking measurements statistics'
server_log=$dir/server.log
"$chronyd" -d -x -4 'port 12123' 'cmdport 0' 'bindcmdaddress /' local allow "pidfile $dir/server.pid" \
    2>"$server_log" &
pids+=($!)
expect "did not start" start -f "$dir/chrony.conf"
sleep 1
rss=$(awk '/^VmRSS/ { print $2 }' "/proc/$pid/status")
before=$(awk '/^voluntary_ctxt/ { print $2 }' "/proc/$pid/status")
sleep 10
after=$(awk '/^voluntary_ctxt/ { print $2 }' "/proc/$pid/status")
if ! nm -D "$chronyd" | grep -q __asan; then
    expect "$rss kB" test "${rss:-99999}" -lt 5120
    finish "takes less than 5 MiB of memory"
fi
# Two or three polls in ten seconds: each a timer and an answer (the stamp comes before it).
expect "$((after - before)) in 10 s" test $((after - before)) -le 12
expect "never" test $((after - before)) -ge 2
stop
finish "wakes up for polls and for nothing else"

configure 'local'
expect "did not start" start -f "$dir/chrony.conf"
sleep 0.3
before=$(awk '/^voluntary_ctxt/ { print $2 }' "/proc/$pid/status")
sleep 5
after=$(awk '/^voluntary_ctxt/ { print $2 }' "/proc/$pid/status")
expect "$((after - before)) in 5 s" test $((after - before)) -le 1
stop
finish "sleeps when there is nothing to do"

# --- log rotation
run_log() {
    "$chronyd" -n -x -l "$dir/rotated.log" -N 9 -f "$dir/chrony.conf" 9>"$dir/ready" &
    pid=$!
    pids+=("$pid")
    for _ in $(seq 1 100); do [ -s "$dir/ready" ] && break; sleep 0.02; done
}
rm -f "$dir/ready"
run_log
mv "$dir/rotated.log" "$dir/rotated.log.1"
stop
expect "not opened again" grep -q 'chronyd exiting' "$dir/rotated.log"
expect "old file" grep -q 'starting' "$dir/rotated.log.1"
finish "a log file that was moved away is opened anew"
exit $bad
