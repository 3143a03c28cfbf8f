package dos

import (
	"context"
	"errors"

	"github.com/profilesync/profilesync/connectors/internal/parallel"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// readers is how many organisations are read at the same time.
const readers = 8

// showEach reads each of the codes, and names those that cannot be read.
func showEach(
	ctx context.Context, codes []profile.ODSCode, show func(context.Context, profile.ODSCode) (push.Shown, error),
) ([]push.Shown, error) {
	return parallel.Each(ctx, readers, codes, func(ctx context.Context, code profile.ODSCode) (push.Shown, error) {
		return push.OrUnreadable(show(ctx, code))
	})
}

// shownOf returns what a pharmacy's services show. It names what makes no sense in them,
// and of a row that may be any service nothing is visible. If no other service is left,
// the answer is named as a whole.
func (s *Sink) shownOf(code profile.ODSCode, services []Service, err error) (push.Shown, error) {
	bad, ok := errors.AsType[badRowsError](err)
	if err != nil && !ok {
		return push.Shown{Code: code}, err
	}
	shown := push.Shown{Code: code, Entries: entriesOf(code, services), Unreadable: bad.parts}
	if ok && !shown.Found() {
		shown.Unreadable = []push.Unreadable{{Code: code, Reason: asSinkError(code, readingServices, bad).Reason}}
	}
	for _, row := range bad.nameless {
		shown.Entries = append(shown.Entries, push.Entry{Name: row, NotVisible: s.reader.fields()})
	}
	return shown, nil
}
