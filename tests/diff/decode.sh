#!/bin/sh
# Compares what our decoder and LLVM's disassembler take as defined, with decode of the release build: decode.sh [OPTION...]
#   decode.sh                                    the sample that ./check takes
#   decode.sh --seed 2 --low 64 --random 1000000000
#   decode.sh --all words.done [FIRST LAST]      all 2^32 words, or those whose bits 31:20 are FIRST..LAST (hexadecimal). May be
#                                                stopped and started again; processes with ranges of their own may share the file
# BUILD: the build folder (default build/release). Needs Debian's libllvm19.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=${BUILD:-$here/../../build/release}
cmake --build "$build" --target decode >&2
exec "$build/tests/diff/decode" --jobs "$(nproc)" --known "$here/decode_known.txt" "$@"
