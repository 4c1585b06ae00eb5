#!/bin/bash
# directives.sh - what directives do to sockets and to the process, with and without each of them.
name=directives
. "$(dirname "$0")/common.bash"
if [ -z "${OWN_NETWORK:-}" ] || ! command -v python3 ss >/dev/null; then
    echo "skip $name: needs a network namespace of its own, python3 and ss"
    exit 0
fi
# Not a loopback address, which may always ask.
for i in 1 2 3; do ip addr add 10.9.9.$i/32 dev lo; done
quiet=('cmdport 0' 'bindcmdaddress /' 'pidfile /' 'user root')

# --- requests: where they come from and how they are marked
cat >"$dir/hear.py" <<'PY'
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
s.bind(('10.9.9.1', 21123))
s.settimeout(float(sys.argv[1]))
try:
    _, anc, _, source = s.recvmsg(600, 100)
    print(source[0], source[1], anc[0][2][0])
except TimeoutError:
    print('nothing')
PY
# heard LINE...: "ADDRESS PORT TOS" of the first request, or "nothing"
heard() {
    python3 "$dir/hear.py" "${wait:-8}" >"$dir/heard" &
    local hearer=$!
    pids+=($hearer)
    sleep 0.15
    start 'port 0' "${quiet[@]}" 'server 10.9.9.1 port 21123 iburst' "$@"
    wait $hearer
    stop
    cat "$dir/heard"
}
usual=$(heard)
refuse "nothing is heard as it is" test "$usual" = nothing
expect "dscp: $(heard 'dscp 46')" grep -q ' 184$' "$dir/heard"
expect "dscp: $(heard 'dscp 8')" grep -q ' 32$' "$dir/heard"
expect "none: $usual" test "${usual##* }" = 0
finish "dscp marks requests"
expect "$(heard 'acquisitionport 20999')" grep -q ' 20999 ' "$dir/heard"
refuse "$usual" grep -q ' 20999 ' <<<"$usual"
finish "acquisitionport is where requests come from"
expect "$(heard 'bindacqaddress 10.9.9.3')" grep -q '^10.9.9.3 ' "$dir/heard"
refuse "$usual" grep -q '^10.9.9.3 ' <<<"$usual"
finish "bindacqaddress is the address of requests"
expect "$(heard 'bindacqdevice lo')" grep -q '^10.9.9' "$dir/heard"
expect "$(wait=3 heard 'bindacqdevice none0')" grep -q '^nothing' "$dir/heard"
finish "bindacqdevice is where requests go out"

# --- sockets of the server and for commands
# listens ARGUMENT-OF-GREP LINE...: is there such a socket?
listens() {
    local pattern=$1 found
    shift
    start 'user root' 'pidfile /' "$@" || return 1
    ss -Huln >"$dir/sockets"
    grep -Eq -- "$pattern" "$dir/sockets"
    found=$?
    stop
    return $found
}
serving=('port 12123' 'cmdport 0' 'bindcmdaddress /' local allow)
expect "usual" listens '(0\.0\.0\.0|\*):12123 ' "${serving[@]}"
expect "port" listens ':12124 ' "${serving[@]}" 'port 12124'
refuse "port 0" listens ':12123 ' "${serving[@]}" 'port 0'
finish "port is where time is served"
expect "bound" listens '10\.9\.9\.2:12123 ' "${serving[@]}" 'bindaddress 10.9.9.2'
refuse "to any as well" listens '0\.0\.0\.0:12123 ' "${serving[@]}" 'bindaddress 10.9.9.2'
refuse "bound without it" listens '10\.9\.9\.2:12123 ' "${serving[@]}"
finish "bindaddress is where time is served"
expect "bound" listens '%lo:12123 ' "${serving[@]}" 'binddevice lo'
refuse "bound without it" listens '%lo:12123 ' "${serving[@]}"
finish "binddevice is where time is served"
commanded=('port 0' 'cmdport 12323' 'bindcmdaddress /')
expect "usual" listens '127\.0\.0\.1:12323 ' "${commanded[@]}"
expect "cmdport" listens '127\.0\.0\.1:12324 ' "${commanded[@]}" 'cmdport 12324'
refuse "cmdport 0" listens ':12323 ' "${commanded[@]}" 'cmdport 0'
finish "cmdport is where commands are taken"
expect "bound" listens '10\.9\.9\.2:12323 ' "${commanded[@]}" 'bindcmdaddress 10.9.9.2'
refuse "bound without it" listens '10\.9\.9\.2:12323 ' "${commanded[@]}"
mkdir -m 0770 "$dir/run"
start 'port 0' 'cmdport 0' 'pidfile /' 'user root' "bindcmdaddress $dir/run/sock"
expect "no Unix socket" test -S "$dir/run/sock"
stop
expect "the Unix socket stays" test ! -e "$dir/run/sock"
finish "bindcmdaddress is where commands are taken"
expect "bound" listens '%lo:12323 ' "${commanded[@]}" 'bindcmddevice lo'
refuse "bound without it" listens '%lo:12323 ' "${commanded[@]}"
finish "bindcmddevice is where commands are taken"

# --- who may ask, and what
# asked QUESTION LINE...: does a host that is not this one get an answer?
asked() {
    local question=$1 answered
    shift
    start 'port 0' 'cmdport 12323' 'bindcmdaddress 10.9.9.1' 'bindcmdaddress /' 'pidfile /' 'user root' \
        'server 10.9.9.2 offline' "$@" || return 1
    # shellcheck disable=SC2086
    timeout 1 "$chronyc" -n -p 12323 -h 10.9.9.1 $question >"$dir/answer" 2>&1
    answered=$?
    # One in 16 of the requests that are too many is answered all the same, so a few are needed.
    for _ in ${again:-}; do
        [ $answered -eq 0 ] || break
        # shellcheck disable=SC2086
        timeout 1 "$chronyc" -n -p 12323 -h 10.9.9.1 $question >"$dir/answer" 2>&1
        answered=$?
    done
    stop
    return $answered
}
expect "with it" asked tracking 'cmdallow 10.9.9.0/24'
refuse "for another net" asked tracking 'cmdallow 10.8.0.0/16'
refuse "without it" asked tracking
finish "cmdallow lets others ask"
refuse "with it" asked tracking 'cmdallow all' 'cmddeny 10.9.9.0/24'
expect "without it" asked tracking 'cmdallow all'
finish "cmddeny lets some of them not ask"
expect "usual" asked tracking 'cmdallow all'
refuse "others are open" asked tracking 'cmdallow all' 'opencommands activity'
refuse "usual list" asked 'selectdata' 'cmdallow all'
expect "opened" asked 'selectdata' 'cmdallow all' 'opencommands selectdata sourcename'
finish "opencommands says what others may ask"
again='2nd 3rd 4th 5th 6th'
refuse "with it" asked activity 'cmdallow all' 'cmdratelimit interval 10 burst 1 leak 4'
expect "with a larger burst" asked activity 'cmdallow all' 'cmdratelimit interval 10 burst 200 leak 4'
expect "without it" asked activity 'cmdallow all'
again=
finish "cmdratelimit says how often others may ask"

# --- the process
# status_of LINE...: a line of /proc/PID/status while it runs
status_of() {
    start 'port 0' "${quiet[@]}" "${@:2}"
    awk -v f="$1:" '$1 == f { print $2 }' "/proc/$pid/status"
    stop
}
locked=$(status_of VmLck lock_all)
if has 'Could not lock memory'; then
    echo "skip $name: memory may not be locked here"
else
    expect "with it: nothing is locked" test "$locked" -gt 0
    expect "without it: memory is locked" test "$(status_of VmLck)" -eq 0
    finish "lock_all locks the memory"
fi
# A hard limit that may not be raised: locking the present memory alone would let a later allocation
# fail, so nothing is locked, which is told, and the daemon goes on.
if ! setpriv --bounding-set -sys_resource --inh-caps -sys_resource true 2>/dev/null; then
    echo "skip $name: capabilities cannot be taken away here"
else
    cat >"$dir/limited" <<END
#!/bin/bash
ulimit -Hl 64
exec setpriv --bounding-set -sys_resource --inh-caps -sys_resource "$chronyd" "\$@"
END
    chmod +x "$dir/limited"
    locked=$(chronyd=$dir/limited status_of VmLck lock_all)
    expect "told" has 'Could not lock memory: Operation not permitted'
    expect "nothing is locked: $locked" test "$locked" -eq 0
    expect "started and ended well" has 'chronyd exiting'
    finish "lock_all is told when the limit cannot be raised"
fi
expect "user nobody" test "$(status_of Uid 'user nobody')" = "$(id -u nobody)"
expect "without it" test "$(status_of Uid)" = "$(id -u)"
finish "user is who it runs as"
start 'port 0' "${quiet[@]}" 'sched_priority 7'
if has 'Could not enable real-time priority 7'; then
    echo "skip $name: real-time priorities are not permitted here"
    stop
else
    expect "no priority" test "$(awk '{ print $40, $41 }' "/proc/$pid/stat")" = '7 1'
    stop
    start 'port 0' "${quiet[@]}"
    expect "none without it" test "$(awk '{ print $40, $41 }' "/proc/$pid/stat")" = '0 0'
    stop
    finish "sched_priority is the real-time priority"
fi
start 'port 0' 'cmdport 0' 'bindcmdaddress /' 'user root' "pidfile $dir/its.pid"
expect "the number" test "$(cat "$dir/its.pid")" = "$pid"
stop
expect "stays" test ! -e "$dir/its.pid"
finish "pidfile holds the process id"

# --- leap seconds
if [ -e /usr/share/zoneinfo/right/UTC ]; then
    run -d -x -t 1 'port 0' "${quiet[@]}" 'leapsectz right/UTC'
    expect "used" has 'Using right/UTC timezone to obtain leap second data'
    run -d -x -t 1 'port 0' "${quiet[@]}" 'leapsectz UTC'
    expect "a zone without leap seconds is used" has 'Timezone UTC failed leap second check, ignoring'
    run -d -x -t 1 'port 0' "${quiet[@]}"
    refuse "used without it" has 'leap second'
    finish "leapsectz is checked and used"
else
    echo "skip $name: there is no time zone right/UTC here"
fi

# --- mail about large corrections; nothing is sent where a mailer exists
if ! PATH=/usr/sbin:/usr/bin:/sbin:/bin command -v sendmail >/dev/null; then
    cat >"$dir/wrong.py" <<'PY'
import socket, struct, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('10.9.9.1', 21123))
while True:
    request, source = s.recvfrom(600)
    t = struct.pack('>Q', int((time.time() + 2208988800 + 5) * 2**32) & (2**64 - 1))
    s.sendto(struct.pack('>BBbbII4s', 0x24, 1, 6, -20, 0, 0, b'TEST') + t + request[40:48] + t + t, source)
PY
    python3 "$dir/wrong.py" &
    pids+=($!)
    sleep 0.2
    server=('server 10.9.9.1 port 21123 iburst' 'port 0' "${quiet[@]}")
    run -d -x -t 6 "${server[@]}" 'mailonchange nobody 1'
    expect "no mail" has 'Could not send mail to nobody'
    run -d -x -t 6 "${server[@]}" 'mailonchange nobody 10'
    expect "not corrected" has 'Selected source'
    refuse "mail about less" has 'mail'
    finish "mailonchange tells of large corrections"
fi
exit $bad
