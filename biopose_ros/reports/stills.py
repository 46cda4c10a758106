"""Pictures of a recording with the skeleton drawn in, and its angles written beside the joints."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from biopose_ros.files.frames import ImageArray
from biopose_ros.files.video import open_frames
from biopose_ros.frames import project_through_lens
from biopose_ros.person.drawing import draw_person, draw_persons
from biopose_ros.records import (
    Camera,
    FloatArray,
    Markers,
    PersonPose,
    TrackingState,
    track_id_of,
)
from biopose_ros.reports.results import OVERLAY, PersonRecording, RunFolder
from biopose_ros.reports.vocabulary import SIDES

# Angles written beside a still, and the segment whose origin is the joint.
LABELLED = {
    'arm_flex': 'humerus',
    'elbow_flex': 'ulna',
    'hip_flexion': 'femur',
    'knee_angle': 'tibia',
    'ankle_angle': 'talus',
}
SHORT = {
    'arm_flex': 'shoulder',
    'elbow_flex': 'elbow',
    'hip_flexion': 'hip',
    'knee_angle': 'knee',
    'ankle_angle': 'ankle',
}
_STILL_HEIGHT_PX, _SCENE_WIDTH_PX = 520, 1200
_JPEG_QUALITY = 82
# Room around a person in a still, of the person's height; and a still's width over its height.
_MARGIN, _ASPECT = 0.12, 0.8
_LEAST_GAP = 0.062  # between two labels, of the still's height


@dataclass(frozen=True)
class Label:
    """
    One angle beside a still.

    :param text: for example ``knee 63°``.
    :param side: ``left`` or ``right``.
    :param joint: x and y of the joint, shares of width and height.
    :param place: y of the text, share of the height.
    :param is_at_left: which margin it stands in.
    """

    text: str
    side: str
    joint: tuple[float, float]
    place: float
    is_at_left: bool


@dataclass(frozen=True)
class Still:
    """
    One picture.

    :param jpeg: as a ``data:`` address.
    :param width: of the picture, pixels.
    :param height: of the picture, pixels.
    :param time_s: of the image.
    :param caption: below it.
    :param labels: angles.
    """

    jpeg: str
    width: int
    height: int
    time_s: float
    caption: str
    labels: tuple[Label, ...] = ()


def find_source(run: RunFolder, video: Path | None) -> Path | None:
    """
    Find the pictures of a run: those given, its input, or its overlay.

    :param run: of the report.
    :param video: what the user gave.
    """
    places = [video] if video else [Path(str(run.summary['input'])), run.folder / OVERLAY]
    return next((place for place in places if place.exists()), None)


def read_pictures(
    run: RunFolder, source: Path, times_s: Sequence[float]
) -> dict[float, ImageArray]:
    """
    Take single pictures out of a recording.

    :param run: whose clock the times are on.
    :param source: video, folder of images with times, or bag.
    :param times_s: of the pictures.
    :returns: per time the nearest picture, where there is one within half an image's time.
    :raises SourceError: when the recording cannot be read.
    """
    origin_ns = int(run.summary['time_origin_ns'])
    wanted = np.array(sorted(set(times_s)))
    half_s = 0.55 / float(run.summary.get('rate_hz') or 30.0)
    found: dict[float, ImageArray] = {}
    for frame in open_frames(source, rate_hz=run.image_rate_hz(source)):
        time_s = (frame.stamp_ns - origin_ns) * 1e-9
        for match in wanted[np.abs(wanted - time_s) <= half_s]:
            found.setdefault(float(match), frame.image_bgr)
        if len(wanted) and time_s > wanted[-1] + half_s:
            break
    return found


def pose_at(run: RunFolder, person: PersonRecording, index: int) -> PersonPose:
    """
    Build the record that drawing takes.

    :param run: of the person.
    :param person: whose.
    :param index: of the image.
    """
    rotations, origins_m = (part[index] for part in person.segments)
    segments, coordinates = len(origins_m), person.coordinates[index]
    camera_m = run.ground.to_camera(origins_m)
    px = project_through_lens(camera_m, run.camera)
    return PersonPose(
        track_id=track_id_of(person.person_id),
        stamp_ns=0,
        state=TrackingState.TRACKED if person.is_seen[index] else TrackingState.OCCLUDED,
        confidence=float(person.confidence[index]),
        coordinates=coordinates,
        velocities=np.zeros_like(coordinates),
        stddev=np.array([s[index] for s in person.stddev.values()]),
        scales=np.ones((segments, 3)),
        scale_stddev=np.zeros(segments),
        segment_rotations=run.ground.camera_from_ground @ rotations,
        segment_positions_m=camera_m,
        markers=Markers((), np.zeros((0, 3)), np.zeros(0)),
        stature_m=np.nan,
        stature_stddev_m=np.nan,
        box_xyxy_px=np.concatenate([np.nanmin(px, axis=0), np.nanmax(px, axis=0)]),
        keypoints_px=np.full((33, 2), np.nan),
        keypoint_confidence=np.zeros(33),
    )


def scene(run: RunFolder, picture: ImageArray, time_s: float, *, is_drawn: bool) -> Still:
    """
    Show who is who, in the whole picture.

    :param run: with everybody.
    :param picture: [height, width, 3].
    :param time_s: of the picture.
    :param is_drawn: whether the picture shows the skeletons already.
    """
    poses = [
        pose_at(run, person, index)
        for person in run.persons
        if (index := _index_at(person, time_s)) is not None
    ]
    if not is_drawn:
        picture = draw_persons(picture, run.camera, poses, run.persons[0].skeleton)
    size = min(1.0, _SCENE_WIDTH_PX / picture.shape[1])
    wanted = (round(size * picture.shape[1]), round(size * picture.shape[0]))
    return _still(picture, wanted, time_s, f'{time_s:.1f} s', ())


def _index_at(person: PersonRecording, time_s: float) -> int | None:
    index = int(np.argmin(np.abs(person.times_s - time_s)))
    near = abs(person.times_s[index] - time_s) < 0.05
    return index if near and person.is_seen[index] else None


def still(
    run: RunFolder,
    person: PersonRecording,
    picture: ImageArray,
    index: int,
    caption: str,
    *,
    is_drawn: bool,
) -> Still:
    """
    Cut out one person, and write the angles beside the joints.

    :param run: of the person.
    :param person: whose.
    :param picture: [height, width, 3].
    :param index: of the image in the person's recording.
    :param caption: below it.
    :param is_drawn: whether the picture shows the skeletons already.
    """
    pose = pose_at(run, person, index)
    if not is_drawn:
        shown = replace(pose, box_xyxy_px=np.full(4, np.nan))  # no name beside it
        picture = draw_person(picture, run.camera, shown, person.skeleton)
    corner, size = _window(pose.box_xyxy_px, run.camera)
    x, y = corner
    width, height = size
    cut = _cut(picture, x, y, width, height)
    wanted = (round(_ASPECT * _STILL_HEIGHT_PX), _STILL_HEIGHT_PX)
    px = project_through_lens(pose.segment_positions_m, run.camera)
    joints = {
        name: (px[person.skeleton.segment_index(name)] - corner) / size
        for name in person.skeleton.segment_names
    }
    labels = _labels(person, index, joints)
    return _still(cut, wanted, float(person.times_s[index]), caption, labels)


def _window(box_px: FloatArray, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Choose what is cut out: the person with some room, inside the picture."""
    image = np.array([camera.width_px, camera.height_px])
    low, high = np.clip(box_px[:2], 0, image - 1), np.clip(box_px[2:], 1, image)
    # Room for the head above its joint, and for labels beside arms and legs.
    margin = _MARGIN * (high - low)[1]
    wanted = (high - low) + [2 * margin + 1.2 * margin, 2 * margin]
    height = max(32.0, wanted[1], wanted[0] / _ASPECT)
    size = np.round([_ASPECT * height, height]).astype(int)
    corner = np.round((low + high) / 2 - size / 2 - [0, 0.3 * margin]).astype(int)
    # Inside the picture as far as the picture is large enough.
    return np.clip(corner, np.minimum(0, image - size), np.maximum(0, image - size)), size


def _cut(picture: ImageArray, x: int, y: int, width: int, height: int) -> ImageArray:
    """Cut out a window; beyond the picture it is black."""
    cut = np.zeros((height, width, 3), np.uint8)
    left, top = max(0, -x), max(0, -y)
    inside = picture[max(0, y) : y + height, max(0, x) : x + width]
    cut[top : top + inside.shape[0], left : left + inside.shape[1]] = inside
    return cut


def _labels(
    person: PersonRecording, index: int, joints: Mapping[str, FloatArray]
) -> tuple[Label, ...]:
    """Write each joint's angles in the margin that is nearer, of a pair one in each."""
    columns: dict[bool, list[tuple[FloatArray, str, str]]] = {True: [], False: []}
    for kind, segment in LABELLED.items():
        pair = sorted(('r', 'l'), key=lambda side: joints[f'{segment}_{side}'][0])
        for side, is_at_left in zip(pair, (True, False), strict=True):
            coordinate, joint = f'{kind}_{side}', joints[f'{segment}_{side}']
            inside = np.isfinite(joint).all() and (joint >= 0).all() and (joint <= 1).all()
            value = person.values[coordinate][index] if coordinate in person.values else np.nan
            if inside and np.isfinite(value):
                text = f'{SHORT[kind]} {np.degrees(value):.0f}°'
                columns[is_at_left].append((joint, text, SIDES[side]))
    labels = []
    for is_at_left, column in columns.items():
        column.sort(key=lambda one: one[0][1])
        places = _spread([float(joint[1]) for joint, _, _ in column])
        labels += [
            Label(text, side, (float(joint[0]), float(joint[1])), place, is_at_left)
            for (joint, text, side), place in zip(column, places, strict=True)
        ]
    return tuple(labels)


def _spread(wanted: Sequence[float]) -> list[float]:
    """Move texts apart that would overlap, and keep them inside."""
    places: list[float] = []
    for place in wanted:
        places.append(max(place, places[-1] + _LEAST_GAP if places else 0.04))
    overhang = max(0.0, places[-1] - 0.97) if places else 0.0
    return [place - overhang for place in places]


def _still(
    picture: ImageArray,
    size: tuple[int, int],
    time_s: float,
    caption: str,
    labels: tuple[Label, ...],
) -> Still:
    width, height = size
    interpolation = cv2.INTER_AREA if height < picture.shape[0] else cv2.INTER_CUBIC
    resized = cv2.resize(picture, size, interpolation=interpolation)
    _, encoded = cv2.imencode('.jpg', resized, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    address = 'data:image/jpeg;base64,' + base64.b64encode(encoded.tobytes()).decode()
    return Still(address, width, height, time_s, caption, labels)
