"""NeurIK in the pipeline: everybody's virtual markers and 2D keypoints in one call."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from biopose_ros.frames import camera_to_ground, image_rays
from biopose_ros.inverse_kinematics.predictor import (
    NeurikPredictor,
    NeurikSolution,
    PersonFrame,
)
from biopose_ros.records import Camera, MarkedPerson


class NeurikStage:
    """Runs NeurIK for all persons of an image."""

    def __init__(self, device: str) -> None:
        """
        Load the network.

        :param device: where the network runs.
        :raises ValueError: when the weights are broken.
        """
        self._predictor = NeurikPredictor(device=device)

    def solve(
        self, persons: Mapping[int, MarkedPerson], camera: Camera, stamp_ns: int
    ) -> dict[int, NeurikSolution]:
        """
        Estimate everybody in one call of the network.

        :param persons: by track id.
        :param camera: of the image.
        :param stamp_ns: of the image.
        :returns: by track id; a person whom the network does not know yet is left out.
        """
        frames = [_frame(key, person, camera, stamp_ns) for key, person in persons.items()]
        return {
            key: found
            for key, found in zip(persons, self._predictor.update(frames), strict=True)
            if np.isfinite(found.coordinates).all()
        }

    def forget(self, track_id: int) -> None:
        """Drop what is remembered of a person."""
        self._predictor.forget(str(track_id))


def _frame(track_id: int, person: MarkedPerson, camera: Camera, stamp_ns: int) -> PersonFrame:
    rays = image_rays(person.crop.keypoints_px, camera)
    return PersonFrame(
        str(track_id),
        stamp_ns,
        person.markers,
        camera_to_ground(rays * person.depth_m),
        person.crop.keypoint_confidence,
        person.summary,
    )
