// Package officepages are the pages of accounts, reports, listings, tokens and what was done.
//
//	routes.go     addresses
//	accounts.go   accounts by their ids; names only for who may see people, which is audited
//	reports.go    daily reports: to open and to download
//	listings.go   the last accepted listing of each report of a register
//	tokens.go     tokens of machines
//	actions.go    who has signed in, and what everybody did
package officepages
