// Package people decides who must check what by when, who is reminded, and
// whose account has been idle too long.
//
//	Calendar, Quarter ──▶ CheckRules.Missing ──▶ ReminderContext.Plan ──┐
//	                                                                    ├──▶ DueLetter ──▶ Composer ──▶ Letter
//	Person, IdleLimits ────────────────────────────▶ IdleLimits.Judge ──┘
package people
