import subprocess
import sys
from dataclasses import dataclass, fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biopose_ros.settings import (
    DetectionConfig,
    NodeConfig,
    PipelineConfig,
    RefinementConfig,
    build,
    settings_of,
    values_of,
)
from biopose_ros.settings.setting import check_settings, nested, setting

NODE_SETTINGS = settings_of(NodeConfig)
NUMBERS = [each for each in NODE_SETTINGS if each.bounds is not None]


@pytest.mark.parametrize(
    ('record', 'given', 'message'),
    [
        (PipelineConfig, {'method': 'magic'}, "method must be one of biopose, .* got 'magic'"),
        (PipelineConfig, {'height_m': 17.0}, 'height_m must lie from 0.5 to 2.6, or 0; got 17'),
        (PipelineConfig, {'device': 'gpu'}, "device='gpu' is not allowed: .* cuda:N"),
        (PipelineConfig, {'camera_pitch_rad': 20.0}, 'camera_pitch_rad must lie from -1.571'),
        (PipelineConfig, {'camera_height_m': -1.0}, 'camera_height_m must lie from 0 to 100'),
        (PipelineConfig, {'smoothing': float('nan')}, 'smoothing must lie from 0 to 1; got nan'),
        (DetectionConfig, {'model': 'huge'}, "landmark_model must be one of .* got 'huge'"),
        (DetectionConfig, {'max_persons': 0}, 'max_persons must lie from 1 to 16; got 0'),
        (DetectionConfig, {'start_presence': 0.2}, r'start_presence \(0.2\) must not be below'),
        (RefinementConfig, {'iterations': -1}, 'refine_iterations must lie from 0 to 20; got -1'),
        (NodeConfig, {'debug_image_hz': 0.0}, 'debug_image_hz must lie from 0.1 to 120; got 0'),
    ],
)
def test_wrong_values_are_refused_by_name(record, given, message):
    with pytest.raises(ValueError, match=message):
        record(**given)


def test_names_and_options_are_unique():
    names = [each.name for each in NODE_SETTINGS]
    options = [each.option for each in settings_of(PipelineConfig)]
    assert len(set(names)) == len(names)
    assert len(set(options)) == len(options)


def test_every_setting_says_what_it_is():
    for each in NODE_SETTINGS:
        assert each.description.endswith('.'), each.name
        assert each.section, each.name
        each.check(each.from_parameter(each.default))


@given(st.data())
def test_parameters_and_records_hold_the_same(data):
    values = values_of(NodeConfig())
    for each in data.draw(st.lists(st.sampled_from(NUMBERS), max_size=5, unique=True)):
        low, high = each.bounds
        numbers = st.integers(int(low), int(high)) if each.kind is int else st.floats(low, high)
        values[each.name] = data.draw(numbers)
    if values['start_presence'] < values['min_presence']:
        values['min_presence'] = values['start_presence']
    assert values_of(build(NodeConfig, values)) == values


def test_what_a_parameter_cannot_say_is_none_in_the_record():
    config = build(PipelineConfig, {'height_m': 0.0, 'mesh_weights': ''})
    assert (config.height_m, config.mesh_weights) == (None, None)
    with pytest.raises(ValueError, match=r'a\.osim.* is for recordings alone.*biopose run BAG'):
        build(NodeConfig, {'osim': 'a.osim'})
    config = build(PipelineConfig, {'height_m': 1.8, 'mesh_weights': '/a/b'})
    assert (config.height_m, config.mesh_weights) == (1.8, Path('/a/b'))


def test_nested_records_are_listed_in_place_and_sections_carry_on():
    @dataclass(frozen=True)
    class Inner:
        depth: int = setting(1, 'How deep.', bounds=(0, 3), section='Inner')
        width: int = setting(2, 'How wide.')

    @dataclass(frozen=True)
    class Outer:
        first: bool = setting(True, 'First.', section='Outer')
        inner: Inner = nested(Inner)

        def __post_init__(self):
            check_settings(self)

    listed = [(each.name, each.section) for each in settings_of(Outer)]
    assert listed == [('first', 'Outer'), ('depth', 'Inner'), ('width', 'Inner')]
    assert build(Outer, {'width': 7}) == Outer(inner=Inner(width=7))


def test_every_field_is_a_setting_or_a_record():
    for record in (NodeConfig, PipelineConfig, DetectionConfig, RefinementConfig):
        assert all(field.metadata for field in fields(record))


def test_settings_load_neither_torch_nor_ros():
    code = 'import sys, biopose_ros.settings; print(*sys.modules)'
    loaded = set(subprocess.check_output([sys.executable, '-c', code], text=True).split())
    assert not {'torch', 'numpy', 'cv2', 'rclpy', 'onnxruntime'} & loaded


def test_only_the_node_limits_the_time_of_refinement():
    """A camera does not wait; what a recording gives must not depend on the machine."""
    assert PipelineConfig().refinement.budget_ms is None
    assert build(PipelineConfig, {}).refinement.budget_ms is None
    assert NodeConfig().pipeline.refinement.budget_ms == 15.0
    assert build(NodeConfig, {}) == NodeConfig()
    assert build(NodeConfig, {'refine_budget_ms': 0.0}).pipeline == PipelineConfig()
    assert build(NodeConfig, {'refine_budget_ms': 4.0}).pipeline.refinement.budget_ms == 4.0
    defaults = {each.name: each.default for each in settings_of(NodeConfig)}
    assert defaults == values_of(NodeConfig())
