// Package qualitypages are the pages of what is wrong with data that profilesync only reads:
// what the quality checks found, and records of the registers that a person should look at.
//
//	routes.go    addresses
//	checks.go    the findings, and making the quality checks now
//	records.go   quarantine, contradictions, flags and owners
package qualitypages
