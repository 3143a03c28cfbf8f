package cases

import (
	"slices"
	"strings"

	"github.com/profilesync/profilesync/reconcile/quality"
)

// The kinds about sinks. Each quality check of DoS has one more (OfCheck).
const (
	ClosureRefused Kind = "closure-refused"
	SinkPaused     Kind = "sink-paused"
	PushRefused    Kind = "push-refused"
	PushWaits      Kind = "push-waits"
	FieldUnsent    Kind = "field-unsent"
	DriftGivenUp   Kind = "drift-given-up"
)

var ofPushes = append([]rule{
	{
		kind: ClosureRefused, about: OfProfile, owners: []Owner{ServiceDesk, Operations}, urgent: true,
		title: "{sink} refused that {code} is closed on {day}", next: pushAgain,
	},
	{
		kind: SinkPaused, about: OfRoute, owners: []Owner{Operations, ServiceDesk}, urgent: true,
		title: "Pushes to {sink} by {route} are paused: {reason}",
		next:  "Mend the reason; they go on by themselves. See what waits: profilesync push list --sink {sink}",
	},
	{
		kind: PushRefused, about: OfProfile, owners: []Owner{ServiceDesk, Managers}, days: 2,
		title: "{sink} refused the profile {code}", next: pushAgain,
	},
	{
		kind: PushWaits, about: OfProfile, owners: []Owner{Managers, ServiceDesk}, days: 5,
		title: "{sink} shows something about {code} that nobody stated, and a push would overwrite it",
		next:  "State it in the profile, or overwrite it: profilesync push retry {code} --overwrite",
	},
	{
		kind: FieldUnsent, about: OfProfile, owners: []Owner{Managers, ServiceDesk}, days: 5,
		title: "{sink} does not take {field} of {code}", next: "See why: profilesync profile show {code}. Then correct the field",
	},
	{
		kind: DriftGivenUp, about: OfProfile, owners: []Owner{ServiceDesk, Operations}, days: 5,
		title: "{sink} goes on showing another {field} of {code} than was sent", next: "See both: profilesync drift {code}",
	},
}, ofChecks()...)

const pushAgain = "See why: profilesync push list {code}. Correct the profile, or push again: profilesync push retry {code}"

// OfCheck returns the kind of case that the findings of a quality check are.
func OfCheck(k quality.Kind) Kind { return "dos-" + Kind(k) }

func ofChecks() []rule {
	owners := map[quality.Owner][]Owner{
		quality.OwnerPharmacy:    {Managers, Board},
		quality.OwnerDoSLead:     {Board, ServiceDesk},
		quality.OwnerServiceDesk: {ServiceDesk, Operations},
	}
	checks := make([]rule, 0, len(quality.Kinds()))
	for _, k := range quality.Kinds() {
		checks = append(checks, rule{
			kind: OfCheck(k), about: OfProfile, owners: slices.Clone(owners[k.Owner()]), days: 10,
			title: "{code}: {detail}", next: strings.TrimSuffix(k.Advice(), "."),
		})
	}
	return checks
}
