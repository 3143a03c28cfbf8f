package main

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What cannot be written is not done, whatever command it is.
func TestAResultThatCannotBeWrittenIsAFailure(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"version"},
		{"--version"},
		{"help"},
		{"help", "runs"},
		{"plan", "--help"},
		{"man"},
		{"completion", "bash"},
		{"version", "--format", "json"},
		{"mail", "templates"},
		{"complete", "--", "runs"},
	} {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		require.NoError(t, err)
		var complaint strings.Builder
		require.Equal(t, 1, run(context.Background(), args, full, &complaint), args)
		require.Contains(t, complaint.String(), "no space left on device", args)
		require.NoError(t, full.Close())
	}
}

func TestHelpIsThatOfTheFlag(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"", "runs", "runs approve", "report", "completion"} {
		words := strings.Fields(command)
		_, byFlag, _ := typed(append(words, "--help")...)
		code, byCommand, complaint := typed(append([]string{"help"}, words...)...)
		require.Zero(t, code, complaint)
		require.Equal(t, byFlag, byCommand)
	}
	code, out, complaint := typed("help", "pusch")
	require.Equal(t, 2, code)
	require.Empty(t, out)
	require.Contains(t, complaint, "pusch")
}
