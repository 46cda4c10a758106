"""Whose results are published: everybody's, or those of one chosen person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from biopose_ros.person.choosing import box_area_px, distance_px
from biopose_ros.person.motion import lost_person
from biopose_ros.records import PersonPose, TrackingState

Rule = Callable[[Sequence[PersonPose]], PersonPose]


def largest(persons: Sequence[PersonPose]) -> PersonPose:
    """Choose by the box in the image."""
    return max(persons, key=box_area_px)


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
    return lambda persons: min(persons, key=lambda person: distance_px(person, at))


def distance_m(person: PersonPose) -> float:
    """Give the distance of the pelvis to the camera, metres."""
    return float(np.linalg.norm(person.segment_positions_m[0]))


@dataclass
class PersonChoice:
    """
    Leaves out persons who are not chosen; a person who is left out is reported as lost, once.

    :param rule: chooses among those present while no person is chosen; None for everybody.
    :param track_id: of the chosen person; None until the rule has chosen one.
    :param reach_m: persons beyond this distance are left out; 0 for no limit.
    """

    rule: Rule | None = None
    track_id: int | None = None
    reach_m: float = 0.0

    def __post_init__(self) -> None:
        self._published: dict[int, PersonPose] = {}

    def choose(self, rule: Rule | None, track_id: int | None = None) -> None:
        """Change the choice, from the next image on."""
        self.rule, self.track_id = rule, track_id

    def keep(self, persons: Sequence[PersonPose], stamp_ns: int) -> list[PersonPose]:
        """
        Select the persons of an image who are to be published.

        :param persons: everybody, also those just lost.
        :param stamp_ns: of the image.
        """
        kept = [p for p in persons if p.track_id in self._wanted(persons)]
        present = {p.track_id: p for p in kept if p.state is not TrackingState.LOST}
        lost = self.end([p for p in persons if p.state is TrackingState.LOST])
        dropped = self._published.keys() - present.keys()
        ends = [lost_person(self._published[gone], stamp_ns) for gone in sorted(dropped)]
        self._published = present
        return [*present.values(), *lost, *ends]

    def end(self, lost: Sequence[PersonPose]) -> list[PersonPose]:
        """
        Select, from persons lost without a new image, those who had been published.

        :param lost: their last records.
        """
        published = [person for person in lost if person.track_id in self._published]
        for person in published:
            del self._published[person.track_id]
        return published

    def _wanted(self, persons: Sequence[PersonPose]) -> set[int | None]:
        present = [p for p in persons if p.state is not TrackingState.LOST]
        if self.reach_m:
            present = [p for p in present if distance_m(p) <= self.reach_m]
        if self.rule is None and self.track_id is None:
            return {p.track_id for p in present}
        if self.track_id not in {p.track_id for p in present} and self.rule and present:
            self.track_id = self.rule(present).track_id
        return {self.track_id}
