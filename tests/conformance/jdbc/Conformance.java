import java.math.BigDecimal;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Date;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.sql.Types;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.TimeZone;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** Drives the sandbox with the official JDBC driver as it is published. Run by `scripts/test jdbc`, from the top of the checkout. */
public class Conformance {
    static final String WAREHOUSE = "/sql/1.0/warehouses/sandbox", CLUSTER = "/sql/protocolv1/o/0/sandbox";
    static final Path RESULTS = Path.of("build/conformance/jdbc.txt");

    interface Body {
        void run() throws Exception;
    }

    static final List<String> failed = new ArrayList<>();
    static int passed;
    static Sandbox common;

    /** A test: once it has passed, it covers these rows of the table in sandbox/README.md. */
    static void test(String name, String features, Body body) throws Exception {
        try {
            body.run();
        } catch (Throwable error) {
            failed.add(name);
            System.out.println("FAILED " + name + ": " + error);
            for (StackTraceElement frame : error.getStackTrace()) {
                if (frame.getClassName().startsWith("Conformance")) {
                    System.out.println("    at line " + frame.getLineNumber());
                }
            }
            return;
        }
        passed++;
        StringBuilder lines = new StringBuilder();
        for (String feature : features.split("; ")) {
            lines.append("JDBC\t").append(feature).append('\t').append(name).append('\n');
        }
        Files.writeString(RESULTS, lines, java.nio.file.StandardOpenOption.APPEND);
    }

    static void expect(Object found, Object wanted) {
        if (!Objects.deepEquals(found, wanted)) {
            throw new AssertionError("found " + found + ", wanted " + wanted);
        }
    }

    static void expect(boolean holds, Object shown) {
        if (!holds) {
            throw new AssertionError(String.valueOf(shown));
        }
    }

    /** A sandbox in a process of its own, started the way a person starts it. */
    static class Sandbox implements AutoCloseable {
        final Process process;
        final String port;
        final HttpClient http = HttpClient.newHttpClient();

        Sandbox(String... options) throws Exception {
            Path file = Files.createTempDirectory("sandbox-").resolve("port");
            List<String> command = new ArrayList<>(List.of("scripts/sandbox", "--port-file", file.toString()));
            command.addAll(List.of(options));
            process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
            Instant deadline = Instant.now().plusSeconds(60);
            while (!Files.exists(file)) {
                expect(process.isAlive() && Instant.now().isBefore(deadline), "the sandbox did not start");
                Thread.sleep(10);
            }
            port = Files.readString(file);
        }

        @Override
        public void close() throws Exception {
            process.destroy();
            process.waitFor(10, TimeUnit.SECONDS);
        }

        String url(String path, String... options) {
            return "jdbc:databricks://127.0.0.1:" + port + ";transportMode=http;ssl=0;httpPath=" + path + ";AuthMech=3;UID=token;EnableTelemetry=0;"
                    + "UseThriftClient=1;LogLevel=0;EnableQueryResultDownload=0;" + String.join(";", options);
        }

        Connection connect(String... options) throws SQLException {
            return DriverManager.getConnection(url(WAREHOUSE, options) + ";PWD=sandbox");
        }

        String control(String method, String path, String body) throws Exception {
            HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/control/" + path))
                    .method(method, HttpRequest.BodyPublishers.ofString(body)).timeout(Duration.ofSeconds(30)).build();
            HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
            expect(answer.statusCode() == 200, answer.body());
            return answer.body();
        }

        /** Runs with a fault script of one rule: `fields` is what goes between the braces. */
        void faulty(String fields, Body body) throws Exception {
            control("POST", "faults", "{\"rules\": [{" + fields.replace('\'', '"') + "}]}");
            try {
                body.run();
            } finally {
                control("DELETE", "faults", "");
            }
        }

        /** How often a call was made for statements with this text in them. */
        int calls(String name, String text) throws Exception {
            int count = 0;
            for (String call : control("GET", "log", "").split("\\{")) {
                if (call.contains("\"rpc\": \"" + name + "\"") && call.contains(text)) {
                    count++;
                }
            }
            return count;
        }
    }

    static List<List<Object>> read(ResultSet result) throws SQLException {
        List<List<Object>> rows = new ArrayList<>();
        while (result.next()) {
            List<Object> row = new ArrayList<>();
            for (int at = 1; at <= result.getMetaData().getColumnCount(); at++) {
                Object value = result.getObject(at);
                expect(result.wasNull() == (value == null), "wasNull of column " + at);
                row.add(value);
            }
            rows.add(row);
        }
        return rows;
    }

    static List<List<Object>> query(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement(); ResultSet result = statement.executeQuery(sql)) {
            return read(result);
        }
    }

    static int update(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            return statement.executeUpdate(sql);
        }
    }

    static void expectRow(String sql, Object... wanted) throws SQLException {
        try (Connection connection = common.connect()) {
            List<List<Object>> rows = query(connection, sql);
            expect(rows.size(), 1);
            for (int at = 0; at < wanted.length; at++) {
                expect(rows.get(0).get(at), wanted[at]);
            }
            expect(rows.get(0).size(), wanted.length);
        }
    }

    static void expectState(Connection connection, String state, String sql) throws SQLException {
        try {
            query(connection, sql);
        } catch (SQLException error) {
            expect(error.getSQLState(), state);
            expect(error.getMessage().contains("SQLSTATE: " + state), error.getMessage());
            return;
        }
        throw new AssertionError("no error: " + sql);
    }

    static SQLException failure(Body body) throws Exception {
        try {
            body.run();
        } catch (SQLException error) {
            return error;
        }
        throw new AssertionError("no error");
    }

    static Timestamp moment(String text) {
        return Timestamp.from(Instant.parse(text));
    }

    // Tests

    static void connecting() throws Exception {
        for (String[] path : new String[][] {{WAREHOUSE, "connect to a warehouse"}, {CLUSTER, "connect to a cluster"}}) {
            test("path " + path[0], path[1], () -> {
                try (Connection connection = DriverManager.getConnection(common.url(path[0], "PWD=sandbox"))) {
                    expect(query(connection, "SELECT 1"), List.of(List.of(1)));
                    expect(connection.isValid(10), "not valid");
                }
            });
        }
        test("wrong token", "wrong token refused (401)", () -> {
            SQLException error = failure(() -> DriverManager.getConnection(common.url(WAREHOUSE, "PWD=wrong")).close());
            expect(error.getMessage().contains("401"), error.getMessage());
        });
        test("service principal", "OAuth credentials of a service principal", () -> {
            try (Sandbox known = new Sandbox("--client", "my-client:dose-my-secret")) {
                // Without this the driver looks for the workspace on port 443.
                String url = known.url(WAREHOUSE, "Auth_Flow=1", "OAuth2ClientId=my-client", "OIDCDiscoveryEndpoint=http://127.0.0.1:" + known.port
                        + "/oidc/.well-known/oauth-authorization-server").replace("AuthMech=3;UID=token", "AuthMech=11");
                try (Connection connection = DriverManager.getConnection(url + ";OAuth2Secret=dose-my-secret")) {
                    expect(query(connection, "SELECT 1"), List.of(List.of(1)));
                }
                failure(() -> DriverManager.getConnection(url + ";OAuth2Secret=dose-wrong").close());
            }
        });
        test("authority", "TLS with an own CA", () -> {
            Path folder = Files.createTempDirectory("ca-");
            Path certificate = folder.resolve("ca.pem"), store = folder.resolve("store");
            try (Sandbox secure = new Sandbox("--tls", "--ca-file", certificate.toString())) {
                Process keytool = new ProcessBuilder("keytool", "-importcert", "-noprompt", "-alias", "sandbox", "-file", certificate.toString(),
                        "-keystore", store.toString(), "-storepass", "changeit").redirectErrorStream(true).start();
                expect(keytool.waitFor(), 0);
                String url = secure.url(WAREHOUSE, "PWD=sandbox").replace("ssl=0", "ssl=1");
                try (Connection connection = DriverManager.getConnection(url + ";SSLTrustStore=" + store + ";SSLTrustStorePwd=changeit;CheckCertRevocation=0")) {
                    expect(query(connection, "SELECT 1"), List.of(List.of(1)));
                }
                failure(() -> DriverManager.getConnection(url + ";CheckCertRevocation=0").close());
            }
        });
        test("namespace", "initial catalog and schema", () -> {
            try (Connection first = common.connect()) {
                update(first, "CREATE SCHEMA IF NOT EXISTS main.jdbc_first");
            }
            try (Connection connection = common.connect("ConnCatalog=main", "ConnSchema=jdbc_first")) {
                expect(query(connection, "SELECT current_catalog(), current_schema()"), List.of(List.of("main", "jdbc_first")));
            }
            failure(() -> query(common.connect("ConnCatalog=main", "ConnSchema=missing"), "SELECT 1"));
        });
        test("parameters of the session", "session parameters", () -> {
            try (Connection connection = common.connect("TIMEZONE=America/Los_Angeles")) {
                expect(query(connection, "SET TIMEZONE"), List.of(List.of("TIMEZONE", "America/Los_Angeles")));
            }
        });
    }

    static void types() throws Exception {
        test("whole numbers", "BOOLEAN and integers", () -> expectRow(
                "SELECT true, false, CAST(-128 AS TINYINT), CAST(-32768 AS SMALLINT), -2147483648, 9223372036854775807L",
                true, false, (byte) -128, (short) -32768, -2147483648, 9223372036854775807L));
        test("floating numbers", "FLOAT and DOUBLE", () -> expectRow("SELECT CAST(1.5 AS FLOAT), 2.25D, CAST('-Infinity' AS DOUBLE)",
                1.5f, 2.25, Double.NEGATIVE_INFINITY));
        test("decimals", "DECIMAL", () -> expectRow(
                "SELECT CAST('-123.45' AS DECIMAL(10,2)), CAST('12345678901234567890123456789012345678' AS DECIMAL(38,0))",
                new BigDecimal("-123.45"), new BigDecimal("12345678901234567890123456789012345678")));
        test("texts", "STRING and BINARY", () -> expectRow("SELECT 'ä😀', '', 'a\"b\\\\c\\nd', X'00ff', X''",
                "ä😀", "", "a\"b\\c\nd", new byte[] {0, (byte) 255}, new byte[0]));
        test("times", "DATE, TIMESTAMP, TIMESTAMP_NTZ", () -> expectRow(
                "SELECT DATE '2024-02-29', TIMESTAMP '2024-02-29T12:34:56.123456Z', TIMESTAMP_NTZ '2024-02-29T12:34:56.5', "
                        + "DATE '0001-01-01', DATE '9999-12-31'",
                Date.valueOf("2024-02-29"), moment("2024-02-29T12:34:56.123456Z"), moment("2024-02-29T12:34:56.5Z"),
                Date.valueOf("0001-01-01"), Date.valueOf("9999-12-31")));
        test("nested", "ARRAY, MAP, STRUCT", () -> {
            try (Connection connection = common.connect()) {
                List<Object> row = query(connection, "SELECT array(1, NULL), map('k', 1), named_struct('p', 1, 'q', array('z'))").get(0);
                expect(row.get(0).toString(), "[1,null]");
                expect(row.get(1).toString(), "{\"k\":1}");
                expect(row.get(2).toString(), "{\"p\":1,\"q\":[\"z\"]}");
            }
        });
        test("nothing", "VOID", () -> expectRow("SELECT NULL", (Object) null));
        test("nulls", "NULL of every type", () -> {
            List<String> kinds = List.of("BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE", "DECIMAL(38,10)", "STRING", "BINARY",
                    "DATE", "TIMESTAMP", "TIMESTAMP_NTZ", "ARRAY<INT>", "MAP<STRING, INT>", "STRUCT<a: INT>");
            try (Connection connection = common.connect()) {
                List<String> nulls = kinds.stream().map(kind -> "CAST(NULL AS " + kind + ")").toList();
                List<Object> row = query(connection, "SELECT " + String.join(", ", nulls.subList(0, 13))).get(0);
                expect(row, Arrays.asList(new Object[13]));
                StringBuilder columns = new StringBuilder();
                for (int at = 0; at < kinds.size(); at++) {
                    columns.append(at == 0 ? "c" : ", c").append(at).append(' ').append(kinds.get(at));
                }
                update(connection, "CREATE OR REPLACE TABLE main.default.jdbc_nulls (" + columns + ")");
                update(connection, "INSERT INTO main.default.jdbc_nulls VALUES (" + String.join(", ", java.util.Collections.nCopies(16, "NULL")) + ")");
                expect(query(connection, "SELECT * FROM main.default.jdbc_nulls").get(0), Arrays.asList(new Object[16]));
            }
        });
    }

    static final String MIXED = "SELECT id, CASE WHEN id % 3 = 0 THEN NULL ELSE id END, CASE WHEN id % 2 = 0 THEN NULL ELSE CAST(id AS STRING) END, "
            + "id % 5 = 0, CAST(id AS DOUBLE), CAST(id AS DECIMAL(10,2)), X'00' FROM range(100) ORDER BY id";

    static void expectMixed(Connection connection, String sql) throws SQLException {
        List<List<Object>> rows = query(connection, sql);
        expect(rows.size(), 100);
        for (int id = 0; id < 100; id++) {
            List<Object> wanted = new ArrayList<>(Arrays.asList((long) id, id % 3 == 0 ? null : (long) id, id % 2 == 0 ? null : String.valueOf(id),
                    id % 5 == 0, (double) id, new BigDecimal(id + ".00")));
            expect(rows.get(id).subList(0, 6), wanted);
            expect(rows.get(id).get(6), new byte[] {0});
        }
    }

    static void results() throws Exception {
        try (Sandbox plain = new Sandbox("--results", "arrow"); Sandbox old = new Sandbox("--results", "columns")) {
            test("LZ4", "LZ4 frames", () -> {
                try (Connection connection = common.connect()) {
                    expectMixed(connection, MIXED + " -- LZ4");
                }
                expect(common.control("GET", "log", "").contains(" -- LZ4\", \"lz4\": true"), "the driver did not ask for LZ4");
            });
            test("Arrow", "Arrow batches", () -> {
                try (Connection connection = plain.connect()) {
                    expectMixed(connection, MIXED);
                }
            });
            test("column sets", "column sets", () -> {
                try (Connection connection = old.connect()) {
                    expectMixed(connection, MIXED);
                }
            });
        }
        test("pages", "pages beyond one fetch", () -> {
            try (Connection connection = common.connect("RowsFetchedPerBlock=50000")) {
                List<List<Object>> rows = query(connection, "SELECT id FROM range(123457)");
                expect(rows.size(), 123457);
                for (int at = 0; at < rows.size(); at++) {
                    expect(rows.get(at).get(0), (long) at);
                }
            }
            expect(common.calls("FetchResults", "range(123457)") > 0, "no page was fetched");
        });
        test("several results", "several results open at once", () -> {
            try (Connection connection = common.connect(); Statement one = connection.createStatement();
                    Statement other = connection.createStatement()) {
                ResultSet first = one.executeQuery("SELECT id FROM range(120000)");
                ResultSet second = other.executeQuery("SELECT id FROM range(100000, 220000)");
                expect(first.next() && second.next(), "no rows");
                expect(second.getLong(1), 100000L);
                expect(first.getLong(1), 0L);
                expect(List.of(read(first).size(), read(second).size()), List.of(119999, 119999));
            }
        });
        test("large value", "a value of 16 MiB", () -> {
            try (Connection connection = common.connect()) {
                expect(((String) query(connection, "SELECT repeat('x', 16777216)").get(0).get(0)).length(), 16777216);
            }
        });
        test("no rows", "a result without rows", () -> {
            try (Connection connection = common.connect()) {
                expect(query(connection, "SELECT id, 'x' AS s FROM range(0)"), List.of());
            }
        });
    }

    static String run(String statement, double seconds) {
        return "'rpc': 'ExecuteStatement', 'statement': '" + statement + "', 'action': 'run', 'seconds': " + seconds;
    }

    static void statements() throws Exception {
        test("polling", "polling", () -> common.faulty(run("polled by JDBC", 1.2), () -> {
            expectRow("SELECT 'polled by JDBC' AS s", "polled by JDBC");
            expect(common.calls("GetOperationStatus", "polled by JDBC") >= 2, "the statement was not polled");
        }));
        test("cancel", "cancel", () -> common.faulty(run("cancelled by JDBC", 60), () -> {
            try (Connection connection = common.connect(); Statement statement = connection.createStatement()) {
                Thread other = new Thread(() -> {
                    try {
                        while (common.calls("GetOperationStatus", "cancelled by JDBC") == 0) {
                            Thread.sleep(20);
                        }
                        statement.cancel();
                    } catch (Exception error) {
                        throw new IllegalStateException(error);
                    }
                });
                other.start();
                Instant started = Instant.now();
                failure(() -> statement.executeQuery("SELECT 'cancelled by JDBC' AS s"));
                other.join();
                expect(Duration.between(started, Instant.now()).toSeconds() < 30, "took too long");
                expect(common.calls("CancelOperation", "cancelled by JDBC") > 0, "the server was not told");
            }
        }));
        test("time limit", "time limit of a statement", () -> common.faulty(run("too long for JDBC", 60), () -> {
            try (Connection connection = common.connect(); Statement statement = connection.createStatement()) {
                statement.setQueryTimeout(1);
                Instant started = Instant.now();
                failure(() -> statement.executeQuery("SELECT 'too long for JDBC' AS s"));
                expect(Duration.between(started, Instant.now()).toSeconds() < 30, "took too long");
            }
        }));
        test("parameters", "parameters by place; parameters of each type", () -> {
            try (Connection connection = common.connect(); PreparedStatement statement = connection.prepareStatement(
                    "SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '?' AS q, ?")) {
                Object[] given = {true, (byte) -1, (short) 2, 3, 4L, 1.5f, 2.5, new BigDecimal("12.50"), "it's \\ `q`", Date.valueOf("2024-01-02"),
                        moment("2024-01-02T03:04:05.678901Z")};
                statement.setBoolean(1, true);
                statement.setByte(2, (byte) -1);
                statement.setShort(3, (short) 2);
                statement.setInt(4, 3);
                statement.setLong(5, 4);
                statement.setFloat(6, 1.5f);
                statement.setDouble(7, 2.5);
                statement.setBigDecimal(8, (BigDecimal) given[7]);
                statement.setString(9, (String) given[8]);
                statement.setDate(10, (Date) given[9]);
                statement.setTimestamp(11, (Timestamp) given[10]);
                statement.setNull(12, Types.VARCHAR);
                List<Object> row = read(statement.executeQuery()).get(0);
                expect(row.subList(0, given.length), Arrays.asList(given));
                expect(row.subList(given.length, 13), Arrays.asList("?", null));
            }
        });
        test("errors", "errors with SQLSTATE; a session goes on after an error", () -> {
            try (Connection connection = common.connect()) {
                String[][] cases = {{"SELECT * FROM main.default.missing", "42P01"}, {"SELECT nothing FROM range(1)", "42703"}, {"SELECT 1 FROM", "42601"},
                        {"SELECT 1/0", "22012"}, {"SELECT CAST('1.0' AS INT)", "22018"}, {"SELECT no_such_function(1)", "0A000"}};
                for (String[] one : cases) {
                    expectState(connection, one[1], one[0]);
                    expect(query(connection, "SELECT 1"), List.of(List.of(1)));
                }
            }
        });
        test("changes", "CREATE and DROP; rows changed are counted; VERSION AS OF", () -> {
            try (Connection connection = common.connect()) {
                update(connection, "CREATE SCHEMA IF NOT EXISTS main.jdbc");
                update(connection, "USE main.jdbc");
                update(connection, "CREATE TABLE c (a INT, b STRING)");
                expect(update(connection, "INSERT INTO c VALUES (1, 'x'), (2, 'y'), (3, NULL)"), 3);
                expect(update(connection, "UPDATE c SET b = 'z' WHERE a < 3"), 2);
                expect(update(connection, "DELETE FROM c WHERE a = 3"), 1);
                expect(query(connection, "SELECT a, b FROM c ORDER BY a"), List.of(List.of(1, "z"), List.of(2, "z")));
                expect(query(connection, "SELECT a FROM c VERSION AS OF 1 ORDER BY a"), List.of(List.of(1), List.of(2), List.of(3)));
                update(connection, "DROP TABLE c");
                expectState(connection, "42P01", "SELECT * FROM c");
            }
        });
        test("transactions", "transactions are refused", () -> {
            try (Connection connection = common.connect()) {
                failure(() -> {
                    connection.setAutoCommit(false);
                    update(connection, "BEGIN TRANSACTION");
                });
                expectState(connection, "0A000", "BEGIN TRANSACTION");
            }
        });
        test("temporary views", "temporary views of two sessions", () -> {
            try (Connection one = common.connect(); Connection other = common.connect()) {
                update(one, "CREATE OR REPLACE TEMPORARY VIEW mine AS SELECT 1 AS a");
                expect(query(one, "SELECT * FROM mine"), List.of(List.of(1)));
                expectState(other, "42P01", "SELECT * FROM mine");
            }
        });
    }

    static List<Object> column(ResultSet result, String name) throws SQLException {
        List<Object> values = new ArrayList<>();
        while (result.next()) {
            values.add(result.getObject(name));
        }
        return values;
    }

    static void listing() throws Exception {
        test("listing calls", "listing calls", () -> {
            try (Connection connection = common.connect()) {
                update(connection, "CREATE OR REPLACE TABLE main.default.jdbc_listed (id INT NOT NULL COMMENT 'key', at TIMESTAMP)");
                expect(column(connection.getMetaData().getCatalogs(), "TABLE_CAT").contains("main"), "no catalog main");
                expect(column(connection.getMetaData().getSchemas("main", "def%"), "TABLE_SCHEM"), List.of("default"));
                expect(column(connection.getMetaData().getTables("main", "default", "jdbc_list%", null), "TABLE_NAME"), List.of("jdbc_listed"));
                expect(column(connection.getMetaData().getColumns("main", "default", "jdbc_listed", "%"), "COLUMN_NAME"), List.of("id", "at"));
            }
        });
        test("listing by SQL", "listing by SQL", () -> {
            try (Connection connection = common.connect()) {
                update(connection, "CREATE OR REPLACE TABLE main.default.jdbc_listed (id INT NOT NULL COMMENT 'key', at TIMESTAMP)");
                expect(query(connection, "SHOW CATALOGS").contains(List.of("main")), "no catalog main");
                expect(query(connection, "SHOW TABLES IN main.default LIKE 'jdbc_list*'"), List.of(List.of("default", "jdbc_listed", false)));
                expect(query(connection, "DESCRIBE TABLE main.default.jdbc_listed"),
                        List.of(List.of("id", "int", "key"), Arrays.asList("at", "timestamp", null)));
                expect(query(connection, "SELECT column_name FROM main.information_schema.columns WHERE table_name = 'jdbc_listed' ORDER BY 1"),
                        List.of(List.of("at"), List.of("id")));
            }
        });
    }

    static void outside() throws Exception {
        test("cold start", "starting compute (503 with Retry-After)", () -> common.faulty(
                "'rpc': 'OpenSession', 'action': 'cold_start', 'seconds': 1.5, 'retry_after': 1", () -> expectRow("SELECT 1", 1)));
        test("page again", "a page is asked for again after 503", () -> common.faulty("'rpc': 'FetchResults', 'statement': 'fetched again', "
                + "'action': 'status', 'status': 503, 'headers': {'Retry-After': '1'}", () -> {
                    try (Connection connection = common.connect()) {
                        expect(query(connection, "SELECT id, 'fetched again' AS s FROM range(130000)").size(), 130000);
                    }
                    expect(common.calls("FetchResults", "fetched again") > 1, "the page was not asked for again");
                }));
        test("lost session", "a lost session is told", () -> common.faulty(
                "'rpc': 'ExecuteStatement', 'statement': 'lost from JDBC', 'action': 'lost_session'", () -> {
                    try (Connection connection = common.connect()) {
                        failure(() -> query(connection, "SELECT 'lost from JDBC' AS s"));
                    }
                }));
    }

    public static void main(String[] arguments) throws Exception {
        TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
        java.util.logging.LogManager.getLogManager().reset();
        Files.createDirectories(RESULTS.getParent());
        Files.writeString(RESULTS, "");
        try (Sandbox sandbox = new Sandbox()) {
            common = sandbox;
            connecting();
            types();
            results();
            statements();
            listing();
            outside();
        }
        System.out.println(passed + " passed, " + failed.size() + " failed");
        System.exit(failed.isEmpty() ? 0 : 1);
    }
}
