#!/usr/bin/env python3
"""Print golden_stages.h: stages that HOLE itself gave for the fixture, taken from a golden.json.

usage: make_golden_stages.py golden.json > golden_stages.h
"""
import json
import sys

METRICS = ("euclidean", "manhattan", "chebyshev", "cosine")

HEAD = """/* golden_stages.h - stages of the fixture as HOLE gave them; made by make_golden_stages.py, not by hand.

   {dataset} */
#pragma once

struct golden_stage {{
  double threshold;
  int    n_clusters;
  double purity, homogeneity;
}};

struct golden_layer {{
  int                 layer;
  const char         *metric;
  int                 n_distinct; /* heights */
  double              sum_heights, first[3], last[3];
  struct golden_stage stages[4];
}};

static const struct golden_layer golden_layers[] = {{"""


def row(values):
    return "{" + ", ".join(repr(v) for v in values) + "}"


def main(path):
    with open(path, encoding="utf-8") as file:
        golden = json.load(file)
    print(HEAD.format(dataset=golden["dataset"].replace("; ", ";\n   ")))
    for layer, metrics in golden["layers"].items():
        for metric in METRICS:
            g = metrics[metric]
            print(f'    {{{layer},\n     "{metric}",\n     {g["n_deaths_distinct"]},\n     {g["sum_deaths"]},')
            print(f'     {row(g["deaths_first3"])},\n     {row(g["deaths_last3"])},')
            stages = [row(s[k] for k in ("t", "n", "purity", "homogeneity")) for s in g["stages"]]
            assert len(stages) == 4
            print("     {" + ",\n      ".join(stages) + "}},")
    print("};")


if __name__ == "__main__":
    main(*sys.argv[1:])
