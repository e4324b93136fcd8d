#!/bin/bash
# `make install` into a folder: what it puts where, what it keeps, and that what it installs is right.
# The packages that are made of it: tests/nightly/packages.sh.
#
# shellcheck source=tests/e2e/lib.sh disable=SC2154
. "$(dirname "$0")/../e2e/lib.sh"

D=$T/dest
unset FOG_AGENT_CONFIG FOG_CONTROLLER_CONFIG
# Warnings of make are of no interest: it may run below another one.
installs() { expect 0 env -u MAKEFLAGS -u MAKELEVEL make -s VARIANT="$(basename "$BIN")" DESTDIR="$D" prefix=/opt/fog "$@"; }
files() { (cd "$D" && find . -type f -printf '%m %P\n' | sort | xargs); }

all_is_where_it_belongs() {
  mkdir -p "$BIN/conf" && ln -sf /nowhere/of-root "$BIN/conf/fog-agent.service" # as `sudo make install` leaves it: nobody else writes it
  installs install
  is "what is installed" "$(files | sed -E 's/644 opt.fog.share.[^ ]* ?//g; s/ $//')" "644 etc/fog/agent.conf 644 etc/fog/controller.conf \
644 opt/fog/lib/systemd/system/fog-agent.service 644 opt/fog/lib/systemd/system/fog-controller.service \
644 opt/fog/lib/sysusers.d/fog-agent.conf 644 opt/fog/lib/sysusers.d/fog-controller.conf \
755 opt/fog/bin/fog-agent 755 opt/fog/bin/fog-controller 755 opt/fog/bin/fogctl"
  is "what units start" "$(sed -n 's/^ExecStart=//p' "$D"/opt/fog/lib/systemd/system/*.service | xargs)" \
    "/opt/fog/bin/fog-agent /opt/fog/bin/fog-controller"
  ! grep -r '@[a-z]*@' "$D/opt/fog/lib" || miss "a name was not put in"
}

pages_and_completion_are_there() {
  local share=$D/opt/fog/share
  is "pages of daemons" "$(ls "$share/man/man8" | xargs)" "fog-agent.8 fog-controller.8"
  is "pages of fogctl" "$(ls "$share/man/man1" | grep -cE '^fogctl(-[a-z-]+)?\.1$')" \
    "$(("$("$BIN/fogctl" --help | sed -n '/^Verbs:/,/^$/p' | grep -c '^  ')" + 1))"
  is "completion" "$(cd "$share" && find bash-completion zsh fish -type f | sort | xargs)" \
    "bash-completion/completions/fogctl fish/vendor_completions.d/fogctl.fish zsh/site-functions/_fogctl"
  expect 0 bash -n "$share/bash-completion/completions/fogctl"
}

licences_of_what_is_in_the_dashboard_come_along() {
  local notice=$D/opt/fog/share/doc/fog-controller/licences.txt
  is "the libraries" "$(grep -E -A 1 -B 1 '^[@a-z/-]+$' "$notice" | grep -v '^-*$' | xargs)" "@preact/signals @preact/signals-core preact uplot yaml"
  is "notices of copyright" "$(grep -c '^Copyright' "$notice")" 5
}

its_files_are_right_as_they_are() {
  expect 0 "$D/opt/fog/bin/fog-controller" config check --config "$D/etc/fog/controller.conf"
  expect 0 "$D/opt/fog/bin/fog-agent" config show --config "$D/etc/fog/agent.conf" --name x
  says "$out" '^state +/var/lib/fog-agent +' '^cgroup +none +'
}

what_an_operator_wrote_is_kept() {
  echo 'bursts-max = 7' >"$D/etc/fog/controller.conf"
  installs install-controller
  is "the operator's file" "$(<"$D/etc/fog/controller.conf")" 'bursts-max = 7'
  expect 0 "$D/opt/fog/bin/fog-controller" config check --config "$D/etc/fog/controller.conf.new"
  install -m 644 /dev/null "$D/opt/fog/share/doc/fog-controller/notes" # neither is what others put beside ours taken away
  installs uninstall
  is "what is left" "$(files)" "644 etc/fog/agent.conf 644 etc/fog/controller.conf 644 etc/fog/controller.conf.new \
644 opt/fog/share/doc/fog-controller/notes"
}

it all_is_where_it_belongs pages_and_completion_are_there licences_of_what_is_in_the_dashboard_come_along its_files_are_right_as_they_are what_an_operator_wrote_is_kept
