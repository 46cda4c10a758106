import pytest

from biopose_ros.pretrained.networks import NETWORKS, source_file
from biopose_ros.pretrained.tflite_reader import read_tflite

pytest.importorskip('ai_edge_litert')


def test_sparse_half_precision_weights_are_unpacked(imported):
    graph = read_tflite(source_file(NETWORKS['pose_detection']))
    kinds = {operator.kind for operator in graph.operators}
    assert not kinds & {'DEQUANTIZE', 'DENSIFY'}
    weights = [
        graph.constants[operator.inputs[1]]
        for operator in graph.operators
        if operator.kind == 'CONV_2D'
    ]
    assert {str(weight.dtype) for weight in weights} == {'float32'}
    # The published file leaves out the weights that were pruned, more than a million.
    assert sum((weight == 0).sum() for weight in weights) > 1_000_000


def test_another_file_is_refused(tmp_path):
    path = tmp_path / 'net.tflite'
    path.write_bytes(b'not a network at all')
    with pytest.raises(ValueError, match=r'net\.tflite is not a TensorFlow Lite file'):
        read_tflite(path)
