#!/usr/bin/env python3
"""chronyc_terminal.py CHRONYC SOCKET - the tool at a terminal: prompt, keys, completion, signals.

Prints "ok NAME" or "not ok NAME".
"""
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time

CHRONYC, SOCKET = sys.argv[1:3]
BAD = 0


class Terminal:
    def __init__(self, *arguments, size=(24, 80)):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execv(CHRONYC, [CHRONYC, "-n", "-h", SOCKET, *arguments])
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        self.out = ""

    def read(self, seconds=0.05):
        ready, _, _ = select.select([self.fd], [], [], seconds)
        if not ready:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        self.out += data.decode("latin1")
        return bool(data)

    def expect(self, pattern, seconds=5):
        """Wait until what came since the last call matches; False if it does not in time."""
        end = time.time() + seconds
        while time.time() < end:
            match = re.search(pattern, self.out, re.S)
            if match:
                self.out = self.out[match.end():]
                return True
            if not self.read():
                return bool(re.search(pattern, self.out, re.S))
        return False

    def settle(self):
        """The prompt is there a little before the terminal is in the mode to read keys one by one, and
        a control character that comes in between means something else."""
        while select.select([self.fd], [], [], 0.3)[0] and self.read():
            pass

    def type(self, text):
        os.write(self.fd, text.encode("latin1"))

    def status(self, seconds=5):
        """The exit status, or None if it does not end."""
        end = time.time() + seconds
        while time.time() < end:
            self.read()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                while self.read(0):
                    if not select.select([self.fd], [], [], 0)[0]:
                        break
                os.close(self.fd)
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        return None


def command(*words):
    subprocess.run([CHRONYC, "-h", SOCKET, *words], check=True, stdout=subprocess.DEVNULL)


def report(name, ok, terminal=None):
    global BAD
    print(("ok" if ok else "not ok") + " chronyc_terminal: " + name)
    if not ok:
        BAD = 1
        if terminal:
            print("  " + repr(terminal.out[-300:]))


def interactive():
    t = Terminal()
    ok = t.expect(r"^chrony version [^\r]*\r\nCopyright [^\r]*\r\n.*\r\n\r\nchronyc> ")
    report("banner and prompt", ok, t)
    t.type("trac\t\n")
    report("a command is completed", t.expect("Leap status .*chronyc> "), t)
    t.type("sel\t\t")
    report("candidates are listed", t.expect("selectdata +selectopts"), t)
    t.type("\x15sourcename 127.0.\t\n")
    report("addresses of sources are completed", t.expect("127.0.0.77\r\n"), t)
    t.type("\x1b[A")
    report("history comes back", t.expect("sourcename 127.0.0.77"), t)
    t.type("\x15quit\n")
    report("quit", t.status() == 0, t)

    t = Terminal()
    t.expect("chronyc> ")
    t.type("nonsense\n")
    t.expect("Unrecognized command.*chronyc> ")
    t.settle()
    t.type("\x04")
    ok = t.status() == 1
    report("end of input", ok and t.out.endswith("\r\n"), t)

    t = Terminal("tracking")
    report("no banner with a command", t.status() == 0 and "version" not in t.out, t)


def signals():
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        t = Terminal("waitsync", "0", "1e-12", "0", "60")
        t.expect("try: 1")
        os.kill(t.pid, number)
        report(f"waitsync ends with signal {number}", t.status() == 1, t)
    t = Terminal()
    t.expect("chronyc> ")
    os.kill(t.pid, signal.SIGTERM)
    report("prompt ends with signal 15", t.status() == 0, t)
    report("nothing is left beside the socket",
           not [f for f in os.listdir(os.path.dirname(SOCKET)) if f.startswith("chronyc.")])


def watch():
    t = Terminal("watch", "0.2")
    ok = t.expect("\x1b\\[\\?1049h.*chronyc watch.*127\\.0\\.0\\.77.*q quit")
    report("watch shows clock and sources", ok, t)
    for key, pattern in (("s", "by state"), ("e", "fewer words"), ("p", "PAUSED")):
        t.type(key)
        report(f"watch obeys {key}", t.expect(pattern), t)
    t.type("q")
    ok = t.status() == 0
    report("watch gives the terminal back", ok and t.out.endswith("\x1b[?25h\x1b[?1049l"), t)
    t = Terminal("watch", "0.2")
    t.expect("q quit")
    os.kill(t.pid, signal.SIGTERM)
    ok = t.status() is not None
    report("watch gives it back after a signal", ok and "\x1b[?1049l" in t.out, t)
    t = Terminal("watch", "0.2", size=(24, 80))
    t.expect("\x1b\\[H")
    t.expect("\x1b\\[H")
    while "\x1b[H" not in t.out and t.read(1):
        pass
    page = re.sub("\x1b\\[[0-9?]*[A-Za-z]", "", t.out.split("\x1b[H")[0])
    page = re.split("\r*\n", page)
    report("watch fits 80x24", len(page) == 24 and max(map(len, page)) <= 80)
    t.type("q")
    t.status()
    t = Terminal("watch", "600")
    t.expect("127\\.0\\.0\\.77.*q quit")
    time.sleep(0.5)
    command("add", "server", "127.0.0.78", "offline")
    report("watch shows at once what happens", t.expect("127\\.0\\.0\\.78.*q quit"), t)
    command("delete", "127.0.0.78")
    t.type("q")
    t.status()


def watch_without_a_place():
    """A daemon that closes each stream at once, with an event to say why."""
    directory = tempfile.mkdtemp(dir=os.path.dirname(SOCKET))
    mute = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    mute.bind(directory + "/sock")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(directory + "/chronyd.ro.sock")
    listener.listen()
    t = Terminal("-h", directory + "/sock", "watch", "600")
    asked = 0
    end = time.time() + 4
    while time.time() < end:
        ready, _, _ = select.select([listener, t.fd], [], [], 0.1)
        if t.fd in ready:
            t.read(0)
        if listener in ready:
            stream, _ = listener.accept()
            stream.send(b"\0\2\6\3")
            stream.close()
            asked += 1
    report(f"watch asks once per page for a stream: {asked}", asked == 1, t)
    t.type("q")
    t.status()
    listener.close()
    mute.close()
    shutil.rmtree(directory)


interactive()
signals()
watch()
watch_without_a_place()
sys.exit(BAD)
