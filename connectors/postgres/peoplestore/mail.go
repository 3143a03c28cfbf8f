package peoplestore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/peoplestore/peoplesql"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// ErrMailBusy means that another process is sending letters.
var ErrMailBusy = errors.New("another process is sending letters")

// Outbox sends letters. One process holds it at a time, so that a single process
// controls the pace, the canary and the claims; Postgres frees it when the
// process ends, however it ends.
type Outbox struct {
	*postgres.Conn

	q *peoplesql.Queries
}

// Outbox takes the outbox. It returns ErrMailBusy while another process holds
// it.
func (s *Store) Outbox(ctx context.Context) (*Outbox, error) {
	conn, err := s.db.Connect(ctx)
	if err != nil {
		return nil, postgres.Wrap(err, "the outbox")
	}
	box := &Outbox{conn, peoplesql.New(conn)}
	locked, err := box.q.LockMail(ctx)
	if err == nil && !locked {
		err = ErrMailBusy
	}
	if err != nil {
		box.Close()
		return nil, postgres.Wrap(err, "taking the outbox")
	}
	return box, nil
}

// Gate reports whether letters may go out, and if not, why.
func (b *Outbox) Gate(ctx context.Context) (open bool, reason string, err error) {
	g, err := b.q.MailGate(ctx)
	return g.Open, g.Reason, postgres.Wrap(err, "reading whether mail goes out")
}

// Pause holds all letters back for a while, because the mail service accepts
// none.
func (b *Outbox) Pause(ctx context.Context, wait time.Duration, reason string) error {
	return postgres.Wrap(b.q.PauseMail(ctx, peoplesql.PauseMailParams{Wait: wait, Reason: reason}), "pausing mail")
}

// Canaries returns the newest versions of the texts, and how many letters of
// each went out; the pause counts from the first letter of a canary.
func (b *Outbox) Canaries(ctx context.Context, pause time.Duration) ([]people.Canary, error) {
	rows, err := b.q.Canaries(ctx, pause)
	canaries := make([]people.Canary, len(rows))
	for i, row := range rows {
		canaries[i] = people.Canary(row)
	}
	return canaries, postgres.Wrap(err, "reading canaries")
}

// Claim claims up to most letters that may go out, at most one per person, and
// loads what they are composed from. Letters of the kinds in blocked wait; nobody
// gets more than perDay letters a day, but for urgent ones.
func (b *Outbox) Claim(ctx context.Context, most, perDay int, blocked []people.LetterKind, today profile.Date) (
	[]people.DueLetter, error,
) {
	urgent := slices.DeleteFunc(people.LetterKinds(), func(k people.LetterKind) bool { return !k.Urgent() })
	rows, err := b.q.ClaimLetters(ctx, peoplesql.ClaimLettersParams{
		Blocked: postgres.Texts(blocked), Urgent: postgres.Texts(urgent), Cap: perDay, Most: most, Day: midnight(today),
	})
	if err != nil {
		return nil, postgres.Wrap(err, "claiming letters")
	}
	letters := make([]people.DueLetter, len(rows))
	for i, row := range rows {
		letters[i] = toDueLetter(row)
	}
	return letters, postgres.Wrap(b.load(ctx, letters, today), "loading what letters are about")
}

// Begin notes that a claimed letter is about to be handed to the mail service:
// from then on it may have been sent. It reports false, and notes nothing, when
// no letter goes out.
func (b *Outbox) Begin(ctx context.Context, letter people.DueLetter) (open bool, err error) {
	row, err := b.q.BeginLetter(ctx, peoplesql.BeginLetterParams{ID: letter.ID, ClaimedAt: letter.ClaimedAt})
	if err == nil && row.Open && !row.Begun {
		err = errors.New("it is not claimed, or was begun before")
	}
	return row.Open && err == nil, postgres.Wrap(err, fmt.Sprintf("beginning letter %d", letter.ID))
}

func toDueLetter(row peoplesql.ClaimLettersRow) people.DueLetter {
	letter := people.DueLetter{
		ID: row.ID, Reference: row.Reference, Kind: row.Kind, List: row.List, Stage: row.Stage, Since: row.Since, Ends: row.Ends,
		Attempt: row.Tries, ClaimedAt: row.ClaimedAt, Account: people.AccountID(row.Account), Subject: people.AccountID(row.About),
		Codes: row.Codes,
	}
	if !row.Quarter.IsZero() {
		letter.Quarter = people.QuarterOn(row.Quarter)
	}
	return letter
}

// load loads the people and organisations of all the letters at once.
func (b *Outbox) load(ctx context.Context, letters []people.DueLetter, today profile.Date) error {
	var ids []people.AccountID
	var codes []profile.ODSCode
	for _, p := range letters {
		for _, id := range []people.AccountID{p.Account, p.Subject} {
			if id != 0 {
				ids = append(ids, id)
			}
		}
		codes = append(codes, p.Codes...)
	}
	accounts := make(map[people.AccountID]*people.Person, len(ids))
	if len(ids) > 0 {
		loaded, err := loadPeople(ctx, b.q, people.Filter{IDs: ids}, 0, today)
		if err != nil {
			return err
		}
		for i := range loaded {
			accounts[loaded[i].ID] = &loaded[i]
		}
	}
	loaded, err := loadOrgs(ctx, b.q, peoplesql.LoadOrgsParams{Codes: postgres.Texts(codes), Types: []string{}}, today)
	orgs := make(map[profile.ODSCode]people.CheckedOrg, len(loaded))
	for _, org := range loaded {
		orgs[org.Code] = org
	}
	for i := range letters {
		letters[i].Person, letters[i].SubjectPerson = accounts[letters[i].Account], accounts[letters[i].Subject]
		for _, code := range letters[i].Codes {
			if org, ok := orgs[code]; ok {
				letters[i].Orgs = append(letters[i].Orgs, org)
			}
		}
	}
	return err
}

// Stale returns letters begun by a process that has since ended: they may have
// been sent. They are returned once they began at least lookupAfter ago, so that
// the mail service can look them up; until then, waiting is true. Letters that were claimed and never begun are made due
// again.
func (b *Outbox) Stale(ctx context.Context, lookupAfter time.Duration) (letters []people.DueLetter, waiting bool, err error) {
	if err := b.q.ReleaseUntouched(ctx); err != nil {
		return nil, false, postgres.Wrap(err, "releasing letters")
	}
	rows, err := b.q.StaleLetters(ctx, lookupAfter)
	for _, row := range rows {
		if !row.Ready {
			waiting = true
			continue
		}
		letters = append(letters, people.DueLetter{
			ID: row.ID, Reference: row.Reference, Kind: row.Kind, Attempt: row.Tries, ClaimedAt: row.ClaimedAt,
			Age: time.Duration(row.Age * float64(time.Second)),
		})
	}
	return letters, waiting, postgres.Wrap(err, "reading stale letters")
}

// RecordOutcome records the outcome of a claimed letter, once; if that claim has
// ended, it records nothing. A letter that went out is counted in the same
// statement.
func (b *Outbox) RecordOutcome(ctx context.Context, s people.LetterOutcome) error {
	params := peoplesql.RecordLetterOutcomeParams{
		ID: s.LetterID, ClaimedAt: s.ClaimedAt, State: string(s.State), Reason: s.Reason, ProviderID: s.Acceptance.ID,
		TemplateVersion: s.Acceptance.Version, Ends: s.Ends,
	}
	if s.Wait > 0 {
		params.Wait = &s.Wait
	}
	if s.NotAttempted {
		params.Untried = 1
	}
	return postgres.Wrap(pgx.BeginFunc(ctx, b.Conn, func(tx pgx.Tx) error {
		q := peoplesql.New(tx)
		recorded, err := q.RecordLetterOutcome(ctx, params)
		if err != nil || recorded == 0 || s.DeadAddressOf == 0 {
			return err
		}
		return markDead(ctx, q, s.DeadAddressOf)
	}), "recording the outcome of a letter")
}

func markDead(ctx context.Context, q *peoplesql.Queries, id people.AccountID) error {
	why := peoplesql.SetReasonParams{Actor: "mail", Reason: "the mail service says that the address does not exist"}
	if err := q.SetReason(ctx, why); err != nil {
		return err
	}
	return q.MarkDead(ctx, id)
}

// Waiting returns how many letters are due, and when the next may go out.
func (b *Outbox) Waiting(ctx context.Context) (int, time.Time, error) {
	row, err := b.q.WaitingLetters(ctx)
	return row.Waiting, row.Next, postgres.Wrap(err, "counting letters")
}

// OpenLetters returns the letters to ask the mail service about: not asked
// about recently, and recent enough for the service to remember.
func (s *Store) OpenLetters(ctx context.Context, every, within time.Duration, most int) ([]people.LetterInTransit, error) {
	rows, err := s.q.OpenLetters(ctx, peoplesql.OpenLettersParams{Every: every, Within: within, Most: most})
	open := make([]people.LetterInTransit, len(rows))
	for i, row := range rows {
		open[i] = people.LetterInTransit(row)
	}
	return open, postgres.Wrap(err, "reading accepted letters")
}

// RecordLookup records that the mail service was asked about a letter.
func (s *Store) RecordLookup(ctx context.Context, id int64) error {
	return postgres.Wrap(s.q.RecordLookup(ctx, id), "recording a lookup of a letter")
}

// RecordStatus records what the mail service reports about an accepted letter. Reports
// that are repeated, late, or about a letter that is not ours change nothing.
func (s *Store) RecordStatus(ctx context.Context, m people.Acceptance) error {
	if m.State == people.MailSending || m.ID == "" {
		return nil
	}
	return postgres.Wrap(s.inTx(ctx, func(q *peoplesql.Queries, _ pgx.Tx) error {
		row, err := q.RecordStatus(ctx, peoplesql.RecordStatusParams{State: string(m.State), ProviderID: m.ID})
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil || m.State != people.MailDead || row.Account == 0 {
			return err
		}
		return markDead(ctx, q, people.AccountID(row.Account))
	}), "recording the status of a letter")
}

// StopMail stops all letters until ResumeMail: the kill switch.
func (s *Store) StopMail(ctx context.Context, actor, reason string) error {
	return postgres.Wrap(s.q.StopMail(ctx, peoplesql.StopMailParams{Actor: actor, Reason: reason}), "stopping mail")
}

// ResumeMail lets letters go out again, and ends the pauses of canaries.
func (s *Store) ResumeMail(ctx context.Context, actor string) error {
	return postgres.Wrap(s.inTx(ctx, func(q *peoplesql.Queries, _ pgx.Tx) error {
		if err := q.SetReason(ctx, peoplesql.SetReasonParams{Actor: actor}); err != nil {
			return err
		}
		if err := q.ResumeCanaries(ctx, people.CanarySize); err != nil {
			return err
		}
		return q.ResumeMail(ctx)
	}), "resuming mail")
}

// MailState is whether letters go out, and if not, why.
type MailState struct {
	Open        bool      `json:"open"`
	StoppedBy   string    `json:"stopped_by,omitempty"`
	PausedUntil time.Time `json:"paused_until,omitzero"`
	Reason      string    `json:"reason,omitempty"`
}

// MailState returns whether letters go out, and if not, why.
func (s *Store) MailState(ctx context.Context) (MailState, error) {
	g, err := s.q.MailGate(ctx)
	state := MailState{Open: g.Open, StoppedBy: g.StoppedBy, PausedUntil: g.PausedUntil, Reason: g.Reason}
	return state, postgres.Wrap(err, "reading whether mail goes out")
}

// ListedLetter is a letter as lists show it.
type ListedLetter struct {
	ID        int64     `json:"id"`
	Reference string    `json:"reference"`
	Kind      string    `json:"kind"`
	Account   string    `json:"account,omitempty"`
	List      string    `json:"list,omitempty"`
	State     string    `json:"state"`
	Reason    string    `json:"reason,omitempty"`
	Made      time.Time `json:"made"`
	Accepted  time.Time `json:"accepted,omitzero"`
	Tries     int       `json:"tries"`
}

// LetterFilter picks letters.
type LetterFilter struct {
	State   string           // empty means all
	Account people.AccountID // 0 means all
	Before  int64            // only older ones, by their ids; 0 for all
	Most    int
}

// Letters lists letters, the newest first.
func (s *Store) Letters(ctx context.Context, f LetterFilter) ([]ListedLetter, error) {
	rows, err := s.q.ListLetters(ctx, peoplesql.ListLettersParams{
		State: f.State, Account: int64(f.Account), Before: cmp.Or(f.Before, math.MaxInt64), Most: min(f.Most, math.MaxInt32),
	})
	list := make([]ListedLetter, len(rows))
	for i, r := range rows {
		list[i] = ListedLetter{
			ID: r.ID, Reference: r.Reference, Kind: string(r.Kind), List: string(r.List), State: r.State, Reason: r.Reason,
			Made: r.MadeAt, Accepted: r.AcceptedAt, Tries: r.Tries,
		}
		if r.Account != 0 {
			list[i].Account = people.AccountID(r.Account).String()
		}
	}
	return list, postgres.Wrap(err, "listing letters")
}
