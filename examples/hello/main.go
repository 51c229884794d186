// Hello is a small web service: `/` returns a greeting, `/version` the release, `/healthz` whether it is healthy.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// settings define a release; main uses those of release.go, tests use their own.
type settings struct {
	version      string
	greetingFile string
	timezone     string
}

// How long to keep serving after SIGTERM. Kubernetes notifies the pod and the load balancing at the same time, and the
// latter takes a moment to react: a server that exits at once would refuse requests that are still sent to it.
const lameDuck = 2 * time.Second

func main() {
	handler, err := newHandler(settings{version: version, greetingFile: greetingFile, timezone: timezone})
	if err != nil {
		log.Fatalf("hello %s cannot start: %v", version, err)
	}
	address := ":8080"
	if port := os.Getenv("PORT"); port != "" {
		address = ":" + port
	}
	server := &http.Server{Addr: address, Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		stopOnSignal(server)
	}()
	log.Printf("hello %s listens on %s", version, address)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
	<-stopped
}

// stopOnSignal waits for SIGTERM or SIGINT, keeps serving for a while, then completes open requests.
func stopOnSignal(server *http.Server) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	<-signals
	log.Printf("asked to stop; serving %s more", lameDuck)
	time.Sleep(lameDuck)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		log.Printf("some requests were cut off: %v", err)
	}
}

// newHandler returns the routes, or an error if the settings cannot work.
func newHandler(s settings) (http.Handler, error) {
	location, err := time.LoadLocation(s.timezone)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		text, err := greeting(s.greetingFile)
		if err != nil {
			log.Print(err)
			http.Error(w, "internal server error", http.StatusInternalServerError)
			return
		}
		fmt.Fprintf(w, "%s %s\n", text, s.version)
	})
	mux.HandleFunc("GET /version", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date-Local", time.Now().In(location).Format(time.RFC3339))
		fmt.Fprintln(w, s.version)
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "ok")
	})
	return mux, nil
}

// greeting returns the first line of the file, or the built-in greeting if there is no file.
func greeting(file string) (string, error) {
	if file == "" {
		return "hello", nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read the greeting: %w", err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return line, nil
}
