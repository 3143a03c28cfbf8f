package commands

import (
	"context"
	"fmt"
	"io"

	"github.com/schollz/progressbar/v3"

	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// progress shows the progress of a run on standard error: a bar on a terminal,
// else a line per stage.
type progress struct {
	out   io.Writer
	bar   *progressbar.ProgressBar
	stage string
	tty   bool
}

func newProgress(out io.Writer) *progress {
	return &progress{out: out, tty: wiring.IsTerminal(out)}
}

func (p *progress) report(_ context.Context, _ runs.ID, stage string, done, total int) {
	if stage != p.stage {
		p.begin(stage, total)
	}
	if p.bar != nil {
		_ = p.bar.Set(done)
	}
}

func (p *progress) begin(stage string, total int) {
	p.end()
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

func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
		p.bar = nil
	}
}

// submit submits a run and shows its progress.
func submit(ctx context.Context, a *wiring.App, run runs.Run, wait bool) (runs.Summary, error) {
	shown := newProgress(a.Stderr)
	defer shown.end()
	return a.Submit(ctx, run, wait, shown.report)
}
