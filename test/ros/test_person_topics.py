"""Topics that come and go in the worker's thread, while the executor waits in another."""

import pytest
import rclpy

from biopose_ros.ros.person_topics import PersonTopics


@pytest.fixture
def node():
    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node('persons', context=context)
    yield node
    node.destroy_node()
    rclpy.shutdown(context=context)


def test_the_executor_waits_for_nothing_that_goes_with_a_person(node):
    """What is destroyed while the executor gathers what it waits for would end the node."""
    waited_for = list(node.waitables)
    topics = PersonTopics(node)
    topics.describe('person_1', 'model')
    assert {name for name, _ in node.get_publisher_names_and_types_by_node('persons', '/')} >= {
        '/persons/person_1/robot_description',
        '/persons/person_1/joint_states',
    }
    assert list(node.waitables) == waited_for
    topics.keep_only(())
    assert not [publisher for publisher in node.publishers if 'person_1' in publisher.topic]
