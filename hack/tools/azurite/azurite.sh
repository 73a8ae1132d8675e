#!/usr/bin/env bash
# Prints the path of azurite-blob, a server of Azure's objects:
#
#   azurite.sh
#
# It installs the versions of package-lock.json once for a user, into the cache that hack/programs has too. That takes npm of
# any version; on Linux, Azurite itself runs with the Node.js that is installed beside it. Without npm it exits with status 3.
set -euo pipefail
cd "$(dirname "$0")"
key=$(cat package.json package-lock.json azurite.sh | git hash-object --stdin)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/barq-operator/programs/azurite-${key:0:16}
program=$cache/azurite-blob
if [ ! -e "$program" ]; then
    command -v npm >/dev/null || {
        echo "azurite: npm is not installed; on Debian or Ubuntu run \`apt-get install npm\`" >&2
        exit 3
    }
    mkdir -p "$cache"
    # A Mac has no flock: there one installation at a time is up to you.
    exec 9>"$cache.lock"
    "$(command -v flock || echo true)" 9
fi
if [ ! -e "$program" ]; then
    start=$SECONDS
    echo -n "installing azurite (a minute the first time) ... " >&2
    cp package.json package-lock.json "$cache"
    # No script of a package runs: Azurite needs none.
    if ! output=$(cd "$cache" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error 2>&1); then
        echo "failed" >&2
        echo "azurite: installing it: $output" >&2
        exit 1
    fi
    cat >"$program.unfinished" <<WRAPPER
#!/bin/sh
for node in "$cache"/node_modules/node-*/bin/node node; do
    if "\$node" --version >/dev/null 2>&1; then exec "\$node" "$cache/node_modules/azurite/dist/src/blob/main.js" "\$@"; fi
done
echo "azurite: there is no Node.js" >&2
exit 1
WRAPPER
    chmod +x "$program.unfinished"
    mv "$program.unfinished" "$program"
    echo "done in $((SECONDS - start)) s" >&2
fi
echo "$program"
