package demo

import (
	"context"
	_ "embed" // for the SQL
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

// staffedPharmacies is how many pharmacies have people in the demonstration.
const staffedPharmacies = 40

var (
	//go:embed saves/4-people.sql
	addPeople string
	//go:embed saves/5-checks.sql
	addChecks string
)

// peopleSQL plays what people do in the editing application: it runs a statement
// about pharmacies at a played time.
type peopleSQL func(ctx context.Context, at time.Time, statement string, codes []string) error

// runPeopleSQL returns the peopleSQL of a database.
func runPeopleSQL(url string) peopleSQL {
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

// pharmaciesWithPeople are the first open pharmacies of the board.
func (s *story) pharmaciesWithPeople() []string {
	var codes []string
	for _, code := range s.oracle.Codes(outside.Pharmacies) {
		if s.oracle.IsOpen(outside.Pharmacies, code) && s.oracle.Field(outside.Pharmacies, code, "icb") == s.board && code != s.edited {
			codes = append(codes, code)
		}
	}
	return codes[:min(staffedPharmacies, len(codes))]
}

// expectedMorning is what a morning must bring: letters by kind, and how many accounts
// are deactivated.
type expectedMorning struct {
	letters map[people.LetterKind]int
	ended   int
}

// expectedMornings predicts the mornings, by chapter, for a number of pharmacies with
// people. Half of the pharmacies are checked in May, and two people were last active
// on 1 December. The board's mailing list gets two letters about the pharmacies that
// nobody has ever checked.
func expectedMornings(places int) map[string]expectedMorning {
	half := places / 2
	return map[string]expectedMorning{
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

// morning has profilesync do what its daemon does in a morning, and compares the
// letters and accounts with the expected ones.
func (s *story) morning(ctx context.Context, now *step) (string, error) {
	codes := s.pharmaciesWithPeople()
	switch now.Name {
	case "quarter":
		if err := s.runPeopleSQL(ctx, now.At, addPeople, codes); err != nil {
			return "", err
		}
	case "reminder":
		if err := s.runPeopleSQL(ctx, now.At.AddDate(0, 0, -14), addChecks, codes); err != nil {
			return "", err
		}
	}
	if err := s.runMorningCommands(ctx, now.At); err != nil {
		return "", err
	}
	want := expectedMornings(len(codes))[now.Name]
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
	return describeLetters(want), err
}

// runMorningCommands does by commands what the daemon does in a morning.
func (s *story) runMorningCommands(ctx context.Context, at time.Time) error {
	for _, command := range [][]string{
		{"accounts", "inactive", "--apply", "--actor", "nightly"}, {"remind", "--post"}, {"mail", "send"},
	} {
		code, err := s.program.Rows(ctx, at, func(json.RawMessage) error { return nil }, command...)
		if err != nil || code != program.ExitDone {
			return fmt.Errorf("%s: %w", strings.Join(command, " "), exitError(err, code))
		}
	}
	return nil
}

func exitError(err error, code int) error {
	if err != nil {
		return err
	}
	return checkExit(false, code)
}

// describeLetters says in words what was sent.
func describeLetters(d expectedMorning) string {
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(d.letters)) {
		parts = append(parts, fmt.Sprintf("%s %s", screen.Number(d.letters[kind]), string(kind)))
	}
	return "Letters: " + strings.Join(parts, ", ") + "."
}

// sentLetters counts the letters delivered so far, by kind.
func (s *story) sentLetters(ctx context.Context, at time.Time) (map[people.LetterKind]int, error) {
	got := map[people.LetterKind]int{}
	_, err := s.program.Rows(ctx, at, func(row json.RawMessage) error {
		var letter struct {
			Kind people.LetterKind `json:"kind"`
		}
		err := json.Unmarshal(row, &letter)
		got[letter.Kind]++
		return err
	}, "mail", "list", "--state", "delivered", "--most", "1000")
	return got, err
}

func (s *story) endedAccounts(ctx context.Context, at time.Time) (ended int, err error) {
	_, err = s.program.Rows(ctx, at, func(json.RawMessage) error {
		ended++
		return nil
	}, "accounts", "list", "--state", "deactivated")
	return ended, err
}
