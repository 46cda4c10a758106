"""How large a person is: segment scales from the first images, then held."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from biopose_ros.records import BodySize, FloatArray
from biopose_ros.skeleton import PosePrior, Skeleton, SolverConfig, fit_scales
from biopose_ros.skeleton.stature import MODEL_STATURE_M, STATURE_STDDEV_M, standing_height

# The estimate is renewed after these numbers of images, and held after the last. Neighbouring
# images are nearly the same, so that at most MAX_FRAMES of them, spread evenly, are used.
RENEWALS = (1, 5, 15, 40)
MAX_FRAMES = 12


class SizeEstimator:
    """
    Estimate one person's dimensions from landmarks.

    :param skeleton: the default model, or one with its markers and segments.
    :param names: [markers], the skeleton's markers that are observed.
    :param height_m: standing height where known.
    :param pose_prior: of the poses in the images.
    :param marker_stddev_m: 1 sigma of a landmark of weight 1.
    """

    def __init__(
        self,
        skeleton: Skeleton,
        names: Sequence[str],
        height_m: float | None,
        pose_prior: PosePrior,
        marker_stddev_m: float,
    ) -> None:
        self._skeleton = skeleton
        self._names = tuple(names)
        self._height_m = height_m
        self._pose_prior = pose_prior
        self._solver = SolverConfig(
            max_iterations=15, marker_stddev_m=marker_stddev_m, tolerance=1e-3
        )
        self._images: list[tuple[FloatArray, FloatArray, FloatArray]] = []
        self.landmark_scale = 1.0
        factor = 1.0 if height_m is None else height_m / MODEL_STATURE_M
        count = len(skeleton.segment_names)
        self.estimate = self._body_size(np.full((count, 3), factor), np.full(count, 0.05))

    def observe(
        self, positions_m: FloatArray, weights: FloatArray, coordinates: FloatArray
    ) -> None:
        """
        Take one image in; does nothing once the estimate is settled.

        :param positions_m: [markers, 3], ground frame, already times ``landmark_scale``.
        :param weights: [markers], 0 where a landmark is not seen.
        :param coordinates: [coordinates], the pose found with the present estimate.
        """
        if len(self._images) >= RENEWALS[-1]:
            return
        self._images.append((positions_m / self.landmark_scale, weights, coordinates))
        if len(self._images) in RENEWALS:
            self._renew()

    def _renew(self) -> None:
        count = len(self._images)
        chosen = np.linspace(0, count - 1, min(count, MAX_FRAMES)).round().astype(int)
        columns = zip(*(self._images[i] for i in chosen), strict=True)
        positions_m, weights, coordinates = (torch.from_numpy(np.stack(c)) for c in columns)
        fit = fit_scales(
            self._skeleton,
            self._names,
            positions_m,
            weights=weights,
            initial=coordinates,
            pose_prior=self._pose_prior,
            config=self._solver,
        )
        scales = fit.scales.numpy()
        if self._height_m is not None:
            self.landmark_scale = self._height_m / standing_height(self._skeleton, scales)
            scales = scales * self.landmark_scale
        self.estimate = self._body_size(scales, fit.stddev.numpy().mean(axis=1))

    def _body_size(self, scales: FloatArray, stddev: FloatArray) -> BodySize:
        if self._height_m is not None:
            return BodySize(scales, stddev, self._height_m, 0.0)
        stature_m = standing_height(self._skeleton, scales)
        return BodySize(scales, stddev, stature_m, STATURE_STDDEV_M)
