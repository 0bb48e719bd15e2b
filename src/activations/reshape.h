/* reshape.h - how one sample of a layer becomes points: the rules of -reshape. Nothing here communicates. */
#pragma once

#include <hole/hole_types.h>

typedef enum {
  HOLE_RESHAPE_AUTO,
  HOLE_RESHAPE_FLATTEN,
  HOLE_RESHAPE_MEAN,
  HOLE_RESHAPE_MAX,
  HOLE_RESHAPE_RANDOM,
  HOLE_RESHAPE_FULL,
  HOLE_RESHAPE_TOP,
  HOLE_RESHAPE_TOKEN,
  HOLE_RESHAPE_TOKENS_MEAN
} hole_reshape_kind;

struct hole_reshape_rule {
  hole_reshape_kind kind;
  HoleIndex         argument; /* K of spatial:topk:K, T of token:T */
};

/* A rule applied to a layer. Value c of position p of a sample stands at sample[c * unit_step + p * position_step]. */
struct hole_reshape_plan {
  hole_reshape_kind kind;        /* FLATTEN, MEAN, MAX, RANDOM, FULL, TOP or TOKEN */
  HoleIndex         argument;    /* K or T */
  HoleIndex         values;      /* of a sample as it lies in the file */
  HoleIndex         n_positions; /* H*W or T */
  HoleIndex         map[2];      /* H and W; T and 1 */
  HoleIndex         unit_step, position_step;
  HoleIndex         points; /* that a sample gives */
  HoleIndex         width;  /* units of a point */
  PetscBool         placed; /* each point has a position of its own to report */
};

/* Memory of hole_reshape_sample() for choosing positions. */
struct hole_reshape_norm {
  double    square;
  HoleIndex position;
};

/* `comm` are the ranks that call this with equal arguments; its root prints a message.
   HOLE_ERR_USAGE: no such rule; the message lists them. */
PetscErrorCode hole_reshape_parse(MPI_Comm comm, const char text[], struct hole_reshape_rule *rule);

/* HOLE_ERR_USAGE: the rule does not fit [N, dims[1], ...]; the message names the layer. `n_dims` is 2, 3 or 4. */
PetscErrorCode hole_reshape_make_plan(MPI_Comm comm, const struct hole_reshape_rule *rule, const char layer[],
                                      int n_dims, const HoleIndex dims[], struct hole_reshape_plan *plan);

/* Points [first, first + n) of the plan->points that one sample gives.

   plan       how
   bits       random bits of this sample
   sample     [plan->values]
   first, n   which of its points
   norms      [plan->n_positions] of scratch for TOP, else unused
   points     [n, plan->width], filled
   positions  [n], filled if plan->placed; may be NULL otherwise */
void hole_reshape_sample(const struct hole_reshape_plan *plan, uint64_t bits, const double sample[], HoleIndex first,
                         HoleIndex n, struct hole_reshape_norm norms[], double points[], int32_t positions[]);
