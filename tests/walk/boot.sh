#!/usr/bin/env bash
# Every abort of a boot against what `walk` says of it (faults.c): boot.sh IMAGES WALK_FAULTS SCENARIO AT_LEAST. Status 77 without an image.
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/boot/scenarios.sh
. "$here/../boot/scenarios.sh"
images=$1
scenario "$images" "$3" || exit 2
for file in "${needs[@]}"; do
	if [ ! -s "$images/$file" ]; then
		echo "no $images/$file"
		exit 77
	fi
done
"$2" "$4" "${options[@]}" </dev/null | tail -n 40
exit "${PIPESTATUS[0]}"
