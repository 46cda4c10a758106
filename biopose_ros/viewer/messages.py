"""The node's messages in the viewer, from a bag or from live topics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from biopose_ros.files.frames import NANOSECONDS
from biopose_ros.frames import GroundFrame
from biopose_ros.records import FloatArray, TrackingState
from biopose_ros.sensor_messages.camera_info import CalibrationError, camera_from_info
from biopose_ros.sensor_messages.images import ImageError, decode_compressed, decode_image
from biopose_ros.skeleton import load_skeleton
from biopose_ros.viewer.scene import Scene

_TRIANGLE_LIST = 11  # of visualization_msgs/Marker
# Of a fast camera not every picture is kept.
PICTURE_PERIOD_S = 0.08


class MessageView:
    """
    Shows messages as they come.

    Times count from the first message, so that live sessions and bags have one clock.

    :param scene: to log to.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._skeleton = load_skeleton()
        self._scales: dict[str, FloatArray] = {}
        self._start_ns: int | None = None
        self._last_picture_s = -np.inf
        self._has_camera = False

    def handler(self, type_name: str) -> Callable[[Any], int] | None:
        """
        Tell who shows a message; the handler gives 1 for joint angles, 0 for all else.

        :param type_name: for example ``biopose_ros/msg/JointAngleArray``.
        """
        return {
            'biopose_ros/msg/JointAngleArray': self._angles,
            'biopose_ros/msg/SubjectModel': self._subject,
            'sensor_msgs/msg/CameraInfo': self._camera,
            'sensor_msgs/msg/Image': self._image,
            'sensor_msgs/msg/CompressedImage': self._compressed,
            'visualization_msgs/msg/MarkerArray': self._skins,
        }.get(type_name)

    def _set_time(self, message: Any) -> float:
        stamp = message.header.stamp
        now_ns = stamp.sec * NANOSECONDS + stamp.nanosec
        if self._start_ns is None:
            self._start_ns = now_ns
        seconds = (now_ns - self._start_ns) / NANOSECONDS
        self._scene.set_time(seconds)
        return seconds

    def _angles(self, message: Any) -> int:
        self._set_time(message)
        if message.tracking_state == TrackingState.LOST:
            self._scene.hide_person(message.person_id)
        else:
            names = list(message.name)
            self._scene.show_person(
                message.person_id,
                self._skeleton,
                dict(zip(names, map(float, message.position), strict=True)),
                dict(zip(names, map(float, message.stddev), strict=True)),
                self._scales.get(message.person_id),
            )
        return 1

    def _subject(self, message: Any) -> int:
        self._scales[message.person_id] = np.array([[s.x, s.y, s.z] for s in message.scale])
        return 0

    def _camera(self, message: Any) -> int:
        if not self._has_camera:
            try:
                camera = camera_from_info(message)
            except CalibrationError:
                return 0
            if camera is not None:
                self._scene.show_camera(camera, GroundFrame())
                self._has_camera = True
        return 0

    def _image(self, message: Any) -> int:
        return self._picture(message, decode_image)

    def _compressed(self, message: Any) -> int:
        return self._picture(message, decode_compressed)

    def _picture(self, message: Any, decode: Callable[[Any], Any]) -> int:
        time_s = self._set_time(message)
        if time_s - self._last_picture_s >= PICTURE_PERIOD_S:
            try:
                self._scene.show_picture(decode(message))
            except ImageError:
                return 0
            self._last_picture_s = time_s
        return 0

    def _skins(self, message: Any) -> int:
        for marker in message.markers:
            if marker.type == _TRIANGLE_LIST:
                self._set_time(marker)
                corners_m = np.array([[p.x, p.y, p.z] for p in marker.points])
                self._scene.show_skin(marker.ns, corners_m)
        return 0
