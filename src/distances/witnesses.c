/* The largest distance of a point, its eccentricity, is no less than its distance to any other: to a witness. Points of which least is
   known are looked at; this makes their eccentricities exact, and those are no less than the radius. The farthest point of each is the
   witness against others. No point whose lower bound is not below the least eccentricity found so far can have a smaller one: when only such
   points are left, that is the radius. Nothing is assumed of the lengths but symmetry.

   Where points have few far ones in common, as on a sphere, each witness speaks against few; then the search ends without
   an answer. */
#include "witnesses.h"

#include "../core/block.h"
#include "../core/cast.h"
#include "../core/fault.h"
#include "../core/threads.h"
#include "distances_impl.h"
#include <hole/hole_error.h>
#include <math.h>

enum {
  AT_ONCE   = 8,   /* points that are looked at together */
  STRIP     = 64,  /* own points that meet them together, so that rows stay in a cache */
  FEW       = 64,  /* so many points are looked at, or one in FEW_SHARE, before anything is concluded */
  LIMIT     = 128, /* so many, or one in SHARE, at most */
  FEW_SHARE = 256,
  SHARE     = 32,
  USUAL     = 40
};

/* The farthest point, as MPI_DOUBLE_INT wants it; 2^30 points fit. */
struct farthest {
  double length;
  int    point;
};

/* A point that may have the smallest eccentricity. */
struct candidate {
  double    low;
  HoleIndex point; /* in the place after the last: how many there are */
};

struct search {
  HoleDistances     d;
  HoleIndex         limit;  /* points to be looked at, but for the last round */
  PetscBool         insist; /* on the limit */
  double            best;   /* the least eccentricity so far */
  double           *low;    /* [n_local] lower bounds of eccentricities; infinite for points that were looked at */
  HoleIndex         n_seen, *seen;
  double           *rows; /* [AT_ONCE, point_stride] the points that are being looked at */
  void             *memory;
  struct candidate *offers; /* [size, AT_ONCE + 1] */
};

static HoleIndex default_limit(HoleIndex n) { return PetscMin(n, PetscMax(LIMIT, n / SHARE)); }

/* Local. */
static PetscErrorCode allocate(struct search *s)
{
  HoleDistances d = s->d;

  PetscFunctionBegin;
  PetscCall(hole_fault(d->comm, "witnesses_allocate"));
  PetscCall(PetscCalloc1(d->n_local, &s->low));
  PetscCall(PetscMalloc1(s->limit + 2 * AT_ONCE, &s->seen));
  PetscCall(PetscMalloc1(d->size * (AT_ONCE + 1), &s->offers));
  PetscCall(hole_distances_allocate(AT_ONCE * d->point_stride, &s->memory, &s->rows));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool is_own(HoleDistances d, HoleIndex i)
{
  return (PetscBool)(i >= d->first && i < d->first + d->n_local);
}

/* Collective: some points go from their owners to all. The others add bits that are 0. */
static PetscErrorCode share_points(struct search *s, HoleIndex n, const HoleIndex ids[])
{
  HoleDistances   d      = s->d;
  const HoleIndex stride = d->point_stride;
  PetscMPIInt     n_values;

  PetscFunctionBegin;
  PetscCall(PetscArrayzero(s->rows, n * stride));
  for (HoleIndex w = 0; w < n; ++w) {
    if (is_own(d, ids[w]))
      PetscCall(PetscArraycpy(s->rows + w * stride, d->points + (ids[w] - d->first) * stride, stride));
  }
  PetscCall(hole_mpi_int(n * stride, &n_values));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, s->rows, n_values, MPI_UINT64_T, MPI_BOR, d->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Of points equally far, the first, as MPI_MAXLOC has it. */
static void extend(struct farthest *most, struct farthest other)
{
  if (other.length > most->length || (other.length == most->length && other.point < most->point)) *most = other;
}

/* Own points [first, first + count) meet those that are being looked at: their lower bounds rise. */
static void meet_strip(struct search *s, HoleIndex n, const HoleIndex ids[], HoleIndex first, HoleIndex count,
                       struct farthest most[])
{
  HoleDistances d = s->d;
  double        lengths[AT_ONCE * STRIP];

  hole_distances_rows(d, n, ids, s->rows, d->first + first, count, d->points + first * d->point_stride, lengths, STRIP);
  for (HoleIndex w = 0; w < n; ++w) {
    const HoleIndex own = ids[w] - d->first - first;

    if (own >= 0 && own < count) lengths[w * STRIP + own] = 0; /* by definition, whatever a formula gives */
    for (HoleIndex b = 0; b < count; ++b) {
      const double length = lengths[w * STRIP + b];

      s->low[first + b] = PetscMax(s->low[first + b], length);
      extend(&most[w], (struct farthest){length, (int)(d->first + first + b)});
    }
  }
}

/* Collective: the exact eccentricities of some points, and the farthest point of each. */
static PetscErrorCode look_at(struct search *s, HoleIndex n, const HoleIndex ids[], HoleIndex far[])
{
  HoleDistances   d = s->d;
  struct farthest most[AT_ONCE];
  PetscMPIInt     count;

  PetscFunctionBegin;
  PetscCall(share_points(s, n, ids));
  for (HoleIndex w = 0; w < n; ++w) most[w] = (struct farthest){-1, INT32_MAX};
#pragma omp parallel for num_threads(hole_threads()) schedule(static)
  for (HoleIndex first = 0; first < d->n_local; first += STRIP) {
    struct farthest mine[AT_ONCE];

    for (HoleIndex w = 0; w < n; ++w) mine[w] = (struct farthest){-1, INT32_MAX};
    meet_strip(s, n, ids, first, PetscMin(STRIP, d->n_local - first), mine);
#pragma omp critical
    for (HoleIndex w = 0; w < n; ++w) extend(&most[w], mine[w]);
  }
  PetscCall(hole_mpi_int(n, &count));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, most, count, MPI_DOUBLE_INT, MPI_MAXLOC, d->comm));
  for (HoleIndex w = 0; w < n; ++w) {
    s->best              = PetscMin(s->best, most[w].length);
    s->seen[s->n_seen++] = ids[w];
    far[w]               = most[w].point;
    if (is_own(d, ids[w])) s->low[ids[w] - d->first] = INFINITY;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Keep the AT_ONCE candidates of least bound, ascending, the smaller number first where they tie. */
static void insert(struct candidate c, HoleIndex *n, struct candidate least[AT_ONCE])
{
  HoleIndex place = *n < AT_ONCE ? (*n)++ : AT_ONCE; /* of the last one, which may go */

  for (; place > 0; --place) {
    const struct candidate *before = &least[place - 1];

    if (before->low < c.low || (before->low == c.low && before->point < c.point)) break;
    if (place < AT_ONCE) least[place] = *before;
  }
  if (place < AT_ONCE) least[place] = c;
}

/* Collective: the next points to be looked at, none if the radius is known, and how many more there are that may have a smaller
   eccentricity than the best one. */
static PetscErrorCode choose(struct search *s, HoleIndex *n, HoleIndex ids[AT_ONCE], HoleIndex *n_left)
{
  struct candidate least[AT_ONCE + 1] = {{0}};
  HoleIndex        n_own              = 0;

  PetscFunctionBegin;
  for (HoleIndex p = 0; p < s->d->n_local; ++p) {
    if (s->low[p] >= s->best) continue;
    ++least[AT_ONCE].point;
    if (n_own < AT_ONCE || s->low[p] < least[AT_ONCE - 1].low)
      insert((struct candidate){s->low[p], s->d->first + p}, &n_own, least);
  }
  PetscCallMPI(MPI_Allgather(least, (PetscMPIInt)sizeof(least), MPI_BYTE, s->offers, (PetscMPIInt)sizeof(least),
                             MPI_BYTE, s->d->comm));
  *n = *n_left = 0;
  for (PetscMPIInt r = 0; r < s->d->size; ++r) {
    const struct candidate *offers = s->offers + r * (AT_ONCE + 1);

    for (HoleIndex c = 0; c < PetscMin(AT_ONCE, offers[AT_ONCE].point); ++c) insert(offers[c], n, least);
    *n_left += offers[AT_ONCE].point;
  }
  for (HoleIndex c = 0; c < *n; ++c) ids[c] = least[c].point;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool is_among(HoleIndex id, HoleIndex n, const HoleIndex ids[])
{
  for (HoleIndex k = 0; k < n; ++k) {
    if (ids[k] == id) return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

/* Points not looked at yet, each once; returns how many. */
static HoleIndex list_new(const struct search *s, HoleIndex n, const HoleIndex far[], HoleIndex new[])
{
  HoleIndex n_new = 0;

  for (HoleIndex w = 0; w < n; ++w) {
    if (!is_among(far[w], s->n_seen, s->seen) && !is_among(far[w], n_new, new)) new[n_new++] = far[w];
  }
  return n_new;
}

/* Half of all points should be out by the time that a few were looked at, and twice as many after twice as many looks. */
static PetscBool is_hopeless(const struct search *s, HoleIndex n_left)
{
  const HoleIndex n = s->d->n, few = PetscMax(FEW, n / FEW_SHARE);

  if (s->n_seen >= s->limit) return PETSC_TRUE;
  return (PetscBool)(!s->insist && s->n_seen >= few && 2 * s->n_seen * n_left > few * n);
}

/* Collective. The first points lie far apart in the order of the file. */
static PetscErrorCode search(struct search *s, PetscBool *found)
{
  HoleIndex n = PetscMin(AT_ONCE, s->d->n), n_left = 0, ids[AT_ONCE] = {0}, far[AT_ONCE] = {0};

  PetscFunctionBegin;
  HoleCallAgreed(s->d->comm, allocate(s)); /* local */
  for (HoleIndex c = 0; c < n; ++c) ids[c] = c * s->d->n / n;
  do {
    HoleIndex n_far;

    PetscCall(look_at(s, n, ids, far));
    n_far = list_new(s, n, far, ids);
    if (n_far) PetscCall(look_at(s, n_far, ids, far)); /* equal on all ranks, as all the numbers here */
    PetscCall(choose(s, &n, ids, &n_left));
  } while (n && !is_hopeless(s, n_left));
  *found = (PetscBool)!n;
  PetscCall(PetscInfo(NULL, "Enclosing radius: %" HoleIndex_FMT " points looked at, %" HoleIndex_FMT " left\n",
                      s->n_seen, n_left));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_witnesses_find_radius(HoleDistances d, PetscBool *found, double *radius)
{
  struct search  s     = {.d = d, .best = INFINITY};
  PetscInt       limit = (PetscInt)default_limit(d->n);
  PetscErrorCode searched;

  PetscFunctionBegin;
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-distances_looks", &limit, &s.insist));
  s.limit = PetscMax(0, PetscMin(limit, d->n));
  *found  = PETSC_TRUE;
  *radius = 0;
  if (d->n < 2) PetscFunctionReturn(PETSC_SUCCESS);
  *found = PETSC_FALSE;
  if (!s.limit) PetscFunctionReturn(PETSC_SUCCESS);
  searched = search(&s, found);
  *radius  = s.best;
  PetscCall(PetscFree(s.low));
  PetscCall(PetscFree(s.seen));
  PetscCall(PetscFree(s.offers));
  PetscCall(PetscFree(s.memory));
  PetscCall(searched);
  PetscFunctionReturn(PETSC_SUCCESS);
}

double hole_witnesses_predict_bytes(HoleIndex n, HoleIndex stride, PetscMPIInt size)
{
  return (double)sizeof(double) * ((double)hole_block_count(n, size, 0) + (double)(AT_ONCE * stride)) +
         (double)sizeof(HoleIndex) * (double)(default_limit(n) + 2 * AT_ONCE) +
         (double)sizeof(struct candidate) * (double)(size * (AT_ONCE + 1));
}

HoleIndex hole_witnesses_predict_count(HoleIndex n) { return PetscMin(n, USUAL); }
