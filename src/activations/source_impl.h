/* source_impl.h - the fields behind HoleSource. */
#pragma once

#include "../io/reader.h"
#include "reshape.h"
#include <hole/hole_source.h>

/* A layer that was found, in depth order. */
struct source_layer {
  char                    *name;
  char                    *dataset; /* path in the file; of a graph, that of its group */
  HoleLayerKind            kind;
  HoleIndex                place; /* where `layer_order` or the attribute `index` puts it; INT64_MAX if they do not */
  struct hole_shape        shape; /* of a graph, the [N, N] of its matrix */
  HoleIndex                n_entries; /* of a graph */
  struct hole_reshape_plan plan;      /* of distances: a point a sample, no units */
};

struct HoleSource_s {
  MPI_Comm comm; /* our own duplicate */
  char    *path;

  /* What was asked for. */
  char                    *layers_wanted;   /* comma list of names and patterns; NULL for all */
  char                    *datasets_wanted; /* comma list of paths; NULL for /layers */
  char                    *labels_wanted;   /* path; NULL for /labels where it exists */
  PetscBool                precomputed;     /* distances rather than activations */
  struct hole_reshape_rule rule;
  HoleIndex                max_points, seed;

  /* What HoleSourceSetUp() found; equal on every rank. */
  hole_reader          reader; /* NULL before */
  HoleIndex            n_layers;
  struct source_layer *layers; /* [n_layers] */
  HoleIndex            n_file; /* samples in the file */
  HoleIndex            n_kept; /* samples of the subsample */
  HoleIndex           *kept;   /* [n_kept] their rows, ascending; NULL if all are kept */
  HoleIndex            points; /* that a sample gives */
  int64_t             *ids;    /* [n_kept * points] */
  int32_t             *labels; /* [n_kept * points]; NULL if there are none */
  HoleIndex            n_classes;
  hole_names           classes; /* [n_classes]; NULL if the file names none */
};

/* Row in the file of kept sample `s`. */
static inline HoleIndex hole_source_row(HoleSource source, HoleIndex s) { return source->kept ? source->kept[s] : s; }

/* HOLE_ERR_USAGE if layer `l` is not of this kind. Equal on every rank; not collective. */
PetscErrorCode hole_source_check_kind(HoleSource source, HoleIndex l, HoleLayerKind kind);

/* layers.c: fill source->layers with name, dataset and shape of what is to be read, in depth order, and source->n_file.
   Collective. After an error the caller frees what is there. */
PetscErrorCode hole_source_find_layers(HoleSource source);
PetscErrorCode hole_source_free_layers(HoleSource source);

/* labels.c: fill ids, labels and classes, from layers, subsample and points a sample. Collective. */
PetscErrorCode hole_source_find_labels(HoleSource source);
