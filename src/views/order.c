/* Orders of the points in which the two parts of every merge lie side by side.

   By the tree: a part is a row of points that can be shifted and turned. Where a point stands in its part is found on a path of
   links to the point that stands for the part, each with a sign and an offset; the smaller part is linked to the larger, so that
   paths have at most log2 n links.

   The optimum [BarJoseph2001] is in optimum.c. */
#include "views_impl.h"

#include "../tree/tree_impl.h"

/* ---- By the tree ---- */

/* Where the place c of a point in the system of another is sign * c + offset. */
struct turn {
  HoleIndex sign, offset;
};

struct parts {
  HoleIndex   *link; /* as in union_find.h, without its shortcuts */
  struct turn *turn; /* to the system of the link; of a root to places in its part */
};

/* The root of a point, and its place in that part. */
static HoleIndex find_place(const struct parts *p, HoleIndex point, HoleIndex *place)
{
  *place = 0;
  for (; p->link[point] >= 0; point = p->link[point]) *place = p->turn[point].sign * *place + p->turn[point].offset;
  *place = p->turn[point].sign * *place + p->turn[point].offset;
  return point;
}

static void join(struct parts *p, const HoleEdge *e)
{
  HoleIndex    at_large, at_small, large = find_place(p, e->i, &at_large), small = find_place(p, e->j, &at_small);
  HoleIndex    n_large, n_small;
  PetscBool    after, turned;
  struct turn *l, *s;

  if (-p->link[small] > -p->link[large]) {
    const HoleIndex other = large, at_other = at_large;

    large    = small;
    at_large = at_small;
    small    = other;
    at_small = at_other;
  }
  n_large = -p->link[large];
  n_small = -p->link[small];
  after   = (PetscBool)(n_large - 1 - at_large <= at_large); /* the smaller part goes to the nearer end of the larger */
  turned  = (PetscBool)(after ? n_small - 1 - at_small < at_small : at_small < n_small - 1 - at_small);
  l       = &p->turn[large];
  s       = &p->turn[small];
  if (turned) *s = (struct turn){-s->sign, n_small - 1 - s->offset};
  if (after) s->offset += n_large;
  else l->offset += n_small;
  s->offset -= l->offset; /* into the system of the larger, which is not turned while it stands for a part */
  p->link[small] = large;
  p->link[large] = -(n_large + n_small);
}

PetscErrorCode hole_order_by_tree(HoleTree tree, HoleIndex order[])
{
  struct parts p;
  HoleIndex    place;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(tree->n, &p.link, tree->n, &p.turn));
  for (HoleIndex i = 0; i < tree->n; ++i) {
    p.link[i] = -1;
    p.turn[i] = (struct turn){1, 0};
  }
  for (HoleIndex m = 0; m < tree->n - 1; ++m) join(&p, &tree->edges[m]);
  for (HoleIndex i = 0; i < tree->n; ++i) {
    find_place(&p, i, &place);
    order[place] = i;
  }
  PetscCall(PetscFree2(p.link, p.turn));
  PetscFunctionReturn(PETSC_SUCCESS);
}
