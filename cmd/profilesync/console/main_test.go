package console_test

import (
	"testing"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }
