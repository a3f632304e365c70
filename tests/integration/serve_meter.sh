#!/usr/bin/env bash
# tbft serve-meter and remote:// as two programs. Case $3.
source "$(dirname "$0")/common.sh"

(umask 077; printf 'a key of the tests, long enough\n' >"$work/key"; printf 'another key, as long as that one\n' >"$work/other")
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT

# serve ADDRESS OPTIONS...: a constant 5 W; $port is where it listens.
serve() {
  local address=$1
  shift
  [ -e "$work/trace.csv" ] || constant_trace "$work/trace.csv" 60 100
  : >"$work/server" # The child opens it in its own time; an old line must not be read as its answer.
  "$tbft" serve-meter -m "replay://$work/trace.csv" --listen "$address" "$@" 2>"$work/server" &
  server=$!
  for _ in $(seq 200); do
    port=$(sed -nE 's/^listening on .*:([0-9]+)(,.*)?$/\1/p' "$work/server")
    [ -z "$port" ] || return 0
    kill -0 "$server" 2>/dev/null || fail "the server ended: $(cat "$work/server")"
    sleep 0.1
  done
  fail "the server does not listen: $(cat "$work/server")"
}
# stop SIGNAL: it ends with 0.
stop() {
  local code=0
  kill "-$1" "$server"
  wait "$server" || code=$?
  server=
  [ "$code" = 0 ] || fail "the server ended with $code"
}
five_watts() {
  python3 - "$1" "$2" <<'P'
import json, sys
row = json.load(open(sys.argv[1]))
assert row["status"] == "ok", row
assert abs(row["gross_J"] - 5 * row["duration_s"]) < 0.001 * row["gross_J"], row
assert row["measured"] == int(sys.argv[2]), row
P
}

case $3 in
  measure_over_it)
    addresses=(127.0.0.1)
    if grep -q '^0*1 ' /proc/net/if_inet6 2>/dev/null; then addresses+=('[::1]'); fi
    for address in "${addresses[@]}"; do
      serve "$address:0" --key-file "$work/key"
      "$tbft" measure --json -m "remote://$address:$port?key_file=$work/key" -- sleep 0.5 >"$work/out" 2>"$work/err" ||
        fail "$address: $(cat "$work/err" "$work/server")"
      five_watts "$work/out" 0
      stop TERM
    done ;;
  key_as_a_credential)
    mkdir "$work/credentials"
    cp "$work/key" "$work/credentials/key"
    chmod 440 "$work/credentials/key"  # as systemd has it, whose access lists look like a group's rights
    expect_refusal 2 'others than its owner' "$tbft" serve-meter -m estimate:// --key-file "$work/credentials/key"
    export CREDENTIALS_DIRECTORY=$work/credentials
    serve 127.0.0.1:0 --key-file "$work/credentials/key"
    stop TERM ;;
  any_signal_ends_it)
    serve 127.0.0.1:0
    stop INT ;;
  another_key_gets_nothing)
    serve 127.0.0.1:0 --key-file "$work/key"
    expect_refusal 3 'another key' "$tbft" meters -m "remote://127.0.0.1:$port?key_file=$work/other"
    expect_refusal 3 'needs a key' "$tbft" meters -m "remote://127.0.0.1:$port"
    grep -q 'refused, wrong key' "$work/server" || fail "the server does not say who was refused"
    stop TERM ;;
  other_addresses_need_a_key)
    constant_trace "$work/trace.csv" 2
    for address in 0.0.0.0:0 '[::]:0'; do
      expect_refusal 2 'a key is needed' "$tbft" serve-meter -m "replay://$work/trace.csv" --listen "$address"
    done
    expect_refusal 2 'ADDRESS:PORT' "$tbft" serve-meter -m "replay://$work/trace.csv" --listen 7007
    serve 0.0.0.0:0 --key-file "$work/key"
    stop TERM ;;
  key_file_that_others_read)
    constant_trace "$work/trace.csv" 2
    chmod 644 "$work/key"
    expect_refusal 2 'chmod 600' "$tbft" serve-meter -m "replay://$work/trace.csv" --listen 127.0.0.1:0 --key-file "$work/key"
    expect_refusal 2 'chmod 600' "$tbft" meters -m "remote://127.0.0.1:1?key_file=$work/key" ;;
  taken_port)
    serve 127.0.0.1:0
    expect_refusal 1 'cannot listen' "$tbft" serve-meter -m "replay://$work/trace.csv" --listen "127.0.0.1:$port"
    stop TERM ;;
  killed_and_restarted_is_a_gap)
    serve 127.0.0.1:0
    "$tbft" measure --json -o "$work/remote.csv" -m "remote://127.0.0.1:$port" -- \
      sh -c 'touch "$0"; until [ -e "$1" ]; do sleep 0.05; done' "$work/began" "$work/enough" \
      >"$work/out" 2>"$work/err" &
    measure=$!
    await_file "$work/began"
    sleep 1
    kill -KILL "$server"
    wait "$server" 2>/dev/null || true
    serve "127.0.0.1:$port"
    sleep 2
    touch "$work/enough"
    wait "$measure" || true
    # A gap, and after it a first reading of the new server.
    awk -F, '$6 ~ /g/ { gap = NR } $6 ~ /r/ && gap && NR > gap { again = NR } END { exit !(again && NR > again + 50) }' \
      "$work/remote.csv" || fail "no gap and going on in the trace: $(grep -nE ',[grsd]+,' "$work/remote.csv")"
    stop TERM ;;
  *) fail "no such case" ;;
esac
