"""
What the pipeline says of people who are cut by the image, come near, or lie on their heads.

One person is in each clip, besides somebody in the background, whose place is known: everybody
else whom the pipeline announces is a ghost. Who is out of sight is where they were last seen. A
person who faces more than 120 degrees away from the truth has front and back swapped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biopose_ros.evaluation.metrics import angle_errors_deg
from biopose_ros.evaluation.near.clips import Clip, hips_depth_m, referred_to_itself, run
from biopose_ros.evaluation.near.cuts import Cut, cuts_of
from biopose_ros.keypoints.landmarks import LANDMARK_NAMES, landmark_index
from biopose_ros.person.certainty import MAIN_JOINTS
from biopose_ros.pipeline import Pipeline
from biopose_ros.records import FloatArray, PersonPose, TrackingState

FLIPPED_DEG = 120.0
WRONG_DEG, SURE = 30.0, 0.9
KINDS = {'knee': [0, 1], 'hip': [2, 3], 'elbow': [4, 5]}  # columns of MAIN_JOINTS
_MATCHED = [
    landmark_index(f'{side}_{name}') for name in ('shoulder', 'hip') for side in ('left', 'right')
]


@dataclass(frozen=True, eq=False)
class Rows:
    """
    One version of one clip, a row per picture in which the person was announced.

    :param images: pictures of the version.
    :param ghosts: persons announced beside the one who is there, summed over pictures.
    :param tracked: [rows], whether the state was tracked.
    :param confidence: [rows].
    :param facing_deg: [rows], angle between true and found forward axis of the pelvis.
    :param depth_error_m: [rows], found minus true.
    :param depth_stddev_m: [rows], as stated.
    :param errors_deg: [rows, 6], of :data:`MAIN_JOINTS`.
    :param stddev_deg: [rows, 6], as stated.
    """

    images: int
    ghosts: int
    tracked: NDArray[np.bool_]
    confidence: FloatArray
    facing_deg: FloatArray
    depth_error_m: FloatArray
    depth_stddev_m: FloatArray
    errors_deg: FloatArray
    stddev_deg: FloatArray


def measure(
    pipeline: Pipeline,
    clips: Sequence[Clip],
    watch: Callable[[Iterable[Cut], str], Iterable[Cut]] = lambda cuts, _name: cuts,
) -> dict[tuple[str, str], Rows]:
    """
    Run the pipeline over every version of every clip.

    :param pipeline: what to measure.
    :param clips: of :func:`~biopose_ros.evaluation.near.clips.load_clips`.
    :param watch: shows progress; gets the versions and the clip's name.
    :returns: by clip and version.
    """
    found = {}
    for one in clips:
        clip = referred_to_itself(one, pipeline)
        assert clip.person is not None
        for cut in watch(cuts_of(clip.person.points_px), clip.name):
            found[clip.name, cut.name] = _rows(pipeline, clip, cut)
    return found


def figures(rows: Iterable[Rows]) -> dict[str, Any]:
    """
    Count over several versions.

    :param rows: of :func:`measure`.
    :returns: ``images``; ``found``, share of them in which the person is announced, and
        ``tracked``; ``ghosts``, announcements of somebody else; ``front_back_flips``, pictures in
        which the pelvis faces the wrong way while tracked; ``distance_within_2_sigma``,
        ``angles_within_1_sigma`` and ``angles_within_2_sigma``, shares; ``sure``, share of the
        announced with a confidence over 0.9; ``wrong_and_sure``, share of the main joints' angles
        there that are off by over 30 degrees; ``confidence``, mean; errors and stated deviations
        of the distance and of each kind of joint, medians.
    """
    parts = list(rows)

    def joined(name: str) -> Any:
        return np.concatenate([getattr(part, name) for part in parts])

    images = sum(part.images for part in parts)
    tracked, sure = joined('tracked'), joined('confidence') > SURE
    depth_error_m, depth_stddev_m = joined('depth_error_m'), joined('depth_stddev_m')
    errors_deg, stddev_deg = np.abs(joined('errors_deg')), joined('stddev_deg')
    return {
        'images': images,
        'found': len(tracked) / images,
        'tracked': float(tracked.sum()) / images,
        'ghosts': sum(part.ghosts for part in parts),
        'front_back_flips': int((tracked & (joined('facing_deg') > FLIPPED_DEG)).sum()),
        'distance_within_2_sigma': _mean(np.abs(depth_error_m) < 2 * depth_stddev_m),
        'angles_within_1_sigma': _mean(errors_deg < stddev_deg),
        'angles_within_2_sigma': _mean(errors_deg < 2 * stddev_deg),
        'sure': _mean(sure),
        'wrong_and_sure': _mean(errors_deg[sure] > WRONG_DEG) if sure.any() else 0.0,
        'depth_error_m': _median(np.abs(depth_error_m)),
        'depth_stddev_m': _median(depth_stddev_m),
        'confidence': _mean(joined('confidence')),
        **{f'{kind}_error_deg': _median(errors_deg[:, rows]) for kind, rows in KINDS.items()},
        **{f'{kind}_stddev_deg': _median(stddev_deg[:, rows]) for kind, rows in KINDS.items()},
    }


def by_version(found: Mapping[tuple[str, str], Rows]) -> dict[str, dict[str, Any]]:
    """Count over the clips, version by version; all of them last."""
    versions = dict.fromkeys(version for _, version in found)
    table = {
        version: figures(rows for (_, name), rows in found.items() if name == version)
        for version in versions
    }
    return {**table, 'all': figures(found.values())}


class LastSeen:
    """
    Tells where persons are in a clip's own pictures.

    The record of a person who is not seen keeps the keypoints of the picture in which they were
    seen last, and these lie where that picture's zoom, not the present one's, brings them from.

    :param original_px: gives the places in a clip's own picture of points in a changed one, from
        the points, [points, 2], and the number of the picture.
    """

    def __init__(self, original_px: Callable[[FloatArray, int], FloatArray]) -> None:
        self._original_px = original_px
        self._last: dict[int, tuple[FloatArray, FloatArray]] = {}

    def original_px(self, pose: PersonPose, frame: int) -> FloatArray:
        """
        Tell where shoulders and hips are or were last seen, [4, 2].

        :param pose: of a person in a changed picture.
        :param frame: number of the picture in the clip.
        """
        points_px, last = pose.keypoints_px[_MATCHED], self._last.get(pose.track_id)
        if last is None or not np.array_equal(last[0], points_px):
            self._last[pose.track_id] = points_px, self._original_px(points_px, frame)
        return self._last[pose.track_id][1]


def _rows(pipeline: Pipeline, clip: Clip, cut: Cut) -> Rows:
    assert clip.person is not None
    person, skeleton, camera = clip.person, pipeline.skeleton, cut.camera(clip.camera)
    found = run(
        pipeline, clip.frames, camera,
        lambda image, number: cut.picture(image, clip.camera, number),
    )  # fmt: skip
    joints = [skeleton.coordinate_index(name) for name in MAIN_JOINTS]
    depth = skeleton.coordinate_index('pelvis_tx')
    rows, ghosts, images = [], 0, 0
    places = LastSeen(lambda points_px, index: cut.original_px(points_px, clip.camera, index))
    for number, (frame, poses) in enumerate(zip(clip.frames, found, strict=True)):
        announced = [
            (pose, places.original_px(pose, frame.index))
            for pose in poses
            if pose.state is not TrackingState.LOST
        ]
        announced = [one for one in announced if not _is_bystander(one[1], clip)]
        ghosts += max(len(announced) - 1, 0)
        images += 1
        if not announced or not np.isfinite(person.depth_m[number]):
            continue
        true_px = np.stack([person.points_px[LANDMARK_NAMES[row]][number] for row in _MATCHED])
        # The others are ghosts.
        pose, _ = min(announced, key=lambda one: float(np.square(one[1] - true_px).sum()))
        facing = cut.rotation() @ person.facing[number]
        rows.append(
            (
                pose.state is TrackingState.TRACKED,
                pose.confidence,
                _angle_deg(facing, pose.segment_rotations[0][:, 0]),
                hips_depth_m(pose, skeleton) - person.depth_m[number] / cut.zoom(frame.index),
                pose.stddev[depth],
                angle_errors_deg(pose.coordinates[joints], person.angles_rad[number]),
                np.degrees(pose.stddev[joints]),
            )
        )
    widths = [()] * 5 + [(len(joints),)] * 2
    columns: Iterable[Any] = zip(*rows, strict=True) if rows else ([],) * len(widths)
    arrays = [
        np.asarray(list(column), np.float64).reshape(-1, *width)
        for column, width in zip(columns, widths, strict=True)
    ]
    return Rows(images, ghosts, arrays[0] > 0, *arrays[1:])


def _is_bystander(points_px: FloatArray, clip: Clip) -> bool:
    low, high = clip.bystander_px
    return bool(low < np.median(points_px[:, 0]) < high)


def _angle_deg(first: FloatArray, second: FloatArray) -> float:
    cosine = float(first @ second) / (np.linalg.norm(first) * np.linalg.norm(second))
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


def _mean(values: NDArray[np.generic]) -> float:
    return float(np.mean(values.astype(np.float64))) if np.size(values) else float('nan')


def _median(values: FloatArray) -> float:
    return float(np.median(values)) if np.size(values) else float('nan')
