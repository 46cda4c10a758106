"""Label motion once and keep it: recordings and synthesised activities on bodies of all shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from biopose_ros.body import BodyModel, load_body
from biopose_ros.inverse_kinematics.neurik import PELVIS_COORDINATES
from biopose_ros.records import FloatArray
from biopose_ros.skeleton import Skeleton, load_skeleton, scale_groups
from biopose_ros.training.labels import Anthropometry, Labeller, SkeletonTruth
from biopose_ros.training.motion.body_proportions import measure
from biopose_ros.training.motion.clip import MotionClip, cut
from biopose_ros.training.motion.library import activity_clips, recorded_clips
from biopose_ros.training.motion.splits import Split
from biopose_ros.training.neurik.data import LabelledMotion
from biopose_ros.training.synthesis.sources import choose_subject, subject_betas
from biopose_ros.virtual_markers.body_parts import HIP_ROWS, MARKER_NAMES

# Long takes are given to several subjects, so that shapes do not go with motions.
_CHUNK_FRAMES, _SHORTEST_FRAMES = 300, 12
_SUBJECTS_AT_ONCE = 32
# Where mesh and skeleton lie so far apart the recording is broken.
_WORST_RESIDUAL_M = 0.06


def motion_of_split(
    split: Split, recordings: Path | None, activities: int, seed: int
) -> list[MotionClip]:
    """
    Collect clips on the mean body; labels do not depend on the body's path over the floor.

    :param split: which part.
    :param recordings: folder of recorded motion; None for synthesised activities alone.
    :param activities: how many of them.
    :param seed: of the activities.
    """
    proportions = measure(load_body())
    clips = activity_clips(activities, seed, split, proportions)
    if recordings is not None:
        clips += recorded_clips(recordings, proportions, split)
    return [chunk for clip in clips for chunk in _chunks(clip)]


def _chunks(clip: MotionClip) -> Iterator[MotionClip]:
    """Cut at invalid frames and at a greatest length."""
    for start, stop in clip.usable_runs():
        count = int(np.ceil((stop - start) / _CHUNK_FRAMES))
        for frames in np.array_split(np.arange(start, stop), count):
            if len(frames) >= _SHORTEST_FRAMES:
                yield cut(clip, int(frames[0]), int(frames[-1]) + 1)


def label_motion(
    clips: Sequence[MotionClip],
    split: Split,
    seed: int,
    advance: Callable[[int], None] = lambda frames: None,
) -> LabelledMotion:
    """
    Label clips, each on a random person of the split.

    :param clips: of one split.
    :param split: whose persons.
    :param seed: of their choice.
    :param advance: called with the number of frames done.
    """
    body, skeleton = load_body(), load_skeleton()
    random = np.random.default_rng([seed, list(Split).index(split)])
    labeller = Labeller(Anthropometry(body))
    rows = [labeller.anthropometry.table.index(name) for name in MARKER_NAMES]
    parts: list[dict[str, FloatArray]] = []
    for start in range(0, len(clips), _SUBJECTS_AT_ONCE):
        some = clips[start : start + _SUBJECTS_AT_ONCE]
        betas = torch.from_numpy(_shapes(body, random, split, len(some)))
        for subject, clip in zip(labeller.anthropometry.subjects(betas), some, strict=True):
            truth = labeller.label(subject, clip.pose)
            part = _part(skeleton, truth, rows)
            parts.append({**part, 'name': np.array(clip.name), 'rate': np.array(clip.fps)})
            advance(len(clip))
    return _joined([part for part in parts if part['residual_m'].mean() < _WORST_RESIDUAL_M])


def _shapes(body: BodyModel, random: np.random.Generator, split: Split, count: int) -> FloatArray:
    components = body.num_components
    return np.stack(
        [
            subject_betas(choose_subject(random, split), body.data.population, components)
            for _ in range(count)
        ]
    )


def _part(skeleton: Skeleton, truth: SkeletonTruth, rows: list[int]) -> dict[str, FloatArray]:
    """Keep what training needs of one clip, relative to the middle of the hips."""
    markers_m = truth.markers_m[:, rows]
    centre_m = markers_m[:, HIP_ROWS].mean(1)
    return {
        'markers_m': (markers_m - centre_m[:, None]).astype(np.float32),
        **network_truth(skeleton, truth.coordinates, truth.scales, centre_m),
        'residual_m': truth.residual_rms_m,
    }


def network_truth(
    skeleton: Skeleton,
    coordinates: FloatArray,
    scales: FloatArray,
    origins_m: FloatArray,
    nearer: FloatArray | float = 1.0,
) -> dict[str, FloatArray]:
    """
    Turn coordinates into what the network says.

    :param skeleton: the default one.
    :param coordinates: [frames, coordinates].
    :param scales: [segments, 3].
    :param origins_m: [frames, 3], whence positions count, ground frame.
    :param nearer: [frames, 1], moves the pelvis along its rays from the camera; 1 leaves it.
    :returns: ``angles_rad``, ``pelvis_rotations``, ``pelvis_positions_m`` and ``factors``, see
        :class:`~biopose_ros.training.neurik.data.LabelledMotion`.
    """
    sizes = torch.from_numpy(scales).double()
    frames = skeleton.forward_kinematics(torch.from_numpy(coordinates).double(), sizes)
    pelvis_m = frames.positions_m[:, 0].numpy() * nearer - origins_m
    members = scale_groups(skeleton).members
    factors = (members * sizes[..., None]).sum((0, 1)) / members.sum((0, 1))
    return {
        'angles_rad': coordinates[:, PELVIS_COORDINATES:].astype(np.float32),
        'pelvis_rotations': frames.rotations[:, 0].numpy().astype(np.float32),
        'pelvis_positions_m': pelvis_m.astype(np.float32),
        'factors': factors.numpy().astype(np.float32),
    }


def _joined(parts: list[dict[str, FloatArray]]) -> LabelledMotion:
    def end_to_end(name: str) -> torch.Tensor:
        return torch.from_numpy(np.concatenate([part[name] for part in parts]))

    lengths = torch.tensor([len(part['angles_rad']) for part in parts])
    return LabelledMotion(
        end_to_end('markers_m'),
        end_to_end('angles_rad'),
        end_to_end('pelvis_rotations'),
        end_to_end('pelvis_positions_m'),
        lengths.cumsum(0) - lengths,
        lengths,
        torch.tensor([float(part['rate']) for part in parts]),
        torch.from_numpy(np.stack([part['factors'] for part in parts])),
        tuple(str(part['name']) for part in parts),
    )


def stored_motion(
    folder: Path,
    split: Split,
    recordings: Path | None,
    activities: int,
    seed: int,
    advance: Callable[[int, int], None] = lambda done, total: None,
) -> LabelledMotion:
    """
    Read the labels of a split, or make and keep them.

    :param folder: where they are kept.
    :param split: which part.
    :param recordings: folder of recorded motion or None.
    :param activities: how many synthesised ones.
    :param seed: of activities and persons.
    :param advance: called with frames done and frames in total.
    """
    path = folder / f'{split.value}.npz'
    if not path.exists():
        clips = motion_of_split(split, recordings, activities, seed)
        total, done = sum(map(len, clips)), [0]

        def count(frames: int) -> None:
            done[0] += frames
            advance(done[0], total)

        folder.mkdir(parents=True, exist_ok=True)
        label_motion(clips, split, seed, count).save(path)
    return LabelledMotion.load(path)
