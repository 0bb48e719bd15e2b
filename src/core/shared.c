/* Node-shared memory by MPI-3 windows; a rank that is alone on its node takes ordinary memory, and so do all where parts do not fit into what
   the node has of shared memory: then each has its own part only. */
#include "shared.h"

#include "cast.h"
#include "fault.h"
#include <hole/hole_error.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/statvfs.h>

/* Where MPI implementations keep shared memory on Linux. It is half of a node's memory by default, and 64 MiB in many containers. */
#define FOLDER "/dev/shm"

enum { ALIGNMENT = 64, TO_SPARE = 1 << 16, PIECE_BYTES = 1 << 28 /* of a broadcast: counts are int */ };

struct hole_shared_s {
  MPI_Comm     comm, node, leaders; /* leaders: the first ranks of all nodes; MPI_COMM_NULL on others */
  PetscMPIInt *node_of; /* [ranks of comm] number of the node of a rank, as its leader counts in `leaders` */
  PetscMPIInt  n_nodes, node_rank, node_size;
  MPI_Win      window;
  PetscMPIInt *ranks; /* [node_size] of comm, on this node */
  char        *own;   /* ordinary memory */
  char        *base;  /* of the first rank of the node */
  char       **parts; /* [ranks of comm] NULL on other nodes */
  size_t       shared_own, foreign;
};

static size_t own_now, foreign_now, foreign_most; /* in windows that there are; the most that was touched */

/* Local. */
static PetscErrorCode allocate_tables(hole_shared s, PetscMPIInt size)
{
  PetscFunctionBegin;
  PetscCall(PetscMalloc1(size, &s->node_of));
  PetscCall(PetscMalloc1(s->node_size, &s->ranks));
  PetscCall(PetscCalloc1(size, &s->parts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: who shares memory with whom. */
static PetscErrorCode find_nodes(hole_shared s)
{
  PetscMPIInt rank, size, number = 0;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(s->comm, &rank));
  PetscCallMPI(MPI_Comm_size(s->comm, &size));
  PetscCallMPI(MPI_Comm_split_type(s->comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &s->node));
  PetscCallMPI(MPI_Comm_rank(s->node, &s->node_rank));
  PetscCallMPI(MPI_Comm_size(s->node, &s->node_size));
  PetscCallMPI(MPI_Comm_split(s->comm, s->node_rank ? MPI_UNDEFINED : 0, rank, &s->leaders));
  if (s->leaders != MPI_COMM_NULL) {
    PetscCallMPI(MPI_Comm_rank(s->leaders, &number));
    PetscCallMPI(MPI_Comm_size(s->leaders, &s->n_nodes));
  }
  PetscCallMPI(MPI_Bcast(&number, 1, MPI_INT, 0, s->node));
  PetscCallMPI(MPI_Bcast(&s->n_nodes, 1, MPI_INT, 0, s->node));
  HoleCallAgreed(s->comm, allocate_tables(s, size)); /* local */
  PetscCallMPI(MPI_Allgather(&number, 1, MPI_INT, s->node_of, 1, MPI_INT, s->comm));
  PetscCallMPI(MPI_Allgather(&rank, 1, MPI_INT, s->ranks, 1, MPI_INT, s->node));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A process with a limit of addresses (ulimit -v) may not have so many for all of a node: Open MPI does not notice. */
static PetscBool has_addresses(double bytes)
{
  struct rlimit limit;
  void *volatile memory; /* or the compiler leaves both calls out */
  PetscBool has;

  if (getrlimit(RLIMIT_AS, &limit) || limit.rlim_cur == RLIM_INFINITY) return PETSC_TRUE;
  memory = malloc((size_t)bytes);
  has    = (PetscBool)(memory != NULL);
  free(memory);
  return has;
}

/* What memory that the ranks of a node share may lack. */
enum room { ROOM_NO_ADDRESSES, ROOM_NO_FOLDER, ROOM_ENOUGH };

/* Collective on the node: can its ranks have these bytes each in shared memory? Where it is too small MPI implementations end the run, wait for
   ever, or kill whoever writes there. */
static PetscErrorCode find_room(hole_shared s, size_t own_bytes, const char fault[], enum room *room)
{
  double         needed = (double)own_bytes + TO_SPARE;
  PetscMPIInt    fits;
  struct statvfs folder;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &needed, 1, MPI_DOUBLE, MPI_SUM, s->node));
  fits = has_addresses(needed) ? ROOM_ENOUGH : ROOM_NO_ADDRESSES;
  if (!s->node_rank && !statvfs(FOLDER, &folder) && needed > (double)folder.f_bavail * (double)folder.f_frsize)
    fits = PetscMin(fits, ROOM_NO_FOLDER);
  if (!s->node_rank && hole_fault(s->comm, fault)) fits = PetscMin(fits, ROOM_NO_FOLDER);
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &fits, 1, MPI_INT, MPI_MIN, s->node));
  *room = (enum room)fits;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. With room it is in shared memory, which is not allocated here. */
static PetscErrorCode allocate_own(hole_shared s, size_t bytes, enum room room, PetscBool whole)
{
  const PetscBool together = (PetscBool)(room == ROOM_ENOUGH);

  PetscFunctionBegin;
  PetscCall(hole_fault(s->comm, "shared_allocate"));
  PetscCheck(together || !whole || s->node_size == 1, PETSC_COMM_SELF, HOLE_ERR_RESOURCE,
             "no room %s for %.3g GiB that the ranks of a node share; %s, use one rank a node, or lower -max_points or "
             "-threshold",
             room == ROOM_NO_FOLDER ? "in " FOLDER : "below the limit of addresses", (double)bytes / 0x1p30,
             room == ROOM_NO_FOLDER ? "enlarge it (in a container: --shm-size)" : "raise it (ulimit -v)");
  if (!together) s->own = malloc(bytes + ALIGNMENT);
  PetscCheck(together || s->own, PETSC_COMM_SELF, HOLE_ERR_RESOURCE,
             "no memory for %.3g GiB; use more ranks on more nodes, or lower -max_points or -threshold",
             (double)bytes / 0x1p30);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Pages are mapped at multiples of the alignment everywhere. */
static char *align(char *memory) { return memory + (ALIGNMENT - (uintptr_t)memory % ALIGNMENT) % ALIGNMENT; }

/* Collective on the node: where the parts of its ranks are, and how much of them belongs to others. */
static PetscErrorCode find_parts(hole_shared s, size_t own_bytes)
{
  PetscMPIInt unit;
  MPI_Aint    bytes, all = 0;
  char       *part;

  PetscFunctionBegin;
  for (PetscMPIInt q = 0; q < s->node_size; ++q) {
    PetscCallMPI(MPI_Win_shared_query(s->window, q, &bytes, &unit, (void *)&part));
    s->parts[s->ranks[q]] = align(part);
    all += bytes;
  }
  s->base       = s->parts[s->ranks[0]];
  s->shared_own = PetscMax(own_bytes, (size_t)all / (size_t)s->node_size);
  s->foreign    = (size_t)all - s->shared_own;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: memory of own_bytes; `whole`: of the first rank of each node for all of them. Nodes may differ in what they do: only steps for
   which that does not matter are agreed upon by all ranks. */
static PetscErrorCode allocate(hole_shared s, size_t own_bytes, PetscBool whole)
{
  const size_t bytes = whole && s->node_rank ? 0 : own_bytes;
  enum room    room  = ROOM_NO_FOLDER; /* alone, a rank takes ordinary memory */
  void        *mine;

  PetscFunctionBegin;
  if (s->node_size > 1) PetscCall(find_room(s, bytes, whole ? "shared_room" : "shared_room_parts", &room));
  HoleCallAgreed(s->comm, allocate_own(s, own_bytes, room, whole)); /* local */
  if (room == ROOM_ENOUGH) {
    PetscCallMPI(MPI_Win_allocate_shared((MPI_Aint)bytes + ALIGNMENT, 1, MPI_INFO_NULL, s->node, &mine, &s->window));
    PetscCallMPI(MPI_Win_lock_all(MPI_MODE_NOCHECK, s->window));
    PetscCall(find_parts(s, whole ? 0 : own_bytes));
  } else s->base = s->parts[s->ranks[s->node_rank]] = align(s->own);
  own_now += s->shared_own;
  foreign_now += s->foreign;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode set_up(hole_shared s, size_t own_bytes, PetscBool whole)
{
  PetscFunctionBegin;
  PetscCall(find_nodes(s));
  PetscCall(allocate(s, own_bytes, whole));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create(MPI_Comm comm, size_t own_bytes, PetscBool whole, hole_shared *shared)
{
  PetscErrorCode created;

  PetscFunctionBegin;
  PetscCall(PetscNew(shared));
  (*shared)->comm   = comm;
  (*shared)->window = MPI_WIN_NULL;
  (*shared)->node = (*shared)->leaders = MPI_COMM_NULL;
  created                              = set_up(*shared, own_bytes, whole);
  if (created) PetscCall(hole_shared_destroy(shared));
  PetscCall(created);
  (*shared)->comm = MPI_COMM_NULL; /* borrowed: it may be gone before the memory is */
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_shared_create(MPI_Comm comm, size_t bytes, hole_shared *shared)
{
  PetscFunctionBegin;
  PetscCall(create(comm, bytes, PETSC_TRUE, shared));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_shared_create_parts(MPI_Comm comm, size_t own_bytes, hole_shared *shared)
{
  PetscFunctionBegin;
  PetscCall(create(comm, own_bytes, PETSC_FALSE, shared));
  PetscFunctionReturn(PETSC_SUCCESS);
}

char *hole_shared_part(hole_shared shared, PetscMPIInt rank) { return shared->parts[rank]; }

/* Bytes of shared memory that this process has touched, as far as the system tells. */
static size_t touched(void)
{
  FILE  *file = fopen("/proc/self/status", "r");
  char   line[128];
  size_t kib, bytes = SIZE_MAX;

  while (file && fgets(line, sizeof(line), file)) {
    if (sscanf(line, "RssShmem: %zu", &kib) == 1) bytes = kib << 10;
  }
  if (file) (void)fclose(file);
  return bytes;
}

static void note_foreign(void)
{
  const size_t bytes = foreign_now ? touched() : 0;

  if (bytes > own_now) foreign_most = PetscMax(foreign_most, PetscMin(foreign_now, bytes - own_now));
}

size_t hole_shared_foreign(void)
{
  note_foreign();
  return foreign_most;
}

char *hole_shared_base(hole_shared shared) { return shared->base; }

MPI_Comm hole_shared_node(hole_shared shared) { return shared->node; }

PetscErrorCode hole_shared_sync(hole_shared s)
{
  PetscFunctionBegin;
  if (s->window == MPI_WIN_NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCallMPI(MPI_Win_sync(s->window));
  PetscCallMPI(MPI_Barrier(s->node));
  PetscCallMPI(MPI_Win_sync(s->window));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_shared_broadcast(hole_shared s, PetscMPIInt from, size_t first, size_t bytes)
{
  PetscFunctionBegin;
  if (s->n_nodes == 1) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(hole_shared_sync(s)); /* what the sender wrote is with its leader */
  for (size_t done = 0; done < bytes && s->leaders != MPI_COMM_NULL; done += PIECE_BYTES)
    PetscCallMPI(MPI_Bcast(s->base + first + done, (int)PetscMin(bytes - done, PIECE_BYTES), MPI_BYTE, s->node_of[from],
                           s->leaders));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_shared_destroy(hole_shared *shared)
{
  hole_shared s = *shared;

  PetscFunctionBegin;
  if (!s) PetscFunctionReturn(PETSC_SUCCESS);
  note_foreign(); /* while it can be seen */
  if (s->window != MPI_WIN_NULL) {
    PetscCallMPI(MPI_Win_unlock_all(s->window));
    PetscCallMPI(MPI_Win_free(&s->window));
  }
  own_now -= s->shared_own;
  foreign_now -= s->foreign;
  free(s->own);
  PetscCall(PetscFree(s->parts));
  PetscCall(PetscFree(s->ranks));
  PetscCall(PetscFree(s->node_of));
  if (s->leaders != MPI_COMM_NULL) PetscCallMPI(MPI_Comm_free(&s->leaders));
  if (s->node != MPI_COMM_NULL) PetscCallMPI(MPI_Comm_free(&s->node));
  PetscCall(PetscFree(s));
  *shared = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}
