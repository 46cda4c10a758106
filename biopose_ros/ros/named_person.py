"""A person under the id of messages."""

from __future__ import annotations

from dataclasses import dataclass

from biopose_ros.records import PersonPose


@dataclass(frozen=True)
class NamedPerson(PersonPose):
    """
    A person under the id that messages, topics and frames carry.

    :param prefix: of the node, put before the ids of all its persons.
    """

    prefix: str = ''

    @classmethod
    def of(cls, pose: PersonPose, prefix: str) -> NamedPerson:
        """Name a person of the pipeline."""
        return cls(**vars(pose), prefix=prefix)

    @property
    def person_id(self) -> str:
        """Name the person, prefix first."""
        return self.prefix + super().person_id
