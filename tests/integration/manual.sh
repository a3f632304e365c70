#!/usr/bin/env bash
# The manual pages and the shells' completion, as tbft-train writes them. Usage: manual.sh TBFT SOURCE CASE
. "$2/tests/integration/common.sh"

train=$(dirname "$tbft")/tbft-train
"$train" manual "$work/manual" || fail "no manual"
commands() { "$tbft" --help | sed -n '/^Subcommands:/,$p' | sed -nE 's/^  ([a-z-]+) .*/\1/p'; }

case $3 in
  a_page_for_each_command)
    command -v man >/dev/null || fail "man is missing: scripts/bootstrap.sh test"
    for page in tbft $(commands | sed 's/^/tbft-/'); do
      warnings=$(LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$work/manual/man1/$page.1" 2>&1 >/dev/null) || fail "$page: $warnings"
      [ -z "$warnings" ] || fail "$page: $warnings"
    done
    MANWIDTH=200 man -P cat -l "$work/manual/man1/tbft-measure.1" 2>/dev/null | sed 's/.\x08//g' >"$work/page"
    # Every option of --help, and a default, a choice and an example.
    for option in $("$tbft" measure --help | sed -nE 's/^  (-[^ ]+) .*/\1/p' | tr , '\n'); do
      grep -qE "^ +(-[^ ]+, )*$option\b" "$work/page" || fail "tbft-measure.1 lacks $option: $(cat "$work/page")"
    done
    for text in 'Default: auto' 'Environment: TBFT_METER' 'tbft measure -m um25c:///dev/rfcomm0'; do
      grep -qF -- "$text" "$work/page" || fail "tbft-measure.1 lacks '$text'"
    done
    grep -q 'calibrate' "$work/manual/man1/tbft-meters.1" || fail "tbft-meters.1 lacks calibrate" ;;
  bash_completes)
    . "$work/manual/completion/tbft.bash"
    # expect 'WORDS' 'COMPLETIONS': of the last word.
    expect() {
      read -ra COMP_WORDS <<<"$1"
      [ "${1: -1}" != ' ' ] || COMP_WORDS+=('')
      COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()
      _tbft || true  # compgen fails where nothing fits
      [ "${COMPREPLY[*]}" = "$2" ] || fail "'$1' completes to '${COMPREPLY[*]}' instead of '$2'"
    }
    expect 'tbft me' 'merge meters measure'
    expect 'tbft meters cal' 'calibrate'
    expect 'tbft measure --rea' '--realtime'
    expect 'tbft measure --realtime o' 'on off'
    expect 'tbft meters calibrate --po' '--point'
    expect 'tbft data split --da' '--dataset'  # of a group of options
    expect 'tbft measure -m ' ''       # a file
    expect 'tbft measure -- tbft me' ''  # another program's words
    expect 'tbft help pers' 'personalize'
    for command in $(commands); do expect "tbft $command --help-al" --help-all; done ;;
  documents_are_those_of_the_program)
    for document in cli columns settings; do
      diff -u "$source_dir/docs/$document.md" "$work/manual/docs/$document.md" >"$work/diff" ||
        fail "docs/$document.md is not what the program says; mend it: tbft-train manual /tmp/manual && cp /tmp/manual/docs/*.md docs/
$(head -n 20 "$work/diff")"
    done ;;
  other_shells_read_theirs)
    checked=0
    for shell in zsh fish; do
      command -v $shell >/dev/null || continue
      file=$work/manual/completion/tbft.fish
      [ $shell = fish ] || file=$work/manual/completion/_tbft
      $shell -n "$file" || fail "$shell does not read $file"
      checked=$((checked + 1))
    done
    for command in $(commands); do
      grep -qE "^complete -c tbft -n '__fish_use_subcommand' -f -a $command " "$work/manual/completion/tbft.fish" || fail "fish lacks $command"
      grep -qE "^ +'tbft $command' '" "$work/manual/completion/_tbft" || fail "zsh lacks $command"
    done ;;
esac
