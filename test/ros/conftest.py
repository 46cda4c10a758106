import itertools
import sys
from pathlib import Path

import pytest

# Tests import the helper beside them; pytest's import mode puts no folder on the path.
sys.path.insert(0, str(Path(__file__).parent))

from ros_graph import OF_PERSONS, TOPICS, Probe, node_and_probe

_namespaces = itertools.count()


@pytest.fixture(scope='session')
def new_namespace():
    """Names that keep the nodes of different test modules apart."""
    return lambda: f'/test_{next(_namespaces)}'


@pytest.fixture(scope='module')
def active_node(new_namespace, tmp_path_factory):
    """An active pose node, for all tests of a module."""
    namespace = new_namespace()
    log = tmp_path_factory.mktemp('node') / 'log.txt'
    with node_and_probe(namespace, log, '-p', 'person_id_prefix:=left_') as (process, _):
        process.namespace = namespace
        yield process


@pytest.fixture(scope='module')
def shared_probe(active_node):
    """A second process in the graph of the active node, matched with it."""
    probe = Probe(active_node.namespace)
    persons = [f'persons/left_person_1/{name}' for name in OF_PERSONS]
    probe.listen(*TOPICS, *persons)
    probe.wait_until_matched()
    yield probe
    probe.close()


@pytest.fixture
def probe(active_node, shared_probe):
    """The second process, when nobody is before the camera."""
    shared_probe.begin()
    yield shared_probe
    assert active_node.is_running, active_node.log
