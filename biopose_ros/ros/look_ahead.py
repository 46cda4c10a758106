"""Results that wait for later images, and are estimated with them."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from std_msgs.msg import Header

from biopose_ros.frames import GroundFrame
from biopose_ros.person.recording import RecordedImage, RecordingSmoother
from biopose_ros.pipeline import Pipeline
from biopose_ros.records import Camera, PersonPose
from biopose_ros.ros.camera_source import same_optics
from biopose_ros.ros.stamps import NANOSECONDS, to_ns
from biopose_ros.sensor_messages.images import BgrImage


@dataclass(frozen=True)
class EstimatedFrame:
    """
    One image, and what the pipeline made of it.

    :param header: the image's own stamp and frame.
    :param camera: what the image was taken with.
    :param seen_camera: of the part and turn of it that the pipeline saw.
    :param ground: before the camera.
    :param image_bgr: [height, width, 3].
    :param ended: persons who were lost before it.
    :param poses: of everybody in it, in the axes of the seen camera.
    """

    header: Header
    camera: Camera
    seen_camera: Camera
    ground: GroundFrame
    image_bgr: BgrImage
    ended: Sequence[PersonPose]
    poses: Sequence[PersonPose]


class LookAhead:
    """
    Holds images back until later ones are known.

    :param pipeline: that made the poses; where the camera stands does not change.
    :param lag_s: by how much later images count; 0 holds nothing back.
    """

    def __init__(self, pipeline: Pipeline, lag_s: float) -> None:
        self._pipeline, self._lag_s = pipeline, lag_s
        self._waiting: deque[EstimatedFrame] = deque()
        self._smoother: RecordingSmoother | None = None
        self._camera: Camera | None = None

    def add(self, frame: EstimatedFrame) -> list[tuple[EstimatedFrame, Sequence[PersonPose]]]:
        """
        Take the next image in.

        :param frame: later than the one before; of another camera only after :meth:`finish`.
        :returns: the images that are finished by it, with everybody's final pose.
        """
        if not self._lag_s:
            return [(frame, frame.poses)]
        self._waiting.append(frame)
        smoother = self._smoother_for(frame.seen_camera)
        smoother.set_smoothing(self._pipeline.config.smoothing)
        time_s = to_ns(frame.header.stamp) / NANOSECONDS
        return self._settled(
            smoother.add(RecordedImage(time_s, frame.poses), self._pipeline.ground)
        )

    def finish(self) -> list[tuple[EstimatedFrame, Sequence[PersonPose]]]:
        """Wait no longer; see :meth:`add`."""
        return self._settled(self._smoother.finish()) if self._smoother else []

    def _smoother_for(self, camera: Camera) -> RecordingSmoother:
        if self._smoother is None or self._camera is None or not same_optics(camera, self._camera):
            pipeline = self._pipeline
            self._camera = camera
            self._smoother = RecordingSmoother(
                pipeline.skeleton,
                camera,
                pipeline.config.smoothing,
                self._lag_s,
            )
        return self._smoother

    def _settled(
        self, images: Sequence[RecordedImage]
    ) -> list[tuple[EstimatedFrame, Sequence[PersonPose]]]:
        deviations = self._pipeline.certainty.deviations
        settled: list[tuple[EstimatedFrame, Sequence[PersonPose]]] = []
        for image in images:
            frame = self._waiting.popleft()
            settled.append((frame, [deviations(p, frame.seen_camera) for p in image.poses]))
        return settled
