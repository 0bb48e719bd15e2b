/* Labels, names of classes and sample ids of an input file, expanded from its rows to the points that are kept. */
#include "source_impl.h"

#include <hole/hole_error.h>
#include <string.h>

enum { MOST_CLASSES = 1 << 24 /* what is larger is an id, not a class: every class takes memory */ };

/* The path labels come from, or NULL for none. Collective. */
static PetscErrorCode find_labels(HoleSource source, const char **path)
{
  hole_object object;

  PetscFunctionBegin;
  *path = source->labels_wanted ? source->labels_wanted : "/labels";
  if (!strcmp(*path, "none")) *path = NULL;
  if (!*path) PetscFunctionReturn(PETSC_SUCCESS); /* an option, equal on all ranks */
  PetscCall(hole_reader_find(source->reader, *path, &object));
  PetscCheck(object != HOLE_OBJECT_NONE || !source->labels_wanted, source->comm, HOLE_ERR_USAGE,
             "-labels_dataset: input %s has no %s", source->path, *path);
  if (object == HOLE_OBJECT_NONE) *path = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: the values are labels of these layers and classes; count the classes. */
static PetscErrorCode check_labels(HoleSource source, const char path[], HoleIndex n, const int64_t values[])
{
  PetscFunctionBegin;
  PetscCheck(n == source->n_file, source->comm, HOLE_ERR_INPUT,
             "Input %s: dataset %s has %" HoleIndex_FMT " labels, expected %" HoleIndex_FMT ", the rows of layer %s%s",
             source->path, path, n, source->n_file, source->layers[0].name,
             source->labels_wanted ? "" : " (-labels_dataset takes others, or none)");
  for (HoleIndex i = 0; i < n; ++i) {
    PetscCheck(values[i] < MOST_CLASSES, source->comm, HOLE_ERR_INPUT,
               "Input %s: dataset %s, row %" HoleIndex_FMT " has label %" PRId64
               ", expected class numbers from 0, less than %d",
               source->path, path, i, values[i], MOST_CLASSES);
    PetscCheck(!source->classes || values[i] < source->n_classes, source->comm, HOLE_ERR_INPUT,
               "Input %s: dataset %s, row %" HoleIndex_FMT " has label %" PRId64
               ", but /class_names has %" HoleIndex_FMT " names, for labels from 0",
               source->path, path, i, values[i], source->n_classes);
  }
  for (HoleIndex i = 0; !source->classes && i < n; ++i) source->n_classes = PetscMax(source->n_classes, values[i] + 1);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: labels of the points kept; every negative one becomes -1. */
static PetscErrorCode take_labels(HoleSource source, const char path[], HoleIndex n, const int64_t values[])
{
  int64_t value;

  PetscFunctionBegin;
  PetscCall(check_labels(source, path, n, values));
  PetscCall(PetscMalloc1(source->n_kept * source->points, &source->labels));
  for (HoleIndex s = 0; s < source->n_kept; ++s) {
    value = PetscMax(values[hole_source_row(source, s)], -1);
    for (HoleIndex p = 0; p < source->points; ++p) source->labels[s * source->points + p] = (int32_t)value;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode check_classes(HoleSource source)
{
  PetscFunctionBegin;
  for (HoleIndex c = 0; c < source->n_classes; ++c) {
    PetscCheck(strlen(source->classes[c]) < HOLE_NAME_LENGTH, source->comm, HOLE_ERR_INPUT,
               "Input %s: name %" HoleIndex_FMT " of /class_names is longer than %d bytes", source->path, c,
               HOLE_NAME_LENGTH - 1);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_labels(HoleSource source)
{
  const char    *path;
  HoleIndex      n;
  int64_t       *values;
  hole_object    object;
  PetscErrorCode taken;

  PetscFunctionBegin;
  PetscCall(find_labels(source, &path));
  PetscCall(hole_reader_find(source->reader, "/class_names", &object));
  if (object != HOLE_OBJECT_NONE)
    PetscCall(hole_reader_strings(source->reader, "/class_names", &source->n_classes, &source->classes));
  PetscCall(check_classes(source));
  if (!path) PetscFunctionReturn(PETSC_SUCCESS); /* equal on all ranks: so is the file's answer */
  PetscCall(hole_reader_int64s(source->reader, path, &n, &values));
  taken = HoleErrorAgree(source->comm, take_labels(source, path, n, values));
  PetscCall(PetscFree(values));
  PetscCall(taken);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: ids of the points kept; `values` is NULL where the file has none. */
static PetscErrorCode take_ids(HoleSource source, const int64_t values[])
{
  HoleIndex row;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(source->n_kept * source->points, &source->ids));
  for (HoleIndex s = 0; s < source->n_kept; ++s) {
    row = hole_source_row(source, s);
    for (HoleIndex p = 0; p < source->points; ++p) source->ids[s * source->points + p] = values ? values[row] : row;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* With -dataset, ids of another length belong to other layers of the file and are passed over. */
static PetscErrorCode read_ids(HoleSource source)
{
  HoleIndex      n      = 0;
  int64_t       *values = NULL;
  hole_object    object;
  PetscErrorCode taken;

  PetscFunctionBegin;
  PetscCall(hole_reader_find(source->reader, "/sample_ids", &object));
  if (object != HOLE_OBJECT_NONE) PetscCall(hole_reader_int64s(source->reader, "/sample_ids", &n, &values));
  if (values && n != source->n_file) PetscCall(PetscFree(values));
  taken = HoleErrorAgree(source->comm, take_ids(source, values));
  PetscCall(PetscFree(values));
  PetscCall(taken);
  PetscCheck(object == HOLE_OBJECT_NONE || n == source->n_file || source->datasets_wanted, source->comm, HOLE_ERR_INPUT,
             "Input %s: dataset /sample_ids has %" HoleIndex_FMT " values, expected %" HoleIndex_FMT
             ", the rows of layer %s",
             source->path, n, source->n_file, source->layers[0].name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_source_find_labels(HoleSource source)
{
  PetscFunctionBegin;
  PetscCall(read_labels(source));
  PetscCall(read_ids(source));
  PetscFunctionReturn(PETSC_SUCCESS);
}
