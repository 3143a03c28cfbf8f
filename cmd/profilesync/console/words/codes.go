package words

import (
	"cmp"
	"strings"

	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/quality"
)

// names are the words of codes that are names, or short for them.
var names = map[string]string{"dos": "DoS", "ods": "ODS", "ers": "e-RS", "icb": "ICB", "z": "Z"}

// Code says in words a code that has no words of its own: set aside for set-aside.
func Code(code string) string {
	parts := strings.FieldsFunc(code, func(c rune) bool { return c == '-' || c == '_' || c == ' ' })
	for i, part := range parts {
		if name := names[part]; name != "" {
			parts[i] = name
		}
	}
	return strings.Join(parts, " ")
}

// Finding says what kind a quality finding is: Open all hours.
func Finding(kind quality.Kind) string { return Sentence(Code(string(kind))) }

// FindingOwner says who must act on a quality finding.
func FindingOwner(owner quality.Owner) string {
	switch owner {
	case quality.OwnerPharmacy:
		return "pharmacy"
	case quality.OwnerDoSLead:
		return "DoS lead"
	case quality.OwnerServiceDesk:
		return "service desk"
	default:
		return Code(string(owner))
	}
}

// letters says what each kind of letter is.
var letters = map[people.LetterKind]string{
	people.LetterOpening:     "reminder: the quarter has begun",
	people.LetterFourWeeks:   "reminder: four weeks are left",
	people.LetterTwoWeeks:    "reminder: two weeks are left",
	people.LetterThreeDays:   "reminder: three days are left",
	people.LetterOverdue:     "reminder: the quarter is over",
	people.LetterInactive30:  "first warning: the account is inactive",
	people.LetterInactive7:   "last warning: the account is inactive",
	people.LetterDeactivated: "the account has ended",
	people.LetterMemberEnded: "an account of the organisation has ended",
	people.LetterLastManager: "the only account manager is inactive",
	people.LetterReport:      "the daily report is ready",
	people.LetterCases:       "cases that wait",
	people.LetterCaseUrgent:  "an urgent case",
}

// Letter says what a letter is about.
func Letter(kind people.LetterKind) string { return cmp.Or(letters[kind], Code(string(kind))) }

// Stage says at which stage of a quarter people are reminded.
func Stage(stage people.Stage) string {
	switch stage {
	case people.StageOpening:
		return "the quarter begins"
	case people.StageFourWeeks:
		return "four weeks are left"
	case people.StageTwoWeeks:
		return "two weeks are left"
	case people.StageThreeDays:
		return "three days are left"
	case people.StageOverdue:
		return "the quarter is over"
	case people.StageAsked:
		return "somebody asked for it"
	default:
		return Code(string(stage))
	}
}
