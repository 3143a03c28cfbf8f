package settings

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"reflect"
	"strings"
)

// Origin is where the value of a setting comes from.
type Origin string

// The origins.
const (
	OriginDefault     Origin = "default"
	OriginEnvironment Origin = "environment"
	OriginFile        Origin = "file"
)

// Listed is one setting as people may see it.
type Listed struct {
	Name string `json:"setting"` // with PROFILESYNC_
	// Value is the value in use; empty if there is none. A secret is masked, and so is
	// what an address may hold of one: its user and its query.
	Value  string `json:"value"`
	Origin Origin `json:"from"`
	// File is the path of the file that holds the value, with OriginFile; empty if it
	// cannot be read, since it may then be a secret that was put there by mistake.
	File string `json:"file,omitempty"`
	// Wrong says what is wrong with it; empty if nothing is. It begins with the name.
	Wrong string `json:"wrong,omitempty"`
}

// List reads the settings as Load does, and returns every setting in the order of the
// fields, after the names that are no setting's. It returns an Error, too, if anything
// is wrong.
func List(ctx context.Context) ([]Listed, error) { return list(ctx, os.Environ()) }

func list(ctx context.Context, entries []string) ([]Listed, error) {
	s, e := new(Settings), environmentOf(entries)
	err := inOrder(s.set(ctx, e), s.check())
	byName, order := fields()
	all := make([]Listed, 0, len(order))
	wrong := make(map[string][]string)
	for _, f := range flat([]error{err}) {
		if _, known := byName[settingOf(f)]; known {
			wrong[settingOf(f)] = append(wrong[settingOf(f)], whatIsWrong(f))
			continue
		}
		var unknown fault
		_ = errors.As(f, &unknown) // all are faults
		all = append(all, Listed{Name: prefix + unknown.setting, Origin: OriginEnvironment, Wrong: whatIsWrong(f)})
	}
	for _, name := range order {
		l := e.listed(name, byName[name], reflect.ValueOf(s).Elem())
		l.Wrong = strings.Join(wrong[name], "; ")
		all = append(all, l)
	}
	if err != nil {
		return all, Error{err}
	}
	return all, nil
}

func whatIsWrong(err error) string { return strings.TrimPrefix(err.Error(), "setting ") }

// listed is one setting, with what was read of it.
func (e environment) listed(name string, field reflect.StructField, read reflect.Value) Listed {
	l := Listed{Name: prefix + name, Origin: OriginDefault}
	secret := field.Type == secretType
	_, direct := e[name]
	path, byFile := e[name+file]
	switch {
	case direct:
		l.Origin = OriginEnvironment
	case byFile:
		l.Origin = OriginFile
		if _, err := e.value(name, secret); err == nil || !secret {
			l.File = path
		}
	}
	l.Value = shownValue(read.FieldByIndex(field.Index))
	return l
}

// shownValue is a value as people may see it.
func shownValue(value reflect.Value) string {
	if value.IsZero() && (value.Kind() == reflect.String || value.Kind() == reflect.Slice) {
		return ""
	}
	if texts, ok := reflect.TypeAssert[[]string](value); ok {
		return strings.Join(texts, ",")
	}
	text := fmt.Sprint(value.Interface()) // a Secret prints a mask
	if !strings.Contains(text, "://") {
		return text
	}
	address, err := withoutSecrets(text)
	if err != nil {
		return "[not shown: it is no address]"
	}
	return address
}

var errNoAddress = errors.New("no address")

// withoutSecrets masks what an address may hold of a secret.
func withoutSecrets(text string) (string, error) {
	address, err := url.Parse(text)
	if err != nil || address.Host == "" {
		return "", errNoAddress
	}
	if address.User != nil {
		address.User = url.User("secret")
	}
	if address.RawQuery != "" {
		address.RawQuery = "secret"
	}
	return address.String(), nil
}
