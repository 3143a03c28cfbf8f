package spool_test

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/internal/spool"
)

// newFiles returns Files that make two texts at a time and hold 100 bytes.
func newFiles(t *testing.T) *spool.Files {
	t.Helper()
	files := spool.New(spool.Options{Dir: t.TempDir(), AtOnce: 2, Within: time.Minute, Keep: time.Minute, MaxBytes: 100})
	t.Cleanup(func() { require.NoError(t, files.Close()) })
	return files
}

// makeText makes the given text, and counts how often it is made.
func makeText(text string, made *atomic.Int32) spool.Make {
	return func(_ context.Context, to io.Writer) error {
		made.Add(1)
		_, err := io.WriteString(to, text)
		return err
	}
}

// makeWhenClosed makes a text that is finished when a channel is closed, or fails when
// its time is up.
func makeWhenClosed(done <-chan struct{}) spool.Make {
	return func(ctx context.Context, _ io.Writer) error {
		select {
		case <-done:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func read(t *testing.T, file *spool.File) string {
	t.Helper()
	text, err := io.ReadAll(file)
	require.NoError(t, err)
	return string(text)
}

func TestATextIsMadeOnceForAllItsReaders(t *testing.T) {
	t.Parallel()
	files := newFiles(t)
	var made atomic.Int32
	var readers sync.WaitGroup
	for range 50 {
		readers.Go(func() {
			file, err := files.Open(t.Context(), "a", makeText("text of a", &made))
			if err != nil {
				t.Error(err)
				return
			}
			defer file.Close()
			text, err := io.ReadAll(file)
			if err != nil || string(text) != "text of a" {
				t.Errorf("%q, %v", text, err)
			}
		})
	}
	readers.Wait()
	require.EqualValues(t, 1, made.Load())
	b, err := files.Open(t.Context(), "b", makeText("text of b", &made))
	require.NoError(t, err)
	require.Equal(t, "text of b", read(t, b))
	require.EqualValues(t, 9, b.Size())
	require.NoError(t, b.Close())
}

func TestAFailedTextIsRetriedAndBlocksNothingElse(t *testing.T) {
	t.Parallel()
	gone := errors.New("the database is gone")
	for name, text := range map[string]struct {
		write spool.Make
		want  string
	}{
		"failed":   {func(context.Context, io.Writer) error { return gone }, "the database is gone"},
		"panicked": {func(context.Context, io.Writer) error { panic("index out of range") }, "index out of range"},
		"too long": {func(_ context.Context, to io.Writer) error { _, err := to.Write(new([101]byte)[:]); return err }, "more than 100 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := newFiles(t)
			for range 3 { // more often than there are slots
				_, err := files.Open(t.Context(), "a", text.write)
				require.ErrorContains(t, err, text.want)
			}
			var made atomic.Int32
			file, err := files.Open(t.Context(), "a", makeText("well", &made))
			require.NoError(t, err)
			require.Equal(t, "well", read(t, file))
		})
	}
}

func TestATextStaysWhileItIsReadAndAWhileAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		files := newFiles(t)
		var made atomic.Int32
		first, err := files.Open(t.Context(), "a", makeText("text", &made))
		require.NoError(t, err)
		<-time.After(time.Hour)
		require.Equal(t, "text", read(t, first), "it stays while it is read")
		require.NoError(t, first.Close())
		require.NoError(t, first.Close(), "closing twice is harmless")
		<-time.After(59 * time.Second)
		second, err := files.Open(t.Context(), "a", makeText("text", &made))
		require.NoError(t, err)
		require.NoError(t, second.Close())
		<-time.After(59 * time.Second)
		third, err := files.Open(t.Context(), "a", makeText("text", &made))
		require.NoError(t, err)
		require.Equal(t, "text", read(t, third), "the minute counts from the last reader")
		require.NoError(t, third.Close())
		require.EqualValues(t, 1, made.Load())
		<-time.After(61 * time.Second)
		_, err = third.ReadAt(make([]byte, 1), 0)
		require.ErrorIs(t, err, os.ErrClosed, "the file is gone")
		fourth, err := files.Open(t.Context(), "a", makeText("text", &made))
		require.NoError(t, err)
		require.NoError(t, fourth.Close())
		require.EqualValues(t, 2, made.Load())
	})
}

func TestTheLeastRecentlyReadMakesRoom(t *testing.T) {
	t.Parallel()
	files := newFiles(t)
	counts := map[string]*atomic.Int32{"a": {}, "b": {}, "c": {}}
	open := func(name string) *spool.File {
		file, err := files.Open(t.Context(), name, makeText(string(make([]byte, 40)), counts[name]))
		require.NoError(t, err)
		return file
	}
	for _, name := range []string{"a", "b", "a", "c"} { // 120 bytes: b goes
		require.NoError(t, open(name).Close())
	}
	reading := open("a")
	require.NoError(t, open("c").Close())
	require.NoError(t, open("b").Close())
	require.NoError(t, reading.Close()) // 120 bytes again: c goes
	for _, name := range []string{"a", "b"} {
		require.NoError(t, open(name).Close())
	}
	require.NoError(t, open("c").Close())
	for name, want := range map[string]int32{"a": 1, "b": 2, "c": 2} {
		require.Equal(t, want, counts[name].Load(), name)
	}
}

func TestTheNumberOfTextsMadeAtOnceIsLimited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		files := newFiles(t)
		done := make(chan struct{})
		for _, name := range []string{"a", "b"} {
			go func() { _, _ = files.Open(t.Context(), name, makeWhenClosed(done)) }()
		}
		synctest.Wait()
		var made atomic.Int32
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := files.Open(ctx, "c", makeText("c", &made))
		require.ErrorIs(t, err, spool.ErrBusy)
		require.Zero(t, made.Load())
		_, err = files.Open(ctx, "a", makeWhenClosed(done))
		require.ErrorIs(t, err, context.DeadlineExceeded, "it waits for the text being made, until its context ends")
		close(done)
		synctest.Wait()
		c, err := files.Open(t.Context(), "c", makeText("c", &made))
		require.NoError(t, err)
		require.NoError(t, c.Close())
	})
}

func TestMakingATextIsBoundedInTimeAndOutlivesItsCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		files := newFiles(t)
		began := time.Now()
		_, err := files.Open(t.Context(), "never", makeWhenClosed(nil))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Minute, time.Since(began))

		ctx, leave := context.WithCancel(t.Context())
		done := make(chan struct{})
		left := make(chan error, 1)
		go func() { _, err := files.Open(ctx, "a", makeWhenClosed(done)); left <- err }()
		synctest.Wait()
		leave()
		require.ErrorIs(t, <-left, context.Canceled)
		close(done)
		var made atomic.Int32
		a, err := files.Open(t.Context(), "a", makeText("again", &made))
		require.NoError(t, err)
		require.Zero(t, made.Load(), "the text requested by the caller who left was made")
		require.NoError(t, a.Close())
	})
}

func TestTemporaryFilesHaveNoName(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files := spool.New(spool.Options{Dir: dir, AtOnce: 1, Within: time.Minute, Keep: time.Minute, MaxBytes: 100})
	var made atomic.Int32
	file, err := files.Open(t.Context(), "a", makeText("text", &made))
	require.NoError(t, err)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left, "a killed process leaves nothing")
	require.NoError(t, files.Close())
	_, err = file.Read(make([]byte, 1))
	require.ErrorIs(t, err, os.ErrClosed)
	require.NoError(t, file.Close())
	_, err = files.Open(t.Context(), "a", makeText("text", &made))
	require.Error(t, err)
}

func TestCloseAbandonsTextsBeingMade(t *testing.T) {
	t.Parallel()
	files := spool.New(spool.Options{Dir: t.TempDir(), AtOnce: 1, Within: time.Hour, Keep: time.Minute, MaxBytes: 100})
	begun, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		_, err := files.Open(t.Context(), "never", func(ctx context.Context, to io.Writer) error {
			close(begun)
			<-ctx.Done()
			_, err := to.Write([]byte("too late"))
			return err
		})
		ended <- err
	}()
	<-begun
	require.NoError(t, files.Close())
	require.ErrorIs(t, <-ended, context.Canceled)
}

func TestCopyReadsEverything(t *testing.T) {
	t.Parallel()
	file, err := spool.Copy(t.Context(), iotest.HalfReader(strings.NewReader("text")), 4)
	require.NoError(t, err)
	require.EqualValues(t, 4, file.Size())
	require.Equal(t, "text", read(t, file))
	require.NoError(t, file.Close())
	_, err = file.ReadAt(make([]byte, 1), 0)
	require.ErrorIs(t, err, os.ErrClosed)
	_, err = spool.Copy(t.Context(), strings.NewReader("texts"), 4)
	require.ErrorContains(t, err, "more than 4 bytes")
	_, err = spool.Copy(t.Context(), iotest.ErrReader(errors.New("disk gone")), 4)
	require.ErrorContains(t, err, "disk gone")
	stopped, stop := context.WithCancel(t.Context())
	stop()
	_, err = spool.Copy(stopped, strings.NewReader("text"), 4)
	require.ErrorIs(t, err, context.Canceled)
}
