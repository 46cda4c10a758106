"""Whom the results tell of: everybody, or one person that somebody has chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from biopose_ros.person.motion import lost_person
from biopose_ros.records import PersonPose, TrackingState

Rule = Callable[[Sequence[PersonPose]], PersonPose]


def largest(persons: Sequence[PersonPose]) -> PersonPose:
    """Choose by the box in the image."""
    return max(persons, key=lambda person: float(np.prod(np.ptp(_corners(person), axis=0))))


def nearest(persons: Sequence[PersonPose]) -> PersonPose:
    """Choose by the distance of the pelvis to the camera."""
    return min(persons, key=distance_m)


def nearest_to_point(x_px: float, y_px: float) -> Rule:
    """
    Choose the person whose box holds a point or is nearest to it.

    :param x_px: of the image.
    :param y_px: of the image.
    """
    at = np.array([x_px, y_px])

    def apart_px(person: PersonPose) -> tuple[float, float]:
        low, high = _corners(person)
        outside = np.maximum(np.maximum(low - at, at - high), 0.0)
        return float(np.linalg.norm(outside)), float(np.linalg.norm((low + high) / 2 - at))

    return lambda persons: min(persons, key=apart_px)


def distance_m(person: PersonPose) -> float:
    """Give the distance of the pelvis to the camera, metres."""
    return float(np.linalg.norm(person.segment_positions_m[0]))


def _corners(person: PersonPose) -> np.ndarray:
    return np.asarray(person.box_xyxy_px, dtype=float).reshape(2, 2)


@dataclass
class PersonChoice:
    """
    Leaves out whom nobody asked for; who is left out is reported as lost, once.

    :param rule: chooses among those present where nobody is chosen yet; None for everybody.
    :param track_id: who is chosen; None where the next image chooses.
    :param reach_m: persons beyond this distance are left out; 0 for no limit.
    """

    rule: Rule | None = None
    track_id: int | None = None
    reach_m: float = 0.0

    def __post_init__(self) -> None:
        self._told: dict[int, PersonPose] = {}

    def choose(self, rule: Rule | None, track_id: int | None = None) -> None:
        """Take another choice, from the next image on."""
        self.rule, self.track_id = rule, track_id

    def keep(self, persons: Sequence[PersonPose], stamp_ns: int) -> list[PersonPose]:
        """
        Leave out of an image's persons whom nobody asked for.

        :param persons: everybody, also those just lost.
        :param stamp_ns: of the image.
        """
        kept = [p for p in persons if p.track_id in self._wanted(persons)]
        present = {p.track_id: p for p in kept if p.state is not TrackingState.LOST}
        lost = [p for p in persons if p.state is TrackingState.LOST and p.track_id in self._told]
        dropped = self._told.keys() - present.keys() - {p.track_id for p in lost}
        ends = [lost_person(self._told[gone], stamp_ns) for gone in sorted(dropped)]
        self._told = present
        return [*present.values(), *lost, *ends]

    def end(self, lost: Sequence[PersonPose]) -> list[PersonPose]:
        """
        Leave out of persons who are lost without a new image those who were left out before.

        :param lost: their last records.
        """
        told = [person for person in lost if person.track_id in self._told]
        for person in told:
            del self._told[person.track_id]
        return told

    def _wanted(self, persons: Sequence[PersonPose]) -> set[int | None]:
        present = [p for p in persons if p.state is not TrackingState.LOST]
        if self.reach_m:
            present = [p for p in present if distance_m(p) <= self.reach_m]
        if self.rule is None and self.track_id is None:
            return {p.track_id for p in present}
        if self.track_id not in {p.track_id for p in present} and self.rule and present:
            self.track_id = self.rule(present).track_id
        return {self.track_id}
