import pytest
from rclpy.parameter import Parameter

from biopose_ros.ros.parameters import SETTINGS, check_parameters, descriptor


@pytest.mark.parametrize(
    ('name', 'value', 'may_change'),
    [('smoothing', 0.8, True), ('camera_pitch_rad', 0.2, False), ('camera_height_m', 1.5, False)],
)
def test_smoothing_may_change_while_the_node_runs_the_mounting_not(name, value, may_change):
    verdict = check_parameters([Parameter(name, value=value)], is_configured=True)
    assert verdict.successful is may_change
    assert may_change or 'changes only while the node is unconfigured' in verdict.reason
    assert check_parameters([Parameter(name, value=value)], is_configured=False).successful


def test_a_height_that_is_none_is_refused_though_zero_is_in_range():
    [allowed] = descriptor(SETTINGS['height_m']).floating_point_range
    assert (allowed.from_value, allowed.to_value) == (0.0, 2.6)
    verdict = check_parameters([Parameter('height_m', value=0.2)], is_configured=False)
    assert 'height_m must lie from 0.5 to 2.6, or 0; got 0.2' in verdict.reason
    assert check_parameters([Parameter('height_m', value=0.0)], is_configured=False).successful
