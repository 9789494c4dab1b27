#!/usr/bin/env bash
# The power button: SIGUSR1 reaches a guest that waits for the key on the PL061 and then powers off.
#
# usage: power.sh TRAPLINE
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# a dot and a newline to the UART; loads GPIODATA until it is not 0; PSCI SYSTEM_OFF by HVC
printf '%b%b' '\x01\x20\xa1\xd2\xc2\x05\x80\x52\x22\x00\x00\xb9\x42\x01\x80\x52\x22\x00\x00\xb9\x61\x20\xa1\xd2' \
	'\x22\xfc\x43\xb9\xe2\xff\xff\x34\x00\x80\xb0\x52\x00\x01\x80\x72\x02\x00\x00\xd4' >"$work/guest"
timeout 60 "$1" -M virt -cpu cortex-a57 -nographic -nodefaults -serial stdio -kernel "$work/guest" </dev/null >"$work/out" 2>&1 &
for ((i = 0; i < 300; i++)); do
	grep -q . "$work/out" && break
	sleep 0.1
done
pid=$(pgrep -P $! | head -n 1) # below timeout
kill -USR1 "$pid"
wait $!
status=$?
[ "$status $(cat "$work/out")" = "0 ." ] || { echo "exit status $status"; cat "$work/out"; exit 1; }
