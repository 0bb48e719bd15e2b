/* Loops of one lune after the other.

   1. A vertex next to all others: there is no loop. Nearly every lune has one, most often the most central.
   2. A vertex whose neighbours are all next to one of them, its dominator, can be left out: the lune keeps its shape [BarmakMinian2012]. What
      is left in the end, the core, is most often a point.
   3. So can an edge be, if the vertices next to both ends are all next to one of them.
   4. Cocycles of what is left, modulo 2: values of edges whose sum over every triangle is 0, edges of a spanning forest being 0. An edge of
      the lune has the value of the edge of the core that its ends are folded to.
   5. Edges of the lune in order, by Kruskal's algorithm: one that closes a loop is critical if the sum of the values along the loop is
      not a sum of those of critical edges before. */
#include "homology_impl.h"

#include "loops.h"

#include "../core/block.h"
#include "../core/fault.h"
#include "../core/sort.h"
#include "../core/union_find.h"
#include "lune_graph.h"
#include <hole/hole_error.h>

enum { WORD = 64, MOST_LOOPS = 64, CHUNK = 4096 /* edges that a part takes at a time */, N_DOMINATORS = 8 };

struct local_edge {
  uint32_t rank, a, b; /* a, b: places in the lune */
};

struct finder {
  hole_skeleton      s;
  hole_lune_graph    graph;
  struct hole_loops *loops;
  uint32_t           edge;                          /* of the present lune */
  HoleIndex          n, n_words, capacity, n_edges; /* capacity: vertices that there is room for */
  const uint32_t    *vertices;                      /* [n] of the lune */
  uint64_t          *near;                          /* [n, n_words] neighbours in the lune, and the vertex itself */
  uint64_t          *alive;                         /* [n_words] */
  uint32_t          *folded;                        /* [n] dominator, or itself */
  struct local_edge *edges;                         /* [n_edges] of the lune */
  uint32_t          *above;                         /* [n] union-find: towards the root of a component ... */
  uint64_t          *sum;                           /* [n] ... with the sum of the values on the way in the forest */
  uint32_t          *parent;                        /* [n] in the forest */
};

static PetscBool has(const uint64_t set[], HoleIndex v) { return (PetscBool)(set[v / WORD] >> v % WORD & 1); }

static PetscErrorCode make_room(struct finder *f)
{
  PetscFunctionBegin;
  f->n_words = (f->n + WORD - 1) / WORD;
  if (f->n <= f->capacity) PetscFunctionReturn(PETSC_SUCCESS);
  f->capacity = 2 * f->n;
  PetscCall(PetscFree(f->near));
  PetscCall(PetscFree(f->alive));
  PetscCall(PetscFree(f->folded));
  PetscCall(PetscFree(f->edges));
  PetscCall(PetscFree3(f->above, f->sum, f->parent));
  PetscCall(PetscMalloc1(f->capacity * (f->capacity / WORD + 1), &f->near));
  PetscCall(PetscMalloc1(f->capacity / WORD + 1, &f->alive));
  PetscCall(PetscMalloc1(f->capacity, &f->folded));
  PetscCall(PetscMalloc1(f->capacity * f->capacity / 2, &f->edges));
  PetscCall(PetscMalloc3(f->capacity, &f->above, f->capacity, &f->sum, f->capacity, &f->parent));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Is some vertex next to all others? The central one and a few more are tried. */
static PetscBool has_dominator(struct finder *f)
{
  for (HoleIndex tried = -1; tried < PetscMin(f->n, N_DOMINATORS); ++tried) {
    const uint32_t v =
        tried < 0 ? hole_lune_graph_center(f->graph) : f->vertices[tried * f->n / PetscMin(f->n, N_DOMINATORS)];
    HoleIndex w = 0;

    while (w < f->n && (f->vertices[w] == v || hole_skeleton_rank(f->s, v, f->vertices[w]) < f->edge)) ++w;
    if (w == f->n) return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

/* The graph of the lune, as bits and as a list. */
static void list_graph(struct finder *f)
{
  f->n_edges = 0;
  for (HoleIndex w = 0; w < f->n * f->n_words; ++w) f->near[w] = 0;
  for (HoleIndex w = 0; w < f->n_words; ++w) f->alive[w] = 0;
  for (HoleIndex a = 0; a < f->n; ++a) {
    f->folded[a] = (uint32_t)a;
    f->alive[a / WORD] |= UINT64_C(1) << a % WORD;
    f->near[a * f->n_words + a / WORD] |= UINT64_C(1) << a % WORD;
    for (HoleIndex b = 0; b < a; ++b) {
      const uint32_t rank = hole_skeleton_rank(f->s, f->vertices[a], f->vertices[b]);

      if (rank >= f->edge) continue;
      f->near[a * f->n_words + b / WORD] |= UINT64_C(1) << b % WORD;
      f->near[b * f->n_words + a / WORD] |= UINT64_C(1) << a % WORD;
      f->edges[f->n_edges++] = (struct local_edge){rank, (uint32_t)a, (uint32_t)b};
    }
  }
}

/* Are all living neighbours of a next to b, which is one of them? */
static PetscBool dominates(const struct finder *f, HoleIndex b, HoleIndex a)
{
  const uint64_t *of_a = f->near + a * f->n_words, *of_b = f->near + b * f->n_words;

  for (HoleIndex w = 0; w < f->n_words; ++w) {
    if (of_a[w] & f->alive[w] & ~of_b[w]) return PETSC_FALSE;
  }
  return PETSC_TRUE;
}

/* A living vertex that dominates a; `last` was one for another vertex, and is one again often. -1: none. */
static HoleIndex find_dominator(const struct finder *f, HoleIndex a, HoleIndex last)
{
  if (last >= 0 && last != a && has(f->alive, last) && has(f->near + a * f->n_words, last) && dominates(f, last, a))
    return last;
  for (HoleIndex w = 0; w < f->n_words; ++w) {
    for (uint64_t left = f->near[a * f->n_words + w] & f->alive[w]; left; left &= left - 1) {
      const HoleIndex b = w * WORD + __builtin_ctzll(left);

      if (b != a && dominates(f, b, a)) return b;
    }
  }
  return -1;
}

/* Leave out dominated vertices until there are none; returns how many are left. */
static HoleIndex find_core(struct finder *f)
{
  HoleIndex n_left = f->n, before, last = -1;

  do {
    before = n_left;
    for (HoleIndex a = 0; a < f->n && n_left > 1; ++a) {
      HoleIndex b = has(f->alive, a) ? find_dominator(f, a, last) : -1;

      if (b < 0) continue;
      last         = b;
      f->folded[a] = (uint32_t)b;
      f->alive[a / WORD] ^= UINT64_C(1) << a % WORD;
      --n_left;
    }
  } while (n_left < before && n_left > 1);
  return n_left;
}

/* Where a vertex is folded to in the end. */
static uint32_t image(struct finder *f, uint32_t a)
{
  while (f->folded[a] != f->folded[f->folded[a]]) f->folded[a] = f->folded[f->folded[a]];
  return f->folded[a];
}

/* An edge of the core that is left out, and the vertex that dominates it. */
struct left_out {
  uint32_t x, y, by;
};

/* The core: its graph, the edges outside a spanning forest with numbers, and equations between their values. */
struct core {
  HoleIndex        n, row_words, n_left_out;
  uint32_t        *vertices; /* [n] places in the lune */
  uint64_t        *near;     /* [n, row_words] neighbours, and the vertex itself */
  uint64_t        *both;     /* [row_words] vertices near both ends of an edge */
  struct left_out *left_out; /* [n_left_out] in this order */
  HoleIndex        n_numbers, n_words, n_equations;
  int32_t         *number;    /* [n, n] of an edge; -1: in the forest, or none */
  uint64_t        *equations; /* [n_numbers, n_words] by their last number */
  PetscBool       *has_last;  /* [n_numbers] */
  uint64_t        *value;     /* [n, n] of an edge: one bit for each cocycle */
};

static PetscBool are_near(const struct core *c, HoleIndex x, HoleIndex y) { return has(c->near + x * c->row_words, y); }

static PetscErrorCode start_core(struct finder *f, struct core *c)
{
  HoleIndex n = 0;

  PetscFunctionBegin;
  c->row_words = (c->n + WORD - 1) / WORD;
  PetscCall(PetscMalloc1(c->n, &c->vertices));
  PetscCall(PetscMalloc1(c->n * c->n, &c->number));
  PetscCall(PetscCalloc1(c->n * c->n, &c->value));
  PetscCall(PetscCalloc1(c->n * c->row_words, &c->near));
  PetscCall(PetscMalloc1(c->row_words, &c->both));
  PetscCall(PetscMalloc1(c->n * c->n / 2, &c->left_out));
  for (HoleIndex a = 0; a < f->n; ++a) {
    if (has(f->alive, a)) c->vertices[n++] = (uint32_t)a;
  }
  for (HoleIndex x = 0; x < c->n; ++x) {
    for (HoleIndex y = 0; y < c->n; ++y) {
      if (has(f->near + c->vertices[x] * f->n_words, c->vertices[y]))
        c->near[x * c->row_words + y / WORD] |= UINT64_C(1) << y % WORD;
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Are all of a set near z? */
static PetscBool covers(const struct core *c, HoleIndex z, const uint64_t set[])
{
  const uint64_t *of_z = c->near + z * c->row_words;

  for (HoleIndex w = 0; w < c->row_words; ++w) {
    if (set[w] & ~of_z[w]) return PETSC_FALSE;
  }
  return PETSC_TRUE;
}

/* A vertex next to both ends of an edge and to all others that are; -1: none. */
static HoleIndex find_edge_dominator(struct core *c, HoleIndex x, HoleIndex y)
{
  const uint64_t *of_x = c->near + x * c->row_words, *of_y = c->near + y * c->row_words;

  for (HoleIndex w = 0; w < c->row_words; ++w) c->both[w] = of_x[w] & of_y[w];
  for (HoleIndex w = 0; w < c->row_words; ++w) {
    for (uint64_t left = c->both[w]; left; left &= left - 1) {
      const HoleIndex z = w * WORD + __builtin_ctzll(left);

      if (z != x && z != y && covers(c, z, c->both)) return z;
    }
  }
  return -1;
}

/* Leave out dominated edges until there are none: the core keeps its shape [BoissonnatPritam2020]. */
static void leave_out_edges(struct core *c)
{
  HoleIndex before;

  do {
    before = c->n_left_out;
    for (HoleIndex x = 0; x < c->n; ++x) {
      for (HoleIndex y = 0; y < x; ++y) {
        HoleIndex z = are_near(c, x, y) ? find_edge_dominator(c, x, y) : -1;

        if (z < 0) continue;
        c->near[x * c->row_words + y / WORD] ^= UINT64_C(1) << y % WORD;
        c->near[y * c->row_words + x / WORD] ^= UINT64_C(1) << x % WORD;
        c->left_out[c->n_left_out++] = (struct left_out){(uint32_t)x, (uint32_t)y, (uint32_t)z};
      }
    }
  } while (c->n_left_out > before);
}

static PetscErrorCode number_edges(struct core *c)
{
  HoleIndex *link;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(c->n, &link));
  hole_union_find_init(c->n, link);
  for (HoleIndex x = 0; x < c->n; ++x) {
    for (HoleIndex y = 0; y <= x; ++y) {
      c->number[x * c->n + y] = c->number[y * c->n + x] = -1;
      if (x == y || !are_near(c, x, y) || hole_union_find_join(link, x, y)) continue;
      c->number[x * c->n + y] = c->number[y * c->n + x] = (int32_t)c->n_numbers++;
    }
  }
  PetscCall(PetscFree(link));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Reduce the equation of a triangle by those before it; what is left, if anything, is a new one. */
static void add_equation(struct core *c, const int32_t numbers[3], uint64_t row[])
{
  for (HoleIndex w = 0; w < c->n_words; ++w) row[w] = 0;
  for (int e = 0; e < 3; ++e) {
    if (numbers[e] >= 0) row[numbers[e] / WORD] ^= UINT64_C(1) << numbers[e] % WORD;
  }
  for (HoleIndex w = c->n_words - 1; w >= 0; --w) {
    while (row[w]) {
      const HoleIndex last  = w * WORD + WORD - 1 - __builtin_clzll(row[w]);
      uint64_t       *other = c->equations + last * c->n_words;

      if (!c->has_last[last]) {
        c->has_last[last] = PETSC_TRUE;
        for (HoleIndex v = 0; v < c->n_words; ++v) other[v] = row[v];
        ++c->n_equations;
        return;
      }
      for (HoleIndex v = 0; v <= w; ++v) row[v] ^= other[v];
    }
  }
}

/* Those of all triangles. */
static void list_equations(struct core *c, uint64_t row[])
{
  for (HoleIndex x = 0; x < c->n; ++x) {
    for (HoleIndex y = 0; y < x; ++y) {
      if (!are_near(c, x, y)) continue;
      for (HoleIndex z = 0; z < y; ++z) {
        if (c->n_equations == c->n_numbers) return; /* all values are 0 */
        if (are_near(c, x, z) && are_near(c, y, z))
          add_equation(c, (int32_t[3]){c->number[x * c->n + y], c->number[x * c->n + z], c->number[y * c->n + z]}, row);
      }
    }
  }
}

static void set_value(struct core *c, HoleIndex x, HoleIndex y, uint64_t value)
{
  c->value[x * c->n + y] = c->value[y * c->n + x] = value;
}

/* A bit for each number without an equation; of the others the equation says the value. `of_number` has room for those of all. */
static void solve_equations(struct core *c, uint64_t of_number[])
{
  HoleIndex n_loops = 0;

  for (HoleIndex e = 0; e < c->n_numbers; ++e) {
    const uint64_t *row = c->equations + e * c->n_words;

    of_number[e] = c->has_last[e] ? 0 : UINT64_C(1) << n_loops++;
    for (HoleIndex o = 0; o < e && c->has_last[e]; ++o) {
      if (has(row, o)) of_number[e] ^= of_number[o];
    }
  }
  for (HoleIndex x = 0; x < c->n; ++x) {
    for (HoleIndex y = 0; y < x; ++y) {
      if (c->number[x * c->n + y] >= 0) set_value(c, x, y, of_number[c->number[x * c->n + y]]);
    }
  }
  for (HoleIndex l = c->n_left_out - 1; l >= 0;
       --l) { /* around its triangle with the vertex that dominated it the sum is 0 */
    const struct left_out *e = &c->left_out[l];

    set_value(c, e->x, e->y, c->value[e->x * c->n + e->by] ^ c->value[e->y * c->n + e->by]);
  }
}

/* Cocycles of the core. */
static PetscErrorCode solve_core(struct finder *f, struct core *c)
{
  uint64_t *row, *of_number;

  PetscFunctionBegin;
  PetscCall(start_core(f, c));
  leave_out_edges(c);
  PetscCall(number_edges(c));
  c->n_words = (c->n_numbers + WORD - 1) / WORD;
  PetscCall(PetscMalloc1(c->n_numbers * c->n_words, &c->equations));
  PetscCall(PetscCalloc1(c->n_numbers, &c->has_last));
  PetscCall(PetscMalloc2(c->n_words, &row, c->n_numbers, &of_number));
  list_equations(c, row);
  if (c->n_numbers - c->n_equations <= MOST_LOOPS) solve_equations(c, of_number);
  PetscCall(PetscFree2(row, of_number));
  PetscCheck(c->n_numbers - c->n_equations <= MOST_LOOPS, PETSC_COMM_SELF, HOLE_ERR_RESOURCE,
             "the lune of an edge has %" HoleIndex_FMT " independent loops, more than %d; lower -threshold or -max_dim",
             c->n_numbers - c->n_equations, MOST_LOOPS);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static int by_rank(const void *a, const void *b)
{
  const struct local_edge *x = a, *y = b;

  return x->rank < y->rank ? -1 : x->rank > y->rank;
}

/* Append the edge that closes a loop, and the loop: by the forest, whose `parent` leads to the roots. */
static PetscErrorCode append_loop(struct finder *f, const struct local_edge *closing)
{
  struct hole_loops *l = f->loops;
  HoleIndex          head, depth_a = 0, depth_b = 0;
  uint32_t           a = closing->a, b = closing->b;

  PetscFunctionBegin;
  if (l->n + f->n + 4 > l->capacity) { /* a loop has no vertex twice */
    l->capacity = 2 * (l->capacity + f->n + 4);
    PetscCall(PetscRealloc((size_t)l->capacity * sizeof(*l->numbers), &l->numbers));
  }
  for (uint32_t v = a; f->parent[v] != v; v = f->parent[v]) ++depth_a;
  for (uint32_t v = b; f->parent[v] != v; v = f->parent[v]) ++depth_b;
  head                 = l->n;
  l->numbers[head]     = f->edge;
  l->numbers[head + 1] = closing->rank;
  l->n += 3;
  l->numbers[l->n++] = closing->rank;
  while (a != b) {
    uint32_t *deeper = depth_a >= depth_b ? &a : &b;

    l->numbers[l->n++] = hole_skeleton_rank(f->s, f->vertices[*deeper], f->vertices[f->parent[*deeper]]);
    *deeper            = f->parent[*deeper];
    if (deeper == &a) --depth_a;
    else --depth_b;
  }
  l->numbers[head + 2] = (uint32_t)(l->n - head - 3);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Hang the tree of b under a, by the edge (a, b): the way from b to its root is turned round. */
static void join_trees(struct finder *f, uint32_t a, uint32_t b)
{
  uint32_t above = a;

  for (;;) {
    const uint32_t next = f->parent[b];

    f->parent[b] = above;
    if (next == b) return;
    above = b;
    b     = next;
  }
}

/* Value of an edge: that of its image in the core. */
static uint64_t value_of(struct finder *f, const struct core *c, const int32_t place[], uint32_t a, uint32_t b)
{
  const uint32_t x = f->folded[a], y = f->folded[b]; /* they have been followed to the end */

  return x == y ? 0 : c->value[place[x] * c->n + place[y]];
}

/* The root of the component of a vertex; *sum becomes the sum of values on the way. Ways get shorter as they are used. */
static uint32_t find_root(struct finder *f, uint32_t v, uint64_t *sum)
{
  uint32_t root = v;
  uint64_t rest;

  for (*sum = 0; f->above[root] != root; root = f->above[root]) *sum ^= f->sum[root];
  for (rest = *sum; v != root;) {
    const uint32_t next  = f->above[v];
    const uint64_t whole = rest;

    rest ^= f->sum[v];
    f->above[v] = root;
    f->sum[v]   = whole;
    v           = next;
  }
  return root;
}

/* All edges of the lune in order: which of them close loops that matter. */
static PetscErrorCode close_loops(struct finder *f, const struct core *c, const int32_t place[])
{
  uint64_t  span[MOST_LOOPS] = {0};
  HoleIndex missing          = c->n_numbers - c->n_equations;

  PetscFunctionBegin;
  hole_sort(f->edges, f->n_edges, sizeof(*f->edges), by_rank);
  for (HoleIndex v = 0; v < f->n; ++v) {
    f->parent[v] = f->above[v] = (uint32_t)v;
    f->sum[v]                  = 0;
    f->folded[v]               = image(f, (uint32_t)v);
  }
  for (HoleIndex e = 0; e < f->n_edges && missing; ++e) {
    const struct local_edge *edge = &f->edges[e];
    uint64_t                 sum_a, sum_b, sum;
    const uint32_t           root_a = find_root(f, edge->a, &sum_a), root_b = find_root(f, edge->b, &sum_b);

    sum = sum_a ^ sum_b ^ value_of(f, c, place, edge->a, edge->b);
    if (root_a != root_b) {
      f->above[root_b] = root_a;
      f->sum[root_b]   = sum;
      join_trees(f, edge->a, edge->b);
      continue;
    }
    while (sum && span[__builtin_ctzll(sum)]) sum ^= span[__builtin_ctzll(sum)];
    if (!sum) continue;
    span[__builtin_ctzll(sum)] = sum;
    --missing;
    PetscCall(append_loop(f, edge));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode find_in_core(struct finder *f, HoleIndex n_core)
{
  struct core    c     = {.n = n_core};
  int32_t       *place = NULL;
  PetscErrorCode found;

  PetscFunctionBegin;
  found = solve_core(f, &c);
  if (!found && c.n_equations < c.n_numbers) found = PetscMalloc1(f->n, &place);
  for (HoleIndex x = 0; x < c.n && place; ++x) place[c.vertices[x]] = (int32_t)x;
  if (!found && place) found = close_loops(f, &c, place);
  PetscCall(PetscFree(place));
  PetscCall(PetscFree(c.vertices));
  PetscCall(PetscFree(c.near));
  PetscCall(PetscFree(c.both));
  PetscCall(PetscFree(c.left_out));
  PetscCall(PetscFree(c.number));
  PetscCall(PetscFree(c.equations));
  PetscCall(PetscFree(c.value));
  PetscCall(PetscFree(c.has_last));
  PetscCall(found);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The lune of one edge. */
static PetscErrorCode find_in_lune(struct finder *f, uint32_t edge)
{
  const struct hole_vertex_list lune = hole_lune_graph_open(f->graph, edge);
  HoleIndex                     n_core;

  PetscFunctionBegin;
  f->edge     = edge;
  f->n        = lune.n;
  f->vertices = lune.vertices;
  if (lune.n < 4 || has_dominator(f))
    PetscFunctionReturn(PETSC_SUCCESS); /* a loop that is not filled has four vertices */
  PetscCall(make_room(f));
  list_graph(f);
  n_core = find_core(f);
  if (n_core > 3) PetscCall(find_in_core(f, n_core));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode find(struct finder *f, HoleHomology homology, PetscMPIInt part, PetscMPIInt n_parts)
{
  const HoleIndex n = f->s->n_active, step = (HoleIndex)CHUNK * n_parts;

  PetscFunctionBegin;
  PetscCall(hole_fault(f->s->comm, "loops_find"));
  PetscCall(hole_lune_graph_create(f->s, &f->graph));
  for (HoleIndex first = (HoleIndex)CHUNK * part; first < n;
       first += step) { /* later lunes are larger: dealt in turn */
    for (HoleIndex e = first; e < PetscMin(n, first + CHUNK); ++e) PetscCall(find_in_lune(f, (uint32_t)e));
    PetscCall(hole_homology_report(homology, "loops of lunes", first, n));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_loops_find(HoleHomology homology, hole_skeleton s, PetscMPIInt part, PetscMPIInt n_parts,
                               struct hole_loops *loops)
{
  struct finder  f = {.s = s, .loops = loops};
  PetscErrorCode found;

  PetscFunctionBegin;
  found = find(&f, homology, part, n_parts);
  PetscCall(hole_lune_graph_destroy(&f.graph));
  PetscCall(PetscFree(f.near));
  PetscCall(PetscFree(f.alive));
  PetscCall(PetscFree(f.folded));
  PetscCall(PetscFree(f.edges));
  PetscCall(PetscFree3(f.above, f.sum, f.parent));
  PetscCall(found);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_loops_destroy(struct hole_loops *loops)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(loops->numbers));
  *loops = (struct hole_loops){0};
  PetscFunctionReturn(PETSC_SUCCESS);
}
