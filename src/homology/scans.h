/* scans.h - the loops over rows of bounds in which dimension 1 spends its time.

   They see bounds alone. "Certainly" is what holds whatever the lengths are, "maybe" what they may turn out to be: a maybe is decided by the
   caller, length by length. A block is hole_scan_lanes() places that are looked at together. */
#pragma once

#include "../distances/bounds.h"

HoleIndex hole_scan_lanes(hole_bounds bounds);

/* settled[m - begin] = (i, m) is certainly of greater measure than `bar`, begin <= m < end. */
void hole_scan_beyond(hole_bounds bounds, HoleIndex begin, HoleIndex end, const void *row, double bar,
                      signed char settled[]);

/* settled[m - begin] |= (i, m) is certainly longer than (i, k) and (k, m), begin <= m < end. */
void hole_scan_settle(hole_bounds bounds, HoleIndex i, HoleIndex k, HoleIndex begin, HoleIndex end, const void *row_i,
                      const void *row_k, signed char settled[]);

/* The first block at m or after it, which may reach beyond n, with a place where maybe both rows have no greater measure than `bar`; the stride if there is none. */
HoleIndex hole_scan_within(hole_bounds bounds, HoleIndex m, const void *row_i, const void *row_j, double bar);

/* The first block at m or after it where maybe the longer of (i, m) and (j, m) has a measure from `from` to `to`. */
HoleIndex hole_scan_between(hole_bounds bounds, HoleIndex m, HoleIndex i, HoleIndex j, const void *row_i,
                            const void *row_j, double from, double to);

/* A measure that for some m neither (i, m) nor (j, m) exceeds, as small as bounds tell. */
double hole_scan_least_high(hole_bounds bounds, HoleIndex i, HoleIndex j, const void *row_i, const void *row_j);
