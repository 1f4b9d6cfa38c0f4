"""Child processes: start, stop, and that none outlives its parent."""

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from stack.errors import CannotStart
from stack.java import java
from stack.ports import free_port, is_free
from stack.process import GUARD, Child, wait_until

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]
IGNORES_TERM = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
DEAF = [sys.executable, "-c", IGNORES_TERM + "print('up', flush=True); time.sleep(60)"]


def started(command: list[str], folder: Path) -> Child:
    child = Child("sleeper", command, folder / "sleeper.log")
    child.start()
    wait_until(lambda: "up" in child.last_words(), child, 10)
    return child


def test_a_stopped_child_is_gone_and_can_be_started_again(tmp_path: Path) -> None:
    child = started(SLEEP, tmp_path)
    assert child.stop()
    assert not child.running
    child.start()
    assert child.running
    child.kill()
    assert child.exit_code == -signal.SIGKILL


def test_a_child_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    child = started(DEAF, tmp_path)
    assert not child.stop(patience_seconds=0.2)
    assert not child.running


def test_a_child_outlives_the_thread_that_asked_for_it(tmp_path: Path) -> None:
    children: list[Child] = []
    asking = threading.Thread(target=lambda: children.append(started(SLEEP, tmp_path)))
    asking.start()
    asking.join()
    assert not children[0].wait(0.3)
    children[0].kill()


def test_a_child_that_ends_while_starting_says_why(tmp_path: Path) -> None:
    child = Child("failing", [sys.executable, "-c", "raise SystemExit('no disk')"], tmp_path / "log")
    child.start()
    with pytest.raises(CannotStart, match="no disk"):
        wait_until(lambda: False, child, 10)


@pytest.mark.parametrize("watch", [False, True])
def test_a_child_dies_with_its_parent(watch: bool) -> None:
    guard = [sys.executable, str(GUARD), "--death-signal", "9", *(["--watch"] if watch else [])]
    program = (
        "import os, subprocess, sys, time\n"
        f"child = subprocess.Popen({guard!r} + ['--parent', str(os.getpid()), '--', *{SLEEP!r}])\n"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    guarded = psutil.Process(int(parent.stdout.readline()))
    assert parent.stdout.readline() == "up\n"
    family = [guarded, *guarded.children()]
    parent.kill()
    parent.wait()
    parent.stdout.close()
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive


def test_a_free_port_is_free_until_somebody_listens() -> None:
    import socket

    port = free_port()
    assert is_free(port)
    with socket.socket() as server:
        server.bind(("127.0.0.1", port))
        server.listen()
        assert not is_free(port)


def test_without_a_java_the_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stack.java.candidates", list)
    with pytest.raises(CannotStart, match="needs Java 17 or later"):
        java()


def test_waiting_has_a_limit(tmp_path: Path) -> None:
    child = started(SLEEP, tmp_path)
    before = time.monotonic()
    with pytest.raises(CannotStart, match="was not ready after"):
        wait_until(lambda: False, child, 0.2)
    assert time.monotonic() - before < 5
    child.kill()
