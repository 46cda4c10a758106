"""The figures say what OpenSim does with the model, and the committed ones are current."""

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from biopose_ros.reports.angle_figures import angle_figures, angles_page, standalone
from biopose_ros.reports.vocabulary import MEANINGS
from biopose_ros.skeleton import load_skeleton

ROOT = Path(__file__).parents[2]
# Coordinate, a body and a point of it, and the way that it goes by the words: x forward, y up,
# z to the right.
WAYS = [
    ('pelvis_tilt', 'pelvis', (0.1, 0, 0), (0, 1, 0)),  # front rises
    ('pelvis_list', 'pelvis', (0, 0, 0.1), (0, -1, 0)),  # right side drops
    ('pelvis_rotation', 'pelvis', (0.1, 0, 0), (0, 0, -1)),  # turns left
    ('hip_flexion_r', 'femur_r', (0, -0.4, 0), (1, 0, 0)),  # thigh forward
    ('hip_flexion_l', 'femur_l', (0, -0.4, 0), (1, 0, 0)),
    ('hip_adduction_r', 'femur_r', (0, -0.4, 0), (0, 0, -1)),  # inward, to the left
    ('hip_adduction_l', 'femur_l', (0, -0.4, 0), (0, 0, 1)),
    ('hip_rotation_r', 'femur_r', (0.1, 0, 0), (0, 0, -1)),  # turned inward
    ('knee_angle_r', 'tibia_r', (0, -0.4, 0), (-1, 0, 0)),  # bent: the foot goes back
    ('ankle_angle_r', 'calcn_r', (0.2, 0, 0), (0, 1, 0)),  # toes up
    ('subtalar_angle_r', 'calcn_r', (0, 0, -0.05), (0, 1, 0)),  # inversion: inner edge rises
    ('mtp_angle_r', 'toes_r', (0.06, 0, 0), (0, -1, 0)),  # down
    ('lumbar_extension', 'torso', (0, 0.4, 0), (-1, 0, 0)),  # leans back
    ('lumbar_bending', 'torso', (0, 0.4, 0), (0, 0, 1)),  # to the right
    ('lumbar_rotation', 'torso', (0.1, 0, 0), (0, 0, -1)),  # turned left
    ('neck_extension', 'head', (0, 0.2, 0), (-1, 0, 0)),
    ('neck_bending', 'head', (0, 0.2, 0), (0, 0, 1)),
    ('neck_rotation', 'head', (0.1, 0, 0), (0, 0, -1)),
    ('arm_flex_r', 'humerus_r', (0, -0.3, 0), (1, 0, 0)),  # arm forward
    ('arm_add_r', 'humerus_r', (0, -0.3, 0), (0, 0, -1)),  # to the trunk
    ('arm_rot_r', 'humerus_r', (0.1, 0, 0), (0, 0, -1)),  # turned inward
    ('elbow_flex_r', 'ulna_r', (0, -0.2, 0), (1, 0, 0)),  # bent: the hand goes forward
    ('pro_sup_r', 'hand_r', (0, 0, 0.03), (1, 0, 0)),  # pronation: the thumb goes forward
    ('wrist_flex_r', 'hand_r', (0, -0.1, 0), (1, 0, 0)),  # palm to forearm; it faces forward
    ('wrist_dev_r', 'hand_r', (0, -0.1, 0), (0, 0, -1)),  # to the little finger, the inner one
]


@pytest.fixture(scope='module')
def model():
    opensim = pytest.importorskip('opensim')
    opensim.Logger.setLevelString('error')
    loaded = opensim.Model(str(ROOT / 'config/skeleton/biopose.osim'))
    return opensim, loaded, loaded.initSystem()


@pytest.mark.parametrize(('name', 'body', 'point', 'way'), WAYS, ids=[way[0] for way in WAYS])
def test_words_are_what_opensim_does(model, name, body, point, way):
    opensim, loaded, state = model
    places = []
    for angle in (0.0, 0.2):
        for coordinate in loaded.getCoordinateSet():
            coordinate.setValue(state, 0.0, False)
        loaded.getCoordinateSet().get(name).setValue(state, angle, True)
        loaded.realizePosition(state)
        place = (
            loaded.getBodySet()
            .get(body)
            .findStationLocationInGround(state, opensim.Vec3(*map(float, point)))
        )
        places.append(np.array([place[i] for i in range(3)]))
    moved = places[1] - places[0]
    assert moved @ way > 0.7 * np.linalg.norm(moved)


def test_there_is_a_figure_for_every_coordinate_with_an_angle():
    kinds = {re.sub('_[rl]$', '', name) for name in load_skeleton().coordinate_names}
    assert kinds - {'pelvis_tx', 'pelvis_ty', 'pelvis_tz'} == set(MEANINGS)
    assert [figure.kind for figure in angle_figures()] == list(MEANINGS)


def test_figures_show_what_moves_and_how_far_it_can():
    figures = {figure.kind: figure for figure in angle_figures()}
    assert 'from −40° to 140°' in figures['hip_flexion'].caption
    for figure in figures.values():
        drawn = [path.get('class') for path in ElementTree.fromstring(str(figure.svg))]
        assert {'body', 'moved', 'way', 'head'} <= set(drawn), figure.kind
    shank = [p for p in ElementTree.fromstring(str(figures['knee_angle'].svg))
             if p.get('class') == 'moved']  # fmt: skip
    assert 4 <= len(shank) <= 6  # shank, foot and toes, of one side


def test_the_committed_page_and_figures_are_current():
    assert (ROOT / 'docs/angles.md').read_text() == angles_page()
    for figure in angle_figures():
        committed = (ROOT / f'docs/images/angles/{figure.kind}.svg').read_text()
        numbers = [
            np.array(re.findall(r'-?\d+\.\d+', text), float)
            for text in (committed, standalone(figure))
        ]
        np.testing.assert_allclose(*numbers, atol=0.11)  # rounded to a tenth of a pixel
