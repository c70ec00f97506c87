#!/usr/bin/env bash
# Builds FerretDB (MongoDB's wire protocol on SQLite), which the MongoDB tests run against where no MONGODB_URI is set,
# into a cache folder, once. Needs Go. Prints the binary's path.
set -euo pipefail
version=1.24.2
folder="${PALAVER_CACHE:-$HOME/.cache/palaver}/ferretdb-$version"
if [ ! -x "$folder/ferretdb" ]; then
  here=$(cd "$(dirname "$0")" && pwd)
  work=$(mktemp -d)
  trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
  cp "$here/go.mod" "$here/go.sum" "$here/tools.go" "$work"
  cd "$work"
  go mod vendor >&2
  # The released sources leave this to their build; without it the binary panics at start.
  printf 'v%s' "$version" > vendor/github.com/FerretDB/FerretDB/build/version/version.txt
  go build -mod=vendor -o ferretdb github.com/FerretDB/FerretDB/cmd/ferretdb >&2
  mkdir -p "$folder"
  mv ferretdb "$folder/ferretdb"
fi
echo "$folder/ferretdb"
