export RUST_BACKTRACE=1
python3 ../servers/web.py ports 90 & server=$!
for i in $(seq 100); do [ -s ports ] && break; sleep 0.1; done
read A B C < ports
sed -i "s/PORTA/$A/g; s/PORTB/$B/g; s/PORTC/$C/g" *.yaml
TOKEN=secret-token-77 "$STEPWELL" run job.yaml --policy policy.yaml --config stepwell.yaml --output json; code=$?
kill $server; exit $code
