/* The order of the points of least sum of distances between neighbours, of those in which the two parts of every merge lie side by
   side [BarJoseph2001].

   Let M(u,w) be the least sum over all orders of a part with u and w at its ends. Points u and w meet at one merge only, of parts L
   and R, and

       M(u,w) = min over k of ( min over m of ( M(u,m) + d(m,k) ) + M(k,w) )

   where m is in the half of L that u is not in, k in the half of R that w is not in; M(u,u) = 0 for single points. In the order by the
   tree parts are ranges of places, and each merge has two tables, [points of L, points of R]: of M and of d. As every pair meets once,
   all tables together are two triangles.

   Both minima are products of matrices with + in place of times, and min in place of +. So they are made as those are: rows and columns
   are copied to where they follow each other, in blocks that fit the cache. A minimum is exact, so that its order is nothing. At most
   n^3 / 6 sums are looked at twice (where every merge halves its part), some n^2 where points are added one by one. */
#include "views_impl.h"

#include "../core/simd.h"
#include "../tree/tree_impl.h"
#include <math.h>
#include <string.h>

/* ---- Products ---- */

enum {
  STRIP   = 4,   /* rows that the innermost loop takes at once, with HOLE_LANES columns */
  ROWS    = 128, /* of a block; a multiple of STRIP */
  COLUMNS = 128, /* of a block; a multiple of HOLE_LANES */
  DEPTH   = 256  /* sums of a block: its rows and columns fit the second-level cache */
};

/* Entry (i, j) is at[i * row + j * column]. */
struct table {
  const double *at;
  HoleIndex     row, column;
};

/* c(i,j) = min over m of a(i,m) + b(m,j); c(i,j) is at[i * row + j * column]. */
struct product {
  HoleIndex    n_rows, n_columns, depth;
  struct table a, b;
  double      *at;
  HoleIndex    row, column;
};

/* Copies of a block of a and one of b. */
struct copies {
  double rows[ROWS * DEPTH], columns[COLUMNS * DEPTH];
};

static struct table part_of(struct table t, HoleIndex row, HoleIndex column)
{
  t.at += row * t.row + column * t.column;
  return t;
}

static struct table turned(struct table t) { return (struct table){t.at, t.column, t.row}; }

/* The least a[m] + b[m]. */
HOLE_CLONES
static double least_sum(HoleIndex n, const double a[], const double b[])
{
  hole_v8   least = INFINITY - (hole_v8){0};
  double    found = INFINITY;
  HoleIndex m     = 0;

  for (; m + HOLE_LANES <= n; m += HOLE_LANES) {
    const hole_v8 sum = *(const hole_v8 *)(a + m) + *(const hole_v8 *)(b + m);

    least = HOLE_MIN8(sum, least);
  }
  for (int lane = 0; m && lane < HOLE_LANES; ++lane) found = least[lane] < found ? least[lane] : found;
  for (; m < n; ++m) found = a[m] + b[m] < found ? a[m] + b[m] : found;
  return found;
}

/* Least sums of STRIP rows, a[m * STRIP + i], and HOLE_LANES columns, b[m * HOLE_LANES + j]. */
HOLE_CLONES
static void find_strip(HoleIndex depth, const double a[], const double b[], double least[STRIP * HOLE_LANES])
{
  hole_v8 l0 = INFINITY - (hole_v8){0}, l1 = l0, l2 = l0, l3 = l0;

  for (HoleIndex m = 0; m < depth; ++m, a += STRIP, b += HOLE_LANES) {
    const hole_v8 at = *(const hole_v8 *)b;
    const hole_v8 s0 = a[0] + at, s1 = a[1] + at, s2 = a[2] + at, s3 = a[3] + at;

    l0 = HOLE_MIN8(s0, l0);
    l1 = HOLE_MIN8(s1, l1);
    l2 = HOLE_MIN8(s2, l2);
    l3 = HOLE_MIN8(s3, l3);
  }
  *(hole_v8 *)least                    = l0;
  *(hole_v8 *)(least + HOLE_LANES)     = l1;
  *(hole_v8 *)(least + 2 * HOLE_LANES) = l2;
  *(hole_v8 *)(least + 3 * HOLE_LANES) = l3;
}

/* `width` rows of `depth` entries, n of which there are: one entry of each after the other; what has no row is not looked at. */
static void copy_strip(struct table t, HoleIndex n, HoleIndex depth, HoleIndex width, double copy[])
{
  for (HoleIndex m = 0; t.row == 1 && n == width && m < depth; ++m)
    memcpy(copy + m * width, t.at + m * t.column, (size_t)width * sizeof(double));
  for (HoleIndex i = 0; t.row != 1 && n == width && i < n; ++i) {
    for (HoleIndex m = 0; m < depth; ++m) copy[m * width + i] = t.at[i * t.row + m * t.column];
  }
  for (HoleIndex m = 0; n < width && m < depth; ++m) {
    for (HoleIndex i = 0; i < width; ++i) copy[m * width + i] = i < n ? t.at[i * t.row + m * t.column] : INFINITY;
  }
}

/* n rows, strip by strip. */
static void copy_rows(struct table t, HoleIndex n, HoleIndex depth, HoleIndex width, double copy[])
{
  for (HoleIndex i = 0; i < n; i += width)
    copy_strip(part_of(t, i, 0), PetscMin(width, n - i), depth, width, copy + i * depth);
}

/* The strip into the result, or the smaller of both. */
static void put_strip(const struct product *p, HoleIndex i, HoleIndex j, PetscBool first, const double least[])
{
  const HoleIndex n_rows = PetscMin(STRIP, p->n_rows - i), n_columns = PetscMin(HOLE_LANES, p->n_columns - j);

  for (HoleIndex r = 0; r < n_rows; ++r) {
    for (HoleIndex k = 0; k < n_columns; ++k) {
      double      *at  = p->at + (i + r) * p->row + (j + k) * p->column;
      const double sum = least[r * HOLE_LANES + k];

      if (first || sum < *at) *at = sum;
    }
  }
}

/* A block of rows from i on and columns from j on, which are copied; sums are the first ones, or more of them. */
static void find_block(const struct product *p, HoleIndex i, HoleIndex j, HoleIndex depth, PetscBool first,
                       const struct copies *copies)
{
  const HoleIndex n_rows = PetscMin(ROWS, p->n_rows - i), n_columns = PetscMin(COLUMNS, p->n_columns - j);
  double          least[STRIP * HOLE_LANES];

  for (HoleIndex k = 0; k < n_columns; k += HOLE_LANES) {
    for (HoleIndex r = 0; r < n_rows; r += STRIP) {
      find_strip(depth, copies->rows + r * depth, copies->columns + k * depth, least);
      put_strip(p, i + r, j + k, first, least);
    }
  }
}

static void find_by_blocks(const struct product *p, struct copies *copies)
{
  for (HoleIndex m = 0; m < p->depth; m += DEPTH) {
    const HoleIndex depth = PetscMin(DEPTH, p->depth - m);

    for (HoleIndex j = 0; j < p->n_columns; j += COLUMNS) {
      copy_rows(turned(part_of(p->b, m, j)), PetscMin(COLUMNS, p->n_columns - j), depth, HOLE_LANES, copies->columns);
      for (HoleIndex i = 0; i < p->n_rows; i += ROWS) {
        copy_rows(part_of(p->a, i, m), PetscMin(ROWS, p->n_rows - i), depth, STRIP, copies->rows);
        find_block(p, i, j, depth, (PetscBool)!m, copies);
      }
    }
  }
}

/* Where there is one sum each. */
static void add_outer(const struct product *p)
{
  for (HoleIndex i = 0; i < p->n_rows; ++i) {
    const double a = p->a.at[i * p->a.row];

    for (HoleIndex j = 0; j < p->n_columns; ++j) p->at[i * p->row + j * p->column] = a + p->b.at[j * p->b.column];
  }
}

/* Few rows and columns that lie along the sums. */
static void find_along(const struct product *p)
{
  for (HoleIndex i = 0; i < p->n_rows; ++i) {
    for (HoleIndex j = 0; j < p->n_columns; ++j)
      p->at[i * p->row + j * p->column] = least_sum(p->depth, p->a.at + i * p->a.row, p->b.at + j * p->b.column);
  }
}

static void find_product(struct product p, struct copies *copies)
{
  const PetscBool along = (PetscBool)(p.a.column == 1 && p.b.row == 1);

  if (p.depth == 1) add_outer(&p);
  else if (along && PetscMin(p.n_rows, p.n_columns) < STRIP && p.depth >= HOLE_LANES) find_along(&p);
  else if (p.n_columns >= p.n_rows) find_by_blocks(&p, copies);
  else { /* lanes go along what there is more of; sums of two numbers are the same either way */
    const struct product q = {p.n_columns, p.n_rows, p.depth, turned(p.b), turned(p.a), p.at, p.column, p.row};

    find_by_blocks(&q, copies);
  }
}

/* ---- Least costs ---- */

/* Places [first, end) of a part, and where its second half begins (end, if it is a single point). */
struct range {
  HoleIndex first, split, end;
};

struct hole_optimum_s {
  HoleIndex     n;
  int32_t      *child;  /* [n - 1, 2] the left part first */
  struct range *ranges; /* [2 n - 1] of the nodes of the tree */
  int32_t      *left_of,
      *right_of; /* [2 n - 1] the next node above of whose left, or right, part this one is; -1 if there is none */
  int32_t       *leaf;            /* [n] point of each place */
  HoleIndex     *start;           /* [n - 1] of the tables of each merge */
  double        *lengths, *costs; /* all tables, [n (n - 1) / 2] */
  double        *over;            /* [ROWS, n] least M(u,m) + d(m,k) for some u and all k */
  struct copies *copies;
};

static PetscBool is_single(struct range r) { return (PetscBool)(r.split == r.end); }

/* The half of a range that a place is in, or is not in; of a single point, itself. */
static struct range half_of(struct range r, PetscBool second)
{
  if (is_single(r)) return r;
  return second ? (struct range){r.split, r.end, r.end} : (struct range){r.first, r.split, r.split};
}

static struct range opposite(struct range r, HoleIndex place) { return half_of(r, (PetscBool)(place < r.split)); }

/* One of the tables of a node that is a merge: rows are places of its left part. */
static struct table table_of(const struct hole_optimum_s *o, const double tables[], int32_t node)
{
  const struct range r = o->ranges[node];

  return (struct table){tables + o->start[node - o->n], r.end - r.split, 1};
}

/* M(u,m) where u is in the given half of a node, a row each, and m in the other. */
static struct table costs_of(const struct hole_optimum_s *o, int32_t node, PetscBool second)
{
  static const double zero = 0;

  if (node < o->n) return (struct table){&zero, 0, 0};
  return second ? turned(table_of(o, o->costs, node)) : table_of(o, o->costs, node);
}

/* Least M(u,m) + d(m,k) for n places u from row `first` of the given half of the left part on, and all k of the right part. */
static void find_over(struct hole_optimum_s *o, int32_t node, PetscBool second, HoleIndex first, HoleIndex n,
                      double over[])
{
  const int32_t      left_node = o->child[2 * (node - o->n)];
  const struct range left = o->ranges[left_node], all = o->ranges[node], far = half_of(left, (PetscBool)!second);
  const struct table lengths = part_of(table_of(o, o->lengths, node), far.first - left.first, 0);
  struct product     p       = {.n_rows = n, .n_columns = all.end - all.split, .depth = far.end - far.first};

  p.a      = part_of(costs_of(o, left_node, second), first, 0);
  p.b      = lengths;
  p.at     = over;
  p.row    = p.n_columns;
  p.column = 1;
  find_product(p, o->copies);
}

/* From `over`, M(u,w) of n places u into their rows of the table of a node; w are the places of a half of the right part. */
static void find_ends(struct hole_optimum_s *o, int32_t node, PetscBool second, HoleIndex n, const double over[],
                      double costs[])
{
  const int32_t      right_node = o->child[2 * (node - o->n) + 1];
  const struct range right = o->ranges[right_node], near = half_of(right, second),
                     far = half_of(right, (PetscBool)!second);
  const HoleIndex width  = right.end - right.first;
  struct product  p      = {.n_rows = n, .n_columns = near.end - near.first, .depth = far.end - far.first};

  p.a      = (struct table){over + (far.first - right.first), width, 1};
  p.b      = costs_of(o, right_node, (PetscBool)!second);
  p.at     = costs + (near.first - right.first);
  p.row    = width;
  p.column = 1;
  find_product(p, o->copies);
}

/* The table of a node, for the places of a half of its left part. */
static void find_costs(struct hole_optimum_s *o, int32_t node, PetscBool second)
{
  const struct range left = o->ranges[o->child[2 * (node - o->n)]], right = o->ranges[o->child[2 * (node - o->n) + 1]];
  const struct range near  = half_of(left, second);
  const HoleIndex    width = right.end - right.first;
  double            *costs = o->costs + o->start[node - o->n] + (near.first - left.first) * width;

  for (HoleIndex u = 0; u < near.end - near.first; u += ROWS, costs += ROWS * width) {
    const HoleIndex n = PetscMin(ROWS, near.end - near.first - u);

    find_over(o, node, second, u, n, is_single(right) ? costs : o->over);
    for (int half = 0; half < 2 && !is_single(right); ++half) find_ends(o, node, (PetscBool)half, n, o->over, costs);
  }
}

/* ---- The order ---- */

/* A part of which the ends are chosen. */
struct open_part {
  int32_t   node;
  HoleIndex first, last;
};

/* M of a place of a node and those of `far`, the opposite half. */
static struct table costs_from(const struct hole_optimum_s *o, int32_t node, HoleIndex place)
{
  const struct range r      = o->ranges[node];
  const PetscBool    second = (PetscBool)(place >= r.split);

  if (node < o->n) return costs_of(o, node, PETSC_FALSE);
  return part_of(costs_of(o, node, second), place - (second ? r.split : r.first), 0);
}

/* The ends where the two parts of one meet, `first` and `last` from left to right: the first best ones. */
static void choose_middle(const struct hole_optimum_s *o, int32_t first, int32_t last, const struct open_part *part,
                          HoleIndex *before, HoleIndex *after)
{
  const struct range a = opposite(o->ranges[first], part->first), b = opposite(o->ranges[last], part->last);
  const struct table from = costs_from(o, first, part->first), to = costs_from(o, last, part->last);
  const struct range all     = o->ranges[part->node];
  const PetscBool    swapped = (PetscBool)(o->ranges[first].first != all.first);
  struct table       lengths = table_of(o, o->lengths, part->node);
  double             least   = INFINITY;

  if (swapped) lengths = turned(lengths);
  lengths = part_of(lengths, a.first - (swapped ? all.split : all.first), b.first - (swapped ? all.first : all.split));
  for (HoleIndex m = 0; m < a.end - a.first; ++m) {
    for (HoleIndex k = 0; k < b.end - b.first; ++k) {
      const double cost =
          from.at[m * from.column] + lengths.at[m * lengths.row + k * lengths.column] + to.at[k * to.column];

      if (!(cost < least)) continue;
      least   = cost;
      *before = a.first + m;
      *after  = b.first + k;
    }
  }
}

/* Places from left to right. `stack` is [n]. */
static void trace(const struct hole_optimum_s *o, struct open_part start, struct open_part stack[], HoleIndex places[])
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
    choose_middle(o, first, last, &part, &before, &after);
    stack[n_stack++] = (struct open_part){last, after, part.last};
    stack[n_stack++] = (struct open_part){first, part.first, before};
  }
}

/* The best ends of the whole; its sum. */
static double choose_ends(const struct hole_optimum_s *o, struct open_part *whole)
{
  const int32_t      root  = (int32_t)(2 * o->n - 2);
  const struct range all   = o->ranges[root];
  const struct table costs = root < o->n ? costs_of(o, root, PETSC_FALSE) : table_of(o, o->costs, root);
  double             least = INFINITY;

  *whole = (struct open_part){root, 0, 0};
  if (o->n == 1) return 0;
  for (HoleIndex u = all.first; u < all.split; ++u) {
    for (HoleIndex w = all.split; w < all.end; ++w) {
      const double cost = costs.at[(u - all.first) * costs.row + w - all.split];

      if (!(cost < least)) continue;
      least        = cost;
      whole->first = u;
      whole->last  = w;
    }
  }
  return least;
}

PetscErrorCode hole_optimum_find(hole_optimum o, HoleIndex order[], double *cost)
{
  struct open_part *stack, whole;
  HoleIndex        *places;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(o->n, &stack, o->n, &places));
  for (int32_t node = (int32_t)o->n; node < 2 * o->n - 1; ++node) {
    find_costs(o, node, PETSC_FALSE);
    if (!is_single(o->ranges[o->child[2 * (node - o->n)]])) find_costs(o, node, PETSC_TRUE);
  }
  *cost = choose_ends(o, &whole);
  trace(o, whole, stack, places);
  for (HoleIndex p = 0; p < o->n; ++p) places[p] = o->leaf[places[p]];
  for (HoleIndex p = 0; p < o->n; ++p) /* of an order and its reverse, the one that begins with the smaller point */
    order[p] = places[0] <= places[o->n - 1] ? places[p] : places[o->n - 1 - p];
  PetscCall(PetscFree2(stack, places));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Tables ---- */

/* `order` has the points from place to place. */
static void find_ranges(struct hole_optimum_s *o, const HoleIndex order[])
{
  HoleIndex start = 0;

  for (HoleIndex p = 0; p < o->n; ++p) {
    o->leaf[p]          = (int32_t)order[p];
    o->ranges[order[p]] = (struct range){p, p + 1, p + 1};
  }
  for (HoleIndex m = 0; m < o->n - 1; ++m) {
    int32_t     *pair  = o->child + 2 * m;
    struct range range = {0};

    if (o->ranges[pair[0]].first > o->ranges[pair[1]].first) {
      const int32_t left = pair[1];

      pair[1] = pair[0];
      pair[0] = left;
    }
    range = (struct range){o->ranges[pair[0]].first, o->ranges[pair[1]].first, o->ranges[pair[1]].end};

    o->ranges[o->n + m] = range;
    o->start[m]         = start;
    start += (range.split - range.first) * (range.end - range.split);
  }
}

/* From the root down. */
static void find_ways(struct hole_optimum_s *o)
{
  o->left_of[2 * o->n - 2] = o->right_of[2 * o->n - 2] = -1;
  for (HoleIndex m = o->n - 2; m >= 0; --m) {
    const int32_t node = (int32_t)(o->n + m), left = o->child[2 * m], right = o->child[2 * m + 1];

    o->left_of[left]   = node;
    o->right_of[left]  = o->right_of[node];
    o->left_of[right]  = o->left_of[node];
    o->right_of[right] = node;
  }
}

/* Lengths from `place` to those from `to` on that come after it: each node in whose left part it is has a row of them. */
static void set_after(struct hole_optimum_s *o, HoleIndex place, HoleIndex to, HoleIndex n, const double lengths[])
{
  const HoleIndex end = to + n;

  for (int32_t node = o->left_of[o->leaf[place]]; to < end; node = o->left_of[node]) {
    const struct range r     = o->ranges[node];
    double            *table = o->lengths + o->start[node - o->n] + (place - r.first) * (r.end - r.split);

    for (; to < PetscMin(r.end, end); ++to) table[to - r.split] = *lengths++;
  }
}

/* Lengths from `place` to those from 0 on: each node in whose right part it is has a column of them. */
static void set_before(struct hole_optimum_s *o, HoleIndex place, HoleIndex n, const double lengths[])
{
  for (int32_t node = o->right_of[o->leaf[place]]; node >= 0; node = o->right_of[node]) {
    const struct range r     = o->ranges[node];
    double            *table = o->lengths + o->start[node - o->n] + (place - r.split);

    for (HoleIndex p = r.first; p < PetscMin(r.split, n); ++p) table[(p - r.first) * (r.end - r.split)] = lengths[p];
  }
}

void hole_optimum_set_row(const struct close_rows *c, HoleIndex place, const double row[], void *optimum)
{
  const HoleIndex n_entries = hole_close_entries(c, place), n_after = hole_close_after(c, place);

  set_after(optimum, place, place + 1, n_after, row);
  set_before(optimum, place, n_entries - n_after, row + n_after);
}

static PetscErrorCode allocate(struct hole_optimum_s *o)
{
  const HoleIndex n = o->n, n_pairs = n * (n - 1) / 2;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(2 * (n - 1), &o->child));
  PetscCall(PetscMalloc1(2 * n - 1, &o->ranges));
  PetscCall(PetscMalloc2(2 * n - 1, &o->left_of, 2 * n - 1, &o->right_of));
  PetscCall(PetscMalloc2(n, &o->leaf, n - 1, &o->start));
  PetscCall(PetscMalloc1(n_pairs, &o->lengths));
  PetscCall(PetscMalloc1(n_pairs, &o->costs));
  PetscCall(PetscMalloc1(ROWS * n, &o->over));
  PetscCall(PetscNew(&o->copies));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_optimum_create(HoleTree tree, const HoleIndex order[], hole_optimum *optimum)
{
  hole_optimum   o;
  PetscErrorCode made;

  PetscFunctionBegin;
  *optimum = NULL;
  PetscCall(PetscNew(&o));
  o->n = tree->n;
  made = allocate(o);
  if (!made) made = hole_tree_children(tree, o->child);
  if (made) PetscCall(hole_optimum_destroy(&o));
  PetscCall(made);
  find_ranges(o, order);
  find_ways(o);
  *optimum = o;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_optimum_destroy(hole_optimum *optimum)
{
  hole_optimum o = *optimum;

  PetscFunctionBegin;
  if (!o) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree(o->child));
  PetscCall(PetscFree(o->ranges));
  PetscCall(PetscFree2(o->left_of, o->right_of));
  PetscCall(PetscFree2(o->leaf, o->start));
  PetscCall(PetscFree(o->lengths));
  PetscCall(PetscFree(o->costs));
  PetscCall(PetscFree(o->over));
  PetscCall(PetscFree(o->copies));
  PetscCall(PetscFree(*optimum));
  PetscFunctionReturn(PETSC_SUCCESS);
}

double hole_optimum_predict_bytes(HoleIndex n)
{
  const double points = (double)n;

  return sizeof(double) * (points * points + ROWS * points) + sizeof(struct copies) + 100 * points;
}
