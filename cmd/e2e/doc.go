// Package e2e runs the real binary as a process of its own, against the
// simulated outside systems and a real Postgres: end-to-end tests, and the
// benchmarks of the whole. It is tests only.
package e2e
