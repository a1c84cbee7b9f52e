"""The tail of the normal distribution, element by element: NumPy has no error function."""

from __future__ import annotations

import numpy as np

from app.engine.arrays import Array

DENSITY_AT_ZERO = 0.3989422804014327  # 1 / sqrt(2 pi)

# With u = k / (k + y), exp(y^2) erfc(y) = u G(2 u - 1) for y >= 0, where G is smooth up to the end u = 0,
# which is y = inf. The coefficients of G, constant first, come from a Chebyshev interpolation in 60 digits.
# Source of the map: Shepherd & Laframboise 1981, doi:10.1090/S0025-5718-1981-0595058-X.
_K = 2.5
_SINGLE = (
    0.421612725879126117,
    0.321860771531178413,
    0.181565810475085636,
    0.068499794971576087,
    0.0113426704730062415,
    -0.00335325274959245866,
    -0.00191894446626746123,
    0.000165569993994465393,
    0.000263716323793184225,
    -0.0000108028519279395142,
    -0.000028064051672275076,
)  # error at most 2.3e-8 of the value
_DOUBLE = (
    0.421612728122287163,
    0.321860739775659276,
    0.181565646659238411,
    0.0685004580984476196,
    0.0113446200527978922,
    -0.0033572177219048681,
    -0.00192751420928215088,
    0.000175683320042326206,
    0.000281077489341355663,
    -0.0000233232234941446418,
    -0.0000450419298241811403,
    7.81333538311033608e-6,
    7.29772352008623437e-6,
    -2.70295222417198129e-6,
    -9.32797941154643775e-7,
    7.87254968351126353e-7,
    -2.69816763736347531e-9,
    -1.81705306771903674e-7,
    5.5684398226278585e-8,
    2.96798242613741698e-8,
    -2.1475709436325871e-8,
    -2.58481580853436538e-9,
    4.54466618443113412e-9,
    1.38695540582657137e-11,
    -4.55773503052200826e-10,
)  # error at most 5.6e-17 of the value
_HALF_ROOT = 0.7071067811865476  # y = |z| / sqrt(2)


def normal_tail(z: Array, tail: Array, bell: Array, work: Array) -> None:
    """Fill tail with P(N > |z|) and bell with exp(-z^2 / 2).

    tail, bell, work: arrays like z. The function uses products, sums, quotients and exp alone, so that a
    number has the same bits at any position. Beyond the range of exp both results are zero; nan stays nan.
    """
    np.multiply(z, z, out=bell)
    np.multiply(bell, -0.5, out=bell)
    np.exp(bell, out=bell)
    np.abs(z, out=work)
    np.multiply(work, _HALF_ROOT / _K, out=work)
    np.add(work, 1, out=work)
    np.divide(2, work, out=work)  # 2 u
    np.subtract(work, 1, out=work)
    *others, highest = _SINGLE if z.dtype == np.float32 else _DOUBLE
    np.multiply(work, highest, out=tail)
    for coefficient in reversed(others[1:]):
        np.add(tail, coefficient, out=tail)
        np.multiply(tail, work, out=tail)
    np.add(tail, others[0], out=tail)
    np.add(work, 1, out=work)
    np.multiply(work, 0.25, out=work)  # u / 2: the tail is erfc(y) / 2
    np.multiply(tail, work, out=tail)
    np.multiply(tail, bell, out=tail)
