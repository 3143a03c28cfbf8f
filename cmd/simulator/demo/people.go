package demo

import (
	"context"
	_ "embed" // for the saves
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/cmd/simulator/outside"
	"github.com/profilesync/profilesync/cmd/simulator/program"
	"github.com/profilesync/profilesync/cmd/simulator/screen"
	"github.com/profilesync/profilesync/reconcile/people"
)

// crowdPlaces is how many pharmacies have people in the demonstration.
const crowdPlaces = 40

var (
	//go:embed saves/4-people.sql
	savePeople string
	//go:embed saves/5-checks.sql
	saveChecks string
)

// crowd plays people who use the editing application, by plain SQL.
type crowd func(ctx context.Context, at time.Time, statement string, codes []string) error

// crowdOf returns the crowd of a database.
func crowdOf(url string) crowd {
	return func(ctx context.Context, at time.Time, statement string, codes []string) error {
		config, err := pgx.ParseConfig(url)
		if err != nil {
			return fmt.Errorf("people: %w", err)
		}
		config.RuntimeParams["profilesync.now"] = at.UTC().Format(time.RFC3339)
		config.DefaultQueryExecMode = pgx.QueryExecModeExec
		conn, err := pgx.ConnectConfig(ctx, config)
		if err != nil {
			return fmt.Errorf("people: %w", err)
		}
		defer func() { _ = conn.Close(ctx) }()
		if _, err := conn.Exec(ctx, statement, strings.Join(codes, ",")); err != nil {
			return fmt.Errorf("people: %w", err)
		}
		return nil
	}
}

// peopled are the first open pharmacies of the board.
func (s *story) peopled() []string {
	var codes []string
	for _, code := range s.oracle.Codes(outside.Pharmacies) {
		if s.oracle.IsOpen(outside.Pharmacies, code) && s.oracle.Field(outside.Pharmacies, code, "icb") == s.board && code != s.edited {
			codes = append(codes, code)
		}
	}
	return codes[:min(crowdPlaces, len(codes))]
}

// due is what the day of a chapter brings: letters by their text, and whose
// account ends.
type due struct {
	letters map[people.LetterKind]int
	ended   int
}

// foretold is what people get of a crowd at so many pharmacies, by chapter: half
// of them are checked in May, and two people were last here on 1 December. The
// board's list is told twice of the pharmacies that nobody ever checked.
func foretold(places int) map[string]due {
	half := places / 2
	return map[string]due{
		"quarter":  {letters: map[people.LetterKind]int{people.LetterOpening: places + half + 1, people.LetterOverdue: 1}},
		"warning":  {letters: map[people.LetterKind]int{people.LetterInactive30: 2}},
		"reminder": {letters: map[people.LetterKind]int{people.LetterFourWeeks: places - half, people.LetterInactive7: 2}},
		"idle": {letters: map[people.LetterKind]int{
			people.LetterDeactivated: 1, people.LetterMemberEnded: 1, people.LetterLastManager: 1,
		}, ended: 1},
		"overdue": {letters: map[people.LetterKind]int{
			people.LetterOverdue: places - half + 1, people.LetterOpening: places + half, // the next quarter begins
		}, ended: 1},
	}
}

// morning lets profilesync do what its daemon does in a morning, and holds what
// went out against what was foretold.
func (s *story) morning(ctx context.Context, now *step) (string, error) {
	codes := s.peopled()
	switch now.Name {
	case "quarter":
		if err := s.people(ctx, now.At, savePeople, codes); err != nil {
			return "", err
		}
	case "reminder":
		if err := s.people(ctx, now.At.AddDate(0, 0, -14), saveChecks, codes); err != nil {
			return "", err
		}
	}
	if err := s.work(ctx, now.At); err != nil {
		return "", err
	}
	want := foretold(len(codes))[now.Name]
	for kind, letters := range want.letters {
		s.letters[kind] += letters
	}
	got, err := s.sentLetters(ctx, now.At)
	if err != nil {
		return "", err
	}
	if !maps.Equal(got, s.letters) {
		return "", fmt.Errorf("letters: want %v, got %v", s.letters, got)
	}
	ended, err := s.endedAccounts(ctx, now.At)
	if err == nil && ended != want.ended {
		err = fmt.Errorf("accounts that ended: want %d, got %d", want.ended, ended)
	}
	return told(want), err
}

// work does what the daemon does for people in a morning.
func (s *story) work(ctx context.Context, at time.Time) error {
	for _, command := range [][]string{
		{"accounts", "inactive", "--apply", "--actor", "nightly"}, {"remind", "--post"}, {"mail", "send"},
	} {
		code, err := s.program.Rows(ctx, at, func(json.RawMessage) error { return nil }, command...)
		if err != nil || code != program.ExitDone {
			return fmt.Errorf("%s: %w", strings.Join(command, " "), checkExitOr(err, code))
		}
	}
	return nil
}

func checkExitOr(err error, code int) error {
	if err != nil {
		return err
	}
	return checkExit(false, code)
}

// told says what went out.
func told(d due) string {
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(d.letters)) {
		parts = append(parts, fmt.Sprintf("%s %s", screen.Number(d.letters[kind]), string(kind)))
	}
	return "Letters: " + strings.Join(parts, ", ") + "."
}

// sentLetters counts what was ever delivered, by text.
func (s *story) sentLetters(ctx context.Context, at time.Time) (map[people.LetterKind]int, error) {
	got := map[people.LetterKind]int{}
	_, err := s.program.Rows(ctx, at, func(rows json.RawMessage) error {
		var letters []struct {
			Kind people.LetterKind `json:"kind"`
		}
		err := json.Unmarshal(rows, &letters)
		for _, letter := range letters {
			got[letter.Kind]++
		}
		return err
	}, "mail", "list", "--state", "delivered", "--most", "1000")
	return got, err
}

func (s *story) endedAccounts(ctx context.Context, at time.Time) (ended int, err error) {
	_, err = s.program.Rows(ctx, at, func(rows json.RawMessage) error {
		var accounts []json.RawMessage
		err := json.Unmarshal(rows, &accounts)
		ended = len(accounts)
		return err
	}, "accounts", "list", "--state", "deactivated")
	return ended, err
}
