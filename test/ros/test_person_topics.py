"""Topics that come and go in the worker's thread, while the executor waits in another."""

from biopose_ros.evaluation.speed.live import isolated_node
from biopose_ros.ros.person_topics import PersonTopics


def test_the_executor_waits_for_nothing_that_goes_with_a_person():
    """What is destroyed while the executor gathers what it waits for would end the node."""
    with isolated_node('persons') as (node, _):
        waited_for = list(node.waitables)
        topics = PersonTopics(node)
        topics.describe('person_1', 'model')
        offered = [publisher.topic_name for publisher in node.publishers]
        assert '/persons/person_1/robot_description' in offered
        assert '/persons/person_1/joint_states' in offered
        assert list(node.waitables) == waited_for
        topics.keep_only(())
        assert not any('person_1' in publisher.topic_name for publisher in node.publishers)
