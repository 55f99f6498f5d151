package conformance

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/databricks/databricks-sql-go"
	"github.com/databricks/databricks-sql-go/logger"
)

const (
	top       = "../../.."
	warehouse = "/sql/1.0/warehouses/sandbox"
	cluster   = "/sql/protocolv1/o/0/sandbox"
)

// server is a sandbox in a process of its own, started the way a person starts it.
type server struct {
	process *exec.Cmd
	scheme  string
	port    string
	folder  string
}

var (
	common  *server // for all tests that leave no traces outside of a schema of their own
	results *os.File
	writing sync.Mutex
)

func start(options ...string) (*server, error) {
	folder, err := os.MkdirTemp("", "sandbox-")
	if err != nil {
		return nil, err
	}
	file := filepath.Join(folder, "port")
	made := &server{scheme: "http", folder: folder}
	made.process = exec.Command(filepath.Join(top, "scripts/sandbox"), append(options, "--port-file", file)...)
	made.process.Stderr = os.Stderr
	if err := made.process.Start(); err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if port, err := os.ReadFile(file); err == nil {
			made.port = string(port)
			return made, nil
		}
	}
	made.stop()
	return nil, fmt.Errorf("the sandbox did not start")
}

func (s *server) stop() {
	_ = s.process.Process.Signal(os.Interrupt)
	_ = s.process.Wait()
	_ = os.RemoveAll(s.folder)
}

// dsn names the sandbox the way the driver wants it. Telemetry would look for a host of Databricks.
func (s *server) dsn(token, path string, options ...string) string {
	query := append([]string{"enableTelemetry=false", "useCloudFetch=false"}, options...)
	return fmt.Sprintf("%s://token:%s@127.0.0.1:%s%s?%s", s.scheme, token, s.port, path, strings.Join(query, "&"))
}

// control calls the control endpoint.
func (s *server) control(t *testing.T, method, path string, body any) map[string]any {
	t.Helper()
	data, err := json.Marshal(body)
	need(t, err)
	if body == nil {
		data = nil
	}
	request, err := http.NewRequest(method, "http://127.0.0.1:"+s.port+"/control/"+path, bytes.NewReader(data))
	need(t, err)
	answer, err := http.DefaultClient.Do(request)
	need(t, err)
	defer answer.Body.Close()
	data, err = io.ReadAll(answer.Body)
	need(t, err)
	if answer.StatusCode != 200 {
		t.Fatalf("control %s %s: %s", method, path, data)
	}
	var parsed map[string]any
	need(t, json.Unmarshal(data, &parsed))
	return parsed
}

// faults sets the fault script until the end of the test.
func (s *server) faults(t *testing.T, rules ...map[string]any) {
	t.Helper()
	s.control(t, "POST", "faults", map[string]any{"rules": rules})
	t.Cleanup(func() { s.control(t, "DELETE", "faults", nil) })
}

// calls counts the calls seen of one statement, by name.
func (s *server) calls(t *testing.T, statement string) map[string]int {
	t.Helper()
	seen := map[string]int{}
	for _, call := range s.control(t, "GET", "log", nil)["calls"].([]any) {
		entry := call.(map[string]any)
		if entry["statement"] == statement {
			seen[entry["rpc"].(string)]++
		}
	}
	return seen
}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	_ = logger.SetLogLevel("disabled")
	folder := filepath.Join(top, "build/conformance")
	err := os.MkdirAll(folder, 0o755)
	if err == nil {
		results, err = os.Create(filepath.Join(folder, "go.txt"))
	}
	if err == nil {
		common, err = start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer common.stop()
	defer results.Close()
	return m.Run()
}

// covers says which row of the table in sandbox/README.md the test is for: the row counts once the test has passed.
func covers(t *testing.T, features ...string) {
	t.Cleanup(func() {
		if t.Failed() || t.Skipped() {
			return
		}
		writing.Lock()
		defer writing.Unlock()
		for _, feature := range features {
			fmt.Fprintf(results, "Go\t%s\t%s\n", feature, t.Name())
		}
	})
}

func need(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// open gives a pool of one session.
func open(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("databricks", dsn)
	need(t, err)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func connect(t *testing.T, options ...string) *sql.DB {
	t.Helper()
	return open(t, common.dsn("sandbox", warehouse, options...))
}

// connectToSchema gives a session whose schema is the test's own.
func connectToSchema(t *testing.T) *sql.DB {
	t.Helper()
	name := fmt.Sprintf("go_%d", time.Now().UnixNano())
	made := connect(t)
	execute(t, made, "CREATE SCHEMA main."+name)
	t.Cleanup(func() { execute(t, made, "DROP SCHEMA main."+name+" CASCADE") })
	return connect(t, "catalog=main", "schema="+name)
}

func execute(t *testing.T, db *sql.DB, statement string, arguments ...any) int64 {
	t.Helper()
	done, err := db.ExecContext(context.Background(), statement, arguments...)
	need(t, err)
	changed, err := done.RowsAffected()
	need(t, err)
	return changed
}

// query gives all rows of a statement.
func query(t *testing.T, db *sql.DB, statement string, arguments ...any) [][]any {
	t.Helper()
	rows, err := db.QueryContext(context.Background(), statement, arguments...)
	need(t, err)
	defer rows.Close()
	all, err := read(rows)
	need(t, err)
	return all
}

func read(rows *sql.Rows) ([][]any, error) {
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	all := [][]any{}
	for rows.Next() {
		row := make([]any, len(names))
		targets := make([]any, len(names))
		for i := range row {
			targets[i] = &row[i]
		}
		if err := rows.Scan(targets...); err != nil {
			return nil, err
		}
		all = append(all, row)
	}
	return all, rows.Err()
}

func escaped(text string) string { return url.QueryEscape(text) }
