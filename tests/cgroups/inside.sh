#!/bin/sh
# What verify.sh runs in the machine that it boots: the tests that need control groups with controllers, as root and as a user
# to whom a part of the tree is delegated, and what `stepwell doctor` says there.
# `inside.sh TESTS_OF_THE_SANDBOX INTEGRATION_TESTS STEPWELL [FILTER]`
set -eu
sandbox=$1 integration=$2 stepwell=$3 filter=${4:-program_threats}
tree=/sys/fs/cgroup
user=65534
said=$TMPDIR/said
failures=0

echo "+memory +pids" >$tree/cgroup.subtree_control

# As systemd delegates a group to the user of a unit (`Delegate=memory pids`).
delegate() {
    mkdir "$tree/$1"
    [ "$2" = 0 ] || chown "$2" "$tree/$1" "$tree/$1/cgroup.procs" "$tree/$1/cgroup.subtree_control" "$tree/$1/cgroup.threads"
}

# Runs a command in a group, as a user; what was skipped for want of a group has failed.
in_group() {
    name=$1 as=$2
    shift 2
    echo "== $name, as user $as"
    delegate "$name" "$as"
    ended=0
    sh -c 'echo 0 >"$0/cgroup.procs"; as=$1; shift; exec setpriv --reuid="$as" --regid="$as" --clear-groups "$@"' \
        "$tree/$name" "$as" "$@" >"$said" 2>&1 || ended=$?
    cat "$said"
    if [ $ended -ne 0 ] || grep -q "skipped: no control group" "$said"; then
        failures=$((failures + 1))
        echo "FAILED: $name"
    fi
}

for as in 0 $user; do
    in_group "groups-$as" $as "$sandbox" control_group program::kernel --nocapture --test-threads=1
done
# The components that the tests compile.
mkdir -p target/test-cache/components
mount -t tmpfs -o mode=1777 tmpfs target/test-cache/components
in_group doctor-0 0 "$stepwell" doctor --data-dir "$TMPDIR/doctor" || true
grep -q "control groups: all bounds of programs hold" "$said" || {
    echo "FAILED: doctor"
    failures=$((failures + 1))
}
for as in 0 $user; do
    in_group "programs-$as" $as "$integration" "$filter" --test-threads=1
done
# Nothing of any program is left in the tree.
left=$(find $tree -type d -name 'stepwell-program-*')
[ -z "$left" ] || {
    echo "FAILED: these groups are left: $left"
    failures=$((failures + 1))
}
echo "$failures failures"
[ $failures -eq 0 ]
