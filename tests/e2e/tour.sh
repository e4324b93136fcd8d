# The stage of docs/FOGCTL.md: what is there before its lines are typed.  Sourced by tests/suites/pages.sh.
#
# The page tells one story; what happens between its lines (another person applies something, an owner pauses a machine) stands
# here, by the line that it comes before.
#
# shellcheck shell=bash disable=SC2154

# As the page has it; what a run cannot have as it stands there is set in its place.
as_typed() { # COMMAND
  sed -E -e "s/(-revision) 10\b/\1 ${R10:-10}/; s/state diff 10 23/state diff ${R10:-10} ${R23:-23}/" \
    -e "s/blake2b:9c1e4b…/${DIGEST:-}/" <<<"$1"
}

# What the page tells and nobody types here, with the reason.
is_untyped() { # COMMAND
  case $1 in
    'fogctl get conflicts' | 'fogctl release '*) ;;            # a config directory: e2e_sources.sh
    'fogctl rollback hs/render hs/encode '* | 'fogctl rollback hs,hp '* | 'fogctl rollback -l '*) ;; # e2e_operations.sh
    'fogctl rollback agents '*) ;;
    *' --at 10m' | *' --at 1h '* | 'fogctl state diff 1h '*) ;; # the fleet is younger than that
    'fogctl top' | 'fogctl top -o json '*) ;;                  # a screen, and a battery that empties: top.sh
    'KUBECONFIG='*) ;;                                         # clients_kubectl.sh
    *) return 1 ;;
  esac
}

session() { # NAME REPLICAS COMMAND [LINE…]: a manifest; lines are of the spec
  local name=$1 replicas=$2 command=$3
  shift 3
  printf 'apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: %s}\nspec:\n' "$name"
  printf '  replicas: %s\n  grace: 1s\n' "$replicas"
  printf '  %s\n' "$@" | grep -v '^ *$'
  printf '  workload:\n    command: [/bin/sh, -c, %s]\n    restart: always\n' "'$command'"
}
frames='n=0; while :; do n=$((n + 1)); echo frame $n; sleep 1; done'
others='n=0; while :; do n=$((n + 1)); echo other frame $n; sleep 1; done'
rests='exec sleep 1000'
render() { session render "$@" >render.yaml; }

until_so() { # COMMAND…: within twenty seconds
  local end=$((SECONDS + 20))
  while [ $SECONDS -lt $end ]; do
    "$@" && return
    sleep 0.05
  done
  echo "in vain: $*"
  return 1
}
is_so() { fogctl wait "$1" --for=condition=Converged --timeout 20s; } # OBJECT
newest() { fogctl history "$1" --limit 1 -o json | jq -r '.items[0].revision'; }
both_said_something() { [ "$(fogctl logs hs/render --tail 1 | wc -l)" = 2 ]; }
says_suspended() { fogctl why hs/render | grep -A 4 OwnerPaused | grep -q 'idle '; }
one_is_done() { fogctl why hs/sweep | grep -q 'in progress: 1 of 3 done, 2 running'; }
primes_are_as_shown() { fogctl results primes 2>/dev/null | grep -q '^2 *Running'; }
owner() { fog-agent "$1" --state "$T/edge-1" --config "$T/edge-1.conf"; } # pause|resume

before() { # COMMAND
  case $1 in
    'fogctl diff -f render.yaml')
      export FOGCTL_USER=ann
      render 2 "$frames"
      ;;
    'fogctl wait hs/render '*) is_so hs/render ;;
    'fogctl logs hs/render --tail 1') until_so both_said_something ;;
    'fogctl diff -f web/ '*)
      mkdir web
      session new 1 "$rests" >web/new.yaml
      session old 1 "$rests" >web/old.yaml
      fogctl apply -f web/ --applyset web && is_so hs/new && is_so hs/old
      rm web/old.yaml
      ;;
    'fogctl apply -f typo.yaml')
      fogctl delete hs/new
      { session typo 2 "$rests" | sed 's/  grace: 1s/  replicaz: 2/' && echo '    resources: {cores: 500m, memory: lots}'; } >typo.yaml
      ;;
    'fogctl apply -f big.yaml')
      session big 2 "$rests" >big.yaml
      fogctl apply -f big.yaml --field-manager other
      sed -i 's/replicas: 2/replicas: 9/' big.yaml
      ;;
    'fogctl apply -f huge.yaml')
      fogctl delete hs/big
      { session huge 4 "$rests" && echo '    resources: {memory: 64Gi}'; } >huge.yaml
      ;;
    'fogctl why hs/render')
      fogctl delete hs/huge
      owner pause && until_so says_suspended
      ;;
    'fogctl why hs/sweep')
      owner resume
      session sweep 1 '[ $FOG_TASK_INDEX = 0 ] || sleep 1000' | sed 's/replicas: 1/tasks: {count: 3}/; s/always/never/' | fogctl apply -f -
      until_so one_is_done
      ;;
    'fogctl history hs/render')
      fogctl delete hs/sweep
      export R10
      R10=$(newest hs/render)
      render 4 "$others"
      fogctl apply -f render.yaml --change-cause 'more of them' && is_so hs/render
      export R23
      R23=$(newest hs/render)
      ;;
    'fogctl state diff before now') fogctl state dump >before ;;
    'fogctl rollout status hs/render --timeout 5m') [ -n "${gated:-}" ] || {
      render 4 "$others"
      fogctl apply -f render.yaml --change-cause 'the new renderer'
    } ;;
    "fogctl apply -f render.yaml --change-cause 'the new renderer'")
      export gated='rollout: {progressDeadline: 3s, healthyAfter: 1s, onFailure: revert}'
      fogctl delete hs/render
      render 4 "$frames" "$gated"
      fogctl apply -f render.yaml && fogctl rollout status hs/render --timeout 20s
      render 4 'exit 1' "$gated"
      ;;
    *' && region in (north, east)'"'") fogctl label agent/edge-2 region=north ;;
    'fogctl drain edge-2')
      fogctl uncordon edge-1
      session spread 5 "$rests" | fogctl apply -f -
      session every 1 "$rests" | sed 's/replicas: 1/everyAgent: true/' | fogctl apply -f -
      is_so hs/spread && is_so hs/every
      ;;
    'fogctl top agents') fogctl uncordon edge-2 && is_so hs/spread && is_so hs/every ;;
    'fogctl label agents edge-1 edge-2 site=north')
      fogctl delete hs/spread hs/every
      render 2 "$frames"
      fogctl apply -f render.yaml && is_so hs/render
      ;;
    'fogctl edit hs/render')
      export FOG_EDITOR="sed -i s/replicas:.*/replicas:\ 2/"
      ;;
    'fogctl blob put input.bin') head -c 734003 /dev/zero >input.bin ;;
    'fogctl blob list')
      export DIGEST
      DIGEST=$(fogctl blob list | awk 'NR == 2 { print $1 }')
      render 2 "$frames"
      echo "    artifacts: [{path: input.bin, digest: \"$DIGEST\"}]" >>render.yaml
      fogctl apply -f render.yaml && is_so hs/render
      ;;
    'fogctl results primes')
      session primes 1 'case $FOG_TASK_INDEX in 0) echo 23 >found ;; 1) exit 1 ;; *) sleep 1000 ;; esac' |
        sed 's/replicas: 1/tasks: {count: 4, parallelism: 1, retries: 0}/; s/always/never/' >primes.yaml
      echo '    outputs: [{path: found}]' >>primes.yaml
      fogctl apply -f primes.yaml
      until_so primes_are_as_shown
      ;;
    'fogctl get asg -o custom-columns='*) fogctl delete hs/hello hs/primes ;;
    'fogctl config set-context lab '*)
      fogctl config set-context home --server http://127.0.0.1:7411 && fogctl config use-context home
      ;;
    'fogctl kubeconfig '*) rm "$HOME/.config/fog/config.yaml" ;;
  esac
}
