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

// newFiles are two makings at a time, and 100 bytes.
func newFiles(t *testing.T) *spool.Files {
	t.Helper()
	files := spool.New(spool.Options{Dir: t.TempDir(), AtOnce: 2, Within: time.Minute, Keep: time.Minute, MaxBytes: 100})
	t.Cleanup(func() { require.NoError(t, files.Close()) })
	return files
}

// saying is a text, and counts how often it is made.
func saying(text string, made *atomic.Int32) spool.Make {
	return func(_ context.Context, to io.Writer) error {
		made.Add(1)
		_, err := io.WriteString(to, text)
		return err
	}
}

// until is a text that is not made before a channel is closed, or its time over.
func until(done <-chan struct{}) spool.Make {
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
			file, err := files.Open(t.Context(), "a", saying("text of a", &made))
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
	b, err := files.Open(t.Context(), "b", saying("text of b", &made))
	require.NoError(t, err)
	require.Equal(t, "text of b", read(t, b))
	require.EqualValues(t, 9, b.Size())
	require.NoError(t, b.Close())
}

func TestWhatCannotBeMadeIsTriedAgainAndStopsNothingElse(t *testing.T) {
	t.Parallel()
	gone := errors.New("the database is gone")
	for name, make := range map[string]struct {
		write spool.Make
		says  string
	}{
		"failed":   {func(context.Context, io.Writer) error { return gone }, "the database is gone"},
		"panicked": {func(context.Context, io.Writer) error { panic("index out of range") }, "index out of range"},
		"too long": {func(_ context.Context, to io.Writer) error { _, err := to.Write(new([101]byte)[:]); return err }, "more than 100 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := newFiles(t)
			for range 3 { // more often than there are slots
				_, err := files.Open(t.Context(), "a", make.write)
				require.ErrorContains(t, err, make.says)
			}
			var made atomic.Int32
			file, err := files.Open(t.Context(), "a", saying("well", &made))
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
		first, err := files.Open(t.Context(), "a", saying("text", &made))
		require.NoError(t, err)
		<-time.After(time.Hour)
		require.Equal(t, "text", read(t, first), "it is being read")
		require.NoError(t, first.Close())
		require.NoError(t, first.Close(), "twice is once")
		<-time.After(59 * time.Second)
		second, err := files.Open(t.Context(), "a", saying("text", &made))
		require.NoError(t, err)
		require.NoError(t, second.Close())
		<-time.After(59 * time.Second)
		third, err := files.Open(t.Context(), "a", saying("text", &made))
		require.NoError(t, err)
		require.Equal(t, "text", read(t, third), "the minute is that of the last reader")
		require.NoError(t, third.Close())
		require.EqualValues(t, 1, made.Load())
		<-time.After(61 * time.Second)
		_, err = third.ReadAt(make([]byte, 1), 0)
		require.ErrorIs(t, err, os.ErrClosed, "the file is gone")
		fourth, err := files.Open(t.Context(), "a", saying("text", &made))
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
		file, err := files.Open(t.Context(), name, saying(string(make([]byte, 40)), counts[name]))
		require.NoError(t, err)
		return file
	}
	for _, name := range []string{"a", "b", "a", "c"} { // 120 bytes: b goes
		require.NoError(t, open(name).Close())
	}
	reading := open("a")
	require.NoError(t, open("c").Close())
	require.NoError(t, open("b").Close())
	require.NoError(t, reading.Close()) // once more 120: c goes
	for _, name := range []string{"a", "b"} {
		require.NoError(t, open(name).Close())
	}
	require.NoError(t, open("c").Close())
	for name, want := range map[string]int32{"a": 1, "b": 2, "c": 2} {
		require.Equal(t, want, counts[name].Load(), name)
	}
}

func TestOnlySoManyAreMadeAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		files := newFiles(t)
		done := make(chan struct{})
		for _, name := range []string{"a", "b"} {
			go func() { _, _ = files.Open(t.Context(), name, until(done)) }()
		}
		synctest.Wait()
		var made atomic.Int32
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := files.Open(ctx, "c", saying("c", &made))
		require.ErrorIs(t, err, spool.ErrBusy)
		require.Zero(t, made.Load())
		_, err = files.Open(ctx, "a", until(done))
		require.ErrorIs(t, err, context.DeadlineExceeded, "it waits for the one that is being made, and no longer than it may")
		close(done)
		synctest.Wait()
		c, err := files.Open(t.Context(), "c", saying("c", &made))
		require.NoError(t, err)
		require.NoError(t, c.Close())
	})
}

func TestAMakingIsBoundedInTimeAndOutlivesItsCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		files := newFiles(t)
		began := time.Now()
		_, err := files.Open(t.Context(), "never", until(nil))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Minute, time.Since(began))

		ctx, leave := context.WithCancel(t.Context())
		done := make(chan struct{})
		left := make(chan error, 1)
		go func() { _, err := files.Open(ctx, "a", until(done)); left <- err }()
		synctest.Wait()
		leave()
		require.ErrorIs(t, <-left, context.Canceled)
		close(done)
		var made atomic.Int32
		a, err := files.Open(t.Context(), "a", saying("again", &made))
		require.NoError(t, err)
		require.Zero(t, made.Load(), "what the one who left asked for is there")
		require.NoError(t, a.Close())
	})
}

func TestNothingLiesOnTheDiskUnderAName(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files := spool.New(spool.Options{Dir: dir, AtOnce: 1, Within: time.Minute, Keep: time.Minute, MaxBytes: 100})
	var made atomic.Int32
	file, err := files.Open(t.Context(), "a", saying("text", &made))
	require.NoError(t, err)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left, "a killed process leaves nothing")
	require.NoError(t, files.Close())
	_, err = file.Read(make([]byte, 1))
	require.ErrorIs(t, err, os.ErrClosed)
	require.NoError(t, file.Close())
	_, err = files.Open(t.Context(), "a", saying("text", &made))
	require.Error(t, err)
}

func TestCloseGivesUpWhatIsBeingMade(t *testing.T) {
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

func TestHoldKeepsAllOfAReader(t *testing.T) {
	t.Parallel()
	file, err := spool.Hold(iotest.HalfReader(strings.NewReader("text")), 4)
	require.NoError(t, err)
	require.EqualValues(t, 4, file.Size())
	require.Equal(t, "text", read(t, file))
	require.NoError(t, file.Close())
	_, err = file.ReadAt(make([]byte, 1), 0)
	require.ErrorIs(t, err, os.ErrClosed)
	_, err = spool.Hold(strings.NewReader("texts"), 4)
	require.ErrorContains(t, err, "more than 4 bytes")
	_, err = spool.Hold(iotest.ErrReader(errors.New("disk gone")), 4)
	require.ErrorContains(t, err, "disk gone")
}
