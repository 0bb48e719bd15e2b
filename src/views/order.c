/* Orders of the points in which the two parts of every merge lie side by side.

   By the tree: a part is a row of points that can be shifted and turned. Where a point stands in its part is found on a path of
   links to the point that stands for the part, each with a sign and an offset; the smaller part is linked to the larger, so that
   paths have at most log2 n links.

   The optimum [BarJoseph2001]: let M(u,w) be the least sum of distances between neighbours over all orders of a part with u and w at
   its ends. Points u and w meet at one merge only, of parts L and R, and

       M(u,w) = min over k of ( min over m of ( M(u,m) + d(m,k) ) + M(k,w) )

   where m is in the part of L that u is not in, k in the part of R that w is not in; M(u,u) = 0 for single points. In the order
   by the tree parts are ranges of places, so that all minima run along rows: places u < w, M(u,w) is kept above the diagonal of the
   matrix, d(u,w) below. At most n^3 / 6 sums are looked at (where every merge halves its part), some n^2 where points are added one
   by one. */
#include "views_impl.h"

#include "../core/simd.h"
#include "../tree/tree_impl.h"
#include <math.h>

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

/* ---- The optimum ---- */

/* Places [first, end) of a part, and where its second half begins (end, if it is a single point). */
struct range {
  HoleIndex first, split, end;
};

struct optimum {
  HoleIndex     n;
  int32_t      *child;  /* [n - 1, 2] the left part first */
  struct range *ranges; /* [2 n - 1] of the nodes of the tree */
  double       *matrix; /* [n, n] */
  double       *near_u; /* [n] M(u,m) */
  double       *over;   /* [n] least M(u,m) + d(m,k) */
};

static double cost_of(const struct optimum *o, HoleIndex u, HoleIndex w)
{
  return u == w ? 0 : o->matrix[PetscMin(u, w) * o->n + PetscMax(u, w)];
}

static double distance_of(const struct optimum *o, HoleIndex u, HoleIndex w)
{
  return o->matrix[PetscMax(u, w) * o->n + PetscMin(u, w)];
}

/* The part of a range that a place is not in; of a single point, itself. */
static struct range opposite(struct range r, HoleIndex place)
{
  if (r.split == r.end) return r;
  return place < r.split ? (struct range){r.split, r.end, r.end} : (struct range){r.first, r.split, r.split};
}

/* The least a[k] + b[k]. */
HOLE_CLONES
static double least_sum(HoleIndex n, const double a[], const double b[])
{
  hole_v8   least = INFINITY - (hole_v8){0};
  double    found = INFINITY;
  HoleIndex k     = 0;

  for (; k + HOLE_LANES <= n; k += HOLE_LANES) {
    const hole_v8 sum = *(const hole_v8 *)(a + k) + *(const hole_v8 *)(b + k);

    least = HOLE_MIN8(sum, least);
  }
  for (; k < n; ++k) found = a[k] + b[k] < found ? a[k] + b[k] : found;
  for (int lane = 0; lane < HOLE_LANES; ++lane) found = least[lane] < found ? least[lane] : found;
  return found;
}

/* least[k] becomes the smaller of itself and a + b[k]. */
HOLE_CLONES
static void lower(HoleIndex n, double a, const double b[], double least[])
{
  for (HoleIndex k = 0; k < n; ++k) least[k] = a + b[k] < least[k] ? a + b[k] : least[k];
}

/* M(u,w) for one place u of the left part and all w of the right one. */
static void find_costs(struct optimum *o, struct range left, struct range right, HoleIndex u)
{
  const struct range far = opposite(left, u);
  double            *row = o->matrix + u * o->n;

  for (HoleIndex m = far.first; m < far.end; ++m) o->near_u[m] = cost_of(o, u, m);
  for (HoleIndex k = right.first; k < right.end; ++k)
    o->over[k] = least_sum(far.end - far.first, o->near_u + far.first, o->matrix + k * o->n + far.first);
  if (right.split == right.end) {
    row[right.first] = o->over[right.first];
    return;
  }
  for (HoleIndex w = right.first; w < right.split; ++w)
    row[w] = least_sum(right.end - right.split, o->over + right.split, o->matrix + w * o->n + right.split);
  for (HoleIndex w = right.split; w < right.end; ++w) row[w] = INFINITY;
  for (HoleIndex k = right.first; k < right.split; ++k)
    lower(right.end - right.split, o->over[k], o->matrix + k * o->n + right.split, row + right.split);
}

/* A part of which the ends are chosen. */
struct open_part {
  int32_t   node;
  HoleIndex first, last;
};

/* The ends where its two parts meet: the first best ones. */
static void choose_middle(const struct optimum *o, struct range first, struct range last, const struct open_part *part,
                          HoleIndex *before, HoleIndex *after)
{
  const struct range a = opposite(first, part->first), b = opposite(last, part->last);
  double             least = INFINITY;

  for (HoleIndex m = a.first; m < a.end; ++m) {
    for (HoleIndex k = b.first; k < b.end; ++k) {
      const double cost = cost_of(o, part->first, m) + distance_of(o, m, k) + cost_of(o, k, part->last);

      if (!(cost < least)) continue;
      least   = cost;
      *before = m;
      *after  = k;
    }
  }
}

/* Places from left to right. `stack` is [n]. */
static void trace(const struct optimum *o, struct open_part start, struct open_part stack[], HoleIndex places[])
{
  HoleIndex n_stack = 1, n_placed = 0;

  stack[0] = start;
  while (n_stack) {
    const struct open_part part = stack[--n_stack];
    int32_t                first, last;
    HoleIndex              before = 0, after = 0;

    if (part.node < o->n) {
      places[n_placed++] = part.first;
      continue;
    }
    first = o->child[2 * (part.node - o->n)];
    last  = o->child[2 * (part.node - o->n) + 1];
    if (part.first >= o->ranges[last].first) {
      const int32_t other = first;

      first = last;
      last  = other;
    }
    choose_middle(o, o->ranges[first], o->ranges[last], &part, &before, &after);
    stack[n_stack++] = (struct open_part){last, after, part.last};
    stack[n_stack++] = (struct open_part){first, part.first, before};
  }
}

/* `place`, [n], is where each point stands in the given order. */
static void find_ranges(struct optimum *o, const HoleIndex place[])
{
  for (HoleIndex i = 0; i < o->n; ++i) o->ranges[i] = (struct range){place[i], place[i] + 1, place[i] + 1};
  for (HoleIndex m = 0; m < o->n - 1; ++m) {
    int32_t *pair = o->child + 2 * m;

    if (o->ranges[pair[0]].first > o->ranges[pair[1]].first) {
      const int32_t left = pair[1];

      pair[1] = pair[0];
      pair[0] = left;
    }
    o->ranges[o->n + m] = (struct range){o->ranges[pair[0]].first, o->ranges[pair[1]].first, o->ranges[pair[1]].end};
  }
}

/* The best ends of the whole; its sum. */
static double choose_ends(const struct optimum *o, struct open_part *whole)
{
  const struct range all   = o->ranges[2 * o->n - 2];
  double             least = INFINITY;

  *whole = (struct open_part){(int32_t)(2 * o->n - 2), 0, 0};
  if (o->n == 1) return 0;
  for (HoleIndex u = all.first; u < all.split; ++u) {
    for (HoleIndex w = all.split; w < all.end; ++w) {
      if (!(cost_of(o, u, w) < least)) continue;
      least        = cost_of(o, u, w);
      whole->first = u;
      whole->last  = w;
    }
  }
  return least;
}

static PetscErrorCode order_optimally(HoleTree tree, struct optimum *o, HoleIndex order[], double *cost)
{
  struct open_part *stack, whole;
  HoleIndex        *place, *places;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(2 * (o->n - 1), &o->child));
  PetscCall(PetscMalloc3(2 * o->n - 1, &o->ranges, o->n, &o->near_u, o->n, &o->over));
  PetscCall(hole_tree_children(tree, o->child));
  PetscCall(PetscMalloc3(o->n, &stack, o->n, &place, o->n, &places)); /* nothing fails from here on */
  for (HoleIndex p = 0; p < o->n; ++p) place[order[p]] = p;
  find_ranges(o, place);
  for (HoleIndex m = 0; m < o->n - 1; ++m) {
    const struct range left = o->ranges[o->child[2 * m]], right = o->ranges[o->child[2 * m + 1]];

    for (HoleIndex u = left.first; u < left.end; ++u) find_costs(o, left, right, u);
  }
  *cost = choose_ends(o, &whole);
  trace(o, whole, stack, places);
  for (HoleIndex p = 0; p < o->n; ++p) places[p] = order[places[p]];
  for (HoleIndex p = 0; p < o->n; ++p) /* of an order and its reverse, the one that begins with the smaller point */
    order[p] = places[0] <= places[o->n - 1] ? places[p] : places[o->n - 1 - p];
  PetscCall(PetscFree3(stack, place, places));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_order_optimally(HoleTree tree, double matrix[], HoleIndex order[], double *cost)
{
  struct optimum o = {.n = tree->n, .matrix = matrix};
  PetscErrorCode ordered;

  PetscFunctionBegin;
  ordered = order_optimally(tree, &o, order, cost);
  PetscCall(PetscFree(o.child));
  PetscCall(PetscFree3(o.ranges, o.near_u, o.over));
  PetscCall(ordered);
  PetscFunctionReturn(PETSC_SUCCESS);
}
