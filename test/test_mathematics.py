"""The formulas of docs/mathematics.md, evaluated as they stand there, against the code."""

import numpy as np
import pytest
import torch
from scipy.optimize import approx_fprime
from scipy.special import expit, logit

from biopose_ros.body.joints import JOINT_NAMES, JOINT_PARENTS
from biopose_ros.inverse_kinematics.config import NeurikConfig
from biopose_ros.inverse_kinematics.neurik import OVERSHOOT, Neurik, NeurikEstimate
from biopose_ros.mesh_recovery.crop_camera import crop_camera
from biopose_ros.records import Camera, Crop
from biopose_ros.refinement.chain import turned
from biopose_ros.refinement.prior import _PRIOR, _PRIOR_SHARE, prior_precision
from biopose_ros.refinement.refiner import ROBUST_SIGMAS, _Expected, _Search, _Sightings
from biopose_ros.skeleton import load_skeleton, scale_groups
from biopose_ros.skeleton.sides import without_side
from biopose_ros.training.neurik.losses import NeurikLoss

JOINTS, POINTS = 24, 40


@pytest.fixture
def search():
    """A search with everything that a step depends on: targets, prior, and a previous result."""
    random = np.random.default_rng(0)
    turns = np.tile(np.eye(3), (JOINTS, 1, 1))
    joints_m = random.normal(0, 0.4, (JOINTS, 3)) + [0.1, 0.0, 4.0]
    carriers = random.integers(0, JOINTS, POINTS)
    points_m = joints_m[carriers] + random.normal(0, 0.1, (POINTS, 3))
    targets = points_m[:, :2] / points_m[:, 2:] + random.normal(0, 0.02, (POINTS, 2))
    stddev = random.uniform(0.004, 0.01, POINTS)
    precision = np.zeros((75, 75))
    precision[:72, :72], precision[72:, 72:] = prior_precision(), 100 * np.eye(3)
    expected = _Expected(precision, random.normal(0, 0.1, 75), random.uniform(0, 50, 75))
    sightings = _Sightings(points_m, carriers, targets, stddev)
    search = _Search(turns, joints_m, sightings, expected)
    search._moved = random.normal(0, 0.05, 75)
    return search


def residuals(search, delta):
    """r [points, 2] after a further step, the points moved exactly."""
    seen = search._seen
    turns, joints_m = turned(search.rotations, search.joints_m, delta[:72].reshape(JOINTS, 3))
    carried = (turns @ search.rotations.swapaxes(1, 2))[seen.carriers]
    arms_m = search.points_m - search.joints_m[seen.carriers]
    x = joints_m[seen.carriers] + np.einsum('pij,pj->pi', carried, arms_m) + delta[72:]
    return (seen.targets - x[:, :2] / x[:, 2:]) / seen.stddev[:, None]


def cost(search, delta):
    """E after a further step."""
    expected, m = search._expected, search._moved + delta
    squares = np.square(residuals(search, delta)).sum(1)
    robust = ROBUST_SIGMAS**2 * np.log(1 + squares / ROBUST_SIGMAS**2).sum()
    past = (m - expected.last) @ np.diag(expected.last_precision) @ (m - expected.last)
    return robust + m @ expected.precision @ m + past


def test_the_search_minimises_the_cost_of_the_page(search):
    assert search._cost(search.points_m, search._moved) == pytest.approx(
        cost(search, np.zeros(75))
    )


def test_a_step_solves_the_equation_of_the_page(search):
    """G and the gradient of E come from finite differences of exactly moved points."""
    nothing, expected = np.zeros(75), search._expected
    slopes = -approx_fprime(nothing, lambda delta: residuals(search, delta).ravel(), 1e-7)
    weights = 1 / (1 + np.square(residuals(search, nothing)).sum(1) / ROBUST_SIGMAS**2)
    weighted = slopes * np.repeat(weights, 2)[:, None]
    left = weighted.T @ slopes + expected.precision + np.diag(expected.last_precision)
    right = -0.5 * approx_fprime(nothing, lambda delta: cost(search, delta), 1e-7)
    before = search._moved.copy()
    search._step()
    np.testing.assert_allclose(search._moved - before, np.linalg.solve(left, right), atol=2e-5)


def test_prior_is_that_of_independent_own_errors():
    random = np.random.default_rng(0)
    omega = random.normal(0, 0.1, (JOINTS, 3))
    kinds = [without_side(name) for name in JOINT_NAMES]
    error, total = np.zeros((JOINTS, 3)), 0.0
    for joint, parent in enumerate(JOINT_PARENTS):
        above = error[parent] if parent >= 0 else np.zeros(3)
        error[joint] = above + omega[joint]
        share, sigma_deg = _PRIOR[kinds[joint]]
        own = error[joint] - share * above
        total += np.square(own / (_PRIOR_SHARE * np.radians(sigma_deg))).sum()
    assert omega.ravel() @ prior_precision() @ omega.ravel() == pytest.approx(total)


def test_extent_is_the_homography_s_scale_and_the_cosine_to_the_power_of_three_halves():
    intrinsics_px = np.array([[800.0, 0, 640], [0, 800, 360], [0, 0, 1]])
    camera, crop = (
        Camera(1280, 720, intrinsics_px, np.zeros(0)),
        Crop(np.array([90, 60]), 300, 0.4),
    )
    view = crop_camera(crop, camera)
    ray = np.linalg.solve(intrinsics_px, [90, 60, 1])
    cosine = 1 / np.linalg.norm(ray)
    assert view.extent == pytest.approx(300 / 800 * cosine**1.5)

    def place(point):
        projected = view.projection @ [*point, 1.0]
        return projected[:2] / projected[2]

    np.testing.assert_allclose(place([0, 0]), 0.5)
    enlarged = abs(np.linalg.det(approx_fprime(np.zeros(2), place, 1e-7)))
    assert view.extent == pytest.approx(enlarged**-0.5, rel=1e-5)
    np.testing.assert_allclose(view.rotation @ ray * cosine, [0, 0, 1], atol=1e-12)


def test_angles_reach_their_limits_and_stay_within():
    model = Neurik(NeurikConfig(), load_skeleton())
    lower, upper = model.lower.double().numpy(), model.upper.double().numpy()
    a = np.random.default_rng(0).normal(0, 3, (50, len(lower)))
    raw = lower + (upper - lower) * ((1 + 2 * OVERSHOOT) * expit(a) - OVERSHOOT)
    found = model._angles(torch.from_numpy(a)).numpy()
    np.testing.assert_allclose(found, raw, atol=1e-6)
    at_limit = logit(OVERSHOOT / (1 + 2 * OVERSHOOT))
    assert at_limit == pytest.approx(-3.04, abs=0.01)
    reached = model._angles(torch.full((1, len(lower)), at_limit, dtype=torch.float64)).numpy()[0]
    np.testing.assert_allclose(reached, lower, atol=1e-6)


def test_the_likelihood_pulls_sigma_alone_and_towards_the_error():
    skeleton, random = load_skeleton(), torch.Generator().manual_seed(0)
    loss = NeurikLoss(skeleton)
    angles = len(skeleton.coordinate_names) - 6
    groups = len(scale_groups(skeleton).names)

    def answer(angles_rad, log_stddev):
        rotation, factors = torch.eye(3).expand(1, 1, 3, 3), torch.ones(1, 1, groups)
        zero = torch.zeros(1, 1, 3)
        return NeurikEstimate(angles_rad, angles_rad, rotation, zero, factors, log_stddev)

    angles_rad = (0.1 * torch.randn(1, 1, angles, generator=random)).requires_grad_()
    log_stddev = (torch.randn(1, 1, 6 + angles + groups, generator=random) - 2).requires_grad_()
    truth = answer(torch.zeros(1, 1, angles), log_stddev)
    value = loss._likelihood(answer(angles_rad, log_stddev), truth, torch.ones(1))
    value.backward()
    assert angles_rad.grad is None
    errors = torch.nn.functional.pad(angles_rad.detach(), (6, groups))
    ratio = errors.abs() / log_stddev.detach().exp()
    expected = torch.where(ratio < 10, 1 - ratio**2, 1.0) / log_stddev.numel()
    torch.testing.assert_close(log_stddev.grad, expected)
