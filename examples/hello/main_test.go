package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func get(t *testing.T, s settings, path string) *httptest.ResponseRecorder {
	t.Helper()
	handler, err := newHandler(s)
	if err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
	return answer
}

func TestAnswers(t *testing.T) {
	tests := []struct {
		name   string
		with   settings
		path   string
		status int
		body   string
	}{
		{"greets with the version", settings{version: "v7"}, "/", 200, "hello v7\n"},
		{"greets from a file", settings{version: "v7", greetingFile: "greeting.txt"}, "/", 200, "hello v7\n"},
		{"says when the file is gone", settings{version: "v7", greetingFile: "gone.txt"}, "/", 500, "internal server error\n"},
		{"tells its version", settings{version: "v7"}, "/version", 200, "v7\n"},
		{"is healthy", settings{}, "/healthz", 200, "ok\n"},
		{"knows no other page", settings{}, "/other", 404, "404 page not found\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer := get(t, test.with, test.path)
			if answer.Code != test.status || answer.Body.String() != test.body {
				t.Errorf("GET %s = %d %q, want %d %q", test.path, answer.Code, answer.Body, test.status, test.body)
			}
		})
	}
}

func TestClockFollowsTheTimezone(t *testing.T) {
	answer := get(t, settings{timezone: "Asia/Tokyo"}, "/version")
	local, err := time.Parse(time.RFC3339, answer.Header().Get("Date-Local"))
	if err != nil {
		t.Fatal(err)
	}
	if _, offset := local.Zone(); offset != 9*60*60 {
		t.Errorf("offset = %d s, want 9 h", offset)
	}
}

func TestUnknownTimezoneIsAnError(t *testing.T) {
	_, err := newHandler(settings{timezone: "Middle/Earth"})
	if err == nil || !strings.Contains(err.Error(), "Middle/Earth") {
		t.Errorf("error = %v, want one that names the zone", err)
	}
}

// This release, as it is going to be built.
func TestThisRelease(t *testing.T) {
	answer := get(t, settings{version: version, greetingFile: greetingFile, timezone: timezone}, "/")
	if answer.Code != 200 || answer.Body.String() != "hello "+version+"\n" {
		t.Errorf("GET / = %d %q", answer.Code, answer.Body)
	}
}
