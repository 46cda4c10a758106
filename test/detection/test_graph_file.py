import numpy as np
import pytest
import torch

from biopose_ros.detection.graph_file import onnx_of_graph, read_graph, write_graph
from biopose_ros.inference.onnx_runtime import create_session
from biopose_ros.pretrained.tflite_reader import Operator, TfliteGraph
from biopose_ros.pretrained.tflite_to_torch import TfliteModule

SIZE_PX = 16
SETTINGS = {
    'padding': 0,
    'strideH': 2,
    'strideW': 2,
    'dilationHFactor': 1,
    'dilationWFactor': 1,
    'depthMultiplier': 1,
    'fusedActivationFunction': 3,
}


@pytest.fixture
def module():
    """Two convolutions that share a bias, one of them with a border of its own, and a shape."""
    rng = np.random.default_rng(0)
    constants = {
        1: rng.normal(size=(4, 3, 3, 3)).astype(np.float32),
        2: np.zeros(4, np.float32),
        3: np.array([[0, 0], [1, 1], [1, 1], [0, 0]], np.int32),
        4: rng.normal(size=(1, 3, 3, 4)).astype(np.float32),
    }
    shapes = {0: (1, 16, 16, 3), 5: (1, 8, 8, 4), 6: (1, 10, 10, 4), 7: (1, 4, 4, 4), 8: (1, 64)}
    operators = (
        Operator('CONV_2D', (0, 1, 2), 5, SETTINGS),
        Operator('PAD', (5, 3), 6, {}),
        Operator('DEPTHWISE_CONV_2D', (6, 4, 2), 7, {**SETTINGS, 'padding': 1}),
        Operator('RESHAPE', (7, 3), 8, {}),
        Operator('LOGISTIC', (5,), 9, {}),
    )
    network = TfliteModule(TfliteGraph((0,), (8,), operators, constants, shapes), {'out': 8})
    torch.manual_seed(0)
    with torch.no_grad():
        for value in network.parameters():  # as after training: both biases differ
            value.copy_(torch.randn_like(value).half().float())
    return network


def write(path, module):
    write_graph(path, 'toy', module, SIZE_PX, -1.0, {'licence': 'Apache-2.0'})
    return path


def test_a_trained_network_comes_back_the_same(module, tmp_path):
    stored = read_graph(write(tmp_path / 'toy.safetensors', module), 'toy')
    assert (stored.size_px, stored.lowest) == (SIZE_PX, -1.0)
    images = torch.randn(2, 3, SIZE_PX, SIZE_PX)
    again = TfliteModule(stored.graph, stored.outputs)
    torch.testing.assert_close(again(images)['out'], module(images)['out'], rtol=0, atol=0)


def test_only_what_the_outputs_need_is_stored(module, tmp_path):
    stored = read_graph(write(tmp_path / 'toy.safetensors', module), 'toy')
    assert 'LOGISTIC' not in {operator.kind for operator in stored.graph.operators}


def test_onnx_is_written_once_and_agrees_with_torch(module, tmp_path, monkeypatch):
    monkeypatch.setenv('BIOPOSE_CACHE', str(tmp_path / 'cache'))
    path = write(tmp_path / 'toy.safetensors', module)
    exported = onnx_of_graph(path, 'toy')
    written_ns = exported.stat().st_mtime_ns
    assert onnx_of_graph(path, 'toy').stat().st_mtime_ns == written_ns
    picture = np.random.default_rng(1).integers(0, 256, (2, SIZE_PX, SIZE_PX, 3), np.uint8)
    (ours,) = create_session(exported, 'cpu', threads=1).run(None, {'images': picture})
    red_first = torch.from_numpy(picture[..., ::-1].copy()).permute(0, 3, 1, 2)
    theirs = module(red_first * (2 / 255) - 1)['out'].detach().numpy()
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_other_numbers_are_exported_anew(module, tmp_path, monkeypatch):
    monkeypatch.setenv('BIOPOSE_CACHE', str(tmp_path / 'cache'))
    first = onnx_of_graph(write(tmp_path / 'first.safetensors', module), 'toy')
    with torch.no_grad():
        next(module.parameters()).add_(1)
    assert onnx_of_graph(write(tmp_path / 'second.safetensors', module), 'toy') != first


def test_a_network_of_another_kind_is_refused(module, tmp_path):
    path = write(tmp_path / 'toy.safetensors', module)
    with pytest.raises(ValueError, match='not a person_detector file'):
        read_graph(path, 'person_detector')
