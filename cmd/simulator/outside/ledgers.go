package outside

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/profilesync/profilesync/connectors/dos/dostest"
	"github.com/profilesync/profilesync/connectors/website/websitetest"
)

// Tally counts the outcomes of pushes: their effects, each of which should
// happen once, and what must never happen.
type Tally struct {
	DoS     DoSTally     `json:"dos"`
	Website WebsiteTally `json:"website"`
}

// DoSTally is what happened in DoS.
type DoSTally struct {
	Applied   int `json:"applied"`
	Hidden    int `json:"hidden"`    // change events of closed pharmacies: accepted, and the entry left unchanged
	Refused   int `json:"refused"`   // FHIR updates with a value that DoS never accepts
	Lost      int `json:"lost"`      // dropped, rejected or unmatched although the answer was a success
	Twice     int `json:"twice"`     // applied twice under one sequence number
	Backwards int `json:"backwards"` // a lower sequence number after a higher one
}

// WebsiteTally is what happened on the public website.
type WebsiteTally struct {
	Stored    int `json:"stored"`
	Refused   int `json:"refused"` // for any reason, including a document that was already stored
	Twice     int `json:"twice"`
	Backwards int `json:"backwards"`
}

// ToDoS counts the pushes that DoS has dealt with.
func (t Tally) ToDoS() int { return t.DoS.Applied + t.DoS.Hidden + t.DoS.Refused }

// ToWebsite counts the pushes that the website has stored.
func (t Tally) ToWebsite() int { return t.Website.Stored }

// Total counts the pushes to both.
func (t Tally) Total() int { return t.ToDoS() + t.ToWebsite() }

// Since is what has been added since an earlier tally.
func (t Tally) Since(before Tally) Tally {
	return Tally{
		DoS: DoSTally{
			t.DoS.Applied - before.DoS.Applied, t.DoS.Hidden - before.DoS.Hidden, t.DoS.Refused - before.DoS.Refused,
			t.DoS.Lost - before.DoS.Lost, t.DoS.Twice - before.DoS.Twice, t.DoS.Backwards - before.DoS.Backwards,
		},
		Website: WebsiteTally{
			t.Website.Stored - before.Website.Stored, t.Website.Refused - before.Website.Refused,
			t.Website.Twice - before.Website.Twice, t.Website.Backwards - before.Website.Backwards,
		},
	}
}

// Entries are the entries of a pharmacy in DoS and on the website. The sequence
// numbers are those of the newest effects, 0 before the first.
type Entries struct {
	DoSSequence, WebsiteSequence int64
	Phone, Weekly, Dated         string // in DoS, as it writes them
}

// BothNewerThan reports whether both have taken something newer since.
func (e Entries) BothNewerThan(before Entries) bool {
	return e.DoSSequence > before.DoSSequence && e.WebsiteSequence > before.WebsiteSequence
}

// Tally counts from the ledgers of DoS and the website.
func (s *Systems) Tally() Tally {
	dos, website := s.dos.Summary(), s.website.Summary()
	t := Tally{
		DoS: DoSTally{
			Applied: dos.Effects[dostest.Applied], Hidden: dos.Effects[dostest.Hidden], Twice: dos.Twice, Backwards: dos.Backwards,
			Refused: dos.Requests[strconv.Itoa(http.StatusUnprocessableEntity)], // never the answer to a change event
		},
		Website: WebsiteTally{Stored: website.Effects[websitetest.Stored], Twice: website.Twice, Backwards: website.Backwards},
	}
	for outcome, n := range dos.Effects {
		if outcome != dostest.Applied && outcome != dostest.Hidden {
			t.DoS.Lost += n
		}
	}
	for outcome, n := range website.Effects {
		if outcome != websitetest.Stored {
			t.Website.Refused += n
		}
	}
	return t
}

// RefusedPractices counts the updates of practices of which DoS refused a field.
func (s *Systems) RefusedPractices() (n int) {
	for _, e := range s.dos.Ledger() {
		if e.Kind == dostest.KindUpdate && e.Status == http.StatusUnprocessableEntity {
			n++
		}
	}
	return n
}

// Entries reads what DoS and the website show for a pharmacy.
func (s *Systems) Entries(code string) (e Entries) {
	for _, effect := range s.dos.Effects(code) {
		if effect.Outcome == dostest.Applied {
			e.DoSSequence = effect.Sequence
		}
	}
	for _, state := range s.website.States(code) {
		e.WebsiteSequence = state.Sequence
	}
	for _, service := range s.dos.Services(code) {
		if service.Type == dostest.TypePharmacy {
			e.Phone, e.Weekly, e.Dated = service.Phone, service.Weekly, service.Specified
		}
	}
	return e
}

// Alter changes a field of a profile on the website without a push, as somebody
// else might.
func (s *Systems) Alter(code, field, value string) error { return s.website.Change(code, field, value) }

// ShownService is an e-RS service as the website shows it on a profile.
type ShownService struct {
	ID   string `json:"ServiceCode"`
	Name string `json:"ServiceName"`
}

// ServicesShown are the services that the website shows for a site, sorted by id
// as text.
func (s *Systems) ServicesShown(code string) (shown []ShownService, err error) {
	for _, state := range s.website.States(code) {
		var document struct {
			Services []ShownService `json:"Services"`
		}
		if err := json.Unmarshal(state.Document, &document); err != nil {
			return nil, fmt.Errorf("what the website shows of %s: %w", code, err)
		}
		shown = append(shown, document.Services...)
	}
	slices.SortFunc(shown, func(a, b ShownService) int { return cmp.Compare(a.ID, b.ID) })
	return shown, nil
}
