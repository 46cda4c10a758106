"""Poses of a whole recording, smoothed with what came before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from biopose_ros.frames import GroundFrame
from biopose_ros.person.filtering import FilteredCoordinates
from biopose_ros.person.motion import motion_model, within_limits
from biopose_ros.person.placing import PersonPlacing
from biopose_ros.person.smoothing import smooth
from biopose_ros.person.standing import StandingPerson
from biopose_ros.records import BodySize, Camera, FloatArray, PersonPose, TrackingState
from biopose_ros.skeleton import Skeleton


@dataclass(frozen=True)
class RecordedImage:
    """
    The persons of one image.

    :param time_s: of the image.
    :param poses: everybody in it.
    """

    time_s: float
    poses: Sequence[PersonPose]


def smooth_recording(
    images: Sequence[RecordedImage],
    skeleton: Skeleton,
    camera: Camera,
    ground: GroundFrame,
    smoothing: float,
) -> list[RecordedImage]:
    """
    Smooth everybody's coordinates, and place the segments anew.

    :param images: in the order of time, made by a pipeline whose own filter is off
        (``smoothing=0``).
    :param skeleton: of the poses.
    :param camera: of the images.
    :param ground: what the coordinates count from.
    :param smoothing: strength, 0 to 1.
    :returns: the same images, persons and states. Before the first and after the last sighting
        between two long gaps a pose stays as predicted.
    :raises ValueError: when times do not increase.
    """
    placing = PersonPlacing(skeleton, ground)
    tracks: dict[str, list[tuple[int, int]]] = {}
    for row, image in enumerate(images):
        for column, pose in enumerate(image.poses):
            if pose.state is not TrackingState.LOST:
                tracks.setdefault(pose.person_id, []).append((row, column))
    poses = [list(image.poses) for image in images]
    for places in tracks.values():
        times_s = np.array([images[row].time_s for row, _ in places])
        track = [poses[row][column] for row, column in places]
        distance_stddev = np.stack(
            [placing.distance_stddev(pose.coordinates, _size(pose), camera) for pose in track]
        )
        frames = _smooth_track(times_s, track, distance_stddev, skeleton, smoothing)
        standing = StandingPerson(skeleton, ground)
        for (row, column), frame, shared in zip(places, frames, distance_stddev, strict=True):
            poses[row][column] = _replaced(
                poses[row][column], frame, shared, standing, images[row].time_s, skeleton
            )
    return [replace(image, poses=new) for image, new in zip(images, poses, strict=True)]


def _smooth_track(
    times_s: FloatArray,
    track: Sequence[PersonPose],
    distance_stddev: FloatArray,
    skeleton: Skeleton,
    smoothing: float,
) -> list[FilteredCoordinates]:
    """Smooth what was measured; the error of the distance, which all images share, stays out."""
    is_seen = np.array([pose.state is not TrackingState.OCCLUDED for pose in track])
    positions = np.stack([pose.coordinates for pose in track])
    variance = np.square([pose.stddev for pose in track]) - np.square(distance_stddev)
    return smooth(
        times_s,
        np.where(is_seen[:, None], positions, np.nan),
        np.sqrt(np.maximum(variance, 0.0)),
        motion_model(skeleton),
        smoothing,
    )


def _replaced(
    pose: PersonPose,
    frame: FilteredCoordinates,
    distance_stddev: FloatArray,
    standing: StandingPerson,
    time_s: float,
    skeleton: Skeleton,
) -> PersonPose:
    known = np.isfinite(frame.positions)
    positions = np.where(known, frame.positions, pose.coordinates)
    placed = standing.place(
        within_limits(skeleton, positions),
        pose.scales,
        time_s,
        is_measured=pose.state is not TrackingState.OCCLUDED,
        is_held=True,
    )
    return replace(
        pose,
        coordinates=placed.coordinates,
        velocities=np.where(known, frame.velocities, pose.velocities),
        stddev=np.where(known, np.hypot(frame.stddev, distance_stddev), pose.stddev),
        segment_rotations=placed.segment_rotations,
        segment_positions_m=placed.segment_positions_m,
        foot_contact=placed.foot_contact,
    )


def _size(pose: PersonPose) -> BodySize:
    return BodySize(pose.scales, pose.scale_stddev, pose.stature_m, pose.stature_stddev_m)
