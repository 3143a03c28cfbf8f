package ers

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"

	"github.com/profilesync/profilesync/reconcile/services"
)

// MaxBatch is how many services one call may ask for
// (CONTRACT.md "Asking for many").
const MaxBatch = 20

// Refusal is an id that e-RS calls malformed, or that is not an id at all.
type Refusal struct {
	ID     services.ID
	Reason string
}

// Found is what e-RS says about the ids that it was asked for: each is in exactly one
// of Services, Absent, NotVisible, Refused and Unreadable. Only the first is a reason
// to take anything away (reconcile/RULES.md "Services").
type Found struct {
	Services   []services.Service     // canonical, in the order of their ids
	SeenBy     map[services.ID]string // the credential that saw each of Services
	Absent     []services.ID          // in no credential's answer
	NotVisible []services.ID          // a credential may not see them, and no other sees them
	Refused    []Refusal
	Unreadable []Unreadable

	// Unasked are services in answers that nobody asked for, recognised by their own
	// ids: the sandbox does that.
	Unasked []services.Service
}

// Batches divides ids into sorted batches of at most MaxBatch, without duplicates, so
// that the same ids always make the same requests.
func Batches(ids []services.ID) iter.Seq[[]services.ID] {
	return slices.Chunk(unique(ids), MaxBatch)
}

func unique(ids []services.ID) []services.ID {
	return slices.Compact(slices.SortedFunc(slices.Values(ids), compareIDs))
}

// Services asks for all ids, one batch at a time. A caller that must be able to
// resume calls Batch for each of Batches itself.
func (a *API) Services(ctx context.Context, ids []services.ID) (Found, error) {
	var all Found
	for ids := range Batches(ids) {
		found, err := a.Batch(ctx, "", ids)
		if err != nil {
			return Found{}, err
		}
		all.add(found)
	}
	return all, nil
}

func (f *Found) add(other Found) {
	f.Services = append(f.Services, other.Services...)
	f.Absent = append(f.Absent, other.Absent...)
	f.NotVisible = append(f.NotVisible, other.NotVisible...)
	f.Refused = append(f.Refused, other.Refused...)
	f.Unreadable = append(f.Unreadable, other.Unreadable...)
	f.Unasked = append(f.Unasked, other.Unasked...)
	for id, by := range other.SeenBy {
		f.noteSeenBy(id, by)
	}
}

func (f *Found) noteSeenBy(id services.ID, by string) {
	if f.SeenBy == nil {
		f.SeenBy = make(map[services.ID]string)
	}
	f.SeenBy[id] = by
}

// Batch asks for at most MaxBatch ids (A035), first with the credential of that name,
// if there is one, and then with the others for ids that it does not see. A refused
// batch is halved until the bad id is alone. If the credential may not see a batch as
// a whole, each id is asked for alone (A033). Errors are *Error, or those of Turn and
// the context; then nothing is known.
func (a *API) Batch(ctx context.Context, credential string, ids []services.ID) (Found, error) {
	s := search{api: a, hidden: make(map[services.ID]bool)}
	left := s.plausible(unique(ids))
	if len(left) > MaxBatch {
		return Found{}, fmt.Errorf("asking e-RS for %d services: want at most %d at a time", len(left), MaxBatch)
	}
	for _, by := range a.preferring(credential) {
		s.by, s.unseen = by, nil
		if err := s.ask(ctx, left); err != nil {
			return Found{}, err
		}
		left = s.unseen
	}
	for _, id := range left {
		if s.hidden[id] {
			s.found.NotVisible = append(s.found.NotVisible, id)
		} else {
			s.found.Absent = append(s.found.Absent, id)
		}
	}
	s.found.sortLists()
	return s.found, nil
}

// sortLists sorts each list by id, since the answers of halves and credentials come in
// another order.
func (f *Found) sortLists() {
	byID := func(a, b services.Service) int { return compareIDs(a.ID, b.ID) }
	slices.SortFunc(f.Services, byID)
	slices.SortStableFunc(f.Unasked, byID)
	f.Unasked = slices.CompactFunc(f.Unasked, func(a, b services.Service) bool { return a.ID == b.ID })
	slices.SortFunc(f.Refused, func(a, b Refusal) int { return compareIDs(a.ID, b.ID) })
	slices.SortFunc(f.Unreadable, func(a, b Unreadable) int { return compareIDs(a.ID, b.ID) })
}

// preferring returns all credentials, the one of that name first.
func (a *API) preferring(name string) []Credential {
	at := slices.IndexFunc(a.credentials, func(c Credential) bool { return c.Name == name })
	if at <= 0 {
		return a.credentials
	}
	return slices.Concat(a.credentials[at:at+1], a.credentials[:at], a.credentials[at+1:])
}

// search is the state of asking the credentials for one batch.
type search struct {
	api    *API
	by     Credential
	found  Found
	unseen []services.ID        // not seen by this credential; sorted
	hidden map[services.ID]bool // refused to any credential for lack of a relationship
}

// plausible keeps anything but digits out of a URL.
func (s *search) plausible(ids []services.ID) []services.ID {
	return slices.DeleteFunc(ids, func(id services.ID) bool {
		err := check(id)
		if err != nil {
			s.found.Refused = append(s.found.Refused, Refusal{ID: id, Reason: err.Error()})
		}
		return err != nil
	})
}

func (s *search) ask(ctx context.Context, ids []services.ID) error {
	if len(ids) == 0 {
		return nil // an empty _id is refused
	}
	texts := make([]string, len(ids))
	for n, id := range ids {
		texts[n] = string(id)
	}
	q := question{
		endpoint: "A035", method: http.MethodGet, path: []string{"R4", kindOfService}, query: "_id=" + strings.Join(texts, ","),
		doing: fmt.Sprintf("asking e-RS for services %s to %s", ids[0], ids[len(ids)-1]),
	}
	answer, err := s.api.ask(ctx, s.by, q)
	if err != nil {
		return s.refused(ctx, ids, err)
	}
	held, err := decodeBundle(answer.Body)
	if err != nil {
		return unreadable(s.by, q, answer, err.Error())
	}
	s.recordAnswer(ids, held)
	return nil
}

// recordAnswer records which ids the answer holds and which it does not.
func (s *search) recordAnswer(ids []services.ID, held contents) {
	seen := make(map[services.ID]bool, len(ids))
	asked := func(id services.ID) bool {
		_, ok := slices.BinarySearchFunc(ids, id, compareIDs)
		return ok && !seen[id]
	}
	for _, service := range held.services {
		if !asked(service.ID) {
			s.found.Unasked = append(s.found.Unasked, service)
			continue
		}
		seen[service.ID] = true
		s.found.Services = append(s.found.Services, service)
		s.found.noteSeenBy(service.ID, s.by.Name)
	}
	for _, bad := range held.unreadable {
		if asked(bad.ID) {
			seen[bad.ID] = true
			s.found.Unreadable = append(s.found.Unreadable, bad)
		}
	}
	for _, id := range ids {
		if !seen[id] {
			s.unseen = append(s.unseen, id)
		}
	}
}

// refused finds out which ids an error is about, if it is about ids.
func (s *search) refused(ctx context.Context, ids []services.ID, err error) error {
	failure, ok := errors.AsType[*Error](err)
	switch {
	case !ok:
		return err
	case failure.Status == http.StatusBadRequest && failure.Code != codeMissingHeader:
		return s.halve(ctx, ids)
	case failure.NotVisible():
		return s.oneByOne(ctx, ids)
	}
	return err
}

func (s *search) halve(ctx context.Context, ids []services.ID) error {
	if len(ids) == 1 {
		s.refuse(ids[0])
		return nil
	}
	for _, half := range [][]services.ID{ids[:len(ids)/2], ids[len(ids)/2:]} {
		if err := s.ask(ctx, half); err != nil {
			return err
		}
	}
	return nil
}

func (s *search) refuse(id services.ID) {
	s.found.Refused = append(s.found.Refused, Refusal{ID: id, Reason: "e-RS refuses a request for this id: check it"})
}

// oneByOne asks for each id alone, after the batch was refused because of some ids.
func (s *search) oneByOne(ctx context.Context, ids []services.ID) error {
	for _, id := range ids {
		service, err := s.api.service(ctx, s.by, id)
		failure, ok := errors.AsType[*Error](err)
		switch {
		case err == nil:
			s.found.Services = append(s.found.Services, service)
			s.found.noteSeenBy(id, s.by.Name)
		case !ok:
			return err
		case failure.raw != nil:
			s.found.Unreadable = append(s.found.Unreadable, Unreadable{ID: id, Reason: failure.Reason, Raw: failure.raw})
		case failure.Status == http.StatusBadRequest && failure.Code != codeMissingHeader:
			s.refuse(id)
		case s.isNotVisible(id, failure):
			s.unseen = append(s.unseen, id)
		default:
			return err
		}
	}
	return nil
}

// isNotVisible reports whether an answer only says that this credential does not see the
// service. The batch was refused for lack of a relationship, which shows that address
// and application are right, so the status is enough, except for ACCESS_DENIED, which
// is about the application.
func (s *search) isNotVisible(id services.ID, failure *Error) bool {
	switch {
	case failure.Status == http.StatusForbidden && failure.Code != codeAccessDenied:
		s.hidden[id] = true
		return true
	case failure.Status == http.StatusNotFound:
		return true
	}
	return false
}
