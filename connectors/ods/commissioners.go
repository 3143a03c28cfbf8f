package ods

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// ReportOfCommissioners lists who commissions: the parts of ICBs, and others. It
// lists nothing that has a profile: other listings are read with it.
const ReportOfCommissioners = "eccg"

var commissionersReport = report{
	codes: []string{"99a", anana}, layouts: inBoth(board(icbOfCommissioner)),
}

// partsOfICBs are the roles of commissioners that belong to an ICB. The ICB of a
// commissioning hub (RO218) is only that of its address, and a commissioner that has
// closed has no role.
var partsOfICBs = []string{"RO319", "RO327"}

// Board is an integrated care board (ICB) and the NHS England region that it is in,
// by their codes.
type Board struct{ ICB, Region string }

// Commissioners says which board a commissioner belongs to
// (CONTRACT.md "Commissioners"). It never changes once it was read. A nil one knows
// nothing.
type Commissioners struct {
	boards  map[string]Board  // by commissioner
	regions map[string]string // by ICB
	names   map[string]string // of ICBs, where one of their parts tells it
	digest  profile.Hash
	records int
	content []byte
}

// ReadCommissioners reads the report eccg; name is its file or address, for
// messages. Content that is not that report is a *profile.RefusedError, and so is
// one of which more than 1 % of the rows cannot be read, or that names no board. A
// commissioner on two lines is not known, nor one whose board is no code.
func ReadCommissioners(name string, r io.Reader) (*Commissioners, error) {
	l, err := openListing(name, ReportOfCommissioners, commissionersReport, r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = l.Close() }() // only a copy
	names := make(map[string]string)
	boards, records, err := l.boards(names)
	if err != nil {
		return nil, err
	}
	c := &Commissioners{boards: boards, regions: make(map[string]string), names: names, records: records}
	if c.content, err = io.ReadAll(l.Content()); err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	parts := make([]string, 0, 3*len(boards))
	for _, code := range slices.Sorted(maps.Keys(boards)) {
		b := boards[code]
		c.regions[b.ICB] = b.Region
		parts = append(parts, code, b.ICB, b.Region)
	}
	c.digest = profile.HashOf(parts...)
	return c, nil
}

// Count returns how many commissioners have a board.
func (c *Commissioners) Count() int {
	if c == nil {
		return 0
	}
	return len(c.boards)
}

// Digest identifies what is known; zero where nothing is.
func (c *Commissioners) Digest() profile.Hash {
	if c == nil {
		return profile.Hash{}
	}
	return c.digest
}

// Records returns how many rows the report has; fewer of them have a board.
func (c *Commissioners) Records() int { return c.records }

// Content returns the report as received, to be kept and read again.
func (c *Commissioners) Content() []byte { return c.content }

// BoardOf returns the board of a commissioner, and whether it is known.
func (c *Commissioners) BoardOf(commissioner string) (Board, bool) {
	if c == nil {
		return Board{}, false
	}
	b, known := c.boards[strings.ToUpper(commissioner)]
	return b, known
}

// regionOf returns the region of an ICB, empty when it is not known.
func (c *Commissioners) regionOf(icb string) string {
	if c == nil {
		return ""
	}
	return c.regions[strings.ToUpper(icb)]
}

// NameOf returns the name of an ICB as people write it, empty where it is not known.
func (c *Commissioners) NameOf(icb string) string { return c.Names()[strings.ToUpper(icb)] }

// Names returns the names of all ICBs by their codes, for nobody to change.
func (c *Commissioners) Names() map[string]string {
	if c == nil {
		return nil
	}
	return c.names
}

// boards reads a listing of commissioners, and counts its rows. It adds the names of
// ICBs.
func (l *Listing) boards(names map[string]string) (_ map[string]Board, records int, err error) {
	boards, lines := make(map[string]Board), make(map[string]int)
	var rejected []*profile.Rejected
	for row, err := range l.Rows() {
		if err != nil {
			return nil, 0, fmt.Errorf("reading %s: %w", l.name, err)
		}
		records++
		lines[row.Code.String()]++
		b, err := l.boardIn(row, names)
		if bad, ok := errors.AsType[*profile.Rejected](err); ok {
			rejected = append(rejected, bad)
		} else if err != nil {
			return nil, 0, err
		}
		if b != (Board{}) {
			boards[row.Code.String()] = b
		}
	}
	maps.DeleteFunc(boards, func(code string, _ Board) bool { return lines[code] > 1 })
	return boards, records, l.checkBoards(boards, rejected, records)
}

// boardIn returns the board of a commissioner that is part of one, else none, and
// adds the board's name if the commissioner's contains it: a part of an ICB is
// called by the name of the ICB and its own code.
func (l *Listing) boardIn(row profile.Row, names map[string]string) (Board, error) {
	record, err := l.Record(row)
	if err != nil {
		return Board{}, err
	}
	raw, err := l.Raw(row)
	if err != nil {
		return Board{}, err
	}
	columns, _ := split(raw) // Record read it
	isPart := slices.ContainsFunc(strings.Split(columns.at(colSubtype), "|"), func(role string) bool {
		return slices.Contains(partsOfICBs, role)
	})
	b := Board{ICB: record.Values.Get(profile.FieldICB), Region: record.Values.Get(profile.FieldRegion)}
	if !isPart || b.ICB == "" || b.Region == "" {
		return Board{}, nil
	}
	if name, isNamed := strings.CutSuffix(record.Values.Get(profile.FieldName), " - "+row.Code.String()); isNamed {
		names[b.ICB] = profile.DisplayName(name)
	}
	return b, nil
}

func (l *Listing) checkBoards(boards map[string]Board, rejected []*profile.Rejected, rows int) error {
	switch {
	case len(rejected)*100 > rows:
		why := fmt.Sprintf("%d of its %d rows cannot be read, more than 1 %%; take the file again", len(rejected), rows)
		return &profile.RefusedError{Name: l.name, Why: why, At: *rejected[0]}
	case len(boards) == 0:
		why := fmt.Sprintf("no commissioner in it is part of an ICB (role %s in column 14, ICB and region beside it); "+
			"check that the file is report %s", strings.Join(partsOfICBs, " or "), ReportOfCommissioners)
		return &profile.RefusedError{Name: l.name, Why: why}
	}
	return nil
}
