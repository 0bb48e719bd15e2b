"""Command line of the report. Exit codes: 0 done, 2 usage, 3 input, 4 no room for the output."""

import argparse
import errno
import os
import sys

from . import page, result


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(prog="report", description="Draw a hole result as one self-contained HTML page.")
    parser.add_argument("result", metavar="RESULT.h5", help="result file written by hole")
    parser.add_argument("-o", "--output", default="report.html", metavar="FILE", help="page to write (default: %(default)s)")
    parser.add_argument("--figures", metavar="DIR", help="also write every view as PNG, SVG and PDF into DIR")
    parser.add_argument(
        "--conditions", metavar="FILE[,FILE...]", default="", help="results of the same network under other conditions, to compare with"
    )
    return parser.parse_args(arguments)


def write_whole(path, text):
    """A file with the final name is always complete: write beside it, then rename."""
    partial = f"{path}.{os.getpid()}.part"
    try:
        with open(partial, "w", encoding="utf-8") as out:
            out.write(text)
        os.replace(partial, path)
    except OSError:
        if os.path.exists(partial):
            os.unlink(partial)
        raise


def main(arguments=None):
    options = parse_arguments(arguments)
    try:
        found = result.read(options.result)
        others = [result.read(path) for path in options.conditions.split(",") if path]
    except result.ResultError as error:
        print(f"report: {error}", file=sys.stderr)
        return 3
    try:
        write_whole(options.output, page.render(found, others))
        if options.figures:
            from . import figures  # matplotlib takes a second to load and is not needed for the page

            figures.write_all(found, others, options.figures)
    except OSError as error:
        print(f"report: cannot write {error.filename or options.output}: {error.strerror or error}", file=sys.stderr)
        return 4 if error.errno in (errno.ENOSPC, errno.EDQUOT) else 2
    return 0
