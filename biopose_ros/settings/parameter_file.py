"""Checks of parameter files and of the names in them, before a node silently goes without."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path

import yaml

from biopose_ros.settings.node import NodeConfig
from biopose_ros.settings.setting import settings_of

# What every node of ROS 2 understands, by name or by the beginning of the name.
_OF_ANY_NODE = ('use_sim_time', 'start_type_description_service', 'qos_overrides.')


def check_parameter_names(names: Iterable[str]) -> None:
    """
    Refuse parameters that the node does not have.

    :param names: for example of a parameter file.
    :raises ValueError: names the first one, and the parameter that was meant.
    """
    known = [setting.name for setting in settings_of(NodeConfig)]
    for name in names:
        if name in known or name.startswith(_OF_ANY_NODE):
            continue
        near = difflib.get_close_matches(name, known, n=1)
        hint = f'did you mean {near[0]}?' if near else 'docs/settings.md lists all'
        raise ValueError(f'there is no parameter {name}; {hint}')


def check_parameter_file(path: Path, node: str) -> None:
    """
    Refuse a parameter file that a node would not follow.

    :param path: YAML, as ROS 2 has it.
    :param node: absolute name, for example ``/left/pose_node``.
    :raises ValueError: where there is no such file, it is no parameter file, none of its sections
        is for the node, or one that is names a parameter that does not exist.
    """
    try:
        content = yaml.safe_load(path.read_text())
    except OSError as error:
        raise ValueError(f'parameter file {path} cannot be read: {error.strerror}') from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f'parameter file {path} is not YAML: {error}') from None
    sections = _sections(content) if isinstance(content, dict) else {}
    ours = [values for name, values in sections.items() if _matches(name, node)]
    if not ours:
        found = f'it names {", ".join(sections)}' if sections else 'it has no ros__parameters'
        raise ValueError(f'parameter file {path} holds nothing for {node} ({found})')
    for values in ours:
        try:
            check_parameter_names(_flat(values))
        except ValueError as error:
            raise ValueError(f'parameter file {path}: {error}') from None


def _sections(content: dict[str, object], above: str = '') -> dict[str, dict[str, object]]:
    """Find the sections; namespaces may be written as levels of their own."""
    found: dict[str, dict[str, object]] = {}
    for key, value in content.items():
        if key == 'ros__parameters':
            found[above or '/'] = value if isinstance(value, dict) else {}
        elif isinstance(value, dict):
            name = str(key) if str(key).startswith('/') and not above else f'{above}/{key}'
            found |= _sections(value, name)
    return found


def _matches(section: str, node: str) -> bool:
    """Tell whether a section is for a node; `*` is one part of a name, `**` any number of them."""
    parts = [
        '(/[^/]+)*' if part == '**' else '/[^/]+' if part == '*' else f'/{re.escape(part)}'
        for part in section.strip('/').split('/')
    ]
    return re.fullmatch(''.join(parts), node) is not None


def _flat(values: dict[str, object], above: str = '') -> list[str]:
    names = []
    for key, value in values.items():
        is_group = isinstance(value, dict)
        names += _flat(value, f'{above}{key}.') if is_group else [f'{above}{key}']  # type: ignore[arg-type]
    return names
