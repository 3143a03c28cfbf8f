package smtp_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/smtp"
	"github.com/profilesync/profilesync/reconcile/people"
)

func TestDirectory(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sent")
	d, err := smtp.NewDirectory(path, headers())
	require.NoError(t, err)
	require.True(t, d.Lookup())
	_, found, err := d.Find(t.Context(), letter(t).Reference)
	require.NoError(t, err)
	require.False(t, found)

	mailed, err := d.Send(t.Context(), letter(t))
	require.NoError(t, err)
	again, found, err := d.Find(t.Context(), letter(t).Reference)
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, mailed, again)
	files, err := filepath.Glob(filepath.Join(path, "*"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	content, err := os.ReadFile(files[0])
	require.NoError(t, err)
	golden(t, "check-opening.eml", content)
	require.Regexp(t, `^check-opening-[0-9a-f]{32}\.eml$`, filepath.Base(files[0]))
	info, err := os.Stat(files[0])
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())
	info, err = os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())

	list, err := d.Repeats()
	require.NoError(t, err)
	require.Empty(t, list)
	repeated := letter(t, func(l *people.Letter) { l.Facts.Words["deadline"] = "another day" })
	_, err = d.Send(t.Context(), repeated)
	require.NoError(t, err)
	list, err = d.Repeats()
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Base(files[0])}, list)
	unchanged, err := os.ReadFile(files[0])
	require.NoError(t, err)
	require.Equal(t, content, unchanged)
}

// Of many sends at once, through several Directories of one path, one writes the
// file and all others are counted.
func TestDirectoryAtOnce(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	l := letter(t)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			d, err := smtp.NewDirectory(path, headers())
			if err == nil {
				_, err = d.Send(t.Context(), l)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	d, err := smtp.NewDirectory(path, headers())
	require.NoError(t, err)
	list, err := d.Repeats()
	require.NoError(t, err)
	require.Len(t, list, 15)
	files, err := os.ReadDir(path)
	require.NoError(t, err)
	require.Len(t, files, 2, "the message and the list of repeats, and no draft")
}

func TestDirectoryThatIsGone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sent")
	d, err := smtp.NewDirectory(path, headers())
	require.NoError(t, err)
	require.NoError(t, os.Remove(path))
	_, err = d.Send(t.Context(), letter(t))
	require.Equal(t, people.MailRetry, refused(t, err).Answer)
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	_, _, err = d.Find(t.Context(), letter(t).Reference)
	require.Equal(t, people.MailRetry, refused(t, err).Answer)
	_, err = smtp.NewDirectory(path, headers())
	require.Error(t, err)
	_, err = smtp.NewDirectory(path, smtp.Headers{})
	require.Error(t, err)
}
