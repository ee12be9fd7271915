import { expect, test } from 'bun:test'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import postgres from 'postgres'
import { withUser } from '../../src/database/roles.ts'
import { createTestDatabase, createTestDirectory } from '../../testing/test-resources.ts'
import { prepareServiceDatabases, renewServiceRoles } from './service-databases.ts'

function open(url: string) {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  return {
    sql,
    readUser: async () => (await sql<{ name: string }[]>`select current_user::text as name`)[0]?.name,
    [Symbol.asyncDispose]: () => sql.end({ timeout: 1 }),
  }
}

test('each start gives a service the same role; a host with another secret is the owner, and says why', async () => {
  await using database = await createTestDatabase()
  await using directory = await createTestDirectory()
  await using other = await createTestDirectory()
  const messages: string[] = []
  const options = { config: {}, url: database.url, onMessage: (line: string) => void messages.push(line) }
  const urls = await prepareServiceDatabases({ ...options, dataDir: directory.path })
  await using query = open(urls.query)
  const name = new URL(database.url).pathname.slice(1)
  expect(await query.readUser()).toBe(`${name}_query`)
  expect((await stat(join(directory.path, 'database-roles'))).mode & 0o777).toBe(0o600)
  expect(await prepareServiceDatabases({ ...options, dataDir: directory.path })).toEqual(urls)
  expect(messages).toEqual([])

  const others = await prepareServiceDatabases({ ...options, dataDir: other.path })
  expect(others.query).toBe(database.url)
  expect(messages).toEqual([
    `query uses the database as its owner: another host uses ${name}_query with another password. ` +
      'docs/operations.md, "Roles in the database", says what to do.',
  ])
})

test('a migration beside the launcher creates the roles that settings name, and grants all roles their rights', async () => {
  await using database = await createTestDatabase()
  await using directory = await createTestDirectory()
  const messages: string[] = []
  const options = { url: database.url, onMessage: (line: string) => void messages.push(line) }
  const name = new URL(database.url).pathname.slice(1)
  const given = withUser(database.url, `${name}_reader`, 'p ä%ss')
  const config = { DATABASE_URL_QUERY: given }
  await renewServiceRoles({ ...options, config })
  expect((await prepareServiceDatabases({ ...options, config, dataDir: directory.path })).query).toBe(given)
  const changed = withUser(database.url, `${name}_reader`, 'another')
  await renewServiceRoles({ ...options, config: { DATABASE_URL_QUERY: changed } })
  await using reader = open(changed)
  expect(await reader.readUser()).toBe(`${name}_reader`)

  await using owner = open(database.url)
  await owner.sql`revoke all on generations from ${owner.sql(`${name}_reader`)}, ${owner.sql(`${name}_ingest`)}`
  await renewServiceRoles({ ...options, config: { DATABASE_URL_QUERY: changed } })
  expect(await reader.sql`select count(*) from generations`).toHaveLength(1)
  const [ingest] = await owner.sql`
    select has_table_privilege(${`${name}_ingest`}, 'generations', 'update') as "mayUpdate"`
  expect(ingest?.mayUpdate).toBe(true)
  expect(messages).toEqual([])
})
