#!/bin/bash
# subscribers.sh - a thousand listeners at the report socket, some of whom never read, and more than
# there is room for: the daemon keeps its memory and its speed, and cuts off those who do not read.
name=subscribers
. "$(dirname "$0")/common.bash"
crowd=$BUILD/test/system/subscribers
socket=$dir/run/chronyd.ro.sock
[ -x "$crowd" ] || { echo "skip $name: $crowd is not built"; exit 0; }
mkdir -m 750 "$dir/run"
if [ "$(ulimit -Hn)" != unlimited ] && [ "$(ulimit -Hn)" -lt 2000 ]; then
    echo "skip $name: the limit on descriptors is $(ulimit -Hn)"
    exit 0
fi

rss_kb() { awk '/^VmRSS/ { print $2 }' "/proc/$pid/status"; }
cpu_ticks() { awk '{ print $14 + $15 }' "/proc/$pid/stat"; }
tool() { "$chronyc" -h "$dir/run/sock" "$@"; }
value() { sed -n "s/.*$1=\([0-9]*\).*/\1/p" "$2"; }
# Sources that come and go: some 12 kilobytes of events each time.
change_much() { # TIMES
    local adds deletes
    adds=$(for i in $(seq 1 50); do echo "add server 127.1.0.$i offline"; done)
    deletes=$(for i in $(seq 1 50); do echo "delete 127.1.0.$i"; done)
    for _ in $(seq 1 "$1"); do
        tool <<<"$adds" >/dev/null
        sleep 0.3
        tool <<<"$deletes" >/dev/null
        sleep 0.3
    done
}
begin() { # CONFIGURATION...
    configure "bindcmdaddress $dir/run/sock" "$@"
    start -f "$dir/chrony.conf" || { complaints="; does not start"; finish "start"; exit 1; }
    # What belongs to the daemon itself is in memory before it is measured.
    change_much 1
    tool tracking >/dev/null
}
gather() { # COUNT SLEEPERS SECONDS: subscribe, and wait until all did
    "$crowd" crowd "$socket" "$1" "$2" "$3" >"$dir/crowd" 2>&1 &
    crowd_pid=$!
    for _ in $(seq 1 500); do
        grep -qs connected "$dir/crowd" && break
        sleep 0.02
    done
    sleep 0.5
}

# --- a thousand, of whom one, then ten do not read
for sleepers in 1 10; do
    seconds=26
    begin
    before_kb=$(rss_kb)
    gather 1000 $sleepers $seconds
    "$crowd" ask "$socket" 6 >"$dir/asked" 2>&1 &
    asker=$!
    change_much 8
    growth_kb=$(($(rss_kb) - before_kb))
    wait $asker
    read -r median p95 most <"$dir/asked"
    wait $crowd_pid
    # A reader costs less than two kilobytes, one who does not read less than 20 more.
    budget_kb=$((2000 + 512 + 20 * sleepers))
    expect "memory grew by $growth_kb kB" [ "$growth_kb" -lt $budget_kb ]
    expect "a reader was cut off" [ "$(value readers_cut_off "$dir/crowd")" = 0 ]
    expect "$(value sleepers_cut_off "$dir/crowd") of $sleepers sleepers were cut off" \
        [ "$(value sleepers_cut_off "$dir/crowd")" = $sleepers ]
    expect "readers missed $(value missed "$dir/crowd") events" [ "$(value missed "$dir/crowd")" = 0 ]
    expect "events" [ "$(value events "$dir/crowd")" -gt $((700 * (1000 - sleepers))) ]
    finish "1000 listeners, $sleepers of them asleep (memory +$growth_kb kB of $budget_kb, $(value events "$dir/crowd") events)"
    expect "95 of 100 within $p95 ms" awk "BEGIN { exit !($p95 < 20) }"
    finish "tracking is answered meanwhile (median $median ms, 95 of 100 within $p95 ms, all within $most ms)"
    stop
done

# --- more than there is room for
begin
gather 1500 0 4
used=$(cpu_ticks)
sleep 1
used=$(($(cpu_ticks) - used))
expect "tracking" tool tracking
wait $crowd_pid
expect "$(value refused "$dir/crowd") refused" [ "$(value refused "$dir/crowd")" = 476 ]
expect "others cut off" [ "$(value readers_cut_off "$dir/crowd")" = 0 ]
expect "busy with $used ticks" [ "$used" -lt 30 ]
finish "of 1500 listeners 476 are told that there is no room ($used ticks of the processor in a second)"
expect "room again" "$crowd" ask "$socket" 0.1
finish "who comes later is let in when others have gone"
stop

: >"$dir/log"
configure "bindcmdaddress $dir/run/sock"
rm -f "$dir/ready"
(ulimit -n 600 && exec "$chronyd" -d -x -N 9 -f "$dir/chrony.conf" >"$dir/out" 2>"$dir/log" 9>"$dir/ready") &
pid=$!
pids+=("$pid")
for _ in $(seq 1 200); do [ -s "$dir/ready" ] && break; sleep 0.02; done
gather 1500 0 4
used=$(cpu_ticks)
sleep 1
used=$(($(cpu_ticks) - used))
expect "tracking" tool tracking
expect "descriptors for other things" tool "add server 127.1.0.1"
wait $crowd_pid
expect "$(value refused "$dir/crowd") refused" [ "$(value refused "$dir/crowd")" = 1156 ]
expect "busy with $used ticks" [ "$used" -lt 30 ]
finish "with 600 descriptors 344 are let in ($used ticks of the processor in a second)"

# --- not even a descriptor to say no with
if command -v prlimit >/dev/null; then
    prlimit --pid "$pid" --nofile=$(($(ls "/proc/$pid/fd" | wc -l) + 4)) 2>/dev/null
    "$crowd" crowd "$socket" 20 0 3 >"$dir/crowd" 2>&1 &
    crowd_pid=$!
    sleep 0.5
    used=$(cpu_ticks)
    sleep 2
    used=$(($(cpu_ticks) - used))
    expect "alive" tool tracking
    expect "busy with $used ticks" [ "$used" -lt 40 ]
    wait $crowd_pid
    finish "without descriptors it waits ($used ticks of the processor in two seconds)"
fi
stop
expect "status $status" [ "$status" -eq 0 ]
finish "and ends in peace"
exit $bad
