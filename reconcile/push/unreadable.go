package push

import (
	"errors"
	"slices"
	"strings"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// Unreadable is something that a sink shows of one organisation and that makes no
// sense, or its whole answer. The others are not affected.
type Unreadable struct {
	Code   profile.ODSCode `json:"code"`
	Part   string          `json:"part,omitempty"` // for people: which record and field; empty for the whole answer
	Reason string          `json:"reason"`         // never holds the content
}

// String returns part and reason, without the code.
func (u Unreadable) String() string {
	if u.Part == "" {
		return u.Reason
	}
	return u.Part + ": " + u.Reason
}

// Failed reports whether nothing is known about the organisation, since its whole
// answer could not be read.
func (s Shown) Failed() bool { return hasFailed(s.Unreadable) }

func hasFailed(unreadable []Unreadable) bool {
	return slices.ContainsFunc(unreadable, func(u Unreadable) bool { return u.Part == "" })
}

// Reasons joins what could not be read of one organisation.
func Reasons(unreadable []Unreadable) string {
	texts := make([]string, len(unreadable))
	for i, u := range unreadable {
		texts[i] = u.String()
	}
	return strings.Join(texts, "; ")
}

// OrUnreadable turns the error of a read into a Shown that names it, if it concerns
// only the organisation that was asked for: the sink gave a bad answer for it, or
// none. Any other error means that the sink cannot be read now, and is returned.
func OrUnreadable(shown Shown, err error) (Shown, error) {
	var e *SinkError
	if !errors.As(err, &e) || !e.ConcernsOne() {
		return shown, err
	}
	return Shown{Code: shown.Code, Unreadable: []Unreadable{{Code: shown.Code, Reason: e.Reason}}}, nil
}
