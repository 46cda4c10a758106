"""Real clips, and what is known of the person in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from biopose_ros.evaluation.angles.multi_view import (
    Truth,
    View,
    find_views,
    interpolate,
    load_truth,
    projected_keypoints,
)
from biopose_ros.evaluation.angles.video import CLIP, LANDMARK_OF_KEYPOINT
from biopose_ros.files.camera import read_camera
from biopose_ros.files.frames import Frame
from biopose_ros.files.video import open_frames
from biopose_ros.keypoints.landmarks import LANDMARK_NAMES
from biopose_ros.person.certainty import MAIN_JOINTS
from biopose_ros.pipeline import Pipeline
from biopose_ros.records import Camera, FloatArray, PersonPose
from biopose_ros.skeleton import Skeleton

# Without truth: its own result on whole pictures is the reference.
OTHER, OTHER_CAMERA = 'sit_to_stand/cam0_test.mp4', ('sit_to_stand/camera.toml', 'cam0')
# Where somebody stands in the background: first and last column, looked at.
_BYSTANDERS_PX: Mapping[str, tuple[float, float]] = {'cam01': (0, 160), 'cam02': (740, 910)}


@dataclass(frozen=True, eq=False)
class KnownPerson:
    """
    The only person of a clip, by picture; NaN where unknown.

    :param angles_rad: [frames, 6], of :data:`MAIN_JOINTS`.
    :param facing: [frames, 3], the pelvis's forward axis, camera axes.
    :param depth_m: [frames], of the middle of the hips.
    :param points_px: [frames, 2] by landmark.
    """

    angles_rad: FloatArray
    facing: FloatArray
    depth_m: FloatArray
    points_px: Mapping[str, FloatArray]


@dataclass(frozen=True, eq=False)
class Clip:
    """
    A clip without lens distortion.

    :param name: for the table.
    :param frames: its pictures.
    :param camera: what they were taken with.
    :param person: who is in them; None where only the pipeline itself can tell.
    :param bystander_px: columns in which somebody else stands; none in (0, 0).
    """

    name: str
    frames: Sequence[Frame]
    camera: Camera
    person: KnownPerson | None = None
    bystander_px: tuple[float, float] = (0.0, 0.0)


def load_clips(data: Path, every: int = 1) -> list[Clip]:
    """
    Read the clips.

    :param data: folder of real clips.
    :param every: takes every n-th picture.
    :raises FileNotFoundError: when one is not there.
    """
    truth = load_truth(data / CLIP)
    # The other two views are kept for acceptance.
    views = [view for view in find_views(data / CLIP) if view.name in ('cam01', 'cam02')]
    return [
        *(_with_truth(view, truth, every) for view in views),
        _without_truth(data, every),
    ]


def referred_to_itself(clip: Clip, pipeline: Pipeline) -> Clip:
    """
    Take the pipeline's own result on whole pictures for the truth, where there is none.

    :param clip: of one person.
    :param pipeline: is reset first.
    """
    if clip.person is not None:
        return clip
    poses = []
    for found in run(pipeline, clip.frames, clip.camera):
        seen = [pose for pose in found if pose.state.is_seen]
        poses.append(max(seen, key=lambda pose: np.ptp(pose.box_xyxy_px[1::2]), default=None))
    return replace(clip, person=_known(poses, pipeline.skeleton))


def run(
    pipeline: Pipeline,
    frames: Iterable[Frame],
    camera: Camera,
    change: Callable[[NDArray[np.uint8], int], NDArray[np.uint8]] = lambda image, _: image,
) -> list[list[PersonPose]]:
    """
    Run the pipeline over pictures as it would live.

    :param pipeline: is reset first.
    :param frames: pictures.
    :param camera: of the changed pictures.
    :param change: gives the picture to look at from a picture and its number.
    :returns: everybody, by picture.
    """
    pipeline.reset()
    return [
        pipeline.process(change(frame.image_bgr, frame.index), camera, frame.stamp_ns)
        for frame in frames
    ]


def hips_depth_m(pose: PersonPose, skeleton: Skeleton) -> float:
    """Give the depth of the middle of the hip joints, where the thighs begin."""
    hips = [skeleton.segment_index(f'femur_{side}') for side in 'rl']
    return float(pose.segment_positions_m[hips, 2].mean())


def _with_truth(view: View, truth: Truth, every: int) -> Clip:
    frames, camera = _pictures(view.video, every, lambda size: view.camera(*size))
    times_s = np.array([frame.stamp_ns for frame in frames]) * 1e-9
    rotation, shift_m = view.camera_from_trc()
    hips_m = 0.5 * (truth.keypoints_m['RHip'] + truth.keypoints_m['LHip'])
    rows = {
        'angles': np.stack([truth.coordinates[name] for name in MAIN_JOINTS], axis=1),
        'facing': truth.pelvis_rotations[:, :, 0] @ rotation.T,
        'depth': (hips_m @ rotation.T + shift_m)[:, 2],
        **{
            LANDMARK_OF_KEYPOINT[name]: points_px
            for name, points_px in projected_keypoints(truth, view, camera).items()
            if name in LANDMARK_OF_KEYPOINT
        },
    }
    rows = {name: interpolate(values, truth.times_s, times_s) for name, values in rows.items()}
    person = KnownPerson(rows.pop('angles'), rows.pop('facing'), rows.pop('depth'), rows)
    return Clip(view.name, frames, camera, person, _BYSTANDERS_PX[view.name])


def _without_truth(data: Path, every: int) -> Clip:
    path, section = OTHER_CAMERA
    frames, camera = _pictures(
        data / OTHER, every, lambda size: read_camera(data / path, *size, section)
    )
    return Clip(Path(OTHER).parent.name, frames, camera)


def _pictures(
    video: Path, every: int, camera_of: Callable[[tuple[int, int]], Camera]
) -> tuple[list[Frame], Camera]:
    """Read a video into memory, without its lens's distortion."""
    frames = list(islice(open_frames(video), 0, None, every))
    height_px, width_px = frames[0].image_bgr.shape[:2]
    camera = camera_of((width_px, height_px))
    if len(camera.distortion):
        lens = camera.intrinsics_px, camera.distortion
        frames = [
            replace(frame, image_bgr=np.asarray(cv2.undistort(frame.image_bgr, *lens), np.uint8))
            for frame in frames
        ]
    return frames, replace(camera, distortion=np.zeros(0))


def _known(poses: Sequence[PersonPose | None], skeleton: Skeleton) -> KnownPerson:
    joints = [skeleton.coordinate_index(name) for name in MAIN_JOINTS]
    angles_rad = np.full((len(poses), len(joints)), np.nan)
    facing, depth_m = np.full((len(poses), 3), np.nan), np.full(len(poses), np.nan)
    points_px = np.full((len(poses), len(LANDMARK_NAMES), 2), np.nan)
    for frame, pose in enumerate(poses):
        if pose is not None:
            angles_rad[frame] = pose.coordinates[joints]
            facing[frame] = pose.segment_rotations[0][:, 0]
            depth_m[frame] = hips_depth_m(pose, skeleton)
            points_px[frame] = pose.keypoints_px
    by_name = {name: points_px[:, place] for place, name in enumerate(LANDMARK_NAMES)}
    return KnownPerson(angles_rad, facing, depth_m, by_name)
