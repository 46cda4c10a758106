"""
Bounded least squares on marker positions: the mathematics behind the solver.

Levenberg-Marquardt on a batch of independent frames. A coordinate at a limit whose gradient
points outward leaves the step (active set), the rest is projected, so that every iterate keeps
the limits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from biopose_ros.skeleton.marker_kinematics import MarkerKinematics

CHUNK_FRAMES = 64
SHRINK_EVERY = 4


@dataclass(frozen=True)
class Linearisation:
    """
    The cost near some coordinates.

    :param cost: [frames], weighted squares, unitless.
    :param gradient: [frames, coordinates], half the gradient.
    :param curvature: [frames, coordinates, coordinates], half the Gauss-Newton Hessian.
    """

    cost: Tensor
    gradient: Tensor
    curvature: Tensor


@dataclass(frozen=True)
class Problem:
    """
    A batch of frames to fit.

    :param markers: compiled markers.
    :param target_m: [frames, markers, 3], finite.
    :param information: [frames, markers], weight over variance, 1 / metre^2.
    :param scales: [frames, segments, 3] or None.
    :param prior_mean: [frames, coordinates].
    :param prior_information: [frames, coordinates], 1 / variance, 0 where there is no pull.
    :param lower: [coordinates], -inf where circular.
    :param upper: [coordinates], inf where circular.
    """

    markers: MarkerKinematics
    target_m: Tensor
    information: Tensor
    scales: Tensor | None
    prior_mean: Tensor
    prior_information: Tensor
    lower: Tensor
    upper: Tensor

    def select(self, frames: Tensor | slice) -> Problem:
        """
        Take some of the frames.

        :param frames: their indices.
        """
        return replace(
            self,
            target_m=self.target_m[frames],
            information=self.information[frames],
            scales=None if self.scales is None else self.scales[frames],
            prior_mean=self.prior_mean[frames],
            prior_information=self.prior_information[frames],
        )

    def repeat(self, times: int) -> Problem:
        """
        Copy the whole batch several times, one copy after the other.

        :param times: number of copies.
        """
        return replace(
            self,
            target_m=self.target_m.repeat(times, 1, 1),
            information=self.information.repeat(times, 1),
            scales=None if self.scales is None else self.scales.repeat(times, 1, 1),
            prior_mean=self.prior_mean.repeat(times, 1),
            prior_information=self.prior_information.repeat(times, 1),
        )

    def linearise(self, coordinates: Tensor) -> Linearisation:
        """
        Evaluate the cost with its gradient and Gauss-Newton curvature.

        :param coordinates: [frames, coordinates].
        """
        positions_m, jacobian, _ = self.markers.linearise(coordinates, self.scales)
        residual_m = positions_m - self.target_m
        weighted = residual_m * self.information[..., None]
        pull = (coordinates - self.prior_mean) * self.prior_information
        flat = jacobian.flatten(-3, -2)  # [frames, markers * 3, coordinates]
        scaled = (jacobian * self.information[..., None, None]).flatten(-3, -2)
        return Linearisation(
            cost=(weighted * residual_m).sum((-2, -1))
            + (pull * (coordinates - self.prior_mean)).sum(-1),
            gradient=(weighted.flatten(-2)[..., None, :] @ flat).squeeze(-2) + pull,
            curvature=flat.mT @ scaled + torch.diag_embed(self.prior_information),
        )


def minimise(
    problem: Problem, start: Tensor, max_iterations: int, tolerance: float, damping: float
) -> tuple[Tensor, Linearisation, int]:
    """
    Minimise the cost from a start; every frame has its own damping.

    :param problem: the batch.
    :param start: [frames, coordinates].
    :param max_iterations: how many steps at most.
    :param tolerance: a chunk of frames stops where no coordinate moves by more, radians or metres.
    :param damping: first damping, relative to the curvature.
    :returns: coordinates [frames, coordinates], the cost there, and how many steps were made.
    """
    # Chunks fit the processor's cache, and easy ones stop early.
    edges = range(0, max(len(start), 1), CHUNK_FRAMES)
    done = [
        _minimise_chunk(
            problem.select(slice(i, i + CHUNK_FRAMES)),
            start[i : i + CHUNK_FRAMES],
            max_iterations,
            tolerance,
            damping,
        )
        for i in edges
    ]
    if len(done) == 1:
        return done[0]
    return (
        torch.cat([at for at, _, _ in done]),
        Linearisation(
            torch.cat([here.cost for _, here, _ in done]),
            torch.cat([here.gradient for _, here, _ in done]),
            torch.cat([here.curvature for _, here, _ in done]),
        ),
        max(steps for _, _, steps in done),
    )


def _minimise_chunk(
    problem: Problem, start: Tensor, max_iterations: int, tolerance: float, damping: float
) -> tuple[Tensor, Linearisation, int]:
    at = start.clamp(problem.lower, problem.upper)
    here = problem.linearise(at)
    damping_now = torch.full_like(here.cost, damping)
    steps = 0
    while steps < max_iterations and len(at):
        steps += 1
        step = bounded_step(here, at, problem.lower, problem.upper, damping_now)
        trial = (at + step).clamp(problem.lower, problem.upper)
        there = problem.linearise(trial)
        better = there.cost < here.cost
        is_done = (trial - at).abs().amax(-1) < tolerance
        at, here = torch.where(better[:, None], trial, at), _choose(better, there, here)
        damping_now = torch.where(better, damping_now * 0.2, damping_now * 8).clamp(1e-9, 1e6)
        if is_done.all():
            break
        if steps % SHRINK_EVERY == 0 and is_done.sum() * 2 > len(at):
            return _finish_rest(
                problem, at, here, is_done, (max_iterations - steps, tolerance, damping), steps
            )
    return at, here, steps


def _finish_rest(
    problem: Problem,
    at: Tensor,
    here: Linearisation,
    is_done: Tensor,
    settings: tuple[int, float, float],
    steps: int,
) -> tuple[Tensor, Linearisation, int]:
    """Go on with the frames that are not done, so that a few hard ones do not hold up the rest."""
    rest = (~is_done).nonzero().squeeze(-1)
    rest_at, rest_here, more = _minimise_chunk(problem.select(rest), at[rest], *settings)
    return (
        at.index_copy(0, rest, rest_at),
        Linearisation(
            here.cost.index_copy(0, rest, rest_here.cost),
            here.gradient.index_copy(0, rest, rest_here.gradient),
            here.curvature.index_copy(0, rest, rest_here.curvature),
        ),
        steps + more,
    )


def _choose(better: Tensor, there: Linearisation, here: Linearisation) -> Linearisation:
    return Linearisation(
        torch.where(better, there.cost, here.cost),
        torch.where(better[:, None], there.gradient, here.gradient),
        torch.where(better[:, None, None], there.curvature, here.curvature),
    )


def bounded_step(
    here: Linearisation, at: Tensor, lower: Tensor, upper: Tensor, damping: Tensor
) -> Tensor:
    """
    Solve the damped normal equations over the coordinates that are free to move.

    :param here: cost near ``at``.
    :param at: [frames, coordinates].
    :param lower: [coordinates].
    :param upper: [coordinates].
    :param damping: [frames].
    :returns: [frames, coordinates].
    """
    free = free_coordinates(here.gradient, at, lower, upper)
    factor = factorise(here.curvature, free, damping)
    return -torch.cholesky_solve((here.gradient * free)[..., None], factor).squeeze(-1)


def free_coordinates(gradient: Tensor, at: Tensor, lower: Tensor, upper: Tensor) -> Tensor:
    """
    Find the coordinates that no limit holds against their gradient.

    :param gradient: [frames, coordinates].
    :param at: [frames, coordinates].
    :param lower: [coordinates].
    :param upper: [coordinates].
    :returns: [frames, coordinates], 1 where free, 0 where held.
    """
    held = ((at <= lower) & (gradient > 0)) | ((at >= upper) & (gradient < 0))
    return (~held).to(at.dtype)


def factorise(curvature: Tensor, free: Tensor, damping: Tensor) -> Tensor:
    """
    Damp the curvature, decouple held coordinates, and factorise.

    :param curvature: [frames, coordinates, coordinates].
    :param free: [frames, coordinates], 1 or 0.
    :param damping: [frames], relative to the diagonal.
    :returns: [frames, coordinates, coordinates], lower Cholesky factor.
    """
    diagonal = curvature.diagonal(dim1=-2, dim2=-1)
    # The small constants keep coordinates that no marker sees where they are.
    ridge = diagonal * damping[:, None] + 1e-6 * diagonal.amax(-1, keepdim=True) + 1e-12
    system = curvature * (free[:, :, None] * free[:, None, :])
    system = system + torch.diag_embed(torch.where(free > 0, ridge, 1.0))
    return torch.linalg.cholesky_ex(system)[0]
