"""A video as a camera: publishes Image or CompressedImage, and CameraInfo, at the video's pace."""

from __future__ import annotations

import array
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import repeat

import cv2
import numpy as np
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

from biopose_ros.files.camera import guess_camera
from biopose_ros.files.frames import UNKNOWN_RATE_HZ, Frame, FrameSource, ImageArray
from biopose_ros.records import Camera
from biopose_ros.ros.camera_messages import camera_info, image_message
from biopose_ros.ros.pace import Pace
from biopose_ros.ros.stamps import NANOSECONDS, to_time

JPEG_QUALITY = 90
# A player that is further behind its schedule than this skips ahead: stamps must stay honest.
MAX_LAG_S = 0.1
# What is played before a subscriber is connected is lost; on a busy machine that takes seconds.
LISTENER_WAIT_S = 15.0
# The first start of a pose node prepares the networks, which takes minutes on a small machine.
NODE_WAIT_S = 300.0
# Down to half the size four neighbours are enough, and three times as fast as their whole area.
LINEAR_SCALE = 0.5


@dataclass(frozen=True)
class PlayerSettings:
    """
    How a video is played.

    :param topic: of the raw image; camera_info lies beside it, compressed images below it.
    :param rate: speed against the video's own; 2 is twice as fast.
    :param is_looped: starts again at the end.
    :param is_compressed: JPEG in place of raw images.
    :param is_preloaded: decodes everything first, so that playing costs little.
    :param size_px: width and height to resize to, None keeps the video's.
    :param frame_id: of the camera's optical frame.
    :param is_reliable: quality of service offered.
    :param pace_topic: of a pose node's ``TrackedPersons``; where the node is too slow for the
        video, it is played slower. None plays on.
    """

    topic: str = 'image'
    rate: float = 1.0
    is_looped: bool = False
    is_compressed: bool = False
    is_preloaded: bool = False
    size_px: tuple[int, int] | None = None
    frame_id: str = 'camera_optical_frame'
    is_reliable: bool = True
    pace_topic: str | None = None

    def __post_init__(self) -> None:
        if not self.rate > 0:
            raise ValueError(f'rate must be above 0, got {self.rate}')


@dataclass(frozen=True)
class Letterbox:
    """
    Shrinks or grows pictures to a given size, with black bars where the shape differs.

    :param scale: new over old pixels.
    :param inner_px: width and height of the picture inside.
    :param margin_px: left and upper bar.
    :param size_px: width and height of the whole.
    """

    scale: float
    inner_px: tuple[int, int]
    margin_px: tuple[int, int]
    size_px: tuple[int, int]

    @classmethod
    def between(cls, old_px: tuple[int, int], new_px: tuple[int, int]) -> Letterbox:
        """Fit pictures of one size into another."""
        scale = min(new_px[0] / old_px[0], new_px[1] / old_px[1])
        inner = round(old_px[0] * scale), round(old_px[1] * scale)
        margin = (new_px[0] - inner[0]) // 2, (new_px[1] - inner[1]) // 2
        return cls(scale, inner, margin, new_px)

    def image(self, image_bgr: ImageArray) -> ImageArray:
        """Resize a picture."""
        (width, height), (left, top) = self.inner_px, self.margin_px
        canvas = np.zeros((self.size_px[1], self.size_px[0], 3), np.uint8)
        method = cv2.INTER_LINEAR if self.scale >= LINEAR_SCALE else cv2.INTER_AREA
        canvas[top : top + height, left : left + width] = cv2.resize(
            image_bgr, self.inner_px, interpolation=method
        )
        return canvas

    def camera(self, camera: Camera) -> Camera:
        """Move the intrinsics along with the pixels."""
        left, top = self.margin_px
        to_new = np.array([[self.scale, 0.0, left], [0.0, self.scale, top], [0.0, 0.0, 1.0]])
        width, height = self.size_px
        return replace(
            camera, width_px=width, height_px=height, intrinsics_px=to_new @ camera.intrinsics_px
        )


class VideoPlayer:
    """
    Publishes a video; its stamps are the schedule's, on the ROS clock.

    :param node: owns the publishers.
    :param source: the pictures and their presentation times.
    :param camera: intrinsics of the video; None takes the source's own; without either the camera
        is published as uncalibrated.
    """

    def __init__(
        self, node: Node, source: FrameSource, settings: PlayerSettings, camera: Camera | None
    ) -> None:
        self._node = node
        self._source = source
        self._settings = settings
        self._given_camera = camera or source.camera
        self._camera: Camera | None = None
        self._pace = Pace(node, settings.pace_topic) if settings.pace_topic else None
        reliability = (
            ReliabilityPolicy.RELIABLE if settings.is_reliable else ReliabilityPolicy.BEST_EFFORT
        )
        profile = QoSProfile(depth=2, reliability=reliability)
        folder, _, _ = settings.topic.rpartition('/')
        info_topic = f'{folder}/camera_info' if folder else 'camera_info'
        self._infos = node.create_publisher(CameraInfo, info_topic, profile)
        self._images = (
            node.create_publisher(CompressedImage, f'{settings.topic}/compressed', profile)
            if settings.is_compressed
            else node.create_publisher(Image, settings.topic, profile)
        )

    def wait_for_listener(self, timeout_s: float | None = None) -> bool:
        """
        Wait until somebody is connected to the images and to the camera.

        :param timeout_s: how long at most; None for what a subscriber, or the pose node that sets
            the pace, may take to start.
        :returns: whether somebody is.
        """
        usual_s = NODE_WAIT_S if self._pace else LISTENER_WAIT_S
        end_s = time.monotonic() + (usual_s if timeout_s is None else timeout_s)
        while not all(p.get_subscription_count() for p in (self._images, self._infos)):
            if time.monotonic() > end_s:
                return False
            time.sleep(0.02)
        return True

    def play(self) -> Iterator[int]:
        """
        Publish one frame after the other, each in time.

        :returns: an iterator over the number of frames published; it does the work.
        """
        due_ns, shown_ns = self._now_ns(), 0
        for published, (offset_ns, frame) in enumerate(self._schedule(), start=1):
            speed = self._pace.speed if self._pace else 1.0
            due_ns, shown_ns = due_ns + round((offset_ns - shown_ns) / speed), offset_ns
            lag_ns = self._now_ns() - due_ns
            if lag_ns > MAX_LAG_S * NANOSECONDS:
                due_ns += lag_ns
            self._wait(-lag_ns / NANOSECONDS)
            self._publish(frame.image_bgr, due_ns)
            yield published

    def _wait(self, duration_s: float) -> None:
        if self._pace:
            self._pace.listen(duration_s)
        else:
            time.sleep(max(duration_s, 0.0))

    def _schedule(self) -> Iterator[tuple[int, Frame]]:
        """Give each frame with its time after the start, over all rounds."""
        frames = list(self._frames()) if self._settings.is_preloaded else None
        offset_ns = 0
        usual_ns = NANOSECONDS / (self._source.rate_hz or UNKNOWN_RATE_HZ) / self._settings.rate
        for _ in repeat(None) if self._settings.is_looped else [None]:
            first_ns, last_ns, step_ns = None, 0, round(usual_ns)
            for frame in frames if frames is not None else self._frames():
                first_ns = frame.stamp_ns if first_ns is None else first_ns
                elapsed_ns = round((frame.stamp_ns - first_ns) / self._settings.rate)
                if elapsed_ns > last_ns:
                    step_ns, last_ns = elapsed_ns - last_ns, elapsed_ns
                yield offset_ns + elapsed_ns, frame
            # The first frame of the next round follows as the last one did; a single one, at the
            # usual rate.
            offset_ns += last_ns + step_ns

    def _frames(self) -> Iterator[Frame]:
        """Give the pictures in the size wanted; from the first one on the camera is known."""
        for frame in self._source:
            image_bgr = frame.image_bgr
            height, width, _ = image_bgr.shape
            camera = self._given_camera or guess_camera(width, height)
            if self._settings.size_px not in (None, (width, height)):
                fit = Letterbox.between((width, height), self._settings.size_px)
                image_bgr, camera = fit.image(image_bgr), fit.camera(camera)
            self._camera = camera
            yield Frame(image_bgr, frame.stamp_ns, frame.index)

    def _publish(self, image_bgr: ImageArray, stamp_ns: int) -> None:
        header = Header(stamp=to_time(stamp_ns), frame_id=self._settings.frame_id)
        assert self._camera is not None
        self._infos.publish(camera_info(self._camera, header))
        if self._settings.is_compressed:
            self._images.publish(_compressed(image_bgr, header))
        else:
            self._images.publish(image_message(image_bgr, header))

    def _now_ns(self) -> int:
        return int(self._node.get_clock().now().nanoseconds)


def _compressed(image_bgr: ImageArray, header: Header) -> CompressedImage:
    _, data = cv2.imencode('.jpg', image_bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return CompressedImage(
        header=header,
        format='bgr8; jpeg compressed bgr8',
        data=array.array('B', data.tobytes()),
    )
