import logging

import numpy as np
import onnxruntime
import pytest

from biopose_ros.inference import onnx_runtime
from biopose_ros.inference.onnx_runtime import (
    DeviceError,
    NetworkFileError,
    create_session,
    running_device,
)

helper = pytest.importorskip('onnx').helper
HAS_CUDA = 'CUDAExecutionProvider' in onnxruntime.get_available_providers()


@pytest.fixture
def network(tmp_path):
    """A network that adds its input to itself."""
    value = [helper.make_tensor_value_info(name, 1, ['n']) for name in ('x', 'y')]
    node = helper.make_node('Add', ['x', 'x'], ['y'])
    graph = helper.make_graph([node], 'twice', value[:1], value[1:])
    opset = [helper.make_opsetid('', 17)]
    path = tmp_path / 'twice.onnx'
    path.write_bytes(
        helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()
    )
    return path


def test_a_network_runs_on_the_cpu_and_says_so_once(network, caplog):
    onnx_runtime._report.cache_clear()
    with caplog.at_level(logging.INFO):
        sessions = [create_session(network, 'cpu', threads=1) for _ in range(3)]
    assert {running_device(session) for session in sessions} == {'cpu'}
    assert len([r for r in caplog.records if 'runs on cpu' in r.message]) == 1
    (y,) = sessions[0].run(None, {'x': np.array([1.5], np.float32)})
    assert y == 3


@pytest.mark.skipif(HAS_CUDA, reason='checks what is said without CUDA')
def test_without_cuda_auto_takes_the_cpu_and_cuda_is_an_error(network):
    assert running_device(create_session(network, 'auto')) == 'cpu'
    with pytest.raises(DeviceError, match=r'cuda:1 was asked for.*install onnxruntime-gpu'):
        create_session(network, 'cuda:1')


@pytest.mark.parametrize('device', ['gpu', 'cuda:', 'cuda:x', '', 'CPU'])
def test_an_unknown_device_is_named(network, device):
    with pytest.raises(ValueError, match='device must be auto, cpu, cuda or cuda:N, got'):
        create_session(network, device)


def test_a_negative_number_of_threads_is_named(network):
    with pytest.raises(ValueError, match=r'threads must be 0 .* got -1'):
        create_session(network, 'cpu', threads=-1)


def test_a_missing_or_damaged_file_is_named_with_the_remedy(network):
    with pytest.raises(NetworkFileError, match=r'nowhere\.onnx is missing; run `biopose weights'):
        create_session(network.with_name('nowhere.onnx'), 'cpu')
    network.write_bytes(network.read_bytes()[:40])
    with pytest.raises(NetworkFileError, match=r'twice\.onnx cannot be read .*; run `biopose'):
        create_session(network, 'cpu')
