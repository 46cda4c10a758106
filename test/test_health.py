import json

import pytest

from biopose_ros import health
from biopose_ros.health import Check, Finding, ShortcomingError, examine


def raising(error):
    def look():
        raise error

    return look


def test_every_check_becomes_a_finding_with_its_remedy():
    findings = examine(
        [
            Check('fine', lambda: '1.0', 'unused'),
            Check('slow', raising(ShortcomingError('runs on the CPU')), 'buy a GPU'),
            Check('gone', raising(ImportError('no module')), 'pip install gone'),
            Check('extra', raising(ImportError('no module')), 'as you like', essential=False),
        ]
    )
    assert list(findings) == [
        Finding('fine', 'ok', '1.0'),
        Finding('slow', 'advice', 'runs on the CPU', 'buy a GPU'),
        Finding('gone', 'fault', 'ImportError: no module', 'pip install gone'),
        Finding('extra', 'advice', 'ImportError: no module', 'as you like'),
    ]


def test_libraries_of_this_environment_are_found():
    names = set(health.LIBRARIES.values())
    findings = [finding for finding in examine(health.checks()) if finding.name in names]
    assert len(findings) == len(names)
    assert {finding.state for finding in findings} == {'ok'}


def test_device_is_asked_of_a_running_session():
    pytest.importorskip('onnxruntime')
    assert health.look_at_device().startswith('networks on c')


def test_missing_networks_are_named(monkeypatch, tmp_path):
    monkeypatch.setenv('BIOPOSE_CACHE', str(tmp_path))
    with pytest.raises(RuntimeError, match='pose_landmark_full'):
        health.look_at_networks()


def test_broken_weights_are_named(monkeypatch, tmp_path):
    header = json.dumps({'x': {'dtype': 'F32', 'shape': [4], 'data_offsets': [0, 16]}}).encode()
    whole = len(header).to_bytes(8, 'little') + header + bytes(16)
    (tmp_path / 'whole.safetensors').write_bytes(whole)
    monkeypatch.setattr('biopose_ros.resources.resource_path', lambda _: tmp_path)
    assert health.look_at_weights() == 'whole'

    (tmp_path / 'cut.safetensors').write_bytes(whole[:-1])
    with pytest.raises(RuntimeError, match=r'cut\.safetensors is broken'):
        health.look_at_weights()


def test_missing_build_tools_are_named(monkeypatch, tmp_path):
    monkeypatch.setenv('PATH', str(tmp_path))
    with pytest.raises(RuntimeError, match=r'missing: git, c\+\+, cmake'):
        health.look_at_build_tools()
