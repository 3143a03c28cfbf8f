// Package e2e runs the real binary in separate processes against the simulated
// outside systems and a real Postgres: end-to-end tests and benchmarks. It
// contains only tests.
package e2e
