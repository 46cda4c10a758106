"""Many functions of one coordinate each, evaluated at once, with their derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from biopose_ros.skeleton.functions import PiecewisePolynomial


@dataclass(frozen=True)
class CoordinateMap:
    """
    Every output is a function of one input, linear or curved.

    :param driver: [outputs], which input drives each output.
    :param slope: [outputs], zero where the function is constant or curved.
    :param intercept: [outputs].
    :param curved_input: [curved], which input drives each curved function.
    :param curved_output: [outputs, curved], 1 where the function belongs to the output.
    :param breakpoints: [curved, pieces - 1], +inf where a function has fewer pieces.
    :param origins: [curved, pieces].
    :param coefficients: [curved, pieces, degree + 1], lowest power first.
    """

    driver: Tensor
    slope: Tensor
    intercept: Tensor
    curved_input: Tensor
    curved_output: Tensor
    breakpoints: Tensor
    origins: Tensor
    coefficients: Tensor

    @property
    def is_linear(self) -> bool:
        """Whether there is no curved function."""
        return self.curved_input.numel() == 0

    @property
    def is_driven(self) -> Tensor:
        """Mark the outputs that depend on any input, [outputs] bool."""
        return (self.slope != 0) | (self.curved_output != 0).any(-1)

    def to(self, device: torch.device, dtype: torch.dtype) -> CoordinateMap:
        """
        Copy to a device and precision.

        :param device: any torch device.
        :param dtype: a floating type.
        """
        moved = (getattr(self, field.name) for field in fields(self))
        return CoordinateMap(
            *(t.to(device, dtype) if t.is_floating_point() else t.to(device) for t in moved)
        )

    def __call__(self, inputs: Tensor) -> Tensor:
        """
        Evaluate all functions.

        :param inputs: [..., inputs].
        :returns: [..., outputs].
        """
        outputs = inputs[..., self.driver] * self.slope + self.intercept
        if self.is_linear:
            return outputs
        return outputs + _horner(*self._pieces(inputs)) @ self.curved_output.mT

    def derivative(self, inputs: Tensor) -> Tensor:
        """
        Differentiate each function by the input that drives it.

        :param inputs: [..., inputs].
        :returns: [..., outputs].
        """
        if self.is_linear:
            return self.slope.expand(*inputs.shape[:-1], -1)
        coefficients, distance = self._pieces(inputs)
        powers = torch.arange(1, coefficients.shape[-1], device=inputs.device, dtype=inputs.dtype)
        curved = _horner(coefficients[..., 1:] * powers, distance)  # [..., curved]
        return self.slope + curved @ self.curved_output.mT

    def _pieces(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Pick the pieces: coefficients [..., curved, powers], distances [..., curved]."""
        driving = inputs[..., self.curved_input]
        piece = (driving[..., None] >= self.breakpoints).sum(-1)
        function = torch.arange(piece.shape[-1], device=inputs.device)
        return self.coefficients[function, piece], driving - self.origins[function, piece]


def _horner(coefficients: Tensor, distance: Tensor) -> Tensor:
    """Evaluate polynomials, lowest power first in the last axis."""
    value = coefficients[..., -1]
    for power in range(coefficients.shape[-1] - 2, -1, -1):
        value = value * distance + coefficients[..., power]
    return value


def compile_map(
    drivers: Sequence[int | None], functions: Sequence[PiecewisePolynomial]
) -> CoordinateMap:
    """
    Arrange functions into tensors (float64, CPU).

    :param drivers: [outputs], the input that drives each output, None where it is constant at
        the function's value at zero.
    :param functions: [outputs].
    """
    count = len(functions)
    slope = torch.zeros(count, dtype=torch.float64)
    intercept = torch.zeros(count, dtype=torch.float64)
    curved: list[tuple[int, int, PiecewisePolynomial]] = []
    for row, (driver, function) in enumerate(zip(drivers, functions, strict=True)):
        if function.is_linear:
            slope[row], intercept[row] = function.slope_and_intercept()
        elif driver is not None:
            curved.append((row, driver, function))
        else:
            raise ValueError('a curved function needs a coordinate to drive it')
    driven = torch.tensor([driver is not None for driver in drivers])
    driver_index = torch.tensor([driver or 0 for driver in drivers])
    return CoordinateMap(driver_index, slope * driven, intercept, *_stack_curved(curved, count))


def _stack_curved(
    curved: list[tuple[int, int, PiecewisePolynomial]], num_outputs: int
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Pad curved functions to one number of pieces and powers."""
    pieces = max((len(function.origins) for *_, function in curved), default=1)
    powers = max((function.degree + 1 for *_, function in curved), default=1)
    outputs = torch.zeros(num_outputs, len(curved), dtype=torch.float64)
    breakpoints = torch.full((len(curved), pieces - 1), torch.inf, dtype=torch.float64)
    origins = torch.zeros(len(curved), pieces, dtype=torch.float64)
    coefficients = torch.zeros(len(curved), pieces, powers, dtype=torch.float64)
    for i, (row, _, function) in enumerate(curved):
        outputs[row, i] = 1.0
        used = len(function.origins)
        breakpoints[i, : used - 1] = torch.tensor(function.breakpoints, dtype=torch.float64)
        origins[i, :used] = torch.tensor(function.origins, dtype=torch.float64)
        values = torch.tensor(function.coefficients, dtype=torch.float64)
        coefficients[i, :used, : function.degree + 1] = values
    drivers = torch.tensor([driver for _, driver, _ in curved], dtype=torch.long)
    return drivers, outputs, breakpoints, origins, coefficients
