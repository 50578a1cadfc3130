# SPDX-License-Identifier: GPL-2.0-or-later
"""Plays the user at a terminal.

terminal.py [PROMPT ANSWER]... -- COMMAND...: types each ANSWER after its PROMPT was seen,
prints what the terminal has shown and whether it echoes afterwards, and ends as COMMAND has.
"""
import os
import pty
import signal
import sys
import termios

split = sys.argv.index("--")
dialogue = list(zip(sys.argv[1:split:2], sys.argv[2:split:2]))
signal.alarm(60)
pid, terminal = pty.fork()
if not pid:
    # A shell lets what it starts in the background ignore Ctrl-C, and that is inherited.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execvp(sys.argv[split + 1], sys.argv[split + 1:])
shown = b""
seen = 0
while True:
    try:
        more = os.read(terminal, 1024)
    except OSError:
        break
    if not more:
        break
    shown += more
    if dialogue and dialogue[0][0].encode() in shown[seen:]:
        seen = len(shown)
        os.write(terminal, dialogue.pop(0)[1].encode().decode("unicode_escape").encode())
_, status = os.waitpid(pid, 0)
sys.stdout.write(shown.decode(errors="replace"))
code = os.waitstatus_to_exitcode(status)
print("echo" if termios.tcgetattr(terminal)[3] & termios.ECHO else "no echo")
if dialogue:
    sys.exit("never seen: " + dialogue[0][0])
sys.exit(code if code >= 0 else 128 - code)
