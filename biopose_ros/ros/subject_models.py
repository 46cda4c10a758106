"""Announces a person's body dimensions when they have changed: SubjectModel and URDF, latched."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from std_msgs.msg import Header

from biopose_ros.msg import SubjectModel
from biopose_ros.records import PersonPose, TrackingState
from biopose_ros.ros.messages import subject_model
from biopose_ros.ros.stamps import to_ns
from biopose_ros.skeleton import Skeleton, scaled_osim, write_urdf

# A change that moves no joint of an adult by more than about 5 mm is not worth a new model.
SCALE_TOLERANCE = 0.01
MIN_INTERVAL_NS = 5_000_000_000


class SubjectModels:
    """
    Follows the estimated body dimensions of everybody.

    :param skeleton: the unscaled model.
    :param publish_model: sends one person's dimensions.
    :param publish_urdf: sends the model of the first person, as text.
    """

    def __init__(
        self,
        skeleton: Skeleton,
        publish_model: Callable[[SubjectModel], None],
        publish_urdf: Callable[[str], None],
    ) -> None:
        self._skeleton = skeleton
        self._publish_model = publish_model
        self._publish_urdf = publish_urdf
        self._announced: dict[str, PersonPose] = {}
        self._messages: dict[str, SubjectModel] = {}
        self.primary = ''

    def announce_unscaled(self, person_id: str) -> None:
        """Send the unscaled skeleton, so that displays can be set up before anybody is there."""
        self._publish_urdf(write_urdf(self._skeleton, None, f'{person_id}/'))

    def update(self, persons: Iterable[PersonPose], header: Header) -> None:
        """Send what has changed with this image."""
        followed = {p.person_id: p for p in persons if p.state is not TrackingState.LOST}
        for gone in self._announced.keys() - followed.keys():
            del self._announced[gone], self._messages[gone]
        changed = [p for p in followed.values() if self._has_changed(p, to_ns(header.stamp))]
        for person in changed:
            self._announced[person.person_id] = person
            osim_xml = scaled_osim(self._skeleton, person.scales, person.mass_kg)
            self._messages[person.person_id] = subject_model(
                person, self._skeleton, osim_xml, header
            )
        if changed:
            # Only the last messages of the topic reach late subscribers: keep everybody in them.
            for message in self._messages.values():
                self._publish_model(message)
        self._update_primary(changed)

    def _has_changed(self, person: PersonPose, stamp_ns: int) -> bool:
        last = self._announced.get(person.person_id)
        if person.state is not TrackingState.TRACKED or not np.isfinite(person.scales).all():
            return False
        if last is None:
            return True
        if stamp_ns - last.stamp_ns < MIN_INTERVAL_NS:
            return False
        return not np.allclose(person.scales, last.scales, rtol=SCALE_TOLERANCE, atol=0.0)

    def _update_primary(self, changed: list[PersonPose]) -> None:
        """Keep describing the same person as long as they are followed."""
        is_new = self.primary not in self._announced
        if is_new:
            self.primary = next(iter(self._announced), self.primary)
        person = self._announced.get(self.primary)
        if person is not None and (is_new or any(p is person for p in changed)):
            self._publish_urdf(write_urdf(self._skeleton, person.scales, f'{self.primary}/'))
