#!/usr/bin/env bash
# Builds the image that deploy/Dockerfile begins with, where no registry of images can be reached: Debian 12 with the
# project's own Node and npm, under the name of the official image. Needs buildah and mmdebstrap, and root.
set -euo pipefail
cd "$(dirname "$0")/../../.."
export STORAGE_DRIVER=vfs
name=docker.io/library/node:24-bookworm-slim
if buildah inspect --type image "$name" > /dev/null 2>&1; then exit 0; fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
mmdebstrap --quiet --variant=minbase --include=ca-certificates bookworm "$root" > /dev/null
install -D -m 755 "$(readlink -f node_modules/node/bin/node)" "$root/usr/local/bin/node"
mkdir -p "$root/usr/local/lib/node_modules" "$root/usr/local/etc"
cp -rL node_modules/npm "$root/usr/local/lib/node_modules/npm"
for command in npm npx; do
  ln -s "../lib/node_modules/npm/bin/$command-cli.js" "$root/usr/local/bin/$command"
done
# npm behaves as it does outside: the same registry, and the same authorities.
environment=PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin
if [ -n "${NODE_EXTRA_CA_CERTS:-}" ]; then
  cp "$NODE_EXTRA_CA_CERTS" "$root/etc/ssl/certs/extra.crt"
  environment="$environment NODE_EXTRA_CA_CERTS=/etc/ssl/certs/extra.crt"
fi
{ echo "registry=$(npm config get registry)"; cat ~/.npmrc 2> /dev/null || true; } > "$root/usr/local/etc/npmrc"
echo 'node:x:1000:' >> "$root/etc/group"
echo 'node:x:1000:1000::/home/node:/bin/sh' >> "$root/etc/passwd"
install -d -o 1000 -g 1000 "$root/home/node"
tar -C "$root" -cf "$work/root.tar" .
printf 'FROM scratch\nADD root.tar /\nENV %s\n' "$environment" > "$work/Dockerfile"
buildah bud --quiet --isolation chroot -t "$name" "$work"
