"""The full text of a message type, as bags embed it so that anyone can read them."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from biopose_ros.resources import resource_path

SEPARATOR = '=' * 80
# Types built into the language of .msg files: https://docs.ros.org/en/rolling/Concepts/Basic/
# About-Interfaces.html
PRIMITIVES = frozenset(
    {'bool', 'byte', 'char', 'float32', 'float64', 'string', 'wstring'}
    | {f'{sign}int{bits}' for sign in ('', 'u') for bits in (8, 16, 32, 64)}
)
_FIELD = re.compile(r'^\s*([A-Za-z][\w/]*)(?:<=\d+)?(?:\[[^\]]*\])?\s+[A-Za-z]\w*')


def definition_text(type_name: str) -> str:
    """
    Collect a message's definition with those of all messages inside it.

    :param type_name: for example ``sensor_msgs/msg/JointState``.
    :returns: the text in the ``ros2msg`` encoding: the definition, then one ``MSG: package/Type``
        section per dependency.
    :raises LookupError: when a definition is not installed.
    """
    top = _short_name(type_name)
    texts: dict[str, str] = {}
    waiting = [top]
    while waiting:
        name = waiting.pop(0)
        if name not in texts:
            texts[name] = _definition_file(name).read_text()
            waiting += dependencies(texts[name], name.split('/')[0])
    sections = [texts.pop(top), *(f'MSG: {name}\n{text}' for name, text in texts.items())]
    return f'\n{SEPARATOR}\n'.join(sections)


def dependencies(text: str, package: str) -> list[str]:
    """
    Find the messages that a definition uses.

    :param text: the content of a ``.msg`` file.
    :param package: the package that it belongs to.
    :returns: ``package/Type`` names in the order of use.
    """
    fields = (_FIELD.match(line.split('#')[0]) for line in text.splitlines())
    types = [match.group(1) for match in fields if match]
    return [
        _short_name(name if '/' in name else f'{package}/{name}')
        for name in types
        if name not in PRIMITIVES
    ]


def _short_name(type_name: str) -> str:
    parts = type_name.split('/')
    if len(parts) not in (2, 3) or (len(parts) == 3 and parts[1] != 'msg'):
        raise LookupError(f'{type_name!r} names no message; write it as package/msg/Type')
    return f'{parts[0]}/{parts[-1]}'


def _definition_file(short_name: str) -> Path:
    package, message = short_name.split('/')
    prefixes = [*os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep), sys.prefix]
    for prefix in filter(None, prefixes):
        path = Path(prefix) / 'share' / package / 'msg' / f'{message}.msg'
        if path.exists():
            return path
    if package == 'biopose_ros':
        return resource_path(f'msg/{message}.msg')
    raise LookupError(
        f'the definition of {package}/msg/{message} is not installed; install the package '
        f'{package}, or source the workspace that holds it'
    )
