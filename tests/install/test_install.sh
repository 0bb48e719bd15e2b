#!/bin/sh
# Install the build, then build and run a small program against the installed copy, by CMake and by pkg-config.
#
#   test_install.sh BUILD_FOLDER SOURCE_FOLDER CMAKE
set -eu
build=$1 source=$2 cmake=$3
prefix=$PWD/prefix

"$cmake" --install "$build" --prefix "$prefix" >install.log
"$prefix/bin/hole" -version >/dev/null

"$cmake" -S "$source/tests/install" -B by_cmake -DCMAKE_PREFIX_PATH="$prefix" >cmake.log
"$cmake" --build by_cmake >>cmake.log
./by_cmake/use_hole

PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name hole.pc)")
export PKG_CONFIG_PATH
# shellcheck disable=SC2046
mpicc -o by_pkg_config "$source/tests/install/use_hole.c" $(pkg-config --cflags --libs hole)
./by_pkg_config
