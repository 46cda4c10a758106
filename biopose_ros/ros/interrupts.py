"""Orderly ends: the first interrupt stops a process, further ones do not disturb its end."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.signals import SignalHandlerOptions

# The process that ends this one with it, where the environment names one. A launch that gets
# SIGTERM leaves without a word to the processes that it has started.
LAUNCH_PID = 'BIOPOSE_LAUNCH_PID'
_STOPPING = (signal.SIGINT, signal.SIGTERM)
_PR_SET_PDEATHSIG = 1


@contextmanager
def ros_until_interrupted(
    args: Sequence[str] | None = None, *, breaks_off: bool = True
) -> Iterator[threading.Event]:
    """
    Initialise ROS for a block that SIGINT or SIGTERM ends as if it had been left.

    Ctrl-C reaches the processes of a launch twice, from the terminal and from the launch: the
    second one must not cut short what the first one has made the process finish.

    :param args: command line, with `--ros-args` where wanted.
    :param breaks_off: leave the block wherever it is; otherwise it has to watch the event.
    :returns: an event that is set by the interrupt.
    :raises SystemExit: where the launch that has started this process is gone already.
    """
    _end_with_launch()
    stopped = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        _ignore_signals()
        stopped.set()
        if breaks_off:
            raise KeyboardInterrupt

    # The handlers of rclpy shut ROS down at once; last messages could not be sent any more.
    rclpy.init(
        args=None if args is None else list(args), signal_handler_options=SignalHandlerOptions.NO
    )
    for number in _STOPPING:
        signal.signal(number, stop)
    try:
        yield stopped
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        _ignore_signals()
        rclpy.try_shutdown()


def _end_with_launch() -> None:
    """Have the kernel send SIGTERM when the parent ends, however it does; Linux alone can."""
    launch = os.environ.get(LAUNCH_PID, '')
    if not launch or sys.platform != 'linux':
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    try:
        os.kill(int(launch), 0)  # sends nothing
    except ProcessLookupError:
        raise SystemExit(0) from None


def _ignore_signals() -> None:
    for number in _STOPPING:
        signal.signal(number, signal.SIG_IGN)
