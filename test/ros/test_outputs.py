"""What the outputs make of the graph: a stand-in, so that it changes at the worst moment."""

from types import SimpleNamespace

from biopose_ros.ros.outputs import PoseOutputs
from biopose_ros.settings import NodeConfig
from biopose_ros.skeleton import load_skeleton


def end(name):
    return SimpleNamespace(node_name=name, node_namespace='/here')


class Graph:
    """A node whose topics have two publishers when they are counted, and then the given ones."""

    def __init__(self, *ends):
        self._ends = ends

    def create_publisher(self, kind, topic, *_, **__):
        return SimpleNamespace(topic_name=topic, publish=lambda message: None)

    def get_name(self):
        return 'pose_node'

    def get_namespace(self):
        return '/here'

    def count_publishers(self, topic):
        return 2

    def get_publishers_info_by_topic(self, topic):
        return list(self._ends)


def rivals(*ends):
    return PoseOutputs(Graph(*ends), load_skeleton(), '', NodeConfig(), None).rivals()


def test_another_node_on_our_topics_is_named():
    assert '/here/other publishes on joint_angles, too' in rivals(end('pose_node'), end('other'))


def test_a_publisher_that_has_just_gone_is_no_rival():
    assert rivals(end('pose_node')) == ''
    assert rivals() == ''
