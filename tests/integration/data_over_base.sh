#!/usr/bin/env bash
# cifar10 and cifar-flip take a plain folder of classes, imagefolder:DIR and cifar10:DIR alike; flip turns the labels round.
. "$(dirname "$0")/common.sh"

"$tbft" data export --dataset 'synthetic:?part=test&n=30' -o "$work/tree" >/dev/null
hash_of() { "$tbft" data info --dataset "$1" --json | sed -nE 's/.*"sha256": ?"([0-9a-f]+)".*/\1/p'; }
plain=$(hash_of "imagefolder:$work/tree")
[ -n "$plain" ] || fail "data info --json names no sha256"
for spec in "cifar10:$work/tree" "cifar10:imagefolder:$work/tree"; do
  [ "$(hash_of "$spec")" = "$plain" ] || fail "$spec holds other images"
done
flipped=$(hash_of "cifar-flip:$work/tree")
[ -n "$flipped" ] && [ "$flipped" != "$plain" ] || fail "the labels are not flipped"
[ "$(hash_of "cifar-flip:imagefolder:$work/tree")" = "$flipped" ] || fail "cifar-flip:imagefolder: differs"
