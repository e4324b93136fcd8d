#!/bin/bash
# Live chaos, long, with the programs that users get and with those that have sanitizers: a seed that is drawn, which is
# printed; thousands of kills; and what is left of it on a machine without namespaces.
cd "$(dirname "$0")/../.." || exit 2
make -s -j"$(nproc)" build/release/fog-controller build/release/fog-agent chaos-judge || exit 2
T=$(mktemp -d /tmp/fog-chaos-night.XXXXXX) || exit 2
seed=${SEED:-$((10#$(date +%N) % 1000000))}

failed=()

# Its lines are printed as they come, so that the file of this suite tells how far it is.
run() { # SENTENCE NAME OUT OPTION…
  local sentence=$1 name=$2 out=$3
  shift 3
  timeout 1500 "$out/fog-chaos" "$@" --keep "$T/$name" 2>&1 |
    grep --line-buffered -vE 'converged after [0-9]+ ms$' | sed -u 's/^/# /'
  if [ "${PIPESTATUS[0]}" -eq 0 ]; then
    echo "ok $sentence"
    rm -rf "${T:?}/$name"
  else
    echo "not ok $sentence (kept: $T/$name)"
    failed+=("$sentence ($T/$name)")
  fi
}

run "ten minutes of chaos with five agents" long build/release --seconds 600 --seed "$seed" --agents 5
run "five thousand kills" kills build/release --kills 5000 --seed "$seed"
run "a hundred kills of programs with sanitizers" kills-asan build/asan --kills 100 --seed "$seed" --agents 2
run "three minutes with sanitizers" asan build/asan --seconds 180 --seed "$seed"
run "two minutes on loopback" loopback build/release --seconds 120 --seed "$seed" --no-spaces
[ ${#failed[@]} -gt 0 ] && printf '# failed: %s\n' "${failed[@]}"
rmdir "$T" 2>/dev/null
