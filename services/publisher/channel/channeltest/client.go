package channeltest

import "net/http"

// Client is an HTTP client whose connections end with their request, so that
// no goroutine outlives a test.
func Client() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
}
