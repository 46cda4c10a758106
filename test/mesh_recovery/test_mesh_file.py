import numpy as np
import onnxruntime
import pytest
import torch
from small_mesh_network import SMALL, evidence_of

from biopose_ros.mesh_recovery.mesh_file import (
    OUTPUTS,
    export_onnx,
    load_mesh_recovery,
    map_inputs,
    save_mesh_recovery,
)


@pytest.fixture(scope='module')
def weights(small_network, tmp_path_factory):
    path = tmp_path_factory.mktemp('mesh') / 'mesh.safetensors'
    save_mesh_recovery(path, small_network)
    return path


def test_a_file_gives_the_network_back(weights, small_network):
    loaded, _ = load_mesh_recovery(weights)
    assert loaded.config == SMALL
    evidence = evidence_of(SMALL, 2)
    with torch.inference_mode():
        found, wanted = loaded(evidence)[0][-1], small_network(evidence)[0][-1]
    torch.testing.assert_close(found.pose, wanted.pose, atol=2e-2, rtol=0)  # half precision


@pytest.mark.parametrize('persons', [1, 3])
def test_the_graph_equals_the_network(weights, persons, tmp_path):
    model, _ = load_mesh_recovery(weights)
    export_onnx(model, tmp_path / 'mesh.onnx')
    session = onnxruntime.InferenceSession(
        str(tmp_path / 'mesh.onnx'), providers=['CPUExecutionProvider']
    )
    evidence = evidence_of(SMALL, persons, seed=5)
    inputs = {
        level: np.ascontiguousarray(evidence.maps[level].permute(0, 3, 1, 2).numpy())
        for level in map_inputs(SMALL)
    }
    # The crops of a batch in another order, one of them twice.
    rows = np.array([persons - 1, *range(persons - 1), 0], np.int64)
    inputs['rows'] = rows
    inputs.update(
        {n: getattr(evidence, n).numpy()[rows] for n in ('keypoints', 'world_m', 'view')}
    )
    found = dict(zip(OUTPUTS, session.run(list(OUTPUTS), inputs), strict=True))
    with torch.inference_mode():
        estimates, summary = model(evidence)
    for name in OUTPUTS:
        wanted = summary if name == 'summary' else getattr(estimates[-1], name)
        np.testing.assert_allclose(found[name], wanted.numpy()[rows], atol=1e-3)
