import numpy as np
import pytest

from biopose_ros.evaluation.angles.segment_turns import segment_turns_deg
from biopose_ros.skeleton import load_skeleton

SKELETON = load_skeleton()
NAMES = SKELETON.coordinate_names


def standing(frames=3, **degrees):
    values = np.tile(SKELETON.default_coordinates.numpy(), (frames, 1))
    for name, angle in degrees.items():
        values[:, NAMES.index(name)] += np.radians(angle)
    return values


def truth(values):
    return {name: values[:, column] for column, name in enumerate(NAMES)}


def test_a_turned_pelvis_carries_everything_with_it():
    turns = segment_turns_deg(SKELETON, standing(pelvis_rotation=12.0), truth(standing()))
    for segment in ('pelvis', 'trunk', 'thigh', 'shank'):
        assert turns[segment]['turn'] == pytest.approx(12.0, abs=0.5)
        assert turns[segment]['tilt'] == pytest.approx(0.0, abs=0.5)


def test_a_bent_hip_tilts_what_hangs_on_it_on_its_side_alone():
    turns = segment_turns_deg(SKELETON, standing(hip_flexion_r=20.0), truth(standing()))
    assert turns['thigh']['tilt'] == pytest.approx(10.0, abs=0.2)  # the mean of 20 and 0
    assert turns['foot']['tilt'] == pytest.approx(10.0, abs=1.0)
    assert turns['pelvis'] == turns['trunk'] == {'list': 0.0, 'turn': 0.0, 'tilt': 0.0}


def test_frames_without_an_estimate_do_not_count():
    estimate = standing(4, pelvis_list=8.0)
    estimate[1:] = np.nan
    turns = segment_turns_deg(SKELETON, estimate, truth(standing(4)))
    assert turns['pelvis']['list'] == pytest.approx(8.0, abs=1e-6)
    estimate[:] = np.nan
    assert segment_turns_deg(SKELETON, estimate, truth(standing(4))) == {}


def test_coordinates_without_truth_change_nothing():
    known = {name: values for name, values in truth(standing()).items() if 'lumbar' not in name}
    turns = segment_turns_deg(SKELETON, standing(lumbar_extension=-30.0), known)
    assert turns['trunk']['tilt'] == pytest.approx(0.0, abs=1e-6)
