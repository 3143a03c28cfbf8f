package api

import (
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/profilesync/profilesync/cmd/profilesync/api/problem"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// inputs parses inputs, and collects what is wrong with them.
type inputs struct{ wrong []error }

// parsed parses the text of an input; none is the zero value.
func parsed[T any](in *inputs, field, text string, parse func(string) (T, error)) (value T) {
	if text == "" {
		return value
	}
	value, err := parse(text)
	if err != nil {
		in.wrong = append(in.wrong, &huma.ErrorDetail{Location: field, Message: problem.InWords(err), Value: text})
	}
	return value
}

func (in *inputs) code(field, text string) profile.ODSCode {
	return parsed(in, field, text, profile.ParseODSCode)
}

func (in *inputs) codes(field string, texts []string) (codes []profile.ODSCode) {
	for _, text := range texts {
		codes = append(codes, in.code(field, text))
	}
	return codes
}

func (in *inputs) day(field, text string) profile.Date {
	return parsed(in, field, text, profile.ParseDate)
}

func (in *inputs) field(field, text string) profile.Field {
	return parsed(in, field, text, profile.ParseField)
}

// sinks returns the sink named, or all if none is.
func (in *inputs) sinks(field, text string) []push.Sink {
	if text == "" {
		return push.Sinks()
	}
	return []push.Sink{parsed(in, field, text, push.ParseSink)}
}

// err says everything that is wrong.
func (in *inputs) err() error {
	if len(in.wrong) == 0 {
		return nil
	}
	text := "some inputs are wrong"
	if first, ok := errors.AsType[*huma.ErrorDetail](in.wrong[0]); ok && len(in.wrong) == 1 {
		text = first.Location + ": " + first.Message
	}
	return huma.NewError(http.StatusUnprocessableEntity, text, in.wrong...)
}
