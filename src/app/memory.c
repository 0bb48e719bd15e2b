/* Limits and use of memory. A node offers what the kernel calls available, or what the control group of the job leaves. */
#include "memory.h"

#include "../core/shared.h"

#include "app.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>

/* The number after `key` on a line of its own, or alone in the file if `key` is empty; `scale` times. -1 if there is none. */
static HoleIndex read_number(const char path[], const char key[], HoleIndex scale)
{
  FILE     *file = fopen(path, "r");
  char      line[256];
  HoleIndex number = -1;
  long long value;

  while (file && number < 0 && fgets(line, sizeof(line), file)) {
    if (!strncmp(line, key, strlen(key)) && sscanf(line + strlen(key), " %lld", &value) == 1) number = value * scale;
  }
  if (file) fclose(file);
  return number;
}

/* What a control group leaves: its limit less what is used and cannot be given back; INT64_MAX if it has no limit. */
static HoleIndex group_leaves(const char folder[], const char limit_name[], const char used_name[])
{
  char      path[PETSC_MAX_PATH_LEN + 64];
  HoleIndex limit, used, cache;

  snprintf(path, sizeof(path), "%s/%s", folder, limit_name);
  limit = read_number(path, "", 1);
  snprintf(path, sizeof(path), "%s/%s", folder, used_name);
  used = read_number(path, "", 1);
  snprintf(path, sizeof(path), "%s/memory.stat", folder);
  cache = PetscMax(0, read_number(path, "inactive_file ", 1)); /* pages of files, dropped when memory is short */
  if (limit <= 0 || used < 0 || limit >= INT64_MAX / 2) return INT64_MAX;
  return PetscMax(0, limit - PetscMax(0, used - cache));
}

/* The least that a group or one of those around it leaves; `path` is shortened from its end. */
static HoleIndex least_of_groups(const char root[], char path[], const char limit_name[], const char used_name[])
{
  char      folder[PETSC_MAX_PATH_LEN];
  HoleIndex least = INT64_MAX;
  char     *slash;

  do {
    snprintf(folder, sizeof(folder), "%s%s", root, path);
    least = PetscMin(least, group_leaves(folder, limit_name, used_name));
    slash = strrchr(path, '/');
    if (slash) *slash = 0;
  } while (slash);
  return least;
}

/* The control groups of this process, of version 2 ("0::PATH") and 1 ("N:...memory...:PATH"). */
static HoleIndex group_memory(void)
{
  FILE     *file = fopen("/proc/self/cgroup", "r");
  char      line[2048], *path;
  HoleIndex least = INT64_MAX;

  while (file && fgets(line, sizeof(line), file)) {
    line[strcspn(line, "\n")] = 0;
    path                      = strchr(line, ':') ? strchr(strchr(line, ':') + 1, ':') : NULL;
    if (!path) continue;
    *path++ = 0;
    if (!strncmp(line, "0:", 2))
      least = PetscMin(least, least_of_groups("/sys/fs/cgroup", path, "memory.max", "memory.current"));
    else if (strstr(line, "memory"))
      least = PetscMin(
          least, least_of_groups("/sys/fs/cgroup/memory", path, "memory.limit_in_bytes", "memory.usage_in_bytes"));
  }
  if (file) fclose(file);
  return least;
}

/* "8GiB", "500MB", "1.5g", "1000000". */
PetscErrorCode app_memory_parse(const char option[], const char text[], HoleIndex *bytes)
{
  const char *const units[] = {"", "b", "k", "kb", "kib", "m", "mb", "mib", "g", "gb", "gib", "t", "tb", "tib"};
  const double factor[] = {1, 1, 0x1p10, 1e3, 0x1p10, 0x1p20, 1e6, 0x1p20, 0x1p30, 1e9, 0x1p30, 0x1p40, 1e12, 0x1p40};
  char        *unit;
  double       number = strtod(text, &unit);

  PetscFunctionBegin;
  *bytes = 0;
  while (*unit == ' ') ++unit;
  for (size_t u = 0; u < sizeof(units) / sizeof(units[0]); ++u) {
    if (unit != text && !strcasecmp(unit, units[u]) && number > 0 && number * factor[u] < 0x1p62)
      *bytes = (HoleIndex)(number * factor[u]);
  }
  PetscCheck(*bytes > 0, PETSC_COMM_SELF, HOLE_ERR_USAGE, "%s %s: expected a size such as 8GiB or 500MB", option, text);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode ranks_here(MPI_Comm comm, PetscMPIInt *ranks)
{
  MPI_Comm node;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node));
  PetscCallMPI(MPI_Comm_size(node, ranks));
  PetscCallMPI(MPI_Comm_free(&node));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode app_memory_together(MPI_Comm comm, PetscMPIInt *ranks)
{
  PetscMPIInt here;

  PetscFunctionBegin;
  PetscCall(ranks_here(comm, &here));
  PetscCallMPI(MPI_Allreduce(&here, ranks, 1, MPI_INT, MPI_MIN, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode app_memory_limit(MPI_Comm comm, HoleIndex *bytes)
{
  HoleIndex   available = read_number("/proc/meminfo", "MemAvailable:", 1024);
  PetscMPIInt ranks;
  char        text[64];

  PetscFunctionBegin;
  PetscCall(app_get_text("-memory_limit", "", sizeof(text), text));
  if (text[0]) {
    PetscCall(app_memory_parse("-memory_limit", text, bytes));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(ranks_here(comm, &ranks));
  available = available < 0 ? INT64_MAX : available;
  *bytes    = PetscMin(available, group_memory()) / ranks;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, bytes, 1, HOLE_MPI_INDEX, MPI_MIN, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

HoleIndex app_memory_node(void)
{
  const HoleIndex total = read_number("/proc/meminfo", "MemTotal:", 1024);

  return PetscMin(total < 0 ? INT64_MAX : total, group_memory());
}

HoleIndex app_memory_now(void) { return PetscMax(0, read_number("/proc/self/status", "VmRSS:", 1024)); }

/* getrusage() would count what the process that started us held before it became this program. What ranks of a node share counts
   once, with the rank that it belongs to. */
HoleIndex app_memory_peak(void)
{
  const HoleIndex most = read_number("/proc/self/status", "VmHWM:", 1024);
  struct rusage   usage;

  if (most >= 0) return most - PetscMin(most / 2, (HoleIndex)hole_shared_foreign());
  getrusage(RUSAGE_SELF, &usage);
  return (HoleIndex)usage.ru_maxrss * 1024;
}

PetscErrorCode app_memory_print(double bytes, size_t length, char text[])
{
  const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  int               u       = 0;

  PetscFunctionBegin;
  for (; bytes >= 1000 && u < 5; ++u) bytes /= 1024;
  PetscCall(PetscSNPrintf(text, length, bytes < 10 && u ? "%.1f %s" : "%.0f %s", bytes, units[u]));
  PetscFunctionReturn(PETSC_SUCCESS);
}
