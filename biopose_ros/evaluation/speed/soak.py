"""A long run of the live node, compressed in time as far as the node goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image

from biopose_ros.evaluation.speed.live import (
    START_TIMEOUT_S,
    LiveBenchmarkError,
    Process,
    biopose_command,
    isolated_node,
    started,
)
from biopose_ros.evaluation.speed.memory import resident_mib
from biopose_ros.evaluation.speed.soak_checks import Check, SoakLog, check, memory_trend
from biopose_ros.evaluation.speed.soak_script import (
    APPEARANCES,
    RATE_HZ,
    ROUND_IMAGES,
    SoakScript,
    Step,
)
from biopose_ros.msg import JointAngleArray, TrackedPersons
from biopose_ros.ros import qos
from biopose_ros.ros.stamps import to_ns
from biopose_ros.sensor_messages.images import BgrImage

STALE_AFTER_S = 0.5
SAMPLE_PERIOD_S = 0.5
# With two images on the way the node always has one waiting and is never idle.
ON_THE_WAY = 2
RESULT_TIMEOUT_S = 2.0
# A refused image gives no answer; this long it may take to be looked at.
BROKEN_WAIT_S = 0.3
DIAGNOSTICS_WAIT_S = 1.5


@dataclass(frozen=True)
class SoakResult:
    """
    What came out.

    :param images: published, broken ones aside.
    :param stamped_s: time that they span by their stamps.
    :param wall_s: time that the run took.
    :param checks: what must hold.
    :param memory: trend after the warm-up, None in a run that is too short.
    """

    images: int
    stamped_s: float
    wall_s: float
    checks: list[Check] = field(default_factory=list)
    memory: dict[str, float] | None = None

    @property
    def factor(self) -> float:
        """How many times faster than the camera's own time the run was."""
        return self.stamped_s / self.wall_s

    @property
    def is_passed(self) -> bool:
        """Whether everything holds."""
        return all(item.is_met for item in self.checks)

    def figures(self) -> dict[str, Any]:
        """Give everything for a JSON file."""
        return {**asdict(self), 'factor': self.factor, 'is_passed': self.is_passed}


def node_command(parameters: Sequence[str] = ()) -> list[str]:
    """
    Give the words that start the node to soak.

    :param parameters: of the node, as NAME:=VALUE.
    """
    return biopose_command('node', *ros_arguments(parameters))


def ros_arguments(parameters: Sequence[str] = ()) -> list[str]:
    """
    Give the arguments that every soaked node needs.

    :param parameters: more of them, as NAME:=VALUE.
    """
    wanted = (f'stale_after_s:={STALE_AFTER_S}', *parameters)
    return ['--ros-args', *(word for parameter in wanted for word in ('-p', parameter))]


def soak(
    cells: Sequence[BgrImage],
    minutes: float,
    command: Sequence[str],
    on_progress: Callable[[float], None] = lambda _: None,
) -> SoakResult:
    """
    Feed a node of its own, with images as fast as it takes them, and judge it.

    :param cells: pictures of one person in the order of time.
    :param minutes: how long; the round in hand is finished.
    :param command: starts the node.
    :param on_progress: called with the part that is done, 0 to 1.
    :raises LiveBenchmarkError: when the node does not start, or ends.
    """
    with (
        isolated_node('soak') as (node, environment),
        started(list(command), environment) as process,
    ):
        feeder = _Feeder(node, process)
        feeder.wait_for_node()
        return feeder.run(SoakScript(cells, time.time_ns()), 60 * minutes, on_progress)


class _Feeder:
    """Publishes the script, and notes what the node makes of it."""

    def __init__(self, node: Node, process: Process) -> None:
        self._process = process
        self._log = SoakLog()
        self._images = node.create_publisher(
            Image, 'image', QoSProfile(depth=2, reliability=ReliabilityPolicy.RELIABLE)
        )
        node.create_subscription(TrackedPersons, 'tracked_persons', self._on_persons, 100)
        node.create_subscription(JointAngleArray, 'joint_angles', self._on_angles, 100)
        node.create_subscription(DiagnosticArray, '/diagnostics', self._on_health, qos.OUTPUT)
        self._executor = SingleThreadedExecutor(context=node.context)
        self._executor.add_node(node)
        self._published_s: dict[int, float] = {}
        self._visible: dict[int, tuple[int, ...]] = {}
        self._round = self._count = 0
        self._is_stalled = False
        self._next_sample_s = 0.0

    def wait_for_node(self) -> None:
        """
        Wait until the node listens.

        :raises LiveBenchmarkError: when it does not.
        """
        end_s = time.monotonic() + START_TIMEOUT_S
        while not self._images.get_subscription_count():
            self._process.check()
            if time.monotonic() > end_s:
                raise LiveBenchmarkError(
                    f'no node within {START_TIMEOUT_S:.0f} s; try `biopose doctor`'
                )
            self._executor.spin_once(timeout_sec=0.1)

    def run(
        self, script: SoakScript, duration_s: float, on_progress: Callable[[float], None]
    ) -> SoakResult:
        """Play rounds until the time is over."""
        began_s = time.monotonic()
        for steps in script.rounds():
            for step in steps:
                self._do(step)
                on_progress(min((time.monotonic() - began_s) / duration_s, 1.0))
            self._round += 1
            if time.monotonic() - began_s >= duration_s:
                break
        wall_s = time.monotonic() - began_s
        self._spin(DIAGNOSTICS_WAIT_S)
        trend = memory_trend(self._log.memory)
        images = self._round * ROUND_IMAGES
        return SoakResult(
            images=images,
            stamped_s=images / RATE_HZ,
            wall_s=wall_s,
            checks=check(self._log),
            memory=asdict(trend) if trend else None,
        )

    def _do(self, step: Step) -> None:
        if step.stall_s:
            self._log.stalls += 1
            self._is_stalled = True
            self._spin(step.stall_s)
            self._is_stalled = False
        for message in step.messages:
            if step.is_broken:
                self._spin(RESULT_TIMEOUT_S, until=lambda: not self._published_s)
                self._log.broken += 1
                self._images.publish(message)
                self._spin(BROKEN_WAIT_S)
            else:
                stamp_ns = to_ns(message.header.stamp)
                self._published_s[stamp_ns] = time.monotonic()
                self._visible[stamp_ns] = step.visible
                for place in step.visible:
                    self._log.ids.setdefault((self._round, place), set())
                self._images.publish(message)
                self._count += 1
                self._spin(RESULT_TIMEOUT_S, until=lambda: len(self._published_s) < ON_THE_WAY)

    def _spin(self, duration_s: float, until: Callable[[], bool] = lambda: False) -> None:
        end_s = time.monotonic() + duration_s
        while not until() and (left_s := end_s - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=min(left_s, 0.05))
            if time.monotonic() >= self._next_sample_s:
                self._sample()

    def _sample(self) -> None:
        self._process.check()
        self._next_sample_s = time.monotonic() + SAMPLE_PERIOD_S
        folder = Path(f'/proc/{self._process.process.pid}')
        self._log.memory.append((self._count, resident_mib(self._process.process.pid)))
        self._log.handles.append(
            (len(list((folder / 'task').iterdir())), len(list((folder / 'fd').iterdir())))
        )

    def _on_persons(self, message: TrackedPersons) -> None:
        now_s = time.monotonic()
        stamp_ns = to_ns(message.header.stamp)
        states = [person.tracking_state for person in message.persons]
        followed = len(states) - states.count(JointAngleArray.STATE_LOST)
        self._log.results.append((stamp_ns, followed))
        if stamp_ns in self._published_s:
            self._log.delays_s.append(now_s - self._published_s[stamp_ns])
        # Whatever was published before it is done, or was dropped for it.
        for done in [stamp for stamp in self._published_s if stamp <= stamp_ns]:
            del self._published_s[done]
        visible = self._visible.pop(stamp_ns, ())
        for earlier in [stamp for stamp in self._visible if stamp < stamp_ns]:
            del self._visible[earlier]
        for person in message.persons:
            middle_px = (person.box_x_min + person.box_x_max) / 2
            place = int(middle_px >= APPEARANCES[1].left_px - APPEARANCES[0].left_px)
            if person.tracking_state == JointAngleArray.STATE_TRACKED and place in visible:
                self._log.ids[self._round, place].add(person.person_id)

    def _on_angles(self, message: JointAngleArray) -> None:
        stamp_ns = to_ns(message.header.stamp)
        self._log.angles.append((stamp_ns, message.person_id, message.tracking_state))

    def _on_health(self, diagnostics: DiagnosticArray) -> None:
        status = diagnostics.status[0]
        values = {item.key: item.value for item in status.values}
        self._log.waiting.append(int(values['images waiting']))
        self._log.rejected = int(values['images rejected'])
        self._log.faults += self._is_stalled and status.level == DiagnosticStatus.ERROR
