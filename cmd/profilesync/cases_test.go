package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/cases"
)

// Every command that a case or its page of the runbook names can be typed so.
func TestTheCommandsOfCasesExist(t *testing.T) {
	t.Parallel()
	command := regexp.MustCompile(`profilesync ([a-z-]+(?: (?:'[^']*'|[^\s,.;:\x60]+))*)`)
	words := regexp.MustCompile(`'[^']*'|\S+`)
	values := strings.NewReplacer("{run}", "7", "{look}", "7", "{sink}", "dos", "REPORT", "etr", "RUN", "7", "CASE", "7", "LOOK", "7",
		"{account}", "u-1", " ID", " u-1", "{type}", "pharmacy", "{field}", "icb", "{report}", "etr", "{reason}", "mass-change",
		"{check}", "no-dos-place",
		"accounts reactivate", "accounts reactivate u-1 --reason x", "accounts leave", "accounts leave u-1 --until 2027-01-01 --reason x")
	for _, kind := range cases.Kinds() {
		c := cases.Case{Kind: kind, Signal: cases.Signal{Subject: "u-1", About: "FA002", Code: "FA001"}}
		found := command.FindAllStringSubmatch(values.Replace(c.Next()+"\n"+strings.ReplaceAll(kind.Page(), "\n", " ")), -1)
		for _, match := range found {
			_, err := testParser(t).Parse(words.FindAllString(match[1], -1))
			require.NoError(t, err, "%s: %s", kind, match[0])
		}
		require.True(t, len(found) > 0 || kind == cases.HolidayVanished, "%s names no command", kind)
	}
}
