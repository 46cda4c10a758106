"""NeurIK behind the landmark fit, until meshes come from the image itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch

from biopose_ros.frames import camera_to_ground
from biopose_ros.inverse_kinematics.landmark_fit import LandmarkSolution
from biopose_ros.inverse_kinematics.lifting import image_rays
from biopose_ros.inverse_kinematics.predictor import NeurikPredictor, PersonFrame
from biopose_ros.records import Camera, FloatArray, Markers, PersonCrop
from biopose_ros.skeleton import Skeleton
from biopose_ros.virtual_markers.on_skeleton import with_virtual_markers


@dataclass(frozen=True)
class FittedPerson:
    """
    One person as the landmark fit left them.

    :param crop: what was seen.
    :param solution: the skeleton fitted to it.
    :param scales: [segments, 3], the body's size factors.
    """

    crop: PersonCrop
    solution: LandmarkSolution
    scales: FloatArray


class NeurikStage:
    """
    Correct fitted skeletons with what NeurIK knows of movement.

    Its virtual markers are those of the mean body, carried by the fitted skeleton; the 2D
    keypoints go in as further evidence.
    """

    def __init__(self, skeleton: Skeleton, device: str) -> None:
        """
        Load the network.

        :param skeleton: the default skeleton.
        :param device: where the network runs.
        :raises ValueError: when the weights are broken.
        """
        self._marked = with_virtual_markers(skeleton)
        self._predictor = NeurikPredictor(device=device)
        self._pelvis_x = skeleton.coordinate_index('pelvis_tx')

    def refine(
        self, persons: Mapping[int, FittedPerson], camera: Camera, stamp_ns: int
    ) -> dict[int, LandmarkSolution]:
        """
        Correct everybody in one call of the network.

        :param persons: by track id.
        :param camera: of the image.
        :param stamp_ns: of the image.
        :returns: by track id; a person whom the network does not know yet keeps the fit.
        """
        frames = [self._frame(key, p, camera, stamp_ns) for key, p in persons.items()]
        solutions = self._predictor.update(frames)
        return {
            key: replace(person.solution, coordinates=found.coordinates, stddev=found.stddev)
            if np.isfinite(found.coordinates).all()
            else person.solution
            for (key, person), found in zip(persons.items(), solutions, strict=True)
        }

    def forget(self, track_id: int) -> None:
        """Drop what is remembered of a person."""
        self._predictor.forget(str(track_id))

    def _frame(
        self, track_id: int, person: FittedPerson, camera: Camera, stamp_ns: int
    ) -> PersonFrame:
        coordinates = person.solution.coordinates
        markers_m = self._marked.marker_positions(
            torch.from_numpy(coordinates), torch.from_numpy(person.scales)
        ).numpy()
        names = self._marked.marker_names
        # Ground x points from the scene to the camera, so this is the pelvis's depth.
        depth_m = -coordinates[self._pelvis_x]
        return PersonFrame(
            str(track_id),
            stamp_ns,
            Markers(names, markers_m, np.ones(len(names))),
            camera_to_ground(image_rays(person.crop.keypoints_px, camera) * depth_m),
            person.crop.keypoint_confidence,
        )
