// Package services decides what the e-Referral Service changes: which services
// are at which sites, and what is withheld if a site loses many of them.
//
//	list of ids ──▶ Entry.Sighting ──▶ Plan ──▶ Guard.Judge ──▶ apply / withheld
//	                (register.go)      (plan.go) (guard.go)        │
//	                                                               ▼
//	                                               Approve, Undo (decide.go)
package services
