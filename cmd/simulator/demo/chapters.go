package demo

import (
	"context"
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// chapter is a part of the story. Playing it returns its result in words.
type chapter struct {
	name  string
	at    time.Time
	title string
	play  func(*story, context.Context, *step) (result string, err error)
}

// chapters are the whole story. Each builds on those before it.
func chapters() []chapter {
	at := func(month time.Month, day, hour int) time.Time {
		return time.Date(2026, month, day, hour, 0, 0, 0, profile.London())
	}
	return []chapter{
		{"first", at(3, 1, 5), "The first reconciliation: every active organisation gets a profile", (*story).first},
		{"month", at(3, 31, 5), "A month goes by in the register", (*story).month},
		{"recode", at(4, 1, 5), "Twelve boards merged into six overnight", (*story).recode},
		{"approve", at(4, 1, 10), "Ann looks at what was held back, and approves exactly that", (*story).approve},
		{"undo", at(4, 1, 11), "Bob was not asked: he undoes it", (*story).undo},
		{"again", at(4, 2, 5), "The register still says so: it is proposed again", (*story).again},
		{"approve-again", at(4, 2, 10), "Bob has read the law, and approves", (*story).approveAgain},
		{"ask", at(4, 2, 12), "A pharmacy has a new name today: the API is asked about it alone", (*story).ask},
		{"last", at(4, 3, 5), "One more night: complete listings of everything", (*story).last},
		{"push", at(4, 3, 9), "The daemon starts: every profile goes to DoS and to the public website", (*story).push},
		{"edit", at(4, 3, 9), "Cara, an editor, saves three times, last that the pharmacy closes today", (*story).edit},
		{"drift", at(4, 3, 9), "Three entries of the website are changed without a push", (*story).drift},
		{"services", at(4, 4, 6), "An extract names the services of trusts; e-RS says what they are", (*story).services},
		{"reshuffle", at(4, 5, 6), "A trust renames two services, moves one to another site, and ends one", (*story).reshuffle},
		{"gone", at(4, 6, 6), "On another day, the service that ended is still not there", (*story).gone},
		{"quarter", at(4, 7, 9), "A quarter begins: people are asked to check their pharmacies", (*story).morning},
		{"warning", at(5, 10, 9), "Two people were last here on 1 December: they are warned", (*story).morning},
		{"reminder", at(6, 2, 9), "Half of the pharmacies were checked; 28 days are left for the others", (*story).morning},
		{"idle", at(6, 9, 9), "One account ends; the other is the only account manager, and stays", (*story).morning},
		{"overdue", at(7, 1, 9), "The quarter is over: account managers and the board's list are told", (*story).morning},
		{"report", at(7, 2, 7), "The daily change report of all of it, and whether it is what was frozen", (*story).report},
	}
}

// FirstDay is the day on which the story begins.
func FirstDay() profile.Date { return dayOf(chapters()[0].at) }

func dayOf(at time.Time) profile.Date { return profile.DateIn(at, profile.London()) }
