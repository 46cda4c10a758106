"""
Refine recovered bodies against 2D keypoints, with a bound on iterations and on time.

BioPose optimises the query tokens after the last layer, weights frozen, so that projected joints
meet detected keypoints and stay near the start. Behind the last layer each token enters its
joint's rotation through one linear map, so only its components in that map's six rows matter: the
search runs there, over one small turn per joint and the body's shift, by Gauss-Newton with robust
weights. Targets are the keypoints of our detector or of another one (:mod:`.seen_points`) and the
places that the network itself saw its joints at, each with its uncertainty. Nearness to the start
is measured by what the network's rotations are off on held-out images, where a bone errs much as
its parent does; nearness to the last image by how fast joints turn.
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
from biopose_ros.body.joints import JOINT_PARENTS
from biopose_ros.frames import image_rays
from biopose_ros.records import Camera, FloatArray, PersonCrop, RecoveredBody
from biopose_ros.refinement.chain import (
    JOINTS,
    against_camera,
    jacobian_m,
    relative_to_parents,
    turned,
)
from biopose_ros.refinement.prior import prior_precision
from biopose_ros.refinement.seen_points import PointPlaces
from biopose_ros.settings import RefinementConfig
from biopose_ros.virtual_markers import MarkerTable
from biopose_ros.virtual_markers.cut_body import marked_body, points_about_pelvis_m

_SHIFT_STDDEV = np.array([0.02, 0.02, 0.04])  # share of the distance, across and along the view
# A point further off than so many sigmas counts less and less (Cauchy).
ROBUST_SIGMAS = 1.5
_FEWEST_POINTS = 6
# A joint is carried by its parent's bone; the pelvis carries itself.
_CARRIERS = np.maximum(JOINT_PARENTS, 0)
# How fast joints turn, 1 sigma, radians per second; and what the last result is off itself.
_TURN_RATE_RAD_S, _LAST_STDDEV_RAD = 4.0, 0.12
_LONGEST_GAP_S = 0.3


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
        self._places = PointPlaces()
        self._body, self._markers = marked_body()
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
        Refine everybody as far as the time allows.

        :param bodies: as recovered.
        :param crops: with the keypoints, in the same order.
        :param camera: of the image.
        :param stamp_ns: of the image.
        :returns: one body per person, in the same order.
        """
        if not self.config.iterations:
            return list(bodies)
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
        seen = self._places.seen(crop, body.markers_m, camera)
        if len(seen) < _FEWEST_POINTS:
            return None
        focal_px = np.sqrt(abs(np.linalg.det(camera.intrinsics_px[:2, :2])))
        turns = against_camera(body.pose)
        return _Search(
            turns,
            body.joints_m,
            np.concatenate([seen.points_m, body.joints_m]),
            np.concatenate([seen.joints, _CARRIERS]),
            np.concatenate([image_rays(seen.px, camera), image_rays(body.joints_px, camera)])[
                :, :2
            ],
            np.concatenate([seen.stddev_m / seen.points_m[:, 2], body.joint_stddev_px / focal_px]),
            self._prior,
            *self._from_last(body, turns, stamp_ns),
        )

    def _from_last(
        self, body: RecoveredBody, turns: FloatArray, stamp_ns: int
    ) -> tuple[FloatArray, float]:
        """Give the turns [24, 3] back to the last result, camera axes, and their precision."""
        last = self._last.get(body.track_id)
        since_s = np.inf if last is None else 1e-9 * (stamp_ns - last.stamp_ns)
        if last is None or not 0 < since_s <= _LONGEST_GAP_S:
            return np.zeros((JOINTS, 3)), 0.0
        relative = body.pose.swapaxes(-1, -2)
        back = Rotation.from_matrix(last.pose @ relative).as_rotvec()  # parents' axes
        carriers = turns @ relative  # parents to camera
        stddev_rad = np.hypot(_LAST_STDDEV_RAD, _TURN_RATE_RAD_S * since_s)
        return (carriers @ back[..., None])[..., 0], float(stddev_rad**-2)

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
        prior: FloatArray,
        last_rad: FloatArray,
        last_precision: float,
    ) -> None:
        """
        Start where the network is.

        :param turns: [24, 3, 3].
        :param joints_m: [24, 3], camera axes.
        :param points_m: [points, 3], landmarks and joints on the body.
        :param carriers: [points], the joint whose bone carries each.
        :param targets: [points, 2], where they are seen, on the plane z = 1.
        :param stddev: [points], 1 sigma on that plane.
        :param prior: [72, 72], precision of the turns before anything is seen.
        :param last_rad: [24, 3], turns back to the last result.
        :param last_precision: of these, per squared radian; 0 where there is none.
        """
        self.turns, self.joints_m, self.points_m = turns, joints_m, points_m
        self._carriers, self._targets, self._stddev = carriers, targets, stddev
        size = 3 * JOINTS
        self._prior = np.zeros((size + 3, size + 3))
        self._prior[:size, :size] = prior
        self._prior[size:, size:] = np.diag((_SHIFT_STDDEV * joints_m[0, 2]) ** -2.0)
        self._last = np.concatenate([last_rad.ravel(), np.zeros(3)])
        self._last_precision = np.repeat([last_precision, 0.0], [size, 3])
        self._moved = np.zeros(size + 3)

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
        weight = 1 / (1 + np.square(off).sum(1) / ROBUST_SIGMAS**2)
        zero = np.zeros_like(z)
        seen = np.stack(
            [np.stack([1 / z, zero, -x / z**2], 1), np.stack([zero, 1 / z, -y / z**2], 1)], 1
        )
        slopes = seen @ jacobian_m(self.points_m, self._carriers, self.joints_m)
        slopes = (slopes / self._stddev[:, None, None]).reshape(2 * len(z), -1)
        weighted = slopes * np.repeat(weight, 2)[:, None]
        matrix = weighted.T @ slopes + self._prior + np.diag(self._last_precision)
        right = weighted.T @ off.ravel() - self._prior @ self._moved
        right += self._last_precision * (self._last - self._moved)
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
        fit = ROBUST_SIGMAS**2 * np.log1p(np.square(off).sum(1) / ROBUST_SIGMAS**2).sum()
        back = self._last_precision @ np.square(moved - self._last)
        return float(fit + moved @ self._prior @ moved + back)


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
