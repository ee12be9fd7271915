import { afterAll, beforeAll, expect, test } from 'bun:test'
import { SERVICES, type Service } from '@darkroom/contracts/routes'
import postgres from 'postgres'
import { createTestDatabase } from '../../testing/test-resources.ts'
import { TABLE_GRANTS } from './role-grants.ts'
import { nameRole, prepareRoles, type RequestedRole, withUser } from './roles.ts'

const stack = new AsyncDisposableStack()
let url: string
let owner: postgres.Sql

beforeAll(async () => {
  url = stack.use(await createTestDatabase()).url
  owner = open(url)
})
afterAll(() => stack.disposeAsync())

function open(url: string): postgres.Sql {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  stack.defer(() => sql.end({ timeout: 1 }))
  return sql
}

function request(service: Service, password = `password of ${service}`): RequestedRole {
  return { service, user: nameRole(service, new URL(url).pathname.slice(1)), password, isOwn: true }
}

const prepare = (roles = SERVICES.map(service => request(service))) => prepareRoles({ url, roles })
const openAs = (service: Service) => open(withUser(url, request(service).user, `password of ${service}`))
const readProblems = async (roles?: RequestedRole[]) => (await prepare(roles)).map(({ problem }) => problem)

async function readCode(query: PromiseLike<unknown>): Promise<string> {
  return await Promise.resolve(query).then(
    () => 'allowed',
    error => error.code,
  )
}

test('names every table of the schema', async () => {
  const tables = await owner<{ name: string }[]>`
    select relname::text as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm')`
  expect(tables.map(({ name }) => name).filter(name => !(name in TABLE_GRANTS))).toEqual([])
})

test('no function runs with the rights of its owner', async () => {
  const functions = await owner`
    select proname from pg_proc where pronamespace = 'public'::regnamespace and prosecdef`
  expect([...functions]).toEqual([])
})

test('creates the roles once, however many start at the same time', async () => {
  const all = await Promise.all([prepare(), prepare(), prepare()])
  expect(all.flat().map(({ problem }) => problem)).toEqual(Array(9).fill(undefined))
  for (const service of SERVICES) {
    const sql = openAs(service)
    const [row] = await sql`
      select session_user::text as name, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls,
        current_setting('search_path') as path, current_setting('statement_timeout') as timeout,
        exists (select from pg_class where relowner = r.oid) as "isOwner",
        exists (select from pg_auth_members where member = r.oid) as "isMember"
      from pg_roles r where rolname = session_user`
    expect(row).toEqual({
      name: request(service).user,
      ...{ rolsuper: false, rolcreatedb: false, rolcreaterole: false, rolreplication: false, rolbypassrls: false },
      ...{ path: 'public, pg_temp', timeout: '15s', isOwner: false, isMember: false },
    })
  }
})

test('query writes nothing, whatever it sets, and reads neither keys nor what only others need', async () => {
  await prepare()
  const query = openAs('query')
  expect(await readCode(query`select count(*) from generations`)).toBe('allowed')
  expect(await readCode(query`create table mine (id int)`)).toBe('25006')
  await query`set default_transaction_read_only = off`
  for (const table of Object.keys(TABLE_GRANTS).filter(name => name !== 'unfinished_restore')) {
    expect(await readCode(query`insert into ${query(table)} default values`)).toBe('42501')
    expect(await readCode(query`delete from ${query(table)}`)).toBe('42501')
    expect(await readCode(query`truncate ${query(table)}`)).toBe('42501')
  }
  for (const statement of [
    'create table mine (id int)',
    'create temporary table mine (id int)',
    'create schema mine',
    'create role mine',
    "select lo_from_bytea(0, 'mine')",
    'select lo_create(0)',
    "select nextval('outbox_id_seq')",
    'select * from connections',
    'select key_sealed from connections',
    'select key_hmac from connections',
    'select * from outbox',
    'select * from migrations',
    'select rolpassword from pg_authid',
    "select pg_read_file('PG_VERSION')",
    "copy generations to program 'cat'",
    'select write_document(id) from generations union all select write_words(gen_random_uuid())',
    `set role ${request('ingest').user}`,
    'alter table generations add column mine int',
    'alter role current_user superuser',
  ]) {
    expect([statement, await readCode(query.unsafe(statement))]).toEqual([statement, '42501'])
  }
  expect(await readCode(query`listen outbox`)).toBe('allowed')
  expect(await readCode(query`select id, name, state from connections`)).toBe('allowed')
})

test.each(['ingest', 'processor'] as const)('%s writes rows, and changes no table', async service => {
  await prepare()
  const sql = openAs(service)
  expect(await readCode(sql`update generations set prompt = prompt`)).toBe('allowed')
  const codes = ['create table mine (id int)', 'drop table outbox', 'truncate outbox', 'delete from migrations']
  for (const statement of codes) expect(await readCode(sql.unsafe(statement))).toBe('42501')
})

test('what a service has set for its own role lasts until the next start', async () => {
  await prepare()
  const query = openAs('query')
  await query.unsafe('set default_transaction_read_only = off')
  await query.unsafe("alter role current_user set work_mem = '999MB'")
  await prepare()
  const [role] = await owner<{ rolconfig: string[] | null }[]>`
    select rolconfig from pg_roles where rolname = ${request('query').user}`
  expect(role?.rolconfig).toBeNull()
  const [setting] = await openAs('query')<{ search_path: string }[]>`show search_path`
  expect(setting?.search_path).toContain('pg_temp')
})

test('a table of a later migration is written by ingest and processor at once, and query cannot read it', async () => {
  await prepare()
  await owner`create table later (id bigint generated always as identity, number serial)`
  for (const round of [1, 2]) {
    for (const service of ['ingest', 'processor'] as const)
      expect([round, await readCode(openAs(service)`insert into later default values`)]).toEqual([round, 'allowed'])
    expect(await readCode(openAs('query')`select from later`)).toBe('42501')
    await prepare()
  }
})

test('a right that was given to a role besides is revoked', async () => {
  await prepare()
  const { user } = request('query')
  await owner`grant insert on outbox to ${owner(user)}`
  await owner`grant select (key_sealed) on connections to ${owner(user)}`
  await prepare()
  expect(await readCode(openAs('query')`insert into outbox default values`)).not.toBe('allowed')
  expect(await readCode(openAs('query')`select key_sealed from connections`)).toBe('42501')
})

test('a password is never in a statement, and is stored as SCRAM', async () => {
  await prepare()
  const stored = await owner`
    select rolpassword from pg_authid where rolname = any(${SERVICES.map(service => request(service).user)})`
  expect(stored.map(({ rolpassword }) => rolpassword.split('$')[0])).toEqual(Array(3).fill('SCRAM-SHA-256'))
})

test('the password of a role in use is not changed by another host; of one that nobody uses it is', async () => {
  await prepare()
  const role = request('query', 'another password')
  const query = openAs('query')
  await query`select 1`
  expect(await readProblems([role])).toEqual([`another host uses ${role.user} with another password`])
  await query.end()
  await owner`select pg_terminate_backend(pid) from pg_stat_activity where usename = ${role.user}`
  // A session is listed until its process has ended.
  const isUnused = async () => (await owner`select from pg_stat_activity where usename = ${role.user}`).length === 0
  while (!(await isUnused())) await Bun.sleep(10)
  expect(await readProblems([role])).toEqual([undefined])
  expect(await readProblems([request('query')])).toEqual([undefined])
})

test("an owner that may create no roles leaves them alone and says so, and an operator's role is granted its rights", async () => {
  const database = new URL(url).pathname.slice(1)
  const [plain, hand] = [`${database}_plain`, `${database}_hand`]
  await owner.unsafe(`create role ${plain} login password 'plain'; create role ${hand} login password 'hand';
    create schema app authorization ${plain}; grant connect, create on database ${database} to ${plain};
    alter role ${plain} set search_path = app`)
  const plainUrl = withUser(url, plain, 'plain')
  const plainOwner = open(plainUrl)
  await plainOwner`create table generations (id int)`
  const roles: RequestedRole[] = [
    { service: 'ingest', user: `${database}_none`, password: 'x', isOwn: true },
    { service: 'processor', user: plain, password: 'plain', isOwn: false },
    { service: 'query', user: hand, password: 'hand', isOwn: false },
    { service: 'query', user: hand, password: 'hand', isOwn: true },
  ]
  const prepared = await prepareRoles({ url: plainUrl, roles })
  expect(prepared.map(({ problem }) => problem)).toEqual([
    `${plain} may not create roles`,
    `${plain} owns the tables`,
    undefined,
    `there is a role ${hand} that Darkroom has not created`,
  ])
  expect(await readCode(open(withUser(url, hand, 'hand'))`select * from app.generations`)).toBe('allowed')
  expect(await readCode(open(withUser(url, hand, 'hand'))`delete from app.generations`)).toBe('42501')
  await owner.unsafe(
    `drop schema app cascade; drop owned by ${plain}; drop owned by ${hand}; drop role ${plain}, ${hand}`,
  )
})

test('a name that would be too long is shortened, and is another one for another database', () => {
  expect(nameRole('ingest', 'darkroom')).toBe('darkroom_ingest')
  const [first, second] = ['a', 'b'].map(end => nameRole('processor', `${'x'.repeat(62)}${end}`))
  expect(first).not.toBe(second)
  expect(first).toMatch(/^.{1,63}$/)
})
