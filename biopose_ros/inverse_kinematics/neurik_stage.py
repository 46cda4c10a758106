"""NeurIK in the pipeline: virtual markers and 2D keypoints of all persons in one call."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from biopose_ros.frames import camera_to_ground, image_rays
from biopose_ros.inverse_kinematics.predictor import (
    NeurikPredictor,
    NeurikSolution,
    PersonFrame,
)
from biopose_ros.records import Camera, FloatArray, Markers, PersonCrop


class NeurikStage:
    """Runs NeurIK for all persons of an image."""

    def __init__(self, device: str, weights: Path | None = None) -> None:
        """
        Load the network.

        :param device: where the network runs.
        :param weights: a weights file; None for the one that ships with the package.
        :raises FileNotFoundError: when there is no such file.
        :raises ValueError: when the weights are broken.
        """
        self._predictor = NeurikPredictor(weights, device)

    def solve(self, frames: Sequence[PersonFrame]) -> dict[int, NeurikSolution]:
        """
        Estimate all persons in one call of the network.

        :param frames: from :func:`person_frame`, one per person.
        :returns: by track id; a person whom the network does not know yet is left out.
        """
        return {
            frame.person: found
            for frame, found in zip(frames, self._predictor.update(frames), strict=True)
            if np.isfinite(found.coordinates).all()
        }

    def forget(self, track_id: int) -> None:
        """Drop what is remembered of a person."""
        self._predictor.forget(track_id)


def person_frame(
    crop: PersonCrop,
    camera: Camera,
    stamp_ns: int,
    markers: Markers,
    depth_m: float,
    features: FloatArray | None = None,
) -> PersonFrame:
    """
    Join what is known of a person in one image.

    :param crop: with 2D keypoints.
    :param camera: of the image.
    :param stamp_ns: of the image.
    :param markers: virtual markers, ground frame.
    :param depth_m: of the middle of the hips along the optical axis.
    :param features: of the mesh network; None without it.
    """
    keypoints_m = camera_to_ground(image_rays(crop.keypoints_px, camera) * depth_m)
    return PersonFrame(
        crop.track_id, stamp_ns, markers, keypoints_m, crop.keypoint_confidence, features
    )
