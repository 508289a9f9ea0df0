python3 ../servers/azure_devops.py ports & server=$!
for i in $(seq 100); do [ -s ports ] && break; sleep 0.1; done
sed -i "s/PORT/$(cat ports)/g" *.yaml
PAT=pat-of-contoso "$STEPWELL" run job.yaml --policy policy.yaml --config stepwell.yaml --output json; code=$?
kill $server; exit $code
