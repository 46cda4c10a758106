"""Compare the skeleton's kinematics and its solver with OpenSim's."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from rich.progress import Progress
from torch import Tensor

from biopose_ros.evaluation.skeleton.opensim_reference import OpenSimModel, marker_table
from biopose_ros.skeleton import Skeleton, SolverConfig, solve_pose

POSE_LIMIT = 5.0  # radians or metres; some models allow hundreds
NOISE_M = 0.01
MOTION_SHARE = 0.5  # of each coordinate's range


def compare_with_opensim(
    skeletons: Sequence[Skeleton], num_poses: int, num_frames: int, progress: Progress
) -> dict[str, Any]:
    """
    Measure forward kinematics of all skeletons and inverse kinematics of those with markers.

    :param skeletons: loaded from files; the first one's figures are the headline.
    :param num_poses: random poses within the limits.
    :param num_frames: frames of a smooth random motion whose markers carry noise.
    :param progress: shows how far it is.
    :returns: the headline, and under ``models`` the figures of every skeleton by name.
    """
    models: dict[str, dict[str, float]] = {}
    for skeleton in skeletons:
        task = progress.add_task(f'{skeleton.name}: forward kinematics', total=num_poses)
        error_m = forward_error(skeleton, num_poses, lambda t=task: progress.advance(t))  # type: ignore[misc]
        models[skeleton.name] = {'fk_max_error_m': error_m}
        if skeleton.marker_names:
            task = progress.add_task(f'{skeleton.name}: inverse kinematics', total=num_frames)
            figures = inverse_errors(skeleton, num_frames, lambda t=task: progress.advance(t))  # type: ignore[misc]
            models[skeleton.name].update(figures)
    worst = max(figures['fk_max_error_m'] for figures in models.values())
    return {**models[skeletons[0].name], 'fk_max_error_m': worst, 'models': models}


def forward_error(
    skeleton: Skeleton, num_poses: int, advance: Callable[[], None] = lambda: None
) -> float:
    """
    Measure forward kinematics against OpenSim on random poses within the limits.

    :param skeleton: loaded from a file.
    :param num_poses: how many.
    :param advance: called after each pose.
    :returns: largest difference of a coordinate of a segment's origin, of the tips of its unit
        axes, or of a marker; metres.
    """
    reference = OpenSimModel(_source(skeleton))
    poses = random_poses(skeleton, num_poses)
    frames = skeleton.forward_kinematics(poses)
    tips = frames.positions_m[..., None, :] + frames.rotations.mT
    points_m = torch.cat([frames.positions_m[..., None, :], tips], -2).numpy()
    markers_m = skeleton.marker_positions(poses).numpy()
    worst = 0.0
    for pose, expected_m, expected_markers_m in zip(
        poses.numpy(), points_m, markers_m, strict=True
    ):
        reference.set_pose(skeleton.coordinate_names, pose)
        found_m = reference.segment_points(skeleton.segment_names)
        found_markers_m = reference.marker_positions(skeleton.marker_names)
        worst = max(worst, float(np.abs(found_m - expected_m).max()))
        worst = max(worst, float(np.abs(found_markers_m - expected_markers_m).max(initial=0.0)))
        advance()
    return worst


def inverse_errors(
    skeleton: Skeleton, num_frames: int, advance: Callable[[], None] = lambda: None
) -> dict[str, float]:
    """
    Measure the solver against OpenSim's on a smooth random motion with noisy markers.

    Both start the first frame from the truth, and every other from the frame before.

    :param skeleton: loaded from a file, with markers.
    :param num_frames: at 30 Hz.
    :param advance: called after each frame.
    :returns: root mean square marker distance of both (mm), milliseconds per frame of both (one
        frame after the other), and of the solver on all frames at once.
    """
    motion = random_motion(skeleton, num_frames)
    noise = np.random.default_rng(1).normal(scale=NOISE_M, size=(len(skeleton.marker_names), 3))
    markers_m = skeleton.marker_positions(motion)
    markers_m = markers_m + torch.from_numpy(
        noise + np.random.default_rng(2).normal(scale=NOISE_M / 2, size=tuple(markers_m.shape))
    )
    found, seconds = _track(skeleton, markers_m, motion[0])
    reference = OpenSimModel(_source(skeleton))
    tracked, reference_s = reference.track(
        marker_table(skeleton.marker_names, markers_m.numpy()),
        [1.0] * len(skeleton.marker_names),
        skeleton.coordinate_names,
        motion[0].numpy(),
        advance,
    )
    began = time.perf_counter()
    solve_pose(skeleton, skeleton.marker_names, markers_m, initial=found)
    batch_s = (time.perf_counter() - began) / num_frames
    return {
        'ik_marker_rms_mm': _rms_mm(skeleton.marker_positions(found), markers_m),
        'opensim_ik_marker_rms_mm': _rms_mm(
            skeleton.marker_positions(torch.from_numpy(tracked)), markers_m
        ),
        'ik_ms_per_frame': seconds * 1e3,
        'opensim_ik_ms_per_frame': reference_s * 1e3,
        'ik_batch_ms_per_frame': batch_s * 1e3,
    }


def _track(skeleton: Skeleton, markers_m: Tensor, start: Tensor) -> tuple[Tensor, float]:
    """Solve frame after frame: coordinates [frames, coordinates] and seconds per frame."""
    config = SolverConfig(max_iterations=10, tolerance=1e-4)
    solve_pose(skeleton, skeleton.marker_names, markers_m[0], initial=start)  # compile first
    poses, at, began = [], start, time.perf_counter()
    for frame_m in markers_m:
        at = solve_pose(
            skeleton, skeleton.marker_names, frame_m, initial=at, config=config
        ).coordinates
        poses.append(at)
    return torch.stack(poses), (time.perf_counter() - began) / len(poses)


def random_poses(skeleton: Skeleton, count: int) -> Tensor:
    """
    Draw poses evenly within the limits.

    :param skeleton: any skeleton.
    :param count: number of poses.
    :returns: [poses, coordinates].
    """
    lower = skeleton.lower_limits.clamp(min=-POSE_LIMIT).numpy()
    upper = skeleton.upper_limits.clamp(max=POSE_LIMIT).numpy()
    return torch.from_numpy(np.random.default_rng(0).uniform(lower, upper, (count, len(lower))))


def random_motion(skeleton: Skeleton, num_frames: int) -> Tensor:
    """
    Draw a smooth motion in the middle of the limits: slow sines of random phase and rate.

    :param skeleton: any skeleton.
    :param num_frames: at 30 Hz.
    :returns: [frames, coordinates].
    """
    random = np.random.default_rng(0)
    lower = skeleton.lower_limits.clamp(min=-1.0).numpy()
    upper = skeleton.upper_limits.clamp(max=1.0).numpy()
    rate_hz = random.uniform(0.1, 0.4, len(lower))
    phase = random.uniform(0, 2 * np.pi, len(lower))
    seconds = np.arange(num_frames)[:, None] / 30
    wave = np.sin(2 * np.pi * rate_hz * seconds + phase)
    return torch.from_numpy((lower + upper) / 2 + (upper - lower) / 2 * MOTION_SHARE * wave)


def _rms_mm(found_m: Tensor, target_m: Tensor) -> float:
    return 1e3 * float((found_m - target_m).square().sum(-1).mean().sqrt())


def _source(skeleton: Skeleton) -> str:
    if skeleton.source is None:
        raise ValueError(f'{skeleton.name} was not loaded from a file; OpenSim cannot open it')
    return str(skeleton.source)
