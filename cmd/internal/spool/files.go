package spool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// ErrBusy means that as many texts as allowed are being made, and that none was
// finished while the caller waited.
var ErrBusy = errors.New("too many texts are being made")

// errClosed is returned after Close.
var errClosed = errors.New("closed: no more texts are made")

// Make writes a text. It is abandoned when ctx ends.
type Make func(ctx context.Context, to io.Writer) error

// Options bound what Files holds.
type Options struct {
	Dir      string        // folder of the files; empty for the system's temporary folder
	AtOnce   int           // texts made concurrently
	Within   time.Duration // the longest time to make one
	Keep     time.Duration // how long a text is kept while nobody reads it
	MaxBytes int64         // limit for one text, and for all unread texts together
	// Failed is called once for each text that could not be made; it may be
	// nil.
	Failed func(ctx context.Context, name string, err error)
}

// Files holds texts by name. The text of a name must always be the same.
type Files struct {
	Options

	slots  chan struct{}
	makers sync.WaitGroup

	mutex  sync.Mutex
	texts  map[string]*text
	turn   uint64 // grows with each use
	closed bool
}

// text is one text, perhaps still being made.
type text struct {
	name   string
	cancel context.CancelFunc // abandons making it
	made   chan struct{}      // closed when file and err are set
	file   *scratch
	err    error

	// guarded by Files.mutex
	size  int64 // 0 until it is made
	users int   // readers and the maker
	used  uint64
	idle  *time.Timer // timer that drops it; nil while it has users
}

// New returns an empty Files. The caller must close it.
func New(o Options) *Files {
	return &Files{Options: o, slots: make(chan struct{}, o.AtOnce), texts: make(map[string]*text)}
}

// File is a text for one reader, who must close it.
type File struct {
	*io.SectionReader

	release func()
}

// Close releases the text.
func (f *File) Close() error {
	f.release()
	return nil
}

// Open returns the text of a name once it is made, for this call or an earlier
// one. Making a text continues if its caller leaves; if it failed, the next
// call tries again. Open returns ErrBusy if ctx ends before making the text
// could start.
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

// join makes the caller a user of a text, and starts making the text if needed.
func (f *Files) join(ctx context.Context, name string, write Make) (*text, error) {
	f.mutex.Lock()
	t := f.find(name)
	f.mutex.Unlock()
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

// find returns a text with one more user, or nil if there is none. The caller
// holds the lock.
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

// begin starts making a text in the caller's slot, unless another call was
// faster.
func (f *Files) begin(ctx context.Context, name string, write Make) (*text, error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
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
		t.err = written(ctx, write, &limitedWriter{ctx: ctx, file: t.file, most: f.MaxBytes})
	}
	if t.err != nil && f.Failed != nil {
		f.Failed(ctx, t.name, t.err)
	}
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if t.err != nil {
		f.forget(t)
	} else {
		t.size = t.file.written
	}
	f.leaveLocked(t) // the maker leaves before made is closed, so that waiting users are counted correctly
	close(t.made)
}

// written turns a panic into an error, so that one text cannot affect others.
func written(ctx context.Context, write Make, to io.Writer) (err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("it panicked: %v", problem)
		}
	}()
	return write(ctx, to)
}

// leave removes a user. After the last one the text is kept for a while, unless
// it was forgotten.
func (f *Files) leave(t *text) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
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

// expire drops a text that was not used for a while.
func (f *Files) expire(t *text) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if t.users == 0 && f.texts[t.name] == t {
		f.drop(t)
	}
}

// evict drops the least recently used texts until the unread ones are within
// MaxBytes. The caller holds the lock.
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

// drop removes a text. The caller holds the lock.
func (f *Files) drop(t *text) {
	f.forget(t)
	if t.idle != nil {
		t.idle.Stop()
	}
	t.file.remove()
}

// forget removes a text from the index, so that the next call makes it again.
// The caller holds the lock.
func (f *Files) forget(t *text) {
	if f.texts[t.name] == t {
		delete(f.texts, t.name)
	}
}

// Close abandons the texts being made and removes every text. Files that are
// still open can no longer be read.
func (f *Files) Close() error {
	f.mutex.Lock()
	f.closed = true
	for _, t := range f.texts {
		t.cancel()
	}
	f.mutex.Unlock()
	f.makers.Wait()
	f.mutex.Lock()
	defer f.mutex.Unlock()
	for _, t := range f.texts {
		f.drop(t)
	}
	return nil
}
