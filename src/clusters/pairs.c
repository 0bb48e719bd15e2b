/* Points are grouped by their first label, then counted by their second one group at a time: no table of all pairs, no sort but of
   the pairs that occur. */
#include "pairs.h"

#include <stdlib.h>

/* Scratch of hole_pairs_count(). */
struct grouping {
  HoleIndex *first; /* [from.n + 1] group g is members first[g] .. first[g + 1] */
  int32_t   *to;    /* second labels, by group */
  int64_t   *count; /* [to.n] zero between groups */
};

static int by_target(const void *a, const void *b)
{
  const struct hole_pair *p = (const struct hole_pair *)a, *q = (const struct hole_pair *)b;

  return (p->to > q->to) - (p->to < q->to);
}

static void group_points(HoleIndex n_points, const struct hole_labeling *from, const struct hole_labeling *to,
                         struct grouping *g)
{
  for (HoleIndex i = 0; i < n_points; ++i) {
    if (from->of[i] >= 0 && to->of[i] >= 0) ++g->first[from->of[i] + 1];
  }
  for (HoleIndex a = 0; a < from->n; ++a) g->first[a + 1] += g->first[a];
  for (HoleIndex i = 0; i < n_points; ++i) {
    if (from->of[i] >= 0 && to->of[i] >= 0) g->to[g->first[from->of[i]]++] = to->of[i];
  }
  /* filling has moved every start to the end of its group, where the next one starts */
  for (HoleIndex a = from->n; a > 0; --a) g->first[a] = g->first[a - 1];
  g->first[0] = 0;
}

static PetscErrorCode grow_pairs(struct hole_pairs *p, HoleIndex room)
{
  PetscFunctionBegin;
  if (p->n + room <= p->capacity) PetscFunctionReturn(PETSC_SUCCESS);
  p->capacity = PetscMax(2 * p->capacity, p->n + room);
  PetscCall(PetscRealloc(sizeof(*p->rows) * (size_t)p->capacity, &p->rows));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode count_group(int32_t from, const struct grouping *g, struct hole_pairs *p)
{
  HoleIndex         first = g->first[from], end = g->first[from + 1], n_targets = 0;
  struct hole_pair *rows;

  PetscFunctionBegin;
  for (HoleIndex e = first; e < end; ++e) n_targets += !g->count[g->to[e]]++;
  PetscCall(grow_pairs(p, n_targets));
  rows = p->rows + p->n;
  for (HoleIndex e = first; e < end; ++e) {
    if (!g->count[g->to[e]]) continue; /* an earlier point has written this pair */
    p->rows[p->n++]    = (struct hole_pair){from, g->to[e], g->count[g->to[e]]};
    g->count[g->to[e]] = 0;
  }
  if (n_targets > 1) qsort(rows, (size_t)n_targets, sizeof(*rows), by_target);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode fill_pairs(HoleIndex n_points, const struct hole_labeling *from, const struct hole_labeling *to,
                                 struct grouping *g, struct hole_pairs *p)
{
  PetscFunctionBegin;
  PetscCall(PetscCalloc1(from->n + 1, &g->first));
  PetscCall(PetscMalloc1(n_points, &g->to));
  PetscCall(PetscCalloc1(to->n, &g->count));
  group_points(n_points, from, to, g);
  for (HoleIndex a = 0; a < from->n; ++a) PetscCall(count_group((int32_t)a, g, p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_pairs_count(HoleIndex n_points, const struct hole_labeling *from, const struct hole_labeling *to,
                                struct hole_pairs *p)
{
  struct grouping g = {0};
  PetscErrorCode  filled;

  PetscFunctionBegin;
  p->n   = 0;
  filled = fill_pairs(n_points, from, to, &g, p);
  PetscCall(PetscFree(g.first));
  PetscCall(PetscFree(g.to));
  PetscCall(PetscFree(g.count));
  PetscCall(filled);
  PetscFunctionReturn(PETSC_SUCCESS);
}
