"""What a run does between poses and files: smoothing, choosing persons, pictures of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from biopose_ros.files.results import RunResults
from biopose_ros.files.thumbnails import Thumbnails
from biopose_ros.person.choosing import ALL, check_rule, chosen_person
from biopose_ros.person.recording import RecordedImage, RecordingSmoother
from biopose_ros.pipeline import Pipeline
from biopose_ros.records import Camera, PersonPose


class RecordingRun:
    """
    Takes the poses of a recording image by image, and writes its files as it goes.

    Rows of an image are written twice: at once, from what came before it, and again a few seconds
    later, with what came after. So a run that is killed has the first kind alone for its last
    seconds, and nothing has to wait in memory for the end.

    :param pipeline: that makes the poses.
    :param results: the files.
    :param looks_ahead: whether what came after an image counts.
    :param rule: whose files stay at the end; see :func:`~biopose_ros.person.choosing.check_rule`.
    :raises ValueError: for an unknown rule.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        results: RunResults,
        looks_ahead: bool = True,
        rule: str = ALL,
    ) -> None:
        check_rule(rule)
        self._pipeline, self._results = pipeline, results
        self._looks_ahead, self._rule = looks_ahead, rule
        self._thumbnails = Thumbnails()
        self._camera: Camera | None = None
        self._size_px = (0, 0)
        self._smoother: RecordingSmoother | None = None
        self._seen: list[RecordedImage] = []  # what a rule chooses by

    def take(
        self,
        image_bgr: NDArray[Any],
        camera: Camera,
        time_s: float,
        poses: Sequence[PersonPose],
    ) -> None:
        """
        Take the next image in.

        :param image_bgr: [height, width, 3].
        :param camera: of this image; where the size changes, tracks end and new ones begin.
        :param time_s: of the image, seconds, increasing.
        :param poses: what the pipeline made of it.
        :raises OutputError: when the files cannot be written.
        """
        if (camera.width_px, camera.height_px) != self._size_px:
            self._end_smoother()
            self._camera, self._size_px = camera, (camera.width_px, camera.height_px)
        ground = self._pipeline.ground
        self._results.ground = ground
        self._thumbnails.see(image_bgr, poses)
        self._results.write(time_s, poses)
        if self._rule != ALL:
            slim = [replace(pose, body=None, evidence=None) for pose in poses]
            self._seen.append(RecordedImage(time_s, slim))
        if self._looks_ahead:
            smoother = self._open_smoother(camera)
            self._settle(smoother.add(RecordedImage(time_s, poses), ground))

    def finish(self, ended: str) -> dict[str, Any]:
        """
        Write what is left, and complete all files.

        :param ended: see :meth:`RunResults.close`.
        :returns: the summary.
        :raises OutputError: when the files cannot be written.
        """
        self._end_smoother()
        if self._rule != ALL:
            lasting = self._results.lasting
            self._results.keep_only(chosen_person(self._seen, self._rule, lasting))
        self._thumbnails.write(self._results.folder)
        return self._results.close(ended)

    def _open_smoother(self, camera: Camera) -> RecordingSmoother:
        if self._smoother is None:
            pipeline = self._pipeline
            self._smoother = RecordingSmoother(
                pipeline.skeleton, camera, pipeline.config.smoothing
            )
        return self._smoother

    def _end_smoother(self) -> None:
        if self._smoother is not None:
            self._settle(self._smoother.finish())
            self._smoother = None

    def _settle(self, images: Iterable[RecordedImage]) -> None:
        assert self._camera is not None
        deviations = self._pipeline.certainty.deviations
        for image in images:
            self._results.settle(
                image.time_s, [deviations(pose, self._camera) for pose in image.poses]
            )
