package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/profilesync/profilesync/reconcile"
)

// progress shows people how far a run has come, on standard error: a bar on a
// terminal, a line a stage elsewhere.
type progress struct{ show *shown }

type shown struct {
	out   io.Writer
	bar   *progressbar.ProgressBar
	stage string
	tty   bool
}

func newProgress(out io.Writer) progress {
	file, ok := out.(*os.File)
	return progress{&shown{out: out, tty: ok && term.IsTerminal(int(file.Fd()))}}
}

func (p progress) report(_ context.Context, _ reconcile.RunID, stage string, done, total int) {
	s := p.show
	if stage != s.stage {
		s.begin(stage, total)
	}
	if s.bar != nil {
		_ = s.bar.Set(done)
	}
}

func (s *shown) begin(stage string, total int) {
	s.end()
	s.stage = stage
	switch {
	case stage == "":
	case !s.tty:
		_, _ = fmt.Fprintln(s.out, stage+" ...")
	case total == 0:
		s.bar = progressbar.NewOptions(-1, progressbar.OptionSetWriter(s.out), progressbar.OptionSetDescription(stage),
			progressbar.OptionClearOnFinish())
	default:
		s.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(s.out), progressbar.OptionSetDescription(stage),
			progressbar.OptionShowCount(), progressbar.OptionClearOnFinish())
	}
}

func (s *shown) end() {
	if s.bar != nil {
		_ = s.bar.Finish()
		s.bar = nil
	}
}
