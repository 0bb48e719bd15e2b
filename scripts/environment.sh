# shellcheck shell=sh
# Environment for running on one machine, for the demo and the tests. Source it:  . scripts/environment.sh
#
# The program never sets any of this: on a cluster these are the site's choices. A value that is set already is kept.
# scripts/cmake/HoleAddMpiTest.cmake reads the lines that begin with hole_default, so ctest runs under the same values.

hole_default() { # NAME VALUE: export NAME, with VALUE if it has none
  eval "export $1=\"\${$1-\$2}\""
}

# Open MPI 4 runs as root only if told so, and only if told twice. It asks nothing of other users.
if [ "$(id -u)" -eq 0 ]; then
  hole_default OMPI_ALLOW_RUN_AS_ROOT 1
  hole_default OMPI_ALLOW_RUN_AS_ROOT_CONFIRM 1
fi

# Tests use up to four ranks whatever the number of cores ...
hole_default OMPI_MCA_rmaps_base_oversubscribe 1
# ... so ranks that wait must leave the core to those that work ...
hole_default OMPI_MCA_mpi_yield_when_idle 1
# ... and must not be bound: two runs side by side would be bound to the same cores.
hole_default OMPI_MCA_hwloc_base_binding_policy none

# Shared memory and sockets: no search for fast networks at start, and the same transport on every machine.
hole_default OMPI_MCA_pml ob1
hole_default OMPI_MCA_btl self,vader,tcp
hole_default OMPI_MCA_btl_tcp_if_include lo
hole_default OMPI_MCA_oob_tcp_if_include lo
# Unprivileged containers may not copy from the memory of another process.
hole_default OMPI_MCA_btl_vader_single_copy_mechanism none
# One-sided communication without UCX, which would not work over the transports chosen above.
hole_default OMPI_MCA_osc ^ucx

# One thread a rank: the ranks are the parallelism.
hole_default OPENBLAS_NUM_THREADS 1
hole_default OMP_NUM_THREADS 1
