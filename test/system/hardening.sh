#!/bin/bash
# hardening.sh - privileges, system call filter and file system restrictions of the running daemon.
name=hardening
. "$(dirname "$0")/common.bash"

if [ "$(id -u)" -ne 0 ] || nm -D "$chronyd" | grep -q __asan; then
    echo "skip $name: needs root and a program without sanitizers"
    exit 0
fi
features=$("$chronyd" -v)
mkdir -m 0770 "$dir/run" "$dir/var"
chown 65534:65534 "$dir/run" "$dir/var"
lines=("pidfile $dir/run/pid" 'port 0' 'cmdport 12323' "bindcmdaddress $dir/run/sock"
    "driftfile $dir/var/drift" "logdir $dir/var" 'log tracking measurements statistics'
    "dumpdir $dir/var" 'user nobody' 'server 127.0.0.1 port 12123 iburst minpoll 2 maxpoll 2'
    'server no-such-name.invalid')
printf '%s\n' "${lines[@]}" >"$dir/chrony.conf"

"$chronyd" -d -x -4 'port 12123' 'cmdport 0' 'bindcmdaddress /' local allow "pidfile $dir/server.pid" \
    2>"$dir/server.log" &
pids+=($!)

field() { awk -v f="$1:" '$1 == f { print $2 }' "/proc/$pid/status"; }

# work LEVEL...: everything the daemon does in its life, under a filter
work() {
    expect "did not start" start "$@" -f "$dir/chrony.conf"
    for _ in $(seq 1 120); do has 'Selected source' && break; sleep 0.1; done
    expect "not selected" has 'Selected source 127.0.0.1'
    if [ -x "$chronyc" ]; then
        for command in tracking 'sources -v' sourcestats activity clients 'ntpdata' selectdata \
            'add server 127.0.0.2' 'delete 127.0.0.2' dump cyclelogs rekey 'burst 1/1' \
            'reload sources' onoffline refresh reset\ sources; do
            # shellcheck disable=SC2086
            timeout 10 "$chronyc" -n -h "$dir/run/sock" $command >/dev/null 2>&1
        done
        kill -0 "$pid" 2>/dev/null || complaints="$complaints; died during commands"
    fi
    stop
    expect "status $status" test "$status" -eq 0
    refuse "a call was refused" has 'was refused by the filter'
    expect "no drift file" test -s "$dir/var/drift"
    expect "socket stays" test ! -e "$dir/run/sock"
    rm -f "$dir"/var/*
}

expect "did not start" start -f "$dir/chrony.conf"
expect "uid $(field Uid)" test "$(field Uid)" = 65534
expect "gid $(field Gid)" test "$(field Gid)" = 65534
expect "groups" test -z "$(awk '/^Groups/ { for (i = 2; i <= NF; i++) if ($i != 65534) print $i }' \
    "/proc/$pid/status")"
expect "capabilities $(field CapEff)" test "$(field CapEff)" = 0000000000000000
expect "permitted $(field CapPrm)" test "$(field CapPrm)" = 0000000000000000
expect "socket" test -S "$dir/run/sock"
expect "owner of the socket" test "$(stat -c %u "$dir/run/sock")" = 65534
stop
finish "runs as another user, without capabilities with -x"

configure 'local' 'user nobody' 'port 123' allow
expect "did not start" start -f "$dir/chrony.conf"
expect "capabilities $(field CapEff)" test "$(field CapEff)" = 0000000000000400
stop
finish "keeps the right to low ports where one is configured"

printf '1 SHA256 HEX:00112233445566778899aabbccddeeff\n' >"$dir/keys"
configure 'local' 'user nobody' "keyfile $dir/keys"
key_file() { # OWNER MODE: start with such a file
    chown "$1" "$dir/keys" && chmod "$2" "$dir/keys"
    run -d -x -t 1 -f "$dir/chrony.conf"
    expect "$1 $2: keys not loaded" has 'Loaded 1 symmetric keys$'
}
key_file 0:0 600
expect "unreadable one is not told" has "Could not access $dir/keys : Permission denied\$"
key_file 65534:65534 600
expect "own one is not told" has "$dir/keys is writable by the user of the daemon\$"
key_file 0:65534 660
expect "one of the group is not told" has "$dir/keys is writable by the user of the daemon\$"
key_file 0:65534 640
refuse "a safe one is told" has "$dir/keys is writable|Could not access"
run -d -x -t 1 -u root -f "$dir/chrony.conf"
refuse "told as root" has "$dir/keys is writable|Could not access"
finish "a key file that the user can write or cannot read is told of"
printf '%s\n' "${lines[@]}" >"$dir/chrony.conf"

case $features in
*+SCFILTER*)
    work
    finish "the default filter refuses nothing that is needed"
    work -F 1
    finish "-F 1 kills nothing that is needed"
    work -F 2
    finish "-F 2 kills nothing that is needed"
    work -F -1
    finish "-F -1 signals nothing that is needed"
    work -F 0
    finish "-F 0 installs no filter"
    expect "did not start" start -f "$dir/chrony.conf"
    expect "filter" test "$(field Seccomp)" = 2
    expect "no_new_privs" test "$(field NoNewPrivs)" = 1
    stop
    expect "did not start" start -F 0 -f "$dir/chrony.conf"
    expect "filter with -F 0" test "$(field Seccomp)" = 0
    stop
    finish "the filter is there, and -F 0 switches it off"
    configure 'mailonchange root 0.5' 'local'
    run -d -x -F 1 -f "$dir/chrony.conf"
    expect "status $status" test "$status" -eq 1
    expect 'text' has 'Fatal error : mailonchange directive cannot be used with -F enabled$'
    finish "mailonchange together with -F is fatal"
    ;;
*) echo "skip $name: no system call filter in this build" ;;
esac
exit $bad
