/* Find the layers of an input file: which there are, in which order, and which of them are wanted.

   Rank 0 looks into the file (io/reader.h) and all ranks get the same answers. So what is decided here is equal on all ranks, and
   an error that follows from it is raised on all of them, with the communicator of the source: its root prints. */
#include "source_impl.h"

#include <fnmatch.h>
#include <hole/hole_error.h>
#include <stdlib.h>
#include <string.h>

#define LISTED_MOST 12 /* names that a message lists */

/* Local: add a layer at the end. */
static PetscErrorCode add_layer(HoleSource source, const char name[], const char dataset[])
{
  struct source_layer *layer = &source->layers[source->n_layers];

  PetscFunctionBegin;
  PetscCall(PetscStrallocpy(name, &layer->name));
  source->n_layers += 1; /* from here on the layer is freed with the others */
  PetscCall(PetscStrallocpy(dataset, &layer->dataset));
  layer->place = INT64_MAX;
  PetscCheck(strlen(name) < HOLE_NAME_LENGTH, source->comm, HOLE_ERR_INPUT,
             "Input %s: the name of layer %.40s... is longer than %d bytes", source->path, name, HOLE_NAME_LENGTH - 1);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Names for a message: "a, b, c", shortened if they are many. */
static PetscErrorCode list_names(HoleIndex n, const char *(*name_of)(const void *, HoleIndex), const void *names,
                                 size_t length, char text[])
{
  char part[HOLE_NAME_LENGTH + 32];

  PetscFunctionBegin;
  text[0] = 0;
  for (HoleIndex i = 0; i < PetscMin(n, LISTED_MOST); ++i) {
    PetscCall(PetscSNPrintf(part, sizeof(part), "%s%s", i ? ", " : "", name_of(names, i)));
    PetscCall(PetscStrlcat(text, part, length));
  }
  if (n > LISTED_MOST) {
    PetscCall(PetscSNPrintf(part, sizeof(part), " and %" HoleIndex_FMT " more", n - LISTED_MOST));
    PetscCall(PetscStrlcat(text, part, length));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const char *layer_name(const void *layers, HoleIndex i) { return ((const struct source_layer *)layers)[i].name; }

static const char *path_name(const void *paths, HoleIndex i) { return ((const char *const *)paths)[i]; }

/* ---- order ---- */

/* Runs of digits compare as numbers, everything else byte by byte: layer2 before layer10. */
static int by_natural_order(const char a[], const char b[])
{
  const char *x = a, *y = b, digits[] = "0123456789";
  size_t      n_x, n_y;
  int         order = 0;

  while (*x && *y && !order) {
    if (strchr(digits, *x) && strchr(digits, *y)) {
      x += strspn(x, "0");
      y += strspn(y, "0");
      n_x   = strspn(x, digits);
      n_y   = strspn(y, digits);
      order = n_x != n_y ? (n_x > n_y ? 1 : -1) : strncmp(x, y, n_x);
      x += n_x;
      y += n_y;
    } else {
      order = (unsigned char)*x - (unsigned char)*y;
      ++x;
      ++y;
    }
  }
  if (!order) order = (*x != 0) - (*y != 0);
  return order ? order : strcmp(a, b);
}

static int by_place_then_name(const void *a, const void *b)
{
  const struct source_layer *x = (const struct source_layer *)a, *y = (const struct source_layer *)b;

  if (x->place != y->place) return x->place < y->place ? -1 : 1;
  return by_natural_order(x->name, y->name);
}

/* Local: places from the attribute layer_order. */
static PetscErrorCode place_by_list(HoleSource source, HoleIndex n, const hole_names order)
{
  HoleIndex l;

  PetscFunctionBegin;
  for (HoleIndex i = 0; i < n; ++i) {
    for (l = 0; l < source->n_layers && strcmp(source->layers[l].name, order[i]); ++l) {
    }
    PetscCheck(l < source->n_layers, source->comm, HOLE_ERR_INPUT,
               "Input %s: attribute layer_order names %s, but there is no group /layers/%s", source->path, order[i],
               order[i]);
    PetscCheck(source->layers[l].place == INT64_MAX, source->comm, HOLE_ERR_INPUT,
               "Input %s: attribute layer_order names %s twice", source->path, order[i]);
    source->layers[l].place = i;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether a path is /layers/NAME/distances. */
static PetscBool is_path_of_distances(const char path[])
{
  const char *last = strrchr(path, '/'), *first = path + strlen("/layers/");

  if (strncmp(path, "/layers/", strlen("/layers/")) || strcmp(last, "/distances")) return PETSC_FALSE;
  return memchr(first, '/', strlen(first)) == last ? PETSC_TRUE : PETSC_FALSE;
}

/* Local: this layer is given as the distances at `path`. */
static PetscErrorCode take_distances(struct source_layer *layer, const char path[], hole_object object)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(layer->dataset));
  PetscCall(PetscStrallocpy(path, &layer->dataset));
  layer->kind = object == HOLE_OBJECT_GROUP ? HOLE_LAYER_GRAPH : HOLE_LAYER_DISTANCES;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: activations, unless there are none or distances are wanted, and there are some. */
static PetscErrorCode find_kind(HoleSource source, struct source_layer *layer)
{
  char        path[HOLE_NAME_LENGTH + 32];
  hole_object object = HOLE_OBJECT_NONE;

  PetscFunctionBegin;
  if (!source->precomputed) PetscCall(hole_reader_find(source->reader, layer->dataset, &object));
  if (object == HOLE_OBJECT_DATASET) PetscFunctionReturn(PETSC_SUCCESS); /* the file's answer, equal on all ranks */
  PetscCall(PetscSNPrintf(path, sizeof(path), "/layers/%s/distances", layer->name));
  PetscCall(hole_reader_find(source->reader, path, &object));
  if (object == HOLE_OBJECT_DATASET || object == HOLE_OBJECT_GROUP)
    HoleCallAgreed(source->comm, take_distances(layer, path, object)); /* local */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: the place from the attribute `index` of the layer's group or else of its dataset. */
static PetscErrorCode place_by_index(HoleSource source, struct source_layer *layer)
{
  char        group[HOLE_NAME_LENGTH + 16];
  PetscBool   found;
  int64_t     index;
  hole_object object;

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(group, sizeof(group), "/layers/%s", layer->name));
  PetscCall(hole_reader_find(source->reader, group, &object));
  if (object == HOLE_OBJECT_NONE) PetscFunctionReturn(PETSC_SUCCESS); /* a link to nowhere, equal on all ranks */
  PetscCall(hole_reader_attr_int64(source->reader, group, "index", &found, &index));
  if (!found) PetscCall(hole_reader_find(source->reader, layer->dataset, &object));
  if (!found && object != HOLE_OBJECT_NONE)
    PetscCall(hole_reader_attr_int64(source->reader, layer->dataset, "index", &found, &index));
  if (found) layer->place = index;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode order_layers(HoleSource source)
{
  HoleIndex      n;
  hole_names     order;
  PetscErrorCode placed = PETSC_SUCCESS;

  PetscFunctionBegin;
  PetscCall(hole_reader_attr_strings(source->reader, "/", "layer_order", &n, &order));
  if (n >= 0) placed = HoleErrorAgree(source->comm, place_by_list(source, n, order));
  PetscCall(PetscFree(order));
  PetscCall(placed);
  for (HoleIndex l = 0; n < 0 && l < source->n_layers; ++l) PetscCall(place_by_index(source, &source->layers[l]));
  qsort(source->layers, (size_t)source->n_layers, sizeof(source->layers[0]), by_place_then_name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- /layers ---- */

/* Raise the error for a file without /layers. Collective. */
static PetscErrorCode report_no_layers(HoleSource source)
{
  HoleIndex      n;
  hole_names     paths;
  char           text[1024];
  PetscErrorCode listed;

  PetscFunctionBegin;
  PetscCall(hole_reader_list_arrays(source->reader, LISTED_MOST, &n, &paths));
  listed = list_names(n, path_name, paths, sizeof(text), text);
  PetscCall(PetscFree(paths));
  PetscCall(listed);
  SETERRQ(source->comm, HOLE_ERR_INPUT,
          "Input %s: no layers; expected datasets /layers/NAME/activations or /layers/NAME/distances, or another path "
          "given "
          "by -dataset%s%s",
          source->path,
          n ? "; it could be one of " : " (the file has no array of floating point numbers with 2, 3 or 4 axes)", text);
}

/* Local. */
static PetscErrorCode add_groups(HoleSource source, HoleIndex n, const hole_names names)
{
  char path[PETSC_MAX_PATH_LEN];

  PetscFunctionBegin;
  PetscCall(PetscCalloc1(n, &source->layers));
  for (HoleIndex i = 0; i < n; ++i) {
    PetscCall(PetscSNPrintf(path, sizeof(path), "/layers/%s/activations", names[i]));
    PetscCall(add_layer(source, names[i], path));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode find_groups(HoleSource source)
{
  hole_object    object;
  HoleIndex      n     = 0;
  hole_names     names = NULL;
  PetscErrorCode added;

  PetscFunctionBegin;
  PetscCall(hole_reader_find(source->reader, "/layers", &object));
  if (object == HOLE_OBJECT_GROUP) PetscCall(hole_reader_list(source->reader, "/layers", &n, &names));
  added = n ? HoleErrorAgree(source->comm, add_groups(source, n, names)) : report_no_layers(source);
  PetscCall(PetscFree(names));
  PetscCall(added);
  for (HoleIndex l = 0; l < source->n_layers; ++l) PetscCall(find_kind(source, &source->layers[l]));
  PetscCall(order_layers(source));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- -dataset ---- */

/* One slash before each part and none at the end. */
static void normalise_path(const char path[], char normal[])
{
  char *end = normal;

  for (const char *c = path; *c; ++c) {
    if (c == path && *c != '/') *end++ = '/';
    if (*c != '/' || (c[1] && c[1] != '/')) *end++ = *c;
  }
  *end = 0;
}

/* The last part of a path; before a last part `activations` or `distances`, the part before it. */
static void name_after_path(const char path[], char name[])
{
  const char *last = strrchr(path, '/'), *start = last;

  if ((!strcmp(last, "/activations") || !strcmp(last, "/distances")) && last != path) {
    while (start[-1] != '/') --start;
    memcpy(name, start, (size_t)(last - start));
    name[last - start] = 0;
  } else strcpy(name, last + 1);
}

/* Local: a name that occurs twice gives way to the whole path, with `_` for the slashes. */
static PetscErrorCode name_apart(HoleSource source)
{
  struct source_layer *layers = source->layers;
  PetscBool           *twice;

  PetscFunctionBegin;
  PetscCall(PetscCalloc1(source->n_layers, &twice));
  for (HoleIndex i = 0; i < source->n_layers; ++i) {
    for (HoleIndex k = 0; k < source->n_layers; ++k) {
      if (k != i && !strcmp(layers[i].name, layers[k].name)) twice[i] = PETSC_TRUE;
    }
  }
  for (HoleIndex i = 0; i < source->n_layers; ++i) {
    if (!twice[i]) continue;
    PetscCall(PetscFree(layers[i].name));
    PetscCall(PetscStrallocpy(layers[i].dataset + 1, &layers[i].name));
    for (char *c = layers[i].name; *c; ++c) *c = *c == '/' ? '_' : *c;
  }
  PetscCall(PetscFree(twice));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode check_names_differ(HoleSource source)
{
  PetscFunctionBegin;
  for (HoleIndex i = 0; i < source->n_layers; ++i) {
    for (HoleIndex k = 0; k < i; ++k) {
      PetscCheck(strcmp(source->layers[i].name, source->layers[k].name), source->comm, HOLE_ERR_USAGE,
                 "-dataset: %s and %s give layers of the same name, %s", source->layers[k].dataset,
                 source->layers[i].dataset, source->layers[i].name);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: `longest` holds any of the paths and a slash. */
static PetscErrorCode add_paths(HoleSource source, int n, char *const paths[], char path[], char name[])
{
  PetscFunctionBegin;
  PetscCall(PetscCalloc1(n, &source->layers));
  for (int i = 0; i < n; ++i) {
    normalise_path(paths[i], path);
    PetscCheck(path[0], source->comm, HOLE_ERR_USAGE, "-dataset %s: expected paths of datasets",
               source->datasets_wanted);
    name_after_path(path, name);
    PetscCall(add_layer(source, name, path));
  }
  PetscCall(name_apart(source));
  PetscCall(check_names_differ(source));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode split_paths(HoleSource source)
{
  const size_t   room = strlen(source->datasets_wanted) + 2;
  int            n;
  char         **paths, *path, *name;
  PetscErrorCode added;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(room, &path, room, &name));
  PetscCall(PetscStrToArray(source->datasets_wanted, ',', &n, &paths));
  added = n ? add_paths(source, n, paths, path, name) : PETSC_SUCCESS;
  PetscCall(PetscStrToArrayDestroy(n, paths));
  PetscCall(PetscFree2(path, name));
  PetscCall(added);
  PetscCheck(n, source->comm, HOLE_ERR_USAGE, "-dataset: expected paths of datasets");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: a dataset is activations, unless distances are wanted or the path says so; a group can only be a graph. */
static PetscErrorCode find_path(HoleSource source, struct source_layer *layer)
{
  const PetscBool distances = source->precomputed || is_path_of_distances(layer->dataset) ? PETSC_TRUE : PETSC_FALSE;
  hole_object     object;

  PetscFunctionBegin;
  PetscCall(hole_reader_find(source->reader, layer->dataset, &object));
  PetscCheck(object == HOLE_OBJECT_DATASET || (distances && object == HOLE_OBJECT_GROUP), source->comm, HOLE_ERR_USAGE,
             "-dataset: input %s has %s %s", source->path,
             object == HOLE_OBJECT_NONE ? "no" : "no dataset but another object", layer->dataset);
  if (distances) layer->kind = object == HOLE_OBJECT_GROUP ? HOLE_LAYER_GRAPH : HOLE_LAYER_DISTANCES;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode find_paths(HoleSource source)
{
  PetscFunctionBegin;
  HoleCallAgreed(source->comm, split_paths(source)); /* local */
  for (HoleIndex l = 0; l < source->n_layers; ++l) PetscCall(find_path(source, &source->layers[l]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- -layers ---- */

/* Local: mark the layers that a pattern names. A name with characters that are special in patterns may be given as it is. */
static PetscErrorCode match_pattern(HoleSource source, const char pattern[], PetscBool taken[])
{
  const char *name;
  char        text[2048];
  HoleIndex   n = 0;

  PetscFunctionBegin;
  for (HoleIndex l = 0; l < source->n_layers; ++l) {
    name = source->layers[l].name;
    if (strcmp(pattern, name) && strcmp(pattern, "all") && fnmatch(pattern, name, 0)) continue;
    taken[l] = PETSC_TRUE;
    n += 1;
  }
  PetscCall(list_names(source->n_layers, layer_name, source->layers, sizeof(text), text));
  PetscCheck(n, source->comm, HOLE_ERR_USAGE, "-layers: no layer matches %s; input %s has %s", pattern, source->path,
             text);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode free_layer(struct source_layer *layer)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(layer->name));
  PetscCall(PetscFree(layer->dataset));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: keep the layers that are taken. */
static PetscErrorCode drop_layers(HoleSource source, const PetscBool taken[])
{
  HoleIndex n = 0;

  PetscFunctionBegin;
  for (HoleIndex l = 0; l < source->n_layers; ++l) {
    if (taken[l]) source->layers[n++] = source->layers[l];
    else PetscCall(free_layer(&source->layers[l]));
  }
  source->n_layers = n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode match_patterns(HoleSource source, int n, char *const patterns[], PetscBool taken[])
{
  PetscFunctionBegin;
  PetscCheck(n, source->comm, HOLE_ERR_USAGE, "-layers: expected names or patterns");
  for (int i = 0; i < n; ++i) PetscCall(match_pattern(source, patterns[i], taken));
  PetscCall(drop_layers(source, taken));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode choose_layers(HoleSource source)
{
  int            n;
  char         **patterns;
  PetscBool     *taken;
  PetscErrorCode matched;

  PetscFunctionBegin;
  if (!source->layers_wanted) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscCalloc1(source->n_layers, &taken));
  PetscCall(PetscStrToArray(source->layers_wanted, ',', &n, &patterns));
  matched = match_patterns(source, n, patterns, taken);
  PetscCall(PetscStrToArrayDestroy(n, patterns));
  PetscCall(PetscFree(taken));
  PetscCall(matched);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- shapes ---- */

/* A number, up to 64 bits; h5py stores truth values as an enumeration, which is none. */
static PetscBool is_number(const struct hole_shape *shape)
{
  if (shape->value_bytes > (HoleIndex)sizeof(double) || !strcmp(shape->type_name, "enum")) return PETSC_FALSE;
  return shape->kind == HOLE_KIND_FLOAT || shape->kind == HOLE_KIND_INTEGER ? PETSC_TRUE : PETSC_FALSE;
}

/* Equal on all ranks: an array of activations. */
static PetscErrorCode check_activations(HoleSource source, const struct source_layer *layer, const char found[])
{
  const struct hole_shape *shape = &layer->shape;
  PetscBool                empty = PETSC_FALSE;

  PetscFunctionBegin;
  PetscCheck(shape->kind == HOLE_KIND_FLOAT && shape->value_bytes <= (HoleIndex)sizeof(double), source->comm,
             HOLE_ERR_INPUT, "Input %s: dataset %s is %s, expected float16, float32 or float64", source->path,
             layer->dataset, found);
  PetscCheck(shape->n_dims >= 2 && shape->n_dims <= 4, source->comm, HOLE_ERR_INPUT,
             "Input %s: dataset %s is %s, expected axes [N, d], [N, T, d] or [N, C, H, W]", source->path,
             layer->dataset, found);
  for (int k = 1; k < shape->n_dims; ++k) empty = shape->dims[k] ? empty : PETSC_TRUE;
  PetscCheck(shape->dims[0], source->comm, HOLE_ERR_INPUT, "Input %s: dataset %s is %s, expected at least one row",
             source->path, layer->dataset, found);
  PetscCheck(!empty, source->comm, HOLE_ERR_INPUT, "Input %s: dataset %s is %s, expected at least one value in a row",
             source->path, layer->dataset, found);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Equal on all ranks: a square matrix. */
static PetscErrorCode check_distances(HoleSource source, const struct source_layer *layer, const char found[])
{
  const struct hole_shape *shape = &layer->shape;

  PetscFunctionBegin;
  PetscCheck(is_number(shape), source->comm, HOLE_ERR_INPUT,
             "Input %s: dataset %s is %s, expected numbers of at most 64 bits", source->path, layer->dataset, found);
  PetscCheck(shape->n_dims == 2 && shape->dims[0] == shape->dims[1], source->comm, HOLE_ERR_INPUT,
             "Input %s: dataset %s is %s, expected distances with axes [N, N]", source->path, layer->dataset, found);
  PetscCheck(shape->dims[0], source->comm, HOLE_ERR_INPUT, "Input %s: dataset %s is %s, expected at least one row",
             source->path, layer->dataset, found);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: shape of one of the three lists of a graph; `whole`: of whole numbers. */
static PetscErrorCode look_at_list(HoleSource source, const struct source_layer *layer, const char name[],
                                   PetscBool whole, HoleIndex *n)
{
  struct hole_shape shape;
  char              path[PETSC_MAX_PATH_LEN], found[128];

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/%s", layer->dataset, name));
  PetscCall(hole_reader_shape(source->reader, path, &shape));
  PetscCall(hole_shape_print(&shape, sizeof(found), found));
  PetscCheck(is_number(&shape) && shape.n_dims == 1 && (shape.kind == HOLE_KIND_INTEGER || !whole), source->comm,
             HOLE_ERR_INPUT, "Input %s: dataset %s is %s, expected %s with one axis", source->path, path, found,
             whole ? "integers" : "numbers of at most 64 bits");
  *n = shape.dims[0];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: a graph has the shape of its matrix. */
static PetscErrorCode look_at_graph(HoleSource source, struct source_layer *layer)
{
  HoleIndex n_pointers, n_indices, n_values;

  PetscFunctionBegin;
  PetscCall(look_at_list(source, layer, "indptr", PETSC_TRUE, &n_pointers));
  PetscCall(look_at_list(source, layer, "indices", PETSC_TRUE, &n_indices));
  PetscCall(look_at_list(source, layer, "data", PETSC_FALSE, &n_values));
  PetscCheck(n_pointers >= 2, source->comm, HOLE_ERR_INPUT,
             "Input %s: dataset %s/indptr has %" HoleIndex_FMT " values, expected one more than points", source->path,
             layer->dataset, n_pointers);
  PetscCheck(n_indices == n_values, source->comm, HOLE_ERR_INPUT,
             "Input %s: %s/indices has %" HoleIndex_FMT " values, but %s/data has %" HoleIndex_FMT
             "; expected equal numbers",
             source->path, layer->dataset, n_indices, layer->dataset, n_values);
  layer->shape     = (struct hole_shape){.n_dims = 2, .dims = {n_pointers - 1, n_pointers - 1}};
  layer->n_entries = n_values;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode look_at_dataset(HoleSource source, struct source_layer *layer)
{
  hole_object object;
  char        found[128];

  PetscFunctionBegin;
  PetscCall(hole_reader_find(source->reader, layer->dataset, &object));
  PetscCheck(object == HOLE_OBJECT_DATASET, source->comm, HOLE_ERR_INPUT,
             "Input %s: layer %s has no dataset %s, and no distances beside it; hole inspect says what is in the file",
             source->path, layer->name, layer->dataset);
  PetscCall(hole_reader_shape(source->reader, layer->dataset, &layer->shape));
  PetscCall(hole_shape_print(&layer->shape, sizeof(found), found));
  if (layer->kind == HOLE_LAYER_DISTANCES) PetscCall(check_distances(source, layer, found));
  else PetscCall(check_activations(source, layer, found));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode look_at_layer(HoleSource source, struct source_layer *layer)
{
  PetscFunctionBegin;
  if (layer->kind == HOLE_LAYER_GRAPH) PetscCall(look_at_graph(source, layer));
  else PetscCall(look_at_dataset(source, layer));
  PetscCheck(layer->shape.dims[0] == source->layers[0].shape.dims[0], source->comm, HOLE_ERR_INPUT,
             "Input %s: layer %s has %" HoleIndex_FMT " rows, but layer %s has %" HoleIndex_FMT
             "; expected equal numbers",
             source->path, source->layers[0].name, source->layers[0].shape.dims[0], layer->name, layer->shape.dims[0]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_source_find_layers(HoleSource source)
{
  PetscFunctionBegin;
  if (source->datasets_wanted) PetscCall(find_paths(source));
  else PetscCall(find_groups(source));
  HoleCallAgreed(source->comm, choose_layers(source)); /* local */
  for (HoleIndex l = 0; l < source->n_layers; ++l) PetscCall(look_at_layer(source, &source->layers[l]));
  source->n_file = source->layers[0].shape.dims[0];
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_source_free_layers(HoleSource source)
{
  PetscFunctionBegin;
  for (HoleIndex l = 0; l < source->n_layers; ++l) PetscCall(free_layer(&source->layers[l]));
  PetscCall(PetscFree(source->layers));
  source->n_layers = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}
