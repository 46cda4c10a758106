"""
Keep left and right apart when the landmark network mixes them up.

A network that takes a front for a back names every landmark of the left side right and sees depth
reversed: both readings have the same picture. Bodies do not swap sides between two images, so a
sudden swap is undone, and the longer-held reading wins.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from biopose_ros.detection.landmark_network import Sighting
from biopose_ros.detection.landmarks import JOINTS, MIRROR_INDEX

_MIRROR = np.array(MIRROR_INDEX)
# A swap must explain the step from image to image this many times better than no swap, and the
# step that it explains must be this large, as a share of the crop's side.
_CLEARLY = 2.0
_SMALLEST_STEP = 0.02
# Older images do not count: where a reading was held for long, it falls after this time, seconds.
_LONGEST_MEMORY_S = 1.5
# After a longer gap the person may have turned, seconds.
_LONGEST_GAP_S = 0.5


class SideVote:
    """The vote between the network's reading of one person and its mirror image."""

    def __init__(self) -> None:
        self.lead_s = 0.0
        self.is_undone = False

    def settle(self, before: Sighting, now: Sighting, elapsed_s: float) -> Sighting:
        """
        Choose between a sighting and its mirror image.

        :param before: the last one, as chosen.
        :param now: as the network reads it.
        :param elapsed_s: time between them, seconds.
        :returns: the reading that most of the last images support.
        """
        if elapsed_s > _LONGEST_GAP_S:
            self.lead_s, self.is_undone = 0.0, False
            return now
        swap = _is_swap(before, now)
        if swap is not None:
            self.is_undone = swap
        self.lead_s += -elapsed_s if self.is_undone else elapsed_s
        self.lead_s = min(self.lead_s, _LONGEST_MEMORY_S)
        if self.lead_s < 0:
            self.lead_s, self.is_undone = -self.lead_s, False
        return mirrored(now) if self.is_undone else now


def mirrored(sighting: Sighting) -> Sighting:
    """
    Read the same picture the other way round: sides swapped, depth reversed.

    :param sighting: as read.
    :returns: the other reading.
    """
    return replace(
        sighting,
        keypoints_px=sighting.keypoints_px[_MIRROR],
        confidence=sighting.confidence[_MIRROR],
        landmarks_m=sighting.landmarks_m[_MIRROR] * np.array([1.0, 1.0, -1.0]),
    )


def _is_swap(before: Sighting, now: Sighting) -> bool | None:
    """:returns: whether the sides swapped between two images; None where it cannot be told."""
    size_px = now.next_crop.size_px
    joints = list(JOINTS)
    then_px = before.keypoints_px[joints]

    def step(order: np.ndarray) -> float:
        return float(np.linalg.norm(now.keypoints_px[order][joints] - then_px, axis=1).mean())

    same, swapped = step(np.arange(len(_MIRROR))), step(_MIRROR)
    if max(same, swapped) < _SMALLEST_STEP * size_px:
        return None
    if swapped * _CLEARLY < same:
        return True
    return False if same * _CLEARLY < swapped else None
