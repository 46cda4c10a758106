from importlib.util import find_spec
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from biopose_ros.body import load_body
from biopose_ros.body.joints import JOINT_NAMES, JOINT_PARENTS, MIRRORED_JOINTS
from biopose_ros.body.rotations import axis_angle_to_matrix, matrix_to_six
from biopose_ros.evaluation.body.layer import smplx_max_error_m


@pytest.fixture
def random():
    return torch.Generator().manual_seed(0)


@pytest.mark.skipif(find_spec('smplx') is None, reason='the optional package smplx is missing')
def test_equals_the_unmodified_smplx(body):
    assert smplx_max_error_m(body, bodies=4) < 1e-5


def test_every_vertex_equals_plain_blending_in_numpy(body, random):
    data = body.data
    pose = torch.randn(len(JOINT_NAMES), 3, generator=random).double().numpy()
    betas = torch.randn(body.num_components, generator=random).double().numpy()
    turns = Rotation.from_rotvec(pose).as_matrix()
    shaped = data.template_m + data.shape_directions_m @ betas
    rest = data.joint_regressor @ shaped
    features = (turns[1:] - np.eye(3)).reshape(-1)
    unposed = shaped + data.dense_pose_directions() @ features
    worlds = []
    for joint, parent in enumerate(JOINT_PARENTS):
        local = np.eye(4)
        local[:3, :3] = turns[joint]
        local[:3, 3] = rest[joint] - (rest[parent] if parent >= 0 else 0)
        worlds.append(local if parent < 0 else worlds[parent] @ local)
    worlds = np.array(worlds)
    moves = worlds.copy()
    moves[:, :3, 3] -= np.einsum('jik,jk->ji', worlds[:, :3, :3], rest)
    blended = np.einsum('vj,jik->vik', data.weights, moves)
    expected = np.einsum('vik,vk->vi', blended[:, :3, :3], unposed) + blended[:, :3, 3]
    mesh = body(torch.as_tensor(pose).float(), torch.as_tensor(betas).float())
    np.testing.assert_allclose(mesh.vertices_m, expected, atol=1e-5)
    np.testing.assert_allclose(mesh.joints_m, worlds[:, :3, 3], atol=1e-5)


def test_the_three_forms_of_a_pose_agree(body, random):
    pose = torch.randn(2, 24, 3, generator=random)
    matrices = axis_angle_to_matrix(pose)
    expected = body(pose).vertices_m
    for form in (matrices, matrix_to_six(matrices)):
        torch.testing.assert_close(body(form).vertices_m, expected, atol=1e-5, rtol=0)


def test_a_batch_equals_single_bodies(body, random):
    pose = torch.randn(2, 3, 24, 3, generator=random)
    betas = torch.randn(3, 10, generator=random)
    shift = torch.randn(2, 1, 3, generator=random)
    mesh = body(pose, betas, shift)
    assert mesh.vertices_m.shape == (2, 3, len(body.template_m), 3)
    assert mesh.joints_m.shape == (2, 3, 24, 3)
    alone = body(pose[1, 2], betas[2], shift[1, 0])
    torch.testing.assert_close(mesh.vertices_m[1, 2], alone.vertices_m, atol=1e-5, rtol=0)
    torch.testing.assert_close(mesh.joints_m[1, 2], alone.joints_m, atol=1e-5, rtol=0)


def test_gradients_equal_finite_differences(random):
    double = load_body().double()
    pick = torch.randint(len(double.template_m), (5,), generator=random)

    def some_vertices(pose, betas, shift):
        return double(pose, betas, shift).vertices_m[pick]

    inputs = [
        0.5 * torch.randn(*size, generator=random, dtype=torch.float64)
        for size in ((24, 3), (3,), (3,))
    ]
    assert torch.autograd.gradcheck(
        some_vertices, [value.requires_grad_() for value in inputs], fast_mode=True
    )


def test_gradients_are_finite_at_zero_pose(body):
    pose = torch.zeros(24, 3, requires_grad=True)
    body(pose).vertices_m.square().sum().backward()
    assert torch.isfinite(pose.grad).all()


def test_mirrored_poses_give_mirrored_bodies(body, random):
    pose = 0.7 * torch.randn(24, 3, generator=random)
    mirrored = pose[list(MIRRORED_JOINTS)] * torch.tensor([1.0, -1.0, -1.0])
    flip = torch.tensor([-1.0, 1.0, 1.0])
    joints = body(pose).joints_m[list(MIRRORED_JOINTS)] * flip
    torch.testing.assert_close(body(mirrored).joints_m, joints, atol=2e-4, rtol=0)
    cloud, twin = body(pose).vertices_m * flip, body(mirrored).vertices_m
    nearest = torch.cdist(cloud[::50], twin).min(dim=1).values
    assert nearest.max() < 1e-3


def test_the_rest_pose_is_straight(body):
    joints = dict(zip(JOINT_NAMES, body.rest_joints_m, strict=True))
    for side, sign in (('left', 1.0), ('right', -1.0)):
        arm = [joints[f'{side}_{part}'] for part in ('shoulder', 'elbow', 'wrist')]
        leg = [joints[f'{side}_{part}'] for part in ('hip', 'knee', 'ankle')]
        for limb, direction in ((arm, [sign, 0, 0]), (leg, [0, -1, 0])):
            for start, end in pairwise(limb):
                bone = torch.nn.functional.normalize(end - start, dim=0)
                assert bone @ torch.tensor(direction, dtype=torch.float32) > np.cos(np.deg2rad(1))
    assert joints['pelvis'].abs().max() < 5e-3


def test_a_population_of_adults(body):
    generator = np.random.default_rng(0)
    for sex, stature_m in ((0, 1.63), (1, 1.756)):
        betas = body.data.population.sample(sex, 200, generator)
        height = body.shaped_m(torch.as_tensor(betas[:50]).float())[..., 1]
        statures = height.max(dim=1).values - height.min(dim=1).values
        assert abs(statures.mean() - stature_m) < 0.03
        assert 0.04 < statures.std() < 0.10
        spread = body.data.population.people[sex].std(axis=0)
        np.testing.assert_allclose(betas.std(axis=0), spread, rtol=0.35)


def test_too_many_shape_components_are_refused(body):
    with pytest.raises(ValueError, match=r'at most 16 components, got \(17,\)'):
        body(torch.zeros(24, 3), torch.zeros(17))


@pytest.mark.skipif(not torch.cuda.is_available(), reason='no CUDA device')
def test_cuda_equals_cpu(body, random):
    pose, betas = torch.randn(4, 24, 3, generator=random), torch.randn(4, 16, generator=random)
    expected = body(pose, betas).vertices_m
    mesh = load_body().cuda()(pose.cuda(), betas.cuda())
    torch.testing.assert_close(mesh.vertices_m.cpu(), expected, atol=1e-4, rtol=0)
