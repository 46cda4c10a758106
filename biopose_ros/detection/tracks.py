"""One followed person: last sighting, motion, and colours."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from biopose_ros.detection.landmark_network import Sighting
from biopose_ros.detection.sides import SideVote
from biopose_ros.keypoints.landmarks import JOINTS, LANDMARK_NAMES, landmark_index
from biopose_ros.records import Crop, FloatArray, PersonCrop, TrackingState

_SHOULDERS = [landmark_index('left_shoulder'), landmark_index('right_shoulder')]
_HIPS = [landmark_index('left_hip'), landmark_index('right_hip')]
_KNEES = [landmark_index('left_knee'), landmark_index('right_knee')]
# Time constants of the running means, seconds.
_VELOCITY_S = 0.2
_PRESENCE_S = 0.1
_COLOURS_S = 1.0
_APPEARANCE_S = 3.0
# A hidden person is extrapolated in a straight line for this long, seconds.
_LONGEST_COAST_S = 0.5
# What one and the same person may differ by: place, in sides of the crop, at once and per second
# out of sight (running and jumping), size as a factor, and colours in CIE Lab.
_REACH, _REACH_PER_S = 0.35, 1.5
_GROWTH = 1.6
_COLOUR_STEP = 40.0
# Joints are compared where the network sees them with this confidence, and if at least this number
# is seen. A person with this share of them inside another body, widened by a share of the crop's
# side, is that body a second time.
_SEEN, _FEWEST_SEEN = 0.3, 3
_INSIDE, _FLESH = 0.8, 0.05
# Height of the crown above the eyes and reach of the fingers beyond the landmarks, of the box.
_BOX_MARGIN = 0.06


@dataclass
class Track:
    """
    A person who is followed.

    :param track_id: number, never used again.
    :param sighting: the last good one.
    :param seen_ns: its stamp.
    :param colours: [regions, 3], CIE Lab of trunk and thighs, a running mean.
    :param state: see :class:`biopose_ros.records.TrackingState`.
    :param sightings: how many in a row.
    :param velocity_px_s: [2], of the hips, a running mean.
    :param sides: which side is left.
    :attr log_odds: that it is a person by the look of it, a running mean.
    :attr looked_ns: stamp of the last image in which the person was looked for.
    """

    track_id: int
    sighting: Sighting
    seen_ns: int
    colours: FloatArray
    state: TrackingState = TrackingState.TENTATIVE
    sightings: int = 1
    velocity_px_s: FloatArray = field(default_factory=lambda: np.zeros(2))
    sides: SideVote = field(default_factory=SideVote)

    def __post_init__(self) -> None:
        self.presence = self.sighting.presence
        self.log_odds = self.sighting.log_odds
        self.looked_ns = self.seen_ns
        self.sides.settle(self.sighting, 0.0)

    @property
    def size_px(self) -> float:
        """Side of the person's crop."""
        return self.sighting.next_crop.size_px

    def unseen_s(self, stamp_ns: int) -> float:
        """:returns: time since the last sighting, seconds."""
        return (stamp_ns - self.seen_ns) * 1e-9

    def predict(self, stamp_ns: int) -> Crop:
        """
        Guess where the person is.

        :param stamp_ns: of the image.
        :returns: the crop to look into.
        """
        crop = self.sighting.next_crop
        coast_s = min(self.unseen_s(stamp_ns), _LONGEST_COAST_S)
        return replace(crop, center_px=crop.center_px + self.velocity_px_s * coast_s)

    def smoothed_presence(self, sighting: Sighting, stamp_ns: int) -> float:
        """
        Bridge the network's doubts of single images.

        :param sighting: of this person.
        :param stamp_ns: of the image.
        :returns: running mean of the presence, 0 to 1.
        """
        share = 1 - np.exp(-self.unseen_s(stamp_ns) / _PRESENCE_S)
        return float(self.presence + share * (sighting.presence - self.presence))

    def see(self, sighting: Sighting, colours: FloatArray, stamp_ns: int) -> None:
        """
        Take a new sighting in.

        :param sighting: of this person.
        :param colours: [regions, 3], at this sighting.
        :param stamp_ns: of the image.
        """
        self.presence = self.smoothed_presence(sighting, stamp_ns)
        elapsed_s = max(self.unseen_s(stamp_ns), 1e-3)
        step_px = sighting.next_crop.center_px - self.sighting.next_crop.center_px
        share = 1 - np.exp(-elapsed_s / _VELOCITY_S)
        self.velocity_px_s = self.velocity_px_s + share * (
            step_px / elapsed_s - self.velocity_px_s
        )
        self.colours = self.colours + (1 - np.exp(-elapsed_s / _COLOURS_S)) * (
            colours - self.colours
        )
        # The mean of all looks at first: each of them is vague.
        share = max(1 - np.exp(-elapsed_s / _APPEARANCE_S), 1 / (self.sightings + 1))
        self.log_odds += share * (sighting.log_odds - self.log_odds)
        self.sighting = self.sides.settle(sighting, elapsed_s)
        self.seen_ns = self.looked_ns = stamp_ns
        self.sightings += 1

    def misfit(self, sighting: Sighting, colours: FloatArray, stamp_ns: int) -> float:
        """
        Give the cost of matching a sighting to this person.

        :param sighting: of somebody.
        :param colours: [regions, 3], at that sighting.
        :param stamp_ns: of the image.
        :returns: 0 for a perfect fit; above 1 it is somebody else.
        """
        expected, found = self.predict(stamp_ns), sighting.next_crop
        reach_px = (_REACH + _REACH_PER_S * min(self.unseen_s(stamp_ns), 1.0)) * self.size_px
        distance = np.linalg.norm(found.center_px - expected.center_px) / reach_px
        growth = abs(np.log(found.size_px / expected.size_px)) / np.log(_GROWTH)
        colour = np.linalg.norm(colours - self.colours, axis=1).mean() / _COLOUR_STEP
        return float(np.sqrt((distance**2 + growth**2 + colour**2) / 2))

    def record(self, width: int, height: int, stamp_ns: int) -> PersonCrop:
        """
        Give the public record.

        :param width: of the image.
        :param height: of the image.
        :param stamp_ns: of the image.
        :returns: the person, with the last sighting.
        """
        sighting, is_looked_at = self.sighting, self.looked_ns == stamp_ns
        keypoints_px = sighting.keypoints_px
        if not is_looked_at:
            passed_px = self.predict(stamp_ns).center_px - sighting.next_crop.center_px
            keypoints_px = keypoints_px + passed_px
        return PersonCrop(
            track_id=self.track_id,
            state=self.state,
            box_xyxy_px=_box(keypoints_px, width, height),
            confidence=sighting.presence,
            person_odds=float(np.exp(np.clip(self.log_odds, -50.0, 50.0))),
            keypoints_px=keypoints_px,
            keypoint_confidence=sighting.confidence,
            landmarks_m=sighting.landmarks_m,
            crop=sighting.crop,
            maps=sighting.reading.maps,
            is_looked_at=is_looked_at,
        )


def core_distance(first: Sighting, second: Sighting) -> float:
    """
    Compare two sightings of perhaps the same person; left and right may be mixed up in one.

    :returns: median distance of the middles of shoulders, hips and knees, as a share of the
        crop's side.
    """
    steps = _middles(first.keypoints_px) - _middles(second.keypoints_px)
    size = min(first.next_crop.size_px, second.next_crop.size_px)
    return float(np.median(np.linalg.norm(steps, axis=1)) / size)


def same_body(first: Sighting, second: Sighting) -> bool:
    """
    Return whether two sightings show the joints of one body.

    Near persons, whom the image cuts, are seen a second time in smaller or larger crops.
    """
    return lies_on(first, second) or lies_on(second, first)


def lies_on(sighting: Sighting, body: Sighting) -> bool:
    """Return whether the joints that are seen in one sighting lie within the body of another."""
    joints, outline = _seen_joints(sighting), _seen_joints(body)
    if min(len(joints), len(outline)) < _FEWEST_SEEN:
        return False
    hull = cv2.convexHull(outline)
    margin_px = _FLESH * body.next_crop.size_px
    inside = [cv2.pointPolygonTest(hull, joint.tolist(), True) > -margin_px for joint in joints]
    return bool(np.mean(inside) >= _INSIDE)


def _seen_joints(sighting: Sighting) -> NDArray[np.float32]:
    """:returns: [joints, 2], pixels."""
    joints = [joint for joint in JOINTS if sighting.confidence[joint] > _SEEN]
    return sighting.keypoints_px[joints].astype(np.float32)


def _middles(keypoints_px: FloatArray) -> FloatArray:
    """:returns: [3, 2], between the shoulders, the hips and the knees."""
    return keypoints_px[[_SHOULDERS, _HIPS, _KNEES]].mean(axis=1)


def body_colours(image: NDArray[np.uint8], sighting: Sighting) -> FloatArray:
    """
    Look at the clothes.

    :param image: [height, width, 3], blue, green, red.
    :param sighting: where the person is.
    :returns: [3, 3], CIE Lab of the upper trunk, the lower trunk and the thighs.
    """
    points = _COLOUR_WEIGHTS @ sighting.keypoints_px
    limits = np.array([image.shape[1] - 1, image.shape[0] - 1])
    column, row = np.clip(points, 0, limits).astype(np.int64).T
    regions = image[row, column].reshape(3, -1, 3)
    medians = np.median(regions, axis=1)[None].astype(np.float32) / 255
    return cv2.cvtColor(medians, cv2.COLOR_BGR2LAB)[0].astype(np.float64)


def _colour_weights() -> FloatArray:
    """:returns: [3 regions x 12 points, 33], the points of the body whose colours are compared."""
    trunk, thighs = (_SHOULDERS, _HIPS), (_HIPS, _KNEES)
    inner, outer = (0.2, 0.4, 0.6, 0.8), (0.0, 0.05, 0.95, 1.0)
    rows = []
    for (starts, ends), along, across in (
        (trunk, (0.15, 0.3, 0.45), inner),
        (trunk, (0.55, 0.7, 0.85), inner),
        (thighs, (0.2, 0.45, 0.7), outer),  # between the thighs there is only background
    ):
        for down in along:
            for side in across:
                weights = np.zeros(len(LANDMARK_NAMES))
                for ends_pair, share in ((starts, 1 - down), (ends, down)):
                    weights[ends_pair] += share * np.array([1 - side, side])
                rows.append(weights)
    return np.array(rows)


_COLOUR_WEIGHTS = _colour_weights()


def _box(keypoints_px: FloatArray, width: int, height: int) -> FloatArray:
    low, high = keypoints_px.min(axis=0), keypoints_px.max(axis=0)
    margin = _BOX_MARGIN * float((high - low).max())
    limits = np.array([width, height], dtype=np.float64)
    return np.concatenate([np.clip(low - margin, 0, limits), np.clip(high + margin, 0, limits)])
