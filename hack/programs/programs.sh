#!/usr/bin/env bash
# Prints the paths of programs that a module pins with tool directives:
#
#   programs.sh MODULE_FOLDER [NAME...]
#
# Without names it prints those of all programs of the module. It builds each program once for a
# user, a version and a Go toolchain, into a cache that all checkouts share, and tells on standard
# error what it builds. A file program-options.sh beside go.mod says what go.mod cannot: it is read
# with $package, $version, $major and $minor, and may change $name, $tags and $ldflags.
set -euo pipefail
go=${GO:-go}
cd "$1"
shift
# A workspace around the checkout, and a C compiler, must not change what is built.
export GOWORK=off CGO_ENABLED=0

# What decides the bytes of a program. The go command answers in the module, because a toolchain
# directive there may choose another Go.
key=$({
    cat go.mod go.sum
    [ ! -e program-options.sh ] || cat program-options.sh
    "$go" env GOVERSION GOOS GOARCH GOAMD64 GOARM64 GOFLAGS GOEXPERIMENT
} | git hash-object --stdin)
# A Mac has no flock: there one build at a time is up to you.
flock=$(command -v flock || echo true)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/barq-operator/programs

fail() {
    echo "programs: $1" >&2
    exit 1
}

# describe sets the variables of a package, and name to what go install would call the program.
describe() {
    package=$1 version=$2 tags='' ldflags='-s -w'
    name=${package##*/}
    if [[ $name =~ ^v[0-9]+$ ]]; then name=$(basename "$(dirname "$package")"); fi
    IFS=. read -r major minor _ <<<"${version#v}"
    [ ! -e program-options.sh ] || . ./program-options.sh
}

# build builds the described package into a file, which is whole or missing.
build() {
    local file=$1 output start=$SECONDS
    version=$("$go" list -mod=readonly -f '{{with .Module}}{{with .Replace}}{{.Version}}{{else}}{{.Version}}{{end}}{{end}}' "$package")
    [ -n "$version" ] || fail "the code of $package is in a folder; the cache holds pinned versions only"
    describe "$package" "$version"
    echo -n "building $name $version (minutes the first time) ... " >&2
    if ! output=$("$go" build -mod=readonly -tags "$tags" -ldflags "$ldflags" -o "$file.unfinished" "$package" 2>&1); then
        echo "failed" >&2
        fail "building $name $version: $output"
    fi
    mv "$file.unfinished" "$file"
    echo "done in $((SECONDS - start)) s" >&2
}

# path_of prints the path of the program called $1, and builds it first if it is missing.
path_of() {
    local file names=''
    for package in $packages; do
        describe "$package" ''
        names="$names $name"
        [ "$name" = "$1" ] || continue
        file=$cache/$name-${key:0:16}/$name
        if [ ! -e "$file" ]; then
            mkdir -p "${file%/*}"
            # The go command has the lock too, and holds it for as long as it writes.
            exec 9>"$file.lock"
            $flock --nonblock 9 || {
                echo "waiting for another build of $name" >&2
                $flock 9
            }
            [ -e "$file" ] || build "$file"
            exec 9>&-
        fi
        echo "$file"
        return
    done
    fail "$PWD pins no program $1, only$names; add it with \`go get -tool PACKAGE@VERSION\` there"
}

packages=$(awk '/^tool \(/ { inside = 1; next } /^\)/ { inside = 0 } /^tool / { print $2 } inside { print $1 }' go.mod)
if [ $# -eq 0 ]; then
    set -- $(for package in $packages; do
        describe "$package" ''
        echo "$name"
    done)
fi
for wanted; do path_of "$wanted"; done
