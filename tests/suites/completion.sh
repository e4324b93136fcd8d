#!/bin/bash
# What shells complete of fogctl, in the shells themselves; and the pages of the manual, as those read them who format them.
#
# shellcheck source=tests/e2e/lib.sh disable=SC2154
. "$(dirname "$0")/../e2e/lib.sh"

PATH=$BIN:$PATH
export FOGCTL_CONFIG=$T/contexts.yaml FOGCTL_SERVER=http://127.0.0.1:1
echo 'contexts: [{name: home, server: a}, {name: lab, server: b}]' >"$FOGCTL_CONFIG"

# What the server is asked for; the shells that follow have its address.
a_controller_has_three_policies() {
  start_controller || return
  export FOGCTL_SERVER=http://$API
  for name in quiet quick slow; do
    expect 0 fogctl apply -f - <<<"{apiVersion: fog/v1, kind: HarvestPolicy, metadata: {name: $name}}"
  done
}

made() { expect 0 env -u MAKEFLAGS -u MAKELEVEL make -s VARIANT="$(basename "$BIN")" man; }

# As bash takes a line apart: "=" is a word of its own.
in_bash() { # WORD…: the candidates, joined by blanks
  bash --norc -c '. <(fogctl completion bash)
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _fogctl fogctl
    echo "${COMPREPLY[*]}"' - "$@" 2>"$T/err"
}

bash_completes() {
  is "the function" "$(bash --norc -c '. <(fogctl completion bash); complete -p fogctl')" "complete -F _fogctl fogctl"
  is "a verb" "$(in_bash fogctl ro)" "rollback rollout"
  is "a value behind =" "$(in_bash fogctl patch hs/x --type = j)" "json"
  is "a value right behind =" "$(in_bash fogctl patch hs/x --type =)" "merge json"
  is "a value of its own" "$(in_bash fogctl --context l)" "lab"
  is "a file" "$(in_bash fogctl apply -f Makef)" "Makefile"
  is "behind a URL" "$(in_bash fogctl --server http : //x unc)" "uncordon"
  is "a name" "$(in_bash fogctl get hp qui)" "quick quiet"
  is "a name behind its kind" "$(in_bash fogctl describe hp/s)" "hp/slow"
  is "a name from another server" "$(FOGCTL_SERVER=http://127.0.0.1:1 in_bash fogctl --server "http" : "//$API" get hp sl)" "slow"
}

cat >"$T/in.zsh" <<'END'
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1= PS2= RPS1=; autoload -Uz compinit; compinit -u -D; . <(fogctl completion zsh)
  show() { print -r -- \"<\$BUFFER>\"; BUFFER=; zle .accept-line }; zle -N show
  bindkey '^X' show; bindkey '^I' complete-word; print read''y"
zpty -r -m shell line '*ready*'
zpty -w -n shell "$1"$'\t\x18'
zpty -r -m shell line '*<*>*'
print -r -- "${${line##*<}%%>*}"
zpty -d shell
END
in_zsh() { timeout 20 zsh -f "$T/in.zsh" "$1" 2>"$T/err"; } # LINE: what stands there after TAB

zsh_completes() {
  command -v zsh >/dev/null || { unmeasured "there is no zsh" && return; }
  is "a verb" "$(in_zsh 'fogctl kubec')" "fogctl kubeconfig "
  is "a context" "$(in_zsh 'fogctl config use-context l')" "fogctl config use-context lab "
  is "an option that wants a value" "$(in_zsh 'fogctl patch --ty')" "fogctl patch --type="
  is "a name" "$(in_zsh 'fogctl get hp sl')" "fogctl get hp slow "
  is "a name behind its kind" "$(in_zsh 'fogctl describe hp/s')" "fogctl describe hp/slow "
}

in_fish() { # LINE: the candidates, joined by blanks
  timeout 20 fish --no-config -c 'fogctl completion fish | source; complete -C $argv[1]' "$1" 2>"$T/err" |
    cut -f 1 | sort | xargs
}

fish_completes() {
  command -v fish >/dev/null || { unmeasured "there is no fish" && return; }
  is "a verb" "$(in_fish 'fogctl ro')" "rollback rollout"
  is "kinds" "$(in_fish 'fogctl get harvest')" "harvestpolicies harvestsessions"
  is "a value behind =" "$(in_fish 'fogctl patch hs/x --type=j')" "--type=json"
  is "a value of its own" "$(in_fish 'fogctl --context l')" "lab"
  is "a file" "$(in_fish 'fogctl apply -f Makef')" "Makefile"
  is "a name" "$(in_fish 'fogctl get hp ')" "quick quiet slow"
  is "a name behind its kind" "$(in_fish 'fogctl describe hp/s')" "hp/slow"
  says "$(timeout 20 fish --no-config -c 'fogctl completion fish | source; complete -C "fogctl roll"')" \
    $'^rollback\t.*go back'
}

all_of_it_left_the_programs_whole() {
  stop_controller
  nothing_is_broken
}

readers_of_pages_have_nothing_to_say() {
  made || return
  is "how many pages" "$(ls "$BIN/man" | wc -l)" "$(($(fogctl --help | sed -n '/^Verbs:/,/^$/p' | grep -c '^  ') + 3))"
  groff -ww -man -Tutf8 -z "$BIN"/man/* 2>"$T/pages"
  ! command -v mandoc >/dev/null || mandoc -T lint -W warning "$BIN"/man/* | grep -v 'missing date' >>"$T/pages"
  is "what they say" "$(head -n 5 "$T/pages")" ""
}

a_page_says_what_a_verb_does() {
  local text
  text=$(man --warnings -l "$BIN/man/fogctl-patch.1" 2>&1 | col -b)
  says "$text" '^ +fogctl-patch - change some fields' '--type merge\|json' '^EXAMPLES' "-p '\{spec: \{replicas: 4\}\}'"
  text=$(man -l "$BIN/man/fog-agent.8" 2>&1 | col -b)
  says "$text" '--state' 'FOG_AGENT_' '/etc/fog/agent.conf'
}

it a_controller_has_three_policies bash_completes zsh_completes fish_completes readers_of_pages_have_nothing_to_say a_page_says_what_a_verb_does \
  all_of_it_left_the_programs_whole
