package smtp

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/profilesync/profilesync/reconcile/people"
)

// Directory collects messages instead of sending them, in a file for each
// reference, {kind}-{hash of the reference}.eml. If a letter is sent again, the
// first file does not change and the file repeats.txt gets a line. A Directory may
// be used concurrently, and by several processes.
type Directory struct {
	path   string
	writer writer
}

const repeats = "repeats.txt"

// NewDirectory creates the directory if it is missing, accessible only to its
// owner.
func NewDirectory(path string, h Headers) (*Directory, error) {
	w, err := newWriter(h)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("directory of messages: %w", err)
	}
	return &Directory{path: path, writer: w}, nil
}

// Lookup reports that Find can find letters.
func (d *Directory) Lookup() bool { return true }

// Find looks for the message of a reference.
func (d *Directory) Find(_ context.Context, reference string) (people.Acceptance, bool, error) {
	for _, kind := range people.LetterKinds() {
		_, err := os.Stat(d.file(reference, kind))
		if err == nil {
			return d.writer.mailed(reference), true, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return people.Acceptance{}, false, diskError(err)
		}
	}
	return people.Acceptance{}, false, nil
}

// Send collects a letter. Errors are *people.MailError.
func (d *Directory) Send(ctx context.Context, l people.Letter) (people.Acceptance, error) {
	return d.SendWith(ctx, l, nil)
}

// SendWith is Send with files.
func (d *Directory) SendWith(_ context.Context, l people.Letter, files []Attachment) (people.Acceptance, error) {
	m, failed := d.writer.write(l, files)
	if failed != nil {
		return people.Acceptance{}, failed
	}
	final := d.file(l.Reference, l.Kind)
	err := createWhole(final, m.raw)
	if errors.Is(err, fs.ErrExist) {
		err = d.repeat(filepath.Base(final))
	}
	if err != nil {
		return people.Acceptance{}, diskError(err)
	}
	return d.writer.mailed(l.Reference), nil
}

// Repeats names the file of each letter that was sent again, once for each time
// after the first. No letter should be sent twice, so a person should look into
// these.
func (d *Directory) Repeats() ([]string, error) {
	content, err := os.ReadFile(filepath.Join(d.path, repeats))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return slices.Collect(strings.FieldsSeq(string(content))), err
}

func (d *Directory) file(reference string, kind people.LetterKind) string {
	return filepath.Join(d.path, string(kind)+"-"+hashOf(reference)+".eml")
}

// createWhole creates a file with all its content at once, unless it exists.
func createWhole(final string, content []byte) error {
	draft, err := os.CreateTemp(filepath.Dir(final), ".draft-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(draft.Name()) //nolint:errcheck // it has been renamed by then, or is of no use
	_, err = draft.Write(content)
	if err := errors.Join(err, draft.Close()); err != nil {
		return err
	}
	return os.Link(draft.Name(), final)
}

// repeat adds one line in one write, so that lines of two processes do not mix.
func (d *Directory) repeat(name string) error {
	f, err := os.OpenFile(filepath.Join(d.path, repeats), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(name + "\n")
	return errors.Join(err, f.Close())
}

// diskError returns the error for a disk problem: nothing was collected. Its text holds
// only our own paths.
func diskError(err error) *people.MailError {
	return &people.MailError{Answer: people.MailRetry, Reason: "writing to the directory", Err: err}
}
