// Package reconcile is the pure core: it decides what a register's records
// change in our profiles, what must be held back, and why.
//
// It may not do any of these: read a clock, log, open a file or a connection,
// take a context, or let the order of a map show in a result. Time, ownership,
// local profiles and people's decisions come in as values; plans come out as
// values, sorted, with a digest. A test (arch_test.go) keeps it so.
//
//	           records (connectors/ods)
//	                 │
//	profiles ──▶ Compute ──▶ Plan ──▶ Guard.Judge ──▶ apply / withheld
//	marks  ─────▲                         ▲
//	                        open profiles ┘
package reconcile
