package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

type profileCmd struct {
	Show    profileShowCmd    `cmd:"" help:"Show a profile."`
	History profileHistoryCmd `cmd:"" help:"Show every change of a profile: who, when, before, after."`
	Kind    profileKindCmd    `cmd:"" help:"Make a trust or one of its sites a hospital (people stay overnight) or a clinic."`
}

type profileShowCmd struct {
	Code string `arg:"" help:"ODS code."`
}

func (c *profileShowCmd) Run(ctx context.Context, a *app) error {
	code, err := a.openFor(ctx, c.Code)
	if err != nil {
		return err
	}
	stored, err := a.store.Profile(ctx, code)
	if err != nil {
		return err
	}
	rows := [][]string{{"code", stored.Code.String()}}
	for _, f := range profile.Fields() {
		if stored.Values.States(f) {
			rows = append(rows, []string{f.String(), oneLine(stored.Values.Get(f)), "owner: " + string(f.Owner())})
		}
	}
	pushes, err := a.store.Pushes(ctx, postgres.PushFilter{Code: code, Most: len(push.Sinks())})
	if err != nil {
		return err
	}
	for _, p := range pushes {
		rows = append(rows, pushRows(p)...)
	}
	a.print(map[string]any{"code": stored.Code, "fields": stored.Values, "pushes": pushes}, "", rows)
	return nil
}

// pushRows say what a sink was to show, was sent, took and was seen to show.
func pushRows(p postgres.ListedPush) [][]string {
	at := func(when time.Time, number int64) string {
		if when.IsZero() || number == 0 {
			return moment(when)
		}
		return fmt.Sprintf("%s (sequence %d)", moment(when), number)
	}
	state := string(p.State)
	if p.Unclear {
		state += ", nobody knows yet whether it was taken"
	}
	if p.Reason != "" {
		state += ": " + p.Reason
	}
	name := string(p.Sink)
	return [][]string{
		{name, state, p.Route},
		{name + " wanted", moment(p.Wanted)},
		{name + " sent", at(p.Sent, p.Sequence)},
		{name + " accepted", at(p.Accepted, p.Took)},
		{name + " seen", moment(p.Seen)},
	}
}

type profileHistoryCmd struct {
	Code string `arg:"" help:"ODS code."`
}

func (c *profileHistoryCmd) Run(ctx context.Context, a *app) error {
	code, err := a.openFor(ctx, c.Code)
	if err != nil {
		return err
	}
	history, err := a.store.History(ctx, code)
	if err != nil {
		return err
	}
	rows := make([][]string, 0, len(history))
	for _, h := range history {
		by := h.Actor
		if h.Run != 0 {
			by += " (run " + h.Run.String() + ")"
		}
		if h.Reason != "" {
			by += ": " + oneLine(h.Reason)
		}
		rows = append(rows, []string{
			h.At.In(profile.London()).Format(time.DateTime), h.Field, oneLine(h.Old), oneLine(h.New), h.Owner, by,
		})
	}
	a.print(history, "WHEN | FIELD | BEFORE | AFTER | OWNER | BY", rows)
	return nil
}

// openFor opens the database for a command about one organisation.
func (a *app) openFor(ctx context.Context, text string) (profile.ODSCode, error) {
	code, err := profile.ParseODSCode(text)
	if err != nil {
		return "", exitError{exitUsage, err.Error()}
	}
	return code, a.open(ctx)
}

// oneLine shows a value of several lines in a table.
func oneLine(value string) string {
	if value == "" {
		return "-"
	}
	return strings.ReplaceAll(value, "\n", ", ")
}
