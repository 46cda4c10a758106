"""The chain that makes every shipped file: what is current, what is made again, and all of it."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from biopose_ros.cli.app import app
from biopose_ros.resources import FILES_VARIABLE, resource_path
from biopose_ros.training.rebuild.records import Record
from biopose_ros.training.rebuild.run import StepError, run_steps
from biopose_ros.training.rebuild.steps import SITES, TINY, Sizes, Step, all_steps

DATA = Path(__file__).resolve().parents[4] / 'shared' / 'data'
OSIM = 'config/skeleton/biopose.osim'


def skeleton_step(out, *needed, data=()):
    command = ('build', 'skeleton', '--out', str(out / 'config' / 'skeleton'))
    return Step('skeleton', command, (OSIM,), needed, tuple(data))


def run(out, *steps):
    lines = []
    run_steps(out, steps, lines.append)
    return lines


def test_a_step_runs_once_and_again_when_what_it_needs_has_changed(tmp_path):
    data = tmp_path / 'data'
    data.write_text('first')
    step = skeleton_step(tmp_path, 'weights/body.safetensors', data=[data])
    assert run(tmp_path, step)[0].startswith('[1/1] skeleton: biopose build skeleton')
    assert run(tmp_path, step) == ['[1/1] skeleton: current']
    data.write_text('second')
    assert not Record(tmp_path, step).is_current()
    data.write_text('first')
    assert Record(tmp_path, step).is_current()
    (tmp_path / 'weights').mkdir()
    (tmp_path / 'weights' / 'body.safetensors').write_bytes(b'another body')
    assert not Record(tmp_path, step).is_current()
    (tmp_path / 'weights' / 'body.safetensors').unlink()
    other = replace(step, command=(*step.command, '--help'))
    assert not Record(tmp_path, other).is_current()
    (tmp_path / OSIM).write_text('edited by hand')
    assert not Record(tmp_path, step).is_current()


def test_an_interrupted_step_goes_on_and_a_changed_one_begins_anew(tmp_path):
    step = skeleton_step(tmp_path)
    Record(tmp_path, step).begin()
    kept = tmp_path / 'work' / 'skeleton' / 'checkpoint'
    kept.parent.mkdir(parents=True)
    kept.write_text('half')
    Record(tmp_path, step).begin()
    assert kept.exists()
    Record(tmp_path, replace(step, command=('build', 'else'))).begin()
    assert not kept.exists()


def test_a_failed_step_and_missing_data_are_told(tmp_path):
    failing = replace(skeleton_step(tmp_path), command=('build', 'nothing'))
    with pytest.raises(StepError, match='skeleton ended with status 2'):
        run(tmp_path, failing)
    missing = skeleton_step(tmp_path, data=[tmp_path / 'survey.csv'])
    with pytest.raises(StepError, match=r'skeleton needs .*survey\.csv: give --data .*--keep'):
        run(tmp_path, missing)


def test_steps_follow_each_other(tmp_path):
    steps = all_steps(tmp_path, DATA, Sizes())
    made = set()
    for step in steps:  # no step reads what a later one makes
        later = {name for other in steps for name in other.made} - made
        assert not later & set(step.needed), step.name
        made |= set(step.made)
    assert '--mesh-errors' in next(step.command for step in steps if step.name == 'neurik')
    kept = all_steps(tmp_path, DATA, Sizes(), kept=('mesh-heavy', 'evidence'))
    commands = {step.name: step.command for step in kept}
    assert '--start' not in commands['mesh-full']
    assert '--calibrate' not in commands['neurik']
    assert '--mesh-errors' not in commands['neurik']
    assert 'mesh-errors' not in commands
    with pytest.raises(ValueError, match="unknown step 'mush'; there are: body, marker-sites"):
        all_steps(tmp_path, DATA, Sizes(), kept=('mush',))


def test_every_shipped_network_is_made(tmp_path):
    made = {name for step in all_steps(tmp_path, DATA, TINY) for name in step.made}
    shipped = {f'weights/{path.name}' for path in resource_path('weights').glob('*.safetensors')}
    assert shipped <= made


def test_files_of_a_folder_come_before_those_that_ship(tmp_path, monkeypatch):
    (tmp_path / SITES).parent.mkdir(parents=True)
    (tmp_path / SITES).write_text('')
    monkeypatch.setenv(FILES_VARIABLE, str(tmp_path))
    assert resource_path(SITES) == tmp_path / SITES
    assert resource_path(OSIM).exists()


@pytest.mark.timeout(1500)
def test_tiny_chain_gives_a_pipeline_that_runs(imported, tmp_path):
    """From images to angles with next to no learning: every file is there and is used."""
    if not DATA.exists():
        pytest.skip('needs the real clips')
    # The body needs an extra; heavy is made as full is; certainty runs the whole of a real clip.
    names = ('body', 'appearance-heavy', 'mesh-heavy', 'certainty')
    kept = [word for name in names for word in ('--keep', name)]
    arguments = ['train', 'all', str(tmp_path), '--data', str(DATA), '--tiny', *kept]
    command = [sys.executable, '-m', 'biopose_ros.cli']
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    listed = CliRunner().invoke(app, [*arguments, '--list'])
    assert listed.output.count('current') == 6
    assert 'to do' not in listed.output
    for name in ('detector', 'mesh-full', 'neurik'):
        assert (tmp_path / 'work' / name).is_dir()
    video = DATA / 'real' / 'sports2d' / 'demo.mp4'
    out = tmp_path / 'results'
    options = (
        '--time',
        '3.3-3.5',
        '--network',
        'full',
        '--shortest',
        '0',
        '--confirm-frames',
        '1',
    )
    ran = subprocess.run(
        [*command, 'run', str(video), '--out', str(out), *options],
        capture_output=True, text=True, check=False,
        env={**os.environ, FILES_VARIABLE: str(tmp_path)},
    )  # fmt: skip
    assert ran.returncode in (0, 3), ran.stdout[-3000:] + ran.stderr[-3000:]  # 3: nobody found
    assert json.loads((out / 'summary.json').read_text())['frames'] >= 5
