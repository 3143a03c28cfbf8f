package main

import (
	"io"
	"os"
	"sync"
)

// output is standard output, which remembers that something could not be written: a
// result that nobody got is no result. It may be written to while it is asked.
type output struct {
	to io.Writer

	mu  sync.Mutex
	err error
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.to.Write(p)
	if err != nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.err = err
	}
	return n, err
}

// failed returns the last error of a write.
func (o *output) failed() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// Fd is the number of the file, for the width of a terminal; no number if it is none.
func (o *output) Fd() uintptr {
	if file, ok := o.to.(*os.File); ok {
		return file.Fd()
	}
	return ^uintptr(0)
}
