#!/usr/bin/env bash
# `serve-meter --openmetrics`. Usage: openmetrics.sh TBFT SOURCE CASE
. "$(dirname "$0")/common.sh"
cd "$work"

# The server of a constant 5 W as $server, its port for metrics as $port. Arguments: more of serve-meter's.
serve() {
  constant_trace "$work/trace.csv" 300
  : >"$work/server"
  "$tbft" serve-meter -m "replay://$work/trace.csv" --listen 127.0.0.1:0 "$@" 2>"$work/server" & server=$!
  trap 'kill $server ${prometheus:-} 2>/dev/null || true; rm -rf "$work"' EXIT
  for _ in $(seq 600); do grep -q listening "$work/server" && break; sleep 0.05; done
  port=$(sed -n 's|^metrics at http://.*:\([0-9]*\)/metrics$|\1|p' "$work/server")
  [ -n "$port" ] || fail "no port of metrics: $(cat "$work/server")"
}

case $3 in
  answers_and_outlives_its_clients)
    serve --openmetrics 0
    grep -q 'metrics at http://127.0.0.1:' server || fail "a port alone is not loopback: $(cat server)"
    /usr/bin/python3 "$source_dir/tests/integration/openmetrics.py" "$port" || fail "$(cat server)"
    kill "$server"
    wait "$server" || fail "exit code $?: $(cat server)" ;;
  addresses)
    constant_trace "$work/trace.csv" 5
    meter="replay://$work/trace.csv"
    for wrong in x 70000 1.2.3.4 'a b:1'; do
      expect_refusal 2 'openmetrics.*expected a port' "$tbft" serve-meter -m "$meter" --listen 127.0.0.1:0 --openmetrics "$wrong"
    done
    serve --openmetrics 0.0.0.0:0
    expect_refusal 1 "cannot listen on 127.0.0.1:$port" "$tbft" serve-meter -m "$meter" --listen 127.0.0.1:0 --openmetrics "$port" ;;
  scraped_by_prometheus)
    command -v prometheus >/dev/null || fail "no prometheus: apt-get install prometheus"
    serve --openmetrics 0
    cat >prometheus.yml <<Y
global: { scrape_interval: 1s }
scrape_configs:
  - job_name: tbft
    static_configs: [{ targets: ["127.0.0.1:$port"] }]
Y
    mine=$(/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    prometheus --config.file=prometheus.yml --storage.tsdb.path=data --web.listen-address="127.0.0.1:$mine" >prometheus.log 2>&1 & prometheus=$!
    /usr/bin/python3 "$source_dir/tests/integration/prometheus.py" "$mine" "$port" 5 || fail "$(tail -n 20 prometheus.log; cat server)" ;;
  *) fail "no such case: $3" ;;
esac
