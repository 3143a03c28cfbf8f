// Package examples has what operators start from (README.md "Running it"): a unit of
// systemd, a container, and a composition with Postgres, Prometheus and Grafana. It
// contains only tests of these files; cmd/e2e runs them.
package examples
