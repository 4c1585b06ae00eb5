# common.bash - what the tests of the process have in common; sourced, after `name` was set.
#
# They run in a network namespace of their own where that is possible, so that ports are free, and
# never touch this host's clock (-x). $dir is a directory that is removed at the end.
set -u
self=$(readlink -f "$0")
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 2
BUILD=${BUILD:-$PWD/build}
BUILD=$(cd "$BUILD" && pwd) || exit 2
chronyd=$BUILD/chronyd
chronyc=$BUILD/chronyc

if [ -z "${OWN_NETWORK:-}" ] && unshare -n true 2>/dev/null; then
    OWN_NETWORK=1 exec unshare -n "$BASH" "$self" "$@"
fi
ip link set lo up 2>/dev/null

dir=$(mktemp -d "${TMPDIR:-/tmp}/$name.XXXXXX") || exit 2
chmod 755 "$dir"
pids=()
clean_up() {
    [ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null
    wait 2>/dev/null
    mountpoint -q "$dir/full" 2>/dev/null && umount "$dir/full"
    rm -rf "$dir"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

bad=0
. test/expect.bash
finish() { # NAME
    if [ -z "$complaints" ]; then
        echo "ok $name: $1"
    else
        echo "not ok $name: $1${complaints/;/:}"
        [ ! -e "$dir/log" ] || sed 's/^/    /' "$dir/log" | tail -n 12
        bad=1
    fi
    complaints=
}

# Run to its end: status, standard output in out, standard error in log.
run() {
    : >"$dir/log"
    timeout 20 "$chronyd" "$@" >"$dir/out" 2>"$dir/log"
    status=$?
}
has() { grep -Eq -- "$1" "$dir/log"; }

# Start in the foreground and wait until it is ready; its number is in pid.
start() {
    : >"$dir/log"
    rm -f "$dir/ready"
    "$chronyd" -d -x -N 9 "$@" >"$dir/out" 2>"$dir/log" 9>"$dir/ready" &
    pid=$!
    pids+=("$pid")
    for _ in $(seq 1 200); do
        [ -s "$dir/ready" ] && return 0
        kill -0 "$pid" 2>/dev/null || return 1
        sleep 0.02
    done
    return 1
}
stop() { # [SIGNAL]: its status is in status
    kill "-${1:-TERM}" "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
    status=$?
}
# A configuration that disturbs nobody, and more lines.
configure() {
    printf '%s\n' "port 0" "cmdport 0" "bindcmdaddress /" "pidfile $dir/chronyd.pid" "$@" \
        >"$dir/chrony.conf"
}
