package wiring

import (
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/lmittmann/tint"
	"golang.org/x/term"
)

// Logger writes to Stderr from a level on.
func (a *App) Logger(least slog.Level) *slog.Logger { return newLogger(a.Stderr, least) }

// newLogger writes for people on a terminal and JSON, one object a line, anywhere
// else.
func newLogger(w io.Writer, least slog.Level) *slog.Logger {
	if IsTerminal(w) {
		return slog.New(tint.NewTextHandler(w, &tint.Options{Level: least, TimeFormat: time.TimeOnly}))
	}
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: least}))
}

// IsTerminal reports whether people read what is written there at once.
func IsTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
