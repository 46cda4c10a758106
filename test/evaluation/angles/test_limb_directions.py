import numpy as np
import pytest
import torch

from biopose_ros.evaluation.angles.limb_directions import (
    STANDING,
    direction_angles,
    read_truth,
    score_directions,
    stated_deviations,
)
from biopose_ros.skeleton import load_skeleton

FRAMES = 187


class Pose:
    def __init__(self, positions_m, stddev):
        self.segment_positions_m, self.stddev = positions_m, stddev


def moving(skeleton, **angles_deg):
    """Place the skeleton's segments in all pictures, in a camera's axes somewhere."""
    coordinates = torch.zeros(FRAMES, len(skeleton.coordinate_names), dtype=torch.float64)
    for name, values in angles_deg.items():
        coordinates[:, skeleton.coordinate_index(name)] = torch.as_tensor(np.radians(values))
    places = skeleton.forward_kinematics(coordinates).positions_m.numpy()
    stddev = np.full(len(skeleton.coordinate_names), np.radians(10.0))
    return [Pose(row, stddev) for row in places @ np.diag([1.0, -1.0, -1.0]) + [0.2, 0.1, 3.0]]


def test_flexion_is_the_angle_between_limbs():
    skeleton = load_skeleton()
    knee = np.linspace(10.0, 90.0, FRAMES)
    found = direction_angles(moving(skeleton, knee_angle_r=knee, elbow_flex_l=knee), skeleton)
    # Joint centres lie a little off the shafts, so the offset is constant but not zero.
    assert np.abs(found['knee_flexion_r'] - knee).max() < 6.0
    assert np.ptp(found['knee_flexion_r'] - knee) < 5.0
    assert np.ptp(found['elbow_flexion_l'] - knee) < 8.0
    assert np.ptp(found['knee_flexion_l']) < 1e-6
    assert np.median(found['hip_flexion_r'][STANDING]) == pytest.approx(0.0, abs=1e-9)


def test_pictures_without_the_person_are_not_compared():
    skeleton = load_skeleton()
    poses = moving(skeleton, knee_angle_r=np.linspace(0.0, 60.0, FRAMES))
    truth = direction_angles(poses, skeleton)
    poses[3] = None
    stated = stated_deviations(poses, skeleton)
    assert np.isnan(stated['elbow_flexion_l'][3])
    result = score_directions(direction_angles(poses, skeleton), truth, stated)
    assert (result.frames, result.frames_compared) == (FRAMES, FRAMES - 1)
    assert result.mae_deg['knee'] == pytest.approx(0.0, abs=1e-9)
    assert result.gain['knee'] == pytest.approx(1.0)


def test_too_small_movement_has_a_small_gain_and_an_offset_shows_in_standing():
    skeleton = load_skeleton()
    poses = moving(skeleton, knee_angle_r=np.linspace(5.0, 65.0, FRAMES))
    truth, stated = direction_angles(poses, skeleton), stated_deviations(poses, skeleton)
    less = {name: 0.5 * values + 12.0 for name, values in truth.items()}
    result = score_directions(less, truth, stated)
    assert result.gain['knee'] == pytest.approx(0.5)
    standing = truth['knee_flexion_r'][STANDING].mean()
    left = truth['knee_flexion_l'][STANDING].mean()
    expected = 12.0 - 0.25 * (standing + left)
    assert result.standing_deg['knee'] == pytest.approx(expected)


def test_errors_are_compared_with_the_stated_deviations():
    skeleton = load_skeleton()
    poses = moving(skeleton, knee_angle_r=np.linspace(5.0, 65.0, FRAMES))
    truth, stated = direction_angles(poses, skeleton), stated_deviations(poses, skeleton)
    off = {name: values + 11.0 for name, values in truth.items()}  # 10 is stated
    off['knee_flexion_l'] = truth['knee_flexion_l'] - 9.0
    within = score_directions(off, truth, stated).within_1_sigma
    assert within == {'knee': pytest.approx(0.5), 'elbow': 0.0}


def test_truth_that_is_not_good_is_left_out(tmp_path):
    names = [f'{n}_flexion_{s}' for n in ('knee', 'hip', 'elbow') for s in 'rl']
    path = tmp_path / 'angles.csv'
    header = ','.join(['frame', 'ok', *names, 'trunk_inclination'])
    path.write_text(f'{header}\n0,1,{",".join(["5"] * 7)}\n1,0,{",".join(["6"] * 7)}\n')
    truth = read_truth(path)
    np.testing.assert_array_equal(truth['knee_flexion_l'], [5.0, np.nan])
