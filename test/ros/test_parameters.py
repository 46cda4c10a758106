from dataclasses import fields

import pytest
import yaml
from rclpy.parameter import Parameter

from biopose_ros.resources import resource_path
from biopose_ros.ros.parameters import PARAMETERS, NodeSettings, check_parameters


def test_the_parameter_file_shows_every_default():
    text = resource_path('config/pose.yaml').read_text()
    shown = yaml.safe_load(text)['/**']['ros__parameters']
    defaults = {spec.name: spec.default for spec in PARAMETERS}
    assert shown == defaults
    assert list(shown) == list(defaults)


def test_settings_hold_every_parameter():
    assert [field.name for field in fields(NodeSettings)] == [spec.name for spec in PARAMETERS]


@pytest.mark.parametrize(
    ('name', 'value', 'may_change'),
    [('smoothing', 0.8, True), ('camera_pitch_rad', 0.2, False), ('camera_height_m', 1.5, False)],
)
def test_smoothing_may_change_while_the_node_runs_the_mounting_not(name, value, may_change):
    verdict = check_parameters([Parameter(name, value=value)], is_configured=True)
    assert verdict.successful is may_change
    assert may_change or 'changes only while unconfigured' in verdict.reason
    assert check_parameters([Parameter(name, value=value)], is_configured=False).successful
