package pushjobs

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// batcher combines single calls into batches: calls that arrive while a batch
// is in progress form the next one, so that many workers share one statement
// and one commit. A call that is alone runs at once.
type batcher[In, Out any] struct {
	work func(context.Context, []In) ([]Out, error)

	mu      sync.Mutex
	waiting []*batchedCall[In, Out]
	leading bool
}

type batchedCall[In, Out any] struct {
	in   In
	out  Out
	err  error
	done chan struct{}
}

const (
	maxBatch     = 64
	batchTimeout = 30 * time.Second
)

// do runs one call. It returns when its batch is finished, even if ctx ends
// before that: the caller must learn the result.
func (g *batcher[In, Out]) do(ctx context.Context, in In) (Out, error) {
	call := &batchedCall[In, Out]{in: in, done: make(chan struct{})}
	g.mu.Lock()
	g.waiting = append(g.waiting, call)
	lead := !g.leading
	g.leading = true
	g.mu.Unlock()
	if lead {
		g.lead(context.WithoutCancel(ctx))
	}
	<-call.done
	return call.out, call.err
}

// lead runs one batch and then hands the lead on, even if the work panics.
func (g *batcher[In, Out]) lead(ctx context.Context) {
	g.mu.Lock()
	n := min(len(g.waiting), maxBatch)
	batch := g.waiting[:n:n]
	g.waiting = g.waiting[n:]
	g.mu.Unlock()
	defer g.handOn(ctx)
	g.batch(ctx, batch)
}

func (g *batcher[In, Out]) handOn(ctx context.Context) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.leading = len(g.waiting) > 0; g.leading {
		go g.lead(ctx)
	}
}

// batch runs calls together. If that fails, it runs each alone, so that one bad
// call does not fail the others.
func (g *batcher[In, Out]) batch(ctx context.Context, batch []*batchedCall[In, Out]) {
	ctx, cancel := context.WithTimeout(ctx, batchTimeout)
	defer cancel()
	ins := make([]In, len(batch))
	for i, call := range batch {
		ins[i] = call.in
	}
	outs, err := g.safely(ctx, ins)
	if err != nil && len(batch) > 1 {
		for _, call := range batch {
			g.batch(ctx, []*batchedCall[In, Out]{call})
		}
		return
	}
	for i, call := range batch {
		if call.err = err; err == nil {
			call.out = outs[i]
		}
		close(call.done)
	}
}

// safely turns a panic into the error of every call: no caller may wait for
// ever.
func (g *batcher[In, Out]) safely(ctx context.Context, ins []In) (outs []Out, err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("panic: %v\n%s", panicked, debug.Stack())
		}
	}()
	return g.work(ctx, ins)
}
