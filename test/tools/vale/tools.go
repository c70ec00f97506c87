//go:build tools

// Package tools names what build.sh builds, so that go.mod and go.sum pin it.
package tools

import _ "github.com/vale-cli/vale/v3/cmd/vale"
