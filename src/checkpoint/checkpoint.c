/* The folder of a checkpoint: rank 0 looks at what is there and tells the others, all write and read units together. */
#include "checkpoint.h"

#include "../core/fault.h"
#include "unit.h"
#include <dirent.h>
#include <errno.h>
#include <hole/hole_error.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UNIT_PREFIX "unit"
#define UNIT_SUFFIX ".h5"

struct hole_checkpoint_s {
  MPI_Comm                comm;
  PetscMPIInt             rank;
  char                   *folder, *key;
  HoleIndex               n_units;
  int                    *forms;   /* [n_units] equal on every rank */
  int                     n_saved; /* by this run, parts too */
  hole_checkpoint_watcher watch;
};

static PetscErrorCode make_path(hole_checkpoint c, HoleIndex unit, size_t length, char path[])
{
  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(path, length, "%s/" UNIT_PREFIX "%04" HoleIndex_FMT UNIT_SUFFIX, c->folder, unit));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0: the folder with those above it. */
static PetscErrorCode make_folder(hole_checkpoint c)
{
  char        path[PETSC_MAX_PATH_LEN];
  struct stat info;
  int         made, number;

  PetscFunctionBegin;
  for (size_t end = 1; end <= strlen(c->folder); ++end) {
    if (c->folder[end] && c->folder[end] != '/') continue;
    PetscCall(PetscStrncpy(path, c->folder, PetscMin(end + 1, sizeof(path))));
    made   = mkdir(path, 0777);
    number = errno;
    PetscCheck(!made || (!stat(path, &info) && S_ISDIR(info.st_mode)), PETSC_COMM_SELF,
               number == ENOSPC || number == EDQUOT || number == EIO ? HOLE_ERR_RESOURCE : HOLE_ERR_USAGE,
               "-checkpoint %s: the folder %s cannot be made: %s", c->folder, path, strerror(number));
  }
  PetscCheck(!access(c->folder, W_OK | X_OK), PETSC_COMM_SELF, HOLE_ERR_USAGE,
             "-checkpoint %s: the folder cannot be written to: %s", c->folder, strerror(errno));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool is_unit_name(const char name[])
{
  const size_t n = strlen(name), digits = strspn(name + PetscMin(n, strlen(UNIT_PREFIX)), "0123456789");

  return (PetscBool)(!strncmp(name, UNIT_PREFIX, strlen(UNIT_PREFIX)) && digits &&
                     !strcmp(name + strlen(UNIT_PREFIX) + digits, UNIT_SUFFIX));
}

/* Rank 0: count the units, and remove them if that is wanted. */
static PetscErrorCode list_units(hole_checkpoint c, PetscBool remove, int *n)
{
  DIR           *folder = opendir(c->folder);
  struct dirent *entry;
  char           path[2 * PETSC_MAX_PATH_LEN];

  PetscFunctionBegin;
  *n = 0;
  PetscCheck(folder, PETSC_COMM_SELF, HOLE_ERR_USAGE, "-checkpoint %s: the folder cannot be read: %s", c->folder,
             strerror(errno));
  while ((entry = readdir(folder))) {
    if (!is_unit_name(entry->d_name)) continue;
    ++*n;
    (void)PetscSNPrintf(path, sizeof(path), "%s/%s", c->folder, entry->d_name);
    if (remove) (void)unlink(path);
  }
  (void)closedir(folder);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The first line in which two keys differ; both are moved to it. */
static void find_difference(const char **a, const char **b)
{
  while (**a && **b) {
    const size_t n = strcspn(*a, "\n"), m = strcspn(*b, "\n");

    if (n != m || strncmp(*a, *b, n)) return;
    *a += n + ((*a)[n] == '\n');
    *b += m + ((*b)[m] == '\n');
  }
}

static PetscErrorCode check_key(hole_checkpoint c, const char path[], const char found[])
{
  const char *theirs = found, *ours = c->key;

  PetscFunctionBegin;
  find_difference(&theirs, &ours);
  PetscCheck(!*theirs && !*ours, PETSC_COMM_SELF, HOLE_ERR_USAGE,
             "Checkpoint %s is of another run: it has '%.*s', this run '%.*s'; give the options and the input of that "
             "run, or another -checkpoint folder",
             path, (int)strcspn(theirs, "\n"), theirs, (int)strcspn(ours, "\n"), ours);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0. */
static PetscErrorCode read_head(hole_reader r, hole_names *key, int64_t *form)
{
  HoleIndex n;
  PetscBool found;

  PetscFunctionBegin;
  PetscCall(hole_reader_attr_strings(r, "/", "key", &n, key));
  PetscCall(hole_reader_attr_int64(r, "/", "form", &found, form));
  PetscCheck(n == 1 && found && (*form == HOLE_UNIT_PART || *form == HOLE_UNIT_WHOLE), PETSC_COMM_SELF, HOLE_ERR_INPUT,
             "No unit");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0: what HDF5 says of a damaged file is not for users. */
static PetscErrorCode open_head(const char path[], hole_names *key, int64_t *form)
{
  hole_reader    r = NULL;
  PetscErrorCode read, closed = PETSC_SUCCESS;

  PetscFunctionBegin;
  PetscCall(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  read = hole_reader_create(PETSC_COMM_SELF, path, &r);
  if (!read) read = read_head(r, key, form);
  if (r) closed = hole_reader_destroy(&r);
  PetscCall(PetscPopErrorHandler());
  PetscCheck(!read && !closed, PETSC_COMM_SELF, HOLE_ERR_INPUT,
             "Checkpoint %s is truncated, damaged or no checkpoint; remove it, and its part of the run is done again",
             path);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0: what there is of each unit. */
static PetscErrorCode look_at_units(hole_checkpoint c)
{
  char           path[2 * PETSC_MAX_PATH_LEN];
  int64_t        form;
  hole_names     key;
  PetscErrorCode checked;

  PetscFunctionBegin;
  for (HoleIndex u = 0; u < c->n_units; ++u) {
    key = NULL;
    PetscCall(make_path(c, u, sizeof(path), path));
    if (access(path, F_OK)) continue;
    checked = open_head(path, &key, &form);
    if (!checked) checked = check_key(c, path, key[0]);
    PetscCall(PetscFree(key));
    PetscCall(checked);
    c->forms[u] = (int)form;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0. */
static PetscErrorCode look(hole_checkpoint c, PetscBool restart, PetscBool force)
{
  int n;

  PetscFunctionBegin;
  PetscCall(make_folder(c));
  PetscCall(list_units(c, PETSC_FALSE, &n));
  PetscCheck(!n || restart || force, PETSC_COMM_SELF, HOLE_ERR_USAGE,
             "-checkpoint %s: there are %d units of an earlier run; give -restart to go on with them, -force to remove "
             "them, or another folder",
             c->folder, n);
  if (restart) PetscCall(look_at_units(c));
  else if (n) PetscCall(list_units(c, PETSC_TRUE, &n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode allocate(hole_checkpoint c, const char folder[], const char key[])
{
  PetscFunctionBegin;
  PetscCall(PetscStrallocpy(folder, &c->folder));
  PetscCall(PetscStrallocpy(key, &c->key));
  PetscCall(PetscCalloc1(c->n_units, &c->forms));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_checkpoint_open(MPI_Comm comm, const char folder[], const char key[], HoleIndex n_units,
                                    PetscBool restart, PetscBool force, hole_checkpoint_watcher watch,
                                    hole_checkpoint *c)
{
  hole_checkpoint new;
  PetscMPIInt    count;
  PetscErrorCode opened;

  PetscFunctionBegin;
  *c = NULL;
  PetscCall(PetscMPIIntCast((PetscInt)n_units, &count));
  PetscCall(PetscNew(&new));
  PetscCallMPI(MPI_Comm_dup(comm, &new->comm));
  PetscCallMPI(MPI_Comm_rank(comm, &new->rank));
  new->n_units = n_units;
  new->watch   = watch;
  opened       = HoleErrorAgree(comm, allocate(new, folder, key));                                   /* local */
  if (!opened) opened = HoleErrorAgree(comm, new->rank ? PETSC_SUCCESS : look(new, restart, force)); /* local */
  if (opened) PetscCall(hole_checkpoint_destroy(&new));
  PetscCall(opened);
  PetscCallMPI(MPI_Bcast(new->forms, count, MPI_INT, 0, comm));
  *c = new;
  PetscFunctionReturn(PETSC_SUCCESS);
}

hole_unit_form hole_checkpoint_form(hole_checkpoint c, HoleIndex unit) { return (hole_unit_form)c->forms[unit]; }

HoleIndex hole_checkpoint_count(hole_checkpoint c)
{
  HoleIndex n = 0;

  for (HoleIndex u = 0; u < c->n_units; ++u) n += c->forms[u] == HOLE_UNIT_WHOLE;
  return n;
}

static PetscErrorCode write_unit(hole_checkpoint c, hole_writer w, hole_unit_form form, const struct hole_unit *u)
{
  PetscFunctionBegin;
  PetscCall(hole_writer_keep_checksums(w));
  PetscCall(hole_writer_attr_string(w, "/", "format", "hole-checkpoint"));
  PetscCall(hole_writer_attr_string(w, "/", "key", c->key));
  PetscCall(hole_writer_attr_int64(w, "/", "form", form));
  PetscCall(hole_unit_write(w, form, u));
  PetscCall(hole_writer_commit(w));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: a test can end the run after so many saves. */
static PetscErrorCode end_here(hole_checkpoint c)
{
  char point[64];

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(point, sizeof(point), "checkpoint_saved_%d", ++c->n_saved));
  PetscCall(hole_fault(c->comm, point));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_checkpoint_save(hole_checkpoint c, HoleIndex unit, hole_unit_form form, const struct hole_unit *u)
{
  char           path[2 * PETSC_MAX_PATH_LEN];
  hole_writer    w;
  PetscErrorCode written;

  PetscFunctionBegin;
  PetscCall(make_path(c, unit, sizeof(path), path));
  PetscCall(hole_writer_create(c->comm, path, PETSC_TRUE, &w));
  c->watch(c->comm, hole_writer_temporary_name(w));
  written = write_unit(c, w, form, u);
  PetscCall(hole_writer_destroy(&w)); /* without a commit, the temporary file goes */
  c->watch(c->comm, "");
  PetscCall(written);
  c->forms[unit] = form;
  HoleCallAgreed(c->comm, end_here(c)); /* local */
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_unit(hole_checkpoint c, HoleIndex unit, const char path[], PetscInt max_dim,
                                struct hole_unit *u)
{
  hole_reader    r;
  PetscErrorCode read, closed;

  PetscFunctionBegin;
  PetscCall(hole_reader_create(c->comm, path, &r));
  read   = hole_unit_read(c->comm, r, hole_checkpoint_form(c, unit), max_dim, u);
  closed = hole_reader_destroy(&r);
  PetscCall(read);
  PetscCall(closed);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_checkpoint_load(hole_checkpoint c, HoleIndex unit, HoleIndex n_points, PetscInt max_dim,
                                    struct hole_unit *u)
{
  char           path[2 * PETSC_MAX_PATH_LEN];
  PetscErrorCode read;

  PetscFunctionBegin;
  *u = (struct hole_unit){.n_points = n_points};
  PetscCall(make_path(c, unit, sizeof(path), path));
  PetscCall(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  read = read_unit(c, unit, path, max_dim, u);
  PetscCall(PetscPopErrorHandler());
  if (read) PetscCall(hole_unit_destroy(u));
  PetscCheck(read != HOLE_ERR_RESOURCE, PETSC_COMM_SELF, HOLE_ERR_RESOURCE,
             "memory ran out while checkpoint %s was read; use more ranks on more nodes", path);
  PetscCheck(!read, PETSC_COMM_SELF, HOLE_ERR_INPUT,
             "Checkpoint %s is truncated, damaged or no checkpoint; remove it, and its part of the run is done again",
             path);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_unit_destroy(struct hole_unit *u)
{
  PetscFunctionBegin;
  PetscCall(HoleDiagramDestroy(&u->diagram));
  PetscCall(HoleTreeDestroy(&u->tree));
  PetscCall(HoleViewsDestroy(&u->views));
  PetscCall(PetscFree(u->state.cleared));
  PetscCall(PetscFree(u->positions));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_checkpoint_destroy(hole_checkpoint *c)
{
  PetscFunctionBegin;
  if (!*c) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree((*c)->folder));
  PetscCall(PetscFree((*c)->key));
  PetscCall(PetscFree((*c)->forms));
  PetscCallMPI(MPI_Comm_free(&(*c)->comm));
  PetscCall(PetscFree(*c));
  PetscFunctionReturn(PETSC_SUCCESS);
}
