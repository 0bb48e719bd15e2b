/* Geodesic distances: the graph of mutual neighbours, its components, and shortest paths in it.

   Shortest paths are those of Dijkstra's algorithm, from every point of our own. The length of a path is summed from its smaller end
   outwards, each sum rounded up to more than its terms (longer()): one value for both directions, and a path is longer than
   each of its links, whatever the rounding. Adding so keeps the order of sums, so Dijkstra's algorithm finds the least of them. */
#include "geodesic.h"

#include "../core/block.h"
#include "../core/cast.h"
#include "../core/fault.h"
#include "../core/sort.h"
#include "../core/union_find.h"
#include "distances_impl.h"
#include <float.h>
#include <hole/hole_error.h>
#include <math.h>

/* ---- The links ---- */

/* "Point `from` has you, `to`, among its neighbours": sent to the owner of the smaller of the two. */
struct claim {
  HoleIndex to, from;
};

/* Claims on their way. Blocks of `out` and `in` are in the order of the ranks. */
struct claims {
  PetscMPIInt  *out_count, *out_start, *in_count, *in_start; /* [size] */
  struct claim *out, *in;
  HoleIndex     n_in;
};

/* Neighbour m of own point i, if we have something to claim from it; the owner of smaller ids decides, so larger ones are not asked. */
static PetscBool next_claim(HoleDistances d, HoleIndex i, HoleIndex m, struct claim *claim, PetscMPIInt *owner)
{
  *claim = (struct claim){d->shared->ids[i * d->shared->k + m], d->first + i};
  if (claim->to > claim->from) return PETSC_FALSE;
  *owner = hole_block_owner(d->n, d->size, claim->to);
  return PETSC_TRUE;
}

/* Local: claims by owner. */
static PetscErrorCode pack_claims(HoleDistances d, HoleIndex k, struct claims *c)
{
  PetscMPIInt  owner, n;
  struct claim claim;

  PetscFunctionBegin;
  PetscCall(hole_fault(d->comm, "geodesic_claims"));
  PetscCall(hole_mpi_int(d->n_local * k, &n)); /* what is counted below is no more */
  PetscCall(PetscMalloc1(d->n_local * k, &c->out));
  for (HoleIndex e = 0; e < d->n_local * k; ++e) {
    if (next_claim(d, e / k, e % k, &claim, &owner)) ++c->out_count[owner];
  }
  for (PetscMPIInt r = 1; r < d->size; ++r) c->out_start[r] = c->out_start[r - 1] + c->out_count[r - 1];
  for (HoleIndex e = 0; e < d->n_local * k; ++e) {
    if (next_claim(d, e / k, e % k, &claim, &owner)) c->out[c->out_start[owner]++] = claim;
  }
  for (PetscMPIInt r = 0; r < d->size; ++r) c->out_start[r] -= c->out_count[r];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: room for the claims on our points. */
static PetscErrorCode allocate_incoming(HoleDistances d, struct claims *c)
{
  PetscMPIInt n;

  PetscFunctionBegin;
  for (PetscMPIInt r = 0; r < d->size; ++r) {
    PetscCall(hole_mpi_int(c->n_in, &n));
    c->in_start[r] = n;
    c->n_in += c->in_count[r];
  }
  PetscCall(hole_mpi_int(c->n_in, &n));
  PetscCall(PetscMalloc1(c->n_in, &c->in));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: a link is a claim that is returned. */
static PetscErrorCode match_claims(HoleDistances d, HoleIndex k, const struct claims *c)
{
  const struct hole_points *p = d->shared;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(c->n_in, &d->links));
  for (HoleIndex e = 0; e < c->n_in; ++e) {
    const struct claim *claim = &c->in[e];
    const HoleIndex     at    = (claim->to - d->first) * p->k;

    for (HoleIndex m = 0; m < k; ++m) {
      if (p->ids[at + m] == claim->from && p->lengths[at + m] > 0)
        d->links[d->n_links++] = (HoleEdge){p->lengths[at + m], claim->to, claim->from};
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode exchange_claims(HoleDistances d, HoleIndex k, struct claims *c)
{
  MPI_Datatype type;

  PetscFunctionBegin;
  HoleCallAgreed(d->comm, pack_claims(d, k, c)); /* local */
  PetscCallMPI(MPI_Alltoall(c->out_count, 1, MPI_INT, c->in_count, 1, MPI_INT, d->comm));
  HoleCallAgreed(d->comm, allocate_incoming(d, c)); /* local */
  PetscCallMPI(MPI_Type_contiguous(2, HOLE_MPI_INDEX, &type));
  PetscCallMPI(MPI_Type_commit(&type));
  PetscCallMPI(MPI_Alltoallv(c->out, c->out_count, c->out_start, type, c->in, c->in_count, c->in_start, type, d->comm));
  PetscCallMPI(MPI_Type_free(&type));
  HoleCallAgreed(d->comm, match_claims(d, k, c)); /* local */
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode find_links(HoleDistances d, HoleIndex k)
{
  struct claims  c = {0};
  PetscErrorCode found;

  PetscFunctionBegin;
  PetscCall(PetscCalloc4(d->size, &c.out_count, d->size, &c.out_start, d->size, &c.in_count, d->size, &c.in_start));
  found = exchange_claims(d, k, &c);
  PetscCall(PetscFree(c.out));
  PetscCall(PetscFree(c.in));
  PetscCall(PetscFree4(c.out_count, c.out_start, c.in_count, c.in_start));
  PetscCall(found);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- The parts ---- */

/* Name every set by its smallest member. */
static void name_sets(HoleIndex n, HoleIndex sets[], int32_t part[])
{
  for (HoleIndex i = 0; i < n; ++i) part[i] = -1;
  for (HoleIndex i = 0; i < n; ++i) { /* ascending: the first member that is met is the smallest, and names the root */
    HoleIndex root = hole_union_find_root(sets, i);

    if (part[root] < 0) part[root] = (int32_t)i;
    part[i] = part[root];
  }
}

/* Local: sets of the points that our links join. */
static PetscErrorCode join_own(HoleDistances d, HoleIndex **sets, int32_t **other)
{
  PetscFunctionBegin;
  PetscCall(hole_fault(d->comm, "geodesic_parts"));
  PetscCall(PetscMalloc1(d->n, &d->part));
  PetscCall(PetscMalloc1(d->n, sets));
  PetscCall(PetscMalloc1(d->n, other));
  hole_union_find_init(d->n, *sets);
  for (HoleIndex e = 0; e < d->n_links; ++e) hole_union_find_join(*sets, d->links[e].i, d->links[e].j);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: join the sets of two ranks, of four, ...; rank 0 names the parts. Any division of the points is sent as n names. */
static PetscErrorCode join_all(HoleDistances d, HoleIndex sets[], int32_t other[])
{
  PetscMPIInt n;

  PetscFunctionBegin;
  PetscCall(hole_mpi_int(d->n, &n)); /* equal on all ranks */
  for (PetscMPIInt step = 1; step < d->size; step *= 2) {
    if (d->rank & step) {
      name_sets(d->n, sets, d->part);
      PetscCallMPI(MPI_Send(d->part, n, MPI_INT32_T, d->rank - step, 0, d->comm));
      break;
    }
    if (d->rank + step >= d->size) continue;
    PetscCallMPI(MPI_Recv(other, n, MPI_INT32_T, d->rank + step, 0, d->comm, MPI_STATUS_IGNORE));
    for (HoleIndex i = 0; i < d->n; ++i) hole_union_find_join(sets, i, other[i]);
  }
  if (!d->rank) name_sets(d->n, sets, d->part);
  PetscCallMPI(MPI_Bcast(d->part, n, MPI_INT32_T, 0, d->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode find_parts(HoleDistances d)
{
  HoleIndex     *sets  = NULL;
  int32_t       *other = NULL;
  PetscErrorCode found;

  PetscFunctionBegin;
  found = HoleErrorAgree(d->comm, join_own(d, &sets, &other)); /* local */
  if (!found) found = join_all(d, sets, other);
  PetscCall(PetscFree(sets));
  PetscCall(PetscFree(other));
  PetscCall(found);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_geodesic_find_links(HoleDistances d, HoleIndex k)
{
  PetscFunctionBegin;
  PetscCall(find_links(d, PetscMax(0, PetscMin(k, d->n - 1))));
  PetscCall(find_parts(d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- The graph, whole on every rank ---- */

struct arc {
  double  length;
  int32_t from, to;
};

struct graph {
  HoleIndex   n_links; /* of all ranks */
  HoleIndex  *start;   /* [n + 1] first arc from each point */
  struct arc *arcs;    /* [2 n_links], by point */
};

/* Local: our links, one arc each, at their place among those of all ranks. */
static PetscErrorCode place_links(HoleDistances d, const PetscMPIInt counts[], PetscMPIInt starts[], struct graph *g,
                                  struct arc **all)
{
  PetscMPIInt n;
  struct arc *own;

  PetscFunctionBegin;
  PetscCall(hole_fault(d->comm, "geodesic_graph"));
  for (PetscMPIInt r = 0; r < d->size; ++r) {
    PetscCall(hole_mpi_int(g->n_links, &n));
    starts[r] = n;
    g->n_links += counts[r];
  }
  PetscCall(PetscMalloc1(g->n_links, all));
  PetscCall(PetscMalloc1(2 * g->n_links, &g->arcs));
  PetscCall(PetscCalloc1(d->n + 1, &g->start));
  own = *all + starts[d->rank];
  for (HoleIndex e = 0; e < d->n_links; ++e)
    own[e] = (struct arc){d->links[e].length, (int32_t)d->links[e].i, (int32_t)d->links[e].j};
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Every link becomes an arc from each of its ends; arcs are placed by point, counting first. */
static void sort_arcs(HoleIndex n, const struct arc all[], struct graph *g)
{
  for (HoleIndex e = 0; e < g->n_links; ++e) {
    ++g->start[all[e].from];
    ++g->start[all[e].to];
  }
  for (HoleIndex i = 1; i <= n; ++i) g->start[i] += g->start[i - 1]; /* ends of the points' arcs, */
  for (HoleIndex e = 0; e < g->n_links; ++e) {                       /* which fill up backwards */
    g->arcs[--g->start[all[e].from]] = all[e];
    g->arcs[--g->start[all[e].to]]   = (struct arc){all[e].length, all[e].to, all[e].from};
  }
}

/* Collective. */
static PetscErrorCode gather_links(HoleDistances d, PetscMPIInt counts[], PetscMPIInt starts[], struct graph *g,
                                   struct arc **all)
{
  PetscMPIInt  mine = (PetscMPIInt)d->n_links; /* no more than the claims that one MPI call brought */
  MPI_Datatype type;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Allgather(&mine, 1, MPI_INT, counts, 1, MPI_INT, d->comm));
  HoleCallAgreed(d->comm, place_links(d, counts, starts, g, all)); /* local */
  PetscCallMPI(MPI_Type_contiguous(sizeof(struct arc), MPI_BYTE, &type));
  PetscCallMPI(MPI_Type_commit(&type));
  PetscCallMPI(MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, *all, counts, starts, type, d->comm));
  PetscCallMPI(MPI_Type_free(&type));
  sort_arcs(d->n, *all, g);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_graph(HoleDistances d, struct graph *g)
{
  PetscMPIInt   *counts, *starts;
  struct arc    *all = NULL;
  PetscErrorCode gathered;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(d->size, &counts, d->size, &starts));
  gathered = gather_links(d, counts, starts, g, &all);
  PetscCall(PetscFree(all));
  PetscCall(PetscFree2(counts, starts));
  PetscCall(gathered);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Shortest paths ---- */

/* A point and the length of a path to it. */
struct reached {
  double  length;
  int32_t point;
};

/* A binary heap, shortest first. A point may be in it several times: once for each time a shorter path was found. */
struct heap {
  HoleIndex       n;
  struct reached *entries;
};

static void push(struct heap *h, struct reached r)
{
  HoleIndex at = h->n++;

  for (; at && r.length < h->entries[(at - 1) / 2].length; at = (at - 1) / 2) h->entries[at] = h->entries[(at - 1) / 2];
  h->entries[at] = r;
}

static struct reached pop(struct heap *h)
{
  struct reached first = h->entries[0], last = h->entries[--h->n];
  HoleIndex      at = 0, child;

  while ((child = 2 * at + 1) < h->n) {
    if (child + 1 < h->n && h->entries[child + 1].length < h->entries[child].length) ++child;
    if (last.length <= h->entries[child].length) break;
    h->entries[at] = h->entries[child];
    at             = child;
  }
  h->entries[at] = last;
  return first;
}

double hole_geodesic_round(double length) { return PetscMax((double)(float)length, (double)FLT_TRUE_MIN); }

/* Sum of two lengths, the second positive, in the precision of lengths; greater than each unless the first is 0, and never less for
   a longer one. */
static double longer(double path, double link, PetscBool single)
{
  const double most = PetscMax(path, link), sum = single ? (double)((float)path + (float)link) : path + link;

  if (sum > most || path == 0) return sum;
  return single ? (double)nextafterf((float)most, INFINITY) : nextafter(most, INFINITY);
}

/* Geodesic distances from a point to all others of its part; infinite for the others. By the triangle inequality no path to a
   linked point is shorter than the link; rounding is not asked. */
static void find_paths(const struct graph *g, HoleIndex n, PetscBool single, HoleIndex source, struct heap *heap,
                       double length[])
{
  for (HoleIndex j = 0; j < n; ++j) length[j] = INFINITY;
  length[source] = 0;
  push(heap, (struct reached){0, (int32_t)source});
  while (heap->n) {
    struct reached at = pop(heap);

    if (at.length > length[at.point]) continue; /* a shorter path was found later */
    for (HoleIndex a = g->start[at.point]; a < g->start[at.point + 1]; ++a) {
      double path = longer(at.length, g->arcs[a].length, single);

      if (path >= length[g->arcs[a].to]) continue;
      length[g->arcs[a].to] = path;
      push(heap, (struct reached){path, g->arcs[a].to});
    }
  }
  for (HoleIndex a = g->start[source]; a < g->start[source + 1]; ++a) length[g->arcs[a].to] = g->arcs[a].length;
}

/* Local: the half of our rows behind the diagonal from its paths; the other half, as far as it is ours, is the mirror image. */
static PetscErrorCode fill_own(HoleDistances d, const struct graph *g)
{
  struct heap heap = {0};
  double     *length;

  PetscFunctionBegin;
  PetscCall(hole_fault(d->comm, "geodesic_paths"));
  PetscCall(PetscMalloc2(2 * g->n_links + 1, &heap.entries, d->n, &length)); /* the source, and each arc at most once */
  for (HoleIndex i = 0; i < d->n_local; ++i) {
    find_paths(g, d->n, d->single, d->first + i, &heap, length);
    for (HoleIndex j = d->first + i + 1; j < d->n; ++j) {
      if (length[j] < INFINITY) hole_distances_put(d, i, j, length[j]);
      if (j < d->first + d->n_local) hole_distances_put(d, j - d->first, d->first + i, hole_distances_at(d, i, j));
    }
  }
  PetscCall(PetscFree2(heap.entries, length));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- The other half ---- */

enum { PIECE_BYTES = 8 * 1024 * 1024 };

/* Rows [first, first + count) of one rank and the points of another; count 0 and no rank behind the last piece. */
struct piece {
  PetscMPIInt rank;
  HoleIndex   first, count, column, n_columns;
  double     *values; /* [count, n_columns] */
};

/* Most rows of a piece of so many columns. */
static HoleIndex piece_height(HoleIndex n_columns)
{
  return PetscMax(1, PIECE_BYTES / (HoleIndex)sizeof(double) / PetscMax(1, n_columns));
}

/* The m-th piece of the rows of rank `rows` against the points of rank `columns`; `with` is that one of both which is not us. */
static void set_piece(HoleDistances d, PetscMPIInt rows, PetscMPIInt columns, PetscMPIInt with, HoleIndex m,
                      struct piece *p)
{
  HoleIndex end, height;

  p->rank  = MPI_PROC_NULL;
  p->count = 0;
  if (with < 0 || with >= d->size) return;
  p->column    = hole_block_first(d->n, d->size, columns);
  p->n_columns = hole_block_count(d->n, d->size, columns);
  height       = piece_height(p->n_columns);
  end          = hole_block_first(d->n, d->size, rows + 1);
  p->first     = PetscMin(end, hole_block_first(d->n, d->size, rows) + m * height);
  p->count     = PetscMin(height, end - p->first);
  if (p->count) p->rank = with;
}

/* Local: room for the largest pieces. */
static PetscErrorCode allocate_pieces(HoleDistances d, struct piece *out, struct piece *in)
{
  const HoleIndex most_columns =
      hole_block_count(d->n, d->size, 0); /* a piece of one row may be longer than PIECE_BYTES */
  const HoleIndex most = PetscMax(most_columns, PIECE_BYTES / (HoleIndex)sizeof(double));
  PetscMPIInt     n;

  PetscFunctionBegin;
  PetscCall(hole_fault(d->comm, "geodesic_mirror"));
  PetscCall(hole_mpi_int(most, &n));
  PetscCall(PetscMalloc1(most, &out->values));
  PetscCall(PetscMalloc1(most, &in->values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void pack(HoleDistances d, struct piece *p)
{
  for (HoleIndex a = 0; a < p->count; ++a) {
    for (HoleIndex b = 0; b < p->n_columns; ++b)
      p->values[a * p->n_columns + b] = hole_distances_at(d, p->first + a - d->first, p->column + b);
  }
}

/* The piece is of rows of others against our points. */
static void unpack_mirrored(HoleDistances d, const struct piece *p)
{
  for (HoleIndex b = 0; b < p->n_columns; ++b) {
    for (HoleIndex a = 0; a < p->count; ++a) hole_distances_put(d, b, p->first + a, p->values[a * p->n_columns + b]);
  }
}

/* Collective: each rank sends its rows to the ranks behind it. */
static PetscErrorCode mirror_pieces(HoleDistances d, struct piece *out, struct piece *in)
{
  PetscFunctionBegin;
  for (PetscMPIInt step = 1; step < d->size; ++step) {
    out->rank = in->rank = 0;
    for (HoleIndex m = 0; out->rank != MPI_PROC_NULL || in->rank != MPI_PROC_NULL; ++m) {
      set_piece(d, d->rank, d->rank + step, d->rank + step, m, out);
      set_piece(d, d->rank - step, d->rank, d->rank - step, m, in);
      pack(d, out);
      PetscCallMPI(MPI_Sendrecv(out->values, (int)(out->count * out->n_columns), MPI_DOUBLE, out->rank, 0, in->values,
                                (int)(in->count * in->n_columns), MPI_DOUBLE, in->rank, 0, d->comm,
                                MPI_STATUS_IGNORE)); /* fits: see allocate_pieces() */
      unpack_mirrored(d, in);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode mirror(HoleDistances d)
{
  struct piece   out = {0}, in = {0};
  PetscErrorCode mirrored;

  PetscFunctionBegin;
  mirrored = HoleErrorAgree(d->comm, allocate_pieces(d, &out, &in)); /* local */
  if (!mirrored) mirrored = mirror_pieces(d, &out, &in);
  PetscCall(PetscFree(out.values));
  PetscCall(PetscFree(in.values));
  PetscCall(mirrored);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_geodesic_fill_rows(HoleDistances d)
{
  struct graph   g = {0};
  PetscErrorCode filled;

  PetscFunctionBegin;
  filled = create_graph(d, &g);
  if (!filled) filled = HoleErrorAgree(d->comm, fill_own(d, &g)); /* local */
  PetscCall(PetscFree(g.start));
  PetscCall(PetscFree(g.arcs));
  PetscCall(filled);
  PetscCall(mirror(d));
  PetscFunctionReturn(PETSC_SUCCESS);
}
