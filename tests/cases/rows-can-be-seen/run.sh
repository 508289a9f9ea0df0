"$STEPWELL" run job.yaml --policy policy.yaml --config stepwell.yaml --output json; code=$?
id=$("$STEPWELL" runs list | grep -o 'exec_[0-9_]*' | head -1)
"$STEPWELL" runs show $id --output json; "$STEPWELL" runs show $id; "$STEPWELL" runs logs $id; exit $code
