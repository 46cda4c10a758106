import itertools
import json
import math
import struct
import zipfile
from dataclasses import replace

import pytest
import torch
from torch import nn

from biopose_ros.training import timed
from biopose_ros.training.timed import TimedConfig, TimedTraining

CONFIG = TimedConfig(minutes=0.004, learning_rate=0.1, average=0.9, check_s=0.05)


class Line(TimedTraining):
    """Fits a slope of two."""

    def losses(self):
        x = torch.linspace(-1, 1, 16)[:, None]
        return {'square': (self.model(x) - 2 * x).square().mean(), 'nothing': torch.zeros(())}

    def validate(self, model):
        return {'slope': float((model.weight.detach() - 2).abs())}


def line(folder, config=CONFIG):
    torch.manual_seed(config.seed)
    return Line(nn.Linear(1, 1, bias=False), folder, config)


def test_a_training_ends_in_time_keeps_its_best_and_writes_a_log(tmp_path):
    training, reported = line(tmp_path), []
    training.run(reported.append)
    assert training.elapsed_s >= 60 * CONFIG.minutes
    assert reported == training.log
    assert training.log[-1].step == training.step
    assert set(training.log[-1].losses) == {'square', 'nothing'}
    assert training.best == min(entry.validation['slope'] for entry in training.log)
    best = torch.load(training.best_weights)['weight']
    assert float((best - 2).abs()) == pytest.approx(training.best)
    written = json.loads((tmp_path / 'log.json').read_text())
    assert written['config']['check_s'] == CONFIG.check_s
    assert len(written['log']) == len(training.log)


def test_a_stopped_training_goes_on(tmp_path):
    first = line(tmp_path)
    first.run()
    longer = line(tmp_path, replace(CONFIG, minutes=2 * first.elapsed_s / 60))
    assert (longer.step, longer.elapsed_s, longer.best) == (
        first.step, first.elapsed_s, first.best
    )  # fmt: skip
    assert torch.equal(longer.model.weight, first.model.weight)
    longer.run()
    assert longer.step > first.step
    assert longer.log[: len(first.log)] == first.log


def test_a_training_that_a_gpu_began_goes_on_without_one(tmp_path):
    first = line(tmp_path)
    first.run()
    _as_of_a_gpu(first.checkpoint)
    assert torch.equal(line(tmp_path).model.weight, first.model.weight)


def _as_of_a_gpu(checkpoint):
    """Rewrite where a file's tensors were: texts of its pickle, each with its length before it."""
    here, there = (b'X' + struct.pack('<I', len(name)) + name for name in (b'cpu', b'cuda:0'))
    with zipfile.ZipFile(checkpoint) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    (pickled,) = (name for name in parts if name.endswith('data.pkl'))
    assert here in parts[pickled]
    parts[pickled] = parts[pickled].replace(here, there)
    with zipfile.ZipFile(checkpoint, 'w') as file:
        for name, content in parts.items():
            file.writestr(name, content)


def test_steps_follow_the_schedule_and_are_the_same_each_time(tmp_path):
    first, second = line(tmp_path / 'a'), line(tmp_path / 'b')
    for training in (first, second):
        training.run_steps(120)
        assert training.step == 120
    assert torch.equal(first.model.weight, second.model.weight)
    rate = first.optimizer.param_groups[0]['lr']
    share = 0.5 * (1 + math.cos(math.pi * 119 / 120))
    assert rate == pytest.approx(CONFIG.learning_rate * max(share, 0.01))


def test_the_average_starts_close_to_the_weights(tmp_path):
    training = line(tmp_path)
    training.run_steps(5)
    assert torch.equal(training.average.module.weight, training.model.weight)


def test_the_first_checkpoint_comes_early(tmp_path, monkeypatch):
    clock = itertools.count()
    monkeypatch.setattr(timed.time, 'perf_counter', lambda: float(next(clock)))
    training = line(tmp_path, replace(CONFIG, minutes=3.0, check_s=120.0))
    training.run()  # each step takes a second of this clock
    assert [entry.elapsed_s for entry in training.log] == [15.0, 135.0, 180.0]
