/* Limits and use of memory. A node offers what the kernel calls available, or what the control group of the job leaves. */
#include "memory.h"

#include "../core/block.h"
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

/* What is left of a control group's limit; PETSC_INT64 maximum if there is none. Versions 1 and 2. */
static HoleIndex group_memory(void)
{
  HoleIndex limit = read_number("/sys/fs/cgroup/memory.max", "", 1),
            used  = read_number("/sys/fs/cgroup/memory.current", "", 1);

  if (limit < 0) {
    limit = read_number("/sys/fs/cgroup/memory/memory.limit_in_bytes", "", 1);
    used  = read_number("/sys/fs/cgroup/memory/memory.usage_in_bytes", "", 1);
  }
  return limit > 0 && used >= 0 && limit < INT64_MAX / 2 ? PetscMax(0, limit - used) : INT64_MAX;
}

/* "8GiB", "500MB", "1.5g", "1000000". */
static PetscErrorCode parse_size(const char text[], HoleIndex *bytes)
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
  PetscCheck(*bytes > 0, PETSC_COMM_SELF, HOLE_ERR_USAGE,
             "-memory_limit %s: expected a size per rank such as 8GiB or 500MB", text);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode app_memory_limit(MPI_Comm comm, HoleIndex *bytes)
{
  HoleIndex   available = read_number("/proc/meminfo", "MemAvailable:", 1024);
  MPI_Comm    node;
  PetscMPIInt ranks;
  char        text[64];

  PetscFunctionBegin;
  PetscCall(app_get_text("-memory_limit", "", sizeof(text), text));
  if (text[0]) {
    PetscCall(parse_size(text, bytes));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCallMPI(MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node));
  PetscCallMPI(MPI_Comm_size(node, &ranks));
  PetscCallMPI(MPI_Comm_free(&node));
  available = available < 0 ? INT64_MAX : available;
  *bytes    = PetscMin(available, group_memory()) / ranks;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, bytes, 1, HOLE_MPI_INDEX, MPI_MIN, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

double app_predict_bytes(HoleIndex n, HoleIndex width, PetscInt max_dim, PetscMPIInt size)
{
  const double program = 80 * 1024 * 1024; /* libraries and their buffers */
  const double rows    = (double)sizeof(double) * (double)hole_block_count(n, size, 0) * (double)width;
  const double a_point = 256; /* ids, labels, curves, stages, flow */

  return program + rows + a_point * (double)n + HoleDistancesPredictBytes(n, width, size) +
         HoleHomologyPredictBytes(n, max_dim, size);
}

HoleIndex app_memory_peak(void)
{
  struct rusage usage;

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
