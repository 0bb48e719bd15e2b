/* geodesic.h - shortest paths along edges between mutual neighbours.

   Points i and j are linked if each is among the k nearest others of the other and they are not in one place. A part is a
   component of the graph of all links. The geodesic distance of a linked pair is its length, of other points of one part the
   shortest path, of points of different parts their length. So the minimum spanning tree of the geodesic distances is that of the links and of
   the pairs in different parts: every other pair is longer than each link of its path (docs/math/metrics.md). */
#pragma once

#include <hole/hole_distances.h>

/* Collective. Fill d->links and d->part from neighbours that were found before, at least min(k, n - 1) of them. */
PetscErrorCode hole_geodesic_find_links(HoleDistances d, HoleIndex k);

/* A link in single precision: the nearest float above 0. Paths are then summed in that precision, so that each is longer than its
   links. */
double hole_geodesic_round(double length);

/* Collective. The stored rows hold lengths: put geodesic distances in their place. The graph of links comes to every rank,
   16 bytes a link and 24 on top while it is used; rows go from rank to rank in pieces of bounded size. */
PetscErrorCode hole_geodesic_fill_rows(HoleDistances d);
