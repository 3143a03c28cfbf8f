package words

import (
	"strings"

	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/quality"
)

// names are the words of codes that are names, or short for them.
var names = map[string]string{"dos": "DoS", "ods": "ODS", "ers": "e-RS", "icb": "ICB", "z": "Z"}

// Code says a code in words, such as set aside for set-aside, where there are none of its own.
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

// Letter says what a letter is about.
func Letter(kind people.LetterKind) string {
	switch kind {
	case people.LetterOpening:
		return "reminder: the quarter has begun"
	case people.LetterFourWeeks:
		return "reminder: four weeks are left"
	case people.LetterTwoWeeks:
		return "reminder: two weeks are left"
	case people.LetterThreeDays:
		return "reminder: three days are left"
	case people.LetterOverdue:
		return "reminder: the quarter is over"
	case people.LetterInactive30:
		return "first warning: the account is idle"
	case people.LetterInactive7:
		return "last warning: the account is idle"
	case people.LetterDeactivated:
		return "the account has ended"
	case people.LetterMemberEnded:
		return "an account of the organisation has ended"
	case people.LetterLastManager:
		return "the only account manager is idle"
	case people.LetterReport:
		return "the daily report is ready"
	case people.LetterCaseUrgent:
		return "an urgent case"
	default:
		return Code(string(kind))
	}
}

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
