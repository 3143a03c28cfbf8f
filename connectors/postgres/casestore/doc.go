// Package casestore reads what may need a person, and stores cases.
//
//	signals/     queries that read what the tables show, each for some kinds of cases
//	overdue.go   the same of checks, which reconcile/people decides
//	store.go     one look: what the tables show, compared with the cases, in one transaction
//	tell.go      who is told, and the letters
//	list.go      cases for people, and what people decide about them
//	closures.go  what boards say, and people confirm, of places that have closed
//
// # What fences each write
//
//	write                            fence
//	look: opened, changed, ended     one transaction that sees one moment, one look at a time; a decision that a
//	                                 person commits meanwhile makes the look start again
//	decision: waits, set aside       the case still stands as the person saw it (openings), else nothing is written
//	word, confirmation, take-back    the profile is locked, and what stands about it is read then; who repeats a step is
//	                                 told what stands, and nothing is written
//	letter about cases               its row, and who was told what, in one transaction; a recipient is told of
//	                                 an opening and of an end once, unless the letter did not tell it after all
package casestore
