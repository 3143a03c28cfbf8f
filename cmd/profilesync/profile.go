package main

import (
	"context"
	"strings"
	"time"

	"github.com/profilesync/profilesync/reconcile"
)

type profileCmd struct {
	Show    profileShowCmd    `cmd:"" help:"Show a profile."`
	History profileHistoryCmd `cmd:"" help:"Show every change of a profile: who, when, before, after."`
}

type profileShowCmd struct {
	Code string `arg:"" help:"ODS code."`
}

func (c *profileShowCmd) Run(ctx context.Context, a *app) error {
	code, err := a.openFor(ctx, c.Code)
	if err != nil {
		return err
	}
	profile, err := a.store.Profile(ctx, code)
	if err != nil {
		return err
	}
	rows := [][]string{{"code", profile.Code.String()}}
	for _, f := range reconcile.Fields() {
		if profile.Values.States(f) {
			rows = append(rows, []string{f.String(), oneLine(profile.Values.Get(f)), "owner: " + string(f.Owner())})
		}
	}
	a.print(map[string]any{"code": profile.Code, "fields": profile.Values}, "", rows)
	return nil
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
		rows = append(rows, []string{
			h.At.In(reconcile.London()).Format(time.DateTime), h.Field, oneLine(h.Old), oneLine(h.New), h.Owner, by,
		})
	}
	a.print(history, "WHEN | FIELD | BEFORE | AFTER | OWNER | BY", rows)
	return nil
}

// openFor opens the database for a command about one organisation.
func (a *app) openFor(ctx context.Context, text string) (reconcile.ODSCode, error) {
	code, err := reconcile.ParseODSCode(text)
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
