"""Build the default body: draw, correct to real persons, find the shape space, fit the rest."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from rich.progress import Progress

from biopose_ros.body.body_data import BodyData, Population
from biopose_ros.body.joints import JOINT_NAMES
from biopose_ros.records import FloatArray
from biopose_ros.training.body.anny_source import AnnySource
from biopose_ros.training.body.correctives import RANGES, fit_correctives
from biopose_ros.training.body.measures import Measures, read_survey
from biopose_ros.training.body.population import (
    ROUNDS,
    Bodies,
    choose_people,
    draw_bodies,
    fit_to_survey,
)
from biopose_ros.training.body.shape_space import (
    ShapeSpace,
    fit_joint_regressor,
    principal_components,
)
from biopose_ros.virtual_markers import load_markers

SEXES = ('F', 'M')
PERCENTILES = (5, 50, 95)
SAMPLED = 2000  # bodies per sex that stand beside the survey
COMPONENTS = 16  # of shape
# Standard deviation of the local changes: in the wide draw, and in the pool.
_WIDE_SPREAD, _POOL_SPREAD = 0.25, 0.05
# How much measures count beside vertices in the shape space, metres.
_MEASURE_WEIGHT_M = 0.004


@dataclass(frozen=True)
class BuildConfig:
    """
    How large a population the body is made from.

    :param seed: of everything random.
    :param wide: bodies drawn widely, both sexes together; they show how a body changes.
    :param pool: natural bodies per sex to choose from.
    :param people: persons of the survey per sex.
    """

    seed: int = 0
    wide: int = 400
    pool: int = 700
    people: int = 400

    @classmethod
    def of_people(cls, people: int, seed: int) -> BuildConfig:
        """
        Scale all draws with the number of persons.

        :param people: persons of the survey per sex; 400 are the default.
        :param seed: of everything random.
        """
        share = people / cls.people
        wide, pool = 2 * round(share * cls.wide / 2), max(round(share * cls.pool), people)
        return cls(seed=seed, wide=wide, pool=pool, people=people)


@dataclass(frozen=True)
class MeasureRow:
    """
    How one measure of the built population compares with the survey.

    :param sex: ``F`` or ``M``.
    :param name: ANSUR's name with its unit.
    :param survey: [3], 5th, 50th and 95th percentile of the survey.
    :param built: [3], the same of bodies sampled from the built shape space.
    """

    sex: str
    name: str
    survey: FloatArray
    built: FloatArray

    @property
    def worst(self) -> float:
        """Largest relative difference of a percentile."""
        return float(np.abs(self.built / self.survey - 1.0).max())


def build_body(
    survey_path: Path, config: BuildConfig, progress: Progress
) -> tuple[BodyData, list[MeasureRow]]:
    """
    Build the default body.

    :param survey_path: ANSUR II as CSV.
    :param config: sizes and seed.
    :param progress: shows how far it is.
    :returns: the body, and its population beside the survey.
    """
    generator = np.random.default_rng(config.seed)
    surveys = [read_survey(survey_path, sex) for sex in SEXES]
    source, markers = AnnySource(), load_markers()
    task = progress.add_task('draw bodies', total=config.wide + 2 * config.pool)

    advance = partial(progress.advance, task)
    halves = np.repeat([1.0, 0.0], config.wide // 2)
    wide = draw_bodies(source, markers, generator, halves, _WIDE_SPREAD, advance)
    measures = Measures(wide.vertices_m.mean(axis=0), source.faces, markers)
    fitted = []
    for sex, survey in enumerate(surveys):
        is_woman = np.full(config.pool, 1.0 - sex)
        pool = draw_bodies(source, markers, generator, is_woman, _POOL_SPREAD, advance)
        people = choose_people(survey, config.people, generator)
        rounds = progress.add_task(f'fit to the survey ({SEXES[sex]})', total=ROUNDS)
        fitted.append(
            fit_to_survey(wide, pool, people, measures, partial(progress.advance, rounds))
        )
    bodies = Bodies.of(fitted)
    data = _assemble(source, bodies, measures, generator, progress)
    return data, _compare_with_survey(data, surveys, generator)


def _assemble(
    source: AnnySource,
    bodies: Bodies,
    measures: Measures,
    generator: np.random.Generator,
    progress: Progress,
) -> BodyData:
    space = _shape_space(bodies, measures)
    weights = _four_weights(source.joint_weights())
    regressor = fit_joint_regressor(bodies.vertices_m, bodies.joints_m, weights, source.mirror)
    task = progress.add_task('fit pose correctives', total=len(RANGES))
    blocks = fit_correctives(
        space.mean_m,
        regressor @ space.mean_m,
        weights,
        source.mirror,
        generator,
        partial(progress.advance, task),
    )
    return BodyData(
        topology='biopose',
        template_m=space.mean_m,
        shape_directions_m=space.directions_m,
        pose_blocks=blocks,
        joint_regressor=regressor,
        weights=weights,
        faces=source.faces,
        population=Population(space.betas.reshape(len(SEXES), -1, COMPONENTS)),
    )


def _shape_space(bodies: Bodies, measures: Measures) -> ShapeSpace:
    measured = measures(bodies.vertices_m, bodies.joints_m)
    columns = [
        (values - values.mean()) / values.std() * _importance(name)
        for name, values in measured.items()
    ]
    return principal_components(
        bodies.vertices_m, np.stack(columns, axis=1), _MEASURE_WEIGHT_M, COMPONENTS
    )


def _importance(measure: str) -> float:
    """Girths follow from many vertices anyway: the components are kept for bones and mass."""
    if measure == 'weight_kg':
        return 2.0
    return 0.3 if 'circumference' in measure else 1.0


def _four_weights(weights: FloatArray) -> FloatArray:
    """Keep the four largest skinning weights of every vertex, as the file does."""
    kept = weights.copy()
    np.put_along_axis(kept, np.argsort(-weights, axis=1)[:, 4:], 0.0, axis=1)
    return kept / kept.sum(axis=1, keepdims=True)


def _compare_with_survey(
    data: BodyData, surveys: list[dict[str, FloatArray]], generator: np.random.Generator
) -> list[MeasureRow]:
    """
    Measure bodies sampled from the shape space and compare them with the survey.

    :param surveys: per sex, [persons] per measure; women first.
    """
    assert data.population is not None
    measures = Measures(data.template_m, data.faces, load_markers(data.topology))
    rows = []
    for sex, survey in enumerate(surveys):
        betas = data.population.sample(sex, SAMPLED, generator)
        parts = [
            _measure(data, measures, chunk) for chunk in np.array_split(betas, SAMPLED // 100)
        ]
        for name in parts[0]:
            if name in survey:
                built = np.percentile(np.concatenate([part[name] for part in parts]), PERCENTILES)
                wanted = np.percentile(survey[name], PERCENTILES)
                rows.append(MeasureRow(SEXES[sex], name, wanted, built))
    return rows


def _measure(data: BodyData, measures: Measures, betas: FloatArray) -> dict[str, FloatArray]:
    vertices = data.template_m + np.einsum('vkc,bc->bvk', data.shape_directions_m, betas)
    flat = np.moveaxis(vertices, 1, 0).reshape(len(data.template_m), -1)
    joints = (data.joint_regressor @ flat).reshape(len(JOINT_NAMES), len(betas), 3)
    return measures(vertices, np.moveaxis(joints, 0, 1))
