"""Robots and mannequins in a person's place: what they are made of, and what stays as it is."""

import numpy as np
import pytest

from biopose_ros.training.synthesis import wardrobe
from biopose_ros.training.synthesis.cameras import crop_from_image
from biopose_ros.training.synthesis.lookalikes import (
    as_mannequin,
    as_robot,
    without_persons,
)
from biopose_ros.training.synthesis.regions import HEIGHT, MATERIAL_OFFSET
from biopose_ros.training.synthesis.renderer import BACKGROUND, THING, choose_look, draw

SIDE_PX = 96


@pytest.fixture
def scene(generator):
    plan = generator.plan(np.random.default_rng(5), np.array([0.0, 1.5]), np.ones(2))
    return next(generator.scenes([plan], 0.5))


def drawn(generator, scene):
    look = choose_look(np.random.default_rng(0), scene, SIDE_PX)
    matrix = crop_from_image(scene.crop, SIDE_PX)
    return draw(scene, generator.studio.regions, matrix, SIDE_PX, look)


def materials(mesh):
    return set((mesh.surface[:, HEIGHT] - MATERIAL_OFFSET).astype(int))


def test_a_robot_is_of_materials_that_nothing_else_has(scene):
    """Else boxes, poles and plants beside a robot take its colours."""
    random = np.random.default_rng(0)
    one = as_robot(random, scene)
    two = as_robot(random, one, 1)
    rows = [
        set().union(*map(materials, things))
        for things in (
            scene.things,
            one.things[len(scene.things) :],
            two.things[len(one.things) :],
        )
    ]
    assert rows[0] <= set(range(wardrobe.MATERIALS))
    assert rows[1] == {16, 17, 18, 19}
    assert rows[2] == {20, 21, 22, 23}
    np.testing.assert_array_equal(two.thing_palette[:20], one.thing_palette)
    np.testing.assert_array_equal(one.thing_palette[:16], scene.thing_palette)


def test_a_robot_stands_where_the_person_stood(generator, scene):
    alone = without_persons(scene, [1])
    person = drawn(generator, alone).segmentation
    robot = drawn(generator, as_robot(np.random.default_rng(0), alone))
    empty = drawn(generator, without_persons(scene)).segmentation
    came = (robot.segmentation == THING) & (empty == BACKGROUND)
    assert came.sum() > 50
    was_person = person != empty
    rows, columns = np.nonzero(was_person)
    middle = rows.mean(), columns.mean()
    np.testing.assert_allclose([axis.mean() for axis in np.nonzero(came)], middle, atol=8)


def test_who_is_taken_away_takes_clothes_along_and_leaves_the_others(scene):
    left = without_persons(scene, [0])
    assert np.abs(left.persons[0].vertices_m - scene.persons[0].vertices_m).max() > 100
    np.testing.assert_array_equal(left.persons[1].vertices_m, scene.persons[1].vertices_m)
    assert [mesh for _, mesh in left.worn] == [mesh for owner, mesh in scene.worn if owner == 1]


@pytest.mark.parametrize('seed', range(5))
def test_a_bare_mannequin_is_of_one_material_that_is_not_skin(scene, seed):
    made = as_mannequin(np.random.default_rng(seed), scene, 1)
    palette = made.outfits[1].palette
    np.testing.assert_array_equal(palette, np.tile(palette[0], (wardrobe.MATERIALS, 1)))
    assert palette[0, 0] == palette[0, :3].min()  # skin is redder than it is green or blue
    np.testing.assert_array_equal(made.outfits[0].palette, scene.outfits[0].palette)


def test_a_dressed_mannequin_keeps_its_clothes(scene):
    made = as_mannequin(np.random.default_rng(0), scene, is_dressed=True)
    palette, was = made.outfits[0].palette, scene.outfits[0].palette
    np.testing.assert_array_equal(palette[wardrobe.TOP], was[wardrobe.TOP])
    np.testing.assert_array_equal(palette[wardrobe.SKIN], palette[wardrobe.HAIR])
    assert (palette[wardrobe.SKIN] != was[wardrobe.SKIN]).any()
