#!/bin/bash
# transport.sh - other ways than plain NTP on the wire: PTP messages, hardware time stamps of
# interfaces that have none, answers that another program signs. Needs a network of its own, which
# keeps ports below 1024 free; takes half a minute.
name=transport
. "$(dirname "$0")/common.bash"
[ -n "${OWN_NETWORK:-}" ] || { echo "skip transport (no network namespace of its own)"; exit 0; }

usual=("cmdport 0" "pidfile /")
# ours NAME LINE...: one more daemon, until the end of the test; its log is NAME.log.
ours() {
    local log=$dir/$1.log socket=$dir/$1/chronyd.sock
    shift
    mkdir -m 770 "${socket%/*}"
    "$chronyd" -4 -d -x -U -u root "${usual[@]}" "port 0" "bindcmdaddress $socket" "logdir ${socket%/*}" \
        "log measurements" "$@" >"$log" 2>&1 &
    last=$!
    pids+=("$last")
}
ask() { # NAME COMMAND...
    local who=$1
    shift
    "$chronyc" -h "$dir/$who/chronyd.sock" -c "$@"
}
wait_for() { # SECONDS COMMAND...
    local left=$(($1 * 10))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $((left -= 1)) -gt 0 ] || return 1
        sleep 0.1
    done
}
end_all() {
    kill "${pids[@]}" 2>/dev/null
    wait "${pids[@]}" 2>/dev/null
    pids=()
    rm -rf "${dir:?}"/*
}
measured() { # NAME ADDRESS: a good measurement was made
    grep -q " $2 .* 111 111 1111 " "$dir/$1/measurements.log"
}

# --- NTP over PTP: the second daemon asks the first one, directly and through a switch that holds up
# requests by 4 ms, answers by 1 ms, and says so.
cat >"$dir/switch.py" <<'PY'
import select, socket, sys, time
side, far, delays = sys.argv[1], (sys.argv[2], 319), (4e-3, 1e-3)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((side, 319))
back = None
while True:
    data, source = s.recvfrom(2000)
    start = time.monotonic()
    print(data[:2].hex(), *source, flush=True)
    answer = source == far
    to = back if answer else far
    back = back if answer else source
    while time.monotonic() < start + delays[answer]:
        pass
    spent = int((time.monotonic() - start) * 1e9 * 65536)
    data = data[:8] + (int.from_bytes(data[8:16], 'big') + spent).to_bytes(8, 'big') + data[16:]
    s.sendto(data, to)
PY
python3 "$dir/switch.py" 127.0.0.3 127.0.0.1 >"$dir/switch.log" &
pids+=($!)
ours server 'bindaddress 127.0.0.1' 'ptpport 319' 'allow' 'local stratum 3'
ours domain 'bindaddress 127.0.0.4' 'ptpport 319' 'allow' 'local stratum 3' 'ptpdomain 5'
asked='port 319 minpoll -2 maxpoll -2 iburst'
ours client 'bindaddress 127.0.0.2' 'ptpport 319' "server 127.0.0.1 $asked" \
    "server 127.0.0.3 $asked extfield 10A xleave" "server 127.0.0.4 $asked"
wait_for 10 measured client 127.0.0.1
wait_for 10 measured client 127.0.0.3
expect "no answer" measured client 127.0.0.1
expect "requests are no PTP messages" grep -q '^0102 127.0.0.2 319$' "$dir/switch.log"
finish "ptpport is where requests and answers travel in PTP messages"
refuse "an answer" measured client 127.0.0.4
ours fifth 'bindaddress 127.0.0.5' 'ptpport 319' 'ptpdomain 5' "server 127.0.0.4 $asked"
wait_for 10 measured fifth 127.0.0.4
expect "no answer in the same domain" measured fifth 127.0.0.4
finish "ptpdomain keeps two networks apart"
sleep 1
# Offset and delay of the last measurement through the switch, in microseconds.
through() { awk -v host="$1" '$3 == host && $8 == "1111" { o = $12; d = $13 }
    END { printf "%d %d\n", o * 1e6, d * 1e6 }' "$dir/$2/measurements.log"; }
read -r offset delay < <(through 127.0.0.3 client)
expect "offset $offset us, delay $delay us" test "${offset#-}" -lt 500 -a "$delay" -lt 1500
ours uncorrected 'bindaddress 127.0.0.6' 'ptpport 319' "server 127.0.0.3 $asked"
wait_for 10 measured uncorrected 127.0.0.3
read -r offset delay < <(through 127.0.0.3 uncorrected)
expect "offset $offset us, delay $delay us without the field" test "${offset#-}" -gt 1000 -a "$delay" -gt 4500
finish "extfield 10A takes out the time that switches add"
expect "kernel stamps" grep -q ' K K$' "$dir/client/measurements.log"
end_all

# --- numbers of our choice for transmit time stamps
stamps() { ask server serverstats | cut -d, -f15; } # kernel's, of what left
ours server 'bindaddress 127.0.0.1' 'port 11123' 'allow' 'local stratum 3' 'maxtxbuffers 1000'
asked='port 11123 minpoll -4 maxpoll -4 xleave'
ours client "server 127.0.0.1 $asked"
many_stamps() { [ "$(stamps)" -gt 5 ]; }
wait_for 10 many_stamps
expect "client" grep -q ' 4I K K$' "$dir/client/measurements.log"
expect "$(ask server serverstats)" many_stamps
# The number went along with each datagram: none of the answers was stamped by another's time.
expect "offsets" awk '/ 4I K K$/ { n++; o = $12 < 0 ? -$12 : $12; bad += o > 1e-3 } END { exit !(n && !bad) }' \
    "$dir/client/measurements.log"
finish "maxtxbuffers keeps what was sent until its time stamp comes"
end_all

# --- answers that another program signs: a Samba that knows one key, and can be slow, silent or wrong
cat >"$dir/samba.py" <<'PY'
import hashlib, os, socket, struct, sys, time
path, manner = sys.argv[1:3]
def exactly(c, n):
    data = b''
    while len(data) < n:
        more = c.recv(n - len(data))
        if not more:
            raise EOFError
        data += more
    return data
s = socket.socket(socket.AF_UNIX)
s.bind(path)
s.listen(5)
while True:
    c, _ = s.accept()
    try:
        while True:
            data = exactly(c, struct.unpack('>I', exactly(c, 4))[0])
            version, op, number = struct.unpack('>IIH', data[:10])
            key, packet = data[12:16], data[16:]
            print(version, op, len(packet), struct.unpack('<I', key)[0], flush=True)
            signed = packet + key + hashlib.md5(b'secret' + packet).digest()
            answer = struct.pack('>III', 0, 3, number) + signed
            if manner == 'slow':
                time.sleep(3)
            elif manner == 'wrong':
                answer = os.urandom(len(answer))
            if manner == 'flood':
                c.sendall(b'\0' * 100000000)
            c.sendall(struct.pack('>I', len(answer)) + answer)
    except (EOFError, OSError):
        c.close()
PY
cat >"$dir/windows.py" <<'PY'
import hashlib, socket, struct, sys
port, key, times = map(int, sys.argv[1:])
got = 0
for i in range(times):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(0.7)
    request = b'\x1b' + bytes(39) + struct.pack('>Q', 4711 + i)
    s.sendto(request + struct.pack('<I', key) + bytes(16), ('127.0.0.1', port))
    try:
        answer = s.recv(1000)
    except TimeoutError:
        continue
    packet, digest = answer[:48], answer[52:]
    good = len(answer) == 68 and packet[24:32] == request[40:] and packet[0] & 7 == 4 and \
        answer[48:52] == struct.pack('<I', key) and digest == hashlib.md5(b'secret' + packet).digest()
    got += good
print(got)
PY
samba() { # MANNER
    rm -f "$dir/signd/socket"
    python3 "$dir/samba.py" "$dir/signd/socket" "$1" >"$dir/samba.log" 2>&1 &
    samba=$!
    pids+=("$samba")
    wait_for 5 test -S "$dir/signd/socket"
}
windows() { # TIMES: how many of so many requests were answered, with a good signature
    python3 "$dir/windows.py" 11124 1105 "$1"
}
mkdir "$dir/signd"
sign=('bindaddress 127.0.0.1' 'port 11124' 'allow' 'local stratum 3')
ours dumb "${sign[@]}"
expect "answered without it" test "$(windows 1)" = 0
kill "$last" && wait "$last" 2>/dev/null
ours signing "${sign[@]}" "ntpsigndsocket $dir/signd"
refuse "answers without the socket" test "$(windows 1)" != 0
expect "absence not told" grep -q "Could not connect to $dir/signd/socket: " "$dir/signing.log"
samba honest
expect "signed answers" test "$(windows 5)" = 5
expect "question" grep -q '^0 0 48 1105$' "$dir/samba.log"
expect "$(ask signing serverstats)" test "$(ask signing serverstats | cut -d, -f8)" = 5
for manner in slow wrong flood; do
    kill "$samba" && wait "$samba" 2>/dev/null
    samba "$manner"
    expect "answers while it is $manner" test "$(windows 2)" = 0
    start=$(date +%s%N)
    "$chronyd" -4 -Q -t 5 "server 127.0.0.1 port 11124 iburst maxsamples 1" >/dev/null 2>&1
    expect "others are not served while it is $manner" test $(($(date +%s%N) - start)) -lt 2000000000
done
kill "$samba" && wait "$samba" 2>/dev/null
samba honest
sleep 1.1
expect "signed answers again" test "$(windows 3)" = 3
refuse "it ended" sh -c "! kill -0 $last"
finish "ntpsigndsocket gets answers signed"
end_all

# --- hardware time stamps on the real kernel: a preloaded library repeats its stamps as the hardware's
fake=$dir/hardware.so
if nm -D "$chronyd" 2>/dev/null | grep -q __asan; then
    echo "skip transport: hardware stamps (a sanitized program has its own preloaded library)"
elif ${CC:-cc} -std=c11 -D_GNU_SOURCE -O2 -fPIC -shared -w -o "$fake" test/system/preload/hardware.c -ldl; then
    for way in early late; do
        export HARDWARE=$way LD_PRELOAD=$fake
        ours server 'bindaddress 127.0.0.1' 'port 11123' 'allow' 'local stratum 3' 'hwtimestamp lo' \
            'maxtxbuffers 100'
        ours client "server 127.0.0.1 $asked" 'hwtimestamp *'
        unset HARDWARE LD_PRELOAD
        hardware() { # client and server have used stamps of the interface
            [ "$(grep -c ' 4I H H$' "$dir/client/measurements.log")" -gt 5 ] &&
                [ "$(ask server serverstats | cut -d, -f17)" -gt 5 ]
        }
        wait_for 15 hardware
        expect "told, $way" grep -q 'Enabled HW timestamping on lo$' "$dir/client.log"
        expect "stamps, $way: $(ask server serverstats)" hardware
        expect "offsets, $way" awk '/ 4I H H$/ { n++; o = $12 < 0 ? -$12 : $12; bad += o > 1e-3 }
            END { exit !(n && bad <= n / 20) }' "$dir/client/measurements.log"
        kill "${pids[@]}" 2>/dev/null
        wait "${pids[@]}" 2>/dev/null
        pids=()
        rm -rf "$dir/server" "$dir/client"
    done
    finish "stamps of an interface come through the real kernel"
else
    complaints="; not built"
    finish "stamps of an interface come through the real kernel"
fi
end_all

# --- interfaces without a clock
ip link add v0 type veth peer name v1 2>/dev/null && ip link set v0 up && ip link set v1 up
for line in 'hwtimestamp v0' 'hwtimestamp lo' 'hwtimestamp not-there'; do
    "$chronyd" -d -x -U -u root "${usual[@]}" "$line" -t 1 >"$dir/log" 2>&1
    expect "$line: no status 1" test $? -eq 1
    expect "$line: not told" has "Fatal error : Could not enable HW timestamping on ${line#* }\$"
done
ours star 'port 123' 'bindaddress 127.0.0.1' 'hwtimestamp *' 'allow' 'local'
ours client "server 127.0.0.1 minpoll -2 maxpoll -2 iburst" 'hwtimestamp *'
wait_for 10 measured client 127.0.0.1
expect "no answer" measured client 127.0.0.1
expect "stamps" grep -q ' K K$' "$dir/client/measurements.log"
finish "an interface without a clock is fatal if named, and passed over by *"
end_all

exit $bad
