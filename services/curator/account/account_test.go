package account_test

import (
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/services/curator/account"
)

func TestPassword(t *testing.T) {
	t.Parallel()
	hash, err := account.Hash("un crieur public")
	if err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$m=65536,t=3,p=4$") {
		t.Fatal(hash, err)
	}
	other, err := account.Hash("un crieur public")
	if err != nil || other == hash {
		t.Error("two hashes of a password are the same: no salt")
	}
	tests := []struct {
		name, hash, password string
		want, wrong          bool
	}{
		{name: "right", hash: hash, password: "un crieur public", want: true},
		{name: "wrong", hash: hash, password: "un crieur privé"},
		{name: "empty", hash: hash},
		{name: "no account", password: "un crieur public"},
		{name: "too long to hash", hash: hash, password: strings.Repeat("a", 300)},
		{name: "another algorithm", hash: "$2b$12$abc", password: "x", wrong: true},
		{name: "memory out of bounds", hash: strings.Replace(hash, "m=65536", "m=4194304", 1), password: "x", wrong: true},
		{name: "no passes", hash: strings.Replace(hash, "t=3", "t=0", 1), password: "x", wrong: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := account.Verify(tt.hash, tt.password)
			if got != tt.want || (err != nil) != tt.wrong {
				t.Errorf("Verify = %t, %v", got, err)
			}
			if err != nil && strings.Contains(err.Error(), tt.hash) {
				t.Error("the error quotes the hash")
			}
		})
	}
	for _, short := range []string{"", "onze lettre", strings.Repeat("x", 257)} {
		if _, err := account.Hash(short); err == nil {
			t.Errorf("a password of %d characters is accepted", len(short))
		}
	}
}

// The vectors of RFC 6238, appendix B, for SHA-1, cut to six digits.
func TestCodeVectors(t *testing.T) {
	t.Parallel()
	secret := []byte("12345678901234567890")
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1234567890: "005924", 20000000000: "353130"} {
		if got := account.Code(secret, account.Step(time.Unix(at, 0))); got != want {
			t.Errorf("code at %d is %s, want %s", at, got, want)
		}
	}
}

func TestCodeIsGoodOnce(t *testing.T) {
	t.Parallel()
	secret, now := account.NewSecret(), time.Unix(1_700_000_000, 0)
	code := account.Code(secret, account.Step(now))
	step, ok := account.CheckCode(secret, code, now, 0)
	if !ok {
		t.Fatal("a right code is refused")
	}
	if _, ok := account.CheckCode(secret, code, now, step); ok {
		t.Error("a code is good twice")
	}
	if _, ok := account.CheckCode(secret, code, now.Add(90*time.Second), 0); ok {
		t.Error("a code is good a minute and a half later")
	}
	if _, ok := account.CheckCode(secret, code, now.Add(30*time.Second), 0); !ok {
		t.Error("a code is refused to a slow hand")
	}
}

func TestBox(t *testing.T) {
	t.Parallel()
	box, err := account.NewBox(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	sealed := box.Seal([]byte("secret"), "ana")
	if got, err := box.Open(sealed, "ana"); err != nil || string(got) != "secret" {
		t.Errorf("open: %q, %v", got, err)
	}
	if _, err := box.Open(sealed, "bob"); err == nil {
		t.Error("opened for another officer")
	}
	sealed[len(sealed)-1] ^= 1
	if _, err := box.Open(sealed, "ana"); err == nil {
		t.Error("opened though altered")
	}
	if _, err := box.Open(nil, "ana"); err == nil {
		t.Error("opened nothing")
	}
	if _, err := account.NewBox([]byte("short")); err == nil {
		t.Error("a short key is accepted")
	}
}
