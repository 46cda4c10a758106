"""The demonstration: node and player as processes of their own, watched from this one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from biopose_ros.ros.live_monitor import PICTURE_PERIOD_S, LiveMonitor
from biopose_ros.ros.pace import spin_for
from biopose_ros.ros.recorder import Recorder

NAMESPACE = '/biopose_demo'
# Angles of the last image still arrive after the player has ended.
DRAIN_S = 1.0
# What the player makes of a video; one of this size costs it least.
SIZE_PX = (1280, 720)


class DemoError(RuntimeError):
    """The demonstration cannot run; the text holds the reason and the remedy."""


@dataclass(frozen=True)
class DemoSettings:
    """
    What is shown.

    :param video: file, or number of a webcam.
    :param bag: folder to record into; None records nothing.
    :param log: file for what node and player print.
    :param device: where the networks run.
    """

    video: str
    bag: Path | None
    log: Path
    device: str = 'auto'


def run_demo(settings: DemoSettings, show: Callable[[LiveMonitor], None]) -> LiveMonitor:
    """
    Play a video into a node and watch its results until the video ends or Ctrl-C.

    :param settings: what is shown.
    :param show: called about ten times a second.
    :returns: everything that was seen.
    :raises DemoError: when the node or the player fails; names the log.
    """
    if settings.bag is not None and (settings.bag / 'metadata.yaml').exists():
        shutil.rmtree(settings.bag)  # the bag of the demonstration before
    rclpy.init()
    node = rclpy.create_node('demo', namespace=NAMESPACE)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    monitor = LiveMonitor(node)
    recorder = Recorder(node, settings.bag) if settings.bag is not None else None
    try:
        with settings.log.open('w') as log:
            _play_and_watch(settings, node, executor, lambda: show(monitor), log.fileno())
    except KeyboardInterrupt:
        pass
    finally:
        if recorder is not None:
            recorder.close()
        rclpy.try_shutdown()
    return monitor


def _play_and_watch(
    settings: DemoSettings,
    node: Node,
    executor: SingleThreadedExecutor,
    show: Callable[[], None],
    log: int,
) -> None:
    node_command = [
        *('node', '--ros-args', '-r', f'__ns:={NAMESPACE}'),
        *('-p', f'device:={settings.device}', '-p', 'publish_debug_image:=true'),
        *('-p', f'debug_image_hz:={1.0 / PICTURE_PERIOD_S}'),
    ]
    player_command = [
        *('play', settings.video, '--topic', f'{NAMESPACE}/image'),
        *('--size', '{}x{}'.format(*SIZE_PX), '--pace-topic', f'{NAMESPACE}/tracked_persons'),
    ]
    # The player is ready before the node is, and waits for it.
    with _biopose(node_command, log) as pose_node, _biopose(player_command, log) as player:
        while player.poll() is None:
            spin_for(executor, 0.1)
            show()
            if pose_node.poll() is not None:
                raise DemoError(f'the node ended; its messages are in {settings.log}')
        spin_for(executor, DRAIN_S)
        show()
        if player.returncode:
            raise DemoError(f'{settings.video} could not be played; see {settings.log}')


@contextmanager
def _biopose(arguments: list[str], log: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command of this program, and end it at the end."""
    command = [sys.executable, '-m', 'biopose_ros.cli', *arguments]
    process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ.copy())
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=10.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
