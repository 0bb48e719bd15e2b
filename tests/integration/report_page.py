"""What tests of the report share: running it, reading the data of a page, noting what does not hold."""

import base64
import json
import re
import subprocess

import numpy as np

ROUNDING = 1e-6  # the page holds seven significant digits
failures = []


def expect(condition, message):
    if not condition:
        failures.append(message)


def run_report(report, *arguments):
    return subprocess.run([report, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)


def check_self_contained(name, text):
    addresses = set(re.findall(r"https?://[^\s\"'<>)]+", text))
    expect(addresses <= {"http://www.w3.org/2000/svg"}, f"{name}: refers to {sorted(addresses)}")
    for pattern in (r"<link\b", r"\bsrc\s*=", r"@import", r"url\((?!#)", r"\bfetch\(", r"XMLHttpRequest", r"\bimport\s*\("):
        expect(not re.search(pattern, text), f"{name}: matches {pattern}, which may load something")
    expect(text.count("</script>") == text.count("<script"), f"{name}: text of the result ends a script element")


def embedded(name, text):
    try:
        return json.loads(re.search(r'<script type="application/json" id="result">(.*?)</script>', text, re.S).group(1))
    except ValueError as error:
        expect(False, f"{name}: the embedded data are not JSON: {error}")
        return None


def equal_up_to_rounding(found, wanted):
    found, wanted = np.asarray(found, dtype=float), np.asarray(wanted, dtype=float)
    return found.shape == wanted.shape and np.allclose(found, wanted, rtol=ROUNDING, atol=0, equal_nan=True)


TYPES = {"f4": "<f4", "u1": "u1", "u2": "<u2", "i4": "<i4"}


def unpack(stored):
    """An array that the page holds as base64."""
    return np.frombuffer(base64.b64decode(stored["data"]), dtype=TYPES[stored["type"]])


def finish():
    for failure in failures:
        print(failure)
    return 1 if failures else 0
