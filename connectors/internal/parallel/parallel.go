// Package parallel does the same work for each of many things, some at the same time.
package parallel

import (
	"cmp"
	"context"

	"golang.org/x/sync/errgroup"
)

// Each returns the result of the work for each of the things, in their order. At most
// so many are worked on at the same time. The first error cancels the context of the
// others and is returned.
func Each[T, R any](ctx context.Context, most int, things []T, work func(context.Context, T) (R, error)) ([]R, error) {
	results := make([]R, len(things))
	group, one := errgroup.WithContext(ctx)
	group.SetLimit(most)
	for i, thing := range things {
		group.Go(func() (err error) {
			results[i], err = work(one, thing)
			return err
		})
	}
	if err := cmp.Or(group.Wait(), ctx.Err()); err != nil {
		return nil, err
	}
	return results, nil
}
