package pushjobs

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// doubling batches numbers and doubles them; a batch for which stop returns an
// error fails. It records the sizes of the batches.
type doubling struct {
	batcher[int, int]
	mu    sync.Mutex
	sizes []int
}

func newDoubling(stop func(context.Context, []int) error) *doubling {
	d := &doubling{}
	d.work = func(ctx context.Context, in []int) ([]int, error) {
		d.mu.Lock()
		d.sizes = append(d.sizes, len(in))
		d.mu.Unlock()
		if err := stop(ctx, in); err != nil {
			return nil, err
		}
		out := make([]int, len(in))
		for i, n := range in {
			out[i] = 2 * n
		}
		return out, nil
	}
	return d
}

func noError(context.Context, []int) error { return nil }

func TestBatcherRunsALoneCallAtOnce(t *testing.T) {
	t.Parallel()
	d := newDoubling(noError)
	for n := range 3 {
		out, err := d.do(t.Context(), n)
		require.NoError(t, err)
		require.Equal(t, 2*n, out)
	}
	require.Equal(t, []int{1, 1, 1}, d.sizes)
}

func TestBatcherRunsWaitingCallsTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		d := newDoubling(func(context.Context, []int) error { <-release; return nil })
		var all sync.WaitGroup
		for n := range 100 {
			all.Go(func() {
				out, err := d.do(t.Context(), n)
				if err != nil || out != 2*n {
					t.Errorf("%d: got %d, %v", n, out, err)
				}
			})
		}
		synctest.Wait()
		require.Len(t, d.sizes, 1, "one batch at a time")
		close(release)
		all.Wait()
		first := d.sizes[0]
		require.Equal(t, []int{first, maxBatch, 100 - maxBatch - first}, d.sizes)
	})
}

func TestBatcherIsolatesABadCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release, bad := make(chan struct{}), errors.New("bad")
		d := newDoubling(func(_ context.Context, in []int) error {
			<-release
			if slices.Contains(in, 13) {
				return bad
			}
			return nil
		})
		var all sync.WaitGroup
		failed := make([]error, 20)
		for n := range failed {
			all.Go(func() { _, failed[n] = d.do(t.Context(), n) })
		}
		synctest.Wait()
		close(release)
		all.Wait()
		for n, err := range failed {
			if n == 13 {
				require.ErrorIs(t, err, bad)
			} else {
				require.NoError(t, err, "call %d", n)
			}
		}
	})
}

func TestBatcherReturnsTheResultEvenIfTheContextEnded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		d := newDoubling(func(ctx context.Context, _ []int) error { <-release; return ctx.Err() })
		ctx, cancel := context.WithCancel(t.Context())
		answered := make(chan error, 1)
		go func() {
			_, err := d.do(ctx, 1)
			answered <- err
		}()
		synctest.Wait()
		cancel()
		synctest.Wait()
		require.Empty(t, answered, "no caller returns before its result is known")
		close(release)
		require.NoError(t, <-answered, "the batch outlives the caller's context")
	})
}

func TestBatcherGivesUpOnWorkThatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		d := newDoubling(func(ctx context.Context, _ []int) error { <-ctx.Done(); return ctx.Err() })
		var all sync.WaitGroup
		for n := range 10 {
			all.Go(func() {
				if _, err := d.do(t.Context(), n); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v", err)
				}
			})
		}
		all.Wait()
		require.LessOrEqual(t, time.Since(began), 2*batchTimeout, "the timeout is per batch, not per call")
	})
}

func TestBatcherWithManyCallers(t *testing.T) {
	t.Parallel()
	d := newDoubling(noError)
	var all sync.WaitGroup
	for caller := range 16 {
		all.Go(func() {
			for i := range 200 {
				n := 1000*caller + i
				if out, err := d.do(t.Context(), n); err != nil || out != 2*n {
					t.Errorf("%d: got %d, %v", n, out, err)
				}
			}
		})
	}
	all.Wait()
	worked := 0
	for _, size := range d.sizes {
		require.LessOrEqual(t, size, maxBatch)
		worked += size
	}
	require.Equal(t, 16*200, worked, "every call ran once")
	require.False(t, d.leading)
	require.Empty(t, d.waiting)
}
