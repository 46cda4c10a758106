"""How fast the live node is: the node and a player as processes, measured from a third."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo

from biopose_ros.evaluation.speed.memory import peak_mib
from biopose_ros.evaluation.speed.own_domain import own_domain
from biopose_ros.msg import TrackedPersons
from biopose_ros.ros import qos
from biopose_ros.ros.diagnostics import stage_times
from biopose_ros.ros.stamps import NANOSECONDS, to_ns

START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 10.0
# Results of the last images arrive a little after them.
TAIL_S = 1.0
LOG_TAIL = 2000


class LiveBenchmarkError(RuntimeError):
    """A process of the benchmark did not start; the text shows the end of its log."""


@dataclass(frozen=True)
class LiveBenchmark:
    """
    What is run.

    :param video: a file with a person, or a folder of images.
    :param images_per_second: of a folder.
    :param size: of the published images, WIDTHxHEIGHT.
    :param rate: speed of the video; its own images per second times this are published.
    :param duration_s: how long to measure.
    :param warm_up_s: how long to wait between the first result and the measurement.
    :param is_compressed: JPEG in place of raw images.
    :param parameters: of the node, as NAME:=VALUE.
    """

    video: Path
    images_per_second: float | None = None
    size: str = '1280x720'
    rate: float = 1.0
    duration_s: float = 20.0
    warm_up_s: float = 3.0
    is_compressed: bool = False
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True)
class LiveResult:
    """
    What came out.

    :param frames_in: images published while measuring.
    :param frames_processed: those whose results came.
    :param fps: results per second.
    :param latency_p50_ms: from the image's stamp to its result at a subscriber, median.
    :param latency_p95_ms: the same, 95th percentile.
    :param latency_p99_ms: the same, 99th percentile.
    :param dropped: images without a result.
    :param stages_ms: median time of each stage, as the node's last diagnostics tell.
    :param stages_p95_ms: the same, 95th percentile.
    :param peak_memory_mib: of the node, since its start.
    """

    frames_in: int
    frames_processed: int
    fps: float
    latency_p50_ms: float
    latency_p95_ms: float
    latency_p99_ms: float
    dropped: int
    stages_ms: dict[str, float]
    stages_p95_ms: dict[str, float]
    peak_memory_mib: float


@dataclass(frozen=True)
class Process:
    """A started process and what it wrote."""

    process: subprocess.Popen[bytes]
    log: IO[str]

    def check(self) -> None:
        """
        Make sure that it still runs.

        :raises LiveBenchmarkError: with the end of its log.
        """
        if self.process.poll() is not None:
            self.log.seek(0)
            raise LiveBenchmarkError(f'a process ended: {self.log.read()[-LOG_TAIL:]}')


@dataclass
class LiveLog:
    """
    What was heard.

    :param images_ns: stamps of images in.
    :param results_ns: stamp and time of arrival of results.
    :param stages_ms: last median and 95th percentile by stage.
    :param peak_memory_mib: of the node.
    """

    images_ns: list[int] = field(default_factory=list)
    results_ns: list[tuple[int, int]] = field(default_factory=list)
    stages_ms: dict[str, tuple[float, float]] = field(default_factory=dict)
    peak_memory_mib: float = float('nan')


def measure_live(
    benchmark: LiveBenchmark, on_progress: Callable[[float], None] = lambda _: None
) -> LiveResult:
    """
    Run node and player, and measure.

    :param on_progress: called with the measured part of the duration, 0 to 1.
    :raises LiveBenchmarkError: when no result comes.
    """
    with (
        isolated_node('live_benchmark') as (node, environment),
        started(_node_command(benchmark), environment) as pose_node,
        started(_player_command(benchmark), environment) as player,
    ):
        log = record(node, benchmark, (pose_node, player), on_progress)
        log.peak_memory_mib = peak_mib(pose_node.process.pid)
    return evaluate(log, benchmark.duration_s)


@contextmanager
def isolated_node(name: str) -> Iterator[tuple[Node, dict[str, str]]]:
    """
    Make a node in a DDS domain of its own, which other nodes neither help nor hinder.

    :param name: of the node.
    :returns: the node, and the environment of processes that are to be in its domain.
    """
    domain, lock = own_domain()
    context = rclpy.Context()
    with lock:
        rclpy.init(args=[], context=context, domain_id=domain)
        node = rclpy.create_node(name, context=context)
        try:
            yield node, {**os.environ, 'ROS_DOMAIN_ID': str(domain)}
        finally:
            node.destroy_node()
            rclpy.shutdown(context=context)


def biopose_command(*words: str) -> list[str]:
    """Give the words that start one of our commands as a process."""
    return [sys.executable, '-c', 'from biopose_ros.cli.app import main; main()', *words]


def _node_command(benchmark: LiveBenchmark) -> list[str]:
    transport = 'compressed' if benchmark.is_compressed else 'raw'
    parameters = (f'image_transport:={transport}', *benchmark.parameters)
    flags = (word for parameter in parameters for word in ('-p', parameter))
    return biopose_command('node', '--ros-args', *flags)


def _player_command(benchmark: LiveBenchmark) -> list[str]:
    flags = ['--compressed'] if benchmark.is_compressed else []
    # Decoding beforehand: a camera does not take CPU time from the node either.
    options = ['--loop', '--preload', '--size', benchmark.size, '--rate', str(benchmark.rate)]
    if benchmark.images_per_second is not None:
        options += ['--images-per-second', str(benchmark.images_per_second)]
    return biopose_command('play', str(benchmark.video), *options, *flags)


@contextmanager
def started(command: list[str], environment: dict[str, str]) -> Iterator[Process]:
    """Start a process, and end it after the block."""
    with tempfile.TemporaryFile('w+') as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            yield Process(process, log)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def record(
    node: Node,
    benchmark: LiveBenchmark,
    processes: tuple[Process, ...],
    on_progress: Callable[[float], None] = lambda _: None,
) -> LiveLog:
    """
    Listen to images and results for the benchmark's time.

    :param node: that listens.
    :param benchmark: how long.
    :param processes: that must live.
    :param on_progress: called with the measured part of the duration, 0 to 1.
    :raises LiveBenchmarkError: when no result comes, when images cease, or a process ends.
    """
    log = LiveLog()

    def note_image(info: CameraInfo) -> None:
        log.images_ns.append(to_ns(info.header.stamp))

    def note_result(persons: TrackedPersons) -> None:
        log.results_ns.append((to_ns(persons.header.stamp), time.time_ns()))

    def note_health(diagnostics: DiagnosticArray) -> None:
        log.stages_ms = stage_times(diagnostics.status[0])

    node.create_subscription(DiagnosticArray, '/diagnostics', note_health, qos.OUTPUT)
    node.create_subscription(CameraInfo, 'camera_info', note_image, 100)
    node.create_subscription(TrackedPersons, 'tracked_persons', note_result, qos.OUTPUT)
    _spin(node, START_TIMEOUT_S, processes, until=lambda: bool(log.results_ns))
    if not log.results_ns:
        raise LiveBenchmarkError(f'no result within {START_TIMEOUT_S:.0f} s; try `biopose doctor`')
    _spin(node, benchmark.warm_up_s, processes)
    log.images_ns.clear()
    log.results_ns.clear()
    _spin(node, benchmark.duration_s, processes, on_progress=on_progress)
    if not log.images_ns:
        raise LiveBenchmarkError(f'no image within {benchmark.duration_s:g} s; measure for longer')
    last_image_ns = log.images_ns[-1]
    _spin(
        node,
        TAIL_S,
        processes,
        until=lambda: any(stamp >= last_image_ns for stamp, _ in log.results_ns),
    )
    log.images_ns = [stamp for stamp in log.images_ns if stamp <= last_image_ns]
    return log


def _spin(
    node: Node,
    duration_s: float,
    processes: tuple[Process, ...],
    until: Callable[[], bool] = lambda: False,
    on_progress: Callable[[float], None] = lambda _: None,
) -> None:
    """Receive messages for a time, watching that the processes live."""
    end_s = time.monotonic() + duration_s
    executor = rclpy.executors.SingleThreadedExecutor(context=node.context)
    executor.add_node(node)
    while (left_s := end_s - time.monotonic()) > 0 and not until():
        executor.spin_once(timeout_sec=min(left_s, 0.1))
        on_progress(1 - left_s / duration_s)
        for process in processes:
            process.check()
    executor.remove_node(node)


def evaluate(log: LiveLog, duration_s: float) -> LiveResult:
    """
    Sum a recording up.

    :param log: of :func:`record`.
    :param duration_s: that was measured.
    """
    images = set(log.images_ns)
    arrivals = [(stamp, arrival) for stamp, arrival in log.results_ns if stamp in images]
    latencies_ms = [(arrival - stamp) / NANOSECONDS * 1e3 for stamp, arrival in arrivals]
    p50, p95, p99 = np.percentile(latencies_ms or [np.nan], [50, 95, 99]).tolist()
    return LiveResult(
        frames_in=len(images),
        frames_processed=len(arrivals),
        fps=len(arrivals) / duration_s,
        latency_p50_ms=p50,
        latency_p95_ms=p95,
        latency_p99_ms=p99,
        dropped=len(images) - len(arrivals),
        stages_ms={stage: median for stage, (median, _) in log.stages_ms.items()},
        stages_p95_ms={stage: late for stage, (_, late) in log.stages_ms.items()},
        peak_memory_mib=log.peak_memory_mib,
    )
