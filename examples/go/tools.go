// SPDX-License-Identifier: MIT

//go:build tools

// Keeps the generator for Go in go.sum.
package main

import _ "google.golang.org/protobuf/cmd/protoc-gen-go"
