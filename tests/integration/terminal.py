"""Runs a command on a terminal of WIDTH columns and prints what it shows. WIDTH:NEXT makes the window NEXT columns wide after
three progress lines. Usage: terminal.py WIDTH COMMAND..."""
import fcntl, os, pty, struct, sys, termios

widths = [int(width) for width in sys.argv[1].split(":")]


def set_width(terminal, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))


keyboard, screen = pty.openpty()
set_width(keyboard, widths[0])
child = os.fork()
if child == 0:
    os.setsid()
    os.close(keyboard)
    for file in range(3):
        os.dup2(screen, file)
    os.execvp(sys.argv[2], sys.argv[2:])
os.close(screen)
shown = b""
while True:
    try:
        part = os.read(keyboard, 65536)
    except OSError:  # the last program on the terminal has ended
        break
    if not part:
        break
    shown += part
    if len(widths) > 1 and shown.count(b"\r\x1b[K") >= 3:
        set_width(keyboard, widths.pop())
sys.stdout.buffer.write(shown)
sys.stdout.flush()
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status))
