package wiring

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/lmittmann/tint"
	"golang.org/x/term"

	"github.com/profilesync/profilesync/cmd/internal/visible"
)

// Logger logs to Stderr from the given level.
func (a *App) Logger(least slog.Level) *slog.Logger { return newLogger(a.Stderr, least) }

// newLogger logs for people on a terminal, else as JSON, one object per line. No
// record steers a terminal: as JSON it is escaped.
func newLogger(w io.Writer, least slog.Level) *slog.Logger {
	if IsTerminal(w) {
		return slog.New(newTextHandler(w, least))
	}
	return slog.New(slog.NewJSONHandler(visible.JSON(w), &slog.HandlerOptions{Level: least}))
}

func newTextHandler(w io.Writer, least slog.Level) slog.Handler {
	return tint.NewTextHandler(w, &tint.Options{Level: least, TimeFormat: time.TimeOnly, ReplaceAttr: visibly})
}

// visibly makes one line of a value that may hold a text, a record's message
// included.
func visibly(_ []string, a slog.Attr) slog.Attr {
	a.Key = visible.Line(a.Key)
	switch value := a.Value.Resolve(); {
	case value.Kind() == slog.KindString:
		a.Value = slog.StringValue(visible.Line(value.String()))
	case value.Kind() == slog.KindAny:
		if _, level := value.Any().(slog.Level); !level {
			a.Value = slog.StringValue(visible.Line(fmt.Sprint(value.Any())))
		}
	}
	return a
}

// IsTerminal reports whether a stream is a terminal.
func IsTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
