package measure

import (
	"os"
	"testing"

	"github.com/crieur/crieur/services/impact/engine"
)

func TestMain(m *testing.M) {
	engine.ChildMain()
	os.Exit(m.Run())
}
