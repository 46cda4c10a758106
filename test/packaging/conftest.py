import json
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(__file__).with_name('exchange.py').read_text()


@pytest.fixture(scope='session')
def source_tree(tmp_path_factory):
    """A copy of the checkout, so that builds leave no trace in it."""
    tree = tmp_path_factory.mktemp('workspace') / 'src' / 'biopose_ros'
    everywhere = shutil.ignore_patterns('.*', '*.egg-info', '__pycache__')
    built = {'build', 'install', 'log', 'output'}  # at the top; biopose_ros/cli/build is ours

    def left_out(folder, names):
        at_the_top = built if Path(folder) == ROOT else set()
        return everywhere(folder, names) | (at_the_top & set(names))

    shutil.copytree(ROOT, tree, ignore=left_out)
    return tree


@pytest.fixture(scope='session')
def exchange():
    """
    A function that sends a message from one process to another and returns the receiver's report.

    It takes what starts Python (a list of words), the working directory and the environment of
    both. The code is given on the command line, so that the working directory leads the path.
    """

    def send_and_receive(python, folder, environment):
        words = [*python, '-c', PROGRAM]
        return report_beside([*words, 'send'], [*words, 'receive'], folder, environment)

    return send_and_receive


@pytest.fixture(scope='session')
def names_of_nodes():
    """A function that starts a node and returns the names of all nodes once ours is among them."""

    def start_and_find(python, start, folder, environment):
        find = [*python, '-c', PROGRAM, 'find', 'pose_node']
        return report_beside(start, find, folder, environment)

    return start_and_find


def report_beside(background, foreground, folder, environment):
    """Run one command while another runs, and read the JSON that it prints."""
    options = {'cwd': folder, 'env': environment}
    process = subprocess.Popen(background, **options)
    try:
        return json.loads(subprocess.check_output(foreground, text=True, **options))
    finally:
        process.kill()
        process.wait()
