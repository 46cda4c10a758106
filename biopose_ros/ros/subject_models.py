"""Announces persons' body dimensions when they have changed: SubjectModel and URDF, latched."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from std_msgs.msg import Header

from biopose_ros.msg import SubjectModel
from biopose_ros.records import FloatArray, TrackingState
from biopose_ros.ros.messages import subject_model
from biopose_ros.ros.named_person import NamedPerson
from biopose_ros.ros.stamps import to_ns
from biopose_ros.skeleton import Skeleton, scaled_osim, write_urdf

# Smaller changes move no joint of an adult by more than about 5 mm.
SCALE_TOLERANCE = 0.01
# A model takes 60 ms to write; until the next one the frames are those of the last.
MIN_INTERVAL_NS = 500_000_000


@dataclass(frozen=True)
class AnnouncedBody:
    """
    A person's size as it was last sent.

    :param scales: [segments, 3].
    :param stamp_ns: of the image with which it was sent.
    :param model: the message.
    :param urdf: the same size as text, names beginning with the person's id and a slash.
    """

    scales: FloatArray
    stamp_ns: int
    model: SubjectModel
    urdf: str


class SubjectModels:
    """
    Follows the estimated body dimensions of everybody.

    :param skeleton: the unscaled model.
    :param publish_model: sends one person's dimensions.
    :param publish_urdf: sends one person's model, after the person's id.
    """

    def __init__(
        self,
        skeleton: Skeleton,
        publish_model: Callable[[SubjectModel], None],
        publish_urdf: Callable[[str, str], None],
    ) -> None:
        self._skeleton = skeleton
        self._publish_model = publish_model
        self._publish_urdf = publish_urdf
        self._announced: dict[str, AnnouncedBody] = {}

    @property
    def first(self) -> str:
        """The id of the person who was announced first among those present, or ''."""
        return next(iter(self._announced), '')

    def announced(self, person_id: str) -> AnnouncedBody | None:
        """
        Give what was last sent of a person; frames and joints must fit it.

        :returns: None before the person is tracked for the first time.
        """
        return self._announced.get(person_id)

    def update(self, persons: Iterable[NamedPerson], header: Header) -> None:
        """Send what has changed with this image."""
        followed = {p.person_id: p for p in persons if p.state is not TrackingState.LOST}
        for gone in self._announced.keys() - followed.keys():
            del self._announced[gone]
        changed = [p for p in followed.values() if self._has_changed(p, to_ns(header.stamp))]
        for person in changed:
            body = self._describe(person, header)
            self._announced[person.person_id] = body
            self._publish_urdf(person.person_id, body.urdf)
        if changed:
            # Only the last messages of the topic reach late subscribers: keep everybody in them.
            for body in self._announced.values():
                self._publish_model(body.model)

    def _describe(self, person: NamedPerson, header: Header) -> AnnouncedBody:
        osim_xml = scaled_osim(self._skeleton, person.scales, person.mass_kg)
        model = subject_model(person, self._skeleton, osim_xml, header)
        prefix = f'{person.person_id}/'
        urdf = write_urdf(self._skeleton, person.scales, prefix, person.mass_kg)
        return AnnouncedBody(person.scales, to_ns(header.stamp), model, urdf)

    def _has_changed(self, person: NamedPerson, stamp_ns: int) -> bool:
        last = self._announced.get(person.person_id)
        if person.state is not TrackingState.TRACKED or not np.isfinite(person.scales).all():
            return False
        if last is None:
            return True
        if stamp_ns - last.stamp_ns < MIN_INTERVAL_NS:
            return False
        return not np.allclose(person.scales, last.scales, rtol=SCALE_TOLERANCE, atol=0.0)
