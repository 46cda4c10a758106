import numpy as np
import pytest
import torch
from torch.nn import functional

from biopose_ros.pretrained.networks import NETWORKS, source_file
from biopose_ros.pretrained.tflite_reader import Operator, TfliteGraph
from biopose_ros.pretrained.tflite_to_torch import TfliteModule

RELU6 = {'fusedActivationFunction': 3}


def graph(operators, constants, shapes):
    last = operators[-1].output
    return TfliteGraph((0,), (last,), tuple(operators), constants, shapes)


def convolution(kernel, stride, padding, size):
    rng = np.random.default_rng(0)
    weight = rng.normal(size=(5, kernel, kernel, 3)).astype(np.float32)
    bias = rng.normal(size=5).astype(np.float32)
    options = {
        'padding': padding,
        'strideH': stride,
        'strideW': stride,
        'dilationHFactor': 1,
        'dilationWFactor': 1,
        **RELU6,
    }
    operator = Operator('CONV_2D', (0, 1, 2), 3, options)
    return graph([operator], {1: weight, 2: bias}, {0: (1, size, size, 3)}), weight, bias


@pytest.mark.parametrize(
    ('kernel', 'stride', 'size', 'border'),
    # Near and far side, from TensorFlow's documentation of SAME.
    [(3, 1, 8, (1, 1)), (3, 2, 8, (0, 1)), (5, 2, 7, (2, 2)), (2, 2, 8, (0, 0))],
)
def test_same_padding_puts_the_odd_pixel_at_the_far_side(kernel, stride, size, border):
    network, weight, bias = convolution(kernel, stride, 0, size)
    image = torch.randn(2, 3, size, size)
    ours = TfliteModule(network, {'out': 3})(image)['out']
    padded = functional.pad(image, border * 2)
    theirs = functional.conv2d(
        padded, torch.from_numpy(weight).permute(0, 3, 1, 2), torch.from_numpy(bias), stride
    ).clamp(0, 6)
    torch.testing.assert_close(ours, theirs)


def test_depth_to_space_and_reshape_read_channels_last():
    values = np.arange(1 * 2 * 3 * 8, dtype=np.float32).reshape(1, 2, 3, 8)
    network = graph(
        [
            Operator('DEPTH_TO_SPACE', (0,), 1, {'blockSize': 2}),
            Operator('RESHAPE', (1,), 2, {}),
        ],
        {},
        {0: (1, 2, 3, 8), 1: (1, 4, 6, 2), 2: (1, 48)},
    )
    image = torch.from_numpy(values).permute(0, 3, 1, 2)
    out = TfliteModule(network, {'out': 2})(image)['out']
    expected = values.reshape(1, 2, 3, 2, 2, 2).transpose(0, 1, 3, 2, 4, 5).reshape(1, 48)
    np.testing.assert_array_equal(out.numpy(), expected)


def test_a_border_is_folded_into_the_convolution_and_computes_the_same():
    network, _, _ = convolution(3, 2, 1, 10)
    pad = Operator('PAD', (7, 8), 0, {})
    border = np.array([[0, 0], [1, 1], [1, 1], [0, 0]])
    with_pad = TfliteGraph(
        (7,), (3,), (pad, *network.operators), {**network.constants, 8: border}, network.shapes
    )
    image = torch.randn(1, 3, 8, 8)
    folded = TfliteModule(with_pad, {'out': 3})
    kept = TfliteModule(with_pad, {'out': 3, 'padded': 0})
    assert len(folded.steps) == 1
    assert len(kept.steps) == 2
    torch.testing.assert_close(folded(image)['out'], kept(image)['out'])
    assert kept(image)['padded'].shape == (1, 3, 10, 10)


def test_unknown_operators_and_tensors_are_named():
    network = graph([Operator('SPLIT', (0,), 1, {})], {}, {0: (1, 2, 2, 1)})
    with pytest.raises(ValueError, match=r'operator SPLIT is not supported; known: .*CONV_2D'):
        TfliteModule(network, {'out': 1})
    with pytest.raises(ValueError, match=r'tensors \[99\] are not computed'):
        TfliteModule(network, {'out': 99})


def test_maps_for_later_networks_have_the_documented_shapes_and_gradients(imported):
    pytest.importorskip('ai_edge_litert')
    from biopose_ros.pretrained.network_import import load_torch_network

    names = ('stride4', 'stride8', 'stride16', 'stride32', 'bottleneck')
    network = load_torch_network('pose_landmark_full', names)
    maps = network(torch.rand(2, 3, 256, 256))
    shapes = [tuple(maps[name].shape[1:]) for name in names]
    assert shapes == [(48, 64, 64), (48, 32, 32), (48, 16, 16), (288, 8, 8), (288, 2, 2)]
    sum(value.mean() for value in maps.values()).backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_the_detector_equals_litert(imported):
    pytest.importorskip('ai_edge_litert')
    from biopose_ros.pretrained.network_import import compare_with_litert
    from biopose_ros.pretrained.networks import network_file

    network = NETWORKS['pose_detection']
    found = compare_with_litert(network, source_file(network), network_file('pose_detection.onnx'))
    assert max(item['relative'] for item in found.values()) < 1e-4
    assert max(item['noise_relative'] for item in found.values()) < 1e-3


def test_unknown_networks_and_outputs_are_named():
    pytest.importorskip('ai_edge_litert')
    from biopose_ros.pretrained.network_import import load_torch_network

    with pytest.raises(ValueError, match="unknown network 'pose_huge'; known: pose_detection"):
        load_torch_network('pose_huge', ['scores'])
    with pytest.raises(ValueError, match=r"no output \['stride4'\]; known: boxes, scores"):
        load_torch_network('pose_detection', ['stride4'])
