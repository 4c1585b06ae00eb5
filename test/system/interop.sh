#!/bin/bash
# interop.sh - our programs against the NTP software of other people, both ways, on one machine.
#
# Runs in a network namespace of its own (loopback only) and without steering the clock. Takes the
# programs of $BUILD and the peers unpacked under $PEERS (Debian packages chrony, ntpsec,
# ntpsec-ntpdig, python3-ntp, openntpd). A peer that is not there is skipped with a line that says
# so. Prints `ok NAME` or `not ok NAME` for each case. An argument (chrony, ntpdig, ntpsec, openntpd)
# runs that part alone.
set -u
BUILD=${BUILD:-$PWD/build}
PEERS=${PEERS:-$BUILD/peers}

if [ "${1:-}" != inside ]; then
    if [ ! -d "$PEERS" ]; then
        echo "skip interop: no peers under $PEERS"
        exit 0
    fi
    if ! unshare -mn true 2>/dev/null; then
        echo "skip interop: network namespaces are not permitted here"
        exit 0
    fi
    exec unshare -mn "$0" inside "${1:-all}"
fi

only=$2
ip link set lo up
# Not 127.0.0.0/8: ntpd takes addresses there for reference clocks.
for i in 2 3 4 5 6; do ip addr add 10.77.0.$i/32 dev lo; done
dir=$(mktemp -d /tmp/truechimer-interop.XXXXXX)
chmod 755 "$dir"
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; wait; rm -rf "$dir"' EXIT
ours=$BUILD/chronyd
ourc=$BUILD/chronyc
theirs=$PEERS/chrony/usr/sbin/chronyd
theirc=$PEERS/chrony/usr/bin/chronyc
failed=0

result() { # result STATUS NAME [FILE...]: report one case; the files help when it failed
    local status=$1 name=$2
    shift 2
    if [ "$status" -eq 0 ]; then
        echo "ok interop $name"
    else
        failed=1
        [ $# -eq 0 ] || tail -n 15 "$@"
        echo "not ok interop $name"
    fi
}
start() { # start LOG COMMAND...: in the background
    local log=$1
    shift
    "$@" >"$dir/$log" 2>&1 &
    pids+=($!)
}
stop_all() {
    kill "${pids[@]}" 2>/dev/null
    wait
    pids=()
}
until_true() { # until_true SECONDS COMMAND...
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.2
    done
}

cat >"$dir/keys" <<'END'
1 MD5 ASCII:abcdefghijk
2 SHA1 HEX:0102030405060708090a0b0c0d0e0f1011121314
3 SHA256 HEX:0102030405060708090a0b0c0d0e0f1011121314
4 AES128 HEX:0102030405060708090a0b0c0d0e0f10
5 SHA512 HEX:0102030405060708090a0b0c0d0e0f1011121314
6 SHA3-224 HEX:0102030405060708090a0b0c0d0e0f1011121314
7 AES256 HEX:0102030405060708090a0b0c0d0e0f100102030405060708090a0b0c0d0e0f10
END
chmod 600 "$dir/keys"

conf() { # conf NAME ADDRESS: write a configuration; further lines come from stdin
    mkdir -p "$dir/$1"
    chmod 770 "$dir/$1"
    {
        cat <<END
user root
allow all
bindaddress $2
bindcmdaddress $2
bindcmdaddress $dir/$1/sock
cmdallow all
pidfile $dir/$1/pid
keyfile $dir/keys
logdir $dir/$1
END
        cat
    } >"$dir/$1.conf"
}
ours_at() { # ours_at ADDRESS [DIRECTIVE...]: our server
    local address=$1
    shift
    printf '%s\n' "$@" | conf ours "$address"
    start ours.log "$ours" -4 -x -d -f "$dir/ours.conf"
    until_true 5 "$ourc" -h "$dir/ours/sock" -n tracking >/dev/null 2>&1
}
theirs_at() {
    local address=$1
    shift
    printf '%s\n' "$@" | conf theirs "$address"
    start theirs.log "$theirs" -4 -x -d -f "$dir/theirs.conf"
    until_true 5 "$theirc" -h "$dir/theirs/sock" -n tracking >/dev/null 2>&1
}
asks() { # asks CHRONYD SERVER OPTIONS...: one measurement
    local program=$1
    shift
    timeout 12 "$program" -Q -t 8 "server $* iburst maxsamples 1" "keyfile $dir/keys" \
        "user root" >"$dir/client.log" 2>&1 &&
        grep -q 'System clock wrong by -\?0\.0' "$dir/client.log"
}
answers() { # answers SERVER OPTIONS...: valid packets, though perhaps of an unsynchronised server
    rm -rf "$dir/raw"
    timeout 12 "$ours" -d -x -t 3 "server $* iburst" "keyfile $dir/keys" "user root" "port 0" \
        "cmdport 0" "bindcmdaddress /" "pidfile /" "logdir $dir/raw" "log rawmeasurements" \
        >"$dir/client.log" 2>&1
    grep -q "^[^=].* $1 .* 111 1.1 " "$dir/raw/measurements.log"
}
wanted() { # wanted PART PROGRAM
    [ "$only" = all ] || [ "$only" = "$1" ] || return 1
    [ -x "$2" ] && return 0
    echo "skip interop: no $1 under $PEERS"
    return 1
}
field() { # field CHRONYC SOCKET ADDRESS NAME: one line of ntpdata
    "$1" -h "$2" -n ntpdata "$3" | sed -n "s/^$4 *: //p"
}

# --- chrony ---------------------------------------------------------------------------------------

chrony_as_server() {
    theirs_at 10.77.0.2 "local stratum 4"
    for version in 1 2 3 4; do
        asks "$ours" 10.77.0.2 version $version
        result $? "our client, chrony serves: version $version" "$dir/client.log"
    done
    for key in 1 2 3 4 5 6 7; do
        asks "$ours" 10.77.0.2 key $key
        result $? "our client, chrony serves: key $key" "$dir/client.log"
    done
    ! asks "$ours" 10.77.0.2 key 99
    result $? "our client, chrony serves: a missing key gives no time" "$dir/client.log"
    stop_all
}
chrony_as_client() {
    ours_at 10.77.0.3 "local stratum 4"
    for version in 1 2 3 4; do
        asks "$theirs" 10.77.0.3 version $version
        result $? "chrony asks our server: version $version" "$dir/client.log" "$dir/ours.log"
    done
    for key in 1 2 3 4 5 6 7; do
        asks "$theirs" 10.77.0.3 key $key
        result $? "chrony asks our server: key $key" "$dir/client.log" "$dir/ours.log"
    done
    sed 's/0102/0202/' "$dir/keys" >"$dir/wrong"
    ! timeout 12 "$theirs" -Q -t 4 "server 10.77.0.3 iburst key 2" "keyfile $dir/wrong" \
        "user root" >"$dir/client.log" 2>&1
    result $? "chrony asks our server: a wrong key gets no answer" "$dir/client.log"
    stop_all
}
interleaved() {
    theirs_at 10.77.0.2 "local stratum 4" "server 10.77.0.3 minpoll -2 maxpoll -2 xleave noselect"
    ours_at 10.77.0.3 "local stratum 4" "server 10.77.0.2 minpoll -2 maxpoll -2 xleave noselect"
    sleep 5
    [ "$(field "$ourc" "$dir/ours/sock" 10.77.0.2 Interleaved)" = Yes ] &&
        [ "$(field "$ourc" "$dir/ours/sock" 10.77.0.2 'Total good RX')" -ge 4 ]
    result $? "our client, chrony serves: interleaved" "$dir/ours.log"
    [ "$(field "$theirc" "$dir/theirs/sock" 10.77.0.3 Interleaved)" = Yes ] &&
        [ "$(field "$theirc" "$dir/theirs/sock" 10.77.0.3 'Total good RX')" -ge 4 ]
    result $? "chrony asks our server: interleaved" "$dir/theirs.log"
    stop_all
}
symmetric() { # symmetric NAME OPTIONS
    theirs_at 10.77.0.2 "local stratum 4" "peer 10.77.0.3 minpoll 0 maxpoll 0 noselect $2"
    ours_at 10.77.0.3 "local stratum 4" "peer 10.77.0.2 minpoll 0 maxpoll 0 noselect $2"
    sleep 9
    [ "$(field "$ourc" "$dir/ours/sock" 10.77.0.2 'Total good RX')" -ge 4 ]
    result $? "we hear chrony as a peer: $1" "$dir/ours.log"
    [ "$(field "$theirc" "$dir/theirs/sock" 10.77.0.3 'Total good RX')" -ge 4 ]
    result $? "chrony hears us as a peer: $1" "$dir/theirs.log"
    stop_all
}
passive() {
    ours_at 10.77.0.3 "local stratum 4"
    theirs_at 10.77.0.2 "peer 10.77.0.3 minpoll 0 maxpoll 0"
    sleep 5
    [ "$(field "$theirc" "$dir/theirs/sock" 10.77.0.3 Mode)" = 'Symmetric passive' ]
    result $? "chrony's peer gets passive answers from us" "$dir/theirs.log"
    stop_all
}
ipv6() {
    conf ours ::1 <<<"local stratum 4"
    start ours.log "$ours" -6 -x -d -f "$dir/ours.conf"
    sleep 1
    asks "$theirs" ::1
    result $? "chrony asks our server: IPv6" "$dir/client.log" "$dir/ours.log"
    asks "$ours" ::1
    result $? "our client and server: IPv6" "$dir/client.log" "$dir/ours.log"
    stop_all
}
rate_limits() {
    ours_at 10.77.0.3 "local stratum 4" "ratelimit interval 5 burst 1 leak 4 kod 1"
    start client.log "$theirs" -x -d "server 10.77.0.3 minpoll -3 maxpoll -3 iburst" \
        "user root" "bindcmdaddress $dir/client.sock" "pidfile $dir/client.pid" "cmdport 0"
    until_true 20 grep -q 'Received KoD RATE from 10.77.0.3' "$dir/client.log"
    result $? "chrony understands our kiss of death" "$dir/client.log"
    stop_all
    theirs_at 10.77.0.2 "local stratum 4" "ratelimit interval 5 burst 1 leak 4"
    start client.log "$ours" -x -d "server 10.77.0.2 minpoll -3 maxpoll -3 iburst" \
        "user root" "bindcmdaddress $dir/client/sock" "pidfile $dir/client.pid" "cmdport 0"
    sleep 5
    ! grep -q 'Fatal' "$dir/client.log"
    result $? "our client lives with chrony's rate limit" "$dir/client.log"
    stop_all
}
command_tools() {
    ours_at 10.77.0.3 "local stratum 4" "server 10.77.0.2 iburst minpoll 0 maxpoll 0 noselect"
    theirs_at 10.77.0.2 "local stratum 4"
    sleep 3
    local word
    for word in tracking sources sourcestats activity; do
        "$theirc" -h 10.77.0.3 -n $word >"$dir/out" 2>&1
        result $? "chrony's chronyc over UDP: $word" "$dir/out"
    done
    for word in "burst 2/4" "offline 10.77.0.2" "online" "onoffline" "refresh" "clients" \
        "serverstats" "ntpdata" "authdata" "minpoll 10.77.0.2 1" "maxdelay 10.77.0.2 0.5" \
        "add server 10.77.0.9" "delete 10.77.0.9" "selectdata" "reselect" "cyclelogs"; do
        "$theirc" -h "$dir/ours/sock" -n $word >"$dir/out" 2>&1
        result $? "chrony's chronyc over the socket: $word" "$dir/out"
        "$ourc" -h "$dir/theirs/sock" -n ${word//10.77.0.2/10.77.0.9} >"$dir/out" 2>&1
    done
    for word in tracking sources clients serverstats; do
        "$ourc" -h "$dir/theirs/sock" -n $word >"$dir/out" 2>&1
        result $? "our chronyc asks chrony: $word" "$dir/out"
    done
    stop_all
}

if wanted chrony "$theirs"; then
    chrony_as_server
    chrony_as_client
    interleaved
    symmetric plain ""
    symmetric authenticated "key 2"
    symmetric interleaved "xleave"
    symmetric "interleaved and authenticated" "xleave key 4"
    passive
    ipv6
    rate_limits
    command_tools
fi

# --- ntpsec ---------------------------------------------------------------------------------------

if wanted ntpdig "$PEERS/ntpsec-ntpdig/usr/bin/ntpdig"; then
    # The package looks for its library beside itself first.
    mkdir -p "$dir/python"
    cp -r "$PEERS/python3-ntp/usr/lib/python3/dist-packages/ntp" "$dir/python/"
    cp "$PEERS"/python3-ntp/usr/lib/*/ntp/libntpc.so.1 "$dir/python/ntp/libntpc.so"
    ours_at 10.77.0.3 "local stratum 4"
    PYTHONPATH=$dir/python timeout 20 python3 "$PEERS/ntpsec-ntpdig/usr/bin/ntpdig" 10.77.0.3 \
        >"$dir/out" 2>&1 && grep -q 10.77.0.3 "$dir/out"
    result $? "ntpdig asks our server" "$dir/out"
    PATH=$PEERS/ntpsec-ntpdig/usr/bin:$PATH PYTHONPATH=$dir/python timeout 20 \
        sh "$PEERS/ntpsec-ntpdate/usr/sbin/ntpdate" -q 10.77.0.3 >"$dir/out" 2>&1 &&
        grep -q 10.77.0.3 "$dir/out"
    result $? "ntpdate asks our server" "$dir/out"
    stop_all
fi
if wanted ntpsec "$PEERS/ntpsec/usr/sbin/ntpd"; then
    sed 's/ASCII://; s/HEX://; s/ MD5 / MD5 /' "$dir/keys" | head -2 >"$dir/ntp.keys"
    cat >"$dir/ntp.conf" <<END
disable ntp
disable kernel
interface ignore wildcard
interface listen 10.77.0.5
server 10.77.0.3 iburst minpoll 3 maxpoll 3
server 10.77.0.4 iburst minpoll 3 maxpoll 3 key 2
keys $dir/ntp.keys
trustedkey 1 2
refclock local stratum 6
restrict default
END
    ours_at 10.77.0.3 "local stratum 4"
    conf second 10.77.0.4 <<<"local stratum 4"
    start second.log "$ours" -4 -x -d -f "$dir/second.conf"
    start ntpd.log "$PEERS/ntpsec/usr/sbin/ntpd" -n -c "$dir/ntp.conf"
    asked() {
        [ "$("$ourc" -h "$dir/ours/sock" -n -c clients | awk -F, 'NR == 1 { n = $2 } END { print n + 0 }')" -ge 3 ]
    }
    until_true 25 asked
    result $? "ntpsec asks our server" "$dir/ntpd.log" "$dir/ours.log"
    authenticated() {
        [ "$("$ourc" -h "$dir/second/sock" -n -c serverstats | awk -F, 'END { print $8 + 0 }')" -ge 2 ]
    }
    until_true 25 authenticated
    result $? "ntpsec asks our server: SHA1 key" "$dir/ntpd.log" "$dir/second.log"
    # With its hands off the clock it never calls itself synchronised.
    answers 10.77.0.5
    result $? "our client, ntpsec serves" "$dir/client.log" "$dir/ntpd.log"
    answers 10.77.0.5 key 2
    result $? "our client, ntpsec serves: SHA1 key" "$dir/client.log" "$dir/ntpd.log"
    stop_all
fi

# --- OpenNTPD -------------------------------------------------------------------------------------

if wanted openntpd "$PEERS/openntpd/usr/sbin/ntpd"; then
    # It wants a user and folders of its own; only this namespace sees them.
    mkdir -p "$dir/home"
    mount -t tmpfs tmpfs /var/lib && mkdir -p /var/lib/openntpd/db /var/lib/openntpd/run
    { cat /etc/passwd; echo "ntpd:x:977:977::$dir/home:/bin/false"; } >"$dir/passwd"
    { cat /etc/group; echo "ntpd:x:977:"; } >"$dir/group"
    mount --bind "$dir/passwd" /etc/passwd && mount --bind "$dir/group" /etc/group
    printf 'listen on 10.77.0.6\nserver 10.77.0.3\n' >"$dir/ntpd.conf"
    ours_at 10.77.0.3 "local stratum 4"
    start openntpd.log "$PEERS/openntpd/usr/sbin/ntpd" -d -v -f "$dir/ntpd.conf"
    until_true 40 grep -q 'peer 10.77.0.3 now valid' "$dir/openntpd.log"
    result $? "OpenNTPD asks our server" "$dir/openntpd.log"
    answered() {
        answers 10.77.0.6
    }
    until_true 30 answered
    result $? "our client, OpenNTPD serves" "$dir/client.log" "$dir/openntpd.log"
    stop_all
fi
exit $failed
