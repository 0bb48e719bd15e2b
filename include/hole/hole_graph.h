/** @file
 * Graphs with lengths: symmetric PETSc matrices whose rows are split over ranks as points are.
 *
 * A graph is a MATMPIAIJ of shape [n, n]: entry (i, j) is the length of the edge of i and j, and stands there explicitly also if
 * it is 0. The diagonal is empty. Rank r owns the rows of block r: blocks are in rank order and differ by at most one row. */
#pragma once

#include <hole/hole_tree.h>
#include <petscmat.h>

/**
 * Make a graph from its edges.
 *
 * @collective On @p comm, with equal @p n.
 *
 * @param[in]  comm     ranks over which rows are split
 * @param[in]  n        number of points, 1 or more
 * @param[in]  n_edges  number of edges that this rank contributes; may be 0
 * @param[in]  edges    [n_edges] in any order, on any rank, either end first; an edge that is given more than once, with
 *                      equal lengths, counts once
 * @param[out] graph    new matrix named "graph", owned by the caller, freed with MatDestroy(); NULL on error
 *
 * @units  Those of the lengths.
 * @errors PETSC_ERR_ARG_OUTOFRANGE: a point out of range. HOLE_ERR_INPUT: an edge with equal ends; a length that is negative, NaN or
 * infinite; one edge with two lengths. HOLE_ERR_RESOURCE: no memory on some rank, or more entries than PetscInt can count.
 * @cost   Every edge is sent to the owners of both ends, in pieces of at most 6 MiB a rank. Of the m entries of its rows a rank
 *         holds 40 m bytes at first, then 16 m beside the matrix, which has 12 m (16 m with 64-bit PetscInt).
 * @see    HoleFiltrationGetGraph()
 */
HOLE_EXTERN PetscErrorCode HoleGraphCreate(MPI_Comm comm, HoleIndex n, HoleIndex n_edges, const HoleEdge edges[],
                                           Mat *graph);

/**
 * Borrow the points of other ranks that edges join to points of this one, ascending. Not collective.
 *
 * They are the ghosts of the matrix: reading them costs nothing.
 */
HOLE_EXTERN PetscErrorCode HoleGraphGetGhosts(Mat graph, PetscInt *n_ghosts, const PetscInt *ghosts[]);

/**
 * Copy some rows, wherever they are.
 *
 * @collective On the graph's ranks; each asks for what it needs.
 *
 * @param[in]  graph   see HoleGraphCreate()
 * @param[in]  n_rows  may be 0
 * @param[in]  rows    [n_rows] ascending, each once, own ones too if wanted
 * @param[out] ghost   [n_rows, n] sequential matrix, row r is row rows[r] of the graph; freed with MatDestroy()
 *
 * @errors PETSC_ERR_ARG_OUTOFRANGE: a row out of range or order.
 * @cost   One exchange among the ranks concerned; the entries of the rows asked for, and no others.
 */
HOLE_EXTERN PetscErrorCode HoleGraphGetGhostRows(Mat graph, HoleIndex n_rows, const HoleIndex rows[], Mat *ghost);

/** Opaque handle: rows of a graph in memory that the ranks of a node share. */
typedef struct HoleGraphRows_s *HoleGraphRows;

/**
 * Bring the rows that any rank of a node asks for into the node's shared memory, each once a node.
 *
 * @collective On the graph's ranks; each asks for what it needs. The graph may be destroyed before the rows.
 *
 * @param[in]  graph   see HoleGraphCreate()
 * @param[in]  n_rows  may be 0
 * @param[in]  rows    [n_rows] ascending, each once, own ones too if wanted
 * @param[out] shared  new object, owned by the caller
 *
 * @errors PETSC_ERR_ARG_OUTOFRANGE: a row out of range or order. HOLE_ERR_RESOURCE: no memory on some rank.
 * @cost   A node holds 16 bytes an entry of the rows asked for by its ranks, and fetches each once, its ranks an equal number of
 *         rows each; a rank holds 32 bytes a row beside.
 */
HOLE_EXTERN PetscErrorCode HoleGraphRowsCreate(Mat graph, HoleIndex n_rows, const HoleIndex rows[],
                                               HoleGraphRows *shared);

/**
 * Borrow a row, which a rank of this node asked for. Not collective.
 *
 * @param[in]  shared   see HoleGraphRowsCreate()
 * @param[in]  row      its number in the graph
 * @param[out] n        its entries
 * @param[out] columns  [n] the other ends, ascending
 * @param[out] lengths  [n]
 *
 * @errors PETSC_ERR_ARG_OUTOFRANGE: nobody asked for it.
 * @cost   O(log of the rows of the node).
 */
HOLE_EXTERN PetscErrorCode HoleGraphRowsGet(HoleGraphRows shared, HoleIndex row, HoleIndex *n,
                                            const HoleIndex *columns[], const double *lengths[]);

/** Free and set to NULL. Collective. Accepts a pointer to NULL. */
HOLE_EXTERN PetscErrorCode HoleGraphRowsDestroy(HoleGraphRows *shared);
