// Drives the sandbox with the official Node driver as it is published. Run by `scripts/test node`, from the top of the checkout.
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const https = require('node:https');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { DBSQLClient, DBSQLParameter, DBSQLParameterType } = require('@databricks/sql');

const WAREHOUSE = '/sql/1.0/warehouses/sandbox';
const CLUSTER = '/sql/protocolv1/o/0/sandbox';
const RESULTS = 'build/conformance/node.txt';
const sleep = (milliseconds) => new Promise((done) => { setTimeout(done, milliseconds); });
const quiet = { log() {}, setLevel() {} };

let common;

// A sandbox in a process of its own, started the way a person starts it. The driver speaks https alone.
async function start(...options) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sandbox-'));
  const [port, ca] = [path.join(folder, 'port'), path.join(folder, 'ca.pem')];
  const child = spawn('scripts/sandbox', ['--tls', '--ca-file', ca, '--port-file', port, ...options], { stdio: 'ignore' });
  for (let tries = 0; !fs.existsSync(port); tries++) {
    assert.ok(child.exitCode === null && tries < 6000, 'the sandbox did not start');
    await sleep(10);
  }
  return { child, port: Number(fs.readFileSync(port, 'utf8')), ca: fs.readFileSync(ca) };
}

function control(server, method, call, body) {
  return new Promise((done, fail) => {
    const options = { host: '127.0.0.1', port: server.port, path: `/control/${call}`, method, ca: server.ca, agent: false };
    https.request(options, (answer) => {
      let text = '';
      answer.on('data', (part) => { text += part; });
      answer.on('end', () => (answer.statusCode === 200 ? done(JSON.parse(text)) : fail(new Error(text))));
    }).on('error', fail).end(body && JSON.stringify(body));
  });
}

async function calls(name, text) {
  const log = await control(common, 'GET', 'log');
  return log.calls.filter((call) => call.rpc === name && (call.statement || '').includes(text));
}

async function faulty(rule, body) {
  await control(common, 'POST', 'faults', { rules: [rule] });
  try {
    await body();
  } finally {
    await control(common, 'DELETE', 'faults');
  }
}

const held = (statement, seconds) => ({ rpc: 'ExecuteStatement', statement, action: 'run', seconds });

// A client with one session, for the length of `body`.
async function connected(options, body) {
  const { server = common, httpPath = WAREHOUSE, session = {}, ...rest } = options;
  const client = new DBSQLClient({ logger: quiet });
  client.on('error', () => {});
  try {
    await client.connect({
      host: '127.0.0.1', port: server.port, path: httpPath, token: 'sandbox', customCaCert: server.ca, telemetryEnabled: false,
      preserveBigNumericPrecision: true, ...rest,
    });
    const opened = await client.openSession(session);
    await body(opened);
    await opened.close();
  } finally {
    await client.close();
  }
}

async function query(session, sql, options = {}) {
  const operation = await session.executeStatement(sql, { useCloudFetch: false, useLZ4Compression: true, ...options });
  const rows = await operation.fetchAll();
  await operation.close();
  return rows.map((row) => Object.values(row));
}

const expectRow = (sql, wanted) => connected({}, async (session) => assert.deepEqual(await query(session, sql), [wanted]));

// A test: once it has passed, it covers these rows of the table in sandbox/README.md.
function covers(features, name, body) {
  test(name, async () => {
    await body();
    fs.appendFileSync(RESULTS, features.map((feature) => `Node\t${feature}\t${name}\n`).join(''));
  });
}

const fails = (session, sql, state, options) => assert.rejects(query(session, sql, options), (error) => {
  assert.match(String(error.message), new RegExp(`SQLSTATE: ${state}`));
  return true;
});

before(async () => {
  fs.mkdirSync(path.dirname(RESULTS), { recursive: true });
  fs.writeFileSync(RESULTS, '');
  common = await start();
});
after(() => common.child.kill());

// Connecting

for (const [httpPath, feature] of [[WAREHOUSE, 'connect to a warehouse'], [CLUSTER, 'connect to a cluster']]) {
  covers([feature], httpPath, () => connected({ httpPath }, async (session) => assert.deepEqual(await query(session, 'SELECT 1'), [[1]])));
}
covers(['wrong token refused (401)'], 'a wrong token', () => assert.rejects(connected({ token: 'wrong' }, () => {}), /401/));
covers(['TLS with an own CA'], 'authority', () => assert.rejects(connected({ customCaCert: undefined }, () => {}), /certificate/));
covers(['initial catalog and schema'], 'namespace', async () => {
  await connected({}, (session) => query(session, 'CREATE SCHEMA IF NOT EXISTS main.node_first'));
  await connected({ session: { initialCatalog: 'main', initialSchema: 'node_first' } }, async (session) => {
    assert.deepEqual(await query(session, 'SELECT current_catalog(), current_schema()'), [['main', 'node_first']]);
  });
  await assert.rejects(connected({ session: { initialCatalog: 'main', initialSchema: 'missing' } }, () => {}), { message: /SCHEMA_NOT_FOUND/ });
});
covers(['session parameters'], 'parameters of the session', () => connected(
  { session: { configuration: { TIMEZONE: 'America/Los_Angeles' } } },
  async (session) => assert.deepEqual(await query(session, 'SET TIMEZONE'), [['TIMEZONE', 'America/Los_Angeles']]),
));

// Types

covers(['BOOLEAN and integers'], 'whole numbers', () => expectRow(
  'SELECT true, false, CAST(-128 AS TINYINT), CAST(-32768 AS SMALLINT), -2147483648, 9223372036854775807L',
  [true, false, -128, -32768, -2147483648, 9223372036854775807n],
));
covers(['FLOAT and DOUBLE'], 'floating numbers', () => expectRow("SELECT CAST(1.5 AS FLOAT), 2.25D, CAST('-Infinity' AS DOUBLE)", [1.5, 2.25, -Infinity]));
covers(['DECIMAL'], 'decimals', () => expectRow(
  "SELECT CAST('-123.45' AS DECIMAL(10,2)), CAST('12345678901234567890123456789012345678' AS DECIMAL(38,0))",
  ['-123.45', '12345678901234567890123456789012345678'],
));
covers(['STRING and BINARY'], 'texts', () => expectRow(
  "SELECT 'ä😀' AS a, '' AS b, 'a\"b\\\\c\\nd' AS c, X'00ff' AS d, X'' AS e",
  ['ä😀', '', 'a"b\\c\nd', Buffer.from([0, 255]), Buffer.alloc(0)],
));
covers(['DATE, TIMESTAMP, TIMESTAMP_NTZ'], 'times', () => expectRow(
  "SELECT DATE '2024-02-29' AS a, TIMESTAMP '2024-02-29T12:34:56.123Z' AS b, TIMESTAMP_NTZ '2024-02-29T12:34:56.5' AS c, DATE '9999-12-31' AS d",
  ['2024-02-29', '2024-02-29T12:34:56.123Z', '2024-02-29T12:34:56.5Z', '9999-12-31'].map((text) => new Date(text)),
));
covers(['ARRAY, MAP, STRUCT'], 'nested', () => expectRow(
  "SELECT array(1, NULL) AS a, map('k', 1) AS b, named_struct('p', 1, 'q', array('z')) AS c",
  [[1, null], { k: 1 }, { p: 1, q: ['z'] }],
));
covers(['VOID'], 'nothing', () => expectRow('SELECT NULL', [null]));
covers(['NULL of every type'], 'nulls', () => connected({}, async (session) => {
  const kinds = ['BOOLEAN', 'TINYINT', 'SMALLINT', 'INT', 'BIGINT', 'FLOAT', 'DOUBLE', 'DECIMAL(38,10)', 'STRING', 'BINARY', 'DATE',
    'TIMESTAMP', 'TIMESTAMP_NTZ', 'ARRAY<INT>', 'MAP<STRING, INT>', 'STRUCT<a: INT>'];
  await query(session, `CREATE OR REPLACE TABLE main.default.node_nulls (${kinds.map((kind, at) => `c${at} ${kind}`).join(', ')})`);
  await query(session, `INSERT INTO main.default.node_nulls VALUES (${kinds.map(() => 'NULL').join(', ')})`);
  assert.deepEqual(await query(session, 'SELECT * FROM main.default.node_nulls'), [kinds.map(() => null)]);
}));

// Results

const MIXED = `SELECT id, CASE WHEN id % 3 = 0 THEN NULL ELSE id END AS n, CASE WHEN id % 2 = 0 THEN NULL ELSE CAST(id AS STRING) END AS s,
  id % 5 = 0 AS b, CAST(id AS DOUBLE) AS d, X'00' AS x FROM range(100) ORDER BY id`;

async function expectMixed(session, sql, options) {
  const rows = await query(session, sql, options);
  assert.equal(rows.length, 100);
  rows.forEach((row, id) => {
    // From column sets a BIGINT comes as a number.
    const numbers = row.map((value) => (typeof value === 'bigint' ? Number(value) : value));
    assert.deepEqual(numbers, [id, id % 3 ? id : null, id % 2 ? String(id) : null, id % 5 === 0, id, Buffer.from([0])]);
  });
}

covers(['LZ4 frames'], 'LZ4', async () => {
  await connected({}, (session) => expectMixed(session, `${MIXED} -- LZ4 by Node`));
  assert.equal((await calls('ExecuteStatement', 'LZ4 by Node'))[0].lz4, true);
});
covers(['Arrow batches'], 'Arrow', async () => {
  await connected({}, (session) => expectMixed(session, `${MIXED} -- Arrow by Node`, { useLZ4Compression: false }));
  assert.equal((await calls('ExecuteStatement', 'Arrow by Node'))[0].lz4, false);
});
covers(['column sets'], 'column sets', async () => {
  const old = await start('--results', 'columns');
  try {
    await connected({ server: old }, (session) => expectMixed(session, MIXED));
  } finally {
    old.child.kill();
  }
});
covers(['pages beyond one fetch'], 'pages', async () => {
  await connected({}, async (session) => {
    const rows = await query(session, 'SELECT id FROM range(123457)', { maxRows: 25000 });
    assert.equal(rows.length, 123457);
    rows.forEach((row, at) => assert.equal(row[0], BigInt(at)));
  });
  assert.ok((await calls('FetchResults', 'range(123457)')).length >= 1);
});
covers(['several results open at once'], 'several results', () => connected({}, async (session) => {
  const options = { useCloudFetch: false, maxRows: 10000 };
  const first = await session.executeStatement('SELECT id FROM range(30000)', options);
  const second = await session.executeStatement('SELECT id FROM range(100000, 130000)', options);
  assert.equal((await second.fetchChunk({ maxRows: 1 }))[0].id, 100000n);
  assert.equal((await first.fetchChunk({ maxRows: 1 }))[0].id, 0n);
  assert.deepEqual([(await first.fetchAll()).length, (await second.fetchAll()).length], [29999, 29999]);
}));
covers(['a value of 16 MiB'], 'large value', () => connected({}, async (session) => {
  assert.equal((await query(session, "SELECT repeat('x', 16777216)"))[0][0].length, 16777216);
}));
covers(['a result without rows'], 'no rows', () => connected({}, async (session) => {
  assert.deepEqual(await query(session, "SELECT id, 'x' AS s FROM range(0)"), []);
}));

// Statements

covers(['polling'], 'polling', () => faulty(held('polled by Node', 1.2), async () => {
  await expectRow("SELECT 'polled by Node' AS s", ['polled by Node']);
  assert.ok((await calls('GetOperationStatus', 'polled by Node')).length >= 2);
}));
covers(['cancel'], 'cancel', () => faulty(held('cancelled by Node', 60), () => connected({}, async (session) => {
  const operation = await session.executeStatement("SELECT 'cancelled by Node' AS s", { useCloudFetch: false });
  const started = Date.now();
  const fetched = assert.rejects(operation.fetchAll());
  await sleep(300);
  await operation.cancel();
  await fetched;
  assert.ok(Date.now() - started < 30000);
  assert.ok((await calls('CancelOperation', 'cancelled by Node')).length > 0);
})));
covers(['time limit of a statement'], 'time limit', () => faulty(held('too long for Node', 60), () => connected({}, async (session) => {
  const started = Date.now();
  await assert.rejects(query(session, "SELECT 'too long for Node' AS s", { queryTimeout: 1 }));
  assert.ok(Date.now() - started < 30000);
})));
covers(['parameters by name', 'parameters of each type'], 'named parameters', () => connected({}, async (session) => {
  const moment = new Date('2024-01-02T03:04:05.678Z');
  const typed = (type, value) => new DBSQLParameter({ type: DBSQLParameterType[type], value });
  const namedParameters = {
    b: true, t: typed('TINYINT', -1), s: typed('SMALLINT', 2), i: 3, l: 4n, f: typed('FLOAT', 1.5), d: 2.5, n: typed('DECIMAL', '12.50'),
    x: "it's \\ `q`", day: typed('DATE', '2024-01-02'), at: moment, v: null,
  };
  // The driver names no digits, and DECIMAL alone is DECIMAL(10,0).
  const names = Object.keys(namedParameters).map((name) => `:${name} AS ${name}`);
  const [row] = await query(session, `SELECT ${names.join(', ')}`, { namedParameters });
  assert.deepEqual(row, [true, -1, 2, 3, 4n, 1.5, 2.5, '13', "it's \\ `q`", new Date('2024-01-02'), moment, null]);
  await fails(session, 'SELECT :missing', '42P02', { namedParameters: { other: 1 } });
}));
covers(['parameters by place'], 'parameters by place', () => connected({}, async (session) => {
  assert.deepEqual(await query(session, "SELECT ? AS a, '?' AS b, ? AS c", { ordinalParameters: [1, 'two'] }), [[1, '?', 'two']]);
}));
covers(['errors with SQLSTATE', 'a session goes on after an error'], 'errors', () => connected({}, async (session) => {
  for (const [sql, state] of [['SELECT * FROM main.default.missing', '42P01'], ['SELECT nothing', '42703'], ['SELEC 1', '42601'], ['SELECT 1/0', '22012'],
    ["SELECT CAST('1.0' AS INT)", '22018'], ['SELECT no_such_function(1)', '0A000']]) {
    await fails(session, sql, state);
    assert.deepEqual(await query(session, 'SELECT 1'), [[1]]);
  }
}));
covers(['CREATE and DROP', 'rows changed are counted', 'VERSION AS OF'], 'changes', () => connected({}, async (session) => {
  await query(session, 'CREATE OR REPLACE TABLE main.default.node_c (a INT)');
  assert.deepEqual(await query(session, 'INSERT INTO main.default.node_c VALUES (1), (2), (3)'), [[3n, 3n]]);
  assert.deepEqual(await query(session, 'UPDATE main.default.node_c SET a = 0 WHERE a < 3'), [[2n]]);
  assert.deepEqual(await query(session, 'DELETE FROM main.default.node_c WHERE a = 3'), [[1n]]);
  assert.deepEqual(await query(session, 'SELECT a FROM main.default.node_c VERSION AS OF 1 ORDER BY a'), [[1], [2], [3]]);
  await query(session, 'DROP TABLE main.default.node_c');
  await fails(session, 'SELECT * FROM main.default.node_c', '42P01');
}));
covers(['transactions are refused'], 'transactions', () => connected({}, (session) => fails(session, 'BEGIN TRANSACTION', '0A000')));
covers(['temporary views of two sessions'], 'temporary views', () => connected({}, (one) => connected({}, async (other) => {
  await query(one, 'CREATE OR REPLACE TEMPORARY VIEW mine AS SELECT 1 AS a');
  assert.deepEqual(await query(one, 'SELECT * FROM mine'), [[1]]);
  await fails(other, 'SELECT * FROM mine', '42P01');
})));

// Listing

covers(['listing calls'], 'listing calls', () => connected({}, async (session) => {
  await query(session, "CREATE OR REPLACE TABLE main.default.node_listed (id INT NOT NULL COMMENT 'key', at TIMESTAMP)");
  const listed = async (operation, name) => (await (await operation).fetchAll()).map((row) => row[name]);
  assert.ok((await listed(session.getCatalogs(), 'TABLE_CAT')).includes('main'));
  assert.deepEqual(await listed(session.getSchemas({ catalogName: 'main', schemaName: 'def%' }), 'TABLE_SCHEM'), ['default']);
  const where = { catalogName: 'main', schemaName: 'default' };
  assert.deepEqual(await listed(session.getTables({ ...where, tableName: 'node_list%' }), 'TABLE_NAME'), ['node_listed']);
  assert.deepEqual(await listed(session.getColumns({ ...where, tableName: 'node_listed' }), 'COLUMN_NAME'), ['id', 'at']);
}));
covers(['listing by SQL'], 'listing by SQL', () => connected({}, async (session) => {
  await query(session, "CREATE OR REPLACE TABLE main.default.node_listed (id INT NOT NULL COMMENT 'key', at TIMESTAMP)");
  assert.ok((await query(session, 'SHOW CATALOGS')).some((row) => row[0] === 'main'));
  assert.deepEqual(await query(session, "SHOW TABLES IN main.default LIKE 'node_list*'"), [['default', 'node_listed', false]]);
  assert.deepEqual(await query(session, 'DESCRIBE TABLE main.default.node_listed'), [['id', 'int', 'key'], ['at', 'timestamp', null]]);
}));

// What goes wrong outside of a statement

covers(['a lost session is told'], 'lost session', () => faulty(
  { rpc: 'ExecuteStatement', statement: 'lost from Node', action: 'lost_session' },
  () => assert.rejects(connected({}, (session) => query(session, "SELECT 'lost from Node' AS s"))),
));
