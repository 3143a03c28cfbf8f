package services_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
	"github.com/profilesync/profilesync/reconcile/services"
)

func TestIDsAreOrderedAsNumbers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Uint32().Draw(t, "a"), rapid.Uint32().Draw(t, "b")
		want := 0
		switch {
		case a < b:
			want = -1
		case a > b:
			want = 1
		}
		idOf := func(n uint32) services.ID { return services.ID(strconv.FormatUint(uint64(n), 10)) }
		require.Equal(t, want, services.CompareIDs(idOf(a), idOf(b)))
	})
}

// described draws services with any of the facts that one can have.
func described() *rapid.Generator[services.Service] {
	words := rapid.SampledFrom([]string{"", "A", "B", "Heart <&> lung", "Œsophagus"})
	codings := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) services.Coding {
		return services.Coding{Code: words.Draw(t, "code"), Display: words.Draw(t, "display")}
	}), 0, 3)
	points := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) services.Point {
		purpose := rapid.SampledFrom([]string{services.ForPatients, "ADMIN"}).Draw(t, "purpose")
		return services.Point{Purpose: purpose, System: words.Draw(t, "system"), Value: words.Draw(t, "value")}
	}), 0, 3)
	sites := rapid.SliceOfN(rapid.SampledFrom([]profile.ODSCode{"R0A01", "R0A02", "A1B2C"}), 1, 4)
	return rapid.Custom(func(t *rapid.T) services.Service {
		service := services.Service{
			ID: "11002", Version: words.Draw(t, "version"), Name: words.Draw(t, "name"), Sites: sites.Draw(t, "sites"),
			AppointmentTypes: codings.Draw(t, "types"), RequestFlows: codings.Draw(t, "flows"), Bookable: codings.Draw(t, "bookable"),
			Hours: words.Draw(t, "hours"), Instructions: words.Draw(t, "instructions"), Contacts: points.Draw(t, "contacts"),
		}
		if len(service.Contacts) == 0 {
			service.Contacts = nil // as in an answer without contacts
		}
		return service
	})
}

func permuted[T any](t *rapid.T, list []T) []T {
	if len(list) == 0 {
		return list
	}
	return rapid.Permutation(list).Draw(t, "permuted")
}

// The order of lists in an answer is not a change, and a service shows the same
// in its canonical form as in any other.
func TestTheOrderOfAnAnswerIsNoChange(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		service := described().Draw(t, "service")
		other := service
		other.Sites = append(permuted(t, service.Sites), service.Sites[0]) // once more
		other.AppointmentTypes, other.RequestFlows = permuted(t, service.AppointmentTypes), permuted(t, service.RequestFlows)
		other.Bookable, other.Contacts = permuted(t, service.Bookable), permuted(t, service.Contacts)
		given := slices.Clone(other.Sites)
		require.Equal(t, service.Canonical(), other.Canonical())
		require.Equal(t, service.Canonical(), service.Canonical().Canonical())
		require.Equal(t, service.Hash(), other.Hash())
		require.Equal(t, service.Shown("Cardiology"), other.Shown("Cardiology"))
		require.Equal(t, given, other.Sites, "the caller's lists stay as they are")
	})
}

// Each fact is in the hash. The version is not one.
func TestTheHashCoversTheFacts(t *testing.T) {
	t.Parallel()
	service := ersService("1", "Clinic", "R0A01")
	seen := map[profile.Hash]string{service.Hash(): "as it was"}
	for name, change := range map[string]func(s *services.Service){
		"id":               func(s *services.Service) { s.ID = "2" },
		"name":             func(s *services.Service) { s.Name = "Ward" },
		"another site":     func(s *services.Service) { s.Sites = []profile.ODSCode{"R0A02"} },
		"one more site":    func(s *services.Service) { s.Sites = []profile.ODSCode{"R0A01", "R0A02"} },
		"appointment type": func(s *services.Service) { s.AppointmentTypes = []services.Coding{{Code: "A"}} },
		"label of a type":  func(s *services.Service) { s.AppointmentTypes = []services.Coding{{Code: "A", Display: "B"}} },
		"request flow":     func(s *services.Service) { s.RequestFlows = []services.Coding{{Code: "A"}} },
		"bookable":         func(s *services.Service) { s.Bookable = []services.Coding{{Code: "A"}} },
		"hours":            func(s *services.Service) { s.Hours = "9 to 5" },
		"instructions":     func(s *services.Service) { s.Instructions = "9 to 5" },
		"contact": func(s *services.Service) {
			s.Contacts = []services.Point{{Purpose: "ADMIN", System: "phone", Value: "0113"}}
		},
		"contact for patients": func(s *services.Service) {
			s.Contacts = []services.Point{{Purpose: "PATINF", System: "phone", Value: "0113"}}
		},
	} {
		changed := service
		change(&changed)
		require.Empty(t, seen[changed.Hash()], name)
		seen[changed.Hash()] = name
	}
	restamped := service
	restamped.Version = "2"
	require.Equal(t, service.Hash(), restamped.Hash())
}

// A value in a plan parses back to the service it was written from, has every key,
// and does not escape letters.
func TestAValueOfAPlanReadsBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		service := described().Draw(t, "service")
		specialty := rapid.SampledFrom([]string{"", "Ear <nose> & throat"}).Draw(t, "specialty")
		changes := planned(ersDay(1), []services.Item{{
			ID: "11002", State: services.Active, Service: &service, Specialty: specialty,
			Sites: []services.Site{{Code: service.Sites[0], Type: profile.TrustSite}},
		}})
		require.Len(t, changes, 1)
		shown, from, err := services.ParseShown(changes[0].New)
		require.NoError(t, err)
		require.Empty(t, from)
		require.Equal(t, service.Shown(specialty), shown)
		for _, key := range []string{"name", "kind", "specialty", "hours", "instructions", "booking", "contacts", "withdrawn"} {
			require.Contains(t, changes[0].New, `"`+key+`":`)
		}
		require.NotContains(t, changes[0].New, "null")
		require.NotContains(t, changes[0].New, `\u`)
		require.False(t, strings.HasSuffix(changes[0].New, "\n"))
	})
}

// The digest depends on what a change does, not on why or at what type of site.
func TestTheDigestCoversWhatAChangeDoes(t *testing.T) {
	t.Parallel()
	change := services.Change{Code: "R0A01", Service: "1", Verb: runs.Update, Old: "{}", New: `{"name":"A"}`}
	seen := map[profile.Hash]string{change.Digest(): "as it was"}
	for name, alter := range map[string]func(c *services.Change){
		"site":    func(c *services.Change) { c.Code = "R0A02" },
		"service": func(c *services.Change) { c.Service = "2" },
		"verb":    func(c *services.Change) { c.Verb = runs.Missing },
		"old":     func(c *services.Change) { c.Old = "" },
		"new":     func(c *services.Change) { c.New = "{}" },
		"swapped": func(c *services.Change) { c.Old, c.New = c.New, c.Old },
	} {
		altered := change
		alter(&altered)
		require.Empty(t, seen[altered.Digest()], name)
		seen[altered.Digest()] = name
	}
	same := change
	same.Reason, same.Type, same.Undone, same.Leaves = runs.BecauseDrift, profile.Trust, true, "R0A09"
	require.Equal(t, change.Digest(), same.Digest())
	require.Equal(t, "ers-services/1", change.FieldName())
}
