#!/usr/bin/env bash
# Runs the example: makes the database, starts the Azure DevOps emulator, runs the job.
# Usage: run.sh DIRECTORY_WITH_PROGRAMS WORK_DIRECTORY
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
programs=$(cd "$1" && pwd)
mkdir -p "$2" && work=$(cd "$2" && pwd)

cp -r "$here"/{job.yaml,policy.yaml,config.yaml,schema.sql,data,scripts} "$work"
"$programs/make-shop-db" "$work"

export AZURE_DEVOPS_PAT=${AZURE_DEVOPS_PAT:-emulator-pat}
"$programs/azure-devops-emulator" >"$work/emulator.url" &
emulator=$!
trap 'kill $emulator 2>/dev/null' EXIT
for _ in $(seq 50); do [ -s "$work/emulator.url" ] && break; sleep 0.1; done
url=$(cat "$work/emulator.url")
sed -i "s|http://127.0.0.1:8089/contoso|$url|" "$work/config.yaml"
echo "the Azure DevOps emulator listens at $url" >&2

cd "$work"
"$programs/stepwell" run job.yaml --policy policy.yaml --config config.yaml --data-dir data-dir
run=$("$programs/stepwell" runs list --limit 1 --data-dir data-dir | grep -o 'exec_[0-9_]*')
cat <<TEXT

The report, data-dir/runs/$run/workspace/report.csv:
$(sed 's/^/  /' "data-dir/runs/$run/workspace/report.csv")

Three commands to try next, in $work:
  $programs/stepwell runs show $run --data-dir data-dir --output json
  $programs/stepwell policy show job.yaml --policy policy.yaml --config config.yaml
  $programs/stepwell steps inspect data_processing
TEXT
