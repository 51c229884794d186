// The fault app: a web server that fails as it is told to, for tests on a real cluster.
//
// `VERSION` is what it answers on `/`. `MODE` is a list of faults, separated by commas:
//
//	ok                  none
//	crash               ends with code 1 at once
//	crash-once          ends with code 1 the first time; remembers in /state, which must be a volume
//	crash-after=5s      serves, and ends with code 1 after 5 s
//	exit-zero           ends with code 0 at once
//	exit-after=5s       serves, and ends with code 0 after 5 s
//	unready             /ready answers 503 for ever
//	slow-ready=10s      /ready answers 503 for the first 10 s
//	liveness-dead       /live answers 500
//	wrong-answer        / answers 500; also after a POST to /break
//	wrong-text          / answers 200 with another text
//	flaky=3             / answers 500 to every third request of a client; clients are told apart by their User-Agent
//	oom                 takes memory until it is killed
//	hang-on-term        does not end on SIGTERM
//	serve-after-term=2s serves that much longer after SIGTERM; 0s if not given
//
// If ROLE is set, in the pod's template, then MODE_<ROLE> of the image counts instead of MODE where it is given: one image
// that fails in one workload only. An argument is a role, too: `/app register` in a lifecycle hook.
//
// It listens on PORT, or 8080.
//
// `LOG` is printed as it is at the start, for outputs that try to be more than text.
package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

type faults map[string]string

func (f faults) has(name string) bool { _, ok := f[name]; return ok }

// duration is 0 for a fault that is not there, and ends the program for one that has no valid duration.
func (f faults) duration(name string) time.Duration {
	text, ok := f[name]
	if !ok {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		die(2, "MODE %s: %v", name, err)
	}
	return d
}

// everyNth says of each request of a client whether it is the nth, the 2nth and so on; never for a fault that is not there.
func (f faults) everyNth(name string) func(*http.Request) bool {
	text, ok := f[name]
	if !ok {
		return func(*http.Request) bool { return false }
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		die(2, "MODE %s: %s is no number of requests", name, text)
	}
	var lock sync.Mutex
	counts := map[string]int{}
	return func(r *http.Request) bool {
		lock.Lock()
		defer lock.Unlock()
		counts[r.UserAgent()]++
		return counts[r.UserAgent()]%n == 0
	}
}

func parse(mode string) faults {
	found := faults{}
	for _, part := range strings.Split(mode, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		found[name] = value
	}
	return found
}

func die(code int, format string, values ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", values...)
	os.Exit(code)
}

func main() {
	started := time.Now()
	text := os.Getenv("MODE")
	role := os.Getenv("ROLE")
	if len(os.Args) > 1 {
		role = os.Args[1]
	}
	if of, ok := os.LookupEnv("MODE_" + role); ok {
		text = of
	}
	mode := parse(text)
	if said := os.Getenv("LOG"); said != "" {
		fmt.Println(said)
	}
	fmt.Printf("fault-app %s starts\n", os.Getenv("VERSION"))
	failAtStart(mode)

	mux := http.NewServeMux()
	answer := func(path string, bad func(*http.Request) bool, status int, body string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			if bad(r) {
				w.WriteHeader(status)
				fmt.Fprintln(w, "not well: "+text)
				return
			}
			fmt.Fprintln(w, body)
		})
	}
	slow := mode.duration("slow-ready")
	flaky := mode.everyNth("flaky")
	answer("/ready", func(*http.Request) bool { return mode.has("unready") || time.Since(started) < slow }, 503, "ready")
	answer("/live", func(*http.Request) bool { return mode.has("liveness-dead") }, 500, "alive")
	// A page of 100 KiB, with a link, and a word at its very end.
	mux.HandleFunc("/page", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, "<html><script src=\"/app.js\"></script>%sEND-OF-PAGE", strings.Repeat("0123456789abcdef", 6400))
	})
	// What another container of the pod has written there.
	mux.Handle("/state/", http.StripPrefix("/state/", http.FileServer(http.Dir("/state"))))
	answer("/version", func(*http.Request) bool { return false }, 0, os.Getenv("VERSION"))
	body := os.Getenv("VERSION")
	if mode.has("wrong-text") {
		body = "welcome to nginx"
	}
	var broken atomic.Bool
	broken.Store(mode.has("wrong-answer"))
	answer("/", func(r *http.Request) bool { return broken.Load() || flaky(r) }, 500, body)
	// A fault that comes later, when a test asks for it.
	mux.HandleFunc("POST /break", func(http.ResponseWriter, *http.Request) { broken.Store(true) })

	if after := mode.duration("crash-after"); after > 0 {
		time.AfterFunc(after, func() { die(1, "fatal: lost the connection to the database") })
	}
	if after := mode.duration("exit-after"); after > 0 {
		time.AfterFunc(after, func() { os.Exit(0) })
	}
	serve(mode, mux)
}

func failAtStart(mode faults) {
	switch {
	case mode.has("crash"):
		die(1, "fatal: cannot read config/production.yml: no such file")
	case mode.has("exit-zero"):
		os.Exit(0)
	case mode.has("crash-once"):
		if _, err := os.Stat("/state/crashed"); errors.Is(err, os.ErrNotExist) {
			if err := os.WriteFile("/state/crashed", nil, 0o644); err != nil {
				die(2, "%v", err)
			}
			die(1, "fatal: the first start fails")
		}
	case mode.has("oom"):
		var held [][]byte
		for {
			block := make([]byte, 8<<20)
			for i := 0; i < len(block); i += 4096 {
				block[i] = 1
			}
			held = append(held, block)
			fmt.Printf("holding %d MiB\n", 8*len(held))
		}
	}
}

func serve(mode faults, handler http.Handler) {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	go func() {
		<-stop
		if mode.has("hang-on-term") {
			return
		}
		time.Sleep(mode.duration("serve-after-term"))
		os.Exit(0)
	}()
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	if err := http.ListenAndServe(":"+port, handler); err != nil {
		die(1, "%v", err)
	}
}
