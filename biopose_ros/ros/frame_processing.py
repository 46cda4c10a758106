"""From one image message to the persons in it: decode, order in time, run the pipeline."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from sensor_msgs.msg import Image
from std_msgs.msg import Header

from biopose_ros.frames import GroundFrame
from biopose_ros.inference.stage_clock import StageClock, StageTime
from biopose_ros.keypoints import DetectedKeypoints
from biopose_ros.person.stillness import Stillness
from biopose_ros.pipeline import Pipeline
from biopose_ros.records import Camera, PersonPose, TrackingState, track_id_of
from biopose_ros.ros.camera_source import CameraSource, same_optics
from biopose_ros.ros.ground_source import GroundSource, axes_warning
from biopose_ros.ros.image_decoding import decode_any_image
from biopose_ros.ros.image_input import ImageMessage
from biopose_ros.ros.image_view import ImageView
from biopose_ros.ros.keypoint_input import KeypointInput
from biopose_ros.ros.look_ahead import EstimatedFrame, LookAhead
from biopose_ros.ros.named_person import NamedPerson
from biopose_ros.ros.person_choice import PersonChoice, Rule
from biopose_ros.ros.stamps import to_ns, to_time
from biopose_ros.sensor_messages.images import (
    BgrImage,
    ImageError,
    decode_compressed,
)

# Images may overtake each other on the way by this much; a longer step back is a new time line
# (a bag that starts again, a clock that was set).
LATE_NS = 300_000_000
DEFAULT_FRAME_ID = 'camera'
_LOST = TrackingState.LOST


@dataclass(frozen=True)
class FrameResult:
    """
    The result of one image.

    :param header: the image's own stamp and frame.
    :param camera: what the image was taken with.
    :param ground: seen from that camera; None where persons were lost without a new image.
    :param image_bgr: [height, width, 3]; None where persons were lost without a new image.
    :param persons: all that are followed; those no longer followed are listed once, as lost.
    :param started_s: when the work on it began, steady clock.
    """

    header: Header
    camera: Camera | None
    ground: GroundFrame | None
    image_bgr: BgrImage | None
    persons: tuple[NamedPerson, ...]
    started_s: float = field(default_factory=time.monotonic)

    @property
    def present(self) -> tuple[NamedPerson, ...]:
        """Give the persons who are still followed."""
        return tuple(p for p in self.persons if p.state is not TrackingState.LOST)


class FrameProcessor:
    """
    Feeds the pipeline with images in the order of their stamps.

    Its clock times the work around the pipeline, which has a clock of its own; the publisher of
    the results adds its time and ends the image.

    :param pipeline: the spine.
    :param cameras: knows the calibration.
    :param grounds: gives the direction of gravity and the floor before a camera that moves; None
        where the pipeline's ground holds.
    :param id_prefix: put before person ids.
    :param warn_once: logs a text that need not be repeated for every image.
    :param view: what of an image the pipeline sees.
    :param choice: selects the persons that are published.
    :param still_s: time of moving as one rigid piece after which a person may be a picture; 0
        switches the check off.
    :param keypoints: another detector's, where there is one.
    :param lag_s: by how much later images count; results come so much later.
    :attr present: ids of all followed persons.
    :attr motionless: ids of those who may be pictures or mannequins.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        cameras: CameraSource,
        grounds: GroundSource | None,
        id_prefix: str,
        warn_once: Callable[[str], None],
        view: ImageView,
        choice: PersonChoice,
        still_s: float,
        keypoints: KeypointInput | None = None,
        lag_s: float = 0.0,
    ) -> None:
        self._pipeline = pipeline
        self._cameras = cameras
        self._grounds = grounds
        self._id_prefix = id_prefix
        self._warn_once = warn_once
        self._view, self._choice = view, choice
        self._stillness = Stillness(still_s)
        self._keypoints = keypoints
        self._look_ahead = LookAhead(pipeline, lag_s)
        self.present: frozenset[str] = frozenset()
        self.motionless: frozenset[str] = frozenset()
        self.clock = StageClock()
        self._camera: Camera | None = None
        self._header: Header | None = None

    def process(self, message: ImageMessage, arrival_ns: int) -> list[FrameResult]:
        """
        Estimate all persons in an image.

        :param arrival_ns: stands in for the stamp of an unstamped image.
        :returns: of the images that are finished by it, this one if nothing is awaited.
        :raises ImageError: where the image cannot be used; the buffers are unharmed.
        :raises RuntimeError: where the ground is not known; they are unharmed, too.
        """
        started_s = time.monotonic()
        with self.clock('decode'):
            image_bgr = (
                decode_any_image(message)
                if isinstance(message, Image)
                else decode_compressed(message)
            )
        header = self._checked_header(message.header, arrival_ns)
        moved = self._ground_before(header)
        height, width, _ = image_bgr.shape
        camera = self._cameras.camera_for(width, height)
        results, ended = self._begin_anew_where_needed(header, camera)
        self._header, self._camera = header, camera
        stamp_ns = to_ns(header.stamp)
        found = self._foreign_keypoints(stamp_ns)
        seen, seen_camera = self._view.see(image_bgr, camera)
        poses = self._pipeline.process(seen, seen_camera, stamp_ns, found)
        mounted = self._pipeline.ground.of_turned_camera(self._view.camera_from_seen)
        ground = mounted if moved is None else moved
        frame = EstimatedFrame(header, camera, seen_camera, ground, image_bgr, ended, poses)
        with self.clock('look ahead'):
            finished = self._look_ahead.add(frame)
        return results + [self._result(*one, started_s) for one in finished]

    def _result(
        self, frame: EstimatedFrame, poses: Sequence[PersonPose], started_s: float
    ) -> FrameResult:
        header, camera = frame.header, frame.camera
        persons = [self._view.back(pose, camera) for pose in self._stillness.judge(poses)]
        followed = self._named(p for p in persons if p.state is not _LOST)
        self.present = frozenset(p.person_id for p in followed)
        self.motionless = frozenset(
            p.person_id for p in followed if p.track_id in self._stillness.motionless
        )
        told = [
            *self._choice.end(frame.ended),
            *self._choice.keep(persons, to_ns(header.stamp)),
        ]
        return FrameResult(
            header, camera, frame.ground, frame.image_bgr, self._named(told), started_s
        )

    def reset(self) -> list[FrameResult]:
        """
        Forget everybody.

        :returns: of the images that waited for later ones, then everybody's last records, stamped
            as the last image, where anybody was followed.
        """
        return [*self._awaited(), *self._ended(self._pipeline.reset())]

    def forget(self, person_id: str) -> list[FrameResult]:
        """
        Forget one person; see :meth:`reset`.

        :param person_id: with its prefix.
        """
        return [*self._awaited(), *self._ended(self._pipeline.forget(track_id_of(person_id)))]

    def set_height(self, person_id: str, height_m: float | None) -> None:
        """Set one person's standing height; None returns to that of everybody else."""
        self._pipeline.set_height(track_id_of(person_id), height_m)

    def choose(self, rule: Rule | None, person_id: str) -> None:
        """
        Choose who is published; see :class:`PersonChoice`.

        :param person_id: of the chosen person; '' lets the rule choose.
        """
        self._choice.choose(rule, track_id_of(person_id) if person_id else None)

    def _awaited(self) -> list[FrameResult]:
        started_s = time.monotonic()
        return [self._result(*one, started_s) for one in self._look_ahead.finish()]

    def _ended(self, lost: Sequence[PersonPose]) -> list[FrameResult]:
        self.present -= {person.person_id for person in self._named(lost)}
        self.motionless &= self.present
        if self._header is None:
            return []
        told = self._named(self._choice.end(lost))
        return [FrameResult(self._header, self._camera, None, None, told)] if told else []

    @property
    def is_calibrated(self) -> bool:
        """Tell whether the last image's camera is known."""
        return self._camera is None or self._camera.is_calibrated

    @property
    def stamp_ns(self) -> int:
        """The last image's stamp, whether or not its results still wait for later images."""
        return 0 if self._header is None else to_ns(self._header.stamp)

    def stage_times(self) -> dict[str, StageTime]:
        """Give the time of every stage, the pipeline's and those around it."""
        return self.clock.times() | self._pipeline.clock.times()

    def _foreign_keypoints(self, stamp_ns: int) -> DetectedKeypoints | None:
        if self._keypoints is None:
            return None
        with self.clock('keypoints'):
            return self._keypoints.at(stamp_ns)

    def _ground_before(self, header: Header) -> GroundFrame | None:
        if self._grounds is None:
            return None
        ground = self._grounds.at(header)
        warning = axes_warning(ground, header.frame_id)
        if warning:
            self._warn_once(warning)
        self._pipeline.stand_on(ground.of_turned_camera(self._view.camera_from_seen.T))
        return ground

    def _checked_header(self, header: Header, arrival_ns: int) -> Header:
        stamp, frame_id = header.stamp, header.frame_id
        if to_ns(stamp) == 0:
            self._warn_once('images carry no stamp; their time of arrival is used instead')
            stamp = to_time(arrival_ns)
        if not frame_id:
            self._warn_once(f'images name no frame_id; {DEFAULT_FRAME_ID!r} is used instead')
            frame_id = DEFAULT_FRAME_ID
        if frame_id.endswith('_link'):
            self._warn_once(
                f'images name the frame {frame_id}, by its name with x forward and z up; results '
                'are in optical axes (x right, y down, z forward): have the camera driver name '
                'its optical frame'
            )
        return Header(stamp=stamp, frame_id=frame_id)

    def _begin_anew_where_needed(
        self, header: Header, camera: Camera
    ) -> tuple[list[FrameResult], list[PersonPose]]:
        """
        Clear the buffers where time stepped back or the camera is another one.

        :returns: results of images that waited for later ones, and everybody's last records.
        """
        if self._header is None or self._camera is None:
            return [], []
        step_ns = to_ns(header.stamp) - to_ns(self._header.stamp)
        if -LATE_NS < step_ns <= 0:
            raise ImageError(
                f'an image is stamped {-step_ns / 1e6:.1f} ms before the last one or alike; '
                'images must be stamped in the order of publication'
            )
        if step_ns < 0:
            self._warn_once("the images' stamps stepped back; buffers are cleared")
        elif same_optics(camera, self._camera) and header.frame_id == self._header.frame_id:
            return [], []
        # Their last records are published with this image, so they carry its stamp.
        stamp_ns = to_ns(header.stamp)
        awaited = self._awaited()
        return awaited, [replace(p, stamp_ns=stamp_ns) for p in self._pipeline.reset()]

    def _named(self, persons: Iterable[PersonPose]) -> tuple[NamedPerson, ...]:
        return tuple(NamedPerson.of(person, self._id_prefix) for person in persons)
