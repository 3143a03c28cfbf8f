// Package services decides what the e-Referral Service changes: which services
// stand at which sites, and what is withheld when a site loses many of them.
//
//	list of ids ──▶ Entry.Look ──▶ Plan ──▶ Guard.Judge ──▶ apply / withheld
//	                (register.go)  (plan.go) (guard.go)        │
//	                                                           ▼
//	                                           Approve, Undo (undo.go)
package services
