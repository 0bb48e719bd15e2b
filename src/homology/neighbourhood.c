/* Ranks among the neighbours of a vertex, 16 at a time. */
#include "neighbourhood.h"

#include "ranks16.h"

enum { MOST_NEIGHBOURS = 1 << 12, CACHE_LINE = 64 };

struct hole_neighbourhood_s {
  hole_skeleton                s;
  const struct hole_neighbour *row; /* [n] of the present vertex; the place of row[k] is k + 1 */
  HoleIndex                    n, stride;
  uint32_t                    *place;    /* [vertices] of a neighbour; 0 for others */
  HoleIndex                    capacity; /* the longest stride */
  uint32_t                    *own;   /* [stride] ranks of the edges to the vertex, HOLE_NO_EDGE at places of nobody */
  uint32_t                    *ranks; /* [stride, stride] between neighbours, HOLE_NO_EDGE without edge */
  unsigned char               *made;  /* [stride] is the row there? */
  int32_t                     *open;  /* [stride] lune vertices that are not met yet: -1, others 0 */
  HoleIndex                    n_places;
};

PetscErrorCode hole_neighbourhood_create(hole_skeleton s, hole_neighbourhood *nb)
{
  PetscFunctionBegin;
  PetscCall(PetscNew(nb));
  (*nb)->s = s;
  PetscCall(PetscCalloc1(s->n, &(*nb)->place));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode free_rows(hole_neighbourhood nb)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(nb->own));
  PetscCall(PetscFree(nb->ranks));
  PetscCall(PetscFree(nb->made));
  PetscCall(PetscFree(nb->open));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_neighbourhood_destroy(hole_neighbourhood *nb)
{
  PetscFunctionBegin;
  if (!*nb) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(free_rows(*nb));
  PetscCall(PetscFree((*nb)->place));
  PetscCall(PetscFree(*nb));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode reserve(hole_neighbourhood nb)
{
  PetscFunctionBegin;
  if (nb->stride <= nb->capacity) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(free_rows(nb));
  nb->capacity = nb->stride;
  PetscCall(PetscMalloc1(nb->stride, &nb->own));
  PetscCall(PetscMalloc1(nb->stride * nb->stride, &nb->ranks));
  PetscCall(PetscMalloc1(nb->stride, &nb->made));
  PetscCall(PetscMalloc1(nb->stride, &nb->open));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Bring the rows of the neighbours near. */
static void prefetch_rows(hole_neighbourhood nb)
{
  for (HoleIndex k = 0; k < nb->n; ++k) {
    const uint64_t end = nb->s->starts[nb->row[k].vertex + 1];

    for (uint64_t p = nb->s->starts[nb->row[k].vertex]; p < end; p += CACHE_LINE / sizeof(struct hole_neighbour))
      __builtin_prefetch(nb->s->neighbours + p, 0, 2);
  }
}

PetscErrorCode hole_neighbourhood_open(hole_neighbourhood nb, uint32_t vertex, PetscBool *opened)
{
  hole_skeleton s = nb->s;

  PetscFunctionBegin;
  for (HoleIndex k = 0; k < nb->n; ++k) nb->place[nb->row[k].vertex] = 0;
  nb->row = s->neighbours + s->starts[vertex];
  nb->n   = (HoleIndex)(s->starts[vertex + 1] - s->starts[vertex]);
  *opened = (PetscBool)(nb->n <= MOST_NEIGHBOURS);
  if (!*opened) nb->n = 0;
  if (!*opened) PetscFunctionReturn(PETSC_SUCCESS);
  nb->stride = (nb->n + HOLE_RANK_LANES) / HOLE_RANK_LANES * HOLE_RANK_LANES; /* and place 0 */
  PetscCall(reserve(nb));
  prefetch_rows(nb);
  for (HoleIndex k = 0; k < nb->stride; ++k) nb->own[k] = k && k <= nb->n ? nb->row[k - 1].rank : HOLE_NO_EDGE;
  for (HoleIndex k = 0; k < nb->n; ++k) nb->place[nb->row[k].vertex] = (uint32_t)k + 1;
  PetscCall(PetscMemzero(nb->made, (size_t)nb->stride));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The ranks of the edges of the neighbour at a place. What leads elsewhere is written to place 0, which is in no lune. */
static const uint32_t *row_of(hole_neighbourhood nb, HoleIndex place)
{
  hole_skeleton  s   = nb->s;
  uint32_t      *row = nb->ranks + place * nb->stride;
  const uint32_t v   = nb->row[place - 1].vertex;

  if (nb->made[place]) return row;
  for (HoleIndex m = 0; m < nb->stride; ++m) row[m] = HOLE_NO_EDGE;
  for (uint64_t p = s->starts[v]; p < s->starts[v + 1]; ++p)
    row[nb->place[s->neighbours[p].vertex]] = s->neighbours[p].rank;
  nb->made[place] = 1;
  nb->n_places += hole_skeleton_places(s, v);
  return row;
}

#define AT(list) (*(const ranks16 *)((list) + b))

/* The places where both ranks are before `edge`: how many, and the least of the later ranks. */
HOLE_CLONES
static HoleIndex intersect(HoleIndex stride, const uint32_t x[], const uint32_t y[], uint32_t edge, int32_t open[],
                           uint32_t *least)
{
  const ranks16 bar   = edge - (ranks16){0};
  ranks16       first = HOLE_NO_EDGE - (ranks16){0};
  mask16        count = {0};
  HoleIndex     n     = 0;

  for (HoleIndex b = 0; b < stride; b += HOLE_RANK_LANES) {
    const ranks16 later = LATER16(AT(x), AT(y));
    const mask16  less = (mask16)(later < first), inside = (mask16)(later < bar);

    first = (ranks16)(((mask16)later & less) | ((mask16)first & ~less));
    count -= inside;
    *(mask16 *)(open + b) = inside;
  }
  *least = HOLE_NO_EDGE;
  for (int lane = 0; lane < HOLE_RANK_LANES; ++lane) {
    n += count[lane];
    *least = PetscMin(*least, first[lane]);
  }
  return n;
}

/* The place where one of the rows has a rank. */
HOLE_CLONES
static uint32_t place_of(HoleIndex stride, const uint32_t x[], const uint32_t y[], uint32_t rank)
{
  uint32_t place = 0;

  for (uint32_t k = 0; k < (uint32_t)stride; ++k) place |= (x[k] == rank) | (y[k] == rank) ? k : 0;
  return place;
}

/* Those of the open places where the rank is before `edge` are met; whether any is left. */
HOLE_CLONES
static PetscBool meet(HoleIndex stride, const uint32_t row[], uint32_t edge, int32_t open[])
{
  const ranks16 bar  = edge - (ranks16){0};
  mask16        left = {0};

  for (HoleIndex b = 0; b < stride; b += HOLE_RANK_LANES) {
    const mask16 still = *(mask16 *)(open + b) & ~(mask16)(AT(row) < bar);

    *(mask16 *)(open + b) = still;
    left |= still;
  }
  return (PetscBool)ANY16(left);
}

/* Is a place next to one that has been met? `x` and `y` are the rows of the lune. */
HOLE_CLONES
static PetscBool touches(HoleIndex stride, const uint32_t x[], const uint32_t y[], const uint32_t row[], uint32_t edge,
                         const int32_t open[])
{
  const ranks16 bar = edge - (ranks16){0};
  mask16        any = {0};

  for (HoleIndex b = 0; b < stride; b += HOLE_RANK_LANES)
    any |= (mask16)(AT(x) < bar) & (mask16)(AT(y) < bar) & (mask16)(AT(row) < bar) & ~*(const mask16 *)(open + b);
  return (PetscBool)ANY16(any);
}

/* From the side of the few that are not met yet: each that touches one that is, is met with all that are next to it. */
static PetscBool meet_others(hole_neighbourhood nb, const uint32_t row[], uint32_t edge)
{
  PetscBool left = PETSC_TRUE, changed = PETSC_TRUE;

  while (left && changed) {
    changed = PETSC_FALSE;
    for (HoleIndex k = 1; k <= nb->n && left; ++k) {
      const uint32_t *other;

      if (!nb->open[k]) continue;
      other = row_of(nb, k);
      nb->n_places += 2 * nb->stride;
      if (!touches(nb->stride, nb->own, row, other, edge, nb->open)) continue;
      nb->open[k] = 0;
      left        = meet(nb->stride, other, edge, nb->open);
      changed     = PETSC_TRUE;
    }
  }
  return (PetscBool)!left;
}

HoleIndex hole_neighbourhood_lune(hole_neighbourhood nb, HoleIndex number, PetscBool *connected)
{
  const uint32_t  edge = nb->row[number].rank;
  const uint32_t *row  = row_of(nb, number + 1);
  HoleIndex       n, center;
  uint32_t        least;

  n          = intersect(nb->stride, nb->own, row, edge, nb->open, &least);
  *connected = PETSC_TRUE;
  nb->n_places += nb->stride;
  if (n < 2) return n;
  center           = place_of(nb->stride, nb->own, row, least); /* the most central vertex */
  nb->open[center] = 0;
  nb->n_places += nb->stride;
  if (meet(nb->stride, row_of(nb, center), edge, nb->open)) *connected = meet_others(nb, row, edge);
  return n;
}

HoleIndex hole_neighbourhood_places(hole_neighbourhood nb) { return nb->n_places; }
