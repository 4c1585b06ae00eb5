#!/bin/bash
# service.sh - doc/chronyd.service: the service manager takes it, and the daemon is at home in what it
# prepares: directories of the user, a soft limit of 1024 descriptors, and no new privileges.
name=service
. "$(dirname "$0")/common.bash"

unit=doc/chronyd.service
if [ "$(id -u)" -ne 0 ] || ! user=$(getent passwd nobody); then
    echo "skip service: needs root and the user nobody"
    exit 0
fi
value() { sed -n "s/^$1=//p" "$unit" | tail -n 1; }

if command -v systemd-analyze >/dev/null; then
    # The program is elsewhere and the account may be missing; manuals are not installed.
    sed -e "s|/usr/sbin/chronyd|$chronyd|" -e '/^Documentation/d' -e "s/_chrony/nobody/" "$unit" \
        >"$dir/chronyd.service"
    systemd-analyze verify "$dir/chronyd.service" 2>&1 | grep -v 'Special user nobody' >"$dir/log"
    expect "verify" test ! -s "$dir/log"
    finish "the service manager finds nothing to complain about"
fi

expect "user" test "$(value User)" = _chrony
expect "elevated" grep -q '^ExecStart=!/usr/sbin/chronyd .*-u _chrony' "$unit"
gid=$(cut -d: -f4 <<<"$user")
for made in run state; do
    mkdir "$dir/$made"
    chmod "$([ $made = run ] && value RuntimeDirectoryMode || echo 755)" "$dir/$made"
    chown "nobody:$gid" "$dir/$made"
done
printf '%s\n' "port 0" "cmdport 0" "bindcmdaddress $dir/run/chronyd.sock" "pidfile $dir/run/chronyd.pid" \
    "driftfile $dir/state/drift" "dumpdir $dir/state" >"$dir/chrony.conf"
printf '#!/bin/sh\nexec prlimit --nofile=1024:%s setpriv --no-new-privs "%s" "$@"\n' \
    "$(value LimitNOFILE)" "$chronyd" >"$dir/as-a-service"
chmod 755 "$dir/as-a-service"
chronyd=$dir/as-a-service
expect "did not start" start -u nobody -f "$dir/chrony.conf"
expect "command socket" timeout 10 "$chronyc" -h "$dir/run/chronyd.sock" activity
expect "report socket" test -S "$dir/run/chronyd.ro.sock"
"$BUILD/test/system/subscribers" crowd "$dir/run/chronyd.ro.sock" 1024 0 1 >"$dir/crowd"
expect "streams: $(tail -n 1 "$dir/crowd")" grep -q 'refused=0 ' "$dir/crowd"
refuse "complaint" has 'Disabled command|Wrong|Could not'
stop
finish "the daemon is at home in what it prepares"
exit $bad
