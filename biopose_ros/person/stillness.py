"""
Recognise pictures of people and mannequins: they move as one rigid piece, or not at all.

Living people bend their joints. The image of a picture changes by a homography, and so, nearly,
does that of a mannequin before a camera that hardly moves; at the distance of a person both are
nearly affine. So the keypoints of the last seconds are mapped onto the present ones by the best
affine map, and its residual shows how much the body has bent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from biopose_ros.records import FloatArray, PersonPose, TrackingState

# Largest residual of a rigid body, root mean square, as a share of its extent in the image. Over
# three seconds a picture has up to 0.012 (noise of the keypoints), people who stand and talk 0.02
# or more.
RIGID = 0.015
DOUBT = 0.25  # factor on the confidence of a person who may be a picture
# Keypoints below this confidence are guesses; with fewer than this number above it there is no
# verdict.
_SEEN, _FEWEST = 0.7, 8
_STEP_NS, _PAUSE_NS = 1_000_000_000, 2_000_000_000


@dataclass
class _Past:
    """Keypoints once a second, [33, 2] and [33]; the last sighting of the person."""

    looks: list[tuple[int, FloatArray, FloatArray]] = field(default_factory=list)
    seen_ns: int = 0


class Stillness:
    """
    Finds persons who have moved as one rigid piece for long.

    :param still_s: for how long, seconds; 0 switches the check off.
    :attr motionless: track ids of those persons.
    """

    def __init__(self, still_s: float) -> None:
        self._still_s = still_s
        self._pasts: dict[int, _Past] = {}
        self.motionless: frozenset[int] = frozenset()

    def judge(self, poses: Sequence[PersonPose]) -> list[PersonPose]:
        """
        Lower the confidence of persons who may be pictures.

        :param poses: all of one image; a person not measured in it keeps the last verdict.
        """
        if not self._still_s:
            return list(poses)
        followed = {pose.track_id for pose in poses if pose.state is not TrackingState.LOST}
        self._pasts = {one: past for one, past in self._pasts.items() if one in followed}
        doubted = self.motionless & followed
        for pose in poses:
            if pose.state.is_seen:
                doubted -= {pose.track_id}
                if self._still_for_s(pose) >= self._still_s:
                    doubted |= {pose.track_id}
        self.motionless = doubted
        return [
            replace(pose, confidence=DOUBT * pose.confidence) if pose.track_id in doubted else pose
            for pose in poses
        ]

    def _still_for_s(self, pose: PersonPose) -> float:
        """Give the seconds for which a body has not bent."""
        keypoints_px, confidence = pose.keypoints_px, pose.keypoint_confidence
        past, stamp_ns = self._pasts.setdefault(pose.track_id, _Past()), pose.stamp_ns
        if not 0 <= stamp_ns - past.seen_ns <= _PAUSE_NS:
            past.looks.clear()
        past.seen_ns = stamp_ns
        # The newest look first: where the body has bent since, older ones need not be compared.
        for number in reversed(range(len(past.looks))):
            _, old_px, old_confidence = past.looks[number]
            if bend(old_px, keypoints_px, np.minimum(old_confidence, confidence)) > RIGID:
                del past.looks[: number + 1]
                break
        if not past.looks or stamp_ns - past.looks[-1][0] >= _STEP_NS:
            past.looks.append((stamp_ns, keypoints_px, confidence))
        return (stamp_ns - past.looks[0][0]) * 1e-9


def bend(old_px: FloatArray, new_px: FloatArray, confidence: FloatArray) -> float:
    """
    Measure how much a body has bent between two images.

    :param old_px: [33, 2].
    :param new_px: [33, 2].
    :param confidence: [33], of both.
    :returns: root mean square residual of the best affine map, as a share of the body's extent;
        infinite where too few keypoints are seen.
    """
    seen = confidence > _SEEN
    if seen.sum() < _FEWEST:
        return float('inf')
    old = np.column_stack([old_px[seen], np.ones(seen.sum())])
    affine, *_ = np.linalg.lstsq(old, new_px[seen], rcond=None)
    left_px = np.sqrt(np.square(old @ affine - new_px[seen]).sum(axis=1).mean())
    return float(left_px / (np.ptp(new_px[seen], axis=0).max() + 1e-9))
