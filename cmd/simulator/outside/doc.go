// Package outside is the outside systems on loopback: a made-up register, and DoS,
// the public website and e-RS with its organisations.
//
//	NewRegister ─▶ New ─▶ Systems ─▶ Open: four addresses
//	                        │
//	                        └▶ Tally, Entries, ServicesShown: what arrived there
//
//	register.go   the made-up register: its reports, boards and clock
//	referrals.go  the made-up services of e-RS
//	outside.go    the systems, their addresses and the key for them
//	control.go    moving time on, over HTTP
//	ledgers.go    what DoS and the website have received, and what they show
package outside
