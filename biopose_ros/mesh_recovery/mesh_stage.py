"""MQ-HMR in the pipeline: bodies of a steady size, and their virtual markers on the ground."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from biopose_ros.body import BodyModel, load_body
from biopose_ros.frames import camera_to_ground
from biopose_ros.mesh_recovery.predictor import MeshPredictor
from biopose_ros.records import Camera, FloatArray, Markers, PersonCrop, PlacedBody, RecoveredBody
from biopose_ros.skeleton.stature import MODEL_STATURE_M, STATURE_STDDEV_M
from biopose_ros.virtual_markers.body_parts import MARKER_NAMES

_HIPS = [MARKER_NAMES.index(f'bp_{side}_hip') for side in ('right', 'left')]


class MeshStage:
    """
    Recovers the bodies of all persons of an image.

    :param predictor: the network.
    :param height_m: standing height of all persons; None assumes average adults: one image
        separates size and distance so badly that the network's own stature has the larger error
        (0.111 m against 0.096 m, root mean square over held-out persons).
    """

    def __init__(self, predictor: MeshPredictor, height_m: float | None) -> None:
        self._predictor, self._height_m = predictor, height_m
        self._heights_m: dict[int, float] = {}
        self._body: BodyModel = load_body(predictor.body_file)

    def set_height(self, track_id: int, height_m: float | None) -> None:
        """
        Tell one person's standing height.

        :param track_id: of the person.
        :param height_m: None for what counts for everybody else.
        """
        self._heights_m.pop(track_id, None)
        if height_m is not None:
            self._heights_m[track_id] = height_m

    def recover(self, crops: Sequence[PersonCrop], camera: Camera) -> list[RecoveredBody]:
        """
        Recover all persons in one call of the network.

        :param crops: with the encoder's maps.
        :param camera: of the image.
        :returns: one body per crop, of the size that this image shows.
        """
        return self._predictor.recover(crops, camera)

    def place(self, bodies: Sequence[RecoveredBody]) -> list[PlacedBody]:
        """
        Give bodies their person's steady size, and put their markers on the ground.

        :param bodies: of one image, or of images one after the other.
        """
        return [self._placed(body) for body in bodies]

    def _placed(self, body: RecoveredBody) -> PlacedBody:
        seen_m = float(self._body.statures_m(torch.from_numpy(body.betas).float()))
        height_m = self._heights_m.get(body.track_id, self._height_m)
        stature_m = MODEL_STATURE_M if height_m is None else height_m
        scale = stature_m / seen_m
        body = scaled(body, scale)
        return PlacedBody(
            body,
            Markers(MARKER_NAMES, camera_to_ground(body.markers_m), body.marker_confidence),
            float(body.markers_m[_HIPS, 2].mean()),
            scale,
            stature_m,
            STATURE_STDDEV_M if height_m is None else 0.0,
        )


def scaled(body: RecoveredBody, scale: float) -> RecoveredBody:
    """
    Make a body larger and move it away by as much: it looks the same.

    :param body: in camera axes.
    :param scale: factor.
    """

    def times(array: FloatArray) -> FloatArray:
        return np.asarray(array * scale)

    return replace(
        body,
        joints_m=times(body.joints_m),
        joint_stddev_m=times(body.joint_stddev_m),
        markers_m=times(body.markers_m),
    )
