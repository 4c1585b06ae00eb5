#!/bin/bash
# options.sh - the command line of chronyd: what it takes, what it refuses, how it ends.
name=options
. "$(dirname "$0")/common.bash"
quiet=('port 0' 'cmdport 0' 'bindcmdaddress /' "pidfile $dir/chronyd.pid")

for option in -h --help; do
    run -d $option
    expect "status $status" test "$status" -eq 0
    expect "no usage on standard output" grep -q '^Usage: ' "$dir/out"
    finish "$option prints the usage"
done
for option in -v --version; do
    run "server 127.0.0.1" -4x $option
    expect "status $status" test "$status" -eq 0
    expect "no version" grep -Eq '^chronyd \(chrony\) version [^ ]+ \(([+-][A-Z0-9]+ ?)+\)$' "$dir/out"
    expect "feature missing" grep -q '+CMDMON.*+NTP.*-DEBUG\|+CMDMON.*+NTP.*+DEBUG' "$dir/out"
    finish "$option after directives and bundled options prints the version"
done
for option in -Z -qZ --unknown -f -t; do
    run $option
    expect "status $status" test "$status" -eq 1
    expect "no usage on standard output" grep -q '^Usage: ' "$dir/out"
    expect "no reason" has "chronyd: (invalid option|option requires an argument) -- .[-Zft].\$"
    finish "$option is answered with the usage and status 1"
done
for option in '-t x' '-t 1.5' '-L info' '-F 1x' '-P high' '-N out'; do
    # shellcheck disable=SC2086
    run -d $option
    expect "status $status" test "$status" -eq 1
    expect "not fatal" has "^....-..-..T..:..:..Z Fatal error : Invalid argument ${option#* }\$"
    finish "$option is an invalid argument"
done
for priority in 100 -1; do
    run -d -P $priority
    expect "status $status" test "$status" -eq 1
    expect "not fatal" has "Z Fatal error : Bad scheduler priority: $priority\$"
    finish "-P $priority is refused"
done
for level in 3 -3; do
    run -d -F $level
    expect "status $status" test "$status" -eq 1
    expect "not fatal" has 'Z Fatal error : Unsupported filter level$'
    finish "-F $level is refused"
done

if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
    timeout 20 setpriv --reuid 65534 --clear-groups "$chronyd" -d "${quiet[@]}" 2>"$dir/log"
    status=$?
    expect "status $status" test "$status" -eq 1
    expect "not told" has 'Z Fatal error : Not superuser$'
    finish "refuses to run for an ordinary user"
    timeout 20 setpriv --reuid 65534 --clear-groups "$chronyd" -Q -t 1 'server 127.0.0.1 port 9' \
        2>"$dir/log"
    refuse "refused" has 'Not superuser'
    finish "-Q needs no root"
    timeout 20 setpriv --reuid 65534 --clear-groups "$chronyd" -p 'server 127.0.0.1' >"$dir/out" 2>"$dir/log"
    expect "status $?" grep -q '^server 127.0.0.1$' "$dir/out"
    finish "-p needs no root"
    timeout 20 setpriv --reuid 65534 --clear-groups "$chronyd" -d -U -t 1 'port 0' 'cmdport 0' \
        'bindcmdaddress /' 'pidfile /' 2>"$dir/log"
    expect "CAP_SYS_TIME" has 'CAP_SYS_TIME not present$'
    expect "control" has 'Disabled control of system clock$'
    expect "timeout" has 'Timeout reached$'
    finish "-U runs without root and without the clock"
fi

printf '# comment\nserver   127.0.0.1  iburst\n\ndriftfile /tmp/x\ninclude %s\n' "$dir/more.conf" >"$dir/a.conf"
echo '  allow 10.0.0.0/8  ' >"$dir/more.conf"
run -p -f "$dir/a.conf"
expect "status $status" test "$status" -eq 0
expect "lines" test "$(cat "$dir/out")" = $'server 127.0.0.1 iburst\ndriftfile /tmp/x\nallow 10.0.0.0/8'
finish "-p prints the configuration, normalised"

run -p 'server 127.0.0.1' 'makestep 1'
expect "status $status" test "$status" -eq 1
expect "not fatal" has 'Fatal error : '
finish "-p ends with status 1 at a faulty line"

printf 'port 0\n  bogus  1\n' >"$dir/bad.conf"
run -n -f "$dir/bad.conf"
expect "status $status" test "$status" -eq 1
expect "not told" has "^Fatal error : Invalid directive bogus at line 2 in file $dir/bad.conf\$"
finish "-n tells on standard error what is fatal"
run -f "$dir/bad.conf"
expect "status $status" test "$status" -eq 1
expect "not told" has "^Invalid directive bogus at line 2 in file $dir/bad.conf\$"
finish "a daemon that cannot start says why where it was started"

run -d -x -t 1 "${quiet[@]}" 'local stratum 5'
expect "status $status" test "$status" -eq 0
expect "timeout" has 'Timeout reached$'
finish "-t ends with 0 when synchronised"
run -d -x -t 1 "${quiet[@]}"
expect "status $status" test "$status" -eq 1
finish "-t ends with 1 when not synchronised"

run -d -x -t 1 -L 1 "${quiet[@]}" 'local'
refuse "information" has 'starting'
finish "-L 1 leaves warnings"
run -d -x -t 1 -L 99 "${quiet[@]}" 'local'
expect "lines" test ! -s "$dir/log"
finish "-L 99 is clamped"
for level in 1 -1 2 -2; do
    run -d -x -t 1 -F $level "${quiet[@]}" 'local'
    expect "status $status" test "$status" -eq 0
    expect "not told" has "Loaded seccomp filter .level $level.\$"
    finish "-F $level loads a filter and says so"
done
run -dd -x -t 1 "${quiet[@]}" 'local'
expect "status $status" test "$status" -eq 0
finish "-d twice is accepted"

run -x -n -l "$dir/file.log" -t 1 "${quiet[@]}" 'local'
expect "status $status" test "$status" -eq 0
expect "log" grep -q 'Z chronyd version .* starting' "$dir/file.log"
expect "mode" test "$(stat -c %a "$dir/file.log")" = 640
run -x -n -l "$dir/file.log" -t 1 "${quiet[@]}" 'local'
expect "not appended" test "$(grep -c starting "$dir/file.log")" -eq 2
finish "-l appends to a file of mode 0640"
ln -s "$dir/file.log" "$dir/link.log"
run -x -n -l "$dir/link.log" -t 1 "${quiet[@]}"
expect "status $status" test "$status" -eq 1
expect "not fatal" has 'Fatal error : Could not open log file'
finish "-l does not follow a symbolic link"

run -d -x -4 -t 1 'port 12123' 'cmdport 12323' 'bindcmdaddress /' "pidfile $dir/p" allow 'local'
refuse "IPv6" has '\['
finish "-4 opens no IPv6 socket"

run -d -x "${quiet[@]}" -u nobody-at-all-here
if [ "$(id -u)" -eq 0 ]; then
    expect "status $status" test "$status" -eq 1
    expect "not fatal" has 'Fatal error : Could not get .*nobody-at-all-here'
    finish "-u with an unknown user is fatal"
fi
exit $bad
