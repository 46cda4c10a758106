import json
import shutil

import pytest

from biopose_ros.inference.onnx_runtime import NetworkFileError
from biopose_ros.pretrained import networks
from biopose_ros.pretrained.networks import (
    NETWORKS,
    is_imported,
    manifest_file,
    network_file,
    read_manifest,
)


@pytest.fixture
def cache(imported, tmp_path, monkeypatch):
    """A copy of the detector in a cache of its own."""
    network = NETWORKS['pose_detection']
    files = [networks.source_file(network), manifest_file(network)]
    files += [network_file(name) for name in network.files]
    monkeypatch.setenv('BIOPOSE_CACHE', str(tmp_path))
    (tmp_path / 'networks').mkdir()
    for file in files:
        shutil.copy(file, tmp_path / 'networks')
    return tmp_path / 'networks'


def test_a_whole_import_is_recognised(cache):
    assert is_imported(NETWORKS['pose_detection'])
    assert not is_imported(NETWORKS['pose_landmark_full'])


@pytest.mark.parametrize('name', ['pose_detection.onnx', 'pose_detection.tflite'])
def test_a_damaged_or_missing_file_is_noticed(cache, name):
    (cache / name).write_bytes((cache / name).read_bytes()[:-1])
    assert not is_imported(NETWORKS['pose_detection'])
    (cache / name).unlink()
    assert not is_imported(NETWORKS['pose_detection'])


@pytest.mark.parametrize('text', ['', 'no json', '[]', '{}'])
def test_a_damaged_manifest_is_noticed(cache, text):
    (cache / 'pose_detection.json').write_text(text)
    assert not is_imported(NETWORKS['pose_detection'])


def test_files_of_an_older_version_are_made_again(cache):
    manifest = json.loads((cache / 'pose_detection.json').read_text())
    assert manifest['licence'] == 'Apache-2.0'
    manifest['format_version'] -= 1
    (cache / 'pose_detection.json').write_text(json.dumps(manifest))
    assert not is_imported(NETWORKS['pose_detection'])


def test_a_network_that_was_never_imported_is_named_with_the_remedy(cache):
    with pytest.raises(
        NetworkFileError, match=r'pose_landmark_full.onnx is missing; run `biopose'
    ):
        network_file('pose_landmark_full.onnx')


def test_importing_again_repairs_damage(cache):
    pytest.importorskip('ai_edge_litert')
    from biopose_ros.pretrained.network_import import import_network

    network = NETWORKS['pose_detection']
    manifest = read_manifest(network)
    (cache / 'pose_detection.onnx').write_bytes(b'')
    assert import_network(network)['difference_to_litert'] == manifest['difference_to_litert']
    assert is_imported(network)
