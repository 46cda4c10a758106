"""Pictures of known crowds, the measurement itself, and what the report makes of it."""

import json
import stat
import sys
from itertools import pairwise

import av
import numpy as np
import pytest
from typer.testing import CliRunner

from biopose_ros.cli.app import app
from biopose_ros.evaluation.speed.pipeline import Speed, measure_pipeline
from biopose_ros.evaluation.speed.report import Report
from biopose_ros.evaluation.speed.rivals import RivalError, RivalSpeed, measure_mediapipe
from biopose_ros.evaluation.speed.scenes import CELL_PX, Scene, SceneError, person_cells
from biopose_ros.settings import PipelineConfig

STAND_IN = """
from types import SimpleNamespace
__version__ = '1.2.3'
class Pose:
    def __init__(self, model_complexity): self.complexity = model_complexity
    def __enter__(self): return self
    def __exit__(self, *_): pass
    def process(self, picture):
        assert picture.shape == (720, 1280, 3)
        return SimpleNamespace(pose_landmarks=self.complexity)
solutions = SimpleNamespace(pose=SimpleNamespace(Pose=Pose))
"""


@pytest.fixture(scope='module')
def cells():
    """Grey levels for time."""
    return [np.full((CELL_PX[1], CELL_PX[0], 3), 10 * i, np.uint8) for i in range(6)]


@pytest.mark.parametrize(('persons', 'side_px'), [(1, 640), (2, 320), (4, 320), (8, 320)])
def test_scene_shows_so_many_cells(cells, persons, side_px):
    cells = [cell + np.uint8(150) for cell in cells]  # lighter than what lies around
    is_cell = (Scene(cells, persons).image(0) >= 150).all(axis=2)
    assert is_cell.sum() == persons * side_px * side_px * 9 // 8


@pytest.mark.parametrize('persons', [1, 8])
def test_nobody_ever_jumps(cells, persons):
    scene = Scene(cells, persons)
    images = [scene.image(i).astype(int) for i in range(2 * scene.period)]
    steps = [np.abs(b - a).max() for a, b in pairwise(images)]
    assert max(steps) == 10
    np.testing.assert_array_equal(images[0], images[scene.period])


def test_copies_differ(cells):
    image = Scene(cells, 4).image(0)
    assert len({int(image[row, column, 0]) for row in (9, 699) for column in (400, 900)}) > 2


def test_video_without_a_person_is_named(tmp_path):
    path = tmp_path / 'empty.mp4'
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('mpeg4', rate=30)
        stream.width, stream.height = 320, 240
        for _ in range(8):
            picture = av.VideoFrame.from_ndarray(np.zeros((240, 320, 3), np.uint8), 'bgr24')
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    with pytest.raises(SceneError, match=r'empty.mp4: nobody is wholly in view for 60 images'):
        person_cells(path)


def test_measurement_on_an_empty_scene_counts_stages_and_finds_nobody(cells):
    speed = measure_pipeline(PipelineConfig(method='landmarks'), Scene(cells[:2], 1), 0.5)
    assert speed.persons_followed == 0
    assert speed.images >= 20
    assert 0 < speed.latency_p50_ms <= speed.latency_p95_ms <= speed.latency_p99_ms
    assert speed.fps > 0
    assert speed.stages_ms['detection'] <= speed.latency_p99_ms
    assert speed.peak_memory_mib > 50


def speed(p50_ms, **stages_ms):
    names = {name.replace('_', ' '): value for name, value in stages_ms.items()}
    return Speed(1.0, 9, 1e3 / p50_ms, p50_ms, p50_ms, p50_ms, names, names, names, 100.0)


def test_report_puts_the_default_at_the_top_and_compares_like_with_like():
    report = Report({'networks': 'cpu'}, 'biopose')
    report.variants['biopose'] = {1: speed(40.0), 8: speed(200.0)}
    report.variants['landmarks'] = {1: speed(20.0, landmark_fit=5.0)}
    report.rivals += [RivalSpeed('MediaPipe', 30.0, 50), RivalSpeed('OpenSim IK', 20.0, 50)]
    figures = json.loads(json.dumps(report.figures()))
    for count, p50_ms in (('1', 40.0), ('8', 200.0)):
        assert figures[count]['latency_p50_ms'] == p50_ms
        assert {'stages_ms', 'fps', 'latency_p95_ms'} <= set(figures[count])
    assert figures['variants']['landmarks']['1']['stages_ms'] == {'landmark fit': 5.0}
    assert figures['ratios'] == {
        'MediaPipe / our whole pipeline': 0.75,
        'OpenSim IK / our landmark fit': 4.0,
        'both / our whole pipeline': 1.25,
    }
    assert [(name, count) for name, count, _ in report.rows()] == [
        ('biopose', 1),
        ('biopose', 8),
        ('landmarks', 1),
    ]


def interpreter(folder, code):
    """Make a Python that finds a module mediapipe of this code."""
    (folder / 'mediapipe.py').write_text(code)
    script = folder / 'python'
    script.write_text(f'#!/bin/sh\nPYTHONPATH={folder} exec {sys.executable} "$@"\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return str(script)


def test_mediapipe_runs_in_an_environment_of_its_own(cells, tmp_path):
    found = measure_mediapipe(Scene(cells, 1), interpreter(tmp_path, STAND_IN))
    assert found.name == 'MediaPipe Pose 1.2.3, complexity 1'
    assert found.images == 50
    assert found.p50_ms >= 0


@pytest.mark.parametrize(
    ('code', 'text'),
    [('raise ImportError("no such thing")', 'no such thing'), ('', 'solutions')],
)
def test_mediapipe_that_does_not_run_is_explained(cells, tmp_path, code, text):
    with pytest.raises(RivalError, match=text):
        measure_mediapipe(Scene(cells, 1), interpreter(tmp_path, code))
    with pytest.raises(RivalError, match='no_python'):
        measure_mediapipe(Scene(cells, 1), str(tmp_path / 'no_python'))


def test_numbers_of_persons_that_cannot_be_shown_are_refused():
    result = CliRunner().invoke(
        app, ['benchmark', '--persons', '3', '--video', __file__], env={'COLUMNS': '200'}
    )
    assert result.exit_code == 1
    assert '3 persons cannot be shown; choose from 1, 2, 4, 6, 8' in result.output
