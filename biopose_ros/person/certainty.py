"""
How sure a pose is: a confidence that can be bet on, and standard deviations that hold.

The networks and the filter state an uncertainty that fits people in full view. What an image does
not show of the body, and errors that last as long as the person is seen, they know too little of.
This last step corrects both by what was measured on rendered footage (``biopose build certainty``
learns the numbers in ``config/certainty.json``): the confidence is the probability that all main
joints lie within :data:`TOLERANCE_DEG` of the truth.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from biopose_ros.frames import project
from biopose_ros.person.evidence import (
    folded_up,
    residual,
    seen_coordinates,
    seen_parts,
    turned_over,
    uprightness,
)
from biopose_ros.records import Camera, FloatArray, PersonPose, TrackingState
from biopose_ros.resources import resource_path
from biopose_ros.skeleton import Skeleton
from biopose_ros.skeleton.limits import widest_stddev
from biopose_ros.skeleton.pelvis import PELVIS_SHIFTS
from biopose_ros.skeleton.sides import without_side

FILE = 'config/certainty.json'
# The bends of these joints must all be right by this, and the pelvis must face the right way.
MAIN_JOINTS = tuple(
    f'{name}_{side}' for name in ('knee_angle', 'hip_flexion', 'elbow_flex') for side in 'rl'
)
TOLERANCE_DEG = 20.0
FACING_TOLERANCE_DEG = 60.0
FEATURES = (
    'presence', 'legs seen', 'arms seen', 'trunk seen', 'stddev', 'worst stddev', 'residual',
    'upside down', 'small', 'not measured',
)  # fmt: skip
# Below this confidence a pose is doubtful. The distance of a body that is not known well is not,
# either: up to this share of it is added. Chosen on cut versions of cam01 and cam02, see
# docs/confidence.md (`biopose evaluate near`).
DOUBTFUL, _DISTANCE_SHARE = 0.5, 0.25
_LARGE_PX = 200.0  # persons who are taller in the image are known no better for it


@dataclass(frozen=True)
class Spread:
    """
    How the stated standard deviation of one group of coordinates becomes the true one.

    For angles it is ``sqrt((gain * stated)^2 + floor^2 + (hidden * unseen)^2)``, for the pelvis's
    place ``stated * sqrt(gain^2 + (hidden * unseen)^2)``, ``unseen`` being the share of the
    coordinate's part of the body that the image does not show.

    :param gain: factor.
    :param floor: what lasts, radians.
    :param hidden: what is added where nothing is seen: radians, or a factor for the place.
    """

    gain: float
    floor: float
    hidden: float

    def apply(self, stddev: FloatArray, seen: FloatArray, is_place: bool) -> FloatArray:
        """
        Correct standard deviations.

        :param stddev: [...], as stated.
        :param seen: [...], 0 to 1.
        :param is_place: of the pelvis's place.
        """
        return _corrected(stddev, seen, np.array(list(vars(self).values())), np.array(is_place))


_AS_STATED = Spread(1.0, 0.0, 0.0)


@dataclass(frozen=True)
class CertaintyModel:
    """
    What was learnt.

    :param spreads: by coordinate without its side; those that are not named stay as stated.
    :param weights: by name of :data:`FEATURES`.
    :param bias: of the logistic function.
    """

    spreads: Mapping[str, Spread]
    weights: Mapping[str, float]
    bias: float

    @staticmethod
    def load(path: Path | None = None) -> CertaintyModel:
        """
        Read a model.

        :param path: JSON file; None for the one that ships with the package.
        :raises ValueError: when it is not one of this release.
        """
        path = path or resource_path(FILE)
        table = json.loads(path.read_text())
        if set(table['weights']) != set(FEATURES):
            raise ValueError(f'{path} is of another release: its weights are not {FEATURES}')
        spreads = {name: Spread(**one) for name, one in table['spreads'].items()}
        return CertaintyModel(spreads, table['weights'], table['bias'])

    def save(self, path: Path, source: str) -> None:
        """
        Write the model.

        :param path: of the JSON file.
        :param source: what it was learnt on, for the reader.
        """
        table = {'source': source} | {name: _rounded(one) for name, one in asdict(self).items()}
        path.write_text(json.dumps(table, indent=2) + '\n')

    def stddev(self, names: tuple[str, ...], stddev: FloatArray, seen: FloatArray) -> FloatArray:
        """
        Correct standard deviations.

        :param names: of the coordinates.
        :param stddev: [..., coordinates], as stated.
        :param seen: [..., coordinates], of :func:`~.evidence.seen_coordinates`.
        """
        bases = [without_side(name) for name in names]
        spreads = [self.spreads.get(base, _AS_STATED) for base in bases]
        numbers = np.array([(one.gain, one.floor, one.hidden) for one in spreads]).T
        return _corrected(
            stddev, seen, numbers, np.array([base in PELVIS_SHIFTS for base in bases])
        )

    def confidence(self, features: FloatArray, folded: FloatArray) -> FloatArray:
        """
        Give the probability that the main joints are right.

        :param features: [..., features] in the order of :data:`FEATURES`.
        :param folded: [...], of :func:`~.evidence.folded_up`, which nobody is.
        """
        weights = np.array([self.weights[name] for name in FEATURES])
        return np.asarray((1.0 - folded) / (1.0 + np.exp(-(features @ weights + self.bias))))


class Certainty:
    """
    Judges poses.

    :param skeleton: of the poses.
    :param model: what was learnt; None leaves poses as they are.
    """

    def __init__(self, skeleton: Skeleton, model: CertaintyModel | None) -> None:
        self._skeleton, self._model = skeleton, model
        self._shifts = [skeleton.coordinate_index(name) for name in PELVIS_SHIFTS]
        self._widest = widest_stddev(skeleton)
        self._unknown = np.where(skeleton.is_rotation.numpy(), self._widest, 0.0)

    def judge(self, pose: PersonPose, camera: Camera) -> PersonPose:
        """
        Give a pose its confidence and its standard deviations.

        :param pose: as filtered; its confidence is the presence of a person.
        :param camera: of the image.
        """
        if self._model is None or pose.state is TrackingState.LOST:
            return pose
        pose = self._with_unseen(self._model, pose, camera)
        parts = _parts(pose, camera)
        features = certainty_features(
            self._skeleton,
            np.array(pose.evidence is not None),
            np.array(pose.confidence),
            pose.stddev,
            parts,
            pose.keypoints_px,
            pose.keypoint_confidence,
            project(pose.segment_positions_m, camera),
        )
        confidence = float(self._model.confidence(features, folded_up(pose.keypoints_px)))
        return self._with_doubt(replace(pose, confidence=confidence))

    def deviations(self, pose: PersonPose, camera: Camera) -> PersonPose:
        """
        Give a pose that was judged before it was smoothed its standard deviations.

        :param pose: as smoothed.
        :param camera: of the image.
        """
        if self._model is None or pose.state is TrackingState.LOST:
            return pose
        return self._with_doubt(self._with_unseen(self._model, pose, camera))

    def _with_unseen(self, model: CertaintyModel, pose: PersonPose, camera: Camera) -> PersonPose:
        names = self._skeleton.coordinate_names
        seen = seen_coordinates(names, _parts(pose, camera))
        stddev = np.minimum(model.stddev(names, pose.stddev, seen), self._widest)
        return replace(pose, stddev=stddev)

    def _with_doubt(self, pose: PersonPose) -> PersonPose:
        """
        Widen what low confidence makes doubtful.

        That is the pelvis's place, in the proportions that it has, and every angle of a person
        who is upside down: there landmarks are found on the wrong limbs, of which the networks'
        own uncertainty knows nothing.
        """
        doubt = max(0.0, 1.0 - pose.confidence / DOUBTFUL)
        added_m = doubt * _DISTANCE_SHARE * float(np.linalg.norm(pose.segment_positions_m[0]))
        unknown = doubt * float(turned_over(pose.keypoints_px)) * self._unknown
        stddev = np.minimum(np.hypot(pose.stddev, unknown), self._widest)
        known_m = float(np.linalg.norm(stddev[self._shifts]))
        stddev[self._shifts] *= np.hypot(1.0, added_m / max(known_m, 1e-9))
        return replace(pose, stddev=stddev)


def _parts(pose: PersonPose, camera: Camera) -> dict[str, FloatArray]:
    size_px = np.array([camera.width_px, camera.height_px], np.float64)
    return seen_parts(pose.keypoints_px, pose.keypoint_confidence, size_px)


def certainty_features(
    skeleton: Skeleton,
    is_measured: NDArray[np.bool_],
    presence: FloatArray,
    stddev: FloatArray,
    parts: Mapping[str, FloatArray],
    keypoints_px: FloatArray,
    keypoint_confidence: FloatArray,
    joints_px: FloatArray,
) -> FloatArray:
    """
    Describe what speaks for and against a pose.

    :param skeleton: of the pose.
    :param is_measured: [...], whether the image of the pose was measured; else it is predicted.
    :param presence: [...], 0 to 1.
    :param stddev: [..., coordinates], corrected.
    :param parts: of :func:`~.evidence.seen_parts`.
    :param keypoints_px: [..., 33, 2].
    :param keypoint_confidence: [..., 33].
    :param joints_px: [..., segments, 2].
    :returns: [..., features] in the order of :data:`FEATURES`; every one about 0 to 1.
    """
    joints = [skeleton.coordinate_index(name) for name in MAIN_JOINTS]
    spread = np.log(np.maximum(stddev[..., joints], 1e-3) / np.radians(10.0))
    extent_px = np.ptp(keypoints_px[..., 1], axis=-1)
    columns = [
        presence,
        0.5 * (parts['leg_r'] + parts['leg_l']),
        0.5 * (parts['elbow_r'] + parts['elbow_l']),
        parts['trunk'],
        spread.mean(axis=-1),
        spread.max(axis=-1),
        10.0 * residual(joints_px, keypoints_px, keypoint_confidence, skeleton),
        0.5 * (1.0 - uprightness(keypoints_px)),
        np.maximum(0.0, 1.0 - extent_px / _LARGE_PX),
        1.0 - is_measured,
    ]
    return np.stack([np.asarray(column, np.float64) for column in columns], axis=-1)


def _corrected(
    stddev: FloatArray, seen: FloatArray, numbers: FloatArray, is_place: NDArray[np.bool_]
) -> FloatArray:
    """Apply the formulas of :class:`Spread`, [...]; its three numbers stand in rows."""
    gain, floor, hidden = numbers
    unseen = np.square(hidden * (1.0 - seen))
    place = stddev * np.sqrt(gain**2 + unseen)
    angle = np.sqrt(np.square(gain * stddev) + floor**2 + unseen)
    return np.where(is_place, place, angle)


def _rounded(value: object) -> object:
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    return round(value, 4) if isinstance(value, float) else value
