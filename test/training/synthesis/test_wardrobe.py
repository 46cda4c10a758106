from __future__ import annotations

import numpy as np
import pytest

from biopose_ros.training.synthesis import wardrobe
from biopose_ros.training.synthesis.palettes import cloth_colours, hair_colour, skin_colour
from biopose_ros.training.synthesis.rasteriser import vertex_normals
from biopose_ros.training.synthesis.regions import ARM, HEIGHT, body_regions
from biopose_ros.training.synthesis.wardrobe import (
    BOTTOM,
    HAIR,
    SHOES,
    SKIN,
    TOP,
    choose_outfit,
    dress,
    garment_at,
    head_at,
)


@pytest.fixture(scope='module')
def regions(generator):
    return generator.studio.regions


@pytest.fixture
def plain(regions):
    """Long sleeves, long trousers, low shoes, short hair, nothing else."""
    cut = choose_outfit(np.random.default_rng(0), regions).cut.copy()
    cut[wardrobe.SLEEVE], cut[wardrobe.LEG_END], cut[wardrobe.SHOE_TOP] = 1.9, 1.0, 0.9
    cut[wardrobe.COAT_HEM], cut[wardrobe.COAT_SLEEVE] = wardrobe.NEVER, -wardrobe.NEVER
    cut[wardrobe.WAIST] = cut[wardrobe.TOP_HEM] = 3.2
    cut[wardrobe.GLOVE_END], cut[wardrobe.BELT_ON], cut[wardrobe.BEARD] = wardrobe.NEVER, 0, 0
    cut[wardrobe.HAIRLINE], cut[wardrobe.HAIR_SLOPE] = 0.8, 0.7
    return cut


def test_scales_read_whole_numbers_at_the_joints(regions):
    joints = regions.joints_m
    surface = regions.surface
    for joint, scale in ((7, 1.0), (4, 2.0), (1, 3.0)):
        near = np.abs(surface[:, 1] - joints[joint, 1]) < 0.003
        np.testing.assert_allclose(surface[near, HEIGHT], scale, atol=0.05)
    for joint, scale in ((16, 0.0), (18, 1.0), (20, 2.0)):
        near = np.abs(surface[:, 0] - joints[joint, 0]) < 0.01
        np.testing.assert_allclose(surface[near, ARM], scale, atol=0.06)


def test_a_body_that_is_not_in_a_t_pose_is_refused(body):
    joints = body.rest_joints_m.numpy().copy()
    joints[18] = joints[16]
    with pytest.raises(ValueError, match='does not rest in a T-pose'):
        body_regions(body.template_m.numpy(), joints, body.faces)


@pytest.mark.parametrize(
    ('joint', 'material'), [(18, TOP), (6, TOP), (22, SKIN), (4, BOTTOM), (10, SHOES)]
)
def test_garments_cover_their_part(regions, plain, joint, material):
    near = np.argmin(np.linalg.norm(regions.surface[:, :3] - regions.joints_m[joint], axis=1))
    assert garment_at(*regions.surface[near], plain) == material


def test_hair_grows_on_top_and_behind_and_not_on_the_face(regions, plain):
    _, chin, front, unit = regions.face_frame_m
    assert head_at(0.0, chin + 0.97 * unit, front - 0.4 * unit, plain) == HAIR
    assert head_at(0.0, chin + 0.45 * unit, front - 0.85 * unit, plain) == HAIR
    assert head_at(0.0, chin + 0.35 * unit, front, plain) == SKIN


def test_cloth_stands_off_outward_and_skin_stays(regions, body, plain):
    vertices = body.template_m.numpy()
    normals = vertex_normals(vertices, regions.faces)
    moved = dress(vertices, normals, regions.surface, plain) - vertices
    outward = np.sum(moved * normals, 1)
    assert outward.min() > -1e-6
    assert outward.max() < 0.12
    hands = regions.surface[:, ARM] > 2.1
    np.testing.assert_array_equal(moved[hands & (regions.surface[:, HEIGHT] > 3.5)], 0.0)
    trunk = (np.abs(vertices[:, 0]) < 0.1) & (np.abs(regions.surface[:, HEIGHT] - 3.6) < 0.1)
    assert np.all(outward[trunk] > 0.0)


def test_colours_are_light_that_a_surface_can_return():
    random = np.random.default_rng(0)
    skins = np.stack([skin_colour(random) for _ in range(300)])
    hair = np.stack([hair_colour(random) for _ in range(300)])
    for colours in (skins, cloth_colours(random, 300), hair):
        assert (colours.min() >= 0) & (colours.max() <= 1)
    # Skin of every tone returns more red than blue, and tones range widely.
    assert np.all(skins[:, 0] >= skins[:, 2])
    assert skins[:, 0].max() > 15 * skins[:, 0].min()
