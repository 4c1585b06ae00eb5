#!/bin/bash
# reload_pairs.sh - a reload from one configuration to another shows the same daemon as a start with
# the other one, apart from what its answer says to need a restart.
name=reload_pairs
. "$(dirname "$0")/common.bash"

sock=$dir/run/chronyd.sock
ask() { timeout 10 "$chronyc" -n -c -h "$sock" "$@" 2>&1; }
common=("port 0" "cmdport 0" "bindcmdaddress $sock" "pidfile /")
# Write LINES: `;` stands between them, `FILE:` before those of another file, @ for the directory.
files() {
    local line to=chrony.conf
    rm -rf "$dir/d" "$dir"/*.conf "$dir"/*.keys
    mkdir "$dir/d"
    printf '%s\n' "${common[@]}" >"$dir/chrony.conf"
    while IFS= read -r line; do
        case $line in
        *.conf: | *.keys: | *.sources:) to=${line%:} ;;
        *) printf '%s\n' "${line//@/$dir}" >>"$dir/$to" ;;
        esac
    done < <(tr ';' '\n' <<<"$1")
}
# All that can be asked and does not depend on how long it has been running.
checks=()
for a in 10.0.0.1 10.1.0.1 10.1.1.1 192.0.2.1 127.0.0.5 2001:db8::1 fe80::1; do
    checks+=("accheck $a" "cmdaccheck $a")
done
state() {
    local sources names
    sources=$(ask sources -a | cut -d, -f1-5)
    mapfile -t names < <(cut -d, -f3 <<<"$sources" | sed 's/^/sourcename /')
    echo "$sources"
    ask -m "${names[@]}" "sourcestats -a" "selectdata -a" "authdata -a" | cut -d, -f1-7
    ask -m "${checks[@]}" activity
    ask ntpdata | cut -d, -f1-3
    ask tracking | cut -d, -f1-3,14
    ask smoothing | cut -d, -f1,2
    ask settime @1900000000 | sed 's/[0-9.-]\{4,\}/N/g'
    ask manual list | wc -l
}
pair() { # NAME FROM TO RESTART [differs]: the words that the answer has to list
    local restart
    files "$2"
    expect "did not start with the first" start -f "$dir/chrony.conf"
    files "$3"
    ask reload config >"$dir/answer"
    restart=$(cut -d, -f6- "$dir/answer")
    [ "$restart" = "$4" ] || complaints="$complaints; answer: $(tr '\n' ' ' <"$dir/answer")"
    state | sed 's/ID#[0-9]*/unresolved/' >"$dir/reloaded"
    stop
    expect "did not start with the second" start -f "$dir/chrony.conf"
    state | sed 's/ID#[0-9]*/unresolved/' >"$dir/started"
    stop
    if [ -z "${5:-}" ] && ! diff "$dir/started" "$dir/reloaded" >"$dir/diff"; then
        complaints="$complaints; $(tr '\n' ' ' <"$dir/diff")"
    fi
    finish "$1"
}

pair "nothing" "server 127.1.0.1 offline;allow 10/8" "server 127.1.0.1 offline;allow 10/8" ""
pair "a server more" "server 127.1.0.1 offline" \
    "server 127.1.0.1 offline;server 127.1.0.2 offline" ""
pair "a server less" "server 127.1.0.1 offline;server 127.1.0.2 offline" \
    "server 127.1.0.2 offline" ""
pair "another order" "server 127.1.0.1 offline;peer 127.1.0.2 offline;server 127.1.0.3 offline" \
    "server 127.1.0.3 offline;server 127.1.0.1 offline;peer 127.1.0.2 offline" ""
pair "a new one in front" "server 127.1.0.1 offline;pool pool.invalid" \
    "server 127.1.0.9 offline;server 127.1.0.1 offline;pool pool.invalid" ""
pair "options of a server" "server 127.1.0.1 offline;server 127.1.0.2 offline" \
    "server 127.1.0.1 offline minpoll 3 maxpoll 3 prefer trust;server 127.1.0.2 offline port 124" ""
pair "a server becomes a peer" "server 127.1.0.1 offline" "peer 127.1.0.1 offline" ""
pair "a pool becomes smaller" "pool pool.invalid maxsources 4;server 127.1.0.1 offline" \
    "pool pool.invalid maxsources 2;server 127.1.0.1 offline" ""
pair "a pool becomes a server" "pool pool.invalid" "server pool.invalid" ""
pair "noselect and require" "server 127.1.0.1 offline noselect;server 127.1.0.2 offline" \
    "server 127.1.0.1 offline;server 127.1.0.2 offline require" ""
pair "an address in two lines" "server 127.1.0.1 offline minpoll 4" \
    "server 127.1.0.1 offline minpoll 5;server 127.1.0.1 offline minpoll 4" ""
pair "lines move to an include file" "server 127.1.0.1 offline;allow 10/8" \
    "include @/a.conf;server 127.1.0.2 offline;a.conf:;server 127.1.0.1 offline;allow 10/8" ""
pair "a confdir comes" "server 127.1.0.1 offline" \
    "server 127.1.0.1 offline;confdir @/d;d/x.conf:;server 127.1.0.3 offline;deny 10/8;local" ""
pair "a file of a confdir changes" "confdir @/d;d/a.conf:;allow 10/8;d/b.conf:;deny 10.1/16" \
    "confdir @/d;d/b.conf:;deny 10.1.0/24;d/c.conf:;allow 10/8" ""
pair "a sourcedir comes" "server 127.1.0.1 offline" \
    "sourcedir @/d;server 127.1.0.1 offline;d/x.sources:;server 127.1.0.3 offline" ""
pair "a sourcedir goes" "sourcedir @/d;server 127.1.0.1 offline;d/x.sources:;peer 127.1.0.3 offline" \
    "server 127.1.0.1 offline" ""
pair "a source moves out of its sourcedir" \
    "sourcedir @/d;server 127.1.0.1 offline;d/x.sources:;server 127.1.0.3 offline" \
    "server 127.1.0.3 offline;server 127.1.0.1 offline" ""
pair "a file of a sourcedir changes" \
    "sourcedir @/d;d/x.sources:;server 127.1.0.3 offline;server 127.1.0.4 offline" \
    "sourcedir @/d;d/a.sources:;server 127.1.0.5 offline;d/x.sources:;server 127.1.0.4 offline key 3" ""
pair "the key file comes" "server 127.1.0.1 offline key 1" \
    "server 127.1.0.1 offline key 1;keyfile @/a.keys;a.keys:;1 SHA256 HEX:00112233445566778899" ""
pair "another key file" \
    "server 127.1.0.1 offline key 1;keyfile @/a.keys;a.keys:;1 SHA256 HEX:00112233445566778899" \
    "server 127.1.0.1 offline key 1;keyfile @/b.keys;b.keys:;1 AES128 HEX:00112233445566778899aabbccddeeff" ""
pair "the same key file with another key" \
    "server 127.1.0.1 offline key 1;keyfile @/a.keys;a.keys:;1 SHA256 HEX:00112233445566778899" \
    "server 127.1.0.1 offline key 2;keyfile @/a.keys;a.keys:;2 MD5 HEX:00112233445566778899" ""
pair "the key file goes" \
    "server 127.1.0.1 offline key 1;keyfile @/a.keys;a.keys:;1 SHA256 HEX:00112233445566778899" \
    "server 127.1.0.1 offline key 1" ""
pair "rules" "allow 10/8;deny 10.1/16;cmdallow 10/8" \
    "allow;deny 10.1.0/24;cmdallow;cmddeny 10.1/16" ""
pair "the order of rules" "allow all 10/8;deny 10.1/16" "deny 10.1/16;allow all 10/8" ""
pair "no rules" "allow;cmdallow" "" ""
pair "rules for one family" "allow 0/0" "allow ::/0;cmdallow ::/0" ""
pair "a rule with a name" "allow 10/8" "allow localhost;deny 10/8" "" differs
pair "local" "" "local stratum 5 orphan" ""
pair "local with another stratum" "local stratum 5" "local stratum 7" ""
pair "no local" "local" "" ""
pair "local that waits" "local" "local waitunsynced 1000" ""
pair "manual" "" "manual" ""
pair "no manual" "manual" "" ""
pair "makestep, maxupdateskew, reselectdist" "makestep 1 3" \
    "makestep 0.1 1;maxupdateskew 5;reselectdist 0.1" ""
pair "logs" "logdir @/d" "logdir @/d;log tracking" log
pair "reference clocks" "refclock SHM 0:perm=0600 refid AAAA" \
    "refclock SHM 0:perm=0600 refid AAAA;refclock SHM 1:perm=0600 refid BBBB" refclock differs
pair "ports and addresses" "" "port 11123;bindaddress 127.0.0.1;acquisitionport 5" \
    "acquisitionport bindaddress port"
pair "smoothing" "" "smoothtime 400 0.01" smoothtime differs
pair "limits" "ratelimit" "ratelimit interval 5;cmdratelimit;user nobody" "cmdratelimit ratelimit user" differs
pair "selection" "server 127.1.0.1 offline" \
    "server 127.1.0.1 offline;minsources 2;maxdistance 1;combinelimit 0" \
    "combinelimit maxdistance minsources"
pair "both kinds at once" "server 127.1.0.1 offline;allow 10/8;rtcsync" \
    "server 127.1.0.2 offline;allow 10.1/16;driftfile @/drift" "driftfile rtcsync"
exit $bad
