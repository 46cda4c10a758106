"""Light, things, rooms and lens, each against what geometry says."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from biopose_ros.training.synthesis import props
from biopose_ros.training.synthesis.backdrop import Photos, choose_room, paint_abstract
from biopose_ros.training.synthesis.effects import choose_effects, develop
from biopose_ros.training.synthesis.lighting import (
    Light,
    cast_shadows,
    choose_light,
    lit_share,
    square_to,
)
from biopose_ros.training.synthesis.rasteriser import vertex_normals


def volume_m3(mesh: props.Mesh) -> float:
    """Signed volume of a closed mesh: positive where faces look outward."""
    a, b, c = (mesh.vertices_m[mesh.faces[:, k]].astype(float) for k in range(3))
    return float(np.einsum('ij,ij->', a, np.cross(b, c)) / 6)


def test_boxes_and_rods_are_closed_and_look_outward():
    size = np.array([0.4, 0.6, 0.2])
    assert np.isclose(volume_m3(props.box(size, np.ones(3), 0.7, 2)), size.prod(), rtol=1e-5)
    half = np.array([0.2, 0.5, 0.3])
    ball = volume_m3(props.ball(half, np.ones(3), 2))
    assert 0.8 < ball / (4 / 3 * np.pi * half.prod()) < 1.0
    rod = props.rod(np.zeros(3), np.array([0.3, 1.0, 0.2]), 0.1, 2)
    walls = volume_m3(rod)
    assert 0.8 < walls / (np.pi * 0.01 * np.linalg.norm([0.3, 1.0, 0.2])) < 1.0


def test_long_hair_and_skirts_look_outward(generator):
    regions = generator.studio.regions
    joints = regions.joints_m.astype(float)
    hair = props.long_hair(joints[15], np.eye(3), joints[15], regions.face_frame_m, 1.5, 14)
    waist = np.array([0.17, 0.13, 0.1, 0.0])
    skirt = props.skirt(joints, np.stack([np.eye(3)] * 3), joints, waist, 0.6, 1.2, 13)
    for mesh in (hair, skirt):
        front = mesh.faces[: len(mesh.faces) // 2]
        outward = mesh.vertices_m - mesh.vertices_m.mean(0)
        outward[:, 1] = 0
        normals = vertex_normals(mesh.vertices_m, front)
        assert np.mean(np.sum(normals * outward, 1) > 0) > 0.95


def test_an_occluder_lies_between_camera_and_target():
    camera, target = np.array([0.0, 1.5, 4.0]), np.array([0.2, 1.0, 0.0])
    for seed in range(30):
        mesh = props.occluder(np.random.default_rng(seed), target, camera, 0)
        along = (mesh.vertices_m.mean(0) - camera) @ (target - camera)
        share = along / np.sum((target - camera) ** 2)
        assert 0.0 < share < 1.0


def test_a_frame_around_a_direction_is_right_handed():
    for direction in np.random.default_rng(0).normal(size=(50, 3)):
        along = direction / np.linalg.norm(direction)
        side, other = square_to(along)
        np.testing.assert_allclose(np.cross(side, other), along, atol=1e-12)


def test_a_box_shades_the_floor_beneath_it_and_only_there():
    corners = props.box(np.array([0.6, 0.04, 0.6]), np.array([0.0, 1.0, 0.0]), 0.0, 0)
    grid = np.stack(np.meshgrid(np.linspace(-0.3, 0.3, 40), [1.0], np.linspace(-0.3, 0.3, 40)), -1)
    points = np.concatenate([corners.vertices_m, grid.reshape(-1, 3)]).astype(np.float32)
    table = choose_light(np.random.default_rng(0)).table.copy()
    table[0] = [0.0, 1.0, 0.0]  # noon
    shadows = cast_shadows(points, Light(table, 1.0), np.zeros(3))

    def lit(x, z):
        return lit_share(
            x, 0.0, z, 1.0, table[0], shadows.across, shadows.origin_m, shadows.reach_m
        )

    assert lit(0.0, 0.0) == 0.0
    assert lit(0.6, 0.0) == 1.0
    assert lit(0.0, -0.6) == 1.0
    assert lit(50.0, 0.0) == 1.0


def test_things_on_the_floor_darken_it_and_things_above_do_not():
    light = choose_light(np.random.default_rng(0))
    square = np.random.default_rng(1).uniform(-0.2, 0.2, (3000, 3)).astype(np.float32)
    for height, darkest in ((0.0, (0.3, 0.76)), (2.0, (0.0, 0.01))):
        square[:, 1] = height
        contact = cast_shadows(square, light, np.zeros(3)).contact
        assert darkest[0] <= contact.max() <= darkest[1]


def test_rooms_hold_what_is_inside():
    points = np.array([[0.0, 1.0, 0.0], [2.0, 2.9, -3.0]])
    for seed in range(30):
        room = choose_room(np.random.default_rng(seed), points)
        x_from, x_to, z_from, z_to, height, _ = room.bounds_m
        assert (x_from < points[:, 0].min()) & (points[:, 0].max() < x_to)
        assert (z_from < points[:, 2].min()) & (points[:, 2].max() < z_to)
        assert height > 2.9


def test_abstract_pictures_are_light():
    picture = paint_abstract(np.random.default_rng(0), 96)
    assert picture.shape == (96, 96, 3)
    assert np.isfinite(picture).all()
    assert picture.min() >= 0


def test_photos_are_cut_from_a_folder(tmp_path):
    (tmp_path / 'deep').mkdir()
    photo = np.full((80, 120, 3), (255, 0, 0), np.uint8)  # blue
    cv2.imwrite(str(tmp_path / 'deep' / 'sky.png'), photo)
    cut = Photos(tmp_path).cut(np.random.default_rng(0), 32)
    np.testing.assert_allclose(cut[0, 0], [0, 0, 1], atol=1e-6)


def test_bad_background_folders_are_named(tmp_path):
    with pytest.raises(ValueError, match='backgrounds: no pictures in'):
        Photos(tmp_path)
    with pytest.raises(ValueError, match='is not a folder'):
        Photos(tmp_path / 'missing')
    (tmp_path / 'broken.jpg').write_bytes(b'nothing')
    with pytest.raises(ValueError, match=r'cannot read .*broken\.jpg as a picture'):
        Photos(tmp_path).cut(np.random.default_rng(0), 32)


def test_brighter_light_gives_brighter_pictures_and_borders_stay_black():
    light = np.tile(np.linspace(0.0, 0.4, 64, dtype=np.float32)[None, :, None], (64, 1, 3))
    inside = np.ones((64, 64), bool)
    inside[:20] = False
    for seed in range(10):
        effects = choose_effects(np.random.default_rng(seed), 300.0)
        picture = develop(light, inside, effects)
        np.testing.assert_array_equal(picture, develop(light, inside, effects))
        assert picture[:12].max() < 40  # black but for what compression spills
        columns = picture[24:].mean((0, 2))
        assert columns[50] > columns[30] > columns[10]
