"""Body points in another frame of the robot, by tf2 at the image's stamp."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rclpy.duration import Duration
from rclpy.time import Time
from std_msgs.msg import Header

from biopose_ros.person.body_points import BodyPoints
from biopose_ros.ros.stamps import NANOSECONDS
from biopose_ros.ros.tf_lookup import TfLookup

# The camera's velocity is measured over this time.
MOTION_STEP_NS = 50_000_000


class TargetFrame:
    """
    Expresses points of the camera's frame in another one.

    :param transforms: knows where the camera is.
    :param frame: the other one.
    :param is_ground: whether the points move as they do in that frame; else as the camera sees
        them move.
    """

    def __init__(self, transforms: TfLookup, frame: str, is_ground: bool) -> None:
        self._transforms = transforms
        self._frame = frame
        self._is_ground = is_ground

    def take_over(
        self, persons: Sequence[BodyPoints], header: Header
    ) -> tuple[list[BodyPoints], Header]:
        """
        Express points in the frame; their velocities hold what the camera moves by itself.

        :param persons: everybody's points in one image, in the frame of the header.
        :param header: of the image.
        :raises TransformError: where TF does not know where the camera was.
        """
        stamp = Time.from_msg(header.stamp)
        now = self._transforms.look_up(self._frame, header.frame_id, stamp)
        taken = [points.turned(*now) for points in persons]
        if not self._is_ground:
            before = stamp - Duration(nanoseconds=MOTION_STEP_NS)
            then = self._transforms.look_up(self._frame, header.frame_id, before)
            taken = [
                _moved_along(new, points.turned(*then))
                for new, points in zip(taken, persons, strict=True)
            ]
        return taken, Header(stamp=header.stamp, frame_id=self._frame)


def _moved_along(points: BodyPoints, before: BodyPoints) -> BodyPoints:
    """Add the velocity by which the camera itself has carried the points since."""
    own = (points.positions_m - before.positions_m) / (MOTION_STEP_NS / NANOSECONDS)
    return replace(points, velocities_m_s=points.velocities_m_s + own)
