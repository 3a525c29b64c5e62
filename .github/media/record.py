#!/usr/bin/env python3
"""Records a visit to a terminal program as an asciicast (version 2).

    record.py VISIT.txt OUT.cast

The first line of a visit is the command, the second the size as COLSxROWS.
Each further line is one thing the visitor does:

    type TEXT     types it at a person's pace
    key NAME      presses one key, by tmux's name for it: Enter, Escape, Tab, C-p ...
    wait SECONDS  looks at the screen

The program runs in tmux, and what is recorded is tmux's screen whenever it has
changed, so that any player shows what a terminal showed.
"""

import json
import subprocess
import sys
import time

FRAME = 0.1  # seconds


def tmux(*args):
    return subprocess.run(["tmux", "-L", "record", *args], capture_output=True, text=True).stdout


class Recording:
    def __init__(self, command, cols, rows, path):
        tmux("-f", "/dev/null", "new-session", "-d", "-x", str(cols), "-y", str(rows), command)
        tmux("set", "-g", "status", "off")
        self.out = open(path, "w")
        header = {"version": 2, "width": cols, "height": rows, "env": {"TERM": "xterm-256color"}}
        self.out.write(json.dumps(header) + "\n")
        self.begin = time.monotonic()
        self.last = ""

    def look(self):
        screen = tmux("capture-pane", "-e", "-p").rstrip("\n")
        if screen == self.last or not screen:
            return
        self.last = screen
        frame = "\x1b[?25l\x1b[0m\x1b[H\x1b[2J" + screen.replace("\n", "\x1b[0m\r\n")
        self.out.write(json.dumps([round(time.monotonic() - self.begin, 3), "o", frame]) + "\n")

    def watch(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.look()
            time.sleep(FRAME)

    def press(self, name):
        tmux("send-keys", name)
        self.watch(2 * FRAME)

    def type(self, text):
        for c in text:
            tmux("send-keys", "-l", c)
            time.sleep(0.04)
            self.look()

    def close(self):
        self.out.close()
        tmux("kill-server")


def main(visit, path):
    lines = open(visit).read().splitlines()
    cols, rows = map(int, lines[1].split("x"))
    recording = Recording(lines[0], cols, rows, path)
    do = {"type": recording.type, "key": recording.press, "wait": lambda s: recording.watch(float(s))}
    for line in lines[2:]:
        verb, _, rest = line.partition(" ")
        do[verb](rest)
    recording.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
