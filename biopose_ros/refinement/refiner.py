"""
Refine recovered bodies against 2D keypoints, with a bound on iterations and on time.

BioPose optimises the query tokens after the last layer, weights frozen, so that projected joints
meet detected keypoints and stay near the start. Behind the last layer each token enters its
joint's rotation through one linear map, so only its components in that map's six rows matter: the
search runs there, over one small turn per joint and the body's shift, by Gauss-Newton with robust
weights. Targets are the keypoints of our detector or of another one (:mod:`.seen_points`) and the
places at which the network itself saw its joints, each with its uncertainty. Two priors hold the
body: one near the start, with the covariance of the network's errors on held-out images, where a
bone inherits most of its parent's error; one near the previous image, by how fast joints turn.
docs/mathematics.md derives the step.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from biopose_ros.body import BodyModel
from biopose_ros.body.joints import JOINT_PARENTS
from biopose_ros.body.rotations import chained, relative_to_parents
from biopose_ros.frames import image_rays
from biopose_ros.records import Camera, FloatArray, PersonCrop, RecoveredBody
from biopose_ros.refinement.chain import JOINTS, jacobian_m, turned
from biopose_ros.refinement.prior import prior_precision
from biopose_ros.refinement.seen_points import PointPlaces
from biopose_ros.settings import RefinementConfig
from biopose_ros.virtual_markers import MarkerTable
from biopose_ros.virtual_markers.cut_body import points_about_pelvis_m
from biopose_ros.virtual_markers.marked_body import marked_body

_SHIFT_STDDEV = np.array([0.02, 0.02, 0.04])  # share of the distance, across and along the view
# Residuals beyond this many sigmas lose weight (Cauchy).
ROBUST_SIGMAS = 1.5
_FEWEST_POINTS = 6
# A joint is carried by its parent's bone; the pelvis carries itself.
_CARRIERS = np.maximum(JOINT_PARENTS, 0)
# 1 sigma of the speed of joints, and of the error of the previous result.
_TURN_RATE_RAD_S, _LAST_STDDEV_RAD = 4.0, 0.12
_LONGEST_GAP_S = 0.3


@dataclass(frozen=True)
class _Sightings:
    """
    Points of the body that are seen in the image.

    :param points_m: [points, 3], landmarks and joints on the body, camera axes.
    :param carriers: [points], the joint whose bone carries each.
    :param targets: [points, 2], where they are seen, on the plane z = 1.
    :param stddev: [points], 1 sigma on that plane.
    """

    points_m: FloatArray
    carriers: np.ndarray
    targets: FloatArray
    stddev: FloatArray


@dataclass(frozen=True)
class _Expected:
    """
    The priors of the turns (radians, camera axes) and the shift (metres).

    :param precision: [75, 75], inverse covariance about no turn and no shift.
    :param last: [75], the turns back to the previous result.
    :param last_precision: [75], inverse variance of these; 0 where there is no previous result.
    """

    precision: FloatArray
    last: FloatArray
    last_precision: FloatArray


@dataclass(frozen=True)
class _Last:
    """A person's previous result: rotations relative to parents, and its time."""

    pose: FloatArray
    stamp_ns: int


class Refiner:
    """
    Refines the bodies of one image after another.

    :param config: how far to go.
    :param body: the body model that was recovered; None for the default one.
    :attr outcomes: how often a body was ``refined``, or left as it was because its keypoints are
        ``uncertain``, there was ``no gain``, or ``no time``.
    """

    def __init__(self, config: RefinementConfig | None = None, body: Path | None = None) -> None:
        self.config = config or RefinementConfig()
        self.outcomes: Counter[str] = Counter()
        self._places = PointPlaces()
        self._body, self._markers = marked_body(body)
        self._prior = prior_precision()
        self._last: dict[int, _Last] = {}

    def refine(
        self,
        bodies: Sequence[RecoveredBody],
        crops: Sequence[PersonCrop],
        camera: Camera,
        stamp_ns: int,
    ) -> list[RecoveredBody]:
        """
        Refine all persons as far as the time allows.

        :param bodies: as recovered.
        :param crops: with the keypoints, in the same order.
        :param camera: of the image.
        :param stamp_ns: of the image.
        :returns: one body per person, in the same order.
        """
        if not self.config.iterations:
            return list(bodies)
        budget_ms = self.config.budget_ms
        end_s = np.inf if budget_ms is None else time.monotonic() + 1e-3 * budget_ms
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
        seen = self._places.seen(crop, body.markers_m, camera)
        if len(seen) < _FEWEST_POINTS:
            return None
        rotations = chained(torch.from_numpy(body.pose)).numpy()
        targets = [image_rays(px, camera) for px in (seen.px, body.joints_px)]
        sightings = _Sightings(
            np.concatenate([seen.points_m, body.joints_m]),
            np.concatenate([seen.joints, _CARRIERS]),
            np.concatenate(targets)[:, :2],
            np.concatenate(
                [seen.stddev_m / seen.points_m[:, 2], body.joint_stddev_px / camera.focal_px]
            ),
        )
        expected = self._expected(body, rotations, stamp_ns)
        return _Search(rotations, body.joints_m, sightings, expected)

    def _expected(self, body: RecoveredBody, rotations: FloatArray, stamp_ns: int) -> _Expected:
        """Give the two priors of the turns and the shift."""
        size = 3 * JOINTS
        precision, last_rad = np.zeros((size + 3, size + 3)), np.zeros(size + 3)
        precision[:size, :size] = self._prior
        precision[size:, size:] = np.diag((_SHIFT_STDDEV * body.joints_m[0, 2]) ** -2.0)
        last_precision = np.zeros(size + 3)
        last = self._last.get(body.track_id)
        since_s = np.inf if last is None else 1e-9 * (stamp_ns - last.stamp_ns)
        if last is not None and 0 < since_s <= _LONGEST_GAP_S:
            relative = body.pose.swapaxes(-1, -2)
            back = Rotation.from_matrix(last.pose @ relative).as_rotvec()  # parents' axes
            parents = rotations @ relative  # to camera
            last_rad[:size] = (parents @ back[..., None]).ravel()
            variance = np.square(_LAST_STDDEV_RAD) + np.square(_TURN_RATE_RAD_S * since_s)
            last_precision[:size] = 1 / variance
        return _Expected(precision, last_rad, last_precision)

    def _posed(self, body: RecoveredBody, search: _Search) -> RecoveredBody:
        pose = relative_to_parents(torch.from_numpy(search.rotations)).numpy()
        points_m = _points_m(self._body, self._markers, pose, body.betas) + search.joints_m[0]
        return replace(body, pose=pose, joints_m=points_m[:JOINTS], markers_m=points_m[JOINTS:])


class _Search:
    """
    Gauss-Newton over the turns of one body's joints and its shift, from the network's estimate.

    :attr rotations: [24, 3, 3], each joint to camera.
    :attr joints_m: [24, 3], camera axes.
    :attr points_m: [points, 3], landmarks and joints on the body, camera axes.
    """

    def __init__(
        self, rotations: FloatArray, joints_m: FloatArray, seen: _Sightings, expected: _Expected
    ) -> None:
        self.rotations, self.joints_m, self.points_m = rotations, joints_m, seen.points_m
        self._seen, self._expected = seen, expected
        self._moved = np.zeros(3 * JOINTS + 3)

    def run(self, iterations: int, end_s: float) -> str:
        """
        Search.

        :param iterations: at most.
        :param end_s: on the monotonic clock; infinite for no limit.
        :returns: the outcome; where it is ``refined``, the state is the better one.
        """
        best = self._cost(self.points_m, self._moved)
        outcome = 'no gain'
        for _ in range(iterations):
            if time.monotonic() >= end_s:
                return outcome if outcome == 'refined' else 'no time'
            before = self.rotations, self.joints_m, self.points_m, self._moved
            self._step()
            cost = self._cost(self.points_m, self._moved)
            if not cost < best:
                self.rotations, self.joints_m, self.points_m, self._moved = before
                break
            outcome, gain, best = 'refined', best - cost, cost
            if gain < 0.01 * best:
                break
        return outcome

    def _step(self) -> None:
        x, y, z = self.points_m.T
        seen, expected = self._seen, self._expected
        residual = (seen.targets - self.points_m[:, :2] / z[:, None]) / seen.stddev[:, None]
        weight = 1 / (1 + np.square(residual).sum(1) / ROBUST_SIGMAS**2)
        zero = np.zeros_like(z)
        projected = np.stack(
            [np.stack([1 / z, zero, -x / z**2], 1), np.stack([zero, 1 / z, -y / z**2], 1)], 1
        )
        slopes = projected @ jacobian_m(self.points_m, seen.carriers, self.joints_m)
        slopes = (slopes / seen.stddev[:, None, None]).reshape(2 * len(z), -1)
        weighted = slopes * np.repeat(weight, 2)[:, None]
        matrix = weighted.T @ slopes + expected.precision + np.diag(expected.last_precision)
        right = weighted.T @ residual.ravel() - expected.precision @ self._moved
        right += expected.last_precision * (expected.last - self._moved)
        step = np.linalg.solve(matrix, right)
        vectors = step[: 3 * JOINTS].reshape(JOINTS, 3)
        rotations, joints_m = turned(self.rotations, self.joints_m, vectors)
        carried = rotations[seen.carriers] @ self.rotations[seen.carriers].swapaxes(-1, -2)
        arms_m = self.points_m - self.joints_m[seen.carriers]
        shift_m = step[3 * JOINTS :]
        self.points_m = joints_m[seen.carriers] + (carried @ arms_m[..., None])[..., 0] + shift_m
        self.rotations, self.joints_m = rotations, joints_m + shift_m
        self._moved = self._moved + step

    def _cost(self, points_m: FloatArray, moved: FloatArray) -> float:
        if not np.all(points_m[:, 2] > 0.05):
            return np.inf
        seen, expected = self._seen, self._expected
        residual = (seen.targets - points_m[:, :2] / points_m[:, 2:]) / seen.stddev[:, None]
        fit = ROBUST_SIGMAS**2 * np.log1p(np.square(residual).sum(1) / ROBUST_SIGMAS**2).sum()
        back = expected.last_precision @ np.square(moved - expected.last)
        return float(fit + moved @ expected.precision @ moved + back)


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
