#!/usr/bin/env bash
# Builds Vale, which `npm run check:prose` runs, into a cache folder, once. Needs Go and a C compiler; takes a few
# minutes. Prints the binary's path; exits with 3 without Go. `@vvago/vale` of npm is no way to get it: it downloads the binary from
# api.github.com after its installation, which networks like that of our CI block, and nothing pins its bytes.
set -euo pipefail
# 3.23 and later require a version of cascadia that proxy.golang.org doesn't serve.
version=3.22.0
folder="${PALAVER_CACHE:-$HOME/.cache/palaver}/vale-$version"
if [ ! -x "$folder/vale" ]; then
  if ! command -v go > /dev/null; then
    echo 'Vale is built from its Go module: install Go (https://go.dev/dl, or apt-get install golang-go) and a C compiler' >&2
    exit 3
  fi
  echo 'Building Vale, once; this takes a few minutes' >&2
  here=$(cd "$(dirname "$0")" && pwd)
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  cp "$here/go.mod" "$here/go.sum" "$here/tools.go" "$work"
  cd "$work"
  go build -mod=readonly -ldflags "-s -w -X main.version=$version" -o vale github.com/vale-cli/vale/v3/cmd/vale >&2
  mkdir -p "$folder"
  mv vale "$folder/vale.$$"
  mv "$folder/vale.$$" "$folder/vale"
fi
echo "$folder/vale"
