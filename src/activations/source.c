/* An input file of activations: what is in it (layers.c, labels.c), the subsample, and reading a layer.

   A rank reads the samples that its block of points comes from, piece by piece (pieces.h), and turns each into points at once
   (reshape.c). Reads are collective: ranks that are done take part with no rows. */
#include "source_impl.h"

#include "../core/block.h"
#include "../core/fault.h"
#include "../core/random.h"
#include "../core/simd.h"
#include "activations_impl.h"
#include "pieces.h"
#include <errno.h>
#include <hole/hole_error.h>
#include <stdlib.h>
#include <string.h>

#define MOST_POINTS 0x1p30 /* ids of points and of tree nodes fit 31 bits */

/* ---- what is asked for ---- */

PetscErrorCode HoleSourceCreate(MPI_Comm comm, const char path[], HoleSource *source)
{
  HoleSource s;

  PetscFunctionBegin;
  *source = NULL;
  PetscCall(PetscNew(&s));
  PetscCallMPI(MPI_Comm_dup(comm, &s->comm));
  PetscCall(PetscStrallocpy(path, &s->path));
  *source = s;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Keep a copy of an option's value; NULL stands for the default. */
static PetscErrorCode keep_text(HoleSource source, const char value[], char **text)
{
  PetscFunctionBegin;
  PetscCheck(!source->reader, PETSC_COMM_SELF, PETSC_ERR_ORDER, "Input %s is open already", source->path);
  PetscCall(PetscFree(*text));
  PetscCall(PetscStrallocpy(value, text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleSourceSetLayers(HoleSource source, const char patterns[])
{
  PetscFunctionBegin;
  PetscCall(keep_text(source, patterns, &source->layers_wanted));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleSourceSetDatasets(HoleSource source, const char paths[])
{
  PetscFunctionBegin;
  PetscCall(keep_text(source, paths, &source->datasets_wanted));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleSourceSetLabelsDataset(HoleSource source, const char path[])
{
  PetscFunctionBegin;
  PetscCall(keep_text(source, path, &source->labels_wanted));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleSourceSetPrecomputed(HoleSource source, PetscBool precomputed)
{
  PetscFunctionBegin;
  PetscCheck(!source->reader, PETSC_COMM_SELF, PETSC_ERR_ORDER, "Input %s is open already", source->path);
  source->precomputed = precomputed;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleSourceSetSubsample(HoleSource source, HoleIndex max_points, HoleIndex seed)
{
  PetscFunctionBegin;
  PetscCheck(max_points >= 0, source->comm, HOLE_ERR_USAGE, "-max_points %" HoleIndex_FMT ": expected 0 (all) or more",
             max_points);
  source->max_points = max_points;
  source->seed       = seed;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleSourceSetReshape(HoleSource source, const char rule[])
{
  PetscFunctionBegin;
  PetscCall(hole_reshape_parse(source->comm, rule, &source->rule));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Value of an option, borrowed; NULL if it was not given. PetscOptionsGetString() would cut a long list off. */
static PetscErrorCode find_option(HoleSource source, const char name[], const char **value)
{
  PetscBool given;

  PetscFunctionBegin;
  PetscCall(PetscOptionsFindPair(NULL, NULL, name, value, &given));
  if (!given) *value = NULL;
  PetscCheck(!given || (*value && (*value)[0]), source->comm, HOLE_ERR_USAGE, "%s: a value is missing", name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A whole number, or the word all, which is 0, where `all` allows it; left as it is if the option was not given. */
static PetscErrorCode find_number(HoleSource source, const char name[], PetscBool all, HoleIndex *number)
{
  const char *value;
  char       *end;
  long long   n;

  PetscFunctionBegin;
  PetscCall(find_option(source, name, &value));
  if (!value) PetscFunctionReturn(PETSC_SUCCESS);
  if (all && !strcmp(value, "all")) {
    *number = 0;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  errno = 0;
  n     = strtoll(value, &end, 10);
  PetscCheck(!errno && end != value && !*end, source->comm, HOLE_ERR_USAGE, "%s %s: expected a whole number", name,
             value);
  *number = (HoleIndex)n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleSourceSetFromOptions(HoleSource source)
{
  const char *value;
  HoleIndex   max_points = source->max_points, seed = source->seed;
  PetscBool   given;

  PetscFunctionBegin;
  PetscCall(find_option(source, "-layers", &value));
  if (value) PetscCall(HoleSourceSetLayers(source, value));
  PetscCall(find_option(source, "-dataset", &value));
  if (value) PetscCall(HoleSourceSetDatasets(source, value));
  PetscCall(find_option(source, "-labels_dataset", &value));
  if (value) PetscCall(HoleSourceSetLabelsDataset(source, value));
  PetscCall(find_option(source, "-reshape", &value));
  if (value) PetscCall(HoleSourceSetReshape(source, value));
  PetscCall(PetscOptionsFindPair(NULL, NULL, "-metric", &value, &given));
  if (given && value && !strcmp(value, HOLE_METRIC_PRECOMPUTED))
    PetscCall(HoleSourceSetPrecomputed(source, PETSC_TRUE));
  PetscCall(find_number(source, "-max_points", PETSC_TRUE, &max_points));
  PetscCall(find_number(source, "-seed", PETSC_FALSE, &seed));
  PetscCall(HoleSourceSetSubsample(source, max_points, seed));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- set-up ---- */

struct draw {
  uint64_t  key;
  HoleIndex row;
};

static int by_key_then_row(const void *a, const void *b)
{
  const struct draw *x = (const struct draw *)a, *y = (const struct draw *)b;

  if (x->key != y->key) return x->key < y->key ? -1 : 1;
  return (x->row > y->row) - (x->row < y->row);
}

static int by_row(const void *a, const void *b)
{
  const HoleIndex x = *(const HoleIndex *)a, y = *(const HoleIndex *)b;

  return (x > y) - (x < y);
}

/* Local: the rows with the smallest keys, ascending. */
static PetscErrorCode draw_subsample(HoleSource source)
{
  struct draw *draws;

  PetscFunctionBegin;
  source->n_kept = source->n_file;
  if (!source->max_points || source->max_points >= source->n_file) PetscFunctionReturn(PETSC_SUCCESS);
  source->n_kept = source->max_points;
  PetscCall(PetscMalloc1(source->n_kept, &source->kept));
  PetscCall(PetscMalloc1(source->n_file, &draws));
  for (HoleIndex i = 0; i < source->n_file; ++i) {
    draws[i] = (struct draw){hole_random_bits((uint64_t)source->seed, (uint64_t)i), i};
  }
  qsort(draws, (size_t)source->n_file, sizeof(*draws), by_key_then_row);
  for (HoleIndex s = 0; s < source->n_kept; ++s) source->kept[s] = draws[s].row;
  qsort(source->kept, (size_t)source->n_kept, sizeof(HoleIndex), by_row);
  PetscCall(PetscFree(draws));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: how a layer is reshaped. Distances are no arrays of units, so that no rule concerns them. */
static PetscErrorCode plan_layer(HoleSource source, struct source_layer *layer)
{
  PetscFunctionBegin;
  if (layer->kind == HOLE_LAYER_ACTIVATIONS)
    PetscCall(hole_reshape_make_plan(source->comm, &source->rule, layer->name, layer->shape.n_dims, layer->shape.dims,
                                     &layer->plan));
  else layer->plan = (struct hole_reshape_plan){.values = layer->shape.dims[1], .points = 1};
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: how each layer is reshaped, and that all then have the same points. */
static PetscErrorCode plan_layers(HoleSource source)
{
  struct source_layer *layer, *first = &source->layers[0];

  PetscFunctionBegin;
  PetscCall(hole_fault(source->comm, "source_plan"));
  for (HoleIndex l = 0; l < source->n_layers; ++l) {
    layer = &source->layers[l];
    PetscCall(plan_layer(source, layer));
    PetscCheck(layer->plan.points == first->plan.points, source->comm, HOLE_ERR_USAGE,
               "-reshape gives %" HoleIndex_FMT " points a sample in layer %s but %" HoleIndex_FMT
               " in layer %s; choose layers with equal numbers by -layers",
               first->plan.points, first->name, layer->plan.points, layer->name);
  }
  source->points = first->plan.points;
  PetscCall(draw_subsample(source));
  PetscCheck((double)source->n_kept * (double)source->points <= MOST_POINTS, source->comm, HOLE_ERR_RESOURCE,
             "Input %s: %" HoleIndex_FMT
             " samples give %.4g points, and this version takes at most %.4g; lower -max_points",
             source->path, source->n_kept, (double)source->n_kept * (double)source->points, MOST_POINTS);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode set_up_source(HoleSource source)
{
  PetscFunctionBegin;
  PetscCall(hole_reader_create(source->comm, source->path, &source->reader)); /* collective */
  PetscCall(hole_source_find_layers(source));                                 /* collective */
  HoleCallAgreed(source->comm, plan_layers(source));                          /* local */
  PetscCall(hole_source_find_labels(source));                                 /* collective */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Undo the set-up. Collective. */
static PetscErrorCode reset_source(HoleSource source)
{
  PetscFunctionBegin;
  PetscCall(hole_source_free_layers(source));
  PetscCall(PetscFree(source->kept));
  PetscCall(PetscFree(source->ids));
  PetscCall(PetscFree(source->labels));
  PetscCall(PetscFree(source->classes));
  source->n_file = source->n_kept = source->points = source->n_classes = 0;
  PetscCall(hole_reader_destroy(&source->reader));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleSourceSetUp(HoleSource source)
{
  PetscErrorCode done;

  PetscFunctionBegin;
  PetscCheck(!source->reader, PETSC_COMM_SELF, PETSC_ERR_ORDER, "Input %s is open already", source->path);
  done = set_up_source(source);
  if (done) PetscCall(reset_source(source));
  PetscCall(done);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- what was found ---- */

HoleIndex HoleSourceGetLayerCount(HoleSource source) { return source->n_layers; }

const char *HoleSourceGetLayerName(HoleSource source, HoleIndex l) { return source->layers[l].name; }

HoleLayerKind HoleSourceGetLayerKind(HoleSource source, HoleIndex l) { return source->layers[l].kind; }

PetscErrorCode hole_source_check_kind(HoleSource source, HoleIndex l, HoleLayerKind kind)
{
  static const char *const words[] = {"activations", "a matrix of distances", "a graph of distances"};
  struct source_layer     *layer;

  PetscFunctionBegin;
  PetscCheck(source->reader && l >= 0 && l < source->n_layers, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "Input %s has no layer %" HoleIndex_FMT " of %" HoleIndex_FMT, source->path, l, source->n_layers);
  layer = &source->layers[l];
  PetscCheck(layer->kind == kind, source->comm, HOLE_ERR_USAGE,
             "Input %s: layer %s has %s (%s), expected %s; choose others by -layers", source->path, layer->name,
             words[layer->kind], layer->dataset, words[kind]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleSourceGetLayerShape(HoleSource source, HoleIndex l, HoleIndex *n_points, HoleIndex *width)
{
  PetscFunctionBegin;
  if (n_points) *n_points = source->n_kept * source->points;
  if (width) *width = source->layers[l].plan.width;
  PetscFunctionReturn(PETSC_SUCCESS);
}

double HoleSourcePredictBytes(HoleSource source, HoleIndex l, PetscMPIInt size)
{
  const struct source_layer *layer   = &source->layers[l];
  const HoleIndex            n       = source->n_kept * source->points;
  const double               n_local = (double)hole_block_count(n, size, 0), value = (double)sizeof(double);

  if (layer->kind == HOLE_LAYER_DISTANCES) return value * n_local * (double)HOLE_ROW_STRIDE(n);
  if (layer->kind == HOLE_LAYER_GRAPH) /* entries of 16 bytes; twice while ranks exchange them */
    return value * (double)layer->shape.dims[0] + (size > 1 ? 32 : 16) * (double)layer->n_entries / size;
  return value * n_local * (double)layer->plan.width;
}

PetscErrorCode HoleSourceGetSamples(HoleSource source, HoleIndex *n_file, HoleIndex *n_kept)
{
  PetscFunctionBegin;
  if (n_file) *n_file = source->n_file;
  if (n_kept) *n_kept = source->n_kept;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleSourceGetSampleIds(HoleSource source, const int64_t *ids[])
{
  PetscFunctionBegin;
  *ids = source->ids;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleSourceGetLabels(HoleSource source, const int32_t *labels[])
{
  PetscFunctionBegin;
  *labels = source->labels;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleSourceGetClasses(HoleSource source, HoleIndex *n_classes, const char *const *names[])
{
  PetscFunctionBegin;
  if (n_classes) *n_classes = source->n_classes;
  if (names) *names = (const char *const *)source->classes;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- reading a layer ---- */

/* One layer while it is read. */
struct load {
  HoleSource                 source;
  const struct source_layer *layer;
  HoleActivations            acts;
  int32_t                   *positions; /* [n_local], NULL if the rule has none */
  hole_rows                  rows;
  struct hole_pieces         pieces;             /* of the kept samples that our points come from */
  double                    *buffer;             /* [pieces.most, values of a sample] */
  struct hole_reshape_norm  *norms;              /* scratch */
  HoleIndex                  bad_row, bad_value; /* first value that is not finite; INT64_MAX if there is none */
  double                     bad;
};

/* Local: which samples, and memory. Points of one sample may belong to two ranks, which then both read it. */
static PetscErrorCode plan_load(struct load *load)
{
  HoleSource                      source = load->source;
  const struct hole_reshape_plan *plan   = &load->layer->plan;
  HoleActivations                 acts   = load->acts;
  const HoleIndex begin = acts->first / plan->points, end = (acts->first + acts->n_local - 1) / plan->points + 1;

  PetscFunctionBegin;
  PetscCall(hole_fault(source->comm, "source_read"));
  load->bad_row = INT64_MAX;
  hole_pieces_init(source, &load->layer->shape, begin, acts->n_local ? end : begin, &load->pieces);
  PetscCall(PetscMalloc1((size_t)(load->pieces.most * plan->values), &load->buffer));
  if (plan->kind == HOLE_RESHAPE_TOP) PetscCall(PetscMalloc1(plan->n_positions, &load->norms));
  if (plan->placed) PetscCall(PetscMalloc1(acts->n_local, &load->positions));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Note the first value of a sample that is not finite. */
static void check_sample(struct load *load, HoleIndex row, const double sample[])
{
  for (HoleIndex v = 0; v < load->layer->plan.values && load->bad_row == INT64_MAX; ++v) {
    if (!PetscIsInfOrNanReal(sample[v])) continue;
    load->bad_row   = row;
    load->bad_value = v;
    load->bad       = sample[v];
  }
}

/* Local: turn kept samples [s, next) of a piece into points. */
static void take_samples(struct load *load, HoleIndex s, HoleIndex next, HoleIndex first_row)
{
  const struct hole_reshape_plan *plan = &load->layer->plan;
  HoleActivations                 acts = load->acts;
  HoleIndex                       row, first, end, local;
  const double                   *sample;

  for (; s < next; ++s) {
    row    = hole_source_row(load->source, s);
    first  = PetscMax(s * plan->points, acts->first);
    end    = PetscMin((s + 1) * plan->points, acts->first + acts->n_local);
    local  = first - acts->first;
    sample = load->buffer + (row - first_row) * plan->values;
    check_sample(load, row, sample);
    hole_reshape_sample(plan, hole_random_bits((uint64_t)load->source->seed, (uint64_t)row), sample,
                        first - s * plan->points, end - first, load->norms, acts->rows + local * plan->width,
                        load->positions ? load->positions + local : NULL);
  }
}

/* Collective: as many reads as the rank with the most pieces needs. */
static PetscErrorCode read_pieces(struct load *load)
{
  HoleIndex most, first, n, next;

  PetscFunctionBegin;
  PetscCall(hole_pieces_count(&load->pieces, &most));
  for (HoleIndex i = 0, s = load->pieces.begin; i < most; ++i, s = next) {
    next = hole_pieces_next(&load->pieces, s, &first, &n);
    PetscCall(hole_rows_read(load->rows, first, n, load->buffer));
    take_samples(load, s, next, first);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: say what is not finite, in the words of the file. `v` counts the values of a sample. */
static PetscErrorCode report_not_finite(const struct load *load)
{
  const struct hole_shape *shape = &load->layer->shape;
  HoleIndex                v = load->bad_value, step = load->layer->plan.values;
  char                     where[128], part[32];

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(where, sizeof(where), "%" HoleIndex_FMT, load->bad_row));
  for (int k = 1; k < shape->n_dims; ++k) {
    step /= shape->dims[k];
    PetscCall(PetscSNPrintf(part, sizeof(part), ", %" HoleIndex_FMT, v / step));
    PetscCall(PetscStrlcat(where, part, sizeof(where)));
    v %= step;
  }
  SETERRQ(PETSC_COMM_SELF, HOLE_ERR_INPUT,
          "Input %s: dataset %s, row %" HoleIndex_FMT " (element [%s]) is %s, expected finite numbers",
          load->source->path, load->layer->dataset, load->bad_row, where,
          PetscIsNanReal(load->bad) ? "NaN" : "infinite");
}

/* Collective: one rank speaks, of the first such row of the file, whatever the rank count. */
static PetscErrorCode check_finite(const struct load *load)
{
  MPI_Comm    comm = load->source->comm;
  HoleIndex   row;
  PetscMPIInt rank, mine, speaker;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Allreduce(&load->bad_row, &row, 1, HOLE_MPI_INDEX, MPI_MIN, comm));
  if (row == INT64_MAX) PetscFunctionReturn(PETSC_SUCCESS); /* equal on all ranks */
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  mine = load->bad_row == row ? rank : PETSC_MPI_INT_MAX;
  PetscCallMPI(MPI_Allreduce(&mine, &speaker, 1, MPI_INT, MPI_MIN, comm));
  HoleCallAgreed(comm, rank == speaker ? report_not_finite(load) : PETSC_SUCCESS);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: where points are not the rows of the file, messages about them need these. */
static PetscErrorCode note_file_rows(struct load *load)
{
  const HoleSource source = load->source;
  HoleIndex       *rows;

  PetscFunctionBegin;
  if (!source->kept && source->points == 1) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscMalloc1(load->acts->n_local, &rows));
  for (HoleIndex i = 0; i < load->acts->n_local; ++i)
    rows[i] = hole_source_row(source, (load->acts->first + i) / source->points);
  PetscCall(HoleActivationsSetFileRows(load->acts, rows));
  PetscCall(PetscFree(rows));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode load_layer(struct load *load)
{
  HoleSource                      source = load->source;
  const struct hole_reshape_plan *plan   = &load->layer->plan;

  PetscFunctionBegin;
  PetscCall(HoleActivationsCreate(source->comm, load->layer->name, source->n_kept * source->points, plan->width,
                                  &load->acts));
  HoleCallAgreed(source->comm, note_file_rows(load));                           /* local */
  HoleCallAgreed(source->comm, plan_load(load));                                /* local */
  PetscCall(hole_rows_open(source->reader, load->layer->dataset, &load->rows)); /* collective */
  PetscCall(read_pieces(load));                                                 /* collective */
  PetscCall(check_finite(load));                                                /* collective */
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleSourceLoadLayer(HoleSource source, HoleIndex l, HoleActivations *acts, int32_t *positions[])
{
  struct load    load = {.source = source};
  PetscErrorCode loaded, closed;

  PetscFunctionBegin;
  *acts = NULL;
  if (positions) *positions = NULL;
  PetscCall(hole_source_check_kind(source, l, HOLE_LAYER_ACTIVATIONS));
  load.layer = &source->layers[l];
  loaded     = load_layer(&load);
  closed     = HoleErrorAgree(source->comm, hole_rows_close(&load.rows));
  PetscCall(PetscFree(load.buffer));
  PetscCall(PetscFree(load.norms));
  if (loaded || closed || !positions) PetscCall(PetscFree(load.positions));
  if (loaded || closed) PetscCall(HoleActivationsDestroy(&load.acts));
  PetscCall(loaded);
  PetscCall(closed);
  *acts = load.acts;
  if (positions) *positions = load.positions;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleSourceDestroy(HoleSource *source)
{
  PetscFunctionBegin;
  if (!*source) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(reset_source(*source));
  PetscCall(PetscFree((*source)->path));
  PetscCall(PetscFree((*source)->layers_wanted));
  PetscCall(PetscFree((*source)->datasets_wanted));
  PetscCall(PetscFree((*source)->labels_wanted));
  PetscCallMPI(MPI_Comm_free(&(*source)->comm));
  PetscCall(PetscFree(*source));
  PetscFunctionReturn(PETSC_SUCCESS);
}
