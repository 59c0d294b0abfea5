"""Element types of ONNX that numpy does not have: their values as numpy holds them, and their bits as a runtime wants.

Imports numpy: worker side only.
"""

from functools import lru_cache
from typing import NamedTuple, cast

import numpy as np
import numpy.typing as npt

Tensor = npt.NDArray[np.generic]


class ElementType(NamedTuple):
    """`onnx_code`: the DataType of onnx.proto. `values`: the numpy type in which values are made and given.

    `mantissa_bits`, `bias`: of a small float. `no_number`: how it spells what is no number.
    """

    onnx_code: int
    values: str
    bits: int
    mantissa_bits: int = 0
    bias: int = 0
    no_number: str = ""


ELEMENT_TYPES: dict[str, ElementType] = {
    "bfloat16": ElementType(16, "float32", 16),
    "float8e4m3fn": ElementType(17, "float32", 8, 3, 7, "last"),
    "float8e4m3fnuz": ElementType(18, "float32", 8, 3, 8, "minus zero"),
    "float8e5m2": ElementType(19, "float32", 8, 2, 15, "greatest exponent"),
    "float8e5m2fnuz": ElementType(20, "float32", 8, 2, 16, "minus zero"),
    "float8e8m0": ElementType(24, "float32", 8, 0, 127, "last"),
    "float4e2m1": ElementType(23, "float32", 4, 1, 1),
    "uint4": ElementType(21, "uint8", 4),
    "int4": ElementType(22, "int8", 4),
    "uint2": ElementType(25, "uint8", 2),
    "int2": ElementType(26, "int8", 2),
}
"""By the word that ONNX Runtime has for each: `tensor(bfloat16)`. Layouts as in onnx.proto and onnx's float8 page."""


def value_range(element: ElementType) -> tuple[int, int]:
    """The least and the greatest value of an integer type.

    >>> value_range(ELEMENT_TYPES["int4"])
    (-8, 7)
    """
    half = 1 << (element.bits - 1)
    return (-half, half - 1) if element.values == "int8" else (0, 2 * half - 1)


def stored(values: Tensor, element: ElementType) -> Tensor:
    """The bits of an array, one unit of the array's shape an element: what an OrtValue of this type is made of.

    Types below 8 bits lie packed at the array's beginning, the first element in the lowest bits: ONNX Runtime takes
    the shape from the array, and reads only as many bytes as the packed elements fill. An array of raw bits (unsigned,
    or void as ml_dtypes saves it, of the type's own width) is taken as it is.
    """
    if values.dtype.kind in "uV" and values.dtype.itemsize * 8 == element.bits and element.values == "float32":
        return values.view(f"u{values.dtype.itemsize}")
    if element.onnx_code == 16:
        return np.asarray(_bfloat16(np.asarray(values, np.float32)))
    codes = np.asarray(_codes(values, element) if element.values == "float32" else values.astype(np.uint8))
    return codes if element.bits == 8 else _packed(codes, element.bits)


def _bfloat16(values: npt.NDArray[np.float32]) -> Tensor:
    """Rounded to the nearest, ties to even."""
    bits = values.view(np.uint32)
    return cast(Tensor, ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16))


def _codes(values: Tensor, element: ElementType) -> npt.NDArray[np.uint8]:
    """The code of the nearest number that the type has."""
    numbers, codes = _numbers(element)
    wanted = np.clip(values.astype(np.float32), numbers[0], numbers[-1])
    after = np.clip(np.searchsorted(numbers, wanted), 1, len(numbers) - 1)
    is_lower = wanted - numbers[after - 1] <= numbers[after] - wanted
    return codes[np.where(is_lower, after - 1, after)]


@lru_cache
def _numbers(element: ElementType) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """Every number of a small float in order, and its code."""
    found = sorted(
        {_number(code, element): code for code in range(1 << element.bits) if _is_number(code, element)}.items()
    )
    return np.array([number for number, _ in found], np.float32), np.array([code for _, code in found], np.uint8)


def _is_number(code: int, element: ElementType) -> bool:
    signed = element.bias != 127
    magnitude = code & ((1 << (element.bits - 1)) - 1) if signed else code
    if element.no_number == "last":
        return magnitude != (1 << (element.bits - (1 if signed else 0))) - 1
    if element.no_number == "minus zero":
        return code != 1 << (element.bits - 1)
    exponents = (1 << (element.bits - 1 - element.mantissa_bits)) - 1
    return element.no_number != "greatest exponent" or magnitude >> element.mantissa_bits != exponents


def _number(code: int, element: ElementType) -> float:
    if element.bias == 127:  # a scale: an exponent and nothing else
        return 2.0 ** (code - 127)
    sign = -1.0 if code >> (element.bits - 1) else 1.0
    magnitude = code & ((1 << (element.bits - 1)) - 1)
    exponent, mantissa = magnitude >> element.mantissa_bits, magnitude & ((1 << element.mantissa_bits) - 1)
    part = mantissa / (1 << element.mantissa_bits)
    if exponent == 0:
        return sign * part * 2.0 ** (1 - element.bias)
    return sign * (1 + part) * 2.0 ** (exponent - element.bias)


def _packed(codes: npt.NDArray[np.uint8], bits: int) -> Tensor:
    each = 8 // bits
    flat = codes.ravel() & ((1 << bits) - 1)
    padded = np.zeros(-(-flat.size // each) * each, np.uint8)
    padded[: flat.size] = flat
    rows = padded.reshape(-1, each) << (np.arange(each, dtype=np.uint8) * bits)
    held = np.zeros(codes.shape, np.uint8)
    held.reshape(-1)[: rows.shape[0]] = np.bitwise_or.reduce(rows, axis=1)
    return held
