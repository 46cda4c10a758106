from pathlib import Path

import pytest
import yaml

from biopose_ros.settings import NodeConfig, settings_of
from biopose_ros.settings.pages import parameter_file, settings_page

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ('path', 'text'),
    [('config/pose.yaml', parameter_file), ('docs/settings.md', settings_page)],
)
def test_the_files_are_those_that_the_settings_give(path, text):
    assert (ROOT / path).read_text() == text(), 'run `biopose build settings`'


def test_the_parameter_file_shows_every_default():
    shown = yaml.safe_load(parameter_file())['/**']['ros__parameters']
    assert shown == {each.name: each.default for each in settings_of(NodeConfig)}
