#!/bin/bash
# exchange.sh - state files that Debian's chronyd wrote are read by ours, and the other way: sample
# histories, drift file, key file. Both run with -x on loopback; takes half a minute.
set -u
BUILD=${BUILD:-$PWD/build}
PEERS=${PEERS:-$BUILD/peers}
theirs=$PEERS/chrony/usr/sbin/chronyd
ours=$BUILD/chronyd
dir=$(mktemp -d /tmp/truechimer-exchange.XXXXXX)
port=$((22000 + $$ % 8000))
pids=()

finish() {
    kill "${pids[@]}" 2>/dev/null
    wait 2>/dev/null
    rm -rf "$dir"
}
trap finish EXIT

[ -x "$theirs" ] || { echo "not ok exchange: $theirs is missing"; exit 1; }
"$BUILD/test/system/rawserver" --port $port --seconds 120 >/dev/null &
pids+=($!)

# run NAME PROGRAM SECONDS OPTION-OR-DIRECTIVE...: its log in $dir/NAME.log
run() {
    local name=$1 program=$2 seconds=$3
    shift 3
    "$program" -x -d -U -u root "$@" "server 127.0.0.1 port $port iburst minpoll 0 maxpoll 0" \
        "port 0" "cmdport 0" "bindcmdaddress $dir/$name/chronyd.sock" "pidfile $dir/$name.pid" \
        "dumpdir $dir/dump" "driftfile $dir/drift" "keyfile $dir/keys" >"$dir/$name.log" 2>&1 &
    sleep "$seconds"
    kill -TERM $!
    wait $!
}
expect() { # expect NAME LOG PATTERN
    if grep -q "$3" "$dir/$2.log"; then echo "ok exchange: $1"; else
        echo "not ok exchange: $1"
        cat "$dir/$2.log"
    fi
}

mkdir -m 750 "$dir/dump"
cat >"$dir/keys" <<'END'
# one of each kind
1 MD5 ASCII:an_old_and_weak_one
2 SHA1 HEX:0123456789ABCDEF0123456789ABCDEF01234567
3 SHA256 HEX:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
4 SHA384 ASCII:longer_than_eighty_bits
5 SHA512 plain_text_of_a_key
6 SHA3-256 HEX:00112233445566778899AABBCCDDEEFF
13 AES128 HEX:000102030405060708090A0B0C0D0E0F
14 AES256 HEX:000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F
END
chmod 600 "$dir/keys"

run theirs-writes "$theirs" 6
run ours-reads "$ours" 2 -r
expect "ours loads the samples that chrony dumped" ours-reads 'Loaded dump file for 127.0.0.1'
expect "ours reads chrony's drift file" ours-reads 'Frequency .* ppm read from'
expect "ours reads all kinds of keys" ours-reads 'Loaded 8 symmetric keys'
if grep -q 'Could not parse key' "$dir/theirs-writes.log"; then
    echo "not ok exchange: chrony reads the same key file"
else
    echo "ok exchange: chrony reads the same key file"
fi

rm -rf "$dir/dump" "$dir/drift"
mkdir -m 750 "$dir/dump"
run ours-writes "$ours" 6
run theirs-reads "$theirs" 2 -r
expect "chrony loads the samples that ours dumped" theirs-reads 'Loaded dump file for 127.0.0.1'
expect "chrony reads our drift file" theirs-reads 'Frequency .* ppm read from'
