package outside

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// Device is an invented telephone that is notified: a browser's push
// subscription with the keys that read what comes. Its JSON keeps it over
// restarts.
type Device struct {
	Name    string `json:"name"` // of one telephone, in its address too
	Private []byte `json:"private"`
	Auth    []byte `json:"auth"`
}

// NewDevice makes a device with keys of its own.
func NewDevice(name string) (Device, error) {
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return Device{}, fmt.Errorf("outside: device: %w", err)
	}
	d := Device{Name: name, Private: key.Bytes(), Auth: make([]byte, 16)}
	_, _ = rand.Read(d.Auth) // it never fails
	return d, nil
}

// devices are those whose notifications are taken.
type devices struct {
	inbox *Inbox

	mu   sync.Mutex
	list map[string]Device
}

// AddDevice makes the push service take what is sent to a device, and returns
// the device's subscription, as a browser's PushSubscription.toJSON() writes it.
func (w *World) AddDevice(d Device) (subscription string, err error) {
	key, err := ecdh.P256().NewPrivateKey(d.Private)
	if err != nil {
		return "", fmt.Errorf("outside: device %s: %w", d.Name, err)
	}
	w.push.mu.Lock()
	w.push.list[d.Name] = d
	w.push.mu.Unlock()
	b64 := base64.RawURLEncoding
	body, err := json.Marshal(map[string]any{"endpoint": w.Web() + "/push/" + d.Name, "keys": map[string]string{
		"p256dh": b64.EncodeToString(key.PublicKey().Bytes()), "auth": b64.EncodeToString(d.Auth),
	}})
	return string(body), err
}

// maxPushBytes is what a push service takes at most (RFC 8030, 7.2).
const maxPushBytes = 4096

// take is the push service's resource of a device (RFC 8030, 5).
func (s *devices) take(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	d, ok := s.list[r.PathValue("device")]
	s.mu.Unlock()
	if !ok {
		http.Error(w, "no such subscription", http.StatusGone)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPushBytes))
	if err != nil {
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		return
	}
	plain, err := d.decrypt(body)
	var shown struct{ Title, Body, URL, Tag string }
	if err != nil || json.Unmarshal(plain, &shown) != nil {
		http.Error(w, "the message cannot be read", http.StatusBadRequest)
		return
	}
	replaces := s.inbox.change("push", d.Name+"/"+shown.Tag, func(got *Received) {
		got.Title, got.Text, got.State = shown.Title, shown.Body, "edited"
	})
	if !replaces {
		s.inbox.add(Received{Kind: "push", To: d.Name, Title: shown.Title, Text: shown.Body, Link: shown.URL, Key: d.Name + "/" + shown.Tag})
	}
	w.WriteHeader(http.StatusCreated)
}

// decrypt reads one record of aes128gcm (RFC 8188) with the keys of RFC 8291.
func (d Device) decrypt(body []byte) ([]byte, error) {
	const saltBytes, head = 16, 16 + 4 + 1
	if len(body) < head || len(body) < head+int(body[head-1]) {
		return nil, errors.New("outside: push: too short")
	}
	salt, sender, sealed := body[:saltBytes], body[head:head+int(body[head-1])], body[head+int(body[head-1]):]
	own, err := ecdh.P256().NewPrivateKey(d.Private)
	if err != nil {
		return nil, fmt.Errorf("outside: push: %w", err)
	}
	theirs, err := ecdh.P256().NewPublicKey(sender)
	if err != nil {
		return nil, fmt.Errorf("outside: push: %w", err)
	}
	secret, err := own.ECDH(theirs)
	if err != nil {
		return nil, fmt.Errorf("outside: push: %w", err)
	}
	info := "WebPush: info\x00" + string(own.PublicKey().Bytes()) + string(sender)
	material, err := hkdf.Key(sha256.New, secret, d.Auth, info, sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("outside: push: %w", err)
	}
	key, err := hkdf.Key(sha256.New, material, salt, "Content-Encoding: aes128gcm\x00", 16)
	if err != nil {
		return nil, fmt.Errorf("outside: push: %w", err)
	}
	nonce, err := hkdf.Key(sha256.New, material, salt, "Content-Encoding: nonce\x00", 12)
	if err != nil {
		return nil, fmt.Errorf("outside: push: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("outside: push: %w", err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("outside: push: %w", err)
	}
	plain, err := gcm.Open(nil, nonce, sealed, nil)
	if err != nil {
		return nil, fmt.Errorf("outside: push: %w", err)
	}
	// Padding: zeros after the last record's delimiter, 2.
	for len(plain) > 0 && plain[len(plain)-1] == 0 {
		plain = plain[:len(plain)-1]
	}
	if len(plain) == 0 || plain[len(plain)-1] != 2 {
		return nil, errors.New("outside: push: no delimiter")
	}
	return plain[:len(plain)-1], nil
}
