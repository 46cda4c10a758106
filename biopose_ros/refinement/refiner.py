"""
Refine recovered bodies against 2D keypoints, with a bound on iterations and on time.

BioPose optimises the query tokens after the last layer, weights frozen, so that projected joints
meet detected keypoints and stay near the start. Behind the last layer each token enters its
joint's rotation through one linear map, so only its components in that map's six rows matter: the
search runs there, over one small turn per joint and the body's shift, by Gauss-Newton with robust
weights. Nearness to the start is measured by what the network's rotations are off on held-out
images; nearness to the last image by how fast joints turn.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from biopose_ros.body import BodyModel
from biopose_ros.body.joints import JOINT_NAMES
from biopose_ros.inverse_kinematics.lifting import image_rays
from biopose_ros.mesh_recovery.mesh_file import marked_body
from biopose_ros.mesh_recovery.placing import points_about_pelvis_m
from biopose_ros.records import Camera, FloatArray, PersonCrop, RecoveredBody
from biopose_ros.refinement.chain import (
    JOINTS,
    against_camera,
    jacobian_m,
    relative_to_parents,
    turned,
)
from biopose_ros.refinement.landmark_points import LandmarkPlaces
from biopose_ros.virtual_markers import MarkerTable

# 1 sigma per axis of the network's joint rotations on held-out clear images, degrees.
_PRIOR_DEG = {
    'pelvis': 12.0,
    'hip': 10.0,
    'knee': 9.0,
    'ankle': 8.0,
    'foot': 6.0,
    'spine1': 4.5,
    'spine2': 2.5,
    'spine3': 3.0,
    'neck': 7.0,
    'head': 10.0,
    'collar': 2.0,
    'shoulder': 18.0,
    'elbow': 20.0,
    'wrist': 10.0,
    'hand': 2.0,
}
# Much of that error is confusion, which no small turn mends: joints are held tighter. Chosen on
# validation images, where 0.25 to 0.5 differ by less than 1 % in the joints' error.
_PRIOR_SHARE = 0.3
_SHIFT_STDDEV = np.array([0.02, 0.02, 0.04])  # share of the distance, across and along the view
# A landmark further off than so many sigmas counts less and less (Cauchy).
_ROBUST = 1.5
_LEAST_CONFIDENCE = 0.7
_FEWEST_POINTS = 6
# How fast joints turn, 1 sigma, radians per second; and what the last result is off itself.
_TURN_RATE_RAD_S, _LAST_STDDEV_RAD = 4.0, 0.12
_LONGEST_GAP_S = 0.3


@dataclass(frozen=True)
class RefinementConfig:
    """
    How far refinement goes.

    :param iterations: of Gauss-Newton at most; 0 switches refinement off.
    :param budget_ms: for all persons of an image; what is not refined then stays as recovered.
    :raises ValueError: for negative values.
    """

    iterations: int = 3
    budget_ms: float = 15.0

    def __post_init__(self) -> None:
        if self.iterations < 0 or self.budget_ms < 0:
            raise ValueError(
                'refine_iterations and refine_budget_ms must not be negative, got '
                f'{self.iterations} and {self.budget_ms}'
            )


@dataclass(frozen=True)
class _Last:
    """A person's last result: rotations against parents, and when."""

    pose: FloatArray
    stamp_ns: int


class Refiner:
    """
    Refines the bodies of one image after another.

    :attr outcomes: how often a body was ``refined``, or left as it was because its keypoints are
        ``uncertain``, there was ``no gain``, or ``no time``.
    """

    def __init__(self, config: RefinementConfig | None = None) -> None:
        """
        Prepare.

        :param config: how far to go.
        """
        self.config = config or RefinementConfig()
        self.outcomes: Counter[str] = Counter()
        self._places = LandmarkPlaces()
        self._body, self._markers = marked_body()
        kinds = [name.removeprefix('left_').removeprefix('right_') for name in JOINT_NAMES]
        self._prior = _PRIOR_SHARE * np.radians([_PRIOR_DEG[kind] for kind in kinds])
        self._last: dict[int, _Last] = {}

    def refine(
        self,
        bodies: Sequence[RecoveredBody],
        crops: Sequence[PersonCrop],
        camera: Camera,
        stamp_ns: int,
    ) -> list[RecoveredBody]:
        """
        Refine everybody as far as the time allows.

        :param bodies: as recovered.
        :param crops: with the keypoints, in the same order.
        :param camera: of the image.
        :param stamp_ns: of the image.
        """
        end_s = time.monotonic() + 1e-3 * self.config.budget_ms
        return [
            self._refined(body, crop, camera, stamp_ns, end_s)
            for body, crop in zip(bodies, crops, strict=True)
        ]

    def forget(self, track_id: int) -> None:
        """Drop what is remembered of a person."""
        self._last.pop(track_id, None)

    def _refined(
        self, body: RecoveredBody, crop: PersonCrop, camera: Camera, stamp_ns: int, end_s: float
    ) -> RecoveredBody:
        search = self._search(body, crop, camera, stamp_ns)
        outcome = 'uncertain'
        if search is not None:
            outcome = search.run(self.config.iterations, end_s)
        if search is not None and outcome == 'refined':
            body = self._posed(body, search)
            self._last[body.track_id] = _Last(body.pose, stamp_ns)
        else:
            self._last.pop(body.track_id, None)
        self.outcomes[outcome] += 1
        return body

    def _search(
        self, body: RecoveredBody, crop: PersonCrop, camera: Camera, stamp_ns: int
    ) -> _Search | None:
        """Set the search up; None where too few keypoints are sure."""
        rows = self._places.landmarks
        confidence = crop.keypoint_confidence[rows]
        keypoints_px = crop.keypoints_px[rows]
        # Beyond the image's edge a landmark is a guess.
        inside = (keypoints_px >= 0) & (keypoints_px < [camera.width_px, camera.height_px])
        seen = (confidence >= _LEAST_CONFIDENCE) & inside.all(axis=1)
        if np.count_nonzero(seen) < _FEWEST_POINTS:
            return None
        rays = image_rays(keypoints_px, camera)
        turns = against_camera(body.pose)
        wanted: FloatArray = np.zeros((JOINTS, 3))
        stddev: FloatArray = self._prior
        last = self._last.get(body.track_id)
        if last is not None:
            since_s = 1e-9 * (stamp_ns - last.stamp_ns)
            if 0 < since_s <= _LONGEST_GAP_S:
                wanted, stddev = _with_last(turns, body.pose, last.pose, since_s, stddev)
        points_m = self._places.positions_m(body.markers_m)
        stddev_m = self._places.stddev_m[seen] / confidence[seen]
        return _Search(
            turns,
            body.joints_m,
            points_m[seen],
            self._places.joints[seen],
            rays[seen, :2],
            stddev_m / points_m[seen, 2],
            wanted,
            stddev,
        )

    def _posed(self, body: RecoveredBody, search: _Search) -> RecoveredBody:
        pose = relative_to_parents(search.turns)
        points_m = _points_m(self._body, self._markers, pose, body.betas) + search.joints_m[0]
        return replace(body, pose=pose, joints_m=points_m[:JOINTS], markers_m=points_m[JOINTS:])


class _Search:
    """Gauss-Newton over the turns of one body's joints and its shift."""

    def __init__(
        self,
        turns: FloatArray,
        joints_m: FloatArray,
        points_m: FloatArray,
        carriers: np.ndarray,
        targets: FloatArray,
        stddev: FloatArray,
        wanted_rad: FloatArray,
        prior_rad: FloatArray,
    ) -> None:
        """
        Start where the network is.

        :param turns: [24, 3, 3].
        :param joints_m: [24, 3], camera axes.
        :param points_m: [points, 3], landmarks on the body.
        :param carriers: [points], the joint whose bone carries each.
        :param targets: [points, 2], keypoints on the plane z = 1.
        :param stddev: [points], 1 sigma on that plane.
        :param wanted_rad: [24, 3], turns that the prior would make.
        :param prior_rad: [24], 1 sigma per axis of the prior.
        """
        self.turns, self.joints_m, self.points_m = turns, joints_m, points_m
        self._carriers, self._targets, self._stddev = carriers, targets, stddev
        shift_m = _SHIFT_STDDEV * joints_m[0, 2]
        self._wanted = np.concatenate([wanted_rad.ravel(), np.zeros(3)])
        self._precision = np.concatenate([np.repeat(prior_rad, 3), shift_m]) ** -2.0
        self._moved = np.zeros(3 * JOINTS + 3)

    def run(self, iterations: int, end_s: float) -> str:
        """
        Search.

        :param iterations: at most.
        :param end_s: on the monotonic clock.
        :returns: the outcome; where it is ``refined``, the state is the better one.
        """
        best = self._cost(self.points_m, self._moved)
        outcome = 'no gain'
        for _ in range(iterations):
            if time.monotonic() >= end_s:
                return outcome if outcome == 'refined' else 'no time'
            before = self.turns, self.joints_m, self.points_m, self._moved
            self._step()
            cost = self._cost(self.points_m, self._moved)
            if not cost < best:
                self.turns, self.joints_m, self.points_m, self._moved = before
                break
            outcome, gain, best = 'refined', best - cost, cost
            if gain < 0.01 * best:
                break
        return outcome

    def _step(self) -> None:
        x, y, z = self.points_m.T
        off = (self._targets - self.points_m[:, :2] / z[:, None]) / self._stddev[:, None]
        weight = 1 / (1 + np.square(off).sum(1) / _ROBUST**2)
        zero = np.zeros_like(z)
        seen = np.stack(
            [np.stack([1 / z, zero, -x / z**2], 1), np.stack([zero, 1 / z, -y / z**2], 1)], 1
        )
        slopes = seen @ jacobian_m(self.points_m, self._carriers, self.joints_m)
        slopes = (slopes / self._stddev[:, None, None]).reshape(2 * len(z), -1)
        weighted = slopes * np.repeat(weight, 2)[:, None]
        matrix = weighted.T @ slopes + np.diag(self._precision)
        right = weighted.T @ off.ravel() + self._precision * (self._wanted - self._moved)
        step = np.linalg.solve(matrix, right)
        vectors = step[: 3 * JOINTS].reshape(JOINTS, 3)
        turns, joints_m = turned(self.turns, self.joints_m, vectors)
        carried = turns[self._carriers] @ self.turns[self._carriers].swapaxes(-1, -2)
        arms_m = self.points_m - self.joints_m[self._carriers]
        shift_m = step[3 * JOINTS :]
        self.points_m = joints_m[self._carriers] + (carried @ arms_m[..., None])[..., 0] + shift_m
        self.turns, self.joints_m = turns, joints_m + shift_m
        self._moved = self._moved + step

    def _cost(self, points_m: FloatArray, moved: FloatArray) -> float:
        if not np.all(points_m[:, 2] > 0.05):
            return np.inf
        off = (self._targets - points_m[:, :2] / points_m[:, 2:]) / self._stddev[:, None]
        fit = _ROBUST**2 * np.log1p(np.square(off).sum(1) / _ROBUST**2).sum()
        return float(fit + (self._precision * np.square(moved - self._wanted)).sum())


def _with_last(
    turns: FloatArray,
    pose: FloatArray,
    last: FloatArray,
    since_s: float,
    prior_rad: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """
    Join the prior of this image with that of the last one.

    :returns: the turns that both want together, [24, 3] camera axes, and their 1 sigma, [24].
    """
    back = Rotation.from_matrix(last @ pose.swapaxes(-1, -2)).as_rotvec()  # parents' axes
    carrier = turns @ pose.swapaxes(-1, -2)  # parents to camera
    vectors = (carrier @ back[..., None])[..., 0]
    stddev = np.hypot(_LAST_STDDEV_RAD, _TURN_RATE_RAD_S * since_s)
    weight = prior_rad**2 / (prior_rad**2 + stddev**2)
    joint = prior_rad * stddev / np.hypot(prior_rad, stddev)
    return vectors * weight[:, None], joint


def _points_m(
    body: BodyModel, markers: MarkerTable, pose: FloatArray, betas: FloatArray
) -> FloatArray:
    with torch.inference_mode():
        points = points_about_pelvis_m(
            body,
            markers,
            torch.from_numpy(pose).float()[None],
            torch.from_numpy(betas).float()[None],
        )
    return points[0].numpy().astype(np.float64)
