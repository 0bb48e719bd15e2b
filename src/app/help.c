/* Help and version, printed without MPI. */
#include "app.h"

#include "version.h"
#include <hdf5.h>
#include <slepcsys.h>
#include <stdio.h>
#include <string.h>

/* Words with blanks between them, none at the end of a line. */
static void print_wrapped(const char text[], int indent, int column)
{
  const int width = 110;
  int       start = column;

  for (const char *word = text + strspn(text, " "); *word; word += strspn(word, " ")) {
    const int length = (int)strcspn(word, " ");

    if (column > start && column + 1 + length > width) {
      printf("\n%*s", indent, "");
      column = start = indent;
    }
    column += printf("%s%.*s", column > start ? " " : "", length, word);
    word += length;
  }
  printf("\n");
}

/* The values an option may have, words apart from each other. */
static void join_values(const struct app_option *o, size_t size, char values[])
{
  size_t used = 0;

  for (const char *c = o->values; *c && used + 4 < size; ++c) {
    const PetscBool between = (PetscBool)(o->kind == OPTION_WORD && *c == ' ');

    memcpy(values + used, between ? " | " : c, between ? 3 : 1);
    used += between ? 3 : 1;
  }
  values[used] = 0;
}

static void print_option(const struct app_option *o)
{
  const int indent = 28;
  char      values[APP_MESSAGE_LENGTH];
  int       column = printf("  %-24s  ", o->name);

  if (column > indent) {
    printf("\n%*s", indent, "");
  }
  if (o->values[0]) {
    join_values(o, sizeof(values), values);
    print_wrapped(values, indent, indent);
    printf("%*s", indent, "");
  }
  print_wrapped(o->help, indent, indent);
}

static void print_overview(void)
{
  const struct app_command *const commands[] = {&app_analyze, &app_compare, &app_plan, &app_inspect, &app_export};

  printf("HOLE on MPI %s: persistent homology of neural-network activations\n\n"
         "  hole COMMAND INPUT [-output FILE] [options]        alone, or under mpiexec or srun\n\n",
         HOLE_VERSION);
  for (size_t c = 0; c < sizeof(commands) / sizeof(commands[0]); ++c)
    printf("  %-8s  %s\n", commands[c]->name, commands[c]->summary);
  printf("\n  hole COMMAND -help   options of a command\n"
         "  hole -version        versions\n\n"
         "Example: mpiexec -n 4 hole analyze activations.h5 -metric cosine -output result.h5\n"
         "Pictures of a result, in one page: scripts/report result.h5 -o report.html\n");
}

void app_print_help(const struct app_command *command)
{
  if (!command) {
    print_overview();
    return;
  }
  printf("hole %s %s [options]\n\n", command->name, command->input);
  print_wrapped(command->details, 0, 0);
  printf("\n");
  for (int o = 0; o < command->n_options; ++o) print_option(&command->options[o]);
  if (command->also)
    printf("\nAnd the options of hole %s; see hole %s -help.\n", command->also->name, command->also->name);
  printf("\nOptions may also come from -options_file FILE, -options_file_yaml FILE and the variable PETSC_OPTIONS.\n"
         "PETSc's own options work too, such as -log_view for a profile.\n"
         "Exit codes: 0 done, 2 usage, 3 input, 4 memory or disk, 75 stopped by a signal (see -checkpoint).\n");
}

void app_print_version(void)
{
  printf("hole %s\nPETSc %d.%d.%d (%d-bit PetscInt), SLEPc %d.%d.%d, HDF5 %d.%d.%d, MPI %d.%d\n", HOLE_VERSION,
         PETSC_VERSION_MAJOR, PETSC_VERSION_MINOR, PETSC_VERSION_SUBMINOR, (int)(8 * sizeof(PetscInt)),
         SLEPC_VERSION_MAJOR, SLEPC_VERSION_MINOR, SLEPC_VERSION_SUBMINOR, H5_VERS_MAJOR, H5_VERS_MINOR,
         H5_VERS_RELEASE, MPI_VERSION, MPI_SUBVERSION);
}
