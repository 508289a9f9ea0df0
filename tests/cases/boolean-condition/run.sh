for v in false '"false"' no 0 False; do
  echo "== deploy=$v"; "$STEPWELL" run job.yaml --policy policy.yaml --var deploy="$v" 2>&1 | grep -vE '^[┌╞└ ]|^run |^files'
done
