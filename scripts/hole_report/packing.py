"""Numbers for the page: rounded for JSON, or packed as base64 where there are many."""

import base64
import math

import numpy as np

DIGITS = 7
CODES = {np.dtype("<f4"): "f4", np.dtype("u1"): "u1", np.dtype("<u2"): "u2", np.dtype("<i4"): "i4"}


def rounded(value):
    """A number for JSON, None for what JSON cannot say (infinite, undefined)."""
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.{DIGITS}g}")


def rounded_list(values):
    return [rounded(value) for value in np.asarray(values, dtype=float).tolist()]


def rounded_rows(values):
    return [rounded_list(row) for row in np.atleast_2d(values)]


def plain(value):
    """An attribute: text as it is, numbers as JSON numbers, an infinite one as the word, None for an undefined one."""
    if isinstance(value, (bytes, str)):
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, np.ndarray):
        return [plain(item) for item in value.ravel().tolist()]
    value = float(value)
    return None if math.isnan(value) else rounded(value) if math.isfinite(value) else str(value)


def packed(values):
    """An array as {type, base64 text}: little-endian float32, uint8, uint16 or int32; report.js unpacks it."""
    values = np.ascontiguousarray(values)
    values = values.astype(values.dtype.newbyteorder("<"), copy=False)
    return {"type": CODES[values.dtype], "data": base64.b64encode(values.tobytes()).decode("ascii")}


def quantised(values, low, high, dtype=np.uint16):
    """Values between `low` and `high` as whole steps of the range of `dtype`; what is not finite becomes the lowest."""
    span = (high - low) or 1.0
    steps = np.nan_to_num((np.asarray(values, dtype=float) - low) / span, nan=0.0, posinf=1.0, neginf=0.0)
    return np.round(steps.clip(0, 1) * np.iinfo(dtype).max).astype(dtype)
