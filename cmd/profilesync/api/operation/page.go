package operation

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/profilesync/profilesync/cmd/profilesync/api/cursor"
)

// Paging says which page of a list is wanted.
type Paging struct {
	Limit  int    `query:"limit" default:"100" minimum:"1" maximum:"500" doc:"How many at most."`
	Cursor string `query:"cursor" maxLength:"200" doc:"Where to read on: next of the page before."`
}

// Page is a part of a list.
type Page[T any] struct {
	Items []T    `json:"items" nullable:"false"`
	Next  string `json:"next,omitempty" doc:"Give it as cursor to read on; missing at the end of the list."`
}

// List is the answer of an operation that lists.
type List[T any] struct{ Body Page[T] }

// Body is the answer of an operation.
type Body[T any] struct{ Body T }

// Answer is an answer, unless there is an error.
func Answer[T any](value T, err error) (*Body[T], error) {
	if err != nil {
		return nil, err
	}
	return &Body[T]{value}, nil
}

// ParseCursor reads a cursor; an error says what to do.
func ParseCursor(text string) (cursor.Cursor, error) {
	from, err := cursor.Parse(text)
	return from, ofCursor(err)
}

func ofCursor(err error) error {
	if err == nil {
		return nil
	}
	return huma.NewError(http.StatusUnprocessableEntity, "cursor: "+err.Error()+": read the list from its beginning",
		&huma.ErrorDetail{Location: "cursor", Message: err.Error()})
}

// Paged returns a page of what load returns: the first rows of a list, at least so many
// if there are.
func Paged[T any](p Paging, key func(T) string, load func(most int) ([]T, error)) (*List[T], error) {
	from, err := ParseCursor(p.Cursor)
	if err != nil {
		return nil, err
	}
	rows, err := load(from.Rows(p.Limit))
	if err != nil {
		return nil, err
	}
	part, next := cursor.Cut(p.Limit, from, rows, key)
	return &List[T]{Page[T]{Items: part, Next: next}}, nil
}

// PagedFrom returns a page of a list that is read from a key on: load returns the rows
// behind it, at most so many; the zero key is before the first row.
func PagedFrom[T, K any](p Paging, key func(T) K, load func(behind K, most int) ([]T, error)) (*List[T], error) {
	var from K
	if err := ofCursor(cursor.ParseKey(p.Cursor, &from)); err != nil {
		return nil, err
	}
	rows, err := load(from, p.Limit+1)
	if err != nil {
		return nil, err
	}
	part := Page[T]{Items: append([]T{}, rows[:min(p.Limit, len(rows))]...)}
	if len(rows) > p.Limit {
		part.Next = cursor.OfKey(key(part.Items[p.Limit-1]))
	}
	return &List[T]{part}, nil
}

// Changed says whether something is another than before.
type Changed struct {
	Changed bool `json:"changed"`
}
