/* conditions.h - a result beside those of the same points in other conditions: noise, other weights, other precision. Collective. */
#pragma once

#include "result.h"
#include "tables.h"

/* One metric in this and the other condition. */
struct condition_metric {
  char                          metric[HOLE_NAME_LENGTH];
  HoleIndex                     n_links;
  struct result_condition_link *links;
  HoleRobustness               *robustness;
};

/* All that is known of one other result. */
struct condition {
  char                     path[PETSC_MAX_PATH_LEN], stem[HOLE_NAME_LENGTH]; /* the file, and its group */
  int64_t                  bytes;
  struct result_origin     origin;
  HoleIndex                n_metrics;
  struct condition_metric *metrics;
};

/* Name of the group of a file: without folder, extension and `.hole` before that. */
PetscErrorCode condition_stem(const char path[], size_t length, char stem[]);

/* Compare `n` items of a result, as result_list_items() gives them, with the result `other` names. To be destroyed also after an error.
   HOLE_ERR_INPUT: other points or layers. */
PetscErrorCode condition_compare(MPI_Comm comm, hole_reader r, const char path[], HoleIndex n,
                                 const struct result_item items[], struct condition *c);

PetscErrorCode condition_write(hole_writer w, const struct condition *c);
PetscErrorCode condition_destroy(struct condition *c);
