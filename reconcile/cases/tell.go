package cases

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// News is what somebody is told of a case.
type News string

// The news.
const (
	IsNew     News = "new"
	IsOverdue News = "overdue" // again, every week after the deadline
	HasEnded  News = "ended"
)

// Recipient is a person, or a mailing list.
type Recipient struct {
	Account people.AccountID // 0 for a list
	List    profile.ODSCode  // the board of a list, or its name; empty for a person
}

// String names the recipient in references of letters, as people.Reminder does.
func (r Recipient) String() string {
	if r.Account == 0 {
		return "list-" + string(r.List)
	}
	return r.Account.String()
}

// ParseRecipient reads what String writes.
func ParseRecipient(s string) (Recipient, error) {
	if list, ok := strings.CutPrefix(s, "list-"); ok {
		return Recipient{List: profile.ODSCode(list)}, nil
	}
	account, err := people.ParseAccountID(s)
	return Recipient{Account: account}, err
}

// The mailing lists that are no board's.
const (
	ServiceDeskList  = profile.ODSCode(ServiceDesk)
	RegisterDeskList = profile.ODSCode(RegisterDesk)
	OperationsList   = profile.ODSCode(Operations)
)

// Directory says who can be told: active accounts that can be written to, and the
// mailing lists.
type Directory struct {
	Managers       map[profile.ODSCode][]people.AccountID // of an organisation; its editors if it has none
	Leads          map[profile.ODSCode][]people.AccountID // of a board
	Administrators []people.AccountID
	Lists          map[profile.ODSCode]bool
}

// Of returns who is told as an owner of a case. Managers who are nobody are represented
// by the board, all others by operations, and operations by the list that gets everything.
func (d Directory) Of(owner Owner, c Case) []Recipient {
	found := d.belongingTo(owner, c)
	switch {
	case len(found) > 0:
		return found
	case owner == Managers:
		return d.Of(Board, c)
	case owner == Operations:
		return d.list(people.NationalList)
	default:
		return d.Of(Operations, c)
	}
}

func (d Directory) belongingTo(owner Owner, c Case) []Recipient {
	switch owner {
	case Managers:
		return persons(d.Managers[c.Code])
	case Board:
		return append(persons(d.Leads[c.Board]), d.list(c.Board)...)
	case Operations:
		return append(persons(d.Administrators), d.list(OperationsList)...)
	default:
		return d.list(profile.ODSCode(owner))
	}
}

func (d Directory) list(name profile.ODSCode) []Recipient {
	if !d.Lists[name] {
		return nil
	}
	return []Recipient{{List: name}}
}

func persons(accounts []people.AccountID) []Recipient {
	all := make([]Recipient, len(accounts))
	for i, account := range accounts {
		all[i] = Recipient{Account: account}
	}
	return all
}

// Told is what a recipient was told of a case: since it opened last, and before.
type Told struct {
	First  profile.Date // when it was new to them; zero if it is still to be told
	Last   profile.Date // when it was overdue, or new
	Ended  bool         // that it is gone
	Before profile.Date // when an earlier opening was new to them; zero for never
}

// And adds a piece of news that was told on a day.
func (t Told) And(news News, day profile.Date) Told {
	switch news {
	case HasEnded:
		t.Ended = true
	case IsNew:
		t.First = day
	}
	if news != HasEnded && t.Last.Before(day) {
		t.Last = day
	}
	return t
}

// Letter is one message about cases to one recipient.
type Letter struct {
	To     Recipient
	Urgent bool
	At     time.Time
	Day    profile.Date // of At, in London
	Items  []Item
}

// Item is a case in a letter.
type Item struct {
	Stored

	News    News
	Opening int // the opening that it tells of; see Stored.Openings
}

// Reference returns the letter's unique name. An urgent one has that of its first case
// and its minute, since a letter that could not tell it after all must hold up no other;
// all others are one a day.
func (l Letter) Reference() string {
	if l.Urgent {
		return fmt.Sprintf("case/%d/%d/%s/%s", l.Items[0].ID, l.Items[0].Opening, l.At.UTC().Format("2006-01-02T15:04"), l.To)
	}
	return fmt.Sprintf("cases/%s/%s", l.Day, l.To)
}

// Kind returns the text of the letter.
func (l Letter) Kind() people.LetterKind {
	if l.Urgent {
		return people.LetterCaseUrgent
	}
	return people.LetterCases
}

// again is how many days after the last letter about an overdue case the next one goes.
const again = 7

// Letters returns the letters that are due about cases. That one has ended is told to
// whoever was told that it was new. Urgent letters go at once, but not twice in one day
// about a case that opens again. All others are digests, one a recipient and working day:
// they are due only if digests is set.
func Letters(stored []Stored, directory Directory, at Moment, digests bool) []Letter {
	today := at.Today()
	urgent, others := make(map[Recipient][]Item), make(map[Recipient][]Item)
	for _, s := range stored {
		for to, news := range s.news(directory, at) {
			if news == IsNew && s.Kind.Urgent() && s.Told[to].Before != today {
				urgent[to] = append(urgent[to], Item{s, news, s.Openings})
			} else {
				others[to] = append(others[to], Item{s, news, s.Openings})
			}
		}
	}
	letters := lettersTo(urgent, Letter{Urgent: true, At: at.Now, Day: today})
	if digests && at.Calendar.IsWorkingDay(today) {
		letters = append(letters, lettersTo(others, Letter{At: at.Now, Day: today})...)
	}
	return letters
}

func lettersTo(items map[Recipient][]Item, form Letter) []Letter {
	letters := make([]Letter, 0, len(items))
	for _, to := range slices.SortedFunc(maps.Keys(items), Recipient.compare) {
		letter := form
		letter.To, letter.Items = to, items[to]
		slices.SortFunc(letter.Items, Item.compare)
		letters = append(letters, letter)
	}
	return letters
}

func (r Recipient) compare(other Recipient) int {
	return cmp.Or(cmp.Compare(r.Account, other.Account), cmp.Compare(r.List, other.List))
}

// news returns what each recipient is to be told of the case. Of a case that waits or
// is set aside nobody is told.
func (s Stored) news(directory Directory, at Moment) map[Recipient]News {
	today := at.Today()
	news := make(map[Recipient]News)
	switch s.State {
	case Gone:
		for to, told := range s.Told {
			if !told.Ended && !told.First.IsZero() {
				news[to] = HasEnded
			}
		}
	case Open:
		for _, owner := range s.owners(at) {
			for _, to := range directory.Of(owner, s.Case) {
				told := s.Told[to]
				switch {
				case told.First.IsZero():
					news[to] = IsNew
				case today.After(s.Deadline) && !today.Before(told.Last.AddDays(again)):
					news[to] = IsOverdue
				}
			}
		}
	}
	return news
}

// Untold returns how many of the open cases nobody can be told of: neither their owners by
// now nor whoever represents those is anybody.
func Untold(stored []Stored, directory Directory, at Moment) (untold int) {
	for _, s := range stored {
		told := func(o Owner) bool { return len(directory.Of(o, s.Case)) > 0 }
		if s.State == Open && !slices.ContainsFunc(s.owners(at), told) {
			untold++
		}
	}
	return untold
}

// Owner returns who has to act by now. The board acts for managers who are nobody.
func (s Stored) Owner(at Moment) Owner {
	owners := s.owners(at)
	if owner := owners[len(owners)-1]; owner != Managers || s.Facts[FactUnmanned] == "" {
		return owner
	}
	return Board
}

// owners returns who owns the case by now: the first owner, the next one from the
// working day after the deadline on, and one more every week.
func (s Stored) owners(at Moment) []Owner {
	owners := s.Kind.rule().owners
	most := 1
	for day := at.Calendar.AddWorkingDays(s.Deadline, 1); !at.Today().Before(day) && most < len(owners); day = day.AddDays(again) {
		most++
	}
	return owners[:most]
}
