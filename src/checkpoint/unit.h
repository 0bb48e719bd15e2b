/* unit.h - a unit in its file. All functions are collective. */
#pragma once

#include "../io/reader.h"
#include "../io/writer.h"
#include "checkpoint.h"

PetscErrorCode hole_unit_write(hole_writer w, hole_unit_form form, const struct hole_unit *u);

/* u->n_points is set. What the file does not hold, or holds in another shape, is an error of any kind. */
PetscErrorCode hole_unit_read(MPI_Comm comm, hole_reader r, hole_unit_form form, PetscInt max_dim, struct hole_unit *u);
