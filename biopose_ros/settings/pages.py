"""The declared settings as files: ``config/pose.yaml`` and ``docs/settings.md``."""

from __future__ import annotations

import json
from itertools import groupby
from textwrap import wrap

from biopose_ros.settings.node import NodeConfig
from biopose_ros.settings.pipeline import PipelineConfig
from biopose_ros.settings.setting import Setting, settings_of

_WIDTH = 99
_YAML_HEAD = """\
# Parameters of pose_node with their defaults; docs/settings.md lists them with their ranges.
# Written by `biopose build settings`: change biopose_ros/settings/, then run it.
/**:
  ros__parameters:
"""
_YAML_TAIL = """
    # Quality of service can be overridden by topic, for example:
    # qos_overrides./joint_angles.publisher.depth: 100
"""
_PAGE_HEAD = """\
# Settings

Written by `biopose build settings` from `biopose_ros/settings/`, where each setting is declared
once. Parameters of the node, with the option of `biopose run` that does the same where there is
one. A parameter changes while the node is unconfigured; those marked *live* at any time.
"""


def parameter_file() -> str:
    """Give ``config/pose.yaml``: every parameter with its default and what it means."""
    lines: list[str] = []
    for section, settings in _sections():
        lines.append(f'\n    # {section}')
        for setting in settings:
            allowed = f' ({setting.range_text})' if setting.range_text else ''
            text = wrap(setting.description + allowed, _WIDTH - 6)
            lines += [f'    # {line}' for line in text]
            lines.append(f'    {setting.name}: {_yaml(setting)}')
    return _YAML_HEAD + '\n'.join(lines).lstrip('\n') + '\n' + _YAML_TAIL


def settings_page() -> str:
    """Give ``docs/settings.md``: a table of every section."""
    options = {setting.name: setting.option for setting in settings_of(PipelineConfig)}
    parts = [_PAGE_HEAD]
    for section, settings in _sections():
        parts.append(f'\n## {section}\n\n| parameter | option | default | allowed | |\n')
        parts.append('|---|---|---|---|---|\n')
        for setting in settings:
            name = f'`{setting.name}`' + (' *live*' if setting.is_dynamic else '')
            option = f'`{options[setting.name]}`' if setting.name in options else ''
            parts.append(
                f'| {name} | {option} | `{_yaml(setting)}` | {setting.range_text} '
                f'| {setting.description} |\n'
            )
    return ''.join(parts)


def _sections() -> list[tuple[str, list[Setting]]]:
    ordered = settings_of(NodeConfig)
    return [(name, list(group)) for name, group in groupby(ordered, lambda each: each.section)]


def _yaml(setting: Setting) -> str:
    """Give the default as YAML writes it."""
    if isinstance(setting.default, str):
        return setting.default or "''"
    return json.dumps(setting.default)
