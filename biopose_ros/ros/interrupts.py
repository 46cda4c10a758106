"""Orderly ends: the first interrupt stops a process, further ones do not disturb its end."""

from __future__ import annotations

import shutil
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.signals import SignalHandlerOptions

_STOPPING = (signal.SIGINT, signal.SIGTERM)


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
    """
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


def ends_with_parent() -> str:
    """
    Give what, before a command, sends it SIGTERM when its parent ends, however that ends.

    :returns: words of a command line; none where util-linux is not installed, as on anything but
        Linux.
    """
    return 'setpriv --pdeathsig TERM' if shutil.which('setpriv') else ''


def _ignore_signals() -> None:
    for number in _STOPPING:
        signal.signal(number, signal.SIG_IGN)
