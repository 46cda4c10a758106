"""What is missing is told in a line or two: the thing, the value, the remedy."""

import inspect
import re
import typing

import pytest
import typer
from typer.testing import CliRunner

from biopose_ros.cli.app import app

# Paths that are written, or made where absent.
WRITTEN = {'folder', 'json', 'json_file', 'labels', 'out', 'output', 'pictures', 'plot', 'save'}
WRITTEN |= {'sheet', 'shards'}
TERMINAL = {'COLUMNS': '200', 'TERM': 'dumb'}


def commands(group, names=()):
    """Every command with its names."""
    for command in group.registered_commands:
        name = command.name or command.callback.__name__.replace('_', '-')
        yield (*names, name), command.callback
    for inner in group.registered_groups:
        yield from commands(inner.typer_instance, (*names, inner.name))


def path_parameters():
    """Every parameter that is a path: the command's names, its own, and typer's record of it."""
    for names, callback in commands(app):
        hints = typing.get_type_hints(callback, include_extras=True)
        for name in inspect.signature(callback).parameters:
            if (hint := hints.get(name)) and 'pathlib.Path' in str(hint):
                yield names, name, hint.__metadata__[0]


ALL = list(path_parameters())
# Typer takes an option's first name for its default, which stands in the signature.
READ_OPTIONS = [
    (names, f'--{name.replace("_", "-")}' if told.default is ... else told.default)
    for names, name, told in ALL
    if told.exists and isinstance(told, typer.models.OptionInfo)
]


def test_every_path_that_a_command_reads_must_exist():
    unchecked = [(*names, name) for names, name, told in ALL if not told.exists]
    assert [one for one in unchecked if one[-1] not in WRITTEN] == []
    assert len(READ_OPTIONS) > 40


@pytest.mark.parametrize(('names', 'option'), READ_OPTIONS)
def test_a_missing_path_is_refused_by_option_and_value(names, option, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, [*names, option, 'nowhere'], env=TERMINAL)
    assert done.exit_code == 2
    told = ' '.join(done.stderr.split())
    told_value = rf"Invalid value for '{option}': (path|file|dir) 'nowhere' does not exist"
    assert re.search(told_value, told, re.IGNORECASE)
    assert f"{' '.join(names)} --help' for help" in told


@pytest.mark.parametrize(
    ('command', 'told'),
    [
        ('evaluate motion --motion .', 'no recorded motion (*.npz) in .; pass its folder'),
        ('evaluate video --data .', 'pose2sim_blender: no calibrated views'),
        ('evaluate near --data .', 'pose2sim_blender: no motion to compare with'),
        ('evaluate points --data .', 'pose2sim_blender: no calibrated views'),
        ('build mesh-errors a.npz --maps .', '.: no store of encoder maps'),
        ('train detector a.safetensors --motion .', 'no recorded motion (*.npz) in .; pass'),
        ('train mesh a.safetensors --start broken.safetensors', 'broken.safetensors'),
    ],
)
def test_what_does_not_fit_is_told_without_a_traceback(command, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'broken.safetensors').write_bytes(b'nothing')
    done = CliRunner().invoke(app, command.split())
    assert done.exit_code == 1
    assert done.stderr.startswith('error: ')
    assert told in ' '.join(done.stderr.split())
