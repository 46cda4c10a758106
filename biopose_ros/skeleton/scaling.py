"""
Segment sizes from markers over many frames, together with the poses.

All frames share one set of size factors. Each Levenberg-Marquardt step eliminates the frames'
coordinates from the normal equations (Schur complement), so that its cost grows with the number
of frames alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from biopose_ros.inference.torch_threads import one_torch_thread
from biopose_ros.skeleton.least_squares import Problem, factorise, free_coordinates
from biopose_ros.skeleton.limits import wrap
from biopose_ros.skeleton.sides import without_side
from biopose_ros.skeleton.skeleton import Skeleton
from biopose_ros.skeleton.solver import (
    PosePrior,
    SolverConfig,
    build_problem,
    solve_pose,
)

# Segments that scale together, and the axes along which they do.
PARTS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ('pelvis', ('pelvis',), 'xy'),
    ('pelvis_width', ('pelvis',), 'z'),
    ('torso', ('torso',), 'xy'),
    ('torso_width', ('torso',), 'z'),
    ('femur', ('femur', 'patella'), 'xyz'),
    ('tibia', ('tibia',), 'xyz'),
    ('foot', ('talus', 'calcn', 'toes'), 'xyz'),
    ('forearm', ('ulna', 'radius'), 'xyz'),
)
LEAST_FACTOR, GREATEST_FACTOR = 0.3, 3.0


@dataclass(frozen=True)
class ScaleGroups:
    """
    Which segments and axes share a size factor.

    :param names: [groups].
    :param members: [segments, 3, groups], 1 where a factor belongs to a group; each row sums to 1.
    """

    names: tuple[str, ...]
    members: Tensor

    def expand(self, factors: Tensor) -> Tensor:
        """
        Give every segment its factors.

        :param factors: [..., groups], unitless.
        :returns: [..., segments, 3], unitless.
        """
        return torch.einsum('sag,...g->...sa', self.members.to(factors), factors)


@dataclass(frozen=True)
class ScalePrior:
    """
    What is known of a person's size before measuring.

    :param size: expected ratio of statures, person to model file.
    :param size_stddev: 1 sigma of it; small where the stature is known.
    :param proportion_stddev: 1 sigma of each group about the common ratio; segment lengths vary
        by 3 to 5 % of themselves at equal stature (ANSUR II).
    """

    size: float = 1.0
    size_stddev: float = 0.1
    proportion_stddev: float = 0.05

    def information(self, count: int, like: Tensor) -> Tensor:
        """
        Invert the covariance of the groups' factors.

        :param count: number of groups.
        :param like: its precision and device are used.
        :returns: [groups, groups].
        """
        covariance = torch.full((count, count), self.size_stddev**2)
        covariance = covariance + self.proportion_stddev**2 * torch.eye(count)
        return torch.linalg.inv(covariance.double()).to(like)


@dataclass(frozen=True)
class ScaleFit:
    """
    A person's sizes, and the poses that they were found with.

    :param scales: [segments, 3], unitless, relative to the model file.
    :param stddev: [segments, 3], 1 sigma.
    :param coordinates: [frames, coordinates].
    :param residual_rms_m: over all frames and markers.
    """

    scales: Tensor
    stddev: Tensor
    coordinates: Tensor
    residual_rms_m: float


def scale_groups(skeleton: Skeleton) -> ScaleGroups:
    """
    Group a skeleton's segments for scaling, by their names.

    Pelvis and torso have a width of their own; feet and forearms scale as one; any other segment
    has one factor. Both sides share theirs.

    :param skeleton: any skeleton.
    """
    owners: list[str] = []
    for segment in skeleton.segment_names:
        stem = without_side(segment)
        for axis in 'xyz':
            part = next((p for p, stems, axes in PARTS if stem in stems and axis in axes), stem)
            owners.append(part)
    names = tuple(dict.fromkeys(owners))
    columns = torch.tensor([names.index(owner) for owner in owners])
    members = torch.nn.functional.one_hot(columns, len(names)).double()
    return ScaleGroups(names, members.unflatten(0, (-1, 3)))


@one_torch_thread()
def fit_scales(
    skeleton: Skeleton,
    names: Sequence[str],
    positions_m: Tensor,
    *,
    weights: Tensor | None = None,
    initial: Tensor | None = None,
    pose_prior: PosePrior | None = None,
    scale_prior: ScalePrior | None = None,
    config: SolverConfig | None = None,
) -> ScaleFit:
    """
    Estimate segment sizes from marker positions over a window of frames.

    :param skeleton: any skeleton.
    :param names: [markers].
    :param positions_m: [frames, markers, 3], ground frame; NaN where missing.
    :param weights: [frames, markers] or [markers], None for 1.
    :param initial: [frames, coordinates]; None finds a start from the markers.
    :param pose_prior: a pull of the poses, as in :func:`~.solver.solve_pose`.
    :param scale_prior: None for an adult of unknown stature.
    :param config: None for the defaults.
    :returns: sizes and poses.
    :raises ValueError: when shapes or names do not fit.
    """
    if positions_m.ndim != 3:
        raise ValueError(f'expected [frames, markers, 3], got {list(positions_m.shape)}')
    config = config or SolverConfig()
    prior, groups = scale_prior or ScalePrior(), scale_groups(skeleton)
    mean = torch.full((len(groups.names),), prior.size).to(positions_m)
    if initial is None:
        start = solve_pose(
            skeleton,
            names,
            positions_m,
            weights=weights,
            scales=groups.expand(mean),
            prior=pose_prior,
            config=config,
        )
        initial = start.coordinates
    problem = build_problem(skeleton, names, positions_m, weights, None, pose_prior, config)
    fit = _SharedFit(problem, groups, mean, prior.information(len(mean), mean))
    with torch.inference_mode():
        at, factors, covariance, residual_m = _minimise(fit, initial.to(mean), config)
    stddev = covariance.diagonal().sqrt()
    at = wrap(skeleton, at)
    return ScaleFit(
        groups.expand(factors).clone(), groups.expand(stddev).clone(), at.clone(), residual_m
    )


@dataclass(frozen=True)
class _Normal:
    """The cost with its normal equations; coordinates of frames (q), factors of groups (s)."""

    cost: Tensor
    gradient_q: Tensor  # [frames, coordinates]
    gradient_s: Tensor  # [groups]
    curvature_qq: Tensor  # [frames, coordinates, coordinates]
    curvature_qs: Tensor  # [frames, coordinates, groups]
    curvature_ss: Tensor  # [groups, groups]


@dataclass(frozen=True)
class _SharedFit:
    """Frames of one person, with the prior of the size factors."""

    problem: Problem
    groups: ScaleGroups
    mean: Tensor
    information: Tensor

    def linearise(self, at: Tensor, factors: Tensor) -> _Normal:
        problem, members = self.problem, self.groups.members.to(at)
        scales = self.groups.expand(factors)
        positions_m, by_q, posture = problem.markers.linearise(at, scales)
        by_scales = problem.markers.scale_jacobian(posture)
        by_s = (by_scales.flatten(-2) @ members.flatten(0, 1)).flatten(-3, -2)
        by_q = by_q.flatten(-3, -2)
        weight = problem.information.repeat_interleave(3, -1)
        residual = (positions_m - problem.target_m).flatten(-2)
        pull, tug = at - problem.prior_mean, factors - self.mean
        informed = pull * problem.prior_information
        weighted_s = by_s * weight[..., None]
        return _Normal(
            (residual**2 * weight).sum() + (pull * informed).sum() + tug @ self.information @ tug,
            ((residual * weight)[:, None] @ by_q).squeeze(1) + informed,
            torch.einsum('fmg,fm->g', weighted_s, residual) + self.information @ tug,
            by_q.mT @ (by_q * weight[..., None]) + torch.diag_embed(problem.prior_information),
            by_q.mT @ weighted_s,
            torch.einsum('fmg,fmh->gh', weighted_s, by_s) + self.information,
        )


def _minimise(
    fit: _SharedFit, initial: Tensor, config: SolverConfig
) -> tuple[Tensor, Tensor, Tensor, float]:
    """Find coordinates, factors, the factors' covariance, and the residual in metres."""
    problem = fit.problem
    at, factors = initial.clamp(problem.lower, problem.upper), fit.mean
    here, damping = fit.linearise(at, factors), config.initial_damping
    for _ in range(config.max_iterations):
        step_q, step_s = _shared_step(here, problem, at, damping)
        trial_q = (at + step_q).clamp(problem.lower, problem.upper)
        trial_s = (factors + step_s).clamp(LEAST_FACTOR, GREATEST_FACTOR)
        there = fit.linearise(trial_q, trial_s)
        is_done = max((trial_q - at).abs().max(), (trial_s - factors).abs().max())
        if there.cost < here.cost:
            at, factors, here, damping = trial_q, trial_s, there, damping * 0.2
        else:
            damping = damping * 8
        if is_done < config.tolerance:
            break
    return at, factors, *_shared_quality(fit, here, at, factors)


def _shared_step(
    here: _Normal, problem: Problem, at: Tensor, damping: float
) -> tuple[Tensor, Tensor]:
    """Solve for the steps of coordinates [frames, coordinates] and factors [groups]."""
    reduced, gradient, by_group, alone = _eliminate(here, problem, at, damping)
    damped = reduced + torch.diag(here.curvature_ss.diagonal() * damping)
    step_s = -torch.linalg.solve(damped, gradient)
    return -(alone + by_group @ step_s), step_s


def _eliminate(
    here: _Normal, problem: Problem, at: Tensor, damping: float
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Reduce the normal equations to the factors alone; also say how coordinates follow them."""
    free = free_coordinates(here.gradient_q, at, problem.lower, problem.upper)
    factor = factorise(here.curvature_qq, free, torch.full_like(at[:, 0], damping))
    coupling = here.curvature_qs * free[..., None]
    by_group = torch.cholesky_solve(coupling, factor)
    alone = torch.cholesky_solve((here.gradient_q * free)[..., None], factor).squeeze(-1)
    reduced = here.curvature_ss - (coupling.mT @ by_group).sum(0)
    gradient = here.gradient_s - (coupling * alone[..., None]).sum((0, 1))
    return reduced, gradient, by_group, alone


def _shared_quality(
    fit: _SharedFit, here: _Normal, at: Tensor, factors: Tensor
) -> tuple[Tensor, float]:
    """Give the factors' covariance, grown with the misfit, and the residual in metres."""
    reduced, *_ = _eliminate(here, fit.problem, at, 0.0)
    positions_m = fit.problem.markers.positions(at, fit.groups.expand(factors))
    weight = fit.problem.information
    misfit = ((positions_m - fit.problem.target_m) ** 2).sum(-1) * weight
    seen = 3 * (weight > 0).sum()
    inflation = (misfit.sum() / seen.clamp(min=1)).clamp(min=1.0)
    residual_m = (misfit.sum() / weight.sum()).sqrt()
    return torch.linalg.inv(reduced) * inflation, float(residual_m)
