// The export that a Go program does by hand: rows of an Arrow file as CSV (encoding/csv), gzip (compress/gzip), and the AWS SDK.
//
//	load csv FILE OUT             CSV alone, into a file
//	load s3 FILE LEVEL            parts of 100,000 rows, gzip of that level (-1: the package's default), each put while the next is written
//
// AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and BENCH_BUCKET say where to.
package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/apache/arrow/go/v12/arrow"
	"github.com/apache/arrow/go/v12/arrow/array"
	"github.com/apache/arrow/go/v12/arrow/ipc"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"lytics_dbx/bench/cost"
)

const partRows = 100000

// text gives one cell as encoding/csv wants it; NULL is the empty text.
func text(column arrow.Array, row int) string {
	if column.IsNull(row) {
		return ""
	}
	switch column := column.(type) {
	case *array.Int64:
		return strconv.FormatInt(column.Value(row), 10)
	case *array.Int32:
		return strconv.FormatInt(int64(column.Value(row)), 10)
	case *array.Float64:
		return strconv.FormatFloat(column.Value(row), 'g', -1, 64)
	case *array.Boolean:
		return strconv.FormatBool(column.Value(row))
	case *array.String:
		return column.Value(row)
	case *array.Timestamp:
		return time.UnixMicro(int64(column.Value(row))).UTC().Format("2006-01-02T15:04:05.000000Z")
	case *array.Decimal128:
		return column.Value(row).ToString(column.DataType().(*arrow.Decimal128Type).Scale)
	}
	cost.Must(fmt.Errorf("a column of type %s", column.DataType()))
	return ""
}

// open gives a reader of the file; made before the clock starts for CSV alone.
func open(path string) *ipc.Reader {
	file, err := os.Open(path)
	cost.Must(err)
	reader, err := ipc.NewReader(file)
	cost.Must(err)
	return reader
}

func header(out *csv.Writer, schema *arrow.Schema) {
	names := make([]string, len(schema.Fields()))
	for i, field := range schema.Fields() {
		names[i] = field.Name
	}
	cost.Must(out.Write(names))
}

func write(out *csv.Writer, record arrow.Record, cells []string) {
	for row := 0; row < int(record.NumRows()); row++ {
		for i, column := range record.Columns() {
			cells[i] = text(column, row)
		}
		cost.Must(out.Write(cells))
	}
}

func alone(path, to string) (rows, bytes int64) {
	reader := open(path)
	var records []arrow.Record
	for reader.Next() {
		record := reader.Record()
		record.Retain()
		records = append(records, record)
	}
	cost.Must(reader.Err())
	begin()
	file, err := os.Create(to)
	cost.Must(err)
	out := csv.NewWriter(file)
	header(out, reader.Schema())
	cells := make([]string, len(reader.Schema().Fields()))
	for _, record := range records {
		write(out, record, cells)
		rows += record.NumRows()
	}
	out.Flush()
	cost.Must(out.Error())
	end, err := file.Seek(0, io.SeekCurrent)
	cost.Must(err)
	cost.Must(file.Close())
	return rows, end
}

// A part is put while the next one is written; one at a time is on its way.
type sender struct {
	client *s3.Client
	run    string
	count  int
	bytes  int64
	busy   sync.WaitGroup
}

func (s *sender) put(part []byte) {
	s.busy.Wait()
	s.count++
	s.bytes += int64(len(part))
	key := fmt.Sprintf("go/%s/%d.csv.gz", s.run, s.count)
	s.busy.Add(1)
	go func() {
		defer s.busy.Done()
		_, err := s.client.PutObject(context.Background(), &s3.PutObjectInput{
			Bucket: aws.String(os.Getenv("BENCH_BUCKET")), Key: &key, Body: bytes.NewReader(part)})
		cost.Must(err)
	}()
}

func staged(path, level string) (rows, bytes_ int64) {
	speed, err := strconv.Atoi(level)
	cost.Must(err)
	loaded, err := config.LoadDefaultConfig(context.Background(), config.WithRegion("us-east-1"))
	cost.Must(err)
	to := &sender{client: s3.NewFromConfig(loaded, func(o *s3.Options) { o.UsePathStyle = true }), run: strconv.Itoa(os.Getpid())}
	begin()
	reader := open(path)
	cells := make([]string, len(reader.Schema().Fields()))
	var buffer *bytes.Buffer
	var zip *gzip.Writer
	var out *csv.Writer
	in := int64(0)
	finish := func() {
		out.Flush()
		cost.Must(out.Error())
		cost.Must(zip.Close())
		to.put(buffer.Bytes())
		out = nil
	}
	for reader.Next() {
		record := reader.Record()
		if out == nil {
			buffer = new(bytes.Buffer)
			zip, err = gzip.NewWriterLevel(buffer, speed)
			cost.Must(err)
			out, in = csv.NewWriter(zip), 0
			header(out, reader.Schema())
		}
		write(out, record, cells)
		rows += record.NumRows()
		in += record.NumRows()
		if in >= partRows {
			finish()
		}
	}
	cost.Must(reader.Err())
	if out != nil {
		finish()
	}
	to.busy.Wait()
	return rows, to.bytes
}

var (
	began    time.Time
	computed float64
)

func begin() {
	began, computed = time.Now(), cost.CPU()
}

func main() {
	modes := map[string]func(string, string) (int64, int64){"csv": alone, "s3": staged}
	if len(os.Args) != 4 || modes[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: load csv FILE OUT | s3 FILE LEVEL")
		os.Exit(2)
	}
	rows, size := modes[os.Args[1]](os.Args[2], os.Args[3])
	fmt.Printf("{\"rows\": %d, \"wall_s\": %.6f, \"cpu_s\": %.6f, \"rss_kb\": %d, \"bytes\": %d}\n",
		rows, time.Since(began).Seconds(), cost.CPU()-computed, cost.Peak(), size)
}
