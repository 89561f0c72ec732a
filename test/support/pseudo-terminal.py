"""Runs a program in a pseudo-terminal of 80 columns, and connects its terminal with standard input and standard output.

Usage: pseudo-terminal.py PROGRAM [ARGUMENT...]. Exits with the program's exit code, or with 128 plus the number of its signal.
"""

import fcntl
import os
import pty
import select
import struct
import sys
import termios


def main():
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(sys.argv[1], sys.argv[1:])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    sources = [terminal, 0]
    while terminal in sources:
        for source in select.select(sources, [], [])[0]:
            try:
                data = os.read(source, 65536)
            except OSError:
                data = b""
            if not data:
                sources.remove(source)
            else:
                os.write(terminal if source == 0 else 1, data)
    _, status = os.waitpid(pid, 0)
    sys.exit(os.waitstatus_to_exitcode(status) % 256)


main()
