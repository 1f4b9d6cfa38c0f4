"""Starts a command that ends when its parent process ends.

Runs as a script of its own, before the command: it drops root if an account is given, ties its life to the parent's,
and executes the command in its place. It imports nothing of this package, because it must start within milliseconds and
may run as another user.
"""

import argparse
import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from typing import NoReturn

SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of <sys/prctl.h>
WATCH_SECONDS = 0.2


def become(account: str) -> None:
    """Drop root permanently and continue as the named account."""
    entry = pwd.getpwnam(account)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    os.chdir("/")  # The current folder may be closed to that account.
    os.environ.update(HOME=entry.pw_dir, USER=account, LOGNAME=account)


def end_with_parent(death_signal: int, parent: int) -> None:
    """Ask the kernel to send `death_signal` to this process when the parent ends. Linux only."""
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(SET_PARENT_DEATH_SIGNAL, death_signal) != 0:
        raise OSError(ctypes.get_errno(), "prctl refused the parent death signal")
    if os.getppid() != parent:
        # The parent ended before the request to the kernel, so the signal would never be sent.
        sys.exit(1)


def watch_parent(command: list[str], death_signal: int, parent: int) -> int:
    """Run the command as a child of this process, on kernels without a parent death signal."""
    child = subprocess.Popen(command)  # noqa: S603 - the command is the one we were started with.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, lambda received, _: child.send_signal(received))
    while child.poll() is None:
        if os.getppid() != parent:
            child.send_signal(death_signal)
            parent = os.getppid()
        time.sleep(WATCH_SECONDS)
    return child.returncode


def main() -> NoReturn:
    """Execute the command in place of this process, or run it and exit with its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--death-signal", type=int, required=True)
    parser.add_argument("--account")
    parser.add_argument("--watch", action="store_true")
    parser.add_argument("command", nargs="+")
    wanted = parser.parse_args()
    if wanted.account:
        become(wanted.account)
    if wanted.watch:
        sys.exit(watch_parent(wanted.command, wanted.death_signal, wanted.parent))
    # After `become`, because a change of the user clears the setting.
    end_with_parent(wanted.death_signal, wanted.parent)
    os.execv(wanted.command[0], wanted.command)  # noqa: S606 - replaces this process; there is no shell.


if __name__ == "__main__":
    main()
