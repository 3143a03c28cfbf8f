// Package services decides what the e-Referral Service changes: which services
// stand at which sites, and what is withheld when a site loses many of them.
//
//	list of ids ──▶ ServiceEntry.Look ──▶ PlanServices ──▶ ServiceGuard.Judge ──▶ apply / withheld
//	                (register.go)         (plan.go)        (guard.go)
package services
