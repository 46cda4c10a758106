"""Services about persons: forget, select, stature; and a pause."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rclpy.node import Node
from std_srvs.srv import SetBool, Trigger

from biopose_ros.ros.frame_processing import FrameProcessor, FrameResult
from biopose_ros.ros.person_choice import Rule, largest, nearest, nearest_to_point
from biopose_ros.srv import ForgetPerson, SelectPerson, SetStature

STATURES_M = (0.5, 2.6)


class PersonServices:
    """
    Offers the services; requests are carried out in the inference thread, before its next image.

    :param node: owns the services.
    :param processor: knows the persons.
    :param post: runs a task in the inference thread.
    :param publish: sends the last records of persons, from that thread.
    :param pause: stops and resumes the work on images.
    """

    def __init__(
        self,
        node: Node,
        processor: FrameProcessor,
        post: Callable[[Callable[[], None]], None],
        publish: Callable[[Sequence[FrameResult]], None],
        pause: Callable[[bool], None],
    ) -> None:
        self._node = node
        self._processor = processor
        self._post, self._publish, self._pause = post, publish, pause
        create: Callable[..., Any] = node.create_service
        self._services = [
            create(Trigger, '~/reset_persons', self._on_reset),
            create(ForgetPerson, '~/forget_person', self._on_forget),
            create(SelectPerson, '~/select_person', self._on_select),
            create(SetStature, '~/set_stature', self._on_stature),
            create(SetBool, '~/pause', self._on_pause),
        ]

    def close(self) -> None:
        """Take the services away."""
        for service in self._services:
            self._node.destroy_service(service)

    def _on_reset(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._post(lambda: self._publish(self._processor.reset()))
        response.success = True
        return response

    def _on_pause(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        self._pause(request.data)
        response.success = True
        return response

    def _on_forget(
        self, request: ForgetPerson.Request, response: ForgetPerson.Response
    ) -> ForgetPerson.Response:
        response.message = self._unknown(request.person_id)
        response.success = not response.message
        if response.success:
            self._post(lambda: self._publish(self._processor.forget(request.person_id)))
        return response

    def _on_stature(
        self, request: SetStature.Request, response: SetStature.Response
    ) -> SetStature.Response:
        low, high = STATURES_M
        response.message = self._unknown(request.person_id)
        if request.stature and not low <= request.stature <= high:
            response.message = (
                f'stature must lie from {low} to {high} metres, or be 0; got {request.stature:g}'
            )
        response.success = not response.message
        if response.success:
            height_m = request.stature or None
            self._post(lambda: self._processor.set_height(request.person_id, height_m))
        return response

    def _on_select(
        self, request: SelectPerson.Request, response: SelectPerson.Response
    ) -> SelectPerson.Response:
        rules: dict[int, Rule | None] = {
            SelectPerson.Request.EVERYBODY: None,
            SelectPerson.Request.LARGEST: largest,
            SelectPerson.Request.NEAREST: nearest,
            SelectPerson.Request.AT_POINT: nearest_to_point(request.x, request.y),
            SelectPerson.Request.BY_ID: None,
        }
        if request.rule not in rules:
            response.message = f'there is no rule {request.rule}'
        elif request.rule == SelectPerson.Request.BY_ID:
            response.message = self._unknown(request.person_id)
            response.person_id = request.person_id
        response.success = not response.message
        if response.success:
            rule, chosen = rules[request.rule], response.person_id
            self._post(lambda: self._processor.choose(rule, chosen))
        return response

    def _unknown(self, person_id: str) -> str:
        """Report that there is no such person; '' where there is."""
        present = self._processor.present
        if person_id in present:
            return ''
        return f'{person_id!r} is not present; present are: {", ".join(sorted(present)) or "none"}'
