# common.bash - what the tests in the strict world have in common; sourced.
#
# $BUILD is the build directory; $dir is a directory that is removed at the end.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 2
BUILD=${BUILD:-$PWD/build}
BUILD=$(cd "$BUILD" && pwd) || exit 2
chronyd=$BUILD/chronyd
chronyc=$BUILD/chronyc
library=$BUILD/test/interpose/world.so
dir=$(mktemp -d "${TMPDIR:-/tmp}/interpose.XXXXXX") || exit 2
trap 'rm -rf "$dir"' EXIT
failed=0

if nm -D "$chronyd" 2>/dev/null | grep -q __asan; then
    echo "skip interpose (a sanitized program has its own preloaded library)"
    exit 0
fi
mkdir -p "$BUILD/test/interpose"
${CC:-cc} -std=c11 -D_GNU_SOURCE -O2 -fPIC -shared -w -U_FORTIFY_SOURCE -I. -o "$library" \
    test/interpose/*.c test/simulation/{delay,rng,tokens}.c base/err.c -ldl -lpthread -lm ||
    { echo "not ok build of the world"; exit 1; }

# run_world [VAR=VALUE]... -- [ARGUMENT]...: run chronyd there. Sets status; leaves trace, log,
# measurements.log etc. in $dir. Each call begins with an empty directory.
run_world() {
    local vars=()
    while [ "$1" != -- ]; do vars+=("$1"); shift; done
    shift
    (
        cd "$dir" && rm -rf ./*.log trace log drift
        exec timeout --foreground 60 env WORLD_TRACE=trace WORLD_UNTIL=1000 "${vars[@]}" \
            LD_PRELOAD="$library" "$chronyd" "$@" 2>log
    )
    status=$?
}
# The same with a usual configuration, to which arguments are added line by line.
configuration() {
    printf '%s\n' "pidfile $dir/chronyd.pid" "logdir $dir" "driftfile $dir/drift" \
        "log measurements tracking statistics" "$@" >"$dir/chrony.conf"
}
run_configured() {
    run_world "$@" -- -d -f "$dir/chrony.conf"
}

# --- judging
. test/expect.bash
finish() { # NAME
    if [ -z "$complaints" ]; then
        echo "ok $1"
    else
        echo "not ok $1${complaints/;/:}"
        sed 's/^/    log: /' "$dir/log" | tail -n 8
        failed=1
    fi
    complaints=
}
ended_well() {
    expect "status $status" test "$status" -eq 0
    expect "did not sign off" grep -q '^signed off' "$dir/trace"
    expect "no last words" grep -q 'chronyd exiting$' "$dir/log"
    expect "violation" sh -c "! grep -q 'world: not allowed' '$dir/log'"
}
# offset_below LIMIT FROM: was the clock's error smaller than LIMIT seconds from second FROM on?
offset_below() {
    awk -v limit="$1" -v from="$2" '$1 == "clock" && $2 >= from {
        n++; e = $3 < 0 ? -$3 : $3; if (e > limit) bad++ } END { exit !(n > 0 && bad == 0) }' \
        "$dir/trace"
}
requests() { # times at which requests left
    awk '$1 == "sent" && $6 == 3 { print $2 }' "$dir/trace"
}
# spaced N GAP TOLERANCE: are the first N requests GAP apart?
spaced() {
    requests | awk -v n="$1" -v gap="$2" -v tol="$3" 'NR <= n {
        if (NR > 1) { d = $1 - last - gap; if (d < -tol || d > tol) bad++ } last = $1; seen++ }
        END { exit !(seen == n && !bad) }'
}
first_at() {
    requests | awk -v t="$1" 'NR == 1 { d = $1 - t; ok = d > -0.01 && d < 0.01 } END { exit !ok }'
}

has_line() { grep -q -- "$1" "$dir/log"; }

