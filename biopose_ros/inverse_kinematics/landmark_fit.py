"""
The classical stage: fit the skeleton to the detector's landmarks, person by person.

Each image is fitted on its own from the last one's result; the body's size is estimated over the
first images and then held. The stage needs no training; it is the baseline of trained stages.
"""

from __future__ import annotations

import numpy as np
import torch

from biopose_ros.frames import camera_to_ground
from biopose_ros.inverse_kinematics.body_size import SizeEstimator
from biopose_ros.inverse_kinematics.lifting import lift
from biopose_ros.keypoints.landmarks import LANDMARK_NAMES
from biopose_ros.records import BodySize, Camera, FloatArray, Markers, PersonCrop, SkeletonFit
from biopose_ros.skeleton import PosePrior, Skeleton, SolverConfig, solve_pose
from biopose_ros.skeleton.sides import without_side

# 1 sigma of a well seen landmark in three dimensions; BlazePose states a mean error of 3 to 4 cm
# on upright persons, most of it in depth.
LANDMARK_STDDEV_M = 0.03
MIN_FITTED_LANDMARKS = 8

# How much a landmark counts, relative to a joint of the limbs. Those of the hand are guesses of
# the network, those of the head are several for one rigid body; eyes and mouth add nothing.
_WEIGHTS = {
    'nose': 0.5,
    'ear': 0.5,
    'shoulder': 1.0,
    'elbow': 1.0,
    'wrist': 1.0,
    'pinky': 0.2,
    'index': 0.2,
    'thumb': 0.2,
    'hip': 1.0,
    'knee': 1.0,
    'ankle': 1.0,
    'heel': 0.7,
    'foot_index': 0.7,
}

# Where landmarks leave a coordinate open it stays near rest: 1 sigma of a generous daily range,
# degrees. Coordinates that are not named are free.
_PRIOR_STDDEV_DEG = {
    'hip_rotation': 12.0,
    'hip_adduction': 15.0,
    'subtalar_angle': 6.0,
    'mtp_angle': 8.0,
    'lumbar_bending': 6.0,
    'lumbar_rotation': 8.0,
    'lumbar_extension': 8.0,
    'neck_bending': 15.0,
    'neck_rotation': 30.0,
    'neck_extension': 20.0,
    'arm_rot': 45.0,
    'pro_sup': 40.0,
    'wrist_flex': 20.0,
    'wrist_dev': 10.0,
}


class LandmarkFit:
    """
    Fit one person's skeleton, image by image.

    :param skeleton: with the markers ``bp_<landmark>``.
    :param height_m: the person's standing height; None estimates it.
    """

    def __init__(self, skeleton: Skeleton, height_m: float | None) -> None:
        self._skeleton = skeleton
        self._solver = _solver(max_iterations=6)
        self._first_solver = _solver(max_iterations=40)
        self._prior = resting_prior(skeleton)
        used = [name for name in LANDMARK_NAMES if without_side(name) in _WEIGHTS]
        self._used = np.array([LANDMARK_NAMES.index(name) for name in used])
        self._weights = np.array([_WEIGHTS[without_side(name)] for name in used])
        self._names = tuple(f'bp_{name}' for name in used)
        self._size = SizeEstimator(skeleton, self._names, height_m, self._prior, LANDMARK_STDDEV_M)
        self._last: torch.Tensor | None = None

    @property
    def size(self) -> BodySize:
        """Give the present estimate of the body's dimensions."""
        return self._size.estimate

    def update(self, crop: PersonCrop, camera: Camera) -> SkeletonFit | None:
        """
        Fit the next image.

        :param crop: landmarks of this image.
        :param camera: its intrinsics.
        :returns: None where too little of the person is seen.
        """
        landmarks_m = crop.landmarks_m * self._size.landmark_scale
        lifted_m = lift(landmarks_m, crop.keypoints_px, crop.keypoint_confidence, camera)
        positions_m = camera_to_ground(lifted_m)[self._used]
        confidence = crop.keypoint_confidence[self._used]
        seen = np.isfinite(positions_m).all(axis=1) & (confidence > 0.2)
        if np.count_nonzero(seen) < MIN_FITTED_LANDMARKS:
            self._last = None
            return None
        weights = np.where(seen, confidence, 0.0) * self._weights
        coordinates, stddev = self._solve(positions_m, weights)
        self._size.observe(positions_m, weights, coordinates)
        return SkeletonFit(coordinates, stddev, Markers(self._names, positions_m, confidence))

    def _solve(
        self, positions_m: FloatArray, weights: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Give coordinates and their 1 sigma, [coordinates] each."""
        solution = solve_pose(
            self._skeleton,
            self._names,
            torch.from_numpy(positions_m),
            weights=torch.from_numpy(weights),
            scales=torch.from_numpy(self._size.estimate.scales),
            initial=self._last,
            prior=self._prior,
            config=self._first_solver if self._last is None else self._solver,
        )
        self._last = solution.coordinates
        return solution.coordinates.numpy(), solution.stddev.numpy()


def resting_prior(skeleton: Skeleton) -> PosePrior:
    """
    Pull coordinates that landmarks hardly determine towards the resting pose.

    :param skeleton: any skeleton; coordinates without an entry are left free.
    """
    stddev = torch.full_like(skeleton.default_coordinates, torch.inf)
    for index, name in enumerate(skeleton.coordinate_names):
        degrees = _PRIOR_STDDEV_DEG.get(without_side(name))
        if degrees is not None:
            stddev[index] = np.radians(degrees)
    return PosePrior(skeleton.default_coordinates, stddev)


def _solver(max_iterations: int) -> SolverConfig:
    # A thousandth of a radian is far below what landmarks can tell.
    return SolverConfig(max_iterations, LANDMARK_STDDEV_M, tolerance=1e-3)
