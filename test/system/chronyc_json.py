#!/usr/bin/env python3
"""chronyc_json.py - every report of chronyc -j against its schema in doc/schema.

A daemon made of canned replies (those of the fuzz corpus) answers on a UDP port of loopback; then
the same replies with bytes changed at random, from a fixed seed, have to give JSON that parses and
has the right keys. Prints "ok NAME" or "not ok NAME".
"""
import json
import os
import random
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("BUILD", os.path.join(ROOT, "build"))
CHRONYC = os.path.join(os.path.join(ROOT, BUILD), "chronyc")
CHRONYD = os.path.join(os.path.join(ROOT, BUILD), "chronyd")
CORPUS = os.path.join(ROOT, "test/fuzz/corpus/candm_reply")
SCHEMAS = os.path.join(ROOT, "doc/schema")
HOSTILE_ROUNDS = 30

# request code: reply code
ANSWERS = {14: 2, 15: 3, 33: 5, 34: 6, 35: 7, 44: 12, 51: 13, 11: 17, 41: 18, 65: 19, 67: 20,
           68: 21, 69: 23, 54: 25, 57: 26, 128: 128, 129: 129}


def types(value):
    if value is None:
        return {"null"}
    if isinstance(value, bool):
        return {"boolean"}
    if isinstance(value, int):
        return {"integer", "number"}
    if isinstance(value, float):
        return {"number"}
    return {str: {"string"}, list: {"array"}, dict: {"object"}}[type(value)]


def check(value, schema, where, wrong):
    """The part of JSON Schema that our schemas use; anything else in a schema is an error."""
    known = {"$schema", "title", "description", "type", "const", "enum", "pattern", "minimum",
             "maximum", "required", "additionalProperties", "properties", "items"}
    if set(schema) - known:
        wrong.append(f"{where}: schema uses {set(schema) - known}")
    if "type" in schema:
        allowed = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if not types(value) & set(allowed):
            wrong.append(f"{where}: {value!r} is no {allowed}")
            return
    if "const" in schema and value != schema["const"]:
        wrong.append(f"{where}: {value!r} is not {schema['const']!r}")
    if "enum" in schema and value not in schema["enum"]:
        wrong.append(f"{where}: {value!r} is not one of {schema['enum']}")
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        wrong.append(f"{where}: {value!r} does not match {schema['pattern']}")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if value < schema.get("minimum", value) or value > schema.get("maximum", value):
            wrong.append(f"{where}: {value} is out of bounds")
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        for key in schema.get("required", []):
            if key not in value:
                wrong.append(f"{where}: {key} is missing")
        for key, part in value.items():
            if key in properties:
                check(part, properties[key], f"{where}.{key}", wrong)
            elif schema.get("additionalProperties") is False:
                wrong.append(f"{where}: {key} is not in the schema")
    if isinstance(value, list) and "items" in schema:
        for i, part in enumerate(value):
            check(part, schema["items"], f"{where}[{i}]", wrong)


def canned_replies():
    replies = {}
    for code in set(ANSWERS.values()):
        path = os.path.join(CORPUS, f"reply{code}")
        if os.path.exists(path):
            with open(path, "rb") as f:
                replies[code] = f.read()[28:]
    reason = lambda name, directive: struct.pack(">32sII32s", name, 0x04800000, 0x06800000,
                                                 directive)
    replies[128] = struct.pack(">HHI", 1, 0, 0xF083126F) + reason(b"slewing", b"")
    replies[129] = (struct.pack(">I16sHHB3x", 0xC0000207, bytes([192, 0, 2, 7]), 1, 0, ord("x")) +
                    reason(b"none", b"") + reason(b"falseticker", b"maxdistance"))
    replies[7] = struct.pack(">IIIHHIII", 0, 1485510557, 0, 10, 5, 6000, 0x04800000, 0x0AA00000)
    replies[2] = struct.pack(">I", 3)
    return replies


class Daemon(threading.Thread):
    """Answers with canned payloads; `spoil` changes them first."""

    def __init__(self, replies):
        super().__init__(daemon=True)
        self.replies, self.spoil, self.status = replies, None, 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]

    def run(self):
        while True:
            request, sender = self.socket.recvfrom(2048)
            command, = struct.unpack(">H", request[4:6])
            code = ANSWERS.get(command, 1)
            payload = self.replies.get(code, b"")
            if self.status:
                code, payload = 1, b""
            if self.spoil and code != 2:
                payload = self.spoil(payload)
            header = struct.pack(">BBBBHHHHHH4sII", 6, 2, 0, 0, command, code, self.status, 0, 0,
                                 0, request[8:12], 0, 0)
            self.socket.sendto(header + payload, sender)


def chronyc(daemon, *arguments):
    return subprocess.run([CHRONYC, "-h", "127.0.0.1", "-p", str(daemon.port), "-j", *arguments],
                          capture_output=True, timeout=30, check=False)


def problems(daemon, arguments, schema_name, strict):
    """What is wrong with the output of a command; [] = nothing."""
    result = chronyc(daemon, *arguments)
    wrong = []
    try:
        text = result.stdout.decode("utf-8")
        document = json.loads(text)
    except ValueError as e:
        return [f"no JSON: {e}: {result.stdout[:200]!r} {result.stderr[:200]!r}"]
    if text.count("\n") != 1:
        wrong.append("not one line")
    if not strict and document.get("schema") == "status":
        schema_name = "status"
    with open(os.path.join(SCHEMAS, schema_name + ".json"), encoding="utf-8") as f:
        check(document, json.load(f), schema_name, wrong)
    return wrong


COMMANDS = [("tracking",), ("sources", "-a"), ("sourcestats", "-a"), ("selectdata", "-a"),
            ("authdata", "-a"), ("ntpdata",), ("ntpdata", "192.0.2.7"), ("serverstats",),
            ("clients",), ("activity",), ("smoothing",), ("rtcdata",), ("manual", "list"),
            ("settime", "12:00"), ("sourcename", "192.0.2.7"), ("waitsync", "1"), ("wait", "--timeout", "0.1"),
            ("explain",)]


def metrics_problems(text):
    """What is wrong with OpenMetrics text: families whole, typed and once, values, the end."""
    wrong, types_seen, current = [], {}, None
    lines = text.split("\n")
    if lines[-2:] != ["# EOF", ""]:
        wrong.append("does not end with EOF")
    sample = re.compile(r'^([a-z_][a-z0-9_]*)(\{([a-z_]+="(\\.|[^"\\])*",?)*\})? '
                        r'(NaN|[+-]Inf|-?[0-9.]+(e[+-][0-9]+)?)$')
    for line in lines[:-2]:
        words = line.split(" ", 3)
        if words[:2] == ["#", "TYPE"]:
            current = words[2]
            if current in types_seen:
                wrong.append(f"{current} appears twice")
            types_seen[current] = words[3]
        elif words[0] == "#":
            if words[2] != current:
                wrong.append(f"{line!r} in family {current}")
            if words[1] == "UNIT" and not current.endswith("_" + words[3]):
                wrong.append(f"unit of {current}")
        else:
            match = sample.match(line)
            suffix = {"counter": "_total", "info": "_info"}.get(types_seen.get(current), "")
            if not match or match.group(1) != current + suffix:
                wrong.append(f"{line!r} in family {current}")
    return wrong


def event_problems(lines):
    """What is wrong with lines of --follow."""
    wrong = []
    with open(os.path.join(SCHEMAS, "event.json"), encoding="utf-8") as f:
        schema = json.load(f)
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError as e:
            wrong.append(f"no JSON: {e}: {line!r}")
            continue
        check(event, schema, "event", wrong)
        common = {"schema", "version", "time", "number", "lost", "event"}
        if set(event) - common != {event.get("event")}:
            wrong.append(f"keys {sorted(event)}")
    return wrong


def wait_for(path, seconds=10):
    end = time.monotonic() + seconds
    while not os.path.exists(path) and time.monotonic() < end:
        time.sleep(0.02)


def wait_for_text(path, text, seconds=10):
    """True if the file holds the text in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with open(path, encoding="utf-8") as f:
            if text in f.read():
                return True
        time.sleep(0.05)
    return False


def follow_real(report):
    """--follow at a daemon of ours that is changed, ended and started again."""
    with tempfile.TemporaryDirectory() as parent:
        run = os.path.join(parent, "run")
        os.mkdir(run, 0o750)
        configuration = os.path.join(parent, "conf")
        with open(configuration, "w", encoding="utf-8") as f:
            f.write(f"port 0\ncmdport 0\nbindcmdaddress {run}/sock\npidfile {run}/pid\n")
        tool = [CHRONYC, "-h", f"{run}/sock"]

        def daemon():
            process = subprocess.Popen([CHRONYD, "-d", "-x", "-f", configuration],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            wait_for(f"{run}/chronyd.ro.sock")
            return process

        def order(*arguments):
            subprocess.run(tool + list(arguments), stdout=subprocess.DEVNULL, check=False)

        result = subprocess.run(tool + ["--follow"], capture_output=True, check=False)
        report("follow without a daemon", [] if result.returncode == 2 and not result.stdout
               and b"Cannot reach" in result.stderr else [repr(result)])
        first = daemon()
        paths = [os.path.join(parent, name) for name in ("json", "text", "stderr")]
        with open(paths[0], "w") as out, open(paths[1], "w") as text, open(paths[2], "w") as err:
            followers = [subprocess.Popen(tool + ["-j", "--follow"], stdin=subprocess.DEVNULL,
                                          stdout=out, stderr=err),
                         subprocess.Popen(tool + ["--follow"], stdin=subprocess.PIPE,
                                          stdout=text, stderr=subprocess.DEVNULL)]
        wait_for_text(paths[0], '"selected"')
        wait_for_text(paths[1], "no source is selected")
        order("add server 127.1.0.1 offline")
        wrong = [] if wait_for_text(paths[0], '"event":"source"') else ["no source"]
        order("delete 127.1.0.1")
        wrong += [] if wait_for_text(paths[0], '"event":"source_gone"') else ["no source_gone"]
        first.terminate()
        first.wait()
        wrong += [] if wait_for_text(paths[2], "chronyd ended; waiting") else ["end not told"]
        second = daemon()
        wrong += [] if wait_for_text(paths[2], "chronyd is there again") else ["return not told"]
        followers[0].send_signal(signal.SIGINT)
        followers[1].stdin.close()
        for follower in followers:
            try:
                if follower.wait(5) != 0:
                    wrong.append(f"status {follower.returncode}")
            except subprocess.TimeoutExpired:
                wrong.append("does not end")
                follower.kill()
        second.terminate()
        second.wait()
        with open(paths[0], encoding="utf-8") as f:
            lines = f.read().splitlines()
        wrong += event_problems(lines)
        kinds = [json.loads(line)["event"] for line in lines]
        if kinds[:2] != ["verdict", "selected"]:
            wrong.append(f"begins with {kinds[:2]}")
        report("follow, real events and a daemon that comes back", wrong)
        with open(paths[1], encoding="utf-8") as f:
            text = f.read()
        missing = [part for part in ("UTC  UNSYNCHRONISED: ", "UTC  no source is selected\n",
                                     "UTC  source 127.1.0.1 (M): it was switched offline ",
                                     "UTC  source 127.1.0.1: it was removed\n") if part not in text]
        report("follow as text", [f"{missing} not in {text!r}"] if missing else [])


def event_frame(code, payload, number=1, lost=0):
    packet = struct.pack(">BBHHHIIII", 6, 3, code, lost, 0, number, 0, 1795238126, 7) + payload
    return struct.pack(">H", len(packet)) + packet


def follow_canned(report):
    """--follow at a stream that says anything, and then nothing."""
    replies = canned_replies()
    payloads = {1: replies[128], 2: replies[129], 3: replies[129][:24], 4: replies[129][:24],
                5: struct.pack(">II", 3, 0x06800000)}
    rng = random.Random(7)
    frames = [event_frame(code, payloads[code], lost=code) for code in payloads]
    frames += [event_frame(99, b"of a later version"), event_frame(4, bytes(24))]
    for _ in range(500):
        payload = bytearray(payloads[rng.randrange(1, 6)])
        for _ in range(rng.randrange(1, 20)):
            payload[rng.randrange(len(payload))] = rng.choice([0, 255, 34, 92, 27,
                                                               rng.randrange(256)])
        frames.append(event_frame(rng.randrange(1, 6), bytes(payload) + bytes(172)))
    with tempfile.TemporaryDirectory() as run:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(f"{run}/chronyd.ro.sock")
        listener.listen(4)

        def serve():
            connection, _ = listener.accept()
            request = connection.recv(2048)
            reply = struct.pack(">BBBBHHHHHH4sII", 6, 2, 0, 0, 130, 1, 0, 0, 0, 0, request[10:14],
                                0, 0)
            connection.sendall(struct.pack(">H", len(reply)) + reply + b"".join(frames))
            time.sleep(1)
            connection.close()
            refused, _ = listener.accept()
            refused.sendall(event_frame(6, struct.pack(">I", 1)))
            refused.close()

        server = threading.Thread(target=serve, daemon=True)
        server.start()
        tool = [CHRONYC, "-h", f"{run}/sock", "-j", "--follow"]
        process = subprocess.Popen(tool, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   stdin=subprocess.DEVNULL)
        lines = [process.stdout.readline() for _ in range(506)]
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=10)
        wrong = event_problems(line.decode("utf-8") for line in lines)
        if rest or process.returncode != 0:
            wrong.append(f"status {process.returncode}, rest {rest!r}")
        report("follow a hostile stream", wrong)
        result = subprocess.run(tool, capture_output=True, timeout=10, check=False)
        report("follow where there is no room", [] if result.returncode == 2 and not result.stdout
               and b"too many connections" in result.stderr else [repr(result)])
        listener.close()


def main():
    failed = 0

    def report(name, wrong):
        nonlocal failed
        print(("not ok" if wrong else "ok") + " chronyc_json: " + name)
        for line in wrong[:10]:
            print("  " + line)
        failed |= bool(wrong)

    daemon = Daemon(canned_replies())
    daemon.start()
    seen = {"status"}
    for command in COMMANDS:
        schema = "_".join(command) if command[0] == "manual" else command[0]
        seen.add(schema)
        report(" ".join(command), problems(daemon, command, schema, True))
    follow_real(report)
    follow_canned(report)
    seen.add("event")
    report("every schema has a command", sorted(
        {f[:-5] for f in os.listdir(SCHEMAS)} - seen))
    text = chronyc(daemon, "metrics").stdout.decode()
    report("metrics", metrics_problems(text))
    report("metrics has sources and counters", [
        name for name in ("chrony_sources_last_sample_offset_seconds{", "chrony_up 1\n",
                          "chrony_serverstats_ntp_packets_received_total ",
                          'chrony_verdict{chrony_verdict="settling"} 1\n') if name not in text])
    daemon.status = 2
    for command in (("tracking",), ("clients",), ("reselect",)):
        report(" ".join(command) + " refused", problems(daemon, command, "status", True))
    daemon.status = 0
    rng = random.Random(6)

    def spoil(payload):
        payload = bytearray(payload)
        for _ in range(rng.randrange(1, 20)):
            if payload:
                payload[rng.randrange(len(payload))] = rng.choice([0, 255, 34, 92, 27,
                                                                   rng.randrange(256)])
        return bytes(payload)

    daemon.spoil = spoil
    for command in COMMANDS:
        schema = "_".join(command) if command[0] == "manual" else command[0]
        wrong = []
        for _ in range(HOSTILE_ROUNDS):
            wrong += problems(daemon, command, schema, False)
        report(" ".join(command) + " from a hostile daemon", wrong)
    wrong = []
    for _ in range(HOSTILE_ROUNDS):
        wrong += metrics_problems(chronyc(daemon, "metrics").stdout.decode())
    report("metrics from a hostile daemon", wrong)
    return failed


if __name__ == "__main__":
    sys.exit(main())
