package spool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// ErrBusy says that as many texts are being made as may be, and that none came
// to its end while the caller waited.
var ErrBusy = errors.New("too many texts are being made")

// errClosed is for those who come after Close.
var errClosed = errors.New("no texts are made any more")

// Make writes a text. It is given up when ctx ends.
type Make func(ctx context.Context, to io.Writer) error

// Options bound what Files holds.
type Options struct {
	Dir      string        // where the files lie; empty for the system's folder of temporary files
	AtOnce   int           // texts that are made at the same time
	Within   time.Duration // the longest that making one may take
	Keep     time.Duration // how long a text stays that nobody reads
	MaxBytes int64         // of one text, and of all together as far as nobody reads them
	// Failed is told once of each making that failed; nil hears nothing.
	Failed func(ctx context.Context, name string, err error)
}

// Files are texts by name. What is made for a name must always be the same.
type Files struct {
	Options

	slots  chan struct{}
	makers sync.WaitGroup

	mu     sync.Mutex
	texts  map[string]*text
	turn   uint64 // grows with each use
	closed bool
}

// text is one of them, perhaps not made yet.
type text struct {
	name   string
	cancel context.CancelFunc // gives the making up
	made   chan struct{}      // closed when file and err stand
	file   *scratch
	err    error

	// of Files.mu
	size  int64 // 0 until it is made
	users int   // readers, and the maker
	used  uint64
	idle  *time.Timer // drops it; nil while it has users
}

// New returns no texts yet. Close must follow.
func New(o Options) *Files {
	return &Files{Options: o, slots: make(chan struct{}, o.AtOnce), texts: make(map[string]*text)}
}

// File is a text for one reader, who closes it.
type File struct {
	*io.SectionReader

	release func()
}

// Close gives the text back.
func (f *File) Close() error {
	f.release()
	return nil
}

// Open returns the text of a name, once it is made: for this call, or for
// another that asked before. A making goes on when its caller leaves; one that
// failed is tried again for whoever asks next. It returns ErrBusy where ctx ends
// before the making could begin.
func (f *Files) Open(ctx context.Context, name string, write Make) (*File, error) {
	t, err := f.join(ctx, name, write)
	if err != nil {
		return nil, err
	}
	select {
	case <-t.made:
	case <-ctx.Done():
		f.leave(t)
		return nil, fmt.Errorf("waiting for %s: %w", name, context.Cause(ctx))
	}
	if t.err != nil {
		f.leave(t)
		return nil, t.err
	}
	return &File{io.NewSectionReader(t.file, 0, t.file.written), sync.OnceFunc(func() { f.leave(t) })}, nil
}

// join makes the caller a user of a text, which is made now where it is not
// there.
func (f *Files) join(ctx context.Context, name string, write Make) (*text, error) {
	f.mu.Lock()
	t := f.find(name)
	f.mu.Unlock()
	if t != nil {
		return t, nil
	}
	select {
	case f.slots <- struct{}{}:
		return f.begin(ctx, name, write)
	case <-ctx.Done():
		return nil, ErrBusy
	}
}

// find counts a user in, under the lock; nil where nobody asked for the text.
func (f *Files) find(name string) *text {
	t := f.texts[name]
	if t == nil {
		return nil
	}
	t.users++
	if t.idle != nil {
		t.idle.Stop()
		t.idle = nil
	}
	return t
}

// begin has a text made in the slot that the caller took, unless another call
// was faster.
func (f *Files) begin(ctx context.Context, name string, write Make) (*text, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		<-f.slots
		return nil, errClosed
	}
	if t := f.find(name); t != nil {
		<-f.slots
		return t, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.Within)
	t := &text{name: name, made: make(chan struct{}), cancel: cancel, users: 2}
	f.texts[name] = t
	f.makers.Go(func() { f.make(ctx, t, write) })
	return t, nil
}

func (f *Files) make(ctx context.Context, t *text, write Make) {
	defer func() { <-f.slots }()
	defer t.cancel()
	if t.file, t.err = newScratch(f.Dir); t.err == nil {
		t.err = written(ctx, write, &page{ctx: ctx, file: t.file, most: f.MaxBytes})
	}
	if t.err != nil && f.Failed != nil {
		f.Failed(ctx, t.name, t.err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if t.err != nil {
		f.forget(t)
	} else {
		t.size = t.file.written
	}
	f.leaveLocked(t) // before those who wait: what they leave is theirs alone
	close(t.made)
}

// written keeps a panic over one text from everything else.
func written(ctx context.Context, write Make, to io.Writer) (err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("it panicked: %v", problem)
		}
	}()
	return write(ctx, to)
}

// leave counts a user out. The last leaves the text there a while for others,
// unless it was forgotten.
func (f *Files) leave(t *text) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.leaveLocked(t)
}

func (f *Files) leaveLocked(t *text) {
	if t.users--; t.users > 0 {
		return
	}
	if f.texts[t.name] != t {
		t.file.remove()
		return
	}
	f.turn++
	t.used = f.turn
	t.idle = time.AfterFunc(f.Keep, func() { f.expire(t) })
	f.evict()
}

// expire drops a text that nobody used for a while.
func (f *Files) expire(t *text) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if t.users == 0 && f.texts[t.name] == t {
		f.drop(t)
	}
}

// evict drops what was used least recently, under the lock, until what nobody
// reads is not too much any more.
func (f *Files) evict() {
	for {
		var bytes int64
		var oldest *text
		for _, t := range f.texts {
			if t.users > 0 {
				continue
			}
			bytes += t.size
			if oldest == nil || t.used < oldest.used {
				oldest = t
			}
		}
		if bytes <= f.MaxBytes {
			return
		}
		f.drop(oldest)
	}
}

// drop removes a text, under the lock.
func (f *Files) drop(t *text) {
	f.forget(t)
	if t.idle != nil {
		t.idle.Stop()
	}
	t.file.remove()
}

// forget takes a text out, under the lock, so that the next who asks has it made
// again.
func (f *Files) forget(t *text) {
	if f.texts[t.name] == t {
		delete(f.texts, t.name)
	}
}

// Close gives up what is being made and removes every text. Files that are still
// open cannot be read any more.
func (f *Files) Close() error {
	f.mu.Lock()
	f.closed = true
	for _, t := range f.texts {
		t.cancel()
	}
	f.mu.Unlock()
	f.makers.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, t := range f.texts {
		f.drop(t)
	}
	return nil
}
