/* Vertex by vertex. A vertex that is added to a connected part brings its link along: its neighbours there, and the edges between them.

   1. The link is connected: every new loop can be pushed into the link, so there is none. If all values on it are 0, nothing is to do: so it is
      for nearly all lunes from the first vertex, whose neighbours come first, to the last.
   2. A loop of the link is filled now. If its sum is not 0 all values are divided by that. Then the sums along ways in the link give the
      values of the edges to the new vertex.
   3. The link has parts: each but one closes a new loop, through the new vertex. Its edges to this part get a new bit.

   Vertices of connected links come first: others wait until their neighbours have been added, and most often get a connected one.
   Only edges of a `late` vertex have values other than 0. */
#include "lune_cocycles.h"

#include "../core/simd.h"
#include "bits.h"

#define NOT_LATE UINT32_MAX

struct hole_lune_cocycles_s {
  const struct hole_bit_graph *g;
  HoleIndex                    most_vertices, n_words;
  uint64_t                    *sets; /* the following, [n_words] each */
  uint64_t *present, *rest;          /* vertices of the present part; those of the set that are in no part yet */
  uint64_t *changed, *stuck;         /* of the rest: next to new vertices; those whose link has parts */
  uint64_t *late, *link, *open, *frontier;
  HoleIndex n_words_capacity;
  HoleIndex width; /* words of a value */
  uint64_t *used;  /* [width] bits */
  HoleIndex n_late, n_columns, values_capacity;
  uint32_t *row_of, *column_of; /* [n] a late vertex's row, else NOT_LATE; every vertex's column */
  uint64_t *values;             /* [n_late, n_columns, width] of edges */
  HoleIndex n_members;          /* of the link */
  uint32_t *members, *above,
      *n_parts;    /* [n] union-find in the link: towards the root ...; parts of the link of one that is stuck */
  uint64_t *sum;   /* [n, width] ... with the sum of values on the way */
  uint64_t *value; /* [2, width] */
};

typedef struct hole_lune_cocycles_s *cocycles;

enum { N_SETS = 8 };

PetscErrorCode hole_lune_cocycles_create(HoleIndex most_vertices, hole_lune_cocycles *c)
{
  PetscFunctionBegin;
  PetscCall(PetscNew(c));
  (*c)->most_vertices = most_vertices;
  PetscCall(PetscMalloc1(most_vertices, &(*c)->row_of));
  PetscCall(PetscMalloc1(most_vertices, &(*c)->column_of));
  PetscCall(PetscMalloc1(most_vertices, &(*c)->members));
  PetscCall(PetscMalloc1(most_vertices, &(*c)->above));
  PetscCall(PetscMalloc1(most_vertices, &(*c)->n_parts));
  for (HoleIndex v = 0; v < most_vertices; ++v) (*c)->row_of[v] = NOT_LATE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_lune_cocycles_destroy(hole_lune_cocycles *c)
{
  PetscFunctionBegin;
  if (!*c) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree((*c)->row_of));
  PetscCall(PetscFree((*c)->column_of));
  PetscCall(PetscFree((*c)->members));
  PetscCall(PetscFree((*c)->above));
  PetscCall(PetscFree((*c)->n_parts));
  PetscCall(PetscFree((*c)->sets));
  PetscCall(PetscFree((*c)->used));
  PetscCall(PetscFree((*c)->values));
  PetscCall(PetscFree((*c)->sum));
  PetscCall(PetscFree((*c)->value));
  PetscCall(PetscFree(*c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const uint64_t *row_of(const struct hole_bit_graph *g, HoleIndex v) { return g->rows + v * g->n_words; }

/* The first of a set; -1: it is empty. */
static HoleIndex first_of(HoleIndex n_words, const uint64_t set[]) { return hole_value_first(n_words, set); }

/* both = a & b; is there any? */
static inline PetscBool intersect(HoleIndex n_words, const uint64_t a[], const uint64_t b[], uint64_t both[])
{
  uint64_t any = 0;

  for (HoleIndex w = 0; w < n_words; ++w) any |= both[w] = a[w] & b[w];
  return (PetscBool)(any != 0);
}

/* The link of a vertex, and how many parts it has; `open` and `frontier` are room. */
HOLE_CLONES
static HoleIndex count_parts(const struct hole_bit_graph *g, HoleIndex vertex, const uint64_t present[],
                             uint64_t link[], uint64_t open[], uint64_t frontier[])
{
  const HoleIndex n_words = g->n_words;
  HoleIndex       n       = 0, v;
  PetscBool       left    = intersect(n_words, row_of(g, vertex), present, link);

  for (HoleIndex w = 0; w < n_words; ++w) open[w] = link[w];
  for (; left; ++n) {
    v = !n && g->nearest && hole_bits_has(open, g->nearest[vertex]) ? g->nearest[vertex] : first_of(n_words, open);
    for (HoleIndex w = 0; w < n_words; ++w) frontier[w] = 0;
    hole_bits_take(open, v);
    for (; v >= 0; v = first_of(n_words, frontier)) {
      hole_bits_take(frontier, v);
      left = hole_bits_absorb(n_words, row_of(g, v), open, frontier);
      if (!left) break;
    }
  }
  return n;
}

static PetscErrorCode make_sets(cocycles c)
{
  uint64_t **sets[N_SETS] = {&c->present, &c->rest, &c->changed, &c->stuck, &c->late, &c->link, &c->open, &c->frontier};

  PetscFunctionBegin;
  c->n_words = c->g->n_words;
  if (c->n_words > c->n_words_capacity) {
    c->n_words_capacity = 2 * c->n_words;
    PetscCall(PetscFree(c->sets));
    PetscCall(PetscMalloc1(N_SETS * c->n_words_capacity, &c->sets));
  }
  for (int s = 0; s < N_SETS; ++s) *sets[s] = c->sets + s * c->n_words;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* No vertex is late: all values are 0. */
static void forget_late(cocycles c)
{
  for (HoleIndex w = 0; w < c->n_words && c->n_late; ++w) {
    for (uint64_t left = c->late[w]; left; left &= left - 1)
      c->row_of[w * HOLE_BITS + __builtin_ctzll(left)] = NOT_LATE;
    c->late[w] = 0;
  }
  c->n_late = 0;
}

HoleIndex hole_lune_cocycles_width(hole_lune_cocycles c) { return c->width; }

static uint64_t *value_in_row(cocycles c, HoleIndex row, uint32_t vertex)
{
  return c->values + (row * c->n_columns + c->column_of[vertex]) * c->width;
}

const uint64_t *hole_lune_cocycles_value(hole_lune_cocycles c, uint32_t a, uint32_t b)
{
  if (c->row_of[a] != NOT_LATE) return value_in_row(c, c->row_of[a], b);
  if (c->row_of[b] != NOT_LATE) return value_in_row(c, c->row_of[b], a);
  return NULL;
}

void hole_lune_cocycles_divide(hole_lune_cocycles c, const uint64_t q[])
{
  const HoleIndex first = hole_value_first(c->width, q);

  for (HoleIndex v = 0; v < c->n_late * c->n_columns; ++v)
    hole_value_divide(c->width, c->values + v * c->width, q, first);
  hole_bits_take(c->used, first);
}

/* Values as wide as `width`, all 0; columns for the vertices of the set. */
static PetscErrorCode start_values(cocycles c, HoleIndex width, const uint64_t set[])
{
  PetscFunctionBegin;
  if (width > c->width) {
    c->width           = width;
    c->values_capacity = 0;
    PetscCall(PetscFree(c->used));
    PetscCall(PetscFree(c->sum));
    PetscCall(PetscFree(c->value));
    PetscCall(PetscFree(c->values));
    PetscCall(PetscMalloc1(width, &c->used));
    PetscCall(PetscMalloc1(2 * width, &c->value));
    PetscCall(PetscMalloc1(c->most_vertices * width, &c->sum));
  }
  c->n_columns = 0;
  for (HoleIndex w = 0; w < c->n_words; ++w) {
    for (uint64_t left = set[w]; left; left &= left - 1)
      c->column_of[w * HOLE_BITS + __builtin_ctzll(left)] = (uint32_t)c->n_columns++;
  }
  for (HoleIndex w = 0; w < c->width; ++w) c->used[w] = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The vertex becomes late: a row of its own, as yet of 0. */
static PetscErrorCode make_late(cocycles c, HoleIndex vertex)
{
  const HoleIndex n = c->n_columns * c->width;

  PetscFunctionBegin;
  if ((c->n_late + 1) * n > c->values_capacity) {
    c->values_capacity = 2 * (c->n_late + 1) * n;
    PetscCall(PetscRealloc((size_t)c->values_capacity * sizeof(*c->values), &c->values));
  }
  for (HoleIndex v = 0; v < n; ++v) c->values[c->n_late * n + v] = 0;
  for (HoleIndex w = 0; w < c->n_words; ++w) { /* it is a column of others already */
    for (uint64_t left = c->late[w] & row_of(c->g, vertex)[w]; left; left &= left - 1) {
      const uint32_t other = (uint32_t)(w * HOLE_BITS + __builtin_ctzll(left));

      hole_value_add(c->width, value_in_row(c, c->n_late, other), value_in_row(c, c->row_of[other], (uint32_t)vertex));
    }
  }
  hole_bits_put(c->late, vertex);
  c->row_of[vertex] = (uint32_t)c->n_late++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The root of a member of the link; value[place] becomes the sum on the way. */
static uint32_t find_root(cocycles c, int place, uint32_t v)
{
  uint64_t *sum  = c->value + place * c->width;
  uint32_t  root = v;

  for (HoleIndex w = 0; w < c->width; ++w) sum[w] = 0;
  for (; c->above[root] != root; root = c->above[root]) hole_value_add(c->width, sum, c->sum + root * c->width);
  if (v != root) { /* the way becomes short */
    for (HoleIndex w = 0; w < c->width; ++w) c->sum[v * c->width + w] = sum[w];
    c->above[v] = root;
  }
  return root;
}

/* Two neighbours in the link: their parts become one, or a loop is filled. */
static void join_members(cocycles c, uint32_t a, uint32_t b)
{
  const uint64_t *value  = hole_lune_cocycles_value(c, a, b);
  const uint32_t  root_a = find_root(c, 0, a), root_b = find_root(c, 1, b);
  uint64_t       *sum = c->value;

  hole_value_add(c->width, sum, sum + c->width);
  if (value) hole_value_add(c->width, sum, value);
  if (root_a != root_b) {
    c->above[root_b] = root_a;
    for (HoleIndex w = 0; w < c->width; ++w) c->sum[root_b * c->width + w] = sum[w];
  } else {
    const HoleIndex first = hole_value_first(c->width, sum);

    if (first < 0) return;
    hole_lune_cocycles_divide(c, sum);
    for (HoleIndex m = 0; m < c->n_members; ++m)
      hole_value_divide(c->width, c->sum + c->members[m] * c->width, sum, first);
  }
}

/* Members that are not late: joined by edges of value 0. */
static void join_early(cocycles c)
{
  HoleIndex root, v;

  for (HoleIndex w = 0; w < c->n_words; ++w) c->open[w] = c->link[w] & ~c->late[w];
  while ((root = first_of(c->n_words, c->open)) >= 0) {
    for (HoleIndex w = 0; w < c->n_words; ++w) c->frontier[w] = 0;
    hole_bits_take(c->open, root);
    for (v = root; v >= 0; v = first_of(c->n_words, c->frontier)) {
      hole_bits_take(c->frontier, v);
      c->above[v] = (uint32_t)root;
      hole_bits_absorb(c->n_words, row_of(c->g, v), c->open, c->frontier);
    }
  }
}

/* Sums along ways in the link: the parts are trees of the union-find. */
static void join_link(cocycles c)
{
  c->n_members = 0;
  for (HoleIndex w = 0; w < c->n_words; ++w) {
    for (uint64_t left = c->link[w]; left; left &= left - 1) {
      const uint32_t v = (uint32_t)(w * HOLE_BITS + __builtin_ctzll(left));

      c->members[c->n_members++] = c->above[v] = v;
      for (HoleIndex u = 0; u < c->width; ++u) c->sum[v * c->width + u] = 0;
    }
  }
  join_early(c);
  for (HoleIndex m = 0; m < c->n_members; ++m) {
    const uint64_t *row = row_of(c->g, c->members[m]);

    if (!hole_bits_has(c->late, c->members[m])) continue;
    for (HoleIndex w = 0; w < c->n_words; ++w) {
      for (uint64_t left = c->link[w] & row[w]; left; left &= left - 1) {
        const uint32_t other = (uint32_t)(w * HOLE_BITS + __builtin_ctzll(left));

        if (!hole_bits_has(c->late, other) || other < c->members[m]) join_members(c, other, c->members[m]);
      }
    }
  }
}

/* A bit that no value has; -1: all are used. */
static HoleIndex new_bit(cocycles c)
{
  for (HoleIndex w = 0; w < c->width; ++w) {
    if (~c->used[w]) {
      const HoleIndex bit = w * HOLE_BITS + __builtin_ctzll(~c->used[w]);

      hole_bits_put(c->used, bit);
      return bit;
    }
  }
  return -1;
}

/* The sums of all members become those from the roots; each part but the first gets a bit of its own. */
static PetscBool finish_sums(cocycles c)
{
  HoleIndex n_parts = 0, bit;

  for (HoleIndex m = 0; m < c->n_members; ++m) {
    if (find_root(c, 0, c->members[m]) != c->members[m] || !n_parts++)
      continue; /* all are right below their roots then */
    bit = new_bit(c);
    if (bit < 0) return PETSC_FALSE;
    hole_bits_put(c->sum + c->members[m] * c->width, bit);
  }
  for (HoleIndex m = 0; m < c->n_members; ++m) {
    const uint32_t v = c->members[m], root = c->above[v];

    if (v != root) hole_value_add(c->width, c->sum + v * c->width, c->sum + root * c->width);
  }
  return PETSC_TRUE;
}

/* Values of the edges from a vertex to the members. */
static PetscErrorCode set_values(cocycles c, uint32_t vertex)
{
  PetscBool is_late = PETSC_FALSE;

  PetscFunctionBegin;
  for (HoleIndex m = 0; m < c->n_members && !is_late; ++m)
    is_late = (PetscBool)(!hole_bits_has(c->late, c->members[m]) &&
                          hole_value_first(c->width, c->sum + c->members[m] * c->width) >= 0);
  for (HoleIndex m = 0; m < c->n_members; ++m) {
    const uint32_t v = c->members[m];

    if (hole_bits_has(c->late, v))
      hole_value_add(c->width, value_in_row(c, c->row_of[v], vertex), c->sum + v * c->width);
  }
  if (!is_late) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(make_late(c, vertex));
  for (HoleIndex m = 0; m < c->n_members; ++m) {
    const uint32_t v = c->members[m];

    if (!hole_bits_has(c->late, v))
      hole_value_add(c->width, value_in_row(c, c->row_of[vertex], v), c->sum + v * c->width);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Add a vertex whose link is there. `fits`: there were bits enough. */
static PetscErrorCode add_vertex(cocycles c, HoleIndex vertex, HoleIndex n_parts, PetscBool *fits)
{
  PetscFunctionBegin;
  *fits = PETSC_TRUE;
  if (n_parts > 1 || (c->n_late && hole_bits_meet(c->n_words, c->link, c->late))) {
    join_link(c);
    *fits = finish_sums(c);
    if (*fits) PetscCall(set_values(c, (uint32_t)vertex));
    if (hole_value_first(c->width, c->used) < 0) forget_late(c);
  }
  hole_bits_put(c->present, vertex);
  hole_bits_take(c->rest, vertex);
  hole_bits_take(c->stuck, vertex);
  for (HoleIndex w = 0; w < c->n_words; ++w) c->changed[w] |= row_of(c->g, vertex)[w] & c->rest[w];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A new part: a vertex and its neighbours. They are a cone: all values are 0. */
static void start_part(cocycles c, HoleIndex start)
{
  const uint64_t *row = row_of(c->g, start);

  for (HoleIndex w = 0; w < c->n_words; ++w) {
    c->present[w] = c->rest[w] & row[w];
    c->rest[w] &= ~row[w];
  }
  hole_bits_put(c->present, start);
  hole_bits_take(c->rest, start);
  for (HoleIndex w = 0; w < c->n_words; ++w) c->changed[w] = c->rest[w]; /* some are not near, as will be seen */
}

/* Add all vertices whose links are connected, in turn: those before come again after those behind. */
static PetscErrorCode add_connected(cocycles c, PetscBool *fits)
{
  PetscBool any = PETSC_TRUE;

  PetscFunctionBegin;
  *fits = PETSC_TRUE;
  while (any && *fits) {
    any = PETSC_FALSE;
    for (HoleIndex w = 0; w < c->n_words && *fits; ++w) {
      for (uint64_t left = c->changed[w]; left && *fits; left &= left - 1) {
        const HoleIndex v = w * HOLE_BITS + __builtin_ctzll(left);
        const HoleIndex n = count_parts(c->g, v, c->present, c->link, c->open, c->frontier);

        any = PETSC_TRUE;
        hole_bits_take(c->changed, v);
        if (n == 1) PetscCall(add_vertex(c, v, 1, fits));
        if (n < 2) continue;
        hole_bits_put(c->stuck, v);
        c->n_parts[v] = (uint32_t)n;
      }
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Of those that are stuck the one whose link has fewest parts; -1: there is none. */
static HoleIndex choose_stuck(cocycles c)
{
  HoleIndex best = -1;

  for (HoleIndex w = 0; w < c->n_words; ++w) {
    for (uint64_t left = c->stuck[w]; left; left &= left - 1) {
      const HoleIndex v = w * HOLE_BITS + __builtin_ctzll(left);

      if (best < 0 || c->n_parts[v] < c->n_parts[best]) best = v;
    }
  }
  return best;
}

/* One part after the other. */
static PetscErrorCode add_all(cocycles c, const uint64_t set[], HoleIndex start, PetscBool *fits)
{
  PetscFunctionBegin;
  for (HoleIndex w = 0; w < c->n_words; ++w) c->rest[w] = set[w];
  for (; start >= 0; start = first_of(c->n_words, c->rest)) {
    HoleIndex v;

    start_part(c, start);
    PetscCall(add_connected(c, fits));
    while (*fits && (v = choose_stuck(c)) >= 0) {
      HoleIndex n = count_parts(c->g, v, c->present, c->link, c->open, c->frontier);

      PetscCall(add_vertex(c, v, n, fits));
      if (*fits) PetscCall(add_connected(c, fits));
    }
    if (!*fits) break;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_lune_cocycles_find(hole_lune_cocycles c, const struct hole_bit_graph *g, const uint64_t set[],
                                       HoleIndex start, HoleIndex *n_loops)
{
  PetscBool fits;

  PetscFunctionBegin;
  if (c->g) forget_late(c);
  c->g = g;
  PetscCall(make_sets(c));
  for (HoleIndex w = 0; w < c->n_words; ++w) c->stuck[w] = c->late[w] = 0;
  PetscCall(start_values(c, PetscMax(1, c->width), set));
  PetscCall(add_all(c, set, start, &fits));
  while (!fits) { /* again, with wider values */
    forget_late(c);
    for (HoleIndex w = 0; w < c->n_words; ++w) c->stuck[w] = 0;
    PetscCall(start_values(c, 2 * c->width, set));
    PetscCall(add_all(c, set, start, &fits));
  }
  *n_loops = 0;
  for (HoleIndex w = 0; w < c->width; ++w) *n_loops += __builtin_popcountll(c->used[w]);
  PetscFunctionReturn(PETSC_SUCCESS);
}
