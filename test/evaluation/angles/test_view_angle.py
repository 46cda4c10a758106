import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from biopose_ros.evaluation.angles.view_angle import (
    errors_by_view_angle,
    facing_angles_deg,
    pooled,
)
from biopose_ros.evaluation.metrics import group_errors


@pytest.mark.parametrize('turn', [0, 45, 90, 135, 180])
@pytest.mark.parametrize('side', [1, -1])
@pytest.mark.parametrize('lean', [-40, 0, 40])
def test_a_person_who_turns_away_is_seen_from_the_side_and_from_behind(turn, side, lean):
    position_m, camera_m = np.array([[2.0, 0.9, -1.0]]), np.array([2.0, 1.6, 4.0])
    towards_camera = Rotation.from_euler('Y', -90, degrees=True)
    turned = Rotation.from_euler('YZ', [side * turn, lean], degrees=True)
    rotation = (towards_camera * turned).as_matrix()[None]
    assert facing_angles_deg(rotation, position_m, camera_m) == pytest.approx([turn])


def test_pictures_are_scored_apart_and_add_up():
    generator = np.random.default_rng(0)
    errors = {name: generator.normal(3, 5, 60) for name in ('knee_angle_r', 'hip_flexion_r')}
    errors['knee_angle_r'][:5] = errors['hip_flexion_r'][:5] = np.nan
    angles = np.linspace(0, 180, 60)
    by_angle = errors_by_view_angle(errors, angles)
    assert list(by_angle) == ['front', 'oblique front', 'side', 'oblique back', 'back']
    assert sum(one.frames for one in by_angle.values()) == 55
    side = (angles >= 60) & (angles < 120)
    expected = np.abs(errors['knee_angle_r'][side]).mean()
    assert by_angle['side'].mae_deg['knee'] == pytest.approx(expected)
    whole = group_errors(errors)
    joined = sum(one.frames * one.mae_deg['knee'] for one in by_angle.values()) / 55
    assert joined == pytest.approx(whole['knee'])


def test_clips_are_pooled_by_picture_and_may_lack_angles():
    front = errors_by_view_angle({'knee_angle_r': np.full(3, 2.0)}, np.zeros(3))
    both = errors_by_view_angle({'knee_angle_r': np.full(2, 7.0)}, np.array([10.0, 90.0]))
    found = pooled([front, both])
    assert {name: one.frames for name, one in found.items()} == {'front': 4, 'side': 1}
    assert found['front'].mae_deg['knee'] == pytest.approx((3 * 2 + 7) / 4)
    assert found['front'].mae_deg_bias_corrected['knee'] == pytest.approx(0.0)
