"""The managed node ``pose_node``: images in, joint angles out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock, ClockType, JumpThreshold
from rclpy.duration import Duration
from rclpy.exceptions import ParameterException
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo

from biopose_ros.inference.torch_threads import one_torch_thread
from biopose_ros.pipeline import Pipeline
from biopose_ros.ros import qos
from biopose_ros.ros.camera_source import CameraSource
from biopose_ros.ros.diagnostics import Health, diagnostic_array, motionless_warning
from biopose_ros.ros.frame_processing import FrameProcessor, FrameResult
from biopose_ros.ros.ground_source import GroundSource, ground_source
from biopose_ros.ros.image_input import ImageInput, ImageMessage
from biopose_ros.ros.image_view import ImageView, image_view
from biopose_ros.ros.interrupts import ros_until_interrupted
from biopose_ros.ros.keypoint_input import KeypointInput
from biopose_ros.ros.live_statistics import LiveStatistics, Snapshot
from biopose_ros.ros.load import RateLimit, load_warnings
from biopose_ros.ros.logs import forward_python_logs
from biopose_ros.ros.outputs import PoseOutputs
from biopose_ros.ros.parameters import check_parameters, declare_parameters, read_settings
from biopose_ros.ros.person_choice import PersonChoice
from biopose_ros.ros.person_services import PersonServices
from biopose_ros.ros.stamps import NANOSECONDS
from biopose_ros.ros.tf_lookup import TfLookup
from biopose_ros.ros.topics import id_prefix
from biopose_ros.ros.worker import InferenceWorker
from biopose_ros.sensor_messages.camera_info import CalibrationError
from biopose_ros.settings import NodeConfig, PipelineConfig, build, values_of
from biopose_ros.skeleton.stature import MODEL_STATURE_M, STATURE_STDDEV_M

PipelineBuilder: TypeAlias = Callable[[PipelineConfig], Pipeline]

NODE_NAME = 'pose_node'
WATCH_PERIOD_S = 0.25
DIAGNOSTICS_PERIOD_S = 1.0
# A bad camera would repeat its fault thirty times a second; diagnostics count every one.
LOG_PERIOD_S = 5.0
# A calibration usually comes within one image period; images wait for it up to this long.
CAMERA_INFO_WAIT_S = 1.0
UNCALIBRATED = (
    'the camera is not calibrated (no camera_info, or its K is zero): distances and sizes rest on '
    'a guessed focal length; calibrate it (camera_calibration) or set focal_length_px'
)
STATURE_ASSUMED = (
    f'persons are assumed to be {MODEL_STATURE_M:.2f} +- {STATURE_STDDEV_M:.2f} m tall, and '
    'distances are as uncertain; set height_m, or a stature of each person by ~/set_stature'
)


class PoseNode(LifecycleNode):
    """
    Estimates joint angles of everybody that one camera sees.

    The executor's thread only keeps the newest image; one worker thread decodes it, runs the
    pipeline and publishes.

    :param build: makes the pipeline; may raise, which leaves the node unconfigured.
    """

    def __init__(self, build: PipelineBuilder = Pipeline, **node_options: Any) -> None:
        super().__init__(NODE_NAME, **node_options)
        self._build = build
        self._pipeline: Pipeline | None = None
        self._transforms: TfLookup | None = None
        self._grounds: GroundSource | None = None
        self._outputs: PoseOutputs | None = None
        self._cameras: CameraSource | None = None
        self._input: ImageInput | None = None
        self._keypoints: KeypointInput | None = None
        self._worker: InferenceWorker[ImageMessage] | None = None
        self._processor: FrameProcessor | None = None
        self._person_services: PersonServices | None = None
        self._view = ImageView()
        self._prefix = ''
        self._forget_run()
        self.add_on_set_parameters_callback(self._on_set_parameters)
        declare_parameters(self)
        self._settings = read_settings(self)
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', qos.OUTPUT)
        # Steady time: a paused simulation must not silence the watch.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(WATCH_PERIOD_S, self._watch, clock=steady)
        self.create_timer(DIAGNOSTICS_PERIOD_S, self._publish_diagnostics, clock=steady)
        self._jump_handle = self.get_clock().create_jump_callback(
            JumpThreshold(min_forward=None, min_backward=Duration(nanoseconds=-1)),
            post_callback=lambda _: self._on_clock_jump(),
        )

    def _forget_run(self) -> None:
        self._statistics = LiveStatistics()
        self._persons = 0
        self._fault = ''
        self._camera_fault = ''
        self._warned: set[str] = set()
        self._first_image_s: float | None = None
        self._is_paused = False
        self._rate = RateLimit()

    # Transitions: rclpy swallows what they raise, so that each must report for itself.

    def start(self) -> None:
        """Configure and activate; the log tells which one fails."""
        if self.trigger_configure() is TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the networks and offer the topics."""
        try:
            self._settings = settings = read_settings(self)
            self._pipeline = pipeline = self._build(settings.pipeline)
            self._prefix = id_prefix(settings.person_id_prefix, self.get_namespace())
            self._view = image_view(settings)
            self._transforms = tf = TfLookup(self) if settings.target_frame else None
            self._grounds = ground_source(self, settings, tf)
            self._outputs = PoseOutputs(self, pipeline.skeleton, self._prefix, settings, tf)
        except Exception as error:
            self._release()
            return self._refuse(f'cannot configure: {error}')
        self._fault = ''
        self._cameras = CameraSource(settings.focal_length_px, settings.image_is_rectified)
        self.get_logger().info(f'configured; networks run on {pipeline.device}')
        if settings.pipeline.height_m is None:
            self.get_logger().info(STATURE_ASSUMED)
        return TransitionCallbackReturn.SUCCESS

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Warm up and subscribe to the camera."""
        try:
            self._start()
        except Exception as error:
            self._stop()
            return self._refuse(f'cannot activate: {error}')
        return TransitionCallbackReturn.SUCCESS

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Leave the camera and forget everybody."""
        self._stop()
        return TransitionCallbackReturn.SUCCESS

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free the networks and the device."""
        self._release()
        return TransitionCallbackReturn.SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop from any state."""
        self.close()
        return TransitionCallbackReturn.SUCCESS

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Fall back to unconfigured."""
        self.close()
        return TransitionCallbackReturn.SUCCESS

    def _refuse(self, reason: str) -> TransitionCallbackReturn:
        self._fault = reason
        self.get_logger().error(reason)
        return TransitionCallbackReturn.FAILURE

    def close(self) -> None:
        """End the worker and free everything; safe in any state."""
        self._stop()
        self._release()

    def _start(self) -> None:
        if self._pipeline is None or self._cameras is None:
            raise RuntimeError('the node is not configured')
        self._forget_run()
        self._pipeline.warm_up()
        settings = self._settings
        if settings.keypoints_topic:
            self._keypoints = KeypointInput(
                self, settings.keypoints_topic, settings.keypoints_wait_s, self._on_fault
            )
        self._processor = FrameProcessor(
            self._pipeline,
            self._cameras,
            self._grounds,
            self._prefix,
            self._warn_once,
            self._view,
            PersonChoice(reach_m=settings.max_distance_m),
            settings.still_s,
            self._keypoints,
            settings.lag_s,
        )
        self._worker = InferenceWorker(self._estimate, self._on_fault)
        self._worker.start()
        self._person_services = PersonServices(
            self, self._processor, self._worker.post, self._publish, self._on_pause
        )
        transport, reliability = settings.image_transport, settings.image_reliability
        self._input = ImageInput(
            self, transport, reliability, self._on_image, self._on_camera_info
        )
        self.get_logger().info(f'active; waiting for images on {self._input.topic}')

    def _stop(self) -> None:
        if self._input is not None:
            self._input.close()
            self._input = None
        if self._person_services is not None:
            self._person_services.close()
            self._person_services = None
        if self._worker is not None:
            self._worker.stop()
            self._worker = None
            if rclpy.ok(context=self.context):
                self._forget_everybody()
        self._processor = None
        if self._keypoints is not None:
            self._keypoints.close()
            self._keypoints = None
        self._fault = ''

    def _release(self) -> None:
        for part in (self._outputs, self._grounds, self._transforms):
            if part is not None:
                part.close()
        self._outputs = self._pipeline = self._cameras = None
        self._grounds = self._transforms = None

    # The executor's thread.

    def _on_image(self, message: ImageMessage) -> None:
        self._statistics.image_received()
        self._fault = ''
        if self._worker is None or self._is_paused or self._waits_for_camera_info():
            return
        if self._rate.is_due(self._settings.max_rate_hz):
            self._worker.slot.put(message)

    def _on_pause(self, is_paused: bool) -> None:
        self._is_paused = is_paused
        if self._worker is not None and is_paused:
            self._worker.post(self._forget_everybody)

    def _waits_for_camera_info(self) -> bool:
        assert self._cameras is not None
        assert self._input is not None
        if self._first_image_s is None:
            self._first_image_s = time.monotonic()
        return (
            not self._cameras.has_info
            and time.monotonic() - self._first_image_s < CAMERA_INFO_WAIT_S
            and self._input.has_camera_info_publisher()
        )

    def _on_camera_info(self, info: CameraInfo) -> None:
        assert self._cameras is not None
        fault = ''
        try:
            self._cameras.update(info)
        except CalibrationError as error:
            fault = str(error)
            self.get_logger().warning(str(error), throttle_duration_sec=LOG_PERIOD_S)
        self._camera_fault = fault or ('' if self._cameras.is_calibrated else UNCALIBRATED)

    def _watch(self) -> None:
        if self._input is None or self._worker is None:
            return
        self._input.follow_publishers()
        fault = self._input.fault(self._settings.stale_after_s)
        if fault and not self._fault:
            self.get_logger().warning(fault)
            self._worker.post(self._forget_everybody)
        self._fault = fault

    def _on_clock_jump(self) -> None:
        if self._worker is not None:
            self.get_logger().warning('the clock jumped back; buffers are cleared')
            self._worker.post(self._forget_everybody)

    def _on_set_parameters(self, parameters: Sequence[Parameter[Any]]) -> SetParametersResult:
        verdict = check_parameters(parameters, is_configured=self._pipeline is not None)
        if verdict.successful and self._pipeline is not None:
            known = values_of(self._settings)
            changed = {p.name: p.value for p in parameters if p.name in known}
            self._settings = build(NodeConfig, known | changed)
            if 'smoothing' in changed:
                self._pipeline.set_smoothing(self._settings.pipeline.smoothing)
        return verdict

    def _publish_diagnostics(self) -> None:
        snapshot = self._statistics.snapshot()
        state = self._state_machine.current_state[1]
        health = Health(
            lifecycle_state=f'{state}, paused' if self._is_paused else state,
            frames=snapshot,
            dropped=self._worker.slot.dropped if self._worker else 0,
            waiting=self._worker.slot.waiting if self._worker else 0,
            persons=self._persons,
            device=self._pipeline.device if self._pipeline else '',
            fault=self._fault,
            warnings=self._warnings(snapshot),
            stages=self._processor.stage_times() if self._processor else {},
            refinements=self._pipeline.refinements if self._pipeline else {},
        )
        name, now = self.get_fully_qualified_name().lstrip('/'), self.get_clock().now()
        self._diagnostics.publish(diagnostic_array(name, now.to_msg(), health))

    def _warnings(self, snapshot: Snapshot) -> list[str]:
        """List what makes results doubtful or late; the log has each text once."""
        rivals = [self._input.rivals() if self._input else '']
        rivals.append(self._outputs.rivals() if self._outputs else '')
        for text in filter(None, rivals):
            self._warn_once(text)
        still = motionless_warning(self._processor.motionless) if self._processor else ''
        load = load_warnings(snapshot, self._settings) if self._input else []
        return [text for text in (self._camera_fault, *rivals, *load, still) if text]

    # The worker's thread.

    def _estimate(self, message: ImageMessage) -> None:
        assert self._processor is not None
        if self._is_paused:  # the image waited when the pause began
            return
        results = self._processor.process(message, self.get_clock().now().nanoseconds)
        if not self._processor.is_calibrated:
            self._warn_once(UNCALIBRATED)
            self._camera_fault = self._camera_fault or UNCALIBRATED
        with self._processor.clock('publish'):
            self._publish(results)
        self._processor.clock.end_image()
        latency_ns = self.get_clock().now().nanoseconds - self._processor.stamp_ns
        self._statistics.image_processed(latency_ns / NANOSECONDS * 1e3)

    def _forget_everybody(self) -> None:
        self._publish(self._processor.reset() if self._processor else ())

    def _publish(self, results: Sequence[FrameResult]) -> None:
        for result in results:
            self._persons = len(result.present)
            if self._outputs is not None:
                self._outputs.publish(result, self._settings)

    def _on_fault(self, error: Exception) -> None:
        if not rclpy.ok(context=self.context):
            return  # shutting down: publishers are gone
        reason = str(error) or type(error).__name__
        self._statistics.image_rejected(reason)
        self.get_logger().warning(reason, throttle_duration_sec=LOG_PERIOD_S)

    def _warn_once(self, text: str) -> None:
        """Log one of a few fixed texts, the first time only."""
        if text not in self._warned:
            self._warned.add(text)
            self.get_logger().warning(text)


def main(args: Sequence[str] | None = None, build: PipelineBuilder = Pipeline) -> int:
    """
    Run the node until it is interrupted.

    :param args: command line, with `--ros-args` where wanted.
    :param build: makes the pipeline.
    :returns: exit status: 0, or 1 where a start parameter is not allowed.
    """
    # Two torch threads beside other busy processes took 14 s in place of 0.1 s for the URDF.
    with ros_until_interrupted(args), one_torch_thread():
        return _run(build)
    return 0


def _run(build: PipelineBuilder) -> int:
    try:
        node = PoseNode(build)
    except (ParameterException, ValueError) as error:
        rclpy.logging.get_logger(NODE_NAME).fatal(f'a parameter is not allowed: {error}')
        return 1
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    forward_python_logs(node.get_logger())
    try:
        if read_settings(node).autostart:
            node.start()
        executor.spin()
    finally:
        node.close()
        node.destroy_node()
    return 0
