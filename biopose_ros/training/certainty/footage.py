"""
What the pipeline says of rendered footage: persons whole, cut by the image, turned, out of sight.

Half of the sequences show whole persons, the others a part: the window stays where it is, or
closes in on a part as if the person came near. Some are turned, in some the picture is black for a
third of a second.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biopose_ros.body import load_body
from biopose_ros.frames import CAMERA_FROM_GROUND, GROUND_FROM_CAMERA, GroundFrame, project
from biopose_ros.person.certainty import Certainty
from biopose_ros.person.placing import PersonPlacing
from biopose_ros.pipeline import Pipeline
from biopose_ros.records import (
    Camera,
    Crop,
    FloatArray,
    Markers,
    PersonPose,
    SkeletonFit,
    TrackingState,
)
from biopose_ros.settings import PipelineConfig
from biopose_ros.skeleton import Skeleton
from biopose_ros.training.certainty.turning import turned_axes, turned_camera, turned_picture
from biopose_ros.training.synthesis.camera_path import RATE_HZ
from biopose_ros.training.synthesis.cameras import View
from biopose_ros.training.synthesis.chance import pick
from biopose_ros.training.synthesis.records import SyntheticSample
from biopose_ros.training.synthesis.setup import SynthesisConfig, build_sequence_generator
from biopose_ros.training.synthesis.tie import LabelTie

SIDE_PX = 320
FRAMES = (27, 36)
_BLACKOUT = slice(14, 24)


@dataclass(frozen=True, eq=False)
class Footage:
    """
    Poses beside the truth, a row per image in which the person was announced.

    :param sequence: [rows], number of the sequence.
    :param kind: [rows], what the sequence shows: whole, part, approach.
    :param state: [rows], values of :class:`~biopose_ros.records.TrackingState`.
    :param presence: [rows], what the pipeline takes for its confidence before it is judged.
    :param coordinates: [rows, coordinates].
    :param stddev: [rows, coordinates], before it is judged.
    :param true_coordinates: [rows, coordinates].
    :param keypoints_px: [rows, 33, 2].
    :param keypoint_confidence: [rows, 33].
    :param joints_px: [rows, segments, 2], origins of the found segments in the image.
    :param size_px: [rows, 2], of the image.
    """

    sequence: NDArray[np.int64]
    kind: NDArray[np.str_]
    state: NDArray[np.int64]
    presence: FloatArray
    coordinates: FloatArray
    stddev: FloatArray
    true_coordinates: FloatArray
    keypoints_px: FloatArray
    keypoint_confidence: FloatArray
    joints_px: FloatArray
    size_px: FloatArray


def film(
    folder: Path,
    split: str,
    sequences: int,
    motion_folder: Path | None = None,
    advance: Callable[[], None] = lambda: None,
) -> None:
    """
    Render sequences and run the pipeline over them; one file each, those that exist are kept.

    :param folder: for the files.
    :param split: ``validation`` to learn from, ``test`` to measure.
    :param sequences: how many.
    :param motion_folder: recorded motion.
    :param advance: called after each sequence.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config = SynthesisConfig(split=split, seed=23, motion_folder=motion_folder, side_px=SIDE_PX)
    generator = build_sequence_generator(config, tie=LabelTie(load_body()).motion)
    generator.frames = FRAMES
    # The truth counts from a ground that leans with the camera.
    pipeline = Pipeline(PipelineConfig(find_level=False))
    pipeline.certainty = Certainty(pipeline.skeleton, None)
    for number in range(sequences):
        path = folder / f'{split}-{number:04d}.npz'
        if not path.exists():
            chance = np.random.default_rng([20251127, number])
            kind = pick(chance, ['whole', 'part', 'approach'], [0.5, 0.35, 0.15])
            turns = int(pick(chance, [0, 1, 2, 3], [0.8, 0.05, 0.1, 0.05]))
            generator.framing = _FRAMINGS[kind]
            rows = _look(pipeline, generator.chunk(number), turns, chance.random() < 0.3)
            count = len(rows[0])
            labels = np.full(count, number), np.full(count, kind)
            names = [field.name for field in fields(Footage)]
            made: dict[str, Any] = dict(zip(names, (*labels, *rows), strict=True))
            np.savez(path, **made)
        advance()


def load(folder: Path, split: str) -> Footage:
    """
    Read what :func:`film` wrote.

    :raises FileNotFoundError: when there is nothing.
    """
    paths = sorted(folder.glob(f'{split}-????.npz'))
    if not paths:
        raise FileNotFoundError(f'{folder}: no rendered footage ({split}-*.npz)')
    parts = [np.load(path) for path in paths]
    kept = [part for part in parts if len(part['sequence'])]
    return Footage(
        **{field.name: np.concatenate([p[field.name] for p in kept]) for field in fields(Footage)}
    )


def _whole(
    random: np.random.Generator, exact: Sequence[Crop], views: Sequence[View]
) -> list[Crop]:
    """Show the person with room around."""
    camera = views[0].camera
    size = max(crop.size_px for crop in exact) * random.uniform(0.9, 2.2)
    size = min(size, camera.width_px, camera.height_px)
    centre = np.median([crop.center_px for crop in exact], axis=0)
    return [Crop(_inside(centre, size, camera), size, 0.0)] * len(exact)


def _part(random: np.random.Generator, exact: Sequence[Crop], views: Sequence[View]) -> list[Crop]:
    """Show a part of the person: the window lies somewhere on the body."""
    camera = views[0].camera
    person = float(np.median([crop.size_px for crop in exact])) / 1.25
    size = min(person * random.uniform(0.35, 0.9), camera.width_px, camera.height_px)
    middle = exact[len(exact) // 2]
    along = np.array([-np.sin(middle.angle_rad), np.cos(middle.angle_rad)])
    shift = random.uniform(-0.5, 0.5) * person * along + random.normal(0.0, 0.12, 2) * person
    return [Crop(_inside(middle.center_px + shift, size, camera), size, 0.0)] * len(exact)


def _approach(
    random: np.random.Generator, exact: Sequence[Crop], views: Sequence[View]
) -> list[Crop]:
    """Close in on a part of the person."""
    last = _part(random, exact, views)[0]
    first = _whole(random, exact, views)[0]
    crops = []
    for share in np.linspace(0.0, 1.0, len(exact)):
        size = first.size_px ** (1.0 - share) * last.size_px**share
        centre = (1.0 - share) * first.center_px + share * last.center_px
        crops.append(Crop(_inside(centre, size, views[0].camera), float(size), 0.0))
    return crops


_FRAMINGS = {'whole': _whole, 'part': _part, 'approach': _approach}


def _inside(centre_px: FloatArray, size_px: float, camera: Camera) -> FloatArray:
    high = np.array([camera.width_px, camera.height_px]) - size_px / 2
    return np.clip(centre_px, size_px / 2, np.maximum(high, size_px / 2))


def _look(
    pipeline: Pipeline, samples: Sequence[SyntheticSample], turns: int, is_hidden: bool
) -> list[FloatArray]:
    """Run the pipeline over one sequence: the columns of :class:`Footage` from the state on."""
    pipeline.reset()
    turn = turned_axes(turns)
    rows = []
    for frame, sample in enumerate(samples):
        picture = turned_picture(sample.image_bgr, turns)
        camera = turned_camera(_camera(sample), turns)
        if is_hidden and frame in range(*_BLACKOUT.indices(len(samples))):
            picture = np.zeros_like(picture)
        poses = pipeline.process(picture, camera, round(1e9 * frame / RATE_HZ))
        true_px = (sample.joints_px + 0.5 - SIDE_PX / 2) @ turn[:2, :2].T + SIDE_PX / 2
        pose = _nearest(poses, true_px)
        if pose is not None:
            truth = _turned(sample.coordinates.astype(np.float64), turn, pipeline.skeleton)
            rows.append(_row(pose, truth, camera))
    shapes = _row_shapes(pipeline.skeleton)
    columns = zip(*rows, strict=True) if rows else ([] for _ in shapes)
    return [
        np.asarray(list(column)).reshape(-1, *shape)
        for column, shape in zip(columns, shapes, strict=True)
    ]


def _row(pose: PersonPose, truth: FloatArray, camera: Camera) -> tuple[object, ...]:
    return (
        int(pose.state),
        pose.confidence,
        pose.coordinates,
        pose.stddev,
        truth,
        pose.keypoints_px,
        pose.keypoint_confidence,
        project(pose.segment_positions_m, camera),
        np.array([camera.width_px, camera.height_px]),
    )


def _row_shapes(skeleton: Skeleton) -> list[tuple[int, ...]]:
    count, segments = len(skeleton.coordinate_names), len(skeleton.segment_names)
    return [(), (), (count,), (count,), (count,), (33, 2), (33,), (segments, 2), (2,)]


def _camera(sample: SyntheticSample) -> Camera:
    """Give the camera of the picture: a part of the whole image."""
    matrix = sample.crop_from_image.astype(np.float64) @ sample.intrinsics_px
    matrix = matrix / matrix[2, 2]
    matrix[:2, 2] += 0.5  # synthetic pixels have their centres at whole numbers
    return Camera(SIDE_PX, SIDE_PX, matrix, np.zeros(0))


def _turned(coordinates: FloatArray, turn: FloatArray, skeleton: Skeleton) -> FloatArray:
    """Express the truth before a camera that is turned about its axis."""
    ground = GroundFrame(GROUND_FROM_CAMERA @ turn @ CAMERA_FROM_GROUND)
    nothing = Markers((), np.zeros((0, 3)), np.zeros(0))
    fit = SkeletonFit(coordinates, np.zeros_like(coordinates), nothing)
    return PersonPlacing(skeleton, ground).from_leaning(fit).coordinates


def _nearest(poses: Sequence[PersonPose], true_px: FloatArray) -> PersonPose | None:
    """Pick the person whose keypoints' middle is nearest to the true body's, if anybody is."""
    announced = [pose for pose in poses if pose.state is not TrackingState.LOST]
    return min(
        announced,
        key=lambda pose: float(np.linalg.norm(pose.keypoints_px[11:].mean(0) - true_px.mean(0))),
        default=None,
    )
