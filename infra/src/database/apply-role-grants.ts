import type { Service } from '@darkroom/contracts/routes'
import type postgres from 'postgres'
import { readErrorCode } from '../runtime/error-code.ts'
import { findTableRights, type TableRights } from './role-grants.ts'

/** The database in which rights are granted, and who grants them. */
export interface GrantTarget {
  owner: string
  database: string
  schema: string
  isSuperuser: boolean
  canCreateRoles: boolean
}

interface Grantee {
  service: Service
  user: string
  target: GrantTarget
}

const WRITERS: readonly Service[] = ['ingest', 'processor']
const RIGHTS = { write: 'select, insert, update, delete', read: 'select' } as const
/** Limits of a session that sets none of its own, in ms. */
const TIMEOUTS = { statement_timeout: 15_000, lock_timeout: 5_000, idle_in_transaction_session_timeout: 15_000 }
/** Functions that write, and that everybody may call unless it is revoked. */
const LARGE_OBJECT_FUNCTIONS = [
  'lo_creat(integer)',
  'lo_create(oid)',
  'lo_from_bytea(oid, bytea)',
  'lo_import(text)',
  'lo_import(text, oid)',
]

/** Grants a role what its service needs, and nothing else. */
export async function applyRoleGrants(tx: postgres.TransactionSql, grantee: Grantee): Promise<void> {
  const { service, target } = grantee
  const [user, schema] = [quoteName(grantee.user), quoteName(target.schema)]
  await tryStatement(tx, `grant connect on database ${quoteName(target.database)} to ${user}`)
  await tx.unsafe(`grant usage on schema ${schema} to ${user}`)
  for (const statement of buildTableGrants(grantee, await listTables(tx, target))) await tx.unsafe(statement)
  if (WRITERS.includes(service)) await grantLaterTables(tx, { user, schema })
  await setDefaults(tx, grantee)
}

/** Revokes what every role of the server may do in a database unless it is revoked. Where the owner may not, it stays. */
export async function restrictPublic(tx: postgres.TransactionSql, target: GrantTarget): Promise<void> {
  await tryStatement(tx, `revoke create on schema ${quoteName(target.schema)} from public`)
  await tryStatement(tx, `revoke temporary on database ${quoteName(target.database)} from public`)
  if (!target.isSuperuser) return
  for (const name of LARGE_OBJECT_FUNCTIONS) await tryStatement(tx, `revoke execute on function ${name} from public`)
}

/** Quotes an identifier. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

async function listTables(tx: postgres.TransactionSql, { schema }: GrantTarget): Promise<string[]> {
  const rows = await tx<{ name: string }[]>`
    select relname::text as name from pg_class
    where relnamespace = (select oid from pg_namespace where nspname = ${schema}) and relkind in ('r', 'p', 'v', 'm')
      and pg_has_role(relowner, 'usage') order by 1`
  return rows.map(({ name }) => name)
}

/** Builds the statements that grant a role its rights on tables. What it had before is revoked in the same transaction. */
function buildTableGrants({ service, user, target }: Grantee, tables: readonly string[]): string[] {
  const granted = tables.flatMap(table => {
    const rights = findTableRights(service, table)
    return rights === undefined ? [] : [{ table, rights: formatRights(rights) }]
  })
  const name = (table: string) => `${quoteName(target.schema)}.${quoteName(table)}`
  const groups = Map.groupBy(granted, ({ rights }) => rights)
  const revoke = `revoke all on ${tables.map(name).join(', ')} from ${quoteName(user)}`
  const grants = [...groups].map(
    ([rights, group]) => `grant ${rights} on ${group.map(({ table }) => name(table)).join(', ')} to ${quoteName(user)}`,
  )
  return tables.length === 0 ? [] : [revoke, ...grants]
}

function formatRights(rights: TableRights): string {
  return typeof rights === 'string' ? RIGHTS[rights] : `select (${rights.map(quoteName).join(', ')})`
}

/** Grants a role the sequences that there are, and the tables that a later migration creates before its grants are applied. */
async function grantLaterTables(tx: postgres.TransactionSql, names: { user: string; schema: string }): Promise<void> {
  const { user, schema } = names
  await tx.unsafe(`grant usage, select on all sequences in schema ${schema} to ${user}`)
  await tx.unsafe(`alter default privileges in schema ${schema} grant ${RIGHTS.write} on tables to ${user}`)
  await tx.unsafe(`alter default privileges in schema ${schema} grant usage, select on sequences to ${user}`)
}

/**
 * Sets what a session of the role begins with: the tables' schema, with temporary objects last, so that none takes the name of a
 * table; limits; and for query a transaction that only reads. A role of the operator's may be out of reach: it then has no defaults.
 */
async function setDefaults(tx: postgres.TransactionSql, { service, user, target }: Grantee): Promise<void> {
  const role = `alter role ${quoteName(user)} in database ${quoteName(target.database)} set`
  await tryStatement(tx, `${role} search_path = ${quoteName(target.schema)}, pg_temp`)
  for (const [name, ms] of Object.entries(TIMEOUTS)) await tryStatement(tx, `${role} ${name} = ${ms}`)
  if (service === 'query') await tryStatement(tx, `${role} default_transaction_read_only = on`)
}

/** Runs a statement that the owner may lack the right to. */
async function tryStatement(tx: postgres.TransactionSql, statement: string): Promise<void> {
  try {
    await tx.savepoint(inner => inner.unsafe(statement))
  } catch (error) {
    const code = readErrorCode(error)
    // 42501: not allowed; 42883: a function that this version does not have.
    if (code !== '42501' && code !== '42883') throw error
  }
}
