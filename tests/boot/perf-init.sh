#!/bin/sh
# What runs as the first program on perf.img: Debian's perf counts and samples a program; samples must be as many as the count says.
export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/root
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev; mount -t tmpfs tmpfs /tmp
work='sha256sum /usr/bin/busybox'
perf --version
perf stat -e instructions,cycles,instructions:k,dTLB-load-misses,r13 $work
count=$(perf stat -x, -e instructions:u $work 2>&1 >/dev/null | sed -n 's/^\([0-9]*\),.*instructions:u.*/\1/p')
perf record -q -o /tmp/perf.data -e instructions:u -c 100003 $work
samples=$(perf report -i /tmp/perf.data --stdio 2>/dev/null | sed -n 's/^# Samples: \([0-9]*\) .*/\1/p')
perf report -i /tmp/perf.data --stdio 2>/dev/null | grep -v '^#' | head -n 8
echo "count $count samples $samples"
[ "${samples:-0}" -gt 100 ] && [ $((count / 100003 - samples)) -ge -2 ] && [ $((count / 100003 - samples)) -le 2 ] && echo PERF-GOOD
echo PERF-DONE
poweroff -f
