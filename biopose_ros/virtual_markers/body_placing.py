"""Recovered bodies of a steady size, with their virtual markers on the ground."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from biopose_ros.body import load_body
from biopose_ros.frames import camera_to_ground
from biopose_ros.records import FloatArray, Markers, PlacedBody, RecoveredBody
from biopose_ros.skeleton.stature import MODEL_STATURE_M, STATURE_STDDEV_M
from biopose_ros.virtual_markers.body_parts import HIP_ROWS, MARKER_NAMES


class BodyPlacing:
    """
    Gives each body its person's stature, and puts its markers on the ground.

    :param height_m: standing height of all persons; None assumes average adults: one image
        separates size and distance so badly that the network's own stature has the larger error
        (0.111 m against 0.096 m, root mean square over held-out persons).
    :param body: the body model that was recovered; None for the default one.
    """

    def __init__(self, height_m: float | None, body: Path | None = None) -> None:
        self._height_m = height_m
        self._heights_m: dict[int, float] = {}
        self._body = load_body(body)

    def set_height(self, track_id: int, height_m: float | None) -> None:
        """
        Set one person's standing height.

        :param track_id: of the person.
        :param height_m: None for the configured height.
        """
        self._heights_m.pop(track_id, None)
        if height_m is not None:
            self._heights_m[track_id] = height_m

    def place(self, body: RecoveredBody) -> PlacedBody:
        """
        Rescale a body to its person's stature, and place its markers.

        :param body: of the size that its image shows.
        """
        seen_m = float(self._body.statures_m(torch.from_numpy(body.betas).float()))
        height_m = self._heights_m.get(body.track_id, self._height_m)
        stature_m = MODEL_STATURE_M if height_m is None else height_m
        scale = stature_m / seen_m
        body = scaled(body, scale)
        return PlacedBody(
            body,
            Markers(MARKER_NAMES, camera_to_ground(body.markers_m), body.marker_confidence),
            float(body.markers_m[HIP_ROWS, 2].mean()),
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
