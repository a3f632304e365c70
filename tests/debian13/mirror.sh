#!/usr/bin/env bash
# Prints the mirror of Debian that this machine's apt uses; with -security the one of its security updates.
set -euo pipefail
uri=$(apt-get indextargets --format '$(ORIGIN) $(CODENAME) $(REPO_URI)' | awk -v suffix="${1:-}" '$1 == "Debian" && $2 ~ "^[a-z]+" suffix "$" && !seen++ { print $3 }')
[ -n "$uri" ] || { echo "mirror: apt knows no mirror of Debian${1:-}: apt-get update" >&2; exit 1; }
echo "$uri"
