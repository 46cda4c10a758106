"""
Find and follow persons from image to image: the front of the detection stage.

A followed person costs one call of the landmark network per image, in the crop where the last
landmarks say that the person is; where many are followed, all but the nearest take turns. The
detector runs only now and then, to find further persons.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from biopose_ros.detection.appearance import Appearance
from biopose_ros.detection.landmark_network import LandmarkNetwork, Sighting
from biopose_ros.detection.person_detector import Detection, PersonDetector
from biopose_ros.detection.search import SearchPlan
from biopose_ros.detection.tracks import (
    Track,
    body_colours,
    core_distance,
    lies_on,
    same_body,
)
from biopose_ros.inference.onnx_runtime import running_device
from biopose_ros.pretrained.networks import best_landmark_model
from biopose_ros.records import Crop, PersonCrop, TrackingState
from biopose_ros.settings import DetectionConfig
from biopose_ros.settings.pipeline import AUTO

# Sightings of one person differ by less, those of two persons by more (share of the crop's side).
_SAME_PERSON = 0.08
# A box this near to a followed person, as a share of the crop's side, is that person.
_NEAR = 0.2
_MAX_CANDIDATES = 4
# Scores of the detector between which a new person needs less and less presence. Measured on
# rendered scenes of the validation split: of 30 without persons none would start to be followed
# (2 boxes had a presence above 0.4, with scores of 0.5 and 0.6), while persons 60 to 100 pixels
# tall have scores of 0.8 to 0.9 and presences around 0.45.
_VAGUE_SCORE, _SURE_SCORE = 0.5, 0.85
# A sighting with less misfit lies where the person is expected.
_EXPECTED = 0.5
# A crop that stays this small or grows this large holds no person, pixels and image sides.
_SMALLEST_CROP_PX = 16
_LARGEST_CROP = 6


class PersonTracker:
    """
    Follow the persons in a stream of images.

    :param config: the settings.
    :param device: see :func:`biopose_ros.inference.onnx_runtime.create_session`.
    :param with_maps: give the network's feature maps with each person.
    :attr model: the landmark network that runs.
    :raises NetworkFileError: when the networks are not imported.
    :raises DeviceError: when the device cannot be had.
    """

    def __init__(
        self,
        config: DetectionConfig | None = None,
        device: str = 'auto',
        with_maps: bool = False,
    ) -> None:
        self.config = config or DetectionConfig()
        threads = self.config.threads
        self.detector = PersonDetector(device, threads, self.config.min_detection_score)
        self.model = self.config.model
        if self.model == AUTO:
            # Without maps the larger network gains little and costs much.
            self.model = best_landmark_model() if with_maps else 'full'
        self.network = LandmarkNetwork(self.model, device, threads, with_maps)
        self.appearance = Appearance.load(self.model) if with_maps else None
        self.device = running_device(self.network.session)
        self.plan = SearchPlan(self.config.smallest_person, self.config.search_interval_s)
        self.next_id = 1
        self.reset()

    def reset(self) -> None:
        """Forget all persons; their ids are not used again."""
        self.tracks: list[Track] = []
        self.last_stamp_ns: int | None = None
        self.last_shape: tuple[int, ...] | None = None
        self.plan.reset()

    def update(self, image_bgr: NDArray[np.uint8], stamp_ns: int) -> list[PersonCrop]:
        """
        Take the next image in; one of another size, or with an earlier stamp, starts afresh.

        :param image_bgr: [height, width, 3], blue, green, red.
        :param stamp_ns: of the image.
        :returns: everybody who is followed, by id; one who is given up appears once as lost.
        :raises ValueError: when the image is not [height, width, 3] bytes.
        """
        _check_image(image_bgr)
        is_back = self.last_stamp_ns is not None and stamp_ns < self.last_stamp_ns
        if is_back or self.last_shape not in (None, image_bgr.shape):
            self.reset()
        self.last_stamp_ns, self.last_shape = stamp_ns, image_bgr.shape
        candidates = self._search(image_bgr, stamp_ns)
        tracks = self._in_turn()
        crops = [track.predict(stamp_ns) for track in tracks]
        sightings = self._sightings(image_bgr, [*crops, *(found.crop for found in candidates)])
        seen = self._follow(image_bgr, tracks, sightings[: len(crops)], stamp_ns)
        scores = [found.score for found in candidates]
        self._meet(image_bgr, sightings[len(crops) :], scores, seen, stamp_ns)
        return self._report(image_bgr, stamp_ns)

    def forget(self, track_id: int) -> None:
        """
        End the track of a person; somebody who is still seen comes back under a new id.

        :param track_id: of the person.
        """
        self.tracks = [track for track in self.tracks if track.track_id != track_id]

    def look(self, image_bgr: NDArray[np.uint8], crop: Crop) -> PersonCrop:
        """
        Read one crop without following the person in it.

        :param image_bgr: [height, width, 3], blue, green, red.
        :param crop: where to look.
        :returns: the record that a tracked person there would have, with track id 0.
        """
        sighting = self._sightings(image_bgr, [crop])[0]
        track = Track(0, sighting, 0, body_colours(image_bgr, sighting))
        track.state = TrackingState.TRACKED
        return track.record(image_bgr.shape[1], image_bgr.shape[0], 0)

    def _sightings(self, image: NDArray[np.uint8], crops: list[Crop]) -> list[Sighting]:
        """Look into crops, and judge whether what they show looks like a person."""
        sightings = self.network.run(image, crops)
        if self.appearance is None or not sightings:
            return sightings
        log_odds = self.appearance.log_odds([sighting.reading for sighting in sightings])
        return [
            replace(sighting, log_odds=float(one))
            for sighting, one in zip(sightings, log_odds, strict=True)
        ]

    def _search(self, image: NDArray[np.uint8], stamp_ns: int) -> list[Detection]:
        """:returns: persons who may be new or back in sight."""
        height, width = image.shape[:2]
        unseen = [
            track.predict(stamp_ns)
            for track in self.tracks
            if track.state == TrackingState.OCCLUDED
        ]
        windows = self.plan.windows(
            width,
            height,
            stamp_ns,
            unseen,
            is_idle=not self.tracks,
            is_full=len(self.tracks) >= self.config.max_persons,
        )
        if not windows:
            return []
        visible = [track for track in self.tracks if track.state != TrackingState.OCCLUDED]
        return [
            found
            for found in self.detector.detect(image, windows)
            if _is_sensible(found.crop, image)
            and not any(_is_near(found.crop, track.predict(stamp_ns)) for track in visible)
        ][:_MAX_CANDIDATES]

    def _in_turn(self) -> list[Track]:
        """:returns: the nearest person, those not confirmed yet, and who waited longest."""
        tracked = [track for track in self.tracks if track.state == TrackingState.TRACKED]
        nearest = max(tracked, key=lambda track: track.size_px, default=None)
        order = sorted(
            self.tracks,
            key=lambda track: (
                track is not nearest,
                track.state != TrackingState.TENTATIVE,
                track.looked_ns,
            ),
        )
        return order[: self.config.looks_per_image]

    def _follow(
        self,
        image: NDArray[np.uint8],
        tracks: list[Track],
        sightings: list[Sighting],
        stamp_ns: int,
    ) -> list[Sighting]:
        """
        Give each track what was seen in its crop.

        :returns: the sightings that were taken.
        """
        proposals = []
        for track, sighting in zip(tracks, sightings, strict=True):
            track.looked_ns = stamp_ns
            if _is_sensible(sighting.next_crop, image):
                colours = body_colours(image, sighting)
                misfit = track.misfit(sighting, colours, stamp_ns)
                if self._is_still(track, sighting, misfit, stamp_ns):
                    # Persons who were in sight all the time come first, then the best match.
                    rank = (track.state != TrackingState.TRACKED, misfit)
                    proposals.append((rank, track, sighting, colours))
        taken: list[Sighting] = []
        for _, track, sighting, colours in sorted(proposals, key=lambda item: item[0]):
            if not self._is_double(track, sighting, taken):
                self._see(track, sighting, colours, stamp_ns)
                taken.append(sighting)
        return taken

    def _is_double(self, track: Track, sighting: Sighting, taken: list[Sighting]) -> bool:
        """
        Return whether a sighting shows a person who has been seen already.

        The track of a person who leaves the image slides onto the nearest body, so a doubtful
        sighting on a body is that body. A clear one may be somebody who stands before it.
        """
        if track.state == TrackingState.TENTATIVE and _is_part(sighting, taken):
            return True
        is_doubtful = sighting.presence < self.config.start_presence
        is_on_body = is_doubtful and any(lies_on(sighting, other) for other in taken)
        return is_on_body or _is_known(sighting, taken)

    def _is_still(self, track: Track, sighting: Sighting, misfit: float, stamp_ns: int) -> bool:
        """:returns: whether the person of a track is in its crop."""
        if track.state == TrackingState.OCCLUDED:
            return misfit < 1 and sighting.presence >= self.config.start_presence
        # The network doubts a clear person in single images now and then.
        is_doubt = misfit < _EXPECTED and sighting.presence >= self.config.min_presence / 2
        presence = track.smoothed_presence(sighting, stamp_ns) if is_doubt else sighting.presence
        return presence >= self.config.min_presence

    def _meet(
        self,
        image: NDArray[np.uint8],
        sightings: list[Sighting],
        scores: list[float],
        seen: list[Sighting],
        stamp_ns: int,
    ) -> None:
        """Take back persons who were out of sight, and start to follow new ones."""
        hopeful = [
            (sighting.next_crop, score)
            for sighting, score in zip(sightings, scores, strict=True)
            if sighting.presence >= self.config.min_presence / 2
            and _is_sensible(sighting.next_crop, image)
        ]
        # The detector's crop is coarse: a person shows in the second look, a mirage vanishes.
        second = self._sightings(image, [crop for crop, _ in hopeful])
        needed = [self._needed_presence(score) for _, score in hopeful]
        # The largest person first: where only one may be followed, it is the one in front.
        for sighting, least in sorted(
            zip(second, needed, strict=True), key=lambda item: -item[0].next_crop.size_px
        ):
            is_person = sighting.presence >= least
            if not is_person or _is_known(sighting, seen) or _is_part(sighting, seen):
                continue
            if not _is_sensible(sighting.next_crop, image):
                continue
            colours = body_colours(image, sighting)
            track = self._unseen_match(sighting, colours, stamp_ns)
            if track is not None and self._may_be_thing(track, sighting, colours, stamp_ns):
                continue
            if track is not None:
                self._see(track, sighting, colours, stamp_ns)
            elif len(self.tracks) < self.config.max_persons:
                self.tracks.append(Track(self.next_id, sighting, stamp_ns, colours))
                self._confirm(self.tracks[-1])
                self.next_id += 1
            seen.append(sighting)

    def _needed_presence(self, score: float) -> float:
        """
        Give the presence that a new person needs.

        The landmark network is less sure of small persons; where the detector is sure, it is
        enough that the person would be followed on.
        """
        low, high = self.config.min_presence, self.config.start_presence
        return float(np.interp(score, (_VAGUE_SCORE, _SURE_SCORE), (high, low)))

    def _unseen_match(self, sighting: Sighting, colours: NDArray, stamp_ns: int) -> Track | None:
        """:returns: the hidden person who matches a sighting, or who was last seen there."""
        unseen = [track for track in self.tracks if track.seen_ns != stamp_ns]
        fits = [(track.misfit(sighting, colours, stamp_ns), track) for track in unseen]
        misfit, track = min(fits, key=lambda item: item[0], default=(np.inf, None))
        if misfit < 1:
            return track
        return next((one for one in unseen if same_body(sighting, one.sighting)), None)

    def _may_be_thing(
        self, track: Track, sighting: Sighting, colours: NDArray, stamp_ns: int
    ) -> bool:
        """
        Return whether what is found in place of a hidden person is too doubtful to be that person.

        A new person is published once believed, one who comes back at once: so this asks for more.
        """
        is_doubtful = (
            track.state == TrackingState.OCCLUDED
            and sighting.presence < self.config.start_presence
        )
        is_expected = track.misfit(sighting, colours, stamp_ns) < _EXPECTED
        return is_doubtful and not is_expected and not same_body(sighting, track.sighting)

    def _see(self, track: Track, sighting: Sighting, colours: NDArray, stamp_ns: int) -> None:
        track.see(sighting, colours, stamp_ns)
        self._confirm(track)

    def _confirm(self, track: Track) -> None:
        is_confirmed = track.sightings >= self.config.confirm_frames
        if track.state != TrackingState.TENTATIVE or is_confirmed:
            track.state = TrackingState.TRACKED

    def _report(self, image: NDArray[np.uint8], stamp_ns: int) -> list[PersonCrop]:
        """Mark who was not seen, drop who is gone, and tell."""
        for track in self.tracks:
            is_unseen = track.looked_ns == stamp_ns and track.seen_ns != stamp_ns
            if is_unseen or track.state == TrackingState.OCCLUDED:
                is_gone = track.unseen_s(stamp_ns) > self.config.occlusion_s
                is_mirage = track.state == TrackingState.TENTATIVE
                track.state = (
                    TrackingState.LOST if is_gone or is_mirage else TrackingState.OCCLUDED
                )
        height, width = image.shape[:2]
        records = [track.record(width, height, stamp_ns) for track in self.tracks]
        self.tracks = [track for track in self.tracks if track.state != TrackingState.LOST]
        return records


def _check_image(image: NDArray[np.uint8]) -> None:
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        kind = getattr(image, 'dtype', type(image).__name__)
        raise ValueError(f'the image must be an array of uint8, got {kind}')
    if image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ValueError(f'the image must be [height, width, 3], not empty; got {image.shape}')


def _is_sensible(crop: Crop, image: NDArray[np.uint8]) -> bool:
    height, width = image.shape[:2]
    largest = _LARGEST_CROP * max(width, height)
    if not _SMALLEST_CROP_PX <= crop.size_px <= largest:
        return False
    margin = crop.size_px / 2
    low, high = crop.center_px + margin, crop.center_px - margin
    return bool(np.all(low > 0) and high[0] < width and high[1] < height)


def _is_near(crop: Crop, other: Crop) -> bool:
    distance = np.linalg.norm(crop.center_px - other.center_px)
    return bool(distance < _NEAR * other.size_px and 0.5 < crop.size_px / other.size_px < 2)


def _is_part(sighting: Sighting, others: list[Sighting]) -> bool:
    return any(same_body(sighting, other) for other in others)


def _is_known(sighting: Sighting, others: list[Sighting]) -> bool:
    return any(core_distance(sighting, other) < _SAME_PERSON for other in others)
