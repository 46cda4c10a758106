from dataclasses import fields

import yaml

from biopose_ros.resources import resource_path
from biopose_ros.ros.parameters import PARAMETERS, NodeSettings


def test_the_parameter_file_shows_every_default():
    text = resource_path('config/pose.yaml').read_text()
    shown = yaml.safe_load(text)['/**']['ros__parameters']
    defaults = {spec.name: spec.default for spec in PARAMETERS}
    assert shown == defaults
    assert list(shown) == list(defaults)


def test_settings_hold_every_parameter():
    assert [field.name for field in fields(NodeSettings)] == [spec.name for spec in PARAMETERS]
