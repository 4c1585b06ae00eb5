"""candm.py PORT RUNDIR LOG - requests and replies of candm version 6 as bytes."""
import hashlib
import hmac
import os
import socket
import struct
import sys
import time

port, rundir, log_path = int(sys.argv[1]), sys.argv[2], sys.argv[3]
bad = 0
SEQUENCE = 0xDEADBEEF
KEYS = {5: bytes(range(16)), 7: bytes(range(0xF0, 0x100))}


def result(ok, what, detail=""):
    global bad
    print(("ok " if ok else "not ok ") + "candm: " + what + ("" if ok else " " + str(detail)))
    bad |= not ok


def request(command, length, payload=b"", version=6, kind=1, res1=0, sequence=SEQUENCE):
    head = struct.pack(">BBBBHHIII", version, kind, res1, 0, command, 0, sequence, 0, 0)
    return (head + payload).ljust(length, b"\0")[:length]


class Udp:
    def __init__(self, source=None, family=socket.AF_INET):
        self.s = socket.socket(family, socket.SOCK_DGRAM)
        if source:
            self.s.bind((source, 0))
        self.s.connect(("::1" if family == socket.AF_INET6 else "127.0.0.1", port))
        self.s.settimeout(0.4)

    def ask(self, data):
        self.s.send(data)
        try:
            return self.s.recv(4096)
        except (TimeoutError, socket.timeout):
            return None


class Unix:
    def __init__(self, name="client.sock"):
        self.s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        if name:
            self.s.bind(rundir + "/" + name)
        self.s.connect(rundir + "/chronyd.sock")
        self.s.settimeout(0.4)

    ask = Udp.ask

    def close(self):
        name = self.s.getsockname()
        self.s.close()
        if name:
            os.unlink(name)


def status(reply):
    return None if reply is None else struct.unpack(">H", reply[8:10])[0]


def check_order():
    udp = Udp()
    cases = [
        (request(33, 104, version=5), 18), (request(33, 104, version=7), 18),
        (request(33, 104, version=4), None), (request(33, 20, version=5), None),
        (request(33, 28), 19), (request(33, 103), 19), (request(33, 104), 0),
        (request(33, 860), 0), (request(33, 861), None), (request(33, 27), None),
        (request(33, 104, kind=0), None), (request(33, 104, kind=2), None),
        (request(33, 104, res1=1), None), (request(75, 28), 3), (request(65535, 28), 3),
        (request(10, 32), 3), (request(54, 47), 19), (request(54, 196), 2), (request(62, 28), 2),
    ]
    wrong = []
    for data, expected in cases:
        reply = udp.ask(data)
        if status(reply) != expected:
            wrong.append((data[:8].hex(), len(data), expected, status(reply)))
        elif reply and expected and (len(reply) != 28 or reply[6:8] != b"\0\1"
                                     or reply[4:6] != data[4:6] or reply[16:20] != data[8:12]):
            wrong.append((data[:8].hex(), reply.hex()))
    result(not wrong, "headers are checked in order", wrong)


def check_transports():
    local = Unix()
    result(status(local.ask(request(54, 196))) == 0 and status(local.ask(request(16, 28))) == 0,
           "the Unix socket permits everything")
    generations = [(48, 14), (60, 22), (72, 24), (196, 25), (416, 25)]
    got = [local.ask(request(54, length))[7] for length, _ in generations]
    result(got == [code for _, code in generations], "each length gets its generation", got)
    unbound = Unix(None)
    result(unbound.ask(request(33, 104)) is None, "who cannot be answered is not answered")
    local.close()
    unbound.close()
    result(Udp("127.0.0.5").ask(request(33, 104)) is None, "strangers get no answer")
    if socket.has_ipv6:
        try:
            six = Udp(family=socket.AF_INET6)
            result(status(six.ask(request(33, 104))) == 0, "IPv6 loopback is answered")
        except OSError:
            print("skip candm: no IPv6 here")


class Session:
    """The client's side of an envelope."""

    def __init__(self, key_id, udp=None):
        prk = hmac.new(b"", KEYS[key_id], hashlib.sha256).digest()
        self.keys = [hmac.new(prk, label + struct.pack(">I", key_id) + b"\1",
                              hashlib.sha256).digest()
                     for label in (b"candm auth v1 request", b"candm auth v1 reply")]
        self.id, self.nonce, self.cookie = key_id, os.urandom(16), bytes(40)
        self.counter, self.udp = 0, udp or Udp()

    def seal(self, command, length):
        self.counter += 1
        data = (request(command, length, sequence=self.counter) + b"CMA1"
                + struct.pack(">I", self.id) + self.nonce + self.cookie
                + struct.pack(">Q", self.counter))
        mac = hmac.new(self.keys[0], data, hashlib.sha256).digest() if any(self.cookie) else bytes(32)
        return data + mac

    def send(self, data):
        """Status, and whether the reply is authentic; (None, False) for silence."""
        reply = self.udp.ask(data)
        if reply is None:
            return None, False
        assert len(reply) <= len(data) and reply[-88:-84] == b"CMA1"
        self.cookie = reply[-80:-40]
        mac = hmac.new(self.keys[1], data[-32:] + reply[:-32], hashlib.sha256).digest()
        return status(reply), mac == reply[-32:]

    def ask(self, command, length):
        answer = self.send(self.seal(command, length))
        if answer == (2, False) and any(self.cookie):
            answer = self.send(self.seal(command, length))
        return answer


def check_envelopes():
    monitor, control = Session(5), Session(7)
    result(monitor.ask(54, 196) == (0, True) and monitor.ask(66, 28) == (2, True),
           "a monitor's key opens reports and no command")
    result(control.ask(66, 28) == (0, True) and control.ask(16, 28) == (2, True),
           "a controller's key opens commands, but not rekey")
    data = control.seal(66, 28)
    before = open(log_path).read().count("Reset all sources")
    first, again = control.udp.ask(data), control.udp.ask(data)
    time.sleep(0.1)
    after = open(log_path).read().count("Reset all sources")
    result(first == again and after == before + 1, "a repeated datagram runs once")
    wrong = [bit for bit in range(len(data) * 8 - 32 * 8, len(data) * 8, 7)
             if status(control.udp.ask(data[:bit // 8]
                                       + bytes([data[bit // 8] ^ 1 << bit % 8])
                                       + data[bit // 8 + 1:])) != 2]
    result(not wrong, "a flipped bit of the MAC is refused", wrong)


class Stream:
    def __init__(self):
        self.s = socket.socket(socket.AF_UNIX)
        self.s.connect(rundir + "/chronyd.ro.sock")
        self.s.settimeout(2)

    def write(self, data):
        self.s.sendall(struct.pack(">H", len(data)) + data)

    def read(self):
        head = self.s.recv(2, socket.MSG_WAITALL)
        return self.s.recv(struct.unpack(">H", head)[0], socket.MSG_WAITALL) if head else None


def check_stream():
    result(os.stat(rundir + "/chronyd.ro.sock").st_mode & 0o777 == 0o660,
           "the report socket is for its group")
    stream = Stream()
    stream.write(request(33, 104))
    tracking = stream.read()
    stream.write(request(62, 28))
    refused = stream.read()
    result(status(tracking) == 0 and len(tracking) == 104 and status(refused) == 2,
           "a stream reports and refuses commands")
    stream.write(request(130, 28, struct.pack(">I", 0x1F)))
    reply, verdict, selected = stream.read(), stream.read(), stream.read()
    result(status(reply) == 0 and verdict[1:4] == b"\3\0\1" and selected[1:4] == b"\3\0\4",
           "who subscribes learns what is")
    local = Unix()
    address = socket.inet_aton("127.0.0.1").ljust(16, b"\0") + struct.pack(">HH", 1, 0)
    local.ask(request(29, 40, address))
    gone = stream.read()
    local.close()
    result(gone[1:4] == b"\3\0\3" and gone[28:32] == bytes([127, 0, 0, 1]),
           "who subscribes learns what changes")
    stream.s.sendall(b"\xff\xff")
    while stream.read():
        pass
    result(True, "a mad length ends the connection")


check_order()
check_transports()
check_envelopes()
check_stream()
sys.exit(bad)
