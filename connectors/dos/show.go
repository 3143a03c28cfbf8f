package dos

import (
	"cmp"
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// readers is how many organisations are read at the same time.
const readers = 8

// showEach reads each of the codes, and names those that cannot be read.
func showEach(
	ctx context.Context, codes []profile.ODSCode, show func(context.Context, profile.ODSCode) (push.Shown, error),
) ([]push.Shown, error) {
	shown := make([]push.Shown, len(codes))
	group, one := errgroup.WithContext(ctx)
	group.SetLimit(readers)
	for i, code := range codes {
		group.Go(func() (err error) {
			shown[i], err = push.OrUnreadable(show(one, code))
			return err
		})
	}
	if err := cmp.Or(group.Wait(), ctx.Err()); err != nil {
		return nil, err
	}
	return shown, nil
}

// shownBut returns what a pharmacy's services show, without the rows that make no
// sense. If no other service is left, nothing is known about the pharmacy.
func shownBut(code profile.ODSCode, services []Service, err error) (push.Shown, error) {
	bad, ok := errors.AsType[badRowsError](err)
	if err != nil && !ok {
		return push.Shown{Code: code}, err
	}
	shown := shownOf(code, services)
	if ok && !shown.Found {
		return shown, asSinkError(code, readingServices, bad)
	}
	shown.Unreadable = bad
	return shown, nil
}

// whollyRead makes an error of what makes no sense: a push that does not know what DoS
// shows might empty it.
func whollyRead(shown push.Shown, err error) (push.Shown, error) {
	if err == nil && len(shown.Unreadable) > 0 {
		err = asSinkError(shown.Code, readingServices, badRowsError(shown.Unreadable))
	}
	return shown, err
}
