// Package conformance drives the sandbox with the official Go driver as it is published.
package conformance

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v12/arrow"
	"github.com/apache/arrow/go/v12/arrow/array"
	dbsql "github.com/databricks/databricks-sql-go"
	dbsqlerr "github.com/databricks/databricks-sql-go/errors"
	dbsqlrows "github.com/databricks/databricks-sql-go/rows"
)

func expect(t *testing.T, found, wanted any) {
	t.Helper()
	if !reflect.DeepEqual(found, wanted) {
		t.Fatalf("found  %#v\nwanted %#v", found, wanted)
	}
}

// Connecting

func TestPaths(t *testing.T) {
	for path, feature := range map[string]string{warehouse: "connect to a warehouse", cluster: "connect to a cluster"} {
		t.Run(path, func(t *testing.T) {
			covers(t, feature)
			db := open(t, common.dsn("sandbox", path))
			need(t, db.Ping())
			expect(t, query(t, db, "SELECT 1"), [][]any{{int32(1)}})
		})
	}
}

func TestWrongTokenIsRefused(t *testing.T) {
	covers(t, "wrong token refused (401)")
	for _, token := range []string{"wrong", "sandbo", "sandboxx"} {
		err := open(t, common.dsn(token, warehouse)).Ping()
		if err == nil || !errors.Is(err, dbsqlerr.RequestError) || !strings.Contains(err.Error(), "401") {
			t.Fatalf("%v", err)
		}
	}
}

func TestTLSWithOwnAuthority(t *testing.T) {
	covers(t, "TLS with an own CA")
	folder := t.TempDir()
	secure, err := start("--tls", "--ca-file", filepath.Join(folder, "ca.pem"))
	need(t, err)
	t.Cleanup(secure.stop)
	certificate, err := os.ReadFile(filepath.Join(folder, "ca.pem"))
	need(t, err)
	known := x509.NewCertPool()
	known.AppendCertsFromPEM(certificate)
	port, err := strconv.Atoi(secure.port)
	need(t, err)
	through := func(transport http.RoundTripper) error {
		connector, err := dbsql.NewConnector(dbsql.WithServerHostname("127.0.0.1"), dbsql.WithPort(port),
			dbsql.WithHTTPPath(warehouse), dbsql.WithAccessToken("sandbox"), dbsql.WithCloudFetch(false),
			dbsql.WithRetries(-1, 0, 0), dbsql.WithTransport(transport))
		need(t, err)
		db := sql.OpenDB(connector)
		defer db.Close()
		return db.Ping()
	}
	need(t, through(&http.Transport{TLSClientConfig: &tls.Config{RootCAs: known}}))
	if err := through(&http.Transport{}); err == nil {
		t.Fatal("an unknown authority was accepted")
	}
}

func TestInitialNamespace(t *testing.T) {
	covers(t, "initial catalog and schema")
	db := connectToSchema(t)
	found := query(t, db, "SELECT current_catalog(), current_schema()")[0]
	expect(t, found[0], "main")
	if !strings.HasPrefix(found[1].(string), "go_") {
		t.Fatal(found)
	}
	if err := connect(t, "catalog=main", "schema=missing").Ping(); err == nil {
		t.Fatal("a missing schema was accepted")
	}
}

func TestSessionParameters(t *testing.T) {
	covers(t, "session parameters")
	db := connect(t, "TIMEZONE="+escaped("America/Los_Angeles"))
	expect(t, query(t, db, "SET TIMEZONE"), [][]any{{"TIMEZONE", "America/Los_Angeles"}})
	found := query(t, db, "SELECT TIMESTAMP '2024-01-01 00:00:00'")[0][0].(time.Time)
	if !found.Equal(time.Date(2024, 1, 1, 8, 0, 0, 0, time.UTC)) {
		t.Fatal(found)
	}
}

// Types

var types = []struct {
	feature, expressions string
	row                  []any
}{
	{"BOOLEAN and integers", "true, false, CAST(-128 AS TINYINT), CAST(-32768 AS SMALLINT), -2147483648, 9223372036854775807L",
		[]any{true, false, int8(-128), int16(-32768), int32(-2147483648), int64(9223372036854775807)}},
	{"FLOAT and DOUBLE", "CAST(1.5 AS FLOAT), 2.25D, CAST('-Infinity' AS DOUBLE)", []any{float32(1.5), 2.25, "-Inf"}},
	{"DECIMAL", "CAST('-123.45' AS DECIMAL(10,2)), CAST('12345678901234567890123456789012345678' AS DECIMAL(38,0))",
		[]any{"-123.45", "12345678901234567890123456789012345678"}},
	{"STRING and BINARY", `'ä😀', '', 'a"b\\c\nd', X'00ff', X''`, []any{"ä😀", "", "a\"b\\c\nd", []byte{0, 255}, []byte{}}},
	{"DATE, TIMESTAMP, TIMESTAMP_NTZ", `DATE '2024-02-29', TIMESTAMP '2024-02-29T12:34:56.123456Z', TIMESTAMP_NTZ '2024-02-29T12:34:56.5',
		DATE '0001-01-01', DATE '9999-12-31'`,
		[]any{time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC), time.Date(2024, 2, 29, 12, 34, 56, 123456000, time.UTC),
			time.Date(2024, 2, 29, 12, 34, 56, 500000000, time.UTC), time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC),
			time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)}},
	{"ARRAY, MAP, STRUCT", "array(1, NULL), map('k', 1), named_struct('p', 1, 'q', array('z'))",
		[]any{"[1,null]", `{"k":1}`, `{"p":1,"q":["z"]}`}},
	{"VOID", "NULL", []any{nil}},
}

// same gives a value a form that can be compared: moments in UTC, no bytes never as nil, numbers that are not finite by name.
func same(value any) any {
	switch known := value.(type) {
	case time.Time:
		return known.UTC()
	case []byte:
		return append([]byte{}, known...)
	case float64:
		if known-known != 0 {
			return strconv.FormatFloat(known, 'f', -1, 64)
		}
	}
	return value
}

func expectTypes(t *testing.T, db *sql.DB) {
	for _, kind := range types {
		t.Run(kind.feature, func(t *testing.T) {
			covers(t, kind.feature)
			row := query(t, db, "SELECT "+kind.expressions)[0]
			for i := range row {
				row[i] = same(row[i])
			}
			expect(t, row, kind.row)
		})
	}
}

func TestTypesFromArrow(t *testing.T) { expectTypes(t, connect(t)) }

func TestNullsOfEveryType(t *testing.T) {
	covers(t, "NULL of every type")
	db := connectToSchema(t)
	kinds := []string{"BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE", "DECIMAL(38,10)", "STRING", "BINARY", "DATE",
		"TIMESTAMP", "TIMESTAMP_NTZ", "ARRAY<INT>", "MAP<STRING, INT>", "STRUCT<a: INT>"}
	columns, nulls := []string{}, []string{}
	for i, kind := range kinds {
		columns, nulls = append(columns, fmt.Sprintf("c%d %s", i, kind)), append(nulls, "NULL")
	}
	execute(t, db, "CREATE TABLE n ("+strings.Join(columns, ", ")+")")
	execute(t, db, "INSERT INTO n VALUES ("+strings.Join(nulls, ", ")+")")
	expect(t, query(t, db, "SELECT * FROM n"), [][]any{make([]any, len(kinds))})
}

// Results

func TestColumnSets(t *testing.T) {
	covers(t, "column sets")
	old, err := start("--results", "columns")
	need(t, err)
	t.Cleanup(old.stop)
	db := open(t, old.dsn("sandbox", warehouse, "maxRows=30"))
	rows := query(t, db, `SELECT id, CASE WHEN id % 3 = 0 THEN NULL ELSE id END, CASE WHEN id % 2 = 0 THEN NULL ELSE CAST(id AS STRING) END,
		id % 5 = 0, CAST(id AS DOUBLE), CAST(id AS DECIMAL(10,2)), X'00' FROM range(100) ORDER BY id`)
	expect(t, len(rows), 100)
	for id, row := range rows {
		wanted := []any{int64(id), int64(id), strconv.Itoa(id), id%5 == 0, float64(id), fmt.Sprintf("%d.00", id), []byte{0}}
		if id%3 == 0 {
			wanted[1] = nil
		}
		if id%2 == 0 {
			wanted[2] = nil
		}
		expect(t, row, wanted)
	}
}

// arrowBatches reads a statement as Arrow records, past database/sql.
func arrowBatches(t *testing.T, db *sql.DB, statement string, each func(arrow.Record)) *arrow.Schema {
	t.Helper()
	var schema *arrow.Schema
	session, err := db.Conn(context.Background())
	need(t, err)
	defer session.Close()
	need(t, session.Raw(func(raw any) error {
		rows, err := raw.(driver.QueryerContext).QueryContext(context.Background(), statement, nil)
		if err != nil {
			return err
		}
		defer rows.Close()
		batches, err := rows.(dbsqlrows.Rows).GetArrowBatches(context.Background())
		if err != nil {
			return err
		}
		defer batches.Close()
		if schema, err = batches.Schema(); err != nil {
			return err
		}
		for batches.HasNext() {
			batch, err := batches.Next()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			each(batch)
			batch.Release()
		}
		return nil
	}))
	return schema
}

func TestArrowBatches(t *testing.T) {
	covers(t, "Arrow batches")
	next := int64(0)
	schema := arrowBatches(t, connect(t, "maxRows=20000"), "SELECT id, CAST(id AS STRING) AS text FROM range(50000)", func(batch arrow.Record) {
		ids, texts := batch.Column(0).(*array.Int64), batch.Column(1).(*array.String)
		for i := range ids.Len() {
			if ids.Value(i) != next || texts.Value(i) != strconv.FormatInt(next, 10) {
				t.Fatalf("row %d: %d, %s", next, ids.Value(i), texts.Value(i))
			}
			next++
		}
	})
	expect(t, next, int64(50000))
	name, _ := schema.Field(0).Metadata.GetValue("Spark:DataType:SqlName")
	expect(t, name, "BIGINT")
}

func TestPages(t *testing.T) {
	covers(t, "pages beyond one fetch")
	const statement = "SELECT id FROM range(123457)"
	rows := query(t, connect(t, "maxRows=25000"), statement)
	expect(t, len(rows), 123457)
	for i, row := range rows {
		if row[0] != int64(i) {
			t.Fatalf("row %d: %v", i, row[0])
		}
	}
	seen := common.calls(t, statement)
	expect(t, [2]int{seen["ExecuteStatement"], seen["FetchResults"]}, [2]int{1, 4})
}

func TestLargeValue(t *testing.T) {
	covers(t, "a value of 16 MiB")
	expect(t, len(query(t, connect(t), "SELECT repeat('x', 16777216)")[0][0].(string)), 16777216)
}

func TestNoRows(t *testing.T) {
	covers(t, "a result without rows")
	expect(t, query(t, connect(t), "SELECT id, 'x' AS s FROM range(0)"), [][]any{})
}

func TestSeveralResultsOpen(t *testing.T) {
	covers(t, "several results open at once")
	db, ctx := connect(t, "maxRows=10000"), context.Background()
	session, err := db.Conn(ctx)
	need(t, err)
	defer session.Close()
	first, err := session.QueryContext(ctx, "SELECT id FROM range(30000)")
	need(t, err)
	defer first.Close()
	// database/sql lets a session go on only past an open result by its Raw connection.
	need(t, session.Raw(func(raw any) error {
		second, err := raw.(driver.QueryerContext).QueryContext(ctx, "SELECT id FROM range(100000, 100003)", nil)
		if err != nil {
			return err
		}
		defer second.Close()
		row := make([]driver.Value, 1)
		for wanted := int64(100000); ; wanted++ {
			if err := second.Next(row); errors.Is(err, io.EOF) {
				expect(t, wanted, int64(100003))
				return nil
			} else if err != nil {
				return err
			}
			expect(t, row[0], wanted)
		}
	}))
	all, err := read(first)
	need(t, err)
	expect(t, len(all), 30000)
}

// Statements

func TestPolling(t *testing.T) {
	covers(t, "polling")
	const statement = "SELECT 'polled' AS s"
	common.faults(t, map[string]any{"rpc": "ExecuteStatement", "statement": statement, "action": "run", "seconds": 1.8})
	expect(t, query(t, connect(t), statement), [][]any{{"polled"}})
	if common.calls(t, statement)["GetOperationStatus"] < 2 {
		t.Fatal("the statement was not polled")
	}
}

func TestCancel(t *testing.T) {
	covers(t, "cancel")
	const statement = "SELECT 'cancelled from Go' AS s"
	common.faults(t, map[string]any{"rpc": "ExecuteStatement", "statement": statement, "action": "run", "seconds": 60})
	db := connect(t)
	need(t, db.Ping())
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(300*time.Millisecond, cancel)
	started := time.Now()
	_, err := db.QueryContext(ctx, statement)
	if !errors.Is(err, context.Canceled) || time.Since(started) > 20*time.Second {
		t.Fatalf("%v after %v", err, time.Since(started))
	}
	for deadline := time.Now().Add(10 * time.Second); common.calls(t, statement)["CancelOperation"] == 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the server was not told")
		}
	}
}

func TestTimeLimit(t *testing.T) {
	covers(t, "time limit of a statement")
	const statement = "SELECT 'too long in Go' AS s"
	common.faults(t, map[string]any{"rpc": "ExecuteStatement", "statement": statement, "action": "run", "seconds": 60})
	started := time.Now()
	_, err := connect(t, "timeout=1").Query(statement)
	if err == nil || time.Since(started) > 20*time.Second {
		t.Fatalf("%v after %v", err, time.Since(started))
	}
}

func TestParameters(t *testing.T) {
	db := connect(t)
	moment := time.Date(2024, 1, 2, 3, 4, 5, 678901000, time.UTC)
	t.Run("named", func(t *testing.T) {
		covers(t, "parameters by name")
		row := query(t, db, "SELECT :i + 1, :s", sql.Named("i", 41), sql.Named("s", "it's \\ `q`"))[0]
		expect(t, row, []any{int64(42), "it's \\ `q`"})
	})
	t.Run("by place", func(t *testing.T) {
		covers(t, "parameters by place")
		expect(t, query(t, db, "SELECT ?, '?', ? AS second", int64(1), "two"), [][]any{{int64(1), "?", "two"}})
	})
	t.Run("of each type", func(t *testing.T) {
		covers(t, "parameters of each type")
		row := query(t, db, "SELECT :b, :t, :s, :i, :l, :f, :d, :n, :x, :day, :at, :v",
			dbsql.Parameter{Name: "b", Value: true}, dbsql.Parameter{Name: "t", Type: dbsql.SqlTinyInt, Value: "-1"},
			dbsql.Parameter{Name: "s", Type: dbsql.SqlSmallInt, Value: "2"}, dbsql.Parameter{Name: "i", Type: dbsql.SqlInteger, Value: "3"},
			dbsql.Parameter{Name: "l", Type: dbsql.SqlBigInt, Value: "4"}, dbsql.Parameter{Name: "f", Type: dbsql.SqlFloat, Value: "1.5"},
			dbsql.Parameter{Name: "d", Type: dbsql.SqlDouble, Value: "2.5"}, dbsql.Parameter{Name: "n", Type: dbsql.SqlDecimal, Value: "12.50"},
			dbsql.Parameter{Name: "x", Value: "text"}, dbsql.Parameter{Name: "day", Type: dbsql.SqlDate, Value: "2024-01-02"},
			dbsql.Parameter{Name: "at", Value: moment}, dbsql.Parameter{Name: "v", Type: dbsql.SqlVoid})[0]
		row[9], row[10] = same(row[9]), same(row[10])
		expect(t, row, []any{true, int8(-1), int16(2), int32(3), int64(4), float32(1.5), 2.5, "12.50", "text",
			time.Date(2024, 1, 2, 0, 0, 0, 0, time.UTC), moment, nil})
	})
	t.Run("missing", func(t *testing.T) {
		covers(t, "errors with SQLSTATE")
		expectState(t, db, "42P02", "SELECT :missing", sql.Named("other", 1))
	})
}

func expectState(t *testing.T, db *sql.DB, state, statement string, arguments ...any) {
	t.Helper()
	rows, err := db.Query(statement, arguments...)
	if err == nil {
		_, err = read(rows)
	}
	var failed dbsqlerr.DBExecutionError
	if !errors.As(err, &failed) {
		t.Fatalf("%s: %v", statement, err)
	}
	// The driver takes SqlState from a status call alone; where the statement failed at once there was none.
	if failed.SqlState() != "" {
		expect(t, failed.SqlState(), state)
	}
	if !strings.Contains(err.Error(), "SQLSTATE: "+state) {
		t.Fatal(err)
	}
}

func TestErrorsOfPolledStatements(t *testing.T) {
	covers(t, "errors with SQLSTATE")
	const statement = "SELECT 1/0 AS late"
	common.faults(t, map[string]any{"rpc": "ExecuteStatement", "statement": statement, "action": "run", "seconds": 0.5})
	_, err := connect(t).Query(statement)
	var failed dbsqlerr.DBExecutionError
	if !errors.As(err, &failed) {
		t.Fatal(err)
	}
	expect(t, failed.SqlState(), "22012")
}

func TestErrors(t *testing.T) {
	covers(t, "errors with SQLSTATE", "a session goes on after an error")
	db := connect(t)
	for statement, state := range map[string]string{
		"SELECT * FROM main.default.missing": "42P01", "SELECT nothing FROM range(1)": "42703", "SELEC 1": "42601",
		"SELECT 1/0": "22012", "SELECT CAST('1.0' AS INT)": "22018", "SELECT no_such_function(1)": "0A000"} {
		expectState(t, db, state, statement)
		expect(t, query(t, db, "SELECT 1"), [][]any{{int32(1)}})
	}
}

func TestChanges(t *testing.T) {
	covers(t, "CREATE and DROP", "rows changed are counted", "VERSION AS OF")
	db := connectToSchema(t)
	expect(t, execute(t, db, "CREATE TABLE c (a INT, b STRING)"), int64(0))
	expect(t, execute(t, db, "INSERT INTO c VALUES (1, 'x'), (2, 'y'), (3, NULL)"), int64(3))
	expect(t, execute(t, db, "UPDATE c SET b = 'z' WHERE a < 3"), int64(2))
	expect(t, execute(t, db, "DELETE FROM c WHERE a = 3"), int64(1))
	expect(t, query(t, db, "SELECT a, b FROM c ORDER BY a"), [][]any{{int32(1), "z"}, {int32(2), "z"}})
	expect(t, query(t, db, "SELECT a, b FROM c VERSION AS OF 1 ORDER BY a"), [][]any{{int32(1), "x"}, {int32(2), "y"}, {int32(3), nil}})
	expectState(t, db, "0A000", "ALTER TABLE c ADD COLUMN d INT")
	execute(t, db, "DROP TABLE c")
	expectState(t, db, "42P01", "SELECT * FROM c")
}

func TestTransactionsAreRefused(t *testing.T) {
	covers(t, "transactions are refused")
	db := connect(t)
	if transaction, err := db.Begin(); err == nil {
		_ = transaction.Rollback()
		t.Fatal("a transaction was begun")
	}
	expectState(t, db, "0A000", "BEGIN TRANSACTION")
}

func TestTemporaryViews(t *testing.T) {
	covers(t, "temporary views of two sessions")
	one, other := connect(t), connect(t)
	execute(t, one, "CREATE OR REPLACE TEMPORARY VIEW mine AS SELECT 1 AS a")
	expect(t, query(t, one, "SELECT * FROM mine"), [][]any{{int32(1)}})
	expectState(t, other, "42P01", "SELECT * FROM mine")
}

func TestListingBySQL(t *testing.T) {
	covers(t, "listing by SQL")
	db := connectToSchema(t)
	execute(t, db, "CREATE TABLE listed (id INT NOT NULL COMMENT 'key', at TIMESTAMP)")
	found := false
	for _, row := range query(t, db, "SHOW CATALOGS") {
		found = found || row[0] == "main"
	}
	expect(t, found, true)
	expect(t, query(t, db, "SHOW TABLES LIKE 'list*'")[0][1], "listed")
	expect(t, query(t, db, "DESCRIBE TABLE listed"), [][]any{{"id", "int", "key"}, {"at", "timestamp", nil}})
	expect(t, query(t, db, "SELECT column_name FROM main.information_schema.columns WHERE table_schema = current_schema() ORDER BY 1"),
		[][]any{{"at"}, {"id"}})
}

// What goes wrong outside of a statement

func TestStartingCompute(t *testing.T) {
	covers(t, "starting compute (503 with Retry-After)")
	common.faults(t, map[string]any{"rpc": "OpenSession", "action": "cold_start", "seconds": 1.5, "retry_after": 1})
	need(t, connect(t).Ping())
}

func TestLostSession(t *testing.T) {
	covers(t, "a lost session is told")
	const statement = "SELECT 'lost in Go' AS s"
	db := connect(t)
	need(t, db.Ping())
	common.faults(t, map[string]any{"rpc": "ExecuteStatement", "statement": statement, "action": "lost_session"})
	if _, err := db.Query(statement); err == nil {
		t.Fatal("a statement of a lost session succeeded")
	}
	expect(t, query(t, connect(t), "SELECT 1"), [][]any{{int32(1)}})
}

func TestRetriedFetch(t *testing.T) {
	covers(t, "a page is asked for again after 503")
	const statement = "SELECT id, 'fetched again' AS s FROM range(30000)"
	common.faults(t, map[string]any{"rpc": "FetchResults", "statement": "fetched again", "action": "status", "status": 503,
		"headers": map[string]string{"Retry-After": "1"}})
	expect(t, len(query(t, connect(t, "maxRows=10000"), statement)), 30000)
}
