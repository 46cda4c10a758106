"""A session from the folder that is brought, with what such a machine has and nothing else."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from biopose_ros.mesh_recovery.encoders import load_encoder
from biopose_ros.mesh_recovery.mesh_file import load_mesh_recovery
from biopose_ros.training.session.bring import bring
from biopose_ros.training.session.check import SessionError, check_machine
from biopose_ros.training.session.session import LARGEST_BYTES

ROOT = Path(__file__).resolve().parents[3]
ABSENT = ('onnxruntime', 'onnx', 'rich', 'typer', 'av', 'rosbags', 'matplotlib', 'rclpy')


@pytest.fixture(scope='module')
def brought(tmp_path_factory, imported):
    if 'pose_landmark_heavy' not in imported:
        pytest.skip('needs the landmark network heavy')
    folder = tmp_path_factory.mktemp('session') / 'brought'
    assert bring(folder, None) < 64
    # What Numba has compiled here fits there, too: same sources, same processor.
    compiled = Path('biopose_ros', 'training', 'synthesis', '__pycache__')
    for path in (ROOT / compiled).glob('*.nb[ci]'):
        (folder / compiled).mkdir(exist_ok=True)
        shutil.copy(path, folder / compiled)
    return folder


def test_a_session_checks_itself_and_trains_with_what_was_brought_alone(brought):
    """One that is over before it begins: each network makes no step, or a single one."""
    code = (
        f'import sys; sys.modules.update(dict.fromkeys({ABSENT}))\n'
        'from pathlib import Path\n'
        'from biopose_ros.training.session.session import Session, SessionPlan, Sizes\n'
        'plan = SessionPlan(Path("work"), Path("out"), 0.002, 10.0)\n'
        'if __name__ == "__main__":\n'
        '    Session(plan, Sizes(1, 4, 1, 1, 1, 1, 0.0), print).run()\n'
    )
    (brought / 'tiny.py').write_text(code)
    here = {**os.environ, 'BIOPOSE_CACHE': str(brought / 'cache'), 'PYTHONPATH': str(brought)}
    done = subprocess.run(
        [sys.executable, 'tiny.py'],
        cwd=brought, env=here, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert 'refinement runs' in done.stdout
    out = brought / 'out'
    report = json.loads((out / 'session.json').read_text())
    assert set(report['stages_ms']['total']) == {'1', '4', '8'}
    assert report['decoder']['steps'] >= 1
    assert report['encoder']['images'] >= 16
    assert max(path.stat().st_size for path in out.iterdir()) <= LARGEST_BYTES
    assert load_mesh_recovery(out / 'mesh_recovery_heavy.safetensors')[0]
    whole = out / 'tuned_heavy.encoder.safetensors'
    whole.write_bytes(b''.join(p.read_bytes() for p in sorted(out.glob(f'{whole.name}.part*'))))
    assert load_encoder(whole)[1] == 'heavy'


def test_what_is_missing_is_named(brought, tmp_path):
    with pytest.raises(SessionError, match='holds no motion'):
        check_machine(tmp_path / 'work', tmp_path, 1, 'heavy', print)
    with pytest.raises(SessionError, match='MiB free'):
        check_machine(tmp_path / 'work', None, 10**9, 'heavy', print)
    with pytest.raises(ValueError, match='not empty'):
        bring(brought, None)
