import os
import subprocess
import sys

import pytest

pytest.importorskip('rclpy')

DOCTOR = [sys.executable, '-c', 'from biopose_ros.cli.app import main; main()', 'doctor']


def test_missing_networks_end_in_a_remedy_and_exit_code_1(tmp_path):
    environment = {**os.environ, 'BIOPOSE_CACHE': str(tmp_path), 'COLUMNS': '60'}
    ran = subprocess.run(DOCTOR, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert 'networks: run `biopose weights import`' in ran.stdout.splitlines()
    assert 'not ready: networks' in ran.stdout.splitlines()
