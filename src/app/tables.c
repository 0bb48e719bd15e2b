/* Reading of result files for people and other programs. */
#include "tables.h"

#include "app.h"

#include <fnmatch.h>
#include <string.h>

PetscErrorCode result_is_result(hole_reader r, PetscBool *is_result)
{
  HoleIndex  n;
  hole_names format;

  PetscFunctionBegin;
  PetscCall(hole_reader_attr_strings(r, "/", "format", &n, &format));
  *is_result = (PetscBool)(n == 1 && !strcmp(format[0], "hole-result"));
  PetscCall(PetscFree(format));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode result_open(MPI_Comm comm, const char path[], hole_reader *r)
{
  PetscBool is_result;

  PetscFunctionBegin;
  PetscCall(hole_reader_create(comm, path, r));
  PetscCall(result_is_result(*r, &is_result));
  PetscCheck(is_result, PETSC_COMM_SELF, HOLE_ERR_INPUT,
             "%s is not a result of hole analyze (no attribute format = hole-result)", path);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Does a name match one of a comma list of patterns? */
static PetscBool matches(const char name[], const char patterns[])
{
  char copy[4096], *rest = copy, *pattern;

  strncpy(copy, patterns, sizeof(copy) - 1);
  copy[sizeof(copy) - 1] = 0;
  while ((pattern = strsep(&rest, ","))) {
    if (!strcmp(pattern, "all") || !fnmatch(pattern, name, 0)) return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

/* Append the metrics of one layer that match. */
static PetscErrorCode append_items(hole_reader r, const char layer[], const char patterns[], HoleIndex *n,
                                   struct result_item **items)
{
  char       group[2 * HOLE_NAME_LENGTH];
  HoleIndex  n_metrics;
  hole_names metrics;

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(group, sizeof(group), "/layers/%s", layer));
  PetscCall(hole_reader_list(r, group, &n_metrics, &metrics));
  for (HoleIndex m = 0; m < n_metrics; ++m) {
    struct result_item *item;

    if (!matches(metrics[m], patterns)) continue;
    PetscCall(PetscRealloc((size_t)(*n + 1) * sizeof(**items), items));
    item = &(*items)[(*n)++];
    PetscCall(PetscStrncpy(item->layer, layer, sizeof(item->layer)));
    PetscCall(PetscStrncpy(item->metric, metrics[m], sizeof(item->metric)));
    PetscCall(PetscSNPrintf(item->base, sizeof(item->base), "%s/%s", group, metrics[m]));
  }
  PetscCall(PetscFree(metrics));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode result_list_items(hole_reader r, HoleIndex *n, struct result_item *items[])
{
  char       layers[4096], metrics[4096];
  HoleIndex  n_layers;
  hole_names names;

  PetscFunctionBegin;
  *n     = 0;
  *items = NULL;
  PetscCall(app_get_text("-layers", "all", sizeof(layers), layers));
  PetscCall(app_get_text("-metric", "all", sizeof(metrics), metrics));
  PetscCall(hole_reader_strings(r, "/layer_names", &n_layers, &names));
  for (HoleIndex l = 0; l < n_layers; ++l) {
    if (matches(names[l], layers)) PetscCall(append_items(r, names[l], metrics, n, items));
  }
  PetscCall(PetscFree(names));
  PetscCheck(*n, PETSC_COMM_SELF, HOLE_ERR_USAGE,
             "the result has no layer that matches -layers %s -metric %s; see hole inspect", layers, metrics);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode result_read_array(hole_reader r, const char base[], const char name[], HoleIndex n_columns,
                                 struct result_array *array)
{
  char              path[3 * HOLE_NAME_LENGTH];
  hole_object       object;
  struct hole_shape shape;
  hole_rows         rows;

  PetscFunctionBegin;
  *array = (struct result_array){-1, 1, NULL};
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/%s", base, name));
  PetscCall(hole_reader_find(r, path, &object));
  if (object != HOLE_OBJECT_DATASET) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(hole_reader_shape(r, path, &shape));
  PetscCheck(shape.n_dims == (n_columns ? 2 : 1) && (!n_columns || shape.dims[1] == n_columns), PETSC_COMM_SELF,
             HOLE_ERR_INPUT, "%s has not the shape that a result gives it; the result is damaged", path);
  array->n         = shape.dims[0];
  array->n_columns = shape.n_dims > 1 ? shape.dims[1] : 1;
  PetscCall(PetscMalloc1(array->n * array->n_columns, &array->values));
  PetscCall(hole_rows_open(r, path, &rows));
  PetscCall(hole_rows_read(rows, 0, array->n, array->values));
  PetscCall(hole_rows_close(&rows));
  PetscFunctionReturn(PETSC_SUCCESS);
}
