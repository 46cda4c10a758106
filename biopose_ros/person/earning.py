"""Persons who are seen for long enough to be worth files of their own."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from biopose_ros.person.recording import RecordedImage
from biopose_ros.records import TrackingState


class EarnedPersons:
    """
    Holds images back until it is clear who stays.

    A mirage, or a passer-by at the edge, lives for an image or two; whoever is still seen after
    the shortest duration was there from the first sighting on.

    :param shortest_s: from the first to the last sighting, seconds; 0 takes everybody.
    """

    def __init__(self, shortest_s: float) -> None:
        self._shortest_s = shortest_s
        self._held: deque[RecordedImage] = deque()
        self._first_s: dict[int, float] = {}
        self._earned: set[int] = set()

    def push(self, image: RecordedImage) -> list[RecordedImage]:
        """
        Take an image in.

        :param image: later than the last one.
        :returns: images of which all is known now, in the order of time, without those persons who
            have not earned to be in it.
        """
        for pose in image.poses:
            if pose.state is TrackingState.TRACKED:
                first_s = self._first_s.setdefault(pose.track_id, image.time_s)
                # A microsecond of slack: times are rounded to nanoseconds.
                if image.time_s - first_s >= self._shortest_s - 1e-6:
                    self._earned.add(pose.track_id)
        self._held.append(image)
        ready = []
        while self._held and image.time_s - self._held[0].time_s >= self._shortest_s - 1e-6:
            ready.append(self._without_strangers(self._held.popleft()))
        return ready

    def flush(self) -> list[RecordedImage]:
        """Give the images that are left at the end."""
        ready = [self._without_strangers(image) for image in self._held]
        self._held.clear()
        return ready

    def _without_strangers(self, image: RecordedImage) -> RecordedImage:
        return replace(
            image, poses=[pose for pose in image.poses if pose.track_id in self._earned]
        )
