import json
from dataclasses import replace
from typing import cast

import torch

from biopose_ros.inverse_kinematics.config import NeurikConfig
from biopose_ros.inverse_kinematics.neurik import Neurik
from biopose_ros.inverse_kinematics.neurik_file import load_neurik
from biopose_ros.training.curve import draw_curve
from biopose_ros.training.neurik.loop import NeurikTraining, TrainConfig, finish

SMALL = NeurikConfig(node_size=8, frame_size=24, heads=3, layers=1, feedforward_size=24)
CONFIG = TrainConfig(
    minutes=0.04, single_batch=8, window_batch=2, window_frames=6, check_s=1.0, seed=2
)


def test_training_resumes_and_ends_in_a_weights_file(motion, tmp_path):
    training = NeurikTraining(motion, motion, tmp_path, CONFIG, SMALL)
    start = training.validate(training.model)
    assert start['markers'] < 12  # the linear start alone
    assert start['mean'] > start['markers']
    training.run()
    assert training.step > 0
    log = json.loads((tmp_path / 'log.json').read_text())
    assert set(log['log'][-1]['validation']) == set(start)

    more = replace(CONFIG, minutes=training.elapsed_s / 60 + 0.01)
    longer = NeurikTraining(motion, motion, tmp_path, more, SMALL)
    assert longer.step == training.step
    assert torch.equal(longer.model.direct.weight, training.model.direct.weight)
    longer.run()
    assert longer.step > training.step

    draw_curve(longer.log, tmp_path / 'curve.png')
    assert (tmp_path / 'curve.png').stat().st_size > 1000
    path = tmp_path / 'small.safetensors'
    trained = finish(longer, motion, path)
    loaded, _ = load_neurik(path)
    assert loaded.config == SMALL
    torch.testing.assert_close(
        loaded.log_calibration, trained.log_calibration, atol=2e-3, rtol=2e-3
    )


def test_training_goes_on_from_weights_with_rendered_windows(motion, rendered, tmp_path):
    first = NeurikTraining(motion, motion, tmp_path / 'first', CONFIG, SMALL)
    first.run()
    finish(first, motion, tmp_path / 'first.safetensors')

    going_on = NeurikTraining(
        motion,
        motion,
        tmp_path / 'second',
        replace(CONFIG, single_share=0.0),
        start=tmp_path / 'first.safetensors',
        rendered=(rendered, rendered),
    )
    assert cast(Neurik, going_on.model).config == SMALL
    going_on.run()
    assert {'rendered', 'rendered_markers'} <= set(going_on.log[-1].validation)
    finish(going_on, motion, tmp_path / 'second.safetensors', rendered)
    loaded, _ = load_neurik(tmp_path / 'second.safetensors')
    assert loaded.log_calibration.isfinite().all()
    # Evidence with features has its own uncertainty.
    assert not torch.equal(*loaded.log_calibration)
    evidence, _ = going_on.held_out['rendered']
    with torch.no_grad():
        plain, described = (
            loaded(replace(evidence, feature_weights=torch.full_like(evidence.times_s, share)))
            for share in (0.0, 1.0)
        )
        loaded.log_calibration[1] += 1.0
        wider = loaded(replace(evidence, feature_weights=torch.ones_like(evidence.times_s)))
    torch.testing.assert_close(wider.log_stddev, described.log_stddev + 1)
    assert plain.log_stddev.isfinite().all()
