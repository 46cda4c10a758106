"""From tracked persons to their bodies in front of the camera, all persons in one call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from biopose_ros.body.joints import JOINT_NAMES
from biopose_ros.inference.onnx_runtime import create_session, run_on_device, running_device
from biopose_ros.mesh_recovery.crop_camera import CropCamera, crop_camera
from biopose_ros.mesh_recovery.mesh_file import OUTPUTS, default_weights, map_inputs, onnx_graph
from biopose_ros.mesh_recovery.placing import pelvis_position_m
from biopose_ros.records import Camera, FloatArray, PersonCrop, RecoveredBody
from biopose_ros.virtual_markers.body_parts import MARKER_NAMES
from biopose_ros.virtual_markers.cut_body import points_about_pelvis_m
from biopose_ros.virtual_markers.marked_body import fitting_shape, marked_body

# A marker whose joint has this standard deviation per axis has confidence 0.5.
_HALF_CONFIDENCE_M = 0.1


@dataclass(frozen=True, eq=False)
class DecodedCrops:
    """
    Outputs of the decoder for the persons of one image, one row each.

    :param crops: the persons.
    :param views: their crops' cameras.
    :param answers: the graph's outputs in the order of
        :data:`~biopose_ros.mesh_recovery.mesh_file.OUTPUTS`.
    """

    crops: Sequence[PersonCrop]
    views: Sequence[CropCamera]
    answers: tuple[torch.Tensor, ...]


class MeshPredictor:
    """
    Recovers the bodies of persons whose crops the encoder has read.

    The first time, the decoder's ONNX graph is written into the user's cache.

    :param encoder: whose maps the crops carry.
    :param weights: a weights file; None for the one that ships with the package.
    :param device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
    :param threads: on the CPU.
    :param body: a user's body model, which the recovered bodies then have; None for the default
        one.
    :attr device: where the network runs.
    :raises FileNotFoundError: when there are no weights for this encoder, or no such body.
    :raises ValueError: when the weights are broken, or made for another encoder.
    """

    def __init__(
        self,
        encoder: str = 'heavy',
        weights: Path | None = None,
        device: str = 'auto',
        threads: int = 1,
        body: Path | None = None,
    ) -> None:
        path = weights or default_weights(encoder)
        graph, self.config = onnx_graph(path)
        if self.config.encoder != encoder:
            raise ValueError(
                f'{path} takes maps of the encoder {self.config.encoder!r}, not of '
                f'{encoder!r}; choose that encoder or other weights'
            )
        self._session = create_session(graph, device, threads)
        self.device = running_device(self._session)
        self._levels = map_inputs(self.config)
        self._body, self._markers = marked_body(body)
        self._shape = fitting_shape(body)
        self._joint_of_marker = nearest_joints()

    def recover(self, crops: Sequence[PersonCrop], camera: Camera) -> list[RecoveredBody]:
        """
        Recover all persons; one call for those whose maps came from the encoder together.

        :param crops: with the encoder's maps.
        :param camera: of the image.
        :returns: one body per person, in the same order.
        :raises ValueError: when a crop carries no maps.
        """
        return self.bodies(self.decode(crops, camera)) if crops else []

    def bodies(self, decoded: DecodedCrops) -> list[RecoveredBody]:
        """
        Pose bodies, and place them before the image's camera.

        :param decoded: of :meth:`decode`.
        :returns: one body per person, in the same order.
        """
        crops, views = decoded.crops, decoded.views
        pose, betas, place, joints, log_stddev, summary = decoded.answers
        betas = self._shape(betas)
        unprojection = np.linalg.inv(np.stack([view.projection for view in views]))
        log_extent = np.log([view.extent for view in views])
        with torch.inference_mode():
            points_m = points_about_pelvis_m(self._body, self._markers, pose, betas)
            pelvis_m = pelvis_position_m(
                place, torch.from_numpy(unprojection).float(), torch.from_numpy(log_extent).float()
            )
            points_m = points_m + pelvis_m[:, None]
        answers = zip(pose, betas, points_m, joints, log_stddev, summary, strict=True)
        return [
            self._placed(crop, view, *(part.numpy().astype(np.float64) for part in answer))
            for crop, view, answer in zip(crops, views, answers, strict=True)
        ]

    def decode(self, crops: Sequence[PersonCrop], camera: Camera) -> DecodedCrops:
        """
        Run the decoder.

        :param crops: at least one, with the encoder's maps.
        :param camera: of the image.
        :raises ValueError: when a crop carries no maps.
        """
        views = [crop_camera(crop.crop, camera) for crop in crops]
        maps = [crop.maps for crop in crops if crop.maps is not None]
        if len(maps) < len(crops):
            missing = [crop.track_id for crop in crops if crop.maps is None]
            raise ValueError(
                f'the crops of persons {missing} carry no feature maps; open the landmark network '
                'with maps'
            )
        points = crop_points(crops)
        points['view'] = np.stack([[np.log(v.extent), *v.slope] for v in views])
        order, parts = [], []
        # Persons who are new in this image are in a second batch.
        for batch in {id(one.batch): one.batch for one in maps}.values():
            mine = [place for place, one in enumerate(maps) if one.batch is batch]
            inputs = {
                **{level: batch.levels[level] for level in self._levels},
                'rows': np.array([maps[place].row for place in mine], np.int64),
                **{name: values[mine].astype(np.float32) for name, values in points.items()},
            }
            found = run_on_device(self._session, inputs, OUTPUTS)
            parts.append([found[name].numpy() for name in OUTPUTS])
            order += mine
        back = np.argsort(order)
        joined = (np.concatenate(values)[back] for values in zip(*parts, strict=True))
        return DecodedCrops(crops, views, tuple(torch.from_numpy(values) for values in joined))

    def _placed(
        self,
        crop: PersonCrop,
        view: CropCamera,
        pose: FloatArray,
        betas: FloatArray,
        points_m: FloatArray,
        joints: FloatArray,
        log_stddev: FloatArray,
        summary: FloatArray,
    ) -> RecoveredBody:
        """Turn one answer into the image camera's axes."""
        to_camera = view.rotation.T
        pose[0] = to_camera @ pose[0]
        points_m = points_m @ to_camera.T
        stddev, count = np.exp(log_stddev), len(JOINT_NAMES)
        return RecoveredBody(
            track_id=crop.track_id,
            pose=pose,
            betas=betas,
            joints_m=points_m[:count],
            joint_stddev_m=stddev[:, 1],
            joints_px=crop.crop.to_image(joints),
            joint_stddev_px=stddev[:, 0] * crop.crop.size_px,
            markers_m=points_m[count:],
            marker_confidence=1 / (1 + stddev[self._joint_of_marker, 1] / _HALF_CONFIDENCE_M),
            summary=summary,
        )


def crop_points(crops: Sequence[PersonCrop]) -> dict[str, FloatArray]:
    """
    Give the landmarks as the decoder takes them.

    :param crops: of one image.
    :returns: ``keypoints`` and ``world_m``, see
        :class:`~biopose_ros.mesh_recovery.network.CropEvidence`.
    """
    keypoints, world_m = [], []
    for crop in crops:
        places = crop.crop.from_image(crop.keypoints_px)
        keypoints.append(np.concatenate([places, crop.keypoint_confidence[:, None]], axis=1))
        landmarks_m = crop.landmarks_m.copy()
        landmarks_m[:, :2] = landmarks_m[:, :2] @ crop.crop.rotation
        world_m.append(landmarks_m)
    return {'keypoints': np.stack(keypoints), 'world_m': np.stack(world_m)}


def nearest_joints() -> NDArray[np.int64]:
    """Give the joint nearest to each marker of ``MARKER_NAMES`` on the mean body, [markers]."""
    body, markers = marked_body()
    assert markers.names == MARKER_NAMES
    pose = body.template_m.new_zeros(len(JOINT_NAMES), 3)
    mesh = body(pose)
    away_m = (markers.positions_m(mesh)[:, None] - mesh.joints_m).norm(dim=-1)
    nearest: NDArray[np.int64] = away_m.argmin(1).numpy()
    return nearest
