package operation

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/profilesync/profilesync/cmd/profilesync/api/problem"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// Inputs parses inputs, and collects what is wrong with them.
type Inputs struct{ wrong []error }

// Parsed parses the text of an input; none is the zero value.
func Parsed[T any](in *Inputs, field, text string, parse func(string) (T, error)) (value T) {
	if text == "" {
		return value
	}
	value, err := parse(text)
	if err != nil {
		in.wrong = append(in.wrong, &huma.ErrorDetail{Location: field, Message: problem.InWords(err), Value: text})
	}
	return value
}

// Chosen is one of the values that an input takes; none is the zero value.
func Chosen[T ~string](in *Inputs, field, text string, values []T) T {
	return Parsed(in, field, text, func(text string) (T, error) {
		if slices.Contains(values, T(text)) {
			return T(text), nil
		}
		return "", fmt.Errorf("%q: want one of %v", text, values)
	})
}

// Code parses an ODS code.
func (in *Inputs) Code(field, text string) profile.ODSCode {
	return Parsed(in, field, text, profile.ParseODSCode)
}

// Codes parses ODS codes.
func (in *Inputs) Codes(field string, texts []string) (codes []profile.ODSCode) {
	for _, text := range texts {
		codes = append(codes, in.Code(field, text))
	}
	return codes
}

// Day parses a day.
func (in *Inputs) Day(field, text string) profile.Date {
	return Parsed(in, field, text, profile.ParseDate)
}

// Field parses the name of a field.
func (in *Inputs) Field(field, text string) profile.Field {
	return Parsed(in, field, text, profile.ParseField)
}

// Sinks returns the sink named, or all if none is.
func (in *Inputs) Sinks(field, text string) []push.Sink {
	if text == "" {
		return push.Sinks()
	}
	return []push.Sink{Parsed(in, field, text, push.ParseSink)}
}

// Refuse notes that an input is wrong.
func (in *Inputs) Refuse(field, why string, value any) {
	in.wrong = append(in.wrong, &huma.ErrorDetail{Location: field, Message: why, Value: value})
}

// Err says everything that is wrong.
func (in *Inputs) Err() error {
	if len(in.wrong) == 0 {
		return nil
	}
	text := "some inputs are wrong"
	if first, ok := errors.AsType[*huma.ErrorDetail](in.wrong[0]); ok && len(in.wrong) == 1 {
		text = first.Location + ": " + first.Message
	}
	return huma.NewError(http.StatusUnprocessableEntity, text, in.wrong...)
}
