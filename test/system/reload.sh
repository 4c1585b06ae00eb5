#!/bin/bash
# reload.sh - chronyc reload config: what changed is applied, what did not change goes on, as an
# unprivileged user under the filters too.
name=reload
. "$(dirname "$0")/common.bash"

server_pid=
serve() {
    printf '%s\n' "port 123" "bindaddress 127.0.0.2" local allow "cmdport 0" "bindcmdaddress /" \
        "pidfile /" >"$dir/server.conf"
    "$chronyd" -d -x -f "$dir/server.conf" 2>"$dir/server.log" &
    server_pid=$!
    pids+=("$server_pid")
}
ask() { timeout 10 "$chronyc" -n -h "$dir/run/chronyd.sock" "$@" >"$dir/answer" 2>&1; }
answered() { grep -Eq -- "$1" "$dir/answer"; }
# Lines of the configuration that change between the calls.
write() {
    printf '%s\n' "server 127.0.0.2 minpoll -2 maxpoll -2 iburst" "port 0" "cmdport 0" \
        "bindcmdaddress $dir/run/chronyd.sock" "pidfile /" "include $dir/more.d/*.conf" "$@" \
        >"$dir/chrony.conf"
}
samples() { ask -c sourcestats && cut -d, -f1,2 "$dir/answer" | sed -n 's/^127.0.0.2,//p'; }
wait_samples() {
    for _ in $(seq 1 100); do
        n=$(samples)
        [ "${n:-0}" -ge 4 ] && return 0
        sleep 0.05
    done
    return 1
}

mkdir -m 755 "$dir/more.d"
serve
try() { # OPTION...: the whole story
    write "server 127.0.0.3" "maxdistance 2"
    expect "did not start" start "$@" -f "$dir/chrony.conf"
    expect "no samples" wait_samples
    before=$(samples)

    write "server 127.0.0.4" "maxdistance 2.5" "allow 10/8" "makestep 0.1 3"
    expect "refused" ask reload config
    expect "counts" answered 'Sources *: 1 added, 1 removed, 1 kept'
    expect "list" answered 'Need a restart *: maxdistance$'
    expect "rule" ask accheck 10.0.0.1
    expect "rule allows" answered '^208 '
    ask -c sources
    expect "new source" answered ',127.0.0.4,'
    refuse "old source" answered ',127.0.0.3,'
    expect "samples are lost: $(samples) < $before" test "$(samples)" -ge "$before"
    expect "who" has "Z Command RELOAD_CONFIG from user $(id -u), process [0-9]+\$"
    expect "told in the log" has 'Z A change of maxdistance needs a restart$'

    echo "server" >"$dir/more.d/bad.conf"
    refuse "bad file taken" ask reload config
    expect "line" answered "^(Could not|Missing|Invalid).* at line 1 in file $dir/more.d/bad.conf$"
    rm "$dir/more.d/bad.conf"
    echo "1 SHA1 HEX:0102030405" >"$dir/more.d/keys"
    printf '%s\n' "keyfile $dir/more.d/keys" "cmdkey 1" >"$dir/more.d/bad.conf"
    chmod 644 "$dir/more.d"/*
    refuse "short key taken" ask reload config
    expect "short key" answered "^Key 1 is too short for cmdkey directive at line 2 in file $dir/more.d/bad.conf$"
    rm "$dir/more.d"/*
    mv "$dir/chrony.conf" "$dir/away"
    refuse "missing file taken" ask reload config
    expect "missing file" answered "^Could not open $dir/chrony.conf : No such file or directory$"
    mv "$dir/away" "$dir/chrony.conf"
    mkdir "$dir/chrony.dir" && mv "$dir/chrony.conf" "$dir/away" && mv "$dir/chrony.dir" "$dir/chrony.conf"
    refuse "directory taken" ask reload config
    rmdir "$dir/chrony.conf" && mv "$dir/away" "$dir/chrony.conf"
    expect "went on" ask -c sources
    expect "sources" answered ',127.0.0.4,'

    write
    expect "refused" ask reload config
    ask accheck 10.0.0.1
    expect "rule is gone" answered '^209 '
    expect "kept" test "$(samples)" -ge "$before"
    stop
    expect "status $status" test "$status" -eq 0
}
try
finish "applies what changed, refuses what is faulty"
if [ "$(id -u)" -eq 0 ] && getent passwd nobody >/dev/null; then
    rm -r "$dir/run" # the daemon makes it as it should be
    for level in 1 -1 2; do
        try -u nobody -F "$level"
    done
    finish "as an unprivileged user under each filter"
    mkdir -m 700 "$dir/closed.d"
    echo "allow 10/8" >"$dir/closed.d/a.conf"
    write "confdir $dir/closed.d"
    expect "did not start" start -u nobody -f "$dir/chrony.conf"
    refuse "closed directory taken" ask reload config
    ask accheck 10.0.0.1
    expect "rule is gone" answered '^208 '
    chmod 000 "$dir/chrony.conf"
    refuse "closed file taken" ask reload config
    expect "why" answered 'Permission denied'
    stop
    finish "what it may not read any more is not taken for gone"
fi
rm -rf "$dir/run"
expect "did not start" start "port 0" "cmdport 0" "bindcmdaddress $dir/run/chronyd.sock" "pidfile /"
refuse "taken" ask reload config
expect "reason" answered 'command line'
stop
finish "directives of the command line cannot be read again"
write "allow localhost" "deny no-such-host.invalid"
expect "did not start" start -f "$dir/chrony.conf"
for _ in $(seq 1 100); do has 'Could not resolve' && has 'allow localhost applies' && break; sleep 0.05; done
expect "not applied" has 'Z allow localhost applies to (127.0.0.1|::1)$'
expect "not told" has 'Z Could not resolve no-such-host.invalid in deny directive'
stop
finish "host names in rules are looked up in the background"
exit $bad
