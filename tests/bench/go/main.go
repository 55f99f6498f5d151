// The official Go driver under measure, set up as its documentation shows it.
//
//	bench rows SQL       every row scanned into `any`
//	bench typed SQL      every row scanned into variables of the columns' types
//	bench batches SQL    every Arrow batch
//	bench trips COUNT    SELECT 1, one after the other
//	bench import FILE    a table as events, one JSON object a line, the way a program does it by hand
package main

import (
	"bufio"
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	_ "github.com/databricks/databricks-sql-go"
	dbsqlrows "github.com/databricks/databricks-sql-go/rows"

	"lytics_dbx/bench/cost"
)

const stream = "databricks_main_bench_events"

// When the last row was there: what comes then, such as closing, is not measured.
var (
	ended    time.Time
	computed float64
)

func stop() {
	ended, computed = time.Now(), cost.CPU()
}

func query(ctx context.Context, conn *sql.Conn, statement string) *sql.Rows {
	rows, err := conn.QueryContext(ctx, statement)
	cost.Must(err)
	return rows
}

func scanAny(ctx context.Context, conn *sql.Conn, statement string) int {
	rows := query(ctx, conn, statement)
	defer rows.Close()
	names, err := rows.Columns()
	cost.Must(err)
	values, places := cells(len(names))
	count := 0
	for rows.Next() {
		cost.Must(rows.Scan(places...))
		count++
	}
	_ = values
	cost.Must(rows.Err())
	stop()
	return count
}

func cells(count int) ([]any, []any) {
	values, places := make([]any, count), make([]any, count)
	for i := range values {
		places[i] = &values[i]
	}
	return values, places
}

func scanTyped(ctx context.Context, conn *sql.Conn, statement string) int {
	rows := query(ctx, conn, statement)
	defer rows.Close()
	var (
		id                  sql.NullInt64
		ts                  sql.NullTime
		email, name, amount sql.NullString
		score               sql.NullFloat64
		active              sql.NullBool
		age                 sql.NullInt32
	)
	count := 0
	for rows.Next() {
		cost.Must(rows.Scan(&id, &ts, &email, &name, &score, &active, &amount, &age))
		count++
	}
	cost.Must(rows.Err())
	stop()
	return count
}

func batches(ctx context.Context, conn *sql.Conn, statement string) int {
	count := 0
	cost.Must(conn.Raw(func(raw any) error {
		rows, err := raw.(driver.QueryerContext).QueryContext(ctx, statement, nil)
		if err != nil {
			return err
		}
		defer rows.Close()
		iterator, err := rows.(dbsqlrows.Rows).GetArrowBatches(ctx)
		if err != nil {
			return err
		}
		defer iterator.Close()
		for iterator.HasNext() {
			record, err := iterator.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return err
			}
			count += int(record.NumRows())
			record.Release()
		}
		stop()
		return nil
	}))
	return count
}

func trips(ctx context.Context, conn *sql.Conn, times string) int {
	count, err := strconv.Atoi(times)
	cost.Must(err)
	for i := 0; i < count; i++ {
		var one int
		cost.Must(conn.QueryRowContext(ctx, "SELECT 1").Scan(&one))
	}
	stop()
	return count
}

type event struct {
	Stream string         `json:"stream"`
	TS     time.Time      `json:"ts"`
	Data   map[string]any `json:"data"`
}

func importEvents(ctx context.Context, conn *sql.Conn, path string) int {
	file, err := os.Create(path)
	cost.Must(err)
	defer file.Close()
	out := bufio.NewWriterSize(file, 1<<16)
	encoder := json.NewEncoder(out)
	rows := query(ctx, conn, "SELECT * FROM main.bench.events ORDER BY ts")
	defer rows.Close()
	names, err := rows.Columns()
	cost.Must(err)
	values, places := cells(len(names))
	count := 0
	for rows.Next() {
		cost.Must(rows.Scan(places...))
		row := event{Stream: stream, Data: make(map[string]any, len(names))}
		for i, name := range names {
			if values[i] == nil {
				continue
			}
			row.Data[name] = values[i]
			if name == "ts" {
				row.TS = values[i].(time.Time)
			}
		}
		cost.Must(encoder.Encode(row))
		count++
	}
	cost.Must(rows.Err())
	cost.Must(out.Flush())
	stop()
	return count
}

func main() {
	modes := map[string]func(context.Context, *sql.Conn, string) int{
		"rows": scanAny, "typed": scanTyped, "batches": batches, "trips": trips, "import": importEvents,
	}
	if len(os.Args) != 3 || modes[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: bench rows|typed|batches|trips|import ARGUMENT")
		os.Exit(2)
	}
	ctx := context.Background()
	db, err := sql.Open("databricks", "http://token:sandbox@127.0.0.1:"+os.Getenv("DATABRICKS_PORT")+os.Getenv("DATABRICKS_HTTP_PATH")+
		"?enableTelemetry=false&useCloudFetch=false&useArrowNativeDecimal=false")
	cost.Must(err)
	conn, err := db.Conn(ctx)
	cost.Must(err)
	cost.Must(conn.PingContext(ctx))
	before, began := cost.CPU(), time.Now()
	rows := modes[os.Args[1]](ctx, conn, os.Args[2])
	fmt.Printf("{\"rows\": %d, \"wall_s\": %.6f, \"cpu_s\": %.6f, \"rss_kb\": %d}\n",
		rows, ended.Sub(began).Seconds(), computed-before, cost.Peak())
	cost.Must(conn.Close())
	cost.Must(db.Close())
}
