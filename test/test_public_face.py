"""What programs import from the package itself, and the examples of docs/python.md."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from clips import CLEARING, cut

import biopose_ros

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = re.findall(r'```python\n(.*?)```', (ROOT / 'docs/python.md').read_text(), re.DOTALL)


@pytest.mark.parametrize('name', biopose_ros.__all__)
def test_public_names_are_there(name):
    assert getattr(biopose_ros, name).__name__ == name


def test_an_unknown_name_is_refused():
    with pytest.raises(AttributeError, match="'biopose_ros' has no attribute 'Pipline'"):
        biopose_ros.Pipline  # noqa: B018


def test_importing_the_package_loads_nothing_heavy():
    code = 'import sys, biopose_ros; print(*sys.modules)'
    loaded = set(subprocess.check_output([sys.executable, '-c', code], text=True).split())
    assert not {'torch', 'numpy', 'cv2', 'typing_extensions', 'rclpy'} & loaded


@pytest.mark.parametrize('example', EXAMPLES, ids=['video', 'settings', 'hand'])
def test_examples_run_as_they_stand(example, imported, capsys, monkeypatch):
    frames = cut(CLEARING, 0, 12)
    monkeypatch.setattr('biopose_ros.files.video.open_frames', lambda path: frames)
    exec(compile(example, 'docs/python.md', 'exec'), {})
    assert 'print' not in example or 'person_1' in capsys.readouterr().out
