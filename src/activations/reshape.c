/* The rules of -reshape.

   A map [C, H, W] has H*W positions y*W + x, each a point with C units; a sequence [T, d] has T positions with d units.
   The samplings of positions are those of [Purvine2022]: one at random without the border, all, those of largest norm.
   Sums run over ascending positions or units, so a result depends on the sample alone. */
#include "reshape.h"

#include <hole/hole_error.h>
#include <stdlib.h>
#include <string.h>

#define MOST_VALUES 0x1p34 /* of a sample: 128 GiB in double precision */

#define RULES \
  "auto, flatten, mean, max, spatial:random, spatial:full, spatial:top1, spatial:topk:K, token:T or tokens:mean"

static const struct {
  const char       *word;
  hole_reshape_kind kind;
  HoleIndex         argument, least; /* `least` >= 0: a number of at least this follows the word */
} rules[] = {
    {"auto", HOLE_RESHAPE_AUTO, 0, -1},
    {"flatten", HOLE_RESHAPE_FLATTEN, 0, -1},
    {"mean", HOLE_RESHAPE_MEAN, 0, -1},
    {"max", HOLE_RESHAPE_MAX, 0, -1},
    {"spatial:random", HOLE_RESHAPE_RANDOM, 0, -1},
    {"spatial:full", HOLE_RESHAPE_FULL, 0, -1},
    {"spatial:top1", HOLE_RESHAPE_TOP, 1, -1},
    {"spatial:topk:", HOLE_RESHAPE_TOP, 0, 1},
    {"token:", HOLE_RESHAPE_TOKEN, 0, 0},
    {"tokens:mean", HOLE_RESHAPE_TOKENS_MEAN, 0, -1},
};

/* A whole number in digits only, at most 18 of them. */
static PetscBool read_number(const char text[], HoleIndex *number)
{
  size_t n = strlen(text);

  if (!n || n > 18 || strspn(text, "0123456789") != n) return PETSC_FALSE;
  *number = (HoleIndex)strtoll(text, NULL, 10);
  return PETSC_TRUE;
}

PetscErrorCode hole_reshape_parse(MPI_Comm comm, const char text[], struct hole_reshape_rule *rule)
{
  size_t length;

  PetscFunctionBegin;
  for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); ++i) {
    length         = strlen(rules[i].word);
    rule->kind     = rules[i].kind;
    rule->argument = rules[i].argument;
    if (rules[i].least < 0 && !strcmp(text, rules[i].word)) PetscFunctionReturn(PETSC_SUCCESS);
    if (rules[i].least < 0 || strncmp(text, rules[i].word, length)) continue;
    if (read_number(text + length, &rule->argument) && rule->argument >= rules[i].least)
      PetscFunctionReturn(PETSC_SUCCESS);
  }
  SETERRQ(comm, HOLE_ERR_USAGE, "-reshape %s: no such rule; expected " RULES, text);
}

/* Axes of a sample, and what a plan has unless a rule changes it: one point with the units of a position. */
static void describe_axes(int n_dims, const HoleIndex dims[], struct hole_reshape_plan *plan)
{
  memset(plan, 0, sizeof(*plan));
  plan->map[0]        = n_dims == 4 ? dims[2] : n_dims == 3 ? dims[1] : 1;
  plan->map[1]        = n_dims == 4 ? dims[3] : 1;
  plan->n_positions   = plan->map[0] * plan->map[1];
  plan->width         = n_dims == 3 ? dims[2] : dims[1];
  plan->unit_step     = n_dims == 4 ? plan->n_positions : 1;
  plan->position_step = n_dims == 3 ? plan->width : 1;
  plan->values        = plan->n_positions * plan->width;
  plan->points        = 1;
}

/* Rules for one kind of array refuse the other; two axes pass as they are. */
static PetscErrorCode check_axes(MPI_Comm comm, const struct hole_reshape_rule *rule, const char layer[], int n_dims)
{
  const PetscBool spatial =
      rule->kind == HOLE_RESHAPE_RANDOM || rule->kind == HOLE_RESHAPE_FULL || rule->kind == HOLE_RESHAPE_TOP
          ? PETSC_TRUE
          : PETSC_FALSE;
  const PetscBool token =
      rule->kind == HOLE_RESHAPE_TOKEN || rule->kind == HOLE_RESHAPE_TOKENS_MEAN ? PETSC_TRUE : PETSC_FALSE;

  PetscFunctionBegin;
  PetscCheck(!spatial || n_dims == 4, comm, HOLE_ERR_USAGE,
             "-reshape: a spatial rule needs [N, C, H, W], but layer %s has %d axes; choose layers with -layers", layer,
             n_dims);
  PetscCheck(!token || n_dims == 3, comm, HOLE_ERR_USAGE,
             "-reshape: a token rule needs [N, T, d], but layer %s has %d axes; choose layers with -layers", layer,
             n_dims);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Which of the plain operations a rule is for this array. */
static hole_reshape_kind resolve(const struct hole_reshape_rule *rule, int n_dims)
{
  if (n_dims == 2) return HOLE_RESHAPE_FLATTEN;
  if (rule->kind == HOLE_RESHAPE_TOKENS_MEAN) return HOLE_RESHAPE_MEAN;
  if (rule->kind != HOLE_RESHAPE_AUTO) return rule->kind;
  return n_dims == 3 ? HOLE_RESHAPE_TOKEN : HOLE_RESHAPE_MEAN;
}

/* A sample is read whole: one that no machine could hold is refused before its size overflows. */
static PetscErrorCode check_sample(MPI_Comm comm, const char layer[], int n_dims, const HoleIndex dims[])
{
  double values = 1;

  PetscFunctionBegin;
  for (int d = 1; d < n_dims; ++d) values *= (double)dims[d];
  PetscCheck(values <= MOST_VALUES, comm, HOLE_ERR_RESOURCE,
             "Layer %s: one sample has %.3g values, more than a rank can read at once; store fewer positions", layer,
             values);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_reshape_make_plan(MPI_Comm comm, const struct hole_reshape_rule *rule, const char layer[],
                                      int n_dims, const HoleIndex dims[], struct hole_reshape_plan *plan)
{
  PetscFunctionBegin;
  PetscCall(check_sample(comm, layer, n_dims, dims));
  if (n_dims > 2) PetscCall(check_axes(comm, rule, layer, n_dims));
  describe_axes(n_dims, dims, plan);
  plan->kind     = resolve(rule, n_dims);
  plan->argument = rule->argument;
  if (plan->kind == HOLE_RESHAPE_FLATTEN) plan->width = plan->values;
  if (plan->kind == HOLE_RESHAPE_FULL) plan->points = plan->n_positions;
  if (plan->kind == HOLE_RESHAPE_TOP) plan->points = plan->argument;
  plan->placed = plan->kind == HOLE_RESHAPE_RANDOM || plan->kind == HOLE_RESHAPE_FULL || plan->kind == HOLE_RESHAPE_TOP
                     ? PETSC_TRUE
                     : PETSC_FALSE;
  PetscCheck(plan->points <= plan->n_positions, comm, HOLE_ERR_USAGE,
             "-reshape spatial:topk:%" HoleIndex_FMT ": layer %s has %" HoleIndex_FMT " positions", plan->argument,
             layer, plan->n_positions);
  PetscCheck(plan->kind != HOLE_RESHAPE_TOKEN || plan->argument < plan->n_positions, comm, HOLE_ERR_USAGE,
             "-reshape token:%" HoleIndex_FMT ": layer %s has %" HoleIndex_FMT " tokens, counted from 0",
             plan->argument, layer, plan->n_positions);
  PetscCheck(!plan->placed || plan->n_positions <= INT32_MAX, comm, HOLE_ERR_USAGE,
             "-reshape: layer %s has %" HoleIndex_FMT " positions, more than a spatial rule can number", layer,
             plan->n_positions);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Mean or maximum over positions. */
static void pool(const struct hole_reshape_plan *plan, const double sample[], double point[])
{
  const double *value;
  double        result;

  for (HoleIndex c = 0; c < plan->width; ++c) {
    value  = sample + c * plan->unit_step;
    result = value[0];
    for (HoleIndex p = 1; p < plan->n_positions; ++p) {
      if (plan->kind == HOLE_RESHAPE_MEAN) result += value[p * plan->position_step];
      else result = PetscMax(result, value[p * plan->position_step]);
    }
    point[c] = plan->kind == HOLE_RESHAPE_MEAN ? result / (double)plan->n_positions : result;
  }
}

static void gather(const struct hole_reshape_plan *plan, const double sample[], HoleIndex position, double point[])
{
  for (HoleIndex c = 0; c < plan->width; ++c) point[c] = sample[c * plan->unit_step + position * plan->position_step];
}

/* A position off the border; an axis of fewer than 3 has no inside and is taken whole. */
static HoleIndex draw_position(const struct hole_reshape_plan *plan, uint64_t bits)
{
  const HoleIndex border[2] = {plan->map[0] >= 3, plan->map[1] >= 3};
  const HoleIndex inner[2]  = {plan->map[0] - 2 * border[0], plan->map[1] - 2 * border[1]};
  const HoleIndex which     = (HoleIndex)(bits % (uint64_t)(inner[0] * inner[1]));

  return (border[0] + which / inner[1]) * plan->map[1] + border[1] + which % inner[1];
}

static int by_norm_descending_then_position(const void *a, const void *b)
{
  const struct hole_reshape_norm *x = (const struct hole_reshape_norm *)a, *y = (const struct hole_reshape_norm *)b;

  if (x->square != y->square) return x->square > y->square ? -1 : 1;
  return (x->position > y->position) - (x->position < y->position);
}

static void rank_positions(const struct hole_reshape_plan *plan, const double sample[],
                           struct hole_reshape_norm norms[])
{
  double value, square;

  for (HoleIndex p = 0; p < plan->n_positions; ++p) {
    square = 0.0;
    for (HoleIndex c = 0; c < plan->width; ++c) {
      value = sample[c * plan->unit_step + p * plan->position_step];
      square += value * value;
    }
    norms[p].square   = square;
    norms[p].position = p;
  }
  qsort(norms, (size_t)plan->n_positions, sizeof(norms[0]), by_norm_descending_then_position);
}

void hole_reshape_sample(const struct hole_reshape_plan *plan, uint64_t bits, const double sample[], HoleIndex first,
                         HoleIndex n, struct hole_reshape_norm norms[], double points[], int32_t positions[])
{
  HoleIndex position;

  if (plan->kind == HOLE_RESHAPE_FLATTEN) {
    memcpy(points, sample, (size_t)plan->values * sizeof(double));
    return;
  }
  if (plan->kind == HOLE_RESHAPE_MEAN || plan->kind == HOLE_RESHAPE_MAX) {
    pool(plan, sample, points);
    return;
  }
  if (plan->kind == HOLE_RESHAPE_TOP) rank_positions(plan, sample, norms);
  for (HoleIndex k = 0; k < n; ++k) {
    position = plan->kind == HOLE_RESHAPE_TOKEN    ? plan->argument
               : plan->kind == HOLE_RESHAPE_RANDOM ? draw_position(plan, bits)
               : plan->kind == HOLE_RESHAPE_FULL   ? first + k
                                                   : norms[first + k].position;
    gather(plan, sample, position, points + k * plan->width);
    if (plan->placed) positions[k] = (int32_t)position;
  }
}
