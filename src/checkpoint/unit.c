/* A unit in its file: every array once, in the form in which a run holds it. Small arrays are equal on every rank and read by the first;
   chains and positions are split over ranks, by blocks that need not be those of the run that wrote them. Every
   array is verified before it is read. */
#include "unit.h"

#include "../core/block.h"
#include <hole/hole_error.h>
#include <stddef.h>

enum { PATH_LENGTH = 64, N_INTERVAL_FIELDS = 2 + 2 * HOLE_MAX_DIM + 3, N_EDGE_FIELDS = 3 };

static const struct hole_field edge_fields[] = {{"length", offsetof(HoleEdge, length), HOLE_TYPE_DOUBLE},
                                                {"i", offsetof(HoleEdge, i), HOLE_TYPE_INT64},
                                                {"j", offsetof(HoleEdge, j), HOLE_TYPE_INT64}};

static const struct hole_field interval_fields[] = {
    {"birth", offsetof(HoleInterval, birth), HOLE_TYPE_DOUBLE},
    {"death", offsetof(HoleInterval, death), HOLE_TYPE_DOUBLE},
    {"birth_0", offsetof(HoleInterval, birth_simplex[0]), HOLE_TYPE_INT64},
    {"birth_1", offsetof(HoleInterval, birth_simplex[1]), HOLE_TYPE_INT64},
    {"birth_2", offsetof(HoleInterval, birth_simplex[2]), HOLE_TYPE_INT64},
    {"birth_3", offsetof(HoleInterval, birth_simplex[3]), HOLE_TYPE_INT64},
    {"death_0", offsetof(HoleInterval, death_simplex[0]), HOLE_TYPE_INT64},
    {"death_1", offsetof(HoleInterval, death_simplex[1]), HOLE_TYPE_INT64},
    {"death_2", offsetof(HoleInterval, death_simplex[2]), HOLE_TYPE_INT64},
    {"death_3", offsetof(HoleInterval, death_simplex[3]), HOLE_TYPE_INT64},
    {"death_4", offsetof(HoleInterval, death_simplex[4]), HOLE_TYPE_INT64}};

static const struct hole_field view_numbers[] = {
    {"leaf_cost", offsetof(HoleViews, leaf_cost), HOLE_TYPE_DOUBLE},
    {"rcm_threshold", offsetof(HoleViews, rcm_threshold), HOLE_TYPE_DOUBLE},
    {"explained_0", offsetof(HoleViews, explained[0]), HOLE_TYPE_DOUBLE},
    {"explained_1", offsetof(HoleViews, explained[1]), HOLE_TYPE_DOUBLE},
    {"eigenvalue_0", offsetof(HoleViews, eigenvalues[0]), HOLE_TYPE_DOUBLE},
    {"eigenvalue_1", offsetof(HoleViews, eigenvalues[1]), HOLE_TYPE_DOUBLE},
    {"n_blocks", offsetof(HoleViews, n_blocks), HOLE_TYPE_INT64},
    {"heatmap_points", offsetof(HoleViews, heatmap_points), HOLE_TYPE_INT64}};

static const char *const chain_names[] = {"cocycles", "cycles"};

/* ---- Writing ---- */

static PetscErrorCode write_chains(hole_writer w, const char base[], HoleIndex n, PetscInt dim, const HoleChains *c)
{
  MPI_Comm        comm    = hole_writer_comm(w);
  const HoleIndex n_local = c->starts[c->n_local];
  HoleIndex       first   = 0, n_all;
  char            path[PATH_LENGTH];
  HoleIndex      *lengths;
  PetscErrorCode  written;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Exscan(&n_local, &first, 1, HOLE_MPI_INDEX, MPI_SUM, comm));
  PetscCallMPI(MPI_Allreduce(&n_local, &n_all, 1, HOLE_MPI_INDEX, MPI_SUM, comm));
  HoleCallAgreed(comm, PetscMalloc1(c->n_local, &lengths)); /* local */
  for (HoleIndex i = 0; i < c->n_local; ++i) lengths[i] = c->starts[i + 1] - c->starts[i];
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/lengths", base));
  written = hole_writer_rows(w, path, HOLE_TYPE_INT64, n, 0, c->first, c->n_local, lengths, "simplices of each", NULL);
  PetscCall(PetscFree(lengths));
  PetscCall(written);
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/simplices", base));
  PetscCall(hole_writer_rows(w, path, HOLE_TYPE_INT64, n_all, dim + 1, first, n_local, c->simplices, "points", NULL));
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/coefficients", base));
  PetscCall(
      hole_writer_rows(w, path, HOLE_TYPE_INT32, n_all, 0, first, n_local, c->coefficients, "of each simplex", NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_dimension(hole_writer w, HoleDiagram diagram, PetscInt dim)
{
  const HoleInterval *intervals;
  const HoleChains   *chains;
  HoleIndex           n, zero_pairs;
  char                path[PATH_LENGTH];

  PetscFunctionBegin;
  PetscCall(HoleDiagramGetIntervals(diagram, dim, &n, &intervals, &zero_pairs));
  PetscCall(PetscSNPrintf(path, sizeof(path), "/dim%" PetscInt_FMT "/intervals", dim));
  PetscCall(hole_writer_replicated_records(w, path, HOLE_FIELDS(interval_fields), sizeof(*intervals), n, intervals,
                                           "birth, death and their simplices; -1: none", NULL));
  PetscCall(hole_writer_attr_int64(w, path, "zero_pairs", zero_pairs));
  for (int kind = HOLE_COCYCLES; kind <= HOLE_CYCLES; ++kind) {
    PetscCall(HoleDiagramGetChains(diagram, (HoleChainKind)kind, dim, &chains));
    PetscCall(PetscSNPrintf(path, sizeof(path), "/dim%" PetscInt_FMT "/%s", dim, chain_names[kind]));
    if (chains) PetscCall(write_chains(w, path, n, dim, chains));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* An array that is equal on every rank; nothing happens if it is NULL. */
static PetscErrorCode write_array(hole_writer w, const char path[], hole_type type, HoleIndex n, const void *data)
{
  PetscFunctionBegin;
  if (data) PetscCall(hole_writer_replicated(w, path, type, n, 0, data, "see HoleViews", NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Numbers of a struct, as attributes of the group `path`. */
static PetscErrorCode write_numbers(hole_writer w, const char path[], int n, const struct hole_field fields[],
                                    const char from[])
{
  PetscFunctionBegin;
  for (int f = 0; f < n; ++f) {
    const void *value = from + fields[f].offset;

    if (fields[f].type == HOLE_TYPE_DOUBLE)
      PetscCall(hole_writer_attr_double(w, path, fields[f].name, *(const double *)value));
    else PetscCall(hole_writer_attr_int64(w, path, fields[f].name, *(const int64_t *)value));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_views(hole_writer w, const HoleViews *v)
{
  const char *const at = "/views";

  PetscFunctionBegin;
  PetscCall(hole_writer_group(w, at));
  PetscCall(hole_writer_attr_string(w, at, "left_out", v->left_out));
  PetscCall(hole_writer_attr_int64(w, at, "leaf_optimal", v->leaf_optimal));
  PetscCall(write_numbers(w, at, HOLE_FIELDS(view_numbers), (const char *)v));
  PetscCall(write_array(w, "/views/pca2", HOLE_TYPE_DOUBLE, 2 * v->n, v->pca2));
  PetscCall(write_array(w, "/views/spectral2", HOLE_TYPE_DOUBLE, 2 * v->n, v->spectral2));
  PetscCall(write_array(w, "/views/leaf_order", HOLE_TYPE_INT64, v->n, v->leaf_order));
  PetscCall(write_array(w, "/views/rcm_order", HOLE_TYPE_INT64, v->n, v->rcm_order));
  PetscCall(write_array(w, "/views/heatmap_first", HOLE_TYPE_INT64, v->n_blocks + 1, v->heatmap_first));
  PetscCall(write_array(w, "/views/heatmap_class", HOLE_TYPE_INT32, v->n_blocks, v->heatmap_class));
  PetscCall(write_array(w, "/views/heatmap", HOLE_TYPE_FLOAT, v->n_blocks * v->n_blocks, v->heatmap));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_whole(hole_writer w, const struct hole_unit *u)
{
  PetscBool any = (PetscBool)(u->positions != NULL); /* a rank without points has none */

  PetscFunctionBegin;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &any, 1, MPIU_BOOL, MPI_LOR, hole_writer_comm(w)));
  PetscCall(hole_writer_attr_double(w, "/", "threshold", u->threshold));
  PetscCall(hole_writer_attr_int64(w, "/", "n_pairs", u->n_pairs));
  PetscCall(hole_writer_attr_double(w, "/", "cophenetic", u->cophenetic));
  PetscCall(hole_writer_replicated_records(w, "/tree", HOLE_FIELDS(edge_fields), sizeof(HoleEdge), u->n_points - 1,
                                           HoleTreeGetEdges(u->tree), "edges in merge order", NULL));
  PetscCall(write_views(w, u->views));
  if (any)
    PetscCall(hole_writer_rows(w, "/positions", HOLE_TYPE_INT32, u->n_points, 0, u->first, u->n_local, u->positions,
                               "where each point was taken from", NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_part(hole_writer w, const struct hole_homology_state *state)
{
  PetscFunctionBegin;
  PetscCall(hole_writer_attr_int64(w, "/", "dim", state->dim));
  PetscCall(hole_writer_attr_int64(w, "/", "n_negative", state->n_negative));
  PetscCall(hole_writer_replicated(w, "/cleared", HOLE_TYPE_INT64, state->n_cleared, 0, state->cleared,
                                   "critical simplices of dimension dim + 1 that end an interval", NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_unit_write(hole_writer w, hole_unit_form form, const struct hole_unit *u)
{
  const PetscBool whole = (PetscBool)(form == HOLE_UNIT_WHOLE);
  const PetscInt  dims  = whole ? HoleDiagramGetMaxDim(u->diagram) : u->state.dim;

  PetscFunctionBegin;
  PetscCall(hole_writer_attr_string(w, "/", "layer", u->layer));
  PetscCall(hole_writer_attr_string(w, "/", "metric", u->metric));
  PetscCall(hole_writer_attr_int64(w, "/", "coefficients", HoleDiagramGetCoefficients(u->diagram)));
  for (PetscInt dim = 0; dim <= dims; ++dim) PetscCall(write_dimension(w, u->diagram, dim));
  PetscCall(whole ? write_whole(w, u) : write_part(w, &u->state));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Reading ---- */

static PetscErrorCode check_length(const char path[], HoleIndex found, HoleIndex expected)
{
  PetscFunctionBegin;
  PetscCheck(found == expected, PETSC_COMM_SELF, HOLE_ERR_INPUT,
             "%s has %" HoleIndex_FMT " entries, expected %" HoleIndex_FMT, path, found, expected);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Records of numbers that a double holds. */
static PetscErrorCode read_records(hole_reader r, const char path[], int n_fields, const struct hole_field fields[],
                                   HoleIndex *n, double *values[])
{
  const char *names[N_INTERVAL_FIELDS];

  PetscFunctionBegin;
  for (int f = 0; f < n_fields; ++f) names[f] = fields[f].name;
  PetscCall(hole_reader_verify(r, path));
  PetscCall(hole_reader_records(r, path, n_fields, names, n, values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode make_tree(HoleIndex n_points, HoleIndex n, const double values[], HoleTree *tree)
{
  HoleEdge      *edges;
  PetscErrorCode made;

  PetscFunctionBegin;
  PetscCall(check_length("/tree", n, n_points - 1));
  PetscCall(PetscMalloc1(n, &edges));
  for (HoleIndex e = 0; e < n; ++e)
    edges[e] = (HoleEdge){values[3 * e], (HoleIndex)values[3 * e + 1], (HoleIndex)values[3 * e + 2]};
  made = HoleTreeCreate(n_points, edges, tree);
  PetscCall(PetscFree(edges));
  PetscCall(made);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_tree(MPI_Comm comm, hole_reader r, HoleIndex n_points, HoleTree *tree)
{
  HoleIndex      n;
  double        *values;
  PetscErrorCode made;

  PetscFunctionBegin;
  PetscCall(read_records(r, "/tree", N_EDGE_FIELDS, edge_fields, &n, &values));
  made = HoleErrorAgree(comm, make_tree(n_points, n, values, tree)); /* local */
  PetscCall(PetscFree(values));
  PetscCall(made);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static HoleInterval interval_of(const double v[])
{
  HoleInterval interval = {v[0], v[1], {0}, {0}};

  for (int k = 0; k <= HOLE_MAX_DIM; ++k) interval.birth_simplex[k] = (HoleIndex)v[2 + k];
  for (int k = 0; k <= HOLE_MAX_DIM + 1; ++k) interval.death_simplex[k] = (HoleIndex)v[3 + HOLE_MAX_DIM + k];
  return interval;
}

/* Rows of this rank; to be freed, also after an error. */
static PetscErrorCode read_rows(MPI_Comm comm, hole_reader r, const char path[], HoleIndex width, HoleIndex first,
                                HoleIndex n, double *values[])
{
  struct hole_shape shape;
  hole_rows         rows;
  PetscErrorCode    read;

  PetscFunctionBegin;
  PetscCall(hole_reader_verify(r, path));
  PetscCall(hole_reader_shape(r, path, &shape));
  PetscCheck(shape.n_dims == (width > 1 ? 2 : 1) && (width == 1 || shape.dims[1] == width), PETSC_COMM_SELF,
             HOLE_ERR_INPUT, "%s has another shape", path);
  HoleCallAgreed(comm, PetscMalloc1(n * width, values)); /* local */
  PetscCall(hole_rows_open(r, path, &rows));
  read = hole_rows_read(rows, first, n, *values);
  PetscCall(hole_rows_close(&rows));
  PetscCall(read);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The chains of this rank's block of intervals. */
struct block {
  HoleIndex  first, n, first_item, n_items;
  double    *lengths, *vertices, *factors; /* as they are read */
  HoleIndex *starts, *simplices;
  int32_t   *coefficients;
};

/* Local: where chains begin. */
static PetscErrorCode add_lengths(struct block *b)
{
  PetscFunctionBegin;
  PetscCall(PetscMalloc1(b->n + 1, &b->starts));
  b->starts[0] = 0;
  for (HoleIndex i = 0; i < b->n; ++i) {
    PetscCheck(b->lengths[i] >= 0 && b->lengths[i] < 0x1p40, PETSC_COMM_SELF, HOLE_ERR_INPUT, "A chain of length %g",
               b->lengths[i]);
    b->starts[i + 1] = b->starts[i] + (HoleIndex)b->lengths[i];
  }
  b->n_items = b->starts[b->n];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode convert_block(struct block *b, PetscInt dim)
{
  PetscFunctionBegin;
  PetscCall(PetscMalloc1(b->n_items * (dim + 1), &b->simplices));
  PetscCall(PetscMalloc1(b->n_items, &b->coefficients));
  for (HoleIndex v = 0; v < b->n_items * (dim + 1); ++v) b->simplices[v] = (HoleIndex)b->vertices[v];
  for (HoleIndex s = 0; s < b->n_items; ++s) b->coefficients[s] = (int32_t)b->factors[s];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_block(MPI_Comm comm, hole_reader r, const char base[], PetscInt dim, struct block *b)
{
  char path[PATH_LENGTH];

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/lengths", base));
  PetscCall(read_rows(comm, r, path, 1, b->first, b->n, &b->lengths));
  HoleCallAgreed(comm, add_lengths(b)); /* local */
  PetscCallMPI(MPI_Exscan(&b->n_items, &b->first_item, 1, HOLE_MPI_INDEX, MPI_SUM, comm));
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/simplices", base));
  PetscCall(read_rows(comm, r, path, dim + 1, b->first_item, b->n_items, &b->vertices));
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/coefficients", base));
  PetscCall(read_rows(comm, r, path, 1, b->first_item, b->n_items, &b->factors));
  HoleCallAgreed(comm, convert_block(b, dim)); /* local */
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_chains(MPI_Comm comm, hole_reader r, HoleDiagram diagram, HoleChainKind kind, PetscInt dim)
{
  const HoleInterval *intervals;
  struct block        b = {0};
  HoleIndex           n;
  hole_object         object;
  char                base[PATH_LENGTH];
  PetscMPIInt         size, rank;
  PetscErrorCode      read;

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(base, sizeof(base), "/dim%" PetscInt_FMT "/%s", dim, chain_names[kind]));
  PetscCall(hole_reader_find(r, base, &object));
  if (object == HOLE_OBJECT_NONE) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCallMPI(MPI_Comm_size(comm, &size));
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(HoleDiagramGetIntervals(diagram, dim, &n, &intervals, NULL));
  b.first = hole_block_first(n, size, rank);
  b.n     = hole_block_count(n, size, rank);
  read    = read_block(comm, r, base, dim, &b);
  if (!read)
    read = HoleDiagramSetChains(diagram, comm, kind, dim, b.n, n ? intervals + b.first : NULL, b.starts, b.simplices,
                                b.coefficients);
  PetscCall(PetscFree(b.lengths));
  PetscCall(PetscFree(b.vertices));
  PetscCall(PetscFree(b.factors));
  PetscCall(PetscFree(b.starts));
  PetscCall(PetscFree(b.simplices));
  PetscCall(PetscFree(b.coefficients));
  PetscCall(read);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: the first rank's intervals, as numbers. */
static PetscErrorCode make_intervals(HoleIndex n, const double values[], HoleInterval **intervals)
{
  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n, intervals));
  for (HoleIndex i = 0; i < n; ++i) (*intervals)[i] = interval_of(values + i * N_INTERVAL_FIELDS);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_integer(hole_reader r, const char path[], const char name[], int64_t *value)
{
  PetscBool found;

  PetscFunctionBegin;
  PetscCall(hole_reader_attr_int64(r, path, name, &found, value));
  PetscCheck(found, PETSC_COMM_SELF, HOLE_ERR_INPUT, "%s has no attribute %s", path, name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_number(hole_reader r, const char path[], const char name[], double *value)
{
  PetscBool found;

  PetscFunctionBegin;
  PetscCall(hole_reader_attr_double(r, path, name, &found, value));
  PetscCheck(found, PETSC_COMM_SELF, HOLE_ERR_INPUT, "%s has no attribute %s", path, name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_dimension(MPI_Comm comm, hole_reader r, HoleDiagram diagram, PetscInt dim)
{
  char           path[PATH_LENGTH];
  HoleIndex      n;
  int64_t        zero_pairs;
  double        *values;
  HoleInterval  *intervals = NULL;
  PetscMPIInt    rank;
  PetscErrorCode made;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(PetscSNPrintf(path, sizeof(path), "/dim%" PetscInt_FMT "/intervals", dim));
  PetscCall(read_integer(r, path, "zero_pairs", &zero_pairs));
  PetscCall(read_records(r, path, N_INTERVAL_FIELDS, interval_fields, &n, &values));
  if (rank) n = 0;                                                    /* equal everywhere: one rank speaks */
  made = HoleErrorAgree(comm, make_intervals(n, values, &intervals)); /* local */
  PetscCall(PetscFree(values));
  if (!made) made = HoleDiagramSetIntervals(diagram, comm, dim, n, intervals, zero_pairs);
  PetscCall(PetscFree(intervals));
  PetscCall(made);
  for (int kind = HOLE_COCYCLES; kind <= HOLE_CYCLES && dim; ++kind)
    PetscCall(read_chains(comm, r, diagram, (HoleChainKind)kind, dim));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* An array of the views, [n] of doubles or of indices as `type` says; `values`, a double ** or a HoleIndex **, is left as it is where
   there is none. */
static PetscErrorCode read_array(hole_reader r, const char path[], hole_type type, HoleIndex n, void *values)
{
  hole_object object;
  HoleIndex   found;

  PetscFunctionBegin;
  PetscCall(hole_reader_find(r, path, &object));
  if (object == HOLE_OBJECT_NONE) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(hole_reader_verify(r, path));
  if (type == HOLE_TYPE_DOUBLE) PetscCall(hole_reader_doubles(r, path, &found, (double **)values));
  else PetscCall(hole_reader_int64s(r, path, &found, (HoleIndex **)values));
  PetscCall(check_length(path, found, n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: in the types of the views. */
static PetscErrorCode take_heatmap(HoleViews *v, const double means[], const HoleIndex classes[])
{
  PetscFunctionBegin;
  if (means) PetscCall(PetscMalloc1(v->n_blocks * v->n_blocks, &v->heatmap));
  for (HoleIndex i = 0; means && i < v->n_blocks * v->n_blocks; ++i) v->heatmap[i] = (float)means[i];
  if (classes) PetscCall(PetscMalloc1(v->n_blocks, &v->heatmap_class));
  for (HoleIndex i = 0; classes && i < v->n_blocks; ++i) v->heatmap_class[i] = (int32_t)classes[i];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_heatmap(MPI_Comm comm, hole_reader r, HoleViews *v)
{
  double        *means   = NULL;
  HoleIndex     *classes = NULL;
  PetscErrorCode read;

  PetscFunctionBegin;
  PetscCall(read_array(r, "/views/heatmap_first", HOLE_TYPE_INT64, v->n_blocks + 1, &v->heatmap_first));
  read = read_array(r, "/views/heatmap", HOLE_TYPE_DOUBLE, v->n_blocks * v->n_blocks, &means);
  if (!read) read = read_array(r, "/views/heatmap_class", HOLE_TYPE_INT64, v->n_blocks, &classes);
  if (!read) read = HoleErrorAgree(comm, take_heatmap(v, means, classes)); /* local */
  PetscCall(PetscFree(means));
  PetscCall(PetscFree(classes));
  PetscCall(read);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_left_out(hole_reader r, HoleViews *v)
{
  HoleIndex  n;
  hole_names text;

  PetscFunctionBegin;
  PetscCall(hole_reader_attr_strings(r, "/views", "left_out", &n, &text));
  if (n == 1) PetscCall(PetscStrncpy(v->left_out, text[0], sizeof(v->left_out)));
  PetscCall(PetscFree(text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_numbers(hole_reader r, const char path[], int n, const struct hole_field fields[], char to[])
{
  PetscFunctionBegin;
  for (int f = 0; f < n; ++f) {
    void *value = to + fields[f].offset;

    if (fields[f].type == HOLE_TYPE_DOUBLE) PetscCall(read_number(r, path, fields[f].name, (double *)value));
    else PetscCall(read_integer(r, path, fields[f].name, (int64_t *)value));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_views(MPI_Comm comm, hole_reader r, HoleViews *v)
{
  const char *const at = "/views";
  int64_t           optimal;

  PetscFunctionBegin;
  PetscCall(read_left_out(r, v));
  PetscCall(read_integer(r, at, "leaf_optimal", &optimal));
  v->leaf_optimal = (PetscBool)(optimal != 0);
  PetscCall(read_numbers(r, at, HOLE_FIELDS(view_numbers), (char *)v));
  PetscCall(read_array(r, "/views/pca2", HOLE_TYPE_DOUBLE, 2 * v->n, &v->pca2));
  PetscCall(read_array(r, "/views/spectral2", HOLE_TYPE_DOUBLE, 2 * v->n, &v->spectral2));
  PetscCall(read_array(r, "/views/leaf_order", HOLE_TYPE_INT64, v->n, &v->leaf_order));
  PetscCall(read_array(r, "/views/rcm_order", HOLE_TYPE_INT64, v->n, &v->rcm_order));
  PetscCall(read_heatmap(comm, r, v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode take_positions(struct hole_unit *u, const double values[])
{
  PetscFunctionBegin;
  PetscCall(PetscMalloc1(PetscMax(u->n_local, 1), &u->positions));
  for (HoleIndex i = 0; i < u->n_local; ++i) u->positions[i] = (int32_t)values[i];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_positions(MPI_Comm comm, hole_reader r, struct hole_unit *u)
{
  double        *values = NULL;
  hole_object    object;
  PetscMPIInt    size, rank;
  PetscErrorCode read;

  PetscFunctionBegin;
  PetscCall(hole_reader_find(r, "/positions", &object));
  if (object == HOLE_OBJECT_NONE) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCallMPI(MPI_Comm_size(comm, &size));
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  u->first   = hole_block_first(u->n_points, size, rank);
  u->n_local = hole_block_count(u->n_points, size, rank);
  read       = read_rows(comm, r, "/positions", 1, u->first, u->n_local, &values);
  if (!read) read = HoleErrorAgree(comm, take_positions(u, values)); /* local */
  PetscCall(PetscFree(values));
  PetscCall(read);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_whole(MPI_Comm comm, hole_reader r, struct hole_unit *u)
{
  PetscFunctionBegin;
  PetscCall(read_number(r, "/", "threshold", &u->threshold));
  PetscCall(read_integer(r, "/", "n_pairs", &u->n_pairs));
  PetscCall(read_number(r, "/", "cophenetic", &u->cophenetic));
  PetscCall(read_tree(comm, r, u->n_points, &u->tree));
  HoleCallAgreed(comm, HoleViewsCreate(u->n_points, &u->views)); /* local */
  PetscCall(read_views(comm, r, u->views));
  PetscCall(read_positions(comm, r, u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_part(hole_reader r, struct hole_homology_state *state)
{
  int64_t *cleared;

  PetscFunctionBegin;
  PetscCall(read_integer(r, "/", "n_negative", &state->n_negative));
  PetscCall(hole_reader_verify(r, "/cleared"));
  PetscCall(hole_reader_int64s(r, "/cleared", &state->n_cleared, &cleared));
  state->cleared = (uint64_t *)cleared;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_unit_read(MPI_Comm comm, hole_reader r, hole_unit_form form, PetscInt max_dim, struct hole_unit *u)
{
  int64_t prime, dims = max_dim;

  PetscFunctionBegin;
  PetscCall(read_integer(r, "/", "coefficients", &prime));
  if (form == HOLE_UNIT_PART) PetscCall(read_integer(r, "/", "dim", &dims));
  PetscCheck(dims >= 0 && dims <= max_dim, PETSC_COMM_SELF, HOLE_ERR_INPUT, "Dimensions up to %" PRId64, dims);
  u->state.dim = form == HOLE_UNIT_PART ? (PetscInt)dims : 0;
  HoleCallAgreed(comm, HoleDiagramCreate(max_dim, &u->diagram)); /* local */
  PetscCall(HoleDiagramSetCoefficients(u->diagram, (PetscInt)prime));
  for (PetscInt dim = 0; dim <= dims; ++dim) PetscCall(read_dimension(comm, r, u->diagram, dim));
  if (form == HOLE_UNIT_PART) PetscCall(read_part(r, &u->state));
  else PetscCall(read_whole(comm, r, u));
  PetscFunctionReturn(PETSC_SUCCESS);
}
