// Package ops makes what operators watch the daemon with: Prometheus' rules, the runbook
// of every alert, Grafana's dashboards, and examples of how to provision both.
//
//	alerts_*.go     the alerts, a row each
//	rules.go        Prometheus' rules, made from them
//	runbook/        a page for each alert, of the alert's name in small letters
//	panels_*.go     the panels, a row each
//	dashboards.go   Grafana's dashboards, made from them
//	write.go        all files; written/ holds them as they are made without flags
//	command.go      the command `ops write`
package ops
