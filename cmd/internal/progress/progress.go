// Package progress shows people how far work has come.
package progress

import (
	"context"
	"fmt"
	"io"

	"github.com/schollz/progressbar/v3"

	"github.com/profilesync/profilesync/reconcile/runs"
)

// Shown shows the progress of a run on standard error: a bar on a terminal,
// else a line per stage.
type Shown struct {
	out   io.Writer
	bar   *progressbar.ProgressBar
	stage string
	tty   bool
}

// On shows progress on a writer, which may be a terminal.
func On(out io.Writer, terminal bool) *Shown {
	return &Shown{out: out, tty: terminal}
}

// Report says that so much of a stage is done; total is 0 if it is not known.
func (p *Shown) Report(_ context.Context, _ runs.ID, stage string, done, total int) {
	if stage != p.stage {
		p.begin(stage, total)
	}
	if p.bar != nil {
		_ = p.bar.Set(done)
	}
}

func (p *Shown) begin(stage string, total int) {
	p.End()
	p.stage = stage
	switch {
	case stage == "":
	case !p.tty:
		_, _ = fmt.Fprintln(p.out, stage+" ...")
	case total == 0:
		p.bar = progressbar.NewOptions(-1, progressbar.OptionSetWriter(p.out), progressbar.OptionSetDescription(stage),
			progressbar.OptionClearOnFinish())
	default:
		p.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(p.out), progressbar.OptionSetDescription(stage),
			progressbar.OptionShowCount(), progressbar.OptionClearOnFinish())
	}
}

// End takes the bar away.
func (p *Shown) End() {
	if p.bar != nil {
		_ = p.bar.Finish()
		p.bar = nil
	}
}
